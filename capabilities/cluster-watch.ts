/** Answers: which event wakes which Clusters? Between Pepr's watch callbacks and our queue. */
import type { KeyQueue } from "../lib/adapters/key-queue";
import { keyOfCluster, keyOfRemains } from "../lib/adapters/kube-inventory";
import { Overlaps, type Overlap } from "../lib/adapters/overlaps";
import type { Sighting, Sightings } from "../lib/adapters/sightings";
import {
  addressFacts,
  addressesOf,
  claimFacts,
  classFacts,
  clusterFacts,
  poolFacts,
  vipsOf,
} from "../lib/adapters/kube-objects";
import { IN_CLUSTER_POOLS } from "../lib/adapters/kinds";
import {
  addressPrint,
  claimPrint,
  classPrint,
  clusterPrint,
  newsName,
  poolPrint,
  type News,
  type NewsKind,
} from "../lib/adapters/news";
import { ROLE_LABEL } from "../lib/core/contract";
import { keyText, type Key, type KubeObject, type PoolFacts } from "../lib/core/facts";
import type { Interest } from "../lib/core/plan";
import { mayReserve, serves } from "../lib/core/pool-choice";
import { ROLES } from "../lib/core/roles";

export function keyOf(text: string): Key {
  const slash = text.indexOf("/");
  return { namespace: text.slice(0, slash), name: text.slice(slash + 1) };
}

/** Pepr hands the phase of a watch event as the API server words it. */
export const isGone = (phase: string): boolean => phase === "DELETED";

/** Nothing is lost by it: the Cluster's own event wakes its key at once. */
const ON_ITS_WAY_MS = 5000;

const isWokenBy = (pool: PoolFacts, interest: Interest): boolean =>
  (interest.kind === "pool" && serves(pool, interest)) ||
  (interest.kind === "address" && mayReserve(pool, interest));

const nameOf = (kind: NewsKind, { metadata: { namespace = "", name = "" } }: KubeObject): string =>
  newsName(kind, namespace, name);

export class ClusterWatch {
  readonly #overlaps = new Overlaps();

  /** @param overlapping hears of pools that have addresses in common */
  constructor(
    private readonly queue: Pick<KeyQueue, "add" | "addLater" | "wake">,
    private readonly memory: { readonly seen: Sightings; readonly news: News },
    private readonly overlapping: (overlap: Overlap) => void,
    private readonly poolKinds = IN_CLUSTER_POOLS,
  ) {}

  clusterChanged(object: KubeObject, phase: string): void {
    const key = keyOfCluster(object);
    if (!key) return;
    this.#see({ ...key, kind: "Cluster", key }, isGone(phase) ? [] : vipsOf(object));
    const known = nameOf("Cluster", object);
    if (this.memory.news.isNew(known, clusterPrint(clusterFacts(object)), isGone(phase)))
      this.#add(key, known);
  }

  claimChanged(object: KubeObject, phase: string): void {
    const role = ROLES.find(({ name }) => name === object.metadata.labels?.[ROLE_LABEL]);
    const claim = role && claimFacts(object, role, 0, 0);
    // A label that names no role of ours is a change that a held Cluster must hear of as well.
    const print = claim ? claimPrint(claim) : `${object.metadata.resourceVersion}`;
    const key = keyOfRemains(object);
    const known = nameOf("claim", object);
    if (!key || !this.memory.news.isNew(known, print, isGone(phase))) return;
    // A create is on its way, and a look at its claim would take the provider's turns at the API server.
    const isOnItsWay = claim && !claim.owner && !claim.deleting && !isGone(phase);
    if (isOnItsWay && !this.memory.news.knows(newsName("Cluster", key.namespace, key.name)))
      this.queue.addLater(keyText(key), ON_ITS_WAY_MS);
    else this.#add(key, known);
  }

  addressChanged(object: KubeObject, phase: string): void {
    const key = keyOfRemains(object);
    if (!key) return;
    const { namespace = "", name = "" } = object.metadata;
    this.#see({ kind: "IPAddress", namespace, name, key }, isGone(phase) ? [] : addressesOf(object));
    const known = nameOf("address", object);
    if (this.memory.news.isNew(known, addressPrint(addressFacts(object)), isGone(phase)))
      this.#add(key, known);
  }

  /** A pass that is under way may still read what its own writes have us told. */
  #add(key: Key, known: string): void {
    this.queue.add(keyText(key), () => !this.memory.news.hasRead(known));
  }

  /** Who has the same address has another owner to tell of now, or one less. */
  #see(who: Sighting, addresses: readonly string[]): void {
    for (const key of this.memory.seen.see(who, addresses)) this.queue.add(keyText(key));
  }

  classChanged(object: KubeObject, phase: string): void {
    const { namespace, name } = object.metadata;
    const print = classPrint(classFacts(object));
    if (!this.memory.news.isNew(nameOf("class", object), print, isGone(phase))) return;
    const isMeant = (interest: Interest): boolean =>
      interest.kind === "class" && interest.class.name === name && interest.class.namespace === namespace;
    this.queue.wake(isMeant);
  }

  poolChanged(object: KubeObject, phase: string): void {
    const group = object.apiVersion?.split("/")[0];
    const kind = this.poolKinds.find((each) => each.kind === object.kind && each.group === group);
    if (!kind) return;
    const pool = poolFacts(object, kind);
    const name = `${kind.plural}.${kind.group} ${object.metadata.namespace}/${object.metadata.name}`;
    if (!this.memory.news.isNew(name, poolPrint(pool), isGone(phase))) return;
    for (const overlap of this.#overlaps.of(pool, isGone(phase))) this.overlapping(overlap);
    this.queue.wake((interest) => isWokenBy(pool, interest));
  }
}
