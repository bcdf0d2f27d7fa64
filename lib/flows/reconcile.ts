/** Answers: what does one pass over a stored Cluster, or over what it left behind, come to? */
import type { Facts, Key } from "../core/facts";
import { valueOf } from "../core/facts";
import { writesOf } from "../core/plan";
import { isSettled } from "../core/verdict";
import type { Outcome } from "../ports/executor";
import type { Inventory } from "../ports/inventory";
import type { Return } from "../ports/queue";
import type { Ports } from "./admit";
import { looked } from "./looked";
import { settle, type Settled } from "./settle";

/** While something is owed, the world is looked at now and then even if no event tells to: one may be lost. */
const LONGEST_REST_MS = 300_000;

/** More looks than any Cluster needs to settle; a key that wants more has an event to come. */
const MOST_ROUNDS = 8;

export async function reconcile(key: Key, { inventory, executor, journal }: Ports): Promise<Return> {
  let rounds = 0;
  const settled = await settle(await inventory.gather(key), journal, {
    carryOut: async (plan, { cluster }) =>
      together(await Promise.all(writesOf(plan, valueOf(cluster)).map((steps) => executor.carryOut(steps)))),
    next: async (last) => ((rounds += 1) < MOST_ROUNDS ? goOn(last, inventory) : undefined),
  });
  return comeBack(settled, rounds);
}

/** The claims of all, or what went wrong first. */
const together = (outcomes: readonly Outcome[]): Outcome =>
  outcomes.find(({ kind }) => kind !== "done") ?? {
    kind: "done",
    claims: outcomes.flatMap((outcome) => (outcome.kind === "done" ? outcome.claims : [])),
  };

/** A pass that wrote is followed by a look, because the event that tells of the write may be lost. */
async function goOn({ facts, plan, outcome }: Settled, inventory: Inventory): Promise<Facts | undefined> {
  const wrote = writesOf(plan, valueOf(facts.cluster)).length > 0;
  const worthIt = outcome.kind === "conflict" || (outcome.kind === "done" && wrote);
  if (worthIt) return inventory.gather(facts.key);
  return outcome.kind === "done" && plan.looks.length > 0 ? looked(facts, plan, inventory) : undefined;
}

function comeBack({ plan, outcome }: Settled, rounds: number): Return {
  const { interests, decisions } = plan;
  const failed = outcome.kind !== "done" || decisions.some(({ verdict }) => verdict.reason === "Unreachable");
  if (failed || rounds >= MOST_ROUNDS) return { kind: "retry", interests };
  const longest = decisions.every(({ verdict }) => isSettled(verdict)) ? Infinity : LONGEST_REST_MS;
  const rest = Math.min(plan.lookAgainMs ?? Infinity, longest);
  return { kind: "rest", lookAgainMs: rest === Infinity ? undefined : rest, interests };
}
