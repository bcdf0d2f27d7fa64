/** `npx tsx test/unit/docs/write-reasons.ts` writes docs/reasons.md anew. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { reasonsPage } from "./pages";

writeFileSync(join(__dirname, "../../../docs/reasons.md"), reasonsPage());
