/** Answers: what does one pass over a stored Cluster, or over what it left behind, come to? */
import type { Facts, Key } from "../core/facts";
import { valueOf } from "../core/facts";
import { stepsWithEdit } from "../core/plan";
import { isSettled } from "../core/verdict";
import type { Inventory } from "../ports/inventory";
import type { Return } from "../ports/queue";
import type { Ports } from "./admit";
import { settle, type Settled } from "./settle";

/** While something is owed, the world is looked at now and then even if no event tells to: one may be lost. */
const LONGEST_REST_MS = 300_000;

/** More looks than any Cluster needs to settle; a key that wants more has an event to come. */
const MOST_ROUNDS = 8;

export async function reconcile(key: Key, { inventory, executor, journal }: Ports): Promise<Return> {
  let rounds = 0;
  const settled = await settle(await inventory.gather(key), journal, {
    carryOut: (plan, { cluster }) => executor.carryOut(stepsWithEdit(plan, valueOf(cluster))),
    next: async (last) => ((rounds += 1) < MOST_ROUNDS ? lookAfterWrite(last, inventory) : undefined),
  });
  return comeBack(settled, rounds);
}

/** A pass that wrote is followed by a look, because the event that tells of the write may be lost. */
async function lookAfterWrite(
  { facts, plan, outcome }: Settled,
  inventory: Inventory,
): Promise<Facts | undefined> {
  const wrote = stepsWithEdit(plan, valueOf(facts.cluster)).length > 0;
  const worthIt = outcome.kind === "conflict" || (outcome.kind === "done" && wrote);
  return worthIt ? inventory.gather(facts.key) : undefined;
}

function comeBack({ plan, outcome }: Settled, rounds: number): Return {
  const { interests, decisions } = plan;
  const failed = outcome.kind !== "done" || decisions.some(({ verdict }) => verdict.reason === "Unreachable");
  if (failed || rounds >= MOST_ROUNDS) return { kind: "retry", interests };
  const longest = decisions.every(({ verdict }) => isSettled(verdict)) ? Infinity : LONGEST_REST_MS;
  const rest = Math.min(plan.lookAgainMs ?? Infinity, longest);
  return { kind: "rest", lookAgainMs: rest === Infinity ? undefined : rest, interests };
}
