import { readFileSync } from "node:fs";
import { join } from "node:path";
import { made } from "../../../monitoring/made";

test.each(Object.entries(made()))(
  "monitoring/%s is what is made; if not, run: npm run dashboard",
  (file, text) => {
    expect(readFileSync(join(__dirname, "../../../monitoring", file), "utf8")).toBe(text);
  },
);
