/** Answers: with which change may a new Cluster be stored? */
import { isNobodysBusiness } from "../core/create-table";
import { mergeEdits, NO_EDIT, type Edit } from "../core/edit";
import type { ClusterFacts, Facts, RoleFacts } from "../core/facts";
import { found, keyText, NO_ADDRESS_IN_TIME } from "../core/facts";
import { sentence, type Verdict } from "../core/verdict";
import type { Clock } from "../ports/clock";
import type { Executor, Outcome } from "../ports/executor";
import type { Inventory } from "../ports/inventory";
import type { Journal } from "../ports/journal";
import { looked } from "./looked";
import { ofTheSameRoles, undo } from "./undo";
import { settle, type Settled } from "./settle";

export interface Admission {
  readonly edit: Edit;
  readonly warnings: readonly string[];
  /** Set where the request is to be denied. */
  readonly refusal: string | undefined;
}

export interface Ports {
  readonly inventory: Inventory;
  readonly executor: Executor;
  readonly journal: Journal;
  readonly clock: Clock;
}

/**
 * Each role settles by itself, beside the others; what is no endpoint is left to the watch soon after the
 * endpoint is decided.
 *
 * @param budget ends every read, write and wait; what is not done by then is left to the watch
 * @throws only what a port throws, and ports answer with what went wrong: that becomes a hold
 */
export async function admit(
  cluster: ClusterFacts,
  dryRun: boolean,
  budget: AbortSignal,
  ports: Ports,
): Promise<Admission> {
  const began = ports.clock.now();
  if (isNobodysBusiness(cluster)) return { edit: NO_EDIT, warnings: [], refusal: undefined };
  const facts = await ports.inventory.gatherForCreate(cluster, dryRun, budget);
  const patience = new AbortController();
  const soon = AbortSignal.any([budget, patience.signal]);
  const [endpoint, others] = parted(facts.roles);
  const beside = others.map((role) => settleRole({ ...facts, roles: [role] }, soon, ports));
  const decided = await Promise.all(
    endpoint.map((role) => settleRole({ ...facts, roles: [role] }, budget, ports)),
  );
  const callOff = ports.clock.after(refusalIn(decided) ? 0 : facts.rules.ingressGraceMs, () =>
    patience.abort(),
  );
  const settled = [...decided, ...(await Promise.all(beside))];
  callOff();
  ports.journal.admitted?.(settled, refusalIn(settled), ports.clock.now() - began);
  return answer(settled, cluster, budget, ports);
}

const parted = (roles: readonly RoleFacts[]): readonly [RoleFacts[], RoleFacts[]] => [
  roles.filter(({ role }) => role.isEndpoint),
  roles.filter(({ role }) => !role.isEndpoint),
];

const settleRole = (first: Facts, budget: AbortSignal, ports: Ports): Promise<Settled> =>
  settle(first, ports.journal, {
    carryOut: ({ steps }) => ports.executor.carryOut(steps, budget),
    next: (last) => goOn(last, ports, budget),
  });

async function goOn(
  { facts, plan, outcome }: Settled,
  ports: Ports,
  budget: AbortSignal,
): Promise<Facts | undefined> {
  const { cluster } = facts;
  const { inventory } = ports;
  if (facts.spent !== undefined || cluster.state !== "found") return undefined;
  if (outcome.kind === "conflict" && !budget.aborted)
    return ofTheSameRoles(facts, await inventory.gatherForCreate(cluster.value, facts.dryRun, budget));
  if (outcome.kind !== "done") return { ...facts, spent: outcome.why };
  if (outcome.claims.length > 0) return reserved(facts, outcome);
  if (plan.looks.length > 0) return looked(facts, plan, inventory, budget);
  if (!plan.waitFor) return undefined;
  return waitedFor(facts, plan.waitFor.name, ports, budget);
}

/** What we wrote is what we know: no read lies between a reservation and the wait for its address. */
const reserved = (facts: Facts, { claims }: Outcome & { kind: "done" }): Facts => ({
  ...facts,
  roles: facts.roles.map((role) => {
    const claim = claims.find(({ name }) => name === `${role.role.claimPrefix}${facts.key.name}`);
    return claim ? { ...role, claim: found(claim), reserved: true, holders: undefined } : role;
  }),
});

async function waitedFor(
  facts: Facts,
  name: string,
  { inventory, journal, clock }: Ports,
  budget: AbortSignal,
): Promise<Facts> {
  const isIt = (role: RoleFacts): boolean => role.claim.state === "found" && role.claim.value.name === name;
  const role = facts.roles.find(isIt);
  const claim = role?.claim.state === "found" ? role.claim.value : undefined;
  const began = clock.now();
  const bound = role && claim && (await inventory.awaitAddress(role, claim, budget));
  if (role) journal.waited?.(role.role, clock.now() - began);
  if (!bound) return { ...facts, spent: NO_ADDRESS_IN_TIME };
  return { ...facts, roles: facts.roles.map((other) => (other === role ? bound : other)) };
}

async function answer(
  settled: readonly Settled[],
  cluster: ClusterFacts,
  budget: AbortSignal,
  ports: Ports,
): Promise<Admission> {
  const name = keyText(cluster.key);
  const refusal = refusalIn(settled);
  if (refusal) {
    await Promise.all(settled.map(({ facts }) => undo(facts, budget, ports)));
    return { edit: NO_EDIT, warnings: [], refusal: sentence(refusal, name) };
  }
  const warned = settled.flatMap(({ plan }) => plan.decisions.filter(({ warn }) => warn));
  return {
    edit: settled.map(({ plan }) => plan.edit).reduce(mergeEdits),
    warnings: distinct(warned.map(({ verdict }) => verdict)).map((verdict) => sentence(verdict, name)),
    refusal: undefined,
  };
}

const refusalIn = (settled: readonly Settled[]): Verdict | undefined =>
  settled.flatMap(({ plan }) => plan.decisions).find(({ denied }) => denied)?.verdict;

/** What concerns all roles is said once. */
const distinct = (verdicts: readonly Verdict[]): Verdict[] =>
  verdicts.filter(
    ({ reason, detail }, at) =>
      at === verdicts.findIndex((one) => one.reason === reason && one.detail === detail),
  );
