/** Answers: what does a failed request mean, in one of five words? */
import { ApiException } from "@kubernetes/client-node";

interface Status {
  readonly message?: string;
  readonly reason?: string;
  readonly details?: { readonly name?: string; readonly causes?: readonly { readonly reason?: string }[] };
}

export interface Failure {
  readonly kind: "absent" | "conflict" | "refused" | "unreachable";
  readonly why: string;
}

/**
 * @param name the object that was asked for: only a "not found" that names it says that it is gone; a
 *   missing CRD, a proxy and a mistaken URL answer 404 as well
 */
export function failureOf(error: unknown, name: string): Failure {
  if (!(error instanceof ApiException)) return { kind: "unreachable", why: wordsOf(error) };
  const status = statusOf(error.body);
  const why = status?.message ?? `HTTP ${error.code}`;
  if (error.code === 404 && status?.details?.name === name) return { kind: "absent", why };
  if (error.code === 409) return { kind: "conflict", why };
  return { kind: isFinal(error.code) ? "refused" : "unreachable", why };
}

/** 404 of a kind, 401 and 429 pass; what the object itself is refused for does not. */
const isFinal = (code: number): boolean => code === 400 || code === 403 || code === 422;

function statusOf(body: unknown): Status | undefined {
  if (typeof body !== "string") return body as Status | undefined;
  try {
    return JSON.parse(body) as Status;
  } catch {
    return undefined;
  }
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
