import { readFileSync } from "node:fs";
import { join } from "node:path";
import { REGENERATE, reasonsPage } from "./pages";

const page = readFileSync(join(__dirname, "../../../docs/reasons.md"), "utf8");

test(`docs/reasons.md says what lib/core/verdict.ts says; if not, run: ${REGENERATE}`, () => {
  expect(page).toBe(reasonsPage());
});
