/** Answers: what is there now? Reads by the API server, and nothing but reads. */
import { canonicalAddress } from "../core/address";
import { ROLE_LABEL } from "../core/contract";
import type {
  AddressFacts,
  ClaimFacts,
  ClassName,
  ClusterFacts,
  Facts,
  Holder,
  Key,
  Known,
  KubeObject,
  RoleFacts,
  Rules,
} from "../core/facts";
import { absent, found, keyText, unread, valueOf } from "../core/facts";
import { hostOf, needsPools, unreserved } from "../core/situation";
import { claimName, clusterOfClaim, PARKED, ROLES, type Role } from "../core/roles";
import type { Clock } from "../ports/clock";
import type { Inventory } from "../ports/inventory";
import type { Client } from "./client";
import { ADDRESSES, CLAIMS, CLASSES, CLUSTERS, IN_CLUSTER_POOLS, type Resource } from "./kinds";
import { failureOf } from "./kube-failure";
import {
  addressesOf,
  addressFacts,
  addressOf,
  claimFacts,
  classFacts,
  clusterFacts,
  vipsOf,
} from "./kube-objects";
import { FirstSight } from "./first-sight";
import { News } from "./news";
import { listPools } from "./pool-listing";
import { Sightings } from "./sightings";

/** A stream that ends at once would otherwise be opened again and again while the API server is busiest. */
const FOLLOW_AGAIN_MS = 200;

interface Surroundings {
  readonly poolKinds?: readonly Resource[];
  readonly sight?: FirstSight;
  readonly seen?: Sightings;
  readonly news?: News;
}

export class KubeInventory implements Inventory {
  private readonly poolKinds: readonly Resource[];
  private readonly sight: FirstSight;
  private readonly seen: Sightings;
  private readonly news: News;

  constructor(
    private readonly client: Client,
    private readonly rules: Rules,
    private readonly clock: Clock,
    {
      poolKinds = IN_CLUSTER_POOLS,
      sight = new FirstSight(clock),
      seen = new Sightings(),
      news = new News(),
    }: Surroundings = {},
  ) {
    this.poolKinds = poolKinds;
    this.sight = sight;
    this.seen = seen;
    this.news = news;
  }

