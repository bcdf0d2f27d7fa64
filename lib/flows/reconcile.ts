/** Answers: what does one pass over a stored Cluster, or over what it left behind, come to? */
import { tellingOf } from "../core/conditions";
import type { Facts, Key } from "../core/facts";
import type { Role } from "../core/roles";
import { valueOf } from "../core/facts";
import { writesOf } from "../core/plan";
import { LONGEST_REST_MS } from "../core/says";
import { isSettled } from "../core/verdict";
import type { Executor, Outcome } from "../ports/executor";
import type { Inventory } from "../ports/inventory";
import type { Journal } from "../ports/journal";
import type { Return } from "../ports/queue";
import type { Ports } from "./admit";
import { looked } from "./looked";
import { settle, type Settled } from "./settle";

/** A look that is due by then makes up for what could not be told. */
const SOON_MS = 60_000;

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
  if (rounds >= MOST_ROUNDS) return retry(settled);
  const isTold = await tell(settled, pass.failures, executor, journal);
  return pass.hasFailed ? retry(settled) : comeBack(settled, isTold);
}

/** What the Cluster's conditions say of a pass is written once, when it has settled. */
async function tell(
  { facts, plan }: Settled,
  failures: ReadonlyMap<Role, string>,
  executor: Executor,
  journal: Journal,
): Promise<boolean> {
  const { steps, turns } = tellingOf(facts, plan, failures);
  if (steps.length === 0) return true;
  const outcome = await executor.carryOut(steps);
  if (outcome.kind === "done") journal.told?.(facts, turns);
  // While a Cluster comes up, Cluster API writes there all the time.
  else if (outcome.kind !== "conflict") journal.record(facts, plan, outcome);
  return outcome.kind === "done";
}

/** A role whose write fails is tried again later, and is not in the way of the others until then. */
class Pass {
  /** Why the last write for a role was not made. */
  readonly failures = new Map<Role, string>();
  /** Something was written in the last round, or somebody else wrote first. */
  hasNews = false;

  constructor(
    private readonly executor: Executor,
    private readonly journal: Journal,
  ) {}

  get hasFailed(): boolean {
    return this.failures.size > 0;
  }

  async carryOut(facts: Facts, writes: ReturnType<typeof writesOf>): Promise<Outcome> {
    const now = writes.filter(({ role }) => !this.failures.has(role));
    const outcomes = await Promise.all(
      now.map(async ({ role, steps }) => {
        const outcome = await this.executor.carryOut(steps);
        this.journal.wrote?.(facts, role, steps, outcome);
        if (outcome.kind === "refused" || outcome.kind === "unreachable")
          this.failures.set(role, outcome.why);
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

/** A condition that could not be written is tried again, but is not in the way of a look that comes sooner. */
function comeBack(settled: Settled, isTold: boolean): Return {
  const { interests, decisions, lookAgainMs } = settled.plan;
  if (decisions.some(({ verdict }) => verdict.reason === "Unreachable")) return retry(settled);
  const longest = decisions.every(({ verdict }) => isSettled(verdict)) ? Infinity : LONGEST_REST_MS;
  const rest = Math.min(lookAgainMs ?? Infinity, longest);
  if (!isTold && rest > SOON_MS) return retry(settled);
  return { kind: "rest", lookAgainMs: rest === Infinity ? undefined : rest, interests };
}
