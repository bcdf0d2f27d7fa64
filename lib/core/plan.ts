/**
 * Answers: what is to be done for this Cluster now?
 *
 * The heart; read this first. A plan is a value: `edit` is the wished change of the Cluster, `steps` are
 * the writes on claims and addresses in their order, `waitFor` what would let us go on. The rows that
 * decide are in create-table.ts (admission) and watch-table.ts (watch).
 */
import { createTable } from "./create-table";
import { isEmpty, mergeEdits, NO_EDIT, type Edit } from "./edit";
import type { ClaimFacts, ClassName, ClusterFacts, Facts } from "./facts";
import { valueOf } from "./facts";
import type { Role } from "./roles";
import type { RolePlan, Row, Step } from "./row";
import { isChangeable, situationOf, unreserved, wanting } from "./situation";
import { goneTable } from "./gone-table";
import { watchTable } from "./watch-table";

/** What may change so that another look is worth it, besides the Cluster, its claims and its addresses. */
export type Interest =
  | { readonly kind: "class"; readonly class: ClassName }
  | { readonly kind: "pool"; readonly namespace: string; readonly className: string; readonly role: string }
  /** A pool that has it, whomever it serves. */
  | { readonly kind: "address"; readonly namespace: string; readonly address: string };

export interface Decision extends RolePlan {
  readonly role: Role;
  /** The row that decided. */
  readonly row: string;
}

export interface Plan {
  readonly decisions: readonly Decision[];
  readonly edit: Edit;
  readonly steps: readonly Step[];
  readonly waitFor: ClaimFacts | undefined;
  /** Addresses of which it must be known first who else has them. */
  readonly looks: readonly { readonly role: Role; readonly address: string }[];
  readonly lookAgainMs: number | undefined;
  readonly interests: readonly Interest[];
}

export function plan(facts: Facts): Plan {
  const cluster = valueOf(facts.cluster);
  const decisions = facts.roles.map((roleFacts): Decision => {
    const { role } = roleFacts;
    if (!cluster) return { role, ...decide(goneTable, { facts, roleFacts }) };
    const situation = situationOf(facts, roleFacts, cluster);
    if (facts.occasion === "admission") return { role, ...decide(createTable, situation) };
    const { edit, ...decision } = decide(watchTable, situation);
    return { role, ...decision, ...(edit && isChangeable(situation) && { edit }) };
  });
  const looks = decisions.flatMap(({ lookAgainMs }) => lookAgainMs ?? []);
  return {
    decisions,
    edit: decisions.map(({ edit }) => edit ?? NO_EDIT).reduce(mergeEdits),
    steps: decisions.flatMap(({ steps }) => steps ?? []),
    waitFor: decisions.find(({ waitFor }) => waitFor)?.waitFor,
    looks: decisions.flatMap(({ role, lookFor }) =>
      lookFor === undefined ? [] : { role, address: lookFor },
    ),
    lookAgainMs: looks.length > 0 ? Math.min(...looks) : undefined,
    interests: cluster ? interestsOf(facts, cluster) : [],
  };
}

/** Every table ends with a row that always applies. */
function decide<S>(table: readonly Row<S>[], situation: S): RolePlan & { row: string } {
  const row = table.find(({ when }) => when(situation));
  if (!row) throw new Error("A table of reasons has no last row");
  return { row: row.name, ...row.plan(situation) };
}

/** A class or pool that changes may let a Cluster have what it lacks; one that is done hears of its class only. */
function interestsOf({ key, roles }: Facts, cluster: ClusterFacts): Interest[] {
  const { class: name } = cluster;
  const classes = name ? [{ kind: "class" as const, class: name }] : [];
  const addresses = roles.flatMap((role) => {
    const address = unreserved(cluster, role);
    return address === undefined ? [] : { kind: "address" as const, namespace: key.namespace, address };
  });
  const pools = wanting(cluster).map((role) => ({
    kind: "pool" as const,
    namespace: key.namespace,
    className: name?.name ?? "",
    role: role.name,
  }));
  return [...classes, ...pools, ...addresses];
}

/**
 * What a pass that writes by itself does, role by role, and the one change of the Cluster behind the steps of
 * the first that asks for it: a Cluster is rendered once with all of it. What Cluster API may refuse is
 * written alone, when there is nothing else to write; the look that follows a write comes to that.
 */
export function writesOf(
  { decisions }: Plan,
  cluster: ClusterFacts | undefined,
): readonly { readonly role: Role; readonly steps: readonly Step[] }[] {
  const changing = decisions.filter(({ edit = NO_EDIT }) => !isEmpty(edit));
  const safe = changing.filter(({ mayBeRefused }) => !mayBeRefused);
  const made = safe.length > 0 ? safe : changing.slice(0, 1);
  const edit = made.map((decision) => decision.edit ?? NO_EDIT).reduce(mergeEdits, NO_EDIT);
  return decisions
    .map((decision) => {
      const { role, steps = [] } = decision;
      const last: readonly Step[] =
        cluster && decision === made[0] ? [{ kind: "edit-cluster", cluster, edit }] : [];
      return { role, steps: [...steps, ...last] };
    })
    .filter(({ steps }) => steps.length > 0);
}
