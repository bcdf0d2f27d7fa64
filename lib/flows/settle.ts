/** Answers: how does a Cluster get from what is to what should be? The one loop of admission and watch. */
import type { Facts } from "../core/facts";
import { plan as planFor, type Plan } from "../core/plan";
import type { Outcome } from "../ports/executor";
import type { Journal } from "../ports/journal";

export interface Settled {
  readonly facts: Facts;
  readonly plan: Plan;
  readonly outcome: Outcome;
}

export interface Occasion {
  /** The writes of this plan that the occasion carries out by itself. */
  carryOut(plan: Plan, facts: Facts): Promise<Outcome>;
  /** The facts to go on with; undefined ends the loop. */
  next(settled: Settled): Promise<Facts | undefined>;
}

/** Facts, plan, writes, a record of them, and again, until the occasion has nothing more to wait for. */
export async function settle(first: Facts, journal: Journal, occasion: Occasion): Promise<Settled> {
  let facts = first;
  for (;;) {
    const plan = planFor(facts);
    const outcome = await occasion.carryOut(plan, facts);
    journal.record(facts, plan, outcome);
    const later = await occasion.next({ facts, plan, outcome });
    if (!later) return { facts, plan, outcome };
    facts = later;
  }
}
