/** The in-cluster IPAM provider, one write at a time, as its code has them. */
import { CLUSTER_NAME_LABEL, PAUSED } from "../../lib/core/contract";
import type { KubeObject, OwnerReference } from "../../lib/core/facts";
import type { Resource } from "../../lib/adapters/kinds";
import type { FakeApiServer } from "../fakes/api-server";
import type { Action } from "./world";
import {
  ADDRESSES,
  addressesOf,
  CLAIMS,
  CLUSTERS,
  GLOBAL_POOLS,
  isGoing,
  isPaused,
  POOLS,
  withFinalizer,
  withoutFinalizer,
} from "./kinds";

const RELEASE = "ipam.cluster.x-k8s.io/ReleaseAddress";
const PROTECT = "ipam.cluster.x-k8s.io/ProtectAddress";
const PROTECT_POOL = "ipam.cluster.x-k8s.io/ProtectPool";

interface Ref {
  readonly kind: string;
  readonly name: string;
}
const poolRefOf = (object: KubeObject): Ref => (object["spec"] as { poolRef: Ref }).poolRef;
const isBound = (claim: KubeObject): boolean =>
  (claim["status"] as { addressRef?: object } | undefined)?.addressRef !== undefined;

const isSameRef = (one: Ref, other: Ref): boolean => one.kind === other.kind && one.name === other.name;

const ownersOf = (claim: KubeObject, pool: KubeObject): OwnerReference[] => [
  {
    apiVersion: "ipam.cluster.x-k8s.io/v1beta2",
    kind: CLAIMS.kind,
    name: claim.metadata.name ?? "",
    uid: claim.metadata.uid ?? "",
    controller: true,
    blockOwnerDeletion: true,
  },
  {
    apiVersion: "ipam.cluster.x-k8s.io/v1alpha2",
    kind: pool.kind ?? "",
    name: pool.metadata.name ?? "",
    uid: pool.metadata.uid ?? "",
    blockOwnerDeletion: true,
  },
];

type Act = (words: string, run: () => void) => Action[];

export class Provider {
  /** It answers with things that are no addresses. */
  talksNonsense = false;
  /** The claims that got such an answer once. */
  readonly spokeNonsense = new Set<string>();

  constructor(private readonly server: FakeApiServer) {}

  actions(): Action[] {
    return [
      ...this.server.list(CLAIMS).flatMap((claim) => this.#actionFor(claim)),
      ...[POOLS, GLOBAL_POOLS].flatMap((of) => this.server.list(of).flatMap((pool) => this.#count(of, pool))),
    ];
  }

  /** Addresses that the pool counts as used, whatever state they are in. */
  addressesOf(pool: KubeObject): KubeObject[] {
    return this.server.list(ADDRESSES).filter((address) => {
      const { kind, name } = poolRefOf(address);
      return kind === pool.kind && name === pool.metadata.name;
    });
  }

  #free(pool: KubeObject): string | undefined {
    const used = this.addressesOf(pool).map(({ spec }) => (spec as { address: string }).address);
    return addressesOf(pool).find((address) => !used.includes(address));
  }

  #actionFor(claim: KubeObject): Action[] {
    if (this.#skips(claim)) return [];
    const act = (words: string, run: () => void): Action[] => [
      { words: `provider ${words} ${claim.metadata.name}`, run },
    ];
    const update = (after: KubeObject): void => void this.server.update(CLAIMS, after);
    if (!claim.metadata.finalizers?.includes(RELEASE))
      return isGoing(claim) ? [] : act("takes up", () => update(withFinalizer(claim, RELEASE)));
    const { namespace, name = "" } = claim.metadata;
    const address = this.server.find(ADDRESSES, namespace, name);
    const pool = this.#poolOf(claim);
    // A paused pool neither gives nor takes back.
    if (pool?.metadata.annotations?.[PAUSED] !== undefined) return [];
    if (isGoing(claim)) return this.#release(claim, address, act);
    if (!pool) return [];
    if (!address) return this.#free(pool) === undefined ? [] : act("serves", () => this.#serve(claim, pool));
    return this.#answer(claim, address, pool, act);
  }

  /** It cannot add its finalizer to what is being deleted; with it, the claim is answered all the same. */
  #answer(claim: KubeObject, address: KubeObject, pool: KubeObject, act: Act): Action[] {
    if (isGoing(address) && !address.metadata.finalizers?.includes(PROTECT)) return [];
    // What was made before the claim: it takes one of the claim's name in the claim's pool for its own.
    if (!isSameRef(poolRefOf(address), poolRefOf(claim))) return [];
    if (!isGoing(address) && !this.#isComplete(address, claim))
      return act("adopts the address of", () => this.#adopt(claim, address, pool));
    if (isBound(claim)) return this.#relabel(claim, address, act);
    const bound = { ...claim, status: { addressRef: { name: address.metadata.name } } };
    return act("answers", () => this.server.updateStatus(CLAIMS, bound));
  }

  #isComplete({ metadata }: KubeObject, claim: KubeObject): boolean {
    const isOwned = metadata.ownerReferences?.some(({ uid }) => uid === claim.metadata.uid) ?? false;
    return isOwned && (metadata.finalizers?.includes(PROTECT) ?? false);
  }

  #adopt(claim: KubeObject, address: KubeObject, pool: KubeObject): void {
    const { metadata } = withoutFinalizer(address, PROTECT);
    // The same claim by name is the same to it, also with another UID.
    const isOthers = ({ kind }: OwnerReference): boolean => kind !== CLAIMS.kind && kind !== pool.kind;
    const ownerReferences = [...(metadata.ownerReferences ?? []).filter(isOthers), ...ownersOf(claim, pool)];
    this.server.update(
      ADDRESSES,
      withFinalizer({ ...address, metadata: { ...metadata, ownerReferences } }, PROTECT),
    );
  }

  #relabel(claim: KubeObject, address: KubeObject, act: Act): Action[] {
    const label = claim.metadata.labels?.[CLUSTER_NAME_LABEL];
    if (label === undefined || address.metadata.labels?.[CLUSTER_NAME_LABEL] === label) return [];
    const labels = { ...address.metadata.labels, [CLUSTER_NAME_LABEL]: label };
    const after = { ...address, metadata: { ...address.metadata, labels } };
    return act("copies the label of", () => this.server.update(ADDRESSES, after));
  }

