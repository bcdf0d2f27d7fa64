/** `npm run dashboard` writes what is made here of something else: the dashboard, and the rules as an object. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { made } from "./made";

for (const [file, text] of Object.entries(made())) writeFileSync(join(__dirname, file), text);