  async gatherForCreate(cluster: ClusterFacts, dryRun: boolean, signal: AbortSignal): Promise<Facts> {
    const { key } = cluster;
    const [namesake, aClass, pools, roles] = await Promise.all([
      this.#get(CLUSTERS, key.namespace, key.name, signal),
      this.#class(cluster.class, signal),
      this.#pools(signal),
      Promise.all(ROLES.map((role) => this.#role(key, role, signal))),
    ]);
    return {
      ...this.#frame(key),
      occasion: "admission",
      dryRun,
      cluster: found(cluster),
      namesake: mapKnown(namesake, () => true as const),
      class: aClass,
      pools,
      roles,
    };
  }

  async gather(key: Key): Promise<Facts> {
    const roles = await Promise.all(ROLES.map((role) => this.#role(key, role)));
    const cluster = mapKnown(await this.#get(CLUSTERS, key.namespace, key.name), (source) =>
      clusterFacts(source),
    );
    const stays = cluster.state === "found" && !cluster.value.deleting;
    const [aClass, pools] = await Promise.all([
      stays ? this.#class(cluster.value.class) : absent,
      stays && needsPools(cluster.value, roles) ? this.#pools() : found([]),
    ]);
    const facts: Facts = {
      ...this.#frame(key),
      occasion: "watch",
      dryRun: false,
      cluster,
      namesake: absent,
      class: aClass,
      pools,
      roles: await Promise.all(roles.map((role) => this.#withOthers(key, cluster, role))),
    };
    this.news.looked(facts);
    return facts;
  }

  /** What concerns the role besides its own claim and address. */
  async #withOthers(key: Key, cluster: Known<ClusterFacts>, role: RoleFacts): Promise<RoleFacts> {
    const mayBeParked =
      cluster.state === "found" &&
      (role.role.replaced in cluster.value.annotations || unreserved(cluster.value, role) !== undefined);
    return {
      ...role,
      rivals: this.#rivals(key, cluster, role),
      parked: mayBeParked ? await this.#parked(key.namespace) : [],
    };
  }

  /** Where that cannot be read they are parked once more, which changes nothing. */
  async #parked(namespace: string): Promise<readonly string[]> {
    const labelSelector = `${ROLE_LABEL}=${PARKED}`;
    const parked = await this.client.list(ADDRESSES, { namespace, labelSelector }).catch(() => []);
    return parked.flatMap(addressesOf);
  }

  /** With the address that is in place, or else with the one that is about to be. */
  #rivals(key: Key, cluster: Known<ClusterFacts>, { role, address: given }: RoleFacts): readonly Holder[] {
    if (cluster.state !== "found") return [];
    const address = canonicalAddress(hostOf(cluster.value, role) ?? valueOf(given)?.address ?? "");
    return address === undefined ? [] : this.seen.of(address, key);
  }

  async awaitAddress(
    facts: RoleFacts,
    claim: ClaimFacts,
    signal: AbortSignal,
  ): Promise<RoleFacts | undefined> {
    const { role } = facts;
    const bound = await this.#decided(claim.source, isDecided(role), signal);
    if (!bound) return undefined;
    const after = claimFacts(bound, role, this.clock.now(), this.clock.now());
    const namespace = bound.metadata.namespace ?? "";
    const address = await this.#get(ADDRESSES, namespace, after.addressName ?? after.name, signal);
    return { ...facts, claim: found(after), address: mapKnown(address, addressFor(after.name)) };
  }

  /** A stream may end early, or its start be too old; then the claim is read and followed from there. */
  async #decided(
    from: KubeObject,
    isEnough: (claim: KubeObject) => boolean,
    signal: AbortSignal,
  ): Promise<KubeObject | undefined> {
    const { namespace = "", name = "" } = from.metadata;
    for (let last = from; !signal.aborted; ) {
      const followed = await this.client.follow(CLAIMS, last, isEnough, signal);
      if (followed) return followed;
      const now = await this.#get(CLAIMS, namespace, name, signal);
      if (now.state !== "found") return undefined;
      if (isEnough(now.value)) return now.value;
      last = now.value;
      await this.#pause(FOLLOW_AGAIN_MS, signal);
    }
    return undefined;
  }

  #pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const callOff = this.clock.after(ms, () => end());
      const end = (): void => {
        callOff();
        signal.removeEventListener("abort", end);
        resolve();
      };
      signal.addEventListener("abort", end);
    });
  }

  async holders(
    address: string,
    but: Key,
    role: Role,
    signal?: AbortSignal,
  ): Promise<Known<readonly Holder[]>> {
    try {
      const [clusters, addresses] = await Promise.all([
        this.client.list(CLUSTERS, {}, signal),
        this.client.list(ADDRESSES, {}, signal),
      ]);
      const endpoints = clusters.filter((object) => vipsOf(object).includes(address));
      const given = addresses.filter((object) => addressOf(object) === address && !isParked(object));
      return found([
        ...endpoints.filter((object) => !isSame(keyOfCluster(object), but)).map(holderOf(CLUSTERS)),
        ...given.filter((object) => !isOwn(object, but, role)).map(givenTo(this.clock.now())),
      ]);
    } catch (error) {
      return unread(failureOf(error, "").why);
    }
  }

  async keys(): Promise<readonly Key[]> {
    const [clusters, claims, addresses] = await Promise.all([
      this.client.list(CLUSTERS, {}),
      this.client.list(CLAIMS, { labelSelector: ROLE_LABEL }),
      this.client.list(ADDRESSES, { labelSelector: ROLE_LABEL }),
    ]);
    for (const object of clusters) this.#see(CLUSTERS, object, keyOfCluster(object), vipsOf(object));
    for (const object of addresses) this.#see(ADDRESSES, object, keyOfRemains(object), addressesOf(object));
    const ofRemains = [...claims, ...addresses].flatMap((object) => keyOfRemains(object) ?? []);
    const all = [...clusters.flatMap((object) => keyOfCluster(object) ?? []), ...ofRemains];
    return [...new Map(all.map((key) => [keyText(key), key])).values()];
  }

  /** Before the first pass it is to be known who shares an address: what was said of it would be unsaid for a moment. */
  #see({ kind }: Resource, object: KubeObject, key: Key | undefined, vips: readonly string[]): void {
    const { namespace = "", name = "" } = object.metadata;
    if (key) this.seen.see({ kind, namespace, name, key }, vips);
  }

  #frame(key: Key): Pick<Facts, "key" | "now" | "rules" | "spent"> {
    return { key, now: this.clock.now(), rules: this.rules, spent: undefined };
  }

  async #role(key: Key, role: Role, signal?: AbortSignal): Promise<RoleFacts> {
    const name = claimName(role, key.name);
    const [claim, address] = await Promise.all([
      this.#get(CLAIMS, key.namespace, name, signal),
      this.#get(ADDRESSES, key.namespace, name, signal),
    ]);
    if (claim.state === "absent") this.sight.forget(`${key.namespace}/${name}`);
    const claimed: Known<ClaimFacts> = mapKnown(claim, (source) =>
      claimFacts(source, role, this.sight.of(`${key.namespace}/${name}`, source), this.clock.now()),
    );
    return {
      role,
      claim: claimed,
      address: await this.#addressOf(key, name, claimed, mapKnown(address, addressFacts), signal),
      reserved: false,
      rivals: [],
      parked: [],
    };
  }

  /** In-cluster pools name the address like the claim; a provider that does not says so in the claim. */
  async #addressOf(
    key: Key,
    name: string,
    claim: Known<ClaimFacts>,
    sameName: Known<AddressFacts>,
    signal?: AbortSignal,
  ): Promise<Known<AddressFacts>> {
    const other = claim.state === "found" ? claim.value.addressName : undefined;
    if (other === undefined || other === name) return sameName;
    return mapKnown(await this.#get(ADDRESSES, key.namespace, other, signal), addressFor(name));
  }

  async #class(name: ClassName | undefined, signal?: AbortSignal) {
    return name ? mapKnown(await this.#get(CLASSES, name.namespace, name.name, signal), classFacts) : absent;
  }

  /** Those of other namespaces as well: they may have an address of ours, too. */
  #pools(signal?: AbortSignal): Promise<Facts["pools"]> {
    return listPools(this.client, this.poolKinds, signal);
  }

  async #get(
    of: Resource,
    namespace: string,
    name: string,
    signal?: AbortSignal,
  ): Promise<Known<KubeObject>> {
    try {
      const object = await this.client.get(of, namespace, name, signal);
      // Whatever stands between us and the API server may answer with something else, and success.
      return object?.metadata?.name === name ? found(object) : unread(`no ${of.kind} came as the answer`);
    } catch (error) {
      const { kind, why } = failureOf(error, name);
      return kind === "absent" ? absent : unread(why);
    }
  }
}

