/** Answers: what is wrong with the build? Text for a person; nothing in it is a stack trace. */
export class BuildFailure extends Error {}

/** One assertion that did not hold. */
export interface Finding {
  readonly file: string;
  readonly what: string;
  readonly expected: unknown;
  readonly found: unknown;
}

export function textOf({ file, what, expected, found }: Finding): string {
  return `${file}: ${what}\n    expected: ${shown(expected)}\n    found:    ${shown(found)}`;
}

const shown = (value: unknown): string =>
  typeof value === "string" ? value : (JSON.stringify(value) ?? "nothing");