  /** A labelled claim is looked at only while its Cluster is there and not paused. */
  #skips(claim: KubeObject): boolean {
    const label = claim.metadata.labels?.[CLUSTER_NAME_LABEL];
    if (label === undefined) return false;
    const cluster = this.server.find(CLUSTERS, claim.metadata.namespace, label);
    return cluster ? isPaused(cluster) : !isGoing(claim);
  }

  #release(claim: KubeObject, address: KubeObject | undefined, act: Act): Action[] {
    if (address?.metadata.finalizers?.includes(PROTECT))
      return act("unprotects", () => this.server.update(ADDRESSES, withoutFinalizer(address, PROTECT)));
    const { namespace, name = "" } = claim.metadata;
    if (address && !isGoing(address))
      return act("deletes the address of", () => this.server.delete(ADDRESSES, namespace, name));
    return act("lets go of", () => this.server.update(CLAIMS, withoutFinalizer(claim, RELEASE)));
  }

  #poolOf(claim: KubeObject): KubeObject | undefined {
    const { kind, name } = poolRefOf(claim);
    return this.server.find(kind === POOLS.kind ? POOLS : GLOBAL_POOLS, claim.metadata.namespace, name);
  }

  #serve(claim: KubeObject, pool: KubeObject): void {
    const { namespace, name = "", labels = {} } = claim.metadata;
    const free = this.#free(pool);
    // Somebody else was served meanwhile.
    if (free === undefined) return;
    if (this.talksNonsense) this.spokeNonsense.add(name);
    const label = labels[CLUSTER_NAME_LABEL];
    this.server.create(ADDRESSES, namespace, {
      metadata: {
        namespace: namespace ?? "",
        name,
        finalizers: [PROTECT],
        ...(label !== undefined && { labels: { [CLUSTER_NAME_LABEL]: label } }),
        ownerReferences: ownersOf(claim, pool),
      },
      spec: {
        address: this.talksNonsense ? "none" : free,
        claimRef: { name },
        poolRef: poolRefOf(claim),
        prefix: 24,
      },
    });
  }

  /** The pool's status, and its finalizer while addresses are in use. */
  #count(of: Resource, pool: KubeObject): Action[] {
    const used = this.addressesOf(pool).length;
    const act = (words: string, run: () => void): Action[] => [
      { words: `provider ${words} ${pool.metadata.name}`, run },
    ];
    if (!isGoing(pool) && !pool.metadata.finalizers?.includes(PROTECT_POOL))
      return act("takes up", () => this.server.update(of, withFinalizer(pool, PROTECT_POOL)));
    if (isGoing(pool))
      return used === 0 && pool.metadata.finalizers?.includes(PROTECT_POOL)
        ? act("lets go of", () => this.server.update(of, withoutFinalizer(pool, PROTECT_POOL)))
        : [];
    const total = addressesOf(pool).length;
    const ipAddresses = { total, used, free: total - used };
    if (JSON.stringify(pool["status"]) === JSON.stringify({ ipAddresses })) return [];
    return act("counts", () => this.server.updateStatus(of, { ...pool, status: { ipAddresses } }));
  }
}
