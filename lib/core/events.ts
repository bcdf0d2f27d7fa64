/**
 * Answers: which Event does a user find on which object?
 *
 * On a Cluster where one of its conditions turned; on a pool or a claim for what no Cluster can show. The words are
 * those of the verdict, and the same thing has the same words, so that it is one Event, however often it happens.
 */
import type { Turn } from "./conditions";
import { CLUSTER_API, IPAM_API } from "./contract";
import {
  keyText,
  valueOf,
  type ClusterFacts,
  type Facts,
  type Key,
  type PoolRef,
  type RoleFacts,
} from "./facts";
import { poolName, serves } from "./pool-choice";
import { claimName, type Role } from "./roles";
import type { Step } from "./row";
import type { Restoration } from "./restore";
import { isHeld, situationOf } from "./situation";
import { eventType, sentence, verdict, words, type Reason, type Verdict } from "./verdict";

/** What was done, or came to be; the reason says why. */
export type Action =
  | "Reserve"
  | "Hold"
  /** Like a hold, of a role that holds nothing back. */
  | "Wait"
  | "Complete"
  | "Restore"
  | "Refuse"
  | "Exhaust"
  | "Conflict"
  | "Release"
  | "Detach";

/** An object by its name; of a kind that knows no namespaces the one that is said does not count. */
export interface Named extends Key {
  readonly group: string;
  readonly kind: string;
  /** Where it is known; else whoever writes the Event looks it up. */
  readonly uid?: string | undefined;
}

export interface EventWish {
  readonly regarding: Named;
  readonly related?: Named | undefined;
  readonly action: Action;
  readonly reason: Reason;
  readonly type: "Normal" | "Warning";
  readonly note: string;
}

const wish = (action: Action, regarding: Named, { reason }: Verdict, note: string): EventWish => ({
  regarding,
  action,
  reason,
  type: eventType(reason),
  note,
});

const clusterNamed = ({ namespace, name }: Key, uid: string | undefined): Named => ({
  group: CLUSTER_API,
  kind: "Cluster",
  namespace,
  name,
  ...(uid !== undefined && { uid }),
});

const poolNamed = ({ apiGroup, kind, name }: PoolRef, namespace: string): Named => ({
  group: apiGroup,
  kind,
  namespace,
  name,
});

// ---- A condition turned --------------------------------------------------------------------------

/** A condition that is Unknown says that we look away for now: nothing happened. */
export const eventsOfTurns = (facts: Facts, turns: readonly Turn[]): EventWish[] =>
  turns
    .filter(({ after }) => after.status !== "Unknown")
    .flatMap((turn) => [ofTurn(facts, turn), ...exhaustions(facts, turn)]);

function ofTurn(facts: Facts, turn: Turn): EventWish {
  const cluster = valueOf(facts.cluster);
  const { key } = facts;
  const pool = valueOf(roleFactsOf(facts, turn.role).claim)?.pool;
  return {
    ...wish(actionOf(turn, cluster), clusterNamed(key, cluster?.uid), turn.verdict, turn.after.message),
    related: pool && poolNamed(pool, key.namespace),
  };
}

const BY_REASON: Partial<Record<Reason, Action>> = { AddressTaken: "Conflict", AddressDetached: "Detach" };

function actionOf({ role, before, after, verdict: { reason } }: Turn, cluster?: ClusterFacts): Action {
  const special = BY_REASON[reason];
  if (special) return special;
  if (after.status === "True") return before && before.status !== "True" ? "Complete" : "Reserve";
  return role.isEndpoint && cluster && isHeld(cluster) ? "Hold" : "Wait";
}

const roleFactsOf = ({ roles }: Facts, role: Role): RoleFacts =>
  roles.find((one) => one.role === role) as RoleFacts;

/** Told to the pool as well, once for all Clusters that find it empty. */
function exhaustions(facts: Facts, { role, verdict: { reason } }: Turn): EventWish[] {
  const cluster = valueOf(facts.cluster);
  if (!cluster || reason !== "PoolExhausted") return [];
  const { wish: wanted } = situationOf(facts, roleFactsOf(facts, role), cluster);
  const why = verdict("PoolExhausted", "it has no free address");
  return (valueOf(facts.pools) ?? [])
    .filter((pool) => pool.free !== undefined && pool.free <= 0 && serves(pool, wanted))
    .map(({ ref }) => ({
      ...wish("Exhaust", poolNamed(ref, facts.key.namespace), why, words(why, poolName(ref))),
      related: clusterNamed(facts.key, cluster.uid),
    }));
}

// ---- An address was given back -------------------------------------------------------------------

/** The Cluster may be gone, so the pool hears of it. */
export function eventsOfReleases({ key, cluster }: Facts, steps: readonly Step[]): EventWish[] {
  const isGone = cluster.state === "absent";
  return steps.flatMap((step) => {
    const released = releasedBy(step, isGone);
    if (!released) return [];
    const of = verdict(isGone ? "Gone" : "PreviousAddressReleasing", released.what);
    const { pool, what } = released;
    const note = `The ${what} is given back. ${sentence(of, keyText(key))}`;
    const event = wish("Release", poolNamed(pool, key.namespace), of, note);
    return { ...event, related: clusterNamed(key, undefined) };
  });
}

/** The claim of a Cluster that lives is only the first to go, or goes for another one. */
function releasedBy(
  step: Step,
  isGone: boolean,
): { readonly pool: PoolRef; readonly what: string } | undefined {
  if (step.kind === "release-address" || step.kind === "delete-address")
    return { pool: step.address.pool, what: `address ${step.address.text}` };
  if (step.kind !== "delete-claim" || !isGone) return undefined;
  return { pool: step.claim.pool, what: `claim ${step.claim.name}` };
}

// ---- A request was refused, or answered with what was there --------------------------------------

/** There is no Cluster, so whom it was about hears of it: the pool, else the claim, else the name alone. */
export function eventOfRefusedCreate(facts: Facts, of: Verdict): EventWish {
  const { key } = facts;
  const cluster = clusterNamed(key, undefined);
  const about = poolAsked(facts) ?? claimAsked(facts);
  const event = wish("Refuse", about ?? cluster, of, sentence(of, keyText(key)));
  return about ? { ...event, related: cluster } : event;
}

function poolAsked(facts: Facts): Named | undefined {
  const cluster = valueOf(facts.cluster);
  if (!cluster) return undefined;
  const pools = facts.roles.flatMap((role) => {
    const { pin, pools: choice } = situationOf(facts, role, cluster);
    return pin?.pool ?? choice.matching[0] ?? [];
  });
  return pools[0] && poolNamed(pools[0].ref, facts.key.namespace);
}

function claimAsked({ key, roles }: Facts): Named | undefined {
  const { namespace } = key;
  const its = roles.find(({ claim }) => claim.state === "found");
  return its && { group: IPAM_API, kind: "IPAddressClaim", namespace, name: claimName(its.role, key.name) };
}

/** Of an update. What is put back without a word is what a second apply of a manifest leaves out: no news. */
export function eventsOfUpdate({ key, uid }: ClusterFacts, { warnings, refusal }: Restoration): EventWish[] {
  const event = (action: Action, of: Verdict): EventWish =>
    wish(action, clusterNamed(key, uid), of, sentence(of, keyText(key)));
  return [...warnings.map((of) => event("Restore", of)), ...(refusal ? [event("Refuse", refusal)] : [])];
}
