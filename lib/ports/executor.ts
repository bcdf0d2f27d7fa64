import type { ClaimFacts } from "../core/facts";
import type { Step } from "../core/row";

export type Outcome =
  /** The claims as they are after the writes, by name. */
  | { readonly kind: "done"; readonly claims: readonly ClaimFacts[] }
  /** Somebody wrote first, or the object is there or gone already: the facts are old, look again. */
  | { readonly kind: "conflict"; readonly why: string; readonly step?: Step["kind"] }
  /** The API server says no, and will say so again. */
  | { readonly kind: "refused"; readonly why: string; readonly step?: Step["kind"] }
  /** No answer we can act on; the write may have happened. */
  | { readonly kind: "unreachable"; readonly why: string; readonly step?: Step["kind"] };

/** Writes, each guarded by what was read and safe to repeat. */
export interface Executor {
  /** In order; the first step that is not done ends it. */
  carryOut(steps: readonly Step[], signal?: AbortSignal): Promise<Outcome>;
}
