/** Answers: what does one pass over a stored Cluster, or over what it left behind, come to? */
import type { Facts, Key } from "../core/facts";
import type { Role } from "../core/roles";
import { valueOf } from "../core/facts";
import { writesOf } from "../core/plan";
import { isSettled } from "../core/verdict";
import type { Executor, Outcome } from "../ports/executor";
import type { Inventory } from "../ports/inventory";
import type { Journal } from "../ports/journal";
import type { Return } from "../ports/queue";
import type { Ports } from "./admit";
import { looked } from "./looked";
import { settle, type Settled } from "./settle";

/** While something is owed, the world is looked at now and then even if no event tells to: one may be lost. */
const LONGEST_REST_MS = 300_000;

/** More looks than any Cluster needs to settle; a key that wants more has an event to come. */
const MOST_ROUNDS = 12;

export async function reconcile(key: Key, { inventory, executor, journal }: Ports): Promise<Return> {
  let rounds = 0;
  const pass = new Pass(executor, journal);
  const settled = await settle(await inventory.gather(key), journal, {
    carryOut: (plan, facts) => pass.carryOut(facts, writesOf(plan, valueOf(facts.cluster))),
    next: async (last) => {
      if (pass.hasNews) rounds += 1;
      return rounds < MOST_ROUNDS ? goOn(last, pass, inventory) : undefined;
    },
  });
  return pass.hasFailed || rounds >= MOST_ROUNDS ? retry(settled) : comeBack(settled);
}

/** A role whose write fails is tried again later, and is not in the way of the others until then. */
class Pass {
  readonly #failed = new Set<Role>();
  /** Something was written in the last round, or somebody else wrote first. */
  hasNews = false;

  constructor(
    private readonly executor: Executor,
    private readonly journal: Journal,
  ) {}

  get hasFailed(): boolean {
    return this.#failed.size > 0;
  }

  async carryOut(facts: Facts, writes: ReturnType<typeof writesOf>): Promise<Outcome> {
    const now = writes.filter(({ role }) => !this.#failed.has(role));
    const outcomes = await Promise.all(
      now.map(async ({ role, steps }) => {
        const outcome = await this.executor.carryOut(steps);
        this.journal.wrote?.(facts, role, steps, outcome);
        if (outcome.kind === "refused" || outcome.kind === "unreachable") this.#failed.add(role);
        return outcome;
      }),
    );
    this.hasNews = outcomes.some(({ kind }) => kind === "done" || kind === "conflict");
    return together(outcomes);
  }
}

/** The claims of all, or what went wrong first. */
const together = (outcomes: readonly Outcome[]): Outcome =>
  outcomes.find(({ kind }) => kind !== "done") ?? {
    kind: "done",
    claims: outcomes.flatMap((outcome) => (outcome.kind === "done" ? outcome.claims : [])),
  };

/** A pass that wrote is followed by a look, because the event that tells of the write may be lost. */
async function goOn(
  { facts, plan }: Settled,
  { hasNews }: Pass,
  inventory: Inventory,
): Promise<Facts | undefined> {
  if (hasNews) return inventory.gather(facts.key);
  return plan.looks.length > 0 ? looked(facts, plan, inventory) : undefined;
}

const retry = ({ plan: { interests } }: Settled): Return => ({ kind: "retry", interests });

function comeBack(settled: Settled): Return {
  const { interests, decisions, lookAgainMs } = settled.plan;
  if (decisions.some(({ verdict }) => verdict.reason === "Unreachable")) return retry(settled);
  const longest = decisions.every(({ verdict }) => isSettled(verdict)) ? Infinity : LONGEST_REST_MS;
  const rest = Math.min(lookAgainMs ?? Infinity, longest);
  return { kind: "rest", lookAgainMs: rest === Infinity ? undefined : rest, interests };
}
