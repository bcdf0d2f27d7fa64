/**
 * Answers: what is there now, in numbers?
 *
 * What the watch saw of pools, classes, claims and Clusters, a few words of each; counted when somebody asks, so
 * that no number can drift from the world.
 */
import { HOLD, ROLE_LABEL } from "../core/contract";
import type { KubeObject } from "../core/facts";
import { obstacle, servedClasses, servedRoles } from "../core/pool-choice";
import { ROLES } from "../core/roles";
import { isHeld } from "../core/situation";
import { REASONS } from "../core/verdict";
import type { Clock } from "../ports/clock";
import { IN_CLUSTER_POOLS, type Resource } from "./kinds";
import {
  addressCounts,
  claimFacts,
  classFacts,
  clusterFacts,
  poolFacts,
  type AddressCounts,
} from "./kube-objects";
import type { Metrics, Sample } from "./metrics";

interface Pool {
  readonly name: string;
  readonly pairs: readonly Pair[];
  readonly isAvailable: boolean;
  readonly counts: AddressCounts;
}

interface Pair {
  readonly cluster_class: string;
  readonly role: string;
}

interface Claim {
  readonly role: string;
  readonly namespace: string;
  readonly isReady: boolean;
}

interface Hold {
  readonly reason: string;
  readonly since: number;
}

const SECOND = 1000;

export class WorldGauges {
  readonly #pools = new Map<string, Pool>();
  readonly #classes = new Map<string, readonly Pair[]>();
  readonly #claims = new Map<string, Claim>();
  /** Every Cluster; undefined where it is not held. */
  readonly #holds = new Map<string, Hold | undefined>();

