import { readFileSync } from "node:fs";
import { join } from "node:path";
import { settingsRows } from "./pages";

const readme = readFileSync(join(__dirname, "../../../README.md"), "utf8");

const cells = (line: string): string[] =>
  line
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim());

test("the README's table of settings has every row of lib/settings.ts, in its words", () => {
  const rows = readme.split("\n").filter((line) => line.startsWith("| `VIP_"));
  expect(rows.map(cells)).toEqual(settingsRows());
});
