/** Which shape has an answer? What every figure hands back, so that report and charts need not know any of them. */

export interface Bench {
  /** Small sizes: does it run at all? */
  readonly quick: boolean;
  /** How many Clusters a burst has, one burst each; by default the figure's own. */
  readonly atOnce: readonly number[] | undefined;
  /** The folder of the built module. */
  readonly dist: string;
  /** Ends the figure: interrupted, or out of time. */
  readonly signal: AbortSignal;
  log(line: string): void;
}

export interface Figure {
  readonly name: string;
  readonly question: string;
  readonly limitMinutes: number;
  run(bench: Bench): Promise<Answer>;
}

export interface Answer {
  readonly findings: readonly Finding[];
  readonly charts?: readonly Chart[];
  /** Everything that was measured, for whoever wants to ask something else of it. */
  readonly data: unknown;
}

/** One line of the table. */
export interface Finding {
  readonly what: string;
  readonly seen: string;
  /** Without a goal the line only tells. */
  readonly goal?: string;
  readonly met?: boolean;
  /** By how much a goal is missed, and what bounds it. */
  readonly because?: string;
}

export interface Chart {
  readonly file: string;
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly {
    readonly name: string;
    readonly points: readonly (readonly [number, number])[];
  }[];
}

export interface Axis {
  readonly name: string;
  readonly logarithmic?: boolean;
}

export const rounded = (value: number): string =>
  Number.isInteger(value) ? String(value) : value.toPrecision(value >= 100 ? 4 : 3);

/** @param bounds what keeps the figure from being smaller, in one line; said only where the goal is missed */
export function atMost(what: string, value: number, goal: number, unit: string, bounds: string): Finding {
  const met = value <= goal;
  const over = `${((value / goal - 1) * 100).toFixed(0)} % over`;
  return {
    what,
    seen: `${rounded(value)}${unit}`,
    goal: `<= ${goal}${unit}`,
    met,
    ...(!met && { because: `${over}; ${bounds}` }),
  };
}

/** For what must not happen, or must happen to all. */
export function exactly(what: string, value: number, goal: number, of = ""): Finding {
  return { what, seen: `${value}${of}`, goal: String(goal), met: value === goal };
}

/** Several numbers that are read together. */
export const noted = (what: string, ...words: readonly string[]): Finding => ({
  what,
  seen: words.join(" / "),
});

export const told = (what: string, value: number, unit: string): Finding => ({
  what,
  seen: `${rounded(value)}${unit}`,
});