  constructor(
    metrics: Metrics,
    private readonly clock: Clock,
    private readonly poolKinds: readonly Resource[] = IN_CLUSTER_POOLS,
  ) {
    metrics.gauge("pools_available", () => this.#poolsAvailable());
    metrics.gauge("pool_addresses_total", () => this.#addresses(({ total }) => total));
    metrics.gauge("pool_addresses_free", () => this.#addresses(({ free }) => free));
    metrics.gauge("pool_addresses_used", () => this.#addresses(({ used }) => used));
    metrics.gauge("claims_total", () => this.#counted(() => true));
    metrics.gauge("claims_ready", () => this.#counted(({ isReady }) => isReady));
    metrics.gauge("claims_pending", () => this.#counted(({ isReady }) => !isReady));
    metrics.gauge("held_clusters", () => this.#held());
    metrics.gauge("held_oldest_seconds", () => [{ labels: {}, value: this.#oldestHold() }]);
  }

  poolChanged(object: KubeObject, gone: boolean): void {
    const group = object.apiVersion?.split("/")[0];
    const kind = this.poolKinds.find((one) => one.kind === object.kind && one.group === group);
    if (!kind) return;
    const pool = poolFacts(object, kind);
    const roles = servedRoles(pool).filter((name) => ROLES.some((role) => role.name === name));
    const pairs = servedClasses(pool).flatMap((cluster_class) =>
      roles.map((role) => ({ cluster_class, role })),
    );
    const name = poolLabel(kind, object);
    // A pool that serves nobody is none of ours.
    if (gone || pairs.length === 0) this.#pools.delete(idOf(object));
    else {
      const isAvailable = obstacle(pool) === undefined;
      this.#pools.set(idOf(object), { name, pairs, isAvailable, counts: addressCounts(object) });
    }
  }

  classChanged(object: KubeObject, gone: boolean): void {
    const { name = "" } = object.metadata;
    const { strings } = classFacts(object);
    const asked = ROLES.filter(({ variable }) => strings.has(variable));
    const pairs = asked.map((role) => ({ cluster_class: name, role: role.name }));
    put(this.#classes, idOf(object), gone ? undefined : pairs);
  }

  claimChanged(object: KubeObject, gone: boolean): void {
    put(this.#claims, idOf(object), gone ? undefined : claimOf(object));
  }

  clusterChanged(object: KubeObject, gone: boolean): void {
    if (gone) this.#holds.delete(idOf(object));
    else this.#holds.set(idOf(object), this.#holdOf(object));
  }

  /** Since it was created, unless it was seen without a hold before. */
  #holdOf(object: KubeObject): Hold | undefined {
    const { annotations } = clusterFacts(object);
    if (!isHeld({ annotations })) return undefined;
    const reason = reasonIn(annotations[HOLD]);
    const before = this.#holds.get(idOf(object));
    if (before) return { ...before, reason };
    const now = this.clock.now();
    const created = Date.parse(object.metadata.creationTimestamp ?? "");
    const isNew = !this.#holds.has(idOf(object)) && !Number.isNaN(created);
    return { reason, since: isNew ? created : now };
  }

  #poolsAvailable(): Sample<"pools_available">[] {
    const sums = new Sums<Pair>();
    for (const pairs of this.#classes.values()) for (const pair of pairs) sums.add(pair, 0);
    const classes = new Set([...this.#classes.keys()].map((key) => key.slice(key.indexOf("/") + 1)));
    // Nobody misses a pool for a class that is not there.
    for (const { pairs, isAvailable } of this.#pools.values())
      for (const pair of pairs.filter((one) => isAvailable || classes.has(one.cluster_class)))
        sums.add(pair, Number(isAvailable));
    return sums.samples();
  }

  #addresses(count: (of: AddressCounts) => number | undefined): Sample<"pool_addresses_total">[] {
    return [...this.#pools.values()].flatMap(({ name, counts }) => {
      const value = count(counts);
      return value === undefined ? [] : [{ labels: { pool_name: name }, value }];
    });
  }

  #counted(counts: (claim: Claim) => boolean): Sample<"claims_total">[] {
    const sums = new Sums<{ role: string; namespace: string }>();
    for (const claim of this.#claims.values()) {
      const { role, namespace } = claim;
      sums.add({ role, namespace }, Number(counts(claim)));
    }
    return sums.samples();
  }

  #held(): Sample<"held_clusters">[] {
    const sums = new Sums<{ reason: string }>();
    for (const hold of this.#holds.values()) if (hold) sums.add({ reason: hold.reason }, 1);
    return sums.samples();
  }

  #oldestHold(): number {
    const since = [...this.#holds.values()].flatMap((hold) => (hold ? [hold.since] : []));
    return since.length === 0 ? 0 : Math.max(this.clock.now() - Math.min(...since), 0) / SECOND;
  }
}

/** Sums by labels. */
class Sums<L extends object> {
  readonly #rows = new Map<string, { readonly labels: L; readonly value: number }>();

  add(labels: L, value: number): void {
    const id = JSON.stringify(labels);
    this.#rows.set(id, { labels, value: (this.#rows.get(id)?.value ?? 0) + value });
  }

  samples(): { readonly labels: L; readonly value: number }[] {
    return [...this.#rows.values()];
  }
}

/** With its UID: a watch whose stream broke tells of a new namesake first, and then that the former one is gone. */
const idOf = ({ metadata: { uid = "", namespace = "", name = "" } }: KubeObject): string =>
  `${uid} ${namespace}/${name}`;

function put<T>(map: Map<string, T>, key: string, value: T | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}

function claimOf(object: KubeObject): Claim | undefined {
  const { namespace = "", labels } = object.metadata;
  const role = ROLES.find(({ name }) => name === labels?.[ROLE_LABEL]);
  const claim = role && claimFacts(object, role, 0, 0);
  if (!role || !claim?.ours) return undefined;
  return { role: role.name, namespace, isReady: claim.addressName !== undefined };
}

/** A pool for all has its name, one of a namespace that before it; of kinds that a setting names also the kind. */
function poolLabel(kind: Resource, { metadata: { namespace, name = "" } }: KubeObject): string {
  const own = kind.namespaced ? `${namespace}/${name}` : name;
  return IN_CLUSTER_POOLS.some((one) => one.kind === kind.kind && one.group === kind.group)
    ? own
    : `${kind.kind}.${kind.group}/${own}`;
}

/** The annotation may say anything; what is no reason of ours is none. */
const reasonIn = (text: string | undefined): string =>
  text !== undefined && Object.hasOwn(REASONS, text) ? text : "";
