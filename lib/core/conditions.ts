/**
 * Answers: what do the conditions of a Cluster say once a pass has settled, and what of that is new?
 *
 * What they say already is the memory: nothing differs, nothing is written, and no Event is due. So it is the
 * same for a process that starts now.
 */
import { HOLD } from "./contract";
import { isEmpty, NO_EDIT } from "./edit";
import type { ClusterFacts, Condition, Facts } from "./facts";
import { keyText, valueOf } from "./facts";
import type { Decision, Plan } from "./plan";
import type { Role } from "./roles";
import type { Step } from "./row";
import { hostOf, isHeld } from "./situation";
import { sentence, standing, verdict, type Reason, type Standing, type Verdict } from "./verdict";

/** A condition that says something else than before. */
export interface Turn {
  readonly role: Role;
  readonly before: Condition | undefined;
  readonly after: Condition;
  readonly verdict: Verdict;
}

export interface Telling {
  /** None where the Cluster says it all. */
  readonly steps: readonly Step[];
  /** Of status or reason. */
  readonly turns: readonly Turn[];
}

/** @param failures why the last write for a role was not made */
export function tellingOf(facts: Facts, plan: Plan, failures: ReadonlyMap<Role, string>): Telling {
  const cluster = valueOf(facts.cluster);
  if (!cluster) return { steps: [], turns: [] };
  const all = plan.decisions.map((decision) => sayingOf(facts, cluster, decision, failures));
  const conditions = all.flatMap(({ after }) => after ?? []);
  const isNew = JSON.stringify(byType(conditions)) !== JSON.stringify(byType(cluster.conditions));
  return {
    steps: isNew ? [{ kind: "write-conditions", cluster, conditions }] : [],
    turns: all.flatMap(({ role, before, after, verdict }) =>
      after && hasTurned(before, after) ? [{ role, before, after, verdict }] : [],
    ),
  };
}

interface Saying extends Omit<Turn, "after"> {
  readonly after: Condition | undefined;
}

function sayingOf(
  facts: Facts,
  cluster: ClusterFacts,
  decision: Decision,
  failures: ReadonlyMap<Role, string>,
): Saying {
  const { role } = decision;
  const before = cluster.conditions.find(({ type }) => type === role.condition);
  const verdict = isDone(decision) ? decision.verdict : undone(cluster, decision, failures.get(role));
  const isAsked = before !== undefined || isWanted(facts, cluster, role);
  const status = isAsked ? statusOf(facts, cluster, role, verdict, before) : "kept";
  const after = status === "kept" ? before : status && saying(cluster, role, status, verdict, before);
  return { role, before, after, verdict };
}

/** Undefined where the Cluster is to have no such condition. */
function statusOf(
  facts: Facts,
  cluster: ClusterFacts,
  role: Role,
  { reason }: Verdict,
  before: Condition | undefined,
): Condition["status"] | "kept" | undefined {
  const stands = isInPlace(cluster, role) ? standingInPlace(reason) : standing(reason);
  if (stands === "none") return undefined;
  if (stands !== "kept") return stands;
  return before || !isOurs(facts, cluster, role) ? "kept" : "Unknown";
}

/** Nothing waits for the VIP of this role any more. */
const isInPlace = (cluster: ClusterFacts, role: Role): boolean =>
  hostOf(cluster, role) !== undefined && !(role.isEndpoint && isHeld(cluster));

/** It is another's too, or the machines do not have it. */
const AGAINST_A_VIP: readonly Reason[] = ["AddressTaken", "LateNotApplied"];

/** A VIP that is in place stays there, whatever else is missing: a running Cluster does not lose it with its class. */
const standingInPlace = (reason: Reason): Standing =>
  standing(reason) === "False" && !AGAINST_A_VIP.includes(reason) ? "kept" : standing(reason);

/** What it says once the Cluster is written on is still to come, or was not accepted. */
const isDone = ({ edit = NO_EDIT, steps = [] }: Decision): boolean => isEmpty(edit) && steps.length === 0;

/** Cluster API refuses a VIP that its class does not allow; our hold said before that it may. */
function undone({ annotations }: ClusterFacts, { role, verdict: of }: Decision, why = ""): Verdict {
  const isRestricted = role.isEndpoint && annotations[HOLD] === "VariableRestricted";
  return isRestricted ? verdict("VariableRestricted", of.detail) : verdict("Unreachable", why);
}

/** Whether a role that is no endpoint is wanted at all, the class says. */
const isWanted = (facts: Facts, cluster: ClusterFacts, role: Role): boolean =>
  role.isEndpoint || facts.class.state === "found" || isOurs(facts, cluster, role);

/**
 * Something of it is in our hands. Of a Cluster that nobody asked us to serve nothing is said because it is
 * paused, or deleted, or because something could not be read.
 */
function isOurs({ roles }: Facts, cluster: ClusterFacts, role: Role): boolean {
  const claim = roles.find((one) => one.role === role)?.claim;
  const isServed = claim?.state === "found" && claim.value.ours;
  return isServed || role.annotation in cluster.annotations || (role.isEndpoint && isHeld(cluster));
}

const saying = (
  { key, generation }: ClusterFacts,
  role: Role,
  status: Condition["status"],
  of: Verdict,
  before: Condition | undefined,
): Condition => ({
  type: role.condition,
  status,
  reason: of.reason,
  message: sentence(of, keyText(key)),
  observedGeneration: generation,
  since: before?.status === status ? before.since : undefined,
});

const hasTurned = (before: Condition | undefined, after: Condition): boolean =>
  before?.status !== after.status || before.reason !== after.reason;

/** In one order of conditions and of their fields. */
const byType = (conditions: readonly Condition[]): unknown[] =>
  conditions
    .map(({ type, status, reason, message, observedGeneration, since }) => [
      type,
      status,
      reason,
      message,
      observedGeneration ?? null,
      since ?? null,
    ])
    .sort(([one], [other]) => (String(one) < String(other) ? -1 : 1));
