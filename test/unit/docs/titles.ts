/** Answers: what are the tests of a file called? */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as ts from "typescript";

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

/** In the order of the file; a `describe` comes before what is in it. */
export function titlesOf(file: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    found.push(...titleAt(node));
    ts.forEachChild(node, visit);
  };
  const text = readFileSync(join(__dirname, "../../..", file), "utf8");
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true));
  return found;
}
