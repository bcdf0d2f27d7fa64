/** Answers: with which change may a new Cluster be stored? */
import { isNobodysBusiness } from "../core/create-table";
import { NO_EDIT, type Edit } from "../core/edit";
import type { ClusterFacts, Facts, RoleFacts } from "../core/facts";
import { found } from "../core/facts";
import { isRefusal, sentence } from "../core/verdict";
import type { Executor, Outcome } from "../ports/executor";
import type { Inventory } from "../ports/inventory";
import type { Journal } from "../ports/journal";
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
}

/**
 * @param budget ends every read, write and wait; what is not done by then is left to the watch
 * @throws only what a port throws, and ports answer with what went wrong: that becomes a hold
 */
export async function admit(
  cluster: ClusterFacts,
  dryRun: boolean,
  budget: AbortSignal,
  { inventory, executor, journal }: Ports,
): Promise<Admission> {
  if (isNobodysBusiness(cluster)) return { edit: NO_EDIT, warnings: [], refusal: undefined };
  const first = await inventory.gatherForCreate(cluster, dryRun, budget);
  const settled = await settle(first, journal, {
    carryOut: ({ steps }) => executor.carryOut(steps, budget),
    next: (last) => goOn(last, inventory, budget),
  });
  return answer(settled, cluster);
}

async function goOn(
  { facts, plan, outcome }: Settled,
  inventory: Inventory,
  budget: AbortSignal,
): Promise<Facts | undefined> {
  const { cluster } = facts;
  if (facts.spent !== undefined || cluster.state !== "found") return undefined;
  if (outcome.kind === "conflict" && !budget.aborted)
    return inventory.gatherForCreate(cluster.value, facts.dryRun, budget);
  if (outcome.kind !== "done") return { ...facts, spent: outcome.why };
  if (outcome.claims.length > 0) return reserved(facts, outcome);
  if (!plan.waitFor) return undefined;
  return waitedFor(facts, plan.waitFor.name, inventory, budget);
}

/** What we wrote is what we know: no read lies between a reservation and the wait for its address. */
const reserved = (facts: Facts, { claims }: Outcome & { kind: "done" }): Facts => ({
  ...facts,
  roles: facts.roles.map((role) => {
    const claim = claims.find(({ name }) => name === `${role.role.claimPrefix}${facts.key.name}`);
    return claim ? { ...role, claim: found(claim), reserved: true } : role;
  }),
});

async function waitedFor(
  facts: Facts,
  name: string,
  inventory: Inventory,
  budget: AbortSignal,
): Promise<Facts> {
  const isIt = (role: RoleFacts): boolean => role.claim.state === "found" && role.claim.value.name === name;
  const role = facts.roles.find(isIt);
  const claim = role?.claim.state === "found" ? role.claim.value : undefined;
  const bound = role && claim && (await inventory.awaitAddress(role, claim, budget));
  if (!bound) return { ...facts, spent: "no address in time" };
  return { ...facts, roles: facts.roles.map((other) => (other === role ? bound : other)) };
}

function answer({ facts, plan }: Settled, cluster: ClusterFacts): Admission {
  const name = `${facts.key.namespace}/${cluster.key.name}`;
  const refused = plan.decisions.find(({ verdict }) => isRefusal(verdict));
  const warnings = plan.decisions.filter(({ warn }) => warn).map(({ verdict }) => sentence(verdict, name));
  return refused
    ? { edit: NO_EDIT, warnings: [], refusal: sentence(refused.verdict, name) }
    : { edit: plan.edit, warnings, refusal: undefined };
}