const holderOf =
  ({ kind }: Resource) =>
  ({ metadata: { namespace = "", name = "" } }: KubeObject): Holder => ({ kind, namespace, name });

/** The watch makes an address its own within seconds, or gives it back; what is older is somebody's. */
const FLEETING_MS = 60_000;

const givenTo =
  (now: number) =>
  (object: KubeObject): Holder => {
    const { labels = {}, creationTimestamp = "" } = object.metadata;
    const isYoung = Date.parse(creationTimestamp) + FLEETING_MS > now;
    const isFleeting = isYoung && keyOfRemains(object) !== undefined && !(ROLE_LABEL in labels);
    return { ...holderOf(ADDRESSES)(object), ...(isFleeting && { isFleeting }) };
  };

const isSame = (one: Key | undefined, other: Key): boolean =>
  one?.namespace === other.namespace && one.name === other.name;

const isOwn = (object: KubeObject, key: Key, role: Role): boolean =>
  isSame(keyOfRemains(object), key) && (role.isEndpoint || claimOf(object) === claimName(role, key.name));

/** Kept out of its pool by us, because somebody else has the address. */
const isParked = ({ metadata }: KubeObject): boolean => metadata.labels?.[ROLE_LABEL] === PARKED;

const mapKnown = <T, U>(known: Known<T>, to: (value: T) => U): Known<U> =>
  known.state === "found" ? found(to(known.value)) : known;

/** An address that serves another claim is no address for this one, and nothing of it may be touched. */
const addressFor =
  (claim: string) =>
  (source: KubeObject): AddressFacts => {
    const address = addressFacts(source);
    if (address.claimName === undefined || address.claimName === claim) return address;
    const text = `IPAddress ${address.name} serves the claim ${address.claimName}`;
    const nobodys = { deletingSince: undefined, inUse: false, clusterUid: undefined, labelled: false };
    return { ...address, ...nobodys, address: undefined, text };
  };

/** Nothing more will come of a claim that is going. */
const isDecided =
  (role: Role) =>
  (source: KubeObject): boolean => {
    const claim = claimFacts(source, role, 0, 0);
    return claim.addressName !== undefined || claim.deleting;
  };

/** The key of a Cluster's own event. */
export function keyOfCluster({ metadata }: KubeObject): Key | undefined {
  const { namespace, name } = metadata;
  return namespace && name ? { namespace, name } : undefined;
}

/** The Cluster that a claim or an address belongs to, whether or not it still exists. */
export function keyOfRemains(object: KubeObject): Key | undefined {
  const { namespace } = object.metadata;
  const cluster = clusterOfClaim(claimOf(object) ?? "");
  return namespace && cluster ? { namespace, name: cluster } : undefined;
}

/** The claim that an address was given to; a claim's own name. */
const claimOf = (object: KubeObject): string | undefined =>
  (object["spec"] as { claimRef?: { name?: string } } | undefined)?.claimRef?.name ?? object.metadata.name;
