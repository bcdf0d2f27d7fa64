/** `npx tsx test/unit/docs/write-metrics.ts` writes the reference of metrics in docs/observability.md anew. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withMetrics } from "./pages";

const page = join(__dirname, "../../../docs/observability.md");
writeFileSync(page, withMetrics(readFileSync(page, "utf8")));
