/** Answers: what does a failed request mean, in one of four words? */
import { RequestFailed, type Status } from "./client";

export interface Failure {
  readonly kind: "absent" | "conflict" | "refused" | "unreachable";
  readonly why: string;
}

type Question = (code: number, status: Status | undefined, name: string) => boolean;

/** The first that fits counts; what fits none may pass: 401, 404 of a kind, 429, 5xx. */
const MEANINGS: readonly (readonly [Failure["kind"], Question])[] = [
  // Only a "not found" that names the object says that it is gone.
  ["absent", (code, status, name) => code === 404 && status?.details?.name === name],
  ["conflict", (code) => code === 409],
  ["refused", (code) => code === 400 || code === 403 || code === 422],
];

/** @param name the object that was asked for */
export function failureOf(error: unknown, name: string): Failure {
  if (!(error instanceof RequestFailed)) return { kind: "unreachable", why: wordsOf(error) };
  const { code, status, message } = error;
  const [kind] = MEANINGS.find(([, fits]) => fits(code, status, name)) ?? ["unreachable" as const];
  return { kind, why: message };
}

/** What the client says of our own limit reads as if a user had done it. */
const OUT_OF_TIME = ["AbortError", "TimeoutError"];

/** Network errors carry their reason one or two causes deep. */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (OUT_OF_TIME.includes(error.name)) return "there was no answer in time";
  const cause = error.cause === undefined ? "" : `: ${wordsOf(error.cause)}`;
  return `${error.message || error.name}${cause}`;
}
