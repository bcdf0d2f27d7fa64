/** Answers: what does the README have its reader type, and what does it say of each symptom? */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export const README = readFileSync(join(__dirname, "../../README.md"), "utf8");

/** The lines of the block between two marks, of the README or another page: what is typed is what is read there. */
export function typed(mark: string, page = README): string {
  const block = new RegExp(`<!-- ${mark}: begin -->\\s*\`\`\`sh\\n([\\s\\S]*?)\`\`\``).exec(page)?.[1];
  if (block === undefined) throw new Error(`There is no block "${mark}"`);
  return block.replace(/^ +/gm, "");
}

/** What is typed to change a VIP. */
export const CHANGE = /^kubectl patch cluster demo .*allow-change.*$/m.exec(README)?.[0] ?? "";

/** A row in the tables of "Troubleshooting". */
export interface Entry {
  /** The heading that it stands under. */
  readonly under: string;
  /** Its first cell, as it is read. */
  readonly symptom: string;
  /** What is typed to see the cause. */
  readonly see: readonly string[];
  /** What is typed to go on. */
  readonly next: readonly string[];
}

const commandsIn = (cell = ""): string[] =>
  [...cell.matchAll(/`(kubectl [^`]+)`/g)].map(([, command = ""]) => command);

const plain = (cell = ""): string => cell.replaceAll("`", "").trim();

function entriesUnder(text: string): Entry[] {
  const [under = "", ...lines] = text.split("\n");
  const [_head, _rule, ...rows] = lines.filter((line) => line.startsWith("| "));
  return rows.map((row) => {
    const [symptom, because, then] = row.slice(2).split(" | ");
    return { under, symptom: plain(symptom), see: commandsIn(because), next: commandsIn(then) };
  });
}

const [, section = ""] =
  /<!-- troubleshooting: begin -->(.*)<!-- troubleshooting: end -->/s.exec(README) ?? [];

/** Every symptom that the README names, in its order. */
export const ENTRIES: readonly Entry[] = section.split(/^### /m).slice(1).flatMap(entriesUnder);
