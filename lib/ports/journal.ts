import type { Turn } from "../core/conditions";
import type { ClusterFacts, Facts, Key } from "../core/facts";
import type { Plan } from "../core/plan";
import type { Restoration } from "../core/restore";
import type { Role } from "../core/roles";
import type { Step } from "../core/row";
import type { Verdict } from "../core/verdict";
import type { Outcome } from "./executor";
import type { Return } from "./queue";

/** A role of a create, as it was when the request was answered. */
export interface Answered {
  readonly facts: Facts;
  readonly plan: Plan;
}

/** Says what was decided and done; never throws, never decides. Who keeps it takes what it has a use for. */
export interface Journal {
  /** One round: facts, what they came to, and what became of it. */
  record(facts: Facts, plan: Plan, outcome: Outcome): void;
  /** The writes for one role in a round of the watch. */
  wrote?(facts: Facts, role: Role, steps: readonly Step[], outcome: Outcome): void;
  /** The Cluster's conditions were written; these turned. */
  told?(facts: Facts, turns: readonly Turn[]): void;
  /** A pass of the watch is over; without a return it broke off by a mistake of ours. */
  passed?(key: Key, back: Return | undefined, ms: number): void;
  /** A create waited so long for an address, whether one came or not. */
  waited?(role: Role, ms: number): void;
  /** A create is answered. */
  admitted?(roles: readonly Answered[], refusal: Verdict | undefined, ms: number): void;
  /** An update is answered. */
  updated?(old: ClusterFacts, restoration: Restoration, dryRun: boolean): void;
  /** The webhook has answered, whatever it was asked. */
  answered?(operation: string, ms: number): void;
}
