import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as ts from "typescript";

const root = join(__dirname, "../../..");
const textOf = (file: string): string => readFileSync(join(root, file), "utf8");

const page = textOf("docs/parity.md");
const lines = page.split("\n");

const isTest = (file: string): boolean => /^test\/.*\.ts$/.test(file);

/** A citation is a link to a file of tests; its text is the title, as the file has it. */
const citations = [...page.matchAll(/\[((?:[^\]\\]|\\.)+)\]\(\.\.\/([^)#]+)\)/g)]
  .map(([, title = "", file = ""]) => ({ title, file }))
  .filter(({ file }) => isTest(file));

/** The words before a call's last brackets: `test.each(rows)` gives `test` and `each`. */
function wordsOf(node: ts.Expression): string[] {
  if (ts.isIdentifier(node)) return [node.text];
  if (ts.isCallExpression(node)) return wordsOf(node.expression);
  if (ts.isPropertyAccessExpression(node)) return [...wordsOf(node.expression), node.name.text];
  return [];
}

const runs = ([word = "", ...more]: string[]): boolean =>
  ["describe", "test", "law"].includes(word) && !more.includes("skip") && !more.includes("todo");

/** What a test is called: the first argument of `test` and its kin, or the title of a table's row. */
function titleAt(node: ts.Node): string[] {
  const named =
    ts.isPropertyAssignment(node) && node.name.getText() === "title" ? node.initializer : undefined;
  const called = ts.isCallExpression(node) && runs(wordsOf(node.expression)) ? node.arguments[0] : undefined;
  const title = named ?? called;
  if (title === undefined) return [];
  if (ts.isStringLiteralLike(title)) return [title.text];
  return ts.isTemplateExpression(title) ? [title.getText().slice(1, -1)] : [];
}

function titlesOf(file: string): Set<string> {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    found.push(...titleAt(node));
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, textOf(file), ts.ScriptTarget.Latest, true));
  return new Set(found);
}

describe("docs/parity.md", () => {
  test.each([...new Set(citations.map(({ file }) => file))])(
    "cites no title that %s does not have",
    (file) => {
      const titles = titlesOf(file);
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

  test("calls nothing open that the README's limits do not name", () => {
    const limits = /^## Limits\n(.*?)^## /ms.exec(textOf("README.md"))?.[1]?.toLowerCase() ?? "";
    const open = [...page.matchAll(/\[open\]\(\.\.\/README\.md#limits\): (\w+)/g)].map(
      ([, what = ""]) => what,
    );
    expect(open.filter((what) => !limits.includes(what.toLowerCase()))).toEqual([]);
  });

  test("has something to say in every cell", () => {
    expect(lines.filter((line) => line.startsWith("|") && /\|\s*\|$/.test(line))).toEqual([]);
  });

  test("names each of the seventeen bugs once, in order", () => {
    const rows = lines.flatMap((line) => /^\| (GB\d+) /.exec(line)?.[1] ?? []);
    expect(rows).toEqual(Array.from({ length: 17 }, (_, index) => `GB${String(index + 1)}`));
  });
});
