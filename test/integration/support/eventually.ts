import { setTimeout as pause } from "node:timers/promises";

/** Soon at first, then less often: many that wait must not be what everybody waits for. */
const FIRST_MS = 40;
const LAST_MS = 1000;

export interface Patience {
  readonly withinMs: number;
  /** What is waited for, in the words of the failure message. */
  readonly what?: string;
}

/**
 * Waits until a condition holds, looking again and again, and returns what it gave. A condition fails by
 * throwing (a failed `expect` is fine) or by giving undefined, null or false; its last failure is the
 * message of ours.
 */
export async function eventually<T>(
  condition: () => Promise<T> | T,
  { withinMs, what = "the condition" }: Patience = { withinMs: 30_000 },
): Promise<Given<T>> {
  const deadline = Date.now() + withinMs;
  for (let every = FIRST_MS; ; every = Math.min(every * 1.5, LAST_MS)) {
    const { value, why } = await attempt(condition);
    if (why === undefined) return value as Given<T>;
    if (Date.now() >= deadline) throw new Error(`Waited ${withinMs} ms for ${what}, in vain: ${why}`);
    await pause(every);
  }
}

type Given<T> = NonNullable<Exclude<T, false | void>>;

async function attempt<T>(condition: () => Promise<T> | T): Promise<{ value?: T; why?: string }> {
  try {
    const value = await condition();
    const holds = value !== undefined && value !== null && value !== false;
    return holds ? { value } : { value, why: `it gave ${String(value)}` };
  } catch (error) {
    return { why: error instanceof Error ? error.message : String(error) };
  }
}
