/** What the reader sees: 80 columns, and colour only where it can be shown. */
import { ticker } from "../sandbox/progress";

const WIDTH = 80;

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;
type Style = keyof typeof codes;

export class Page {
  readonly #started = Date.now();
  readonly #colour: boolean;
  #scene = 0;

  constructor(private readonly out: NodeJS.WriteStream = process.stdout) {
    // https://no-color.org: any value but the empty one turns colour off.
    this.#colour = out.isTTY && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb";
  }

  line(text = "", style?: Style): void {
    this.out.write(`${style === undefined ? text : this.#styled(text, style)}\n`);
  }

  scene(title: string): void {
    const left = `${++this.#scene}  ${title} `;
    const right = ` ${elapsed(this.#started)}`;
    this.line();
    this.line(`${left}${"─".repeat(Math.max(3, WIDTH - left.length - right.length))}${right}`, "bold");
  }

  /** Prose, at the left margin. */
  say(text: string): void {
    this.line();
    for (const line of wrap(text, WIDTH)) this.line(line);
  }

  /** A command as a user would type it. */
  command(text: string): void {
    this.line();
    for (const [index, line] of text.split("\n").entries()) {
      this.line(`  ${index === 0 ? "$" : ">"} ${line}`, "cyan");
    }
  }

  /** What a program printed; what does not fit is cut and marked. */
  output(lines: readonly string[], maxLines = 40): void {
    for (const line of lines.slice(0, maxLines)) {
      this.line(`  ${line.length > WIDTH - 2 ? `${line.slice(0, WIDTH - 3)}…` : line}`, "dim");
    }
    if (lines.length > maxLines) this.line(`  … ${lines.length - maxLines} more lines`, "dim");
  }

  /** What a program printed that has to be read to its end. */
  warning(text: string): void {
    for (const line of wrap(text, WIDTH - 2)) this.line(`  ${line}`, "yellow");
  }

  holds(claim: string, detail: string): void {
    const [first = "", ...rest] = wrap(`${claim}${detail === "" ? "" : `: ${detail}`}`, WIDTH - 4);
    this.line(`  ${this.#styled("✔", "green")} ${first}`);
    for (const line of rest) this.line(`    ${line}`);
  }

  fails(claim: string, seen: string, expected: string): void {
    this.line(`  ✘ ${claim}`, "red");
    for (const line of wrap(`seen:     ${seen}`, WIDTH - 4)) this.line(`    ${line}`, "red");
    for (const line of wrap(`expected: ${expected}`, WIDTH - 4)) this.line(`    ${line}`, "red");
  }

  table(rows: readonly (readonly string[])[]): void {
    const widths = (rows[0] ?? []).map((_, column) =>
      Math.max(...rows.map((row) => (row[column] ?? "").length)),
    );
    this.line();
    for (const [index, row] of rows.entries()) {
      const text = row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("   ");
      this.line(`  ${text.trimEnd()}`, index === 0 ? "bold" : undefined);
    }
    this.line();
  }

  /** Shows that something is being waited for, for as long as it takes. */
  async during<T>(what: string, work: Promise<T>): Promise<T> {
    const started = Date.now();
    const stop = ticker(
      (line) => this.line(line, "dim"),
      () => `  … ${what} (${elapsed(started)})`,
    );
    try {
      return await work;
    } finally {
      stop();
    }
  }

  elapsed(): string {
    return elapsed(this.#started);
  }

  #styled(text: string, style: Style): string {
    return this.#colour ? `\x1b[${codes[style]}m${text}\x1b[0m` : text;
  }
}

export function seconds(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

function elapsed(since: number): string {
  const whole = Math.round((Date.now() - since) / 1000);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = "";
    }
    line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
