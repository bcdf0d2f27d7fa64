/**
 * Answers: what do we know about one Cluster at one moment?
 *
 * The nouns of this project. Everything here is read once by an inventory and never changed; what was
 * not answered says so, because "I could not read it" and "it is not there" lead to opposite decisions.
 */
import type { Range } from "./ranges";
import type { Role } from "./roles";

/** An object as the API server gave it, kept so that a write can be computed from exactly what was read. */
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: Metadata;
  readonly [field: string]: unknown;
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

export interface Metadata {
  readonly name?: string;
  readonly generateName?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly OwnerReference[];
}

/** The answer to one read. `absent` is the API server's word for that very object, never a guess. */
export type Known<T> =
  | { readonly state: "found"; readonly value: T }
  | { readonly state: "absent" }
  | { readonly state: "unread"; readonly why: string };

/** The name of one Cluster; claims and addresses of a Cluster that is gone still have it. */
export interface Key {
  readonly namespace: string;
  readonly name: string;
}

/** As a user writes it, and as maps are keyed by it. */
export const keyText = ({ namespace, name }: Key): string => `${namespace}/${name}`;

export interface ClassName {
  readonly namespace: string;
  readonly name: string;
}

export interface Endpoint {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
}

/** A condition of ours as it stands on a Cluster. */
export interface Condition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
  /** The generation of the Cluster that it speaks of. */
  readonly observedGeneration: number | undefined;
  /** When the status became what it is; undefined where that is now. */
  readonly since: string | undefined;
}

export interface ClusterFacts {
  readonly source: KubeObject;
  readonly key: Key;
  /** Absent in admission on create: the API server gives the UID after mutation. */
  readonly uid: string | undefined;
  readonly deleting: boolean;
  readonly class: ClassName | undefined;
  readonly variables: ReadonlyMap<string, unknown>;
  readonly endpoint: Endpoint;
  readonly apiServerPort: number | undefined;
  /** It has infrastructure or control plane already: rendered, moved or restored. */
  readonly hasRefs: boolean;
  /** A control plane exists, so a late VIP could roll machines. */
  readonly started: boolean;
  readonly annotations: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly specPaused: boolean;
  /** The CIDRs of its own pods and services. */
  readonly networks: readonly string[];
  /** Counts the changes of its spec. */
  readonly generation: number | undefined;
  /** Those of ours, by the types of the roles. */
  readonly conditions: readonly Condition[];
}

export interface StringVariable {
  readonly default: string | undefined;
  /** The schema's format, where it is one of addresses. */
  readonly family: 4 | 6 | undefined;
  /** The schema allows some texts only in another way, so an address may not be one of them. */
  readonly restricted: boolean;
}

export interface ClassFacts {
  /** The variables that are defined as strings; others are not here. */
  readonly strings: ReadonlyMap<string, StringVariable>;
  /** Cluster API has looked at the class as it is now; before, it checks no variable against it. */
  readonly reconciled: boolean;
}

export interface PoolRef {
  readonly apiGroup: string;
  readonly kind: string;
  readonly name: string;
}

export interface PoolFacts {
  readonly ref: PoolRef;
  readonly namespace: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly deleting: boolean;
  /** Undefined until the provider has written the pool's status. */
  readonly free: number | undefined;
  /** What it can give; undefined where its kind does not say. */
  readonly ranges: readonly Range[] | undefined;
  readonly prefix: number | undefined;
  readonly gateway: string | undefined;
}

export interface ClaimFacts {
  readonly source: KubeObject;
  readonly name: string;
  readonly uid: string;
  readonly deleting: boolean;
  /** The claim has our label for its role, so somebody who speaks this contract made it. */
  readonly ours: boolean;
  readonly pool: PoolRef;
  /** The controller; any owner at all means that somebody lives off this claim. */
  readonly owner: OwnerReference | undefined;
  readonly labelled: boolean;
  readonly addressName: string | undefined;
  /** Milliseconds since the epoch of the youngest sign that somebody counts on the claim. */
  readonly youngest: number;
}

export interface AddressFacts {
  readonly source: KubeObject;
  readonly name: string;
  /** Canonical form; undefined where the text is no IP address. */
  readonly address: string | undefined;
  readonly text: string;
  readonly deletingSince: number | undefined;
  readonly inUse: boolean;
  readonly clusterUid: string | undefined;
  readonly labelled: boolean;
  readonly claimName: string | undefined;
  readonly pool: PoolRef;
  /** We made it, for an address that a user gave: milliseconds since the epoch of when. */
  readonly pinnedAt: number | undefined;
}

/** Somebody who has an address: a Cluster by its endpoint, or what a claim was given. */
export interface Holder {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** Given to a claim of ours that has not made it its own yet: it may be given back, and no event tells of that. */
  readonly isFleeting?: true;
}

export interface RoleFacts {
  readonly role: Role;
  readonly claim: Known<ClaimFacts>;
  readonly address: Known<AddressFacts>;
  /** Admission only: this very request created the claim, or won it by compare-and-swap. */
  readonly reserved: boolean;
  /** Who else has the address that is about to be the VIP; undefined until somebody looked. */
  readonly holders?: Known<readonly Holder[]> | undefined;
  /** The addresses that are kept out of pools of its namespace; read where a VIP was replaced. */
  readonly parked: readonly string[];
  /** Who else was seen with the VIP that is in place. A hint: it is said, and nothing else is done for it. */
  readonly rivals: readonly Holder[];
}

/** What the installation decided. */
export interface Rules {
  readonly defaultPort: number;
  readonly noPool: "hold" | "ignore" | "reject";
  readonly sweepBareMs: number;
  readonly sweepLabelledMs: number;
  readonly quarantineMs: number;
  /** How much longer than for the endpoint a create waits for what is no endpoint. */
  readonly ingressGraceMs: number;
}

export interface Facts {
  readonly occasion: "admission" | "watch";
  readonly dryRun: boolean;
  readonly now: number;
  readonly rules: Rules;
  readonly key: Key;
  readonly cluster: Known<ClusterFacts>;
  /** Admission only: a stored Cluster that has the name already. */
  readonly namesake: Known<true>;
  readonly class: Known<ClassFacts>;
  readonly pools: Known<readonly PoolFacts[]>;
  readonly roles: readonly RoleFacts[];
  /** Admission only: no time is left, or a write was refused; says which. */
  readonly spent: string | undefined;
}

/** What `spent` says where the provider had its time. */
export const NO_ADDRESS_IN_TIME = "no address in time";

export const found = <T>(value: T): Known<T> => ({ state: "found", value });
export const absent: Known<never> = { state: "absent" };
export const unread = (why: string): Known<never> => ({ state: "unread", why });

/** Why reads were not answered; empty where all were. */
export const whyUnread = (...reads: readonly Known<unknown>[]): string[] =>
  reads.flatMap((known) => (known.state === "unread" ? known.why : []));

/** The value where it was found. */
export const valueOf = <T>(known: Known<T>): T | undefined =>
  known.state === "found" ? known.value : undefined;
