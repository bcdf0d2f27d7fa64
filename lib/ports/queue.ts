import type { Interest } from "../core/plan";

/** When to come back to a key, apart from events of its own objects. */
export type Return =
  /** Something failed: back off. */
  | { readonly kind: "retry"; readonly interests: readonly Interest[] }
  | {
      readonly kind: "rest";
      readonly lookAgainMs: number | undefined;
      readonly interests: readonly Interest[];
    };
