import { README } from "../../support/readme";
import { settingsRows } from "./pages";

const cells = (line: string): string[] =>
  line
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim());

test("the README's table of settings has every row of lib/settings.ts, in its words", () => {
  const rows = README.split("\n").filter((line) => line.startsWith("| `VIP_"));
  expect(rows.map(cells)).toEqual(settingsRows());
});
