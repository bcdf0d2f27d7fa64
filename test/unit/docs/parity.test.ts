import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { titlesOf } from "./titles";

const root = join(__dirname, "../../..");
const textOf = (file: string): string => readFileSync(join(root, file), "utf8");

const page = textOf("docs/parity.md");
const lines = page.split("\n");

const isTest = (file: string): boolean => /^test\/.*\.ts$/.test(file);

/** A citation is a link to a file of tests; its text is the title, as the file has it. */
const citations = [...page.matchAll(/\[((?:[^\]\\]|\\.)+)\]\(\.\.\/([^)#]+)\)/g)]
  .map(([, title = "", file = ""]) => ({ title, file }))
  .filter(({ file }) => isTest(file));

describe("docs/parity.md", () => {
  test.each([...new Set(citations.map(({ file }) => file))])(
    "cites no title that %s does not have",
    (file) => {
      const titles = new Set(titlesOf(file));
      const cited = citations.filter((citation) => citation.file === file).map(({ title }) => title);
      expect(cited.filter((title) => !titles.has(title))).toEqual([]);
    },
  );

  test("cites tests of every kind", () => {
    const kinds = readdirSync(join(root, "test")).filter((kind) =>
      citations.some(({ file }) => file.startsWith(`test/${kind}/`)),
    );
    expect(kinds).toEqual(expect.arrayContaining(["integration", "property", "unit"]));
    expect(citations.length).toBeGreaterThan(100);
  });

  test("leaves nothing open", () => {
    expect(page).not.toContain("[open]");
  });

  test("has something to say in every cell", () => {
    expect(lines.filter((line) => line.startsWith("|") && /\|\s*\|$/.test(line))).toEqual([]);
  });

  test("names each of the seventeen bugs once, in order", () => {
    const rows = lines.flatMap((line) => /^\| (GB\d+) /.exec(line)?.[1] ?? []);
    expect(rows).toEqual(Array.from({ length: 17 }, (_, index) => `GB${String(index + 1)}`));
  });
});
