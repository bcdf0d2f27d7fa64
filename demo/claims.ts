import type { Page } from "./page";

/** A claim of the demo that turned out false; it is on the page already. */
export class ClaimFailed extends Error {
  override readonly name = "ClaimFailed";
}

/** What a claim must be: a value, or words and a test where several values are right. */
export type Expected = string | number | boolean | { readonly words: string; test(seen: unknown): boolean };

export class Claims {
  #count = 0;

  constructor(private readonly page: Page) {}

  get count(): number {
    return this.#count;
  }

  /** Prints the claim if it holds; else says what was seen, and ends the demo. */
  check(claim: string, seen: unknown, expected: Expected, detail = ""): void {
    this.#count++;
    const holds = typeof expected === "object" ? expected.test(seen) : seen === expected;
    if (holds) {
      this.page.holds(claim, detail);
      return;
    }
    this.page.fails(claim, asText(seen), typeof expected === "object" ? expected.words : asText(expected));
    throw new ClaimFailed(claim);
  }
}

function asText(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "nothing");
  return text.length > 400 ? `${text.slice(0, 400)}…` : text;
}
