/** What is left when the run is over? A table for the eye, JSON for those who compare, a curve for each growth. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { svgOf } from "./chart";
import type { Answer, Finding } from "./figure";
import type { Machine } from "./machine";

export interface Taken {
  readonly question: string;
  readonly seconds: number;
  readonly answer?: Answer;
  /** Why there is no answer. */
  readonly failed?: string;
}

export interface Run {
  readonly date: string;
  readonly quick: boolean;
  /** Every figure there is was taken, in its own sizes. */
  readonly whole: boolean;
  readonly machine: Machine;
  readonly figures: Readonly<Record<string, Taken>>;
}

export function machineLines({
  cpu,
  cores,
  memoryGiB,
  system,
  loadBefore,
  versions,
  ...rest
}: Machine): string {
  const words = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    `machine   ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${system}, load ${loadBefore}`,
    `versions  ${words.join(", ")}`,
    `commit    ${rest.commit}${rest.changed ? ", and changes that are in no commit" : ""}`,
  ].join("\n");
}

const HEADINGS = ["figure", "what", "goal", "seen", ""] as const;

export function table(run: Run): string {
  const lines = Object.entries(run.figures).flatMap(([name, taken]) => linesOf(name, taken));
  const widths = HEADINGS.map((heading, at) =>
    Math.max(heading.length, ...lines.map(({ cells }) => cells[at]?.length ?? 0)),
  );
  const row = (cells: readonly string[]): string =>
    cells
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join("  ")
      .trimEnd();
  const rule = widths.map((width) => "-".repeat(width));
  const rows = lines.flatMap(({ cells, because }) => [row(cells), ...(because ? [`    ${because}`] : [])]);
  return [row(HEADINGS), row(rule), ...rows].join("\n");
}

interface Line {
  readonly cells: readonly string[];
  readonly because: string | undefined;
}

function linesOf(name: string, { answer, failed }: Taken): Line[] {
  if (!answer) return [{ cells: [name, "failed", "", "", "FAILED"], because: failed }];
  return answer.findings.map((finding) => ({
    cells: [name, finding.what, finding.goal ?? "", finding.seen, verdict(finding)],
    because: finding.because,
  }));
}

const verdict = ({ met }: Finding): string => {
  if (met === undefined) return "";
  return met ? "met" : "MISSED";
};

/** Only a whole run may stand as the latest: parts of several would be of several moments. */
export function keep(run: Run, folder: string): string {
  mkdirSync(folder, { recursive: true });
  const { date, machine } = run;
  const text = `${JSON.stringify(run, undefined, 1)}\n`;
  const stamp = date.slice(0, 16).replace("T", "-").replaceAll(":", "");
  const file = join(folder, `${stamp}-${machine.commit}.json`);
  writeFileSync(file, text);
  if (run.whole) writeFileSync(join(folder, "latest.json"), text);
  for (const { answer } of Object.values(run.figures))
    for (const chart of answer?.charts ?? []) writeFileSync(join(folder, `${chart.file}.svg`), svgOf(chart));
  return file;
}

export const isGood = (run: Run): boolean =>
  Object.values(run.figures).every(
    ({ answer }) => answer !== undefined && answer.findings.every(({ met }) => met !== false),
  );
