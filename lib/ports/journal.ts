import type { Facts } from "../core/facts";
import type { Plan } from "../core/plan";
import type { Outcome } from "./executor";

/** Says what was decided and done; never throws, never decides. */
export interface Journal {
  record(facts: Facts, plan: Plan, outcome: Outcome): void;
}
