/**
 * Answers: what does an object of the API server say, in our words?
 *
 * Objects come from the cluster and are not trusted: what has not the expected type counts as absent.
 */
import * as v from "valibot";
import { canonicalAddress } from "../core/address";
import {
  CLUSTER_API,
  CLUSTER_NAME_LABEL,
  CLUSTER_UID,
  IN_USE,
  IPAM_API,
  RESERVED_AT,
  ROLE_LABEL,
} from "../core/contract";
import type {
  AddressFacts,
  ClaimFacts,
  ClassFacts,
  ClassName,
  ClusterFacts,
  Condition,
  KubeObject,
  OwnerReference,
  PoolFacts,
  StringVariable,
} from "../core/facts";
import { poolRanges } from "../core/ranges";
import { ROLES, type Role } from "../core/roles";

const lenient = <T extends v.GenericSchema>(schema: T) => v.fallback(v.optional(schema), undefined as never);
const text = lenient(v.string());
const count = lenient(v.number());
const flag = lenient(v.boolean());
const anything = v.optional(v.unknown());
const texts = v.fallback(v.optional(v.record(v.string(), v.string()), {}), {});
const list = <T extends v.GenericSchema>(item: T) => v.fallback(v.optional(v.array(item), []), []);
/** An object that may be missing, at any depth: its fields can be asked for all the same. */
function part<T extends v.ObjectEntries>(
  entries: T,
): v.GenericSchema<unknown, v.InferOutput<v.ObjectSchema<T, undefined>>> {
  const schema = v.object(entries);
  return v.fallback(v.pipe(v.unknown(), schema), () => v.parse(schema, {}));
}

const Owner = v.object({
  apiVersion: v.string(),
  kind: v.string(),
  name: v.string(),
  uid: v.string(),
  controller: v.optional(v.boolean(), false),
});

const Meta = v.object({
  name: v.fallback(v.optional(v.string(), ""), ""),
  namespace: text,
  uid: text,
  resourceVersion: text,
  generation: count,
  creationTimestamp: text,
  deletionTimestamp: text,
  labels: texts,
  annotations: texts,
  finalizers: list(v.string()),
  ownerReferences: list(Owner),
});

const PoolRefShape = part({
  apiGroup: v.fallback(v.optional(v.string(), ""), ""),
  kind: v.fallback(v.optional(v.string(), ""), ""),
  name: v.fallback(v.optional(v.string(), ""), ""),
});

const ClusterShape = v.object({
  metadata: Meta,
  spec: part({
    paused: flag,
    clusterNetwork: part({
      apiServerPort: count,
      pods: part({ cidrBlocks: list(v.string()) }),
      services: part({ cidrBlocks: list(v.string()) }),
    }),
    controlPlaneEndpoint: part({ host: text, port: count }),
    infrastructureRef: anything,
    controlPlaneRef: anything,
    topology: lenient(
      v.object({
        classRef: part({ name: text, namespace: text }),
        variables: list(v.object({ name: v.string(), value: anything })),
      }),
    ),
  }),
  status: part({
    controlPlane: part({ replicas: count }),
    initialization: part({ controlPlaneInitialized: flag }),
    conditions: list(anything),
  }),
});

const ConditionShape = v.object({
  type: v.picklist(ROLES.map(({ condition }) => condition)),
  status: v.picklist(["True", "False", "Unknown"]),
  reason: v.string(),
  message: v.fallback(v.optional(v.string(), ""), ""),
  observedGeneration: count,
  lastTransitionTime: text,
});

/** Everybody writes conditions there; ours are those of the roles. */
function ownCondition(condition: unknown): Condition[] {
  const { success, output } = v.safeParse(ConditionShape, condition);
  if (!success) return [];
  const { lastTransitionTime: since, observedGeneration, ...said } = output;
  return [{ ...said, observedGeneration, since }];
}

/** Cluster API takes a zero port and an empty host for unset. */
const nonZero = <T>(value: T): T | undefined => value || undefined;

export function clusterFacts(source: KubeObject, namespace?: string): ClusterFacts {
  const { metadata, spec, status } = v.parse(ClusterShape, source);
  const own = metadata.namespace ?? namespace ?? "";
  return {
    source,
    key: { namespace: own, name: metadata.name },
    uid: metadata.uid,
    deleting: metadata.deletionTimestamp !== undefined,
    class: classNameOf(spec.topology?.classRef, own),
    variables: new Map((spec.topology?.variables ?? []).map(({ name, value }) => [name, value])),
    endpoint: {
      host: nonZero(spec.controlPlaneEndpoint.host),
      port: nonZero(spec.controlPlaneEndpoint.port),
    },
    apiServerPort: nonZero(spec.clusterNetwork.apiServerPort),
    hasRefs: isSet(spec.infrastructureRef) || isSet(spec.controlPlaneRef),
    started: hasMachines(status),
    annotations: metadata.annotations,
    labels: metadata.labels,
    specPaused: spec.paused === true,
    networks: [...spec.clusterNetwork.pods.cidrBlocks, ...spec.clusterNetwork.services.cidrBlocks],
    generation: metadata.generation,
    conditions: status.conditions.flatMap(ownCondition),
  };
}

const PlacesShape = part({
  metadata: part({ annotations: texts }),
  spec: part({ controlPlaneEndpoint: part({ host: text }) }),
});

/** The addresses that a Cluster has, and nothing else of it: for looks at all there are. */
export function vipsOf(source: KubeObject): string[] {
  const { metadata, spec } = v.parse(PlacesShape, source);
  const hosts = ROLES.map(({ isEndpoint, annotation }) =>
    isEndpoint ? spec.controlPlaneEndpoint.host : metadata.annotations[annotation],
  );
  return hosts.flatMap((host) => canonicalAddress(host ?? "") ?? []);
}

type ClusterStatus = v.InferOutput<typeof ClusterShape>["status"];

const hasMachines = ({ controlPlane, initialization }: ClusterStatus): boolean =>
  (controlPlane.replicas ?? 0) > 0 || initialization.controlPlaneInitialized === true;

const classNameOf = (
  ref: { name?: string | undefined; namespace?: string | undefined } | undefined,
  own: string,
): ClassName | undefined => (ref?.name ? { namespace: ref.namespace ?? own, name: ref.name } : undefined);

const isSet = (ref: unknown): boolean =>
  typeof ref === "object" && ref !== null && Object.keys(ref).length > 0;

const Schema = part({
  openAPIV3Schema: v.fallback(v.optional(v.record(v.string(), v.unknown()), {}), {}),
});
const ClassShape = v.object({
  metadata: part({ generation: count }),
  spec: part({ variables: list(v.object({ name: v.string(), schema: Schema })) }),
  status: part({
    observedGeneration: count,
    conditions: list(v.object({ type: v.string(), status: v.string() })),
    variables: lenient(
      v.array(v.object({ name: v.string(), definitions: list(v.object({ schema: Schema })) })),
    ),
  }),
});

/** Definitions in status include those of external patches; spec is all there is before the first reconcile. */
export function classFacts(source: KubeObject): ClassFacts {
  const { metadata, spec, status } = v.parse(ClassShape, source);
  const fromSpec = spec.variables.map(({ name, schema }) => ({ name, schema }));
  const fromStatus = status.variables?.flatMap(({ name, definitions }) =>
    definitions.map(({ schema }) => ({ name, schema })),
  );
  const strings = stringsIn(fromStatus ?? fromSpec);
  const isSeen =
    metadata.generation === undefined ||
    metadata.generation === (status.observedGeneration ?? metadata.generation);
  const isReady = status.conditions.every(
    ({ type, status: is }) => type !== "VariablesReady" || is === "True",
  );
  return { strings, reconciled: isSeen && isReady };
}

interface Definition {
  readonly name: string;
  readonly schema: { readonly openAPIV3Schema: Readonly<Record<string, unknown>> };
}

/** A variable that somebody defines as no string is none; of two definitions that differ each may forbid what the other allows. */
function stringsIn(definitions: readonly Definition[]): ReadonlyMap<string, StringVariable> {
  const others = new Set(
    definitions.filter(({ schema }) => schema.openAPIV3Schema["type"] !== "string").map(({ name }) => name),
  );
  const strings = new Map<string, StringVariable>();
  for (const { name, schema } of definitions.filter((definition) => !others.has(definition.name))) {
    const variable = stringVariable(schema.openAPIV3Schema);
    const before = strings.get(name);
    const differs = before !== undefined && before.family !== variable.family;
    const restricted = variable.restricted || before?.restricted === true || differs;
    strings.set(name, { ...variable, default: before?.default ?? variable.default, restricted });
  }
  return strings;
}

/** What else a schema of type string may say without ruling any text out. */
const HARMLESS = ["type", "default", "description", "example", "x-metadata"];

const FAMILIES: Readonly<Record<string, 4 | 6>> = { ipv4: 4, ipv6: 6 };

function stringVariable({ format, ...schema }: Readonly<Record<string, unknown>>): StringVariable {
  const family = FAMILIES[String(format)];
  return {
    default: typeof schema["default"] === "string" ? schema["default"] : undefined,
    family,
    restricted:
      (format !== undefined && family === undefined) ||
      Object.keys(schema).some((key) => !HARMLESS.includes(key)),
  };
}

const Counts = part({ total: count, used: count, free: count, outOfRange: count });

export interface AddressCounts {
  readonly total: number | undefined;
  readonly free: number | undefined;
  readonly used: number | undefined;
}

/**
 * What a pool can give, and what of it is taken. The provider counts addresses that lie outside of the pool as
 * used as well, so that less is free by its count than the pool still gives.
 */
function countsOf({ total, used, free, outOfRange = 0 }: v.InferOutput<typeof Counts>): AddressCounts {
  return {
    total,
    free: free === undefined ? undefined : free + outOfRange,
    used: used === undefined ? undefined : used - outOfRange,
  };
}

const CountsShape = part({ status: part({ ipAddresses: Counts }) });

export const addressCounts = (pool: KubeObject): AddressCounts =>
  countsOf(v.parse(CountsShape, pool).status.ipAddresses);

const PoolShape = v.object({
  metadata: Meta,
  spec: part({
    addresses: lenient(v.array(v.string())),
    excludedAddresses: list(v.string()),
    gateway: text,
    prefix: count,
    allocateReservedIPAddresses: flag,
  }),
  status: part({ ipAddresses: Counts }),
});

export function poolFacts(
  source: KubeObject,
  kind: { group: string; kind: string; namespaced: boolean },
): PoolFacts {
  const { metadata, spec, status } = v.parse(PoolShape, source);
  return {
    ref: { apiGroup: kind.group, kind: kind.kind, name: metadata.name },
    namespace: kind.namespaced ? metadata.namespace : undefined,
    labels: metadata.labels,
    annotations: metadata.annotations,
    deleting: metadata.deletionTimestamp !== undefined,
    free: countsOf(status.ipAddresses).free,
    // Only the in-cluster provider is known to give what it says there, and to take an address made before.
    ranges: kind.group === IPAM_API ? poolRanges(spec) : undefined,
    prefix: spec.prefix,
    gateway: nonZero(spec.gateway),
  };
}

const ClaimShape = v.object({
  metadata: Meta,
  spec: part({ poolRef: PoolRefShape }),
  status: part({ addressRef: part({ name: text }) }),
});

/**
 * @param seenAt when this process first saw the claim in this version
 * @param now by the clock of this process; both in milliseconds since the epoch
 */
export function claimFacts(
  source: KubeObject,
  role: Pick<Role, "name">,
  seenAt: number,
  now: number,
): ClaimFacts {
  const { metadata, spec, status } = v.parse(ClaimShape, source);
  return {
    source,
    name: metadata.name,
    uid: metadata.uid ?? "",
    deleting: metadata.deletionTimestamp !== undefined,
    ours: metadata.labels[ROLE_LABEL] === role.name && isOfCluster(metadata.ownerReferences),
    pool: spec.poolRef,
    owner: controllerOf(metadata.ownerReferences),
    labelled: metadata.labels[CLUSTER_NAME_LABEL] !== undefined,
    addressName: nonZero(status.addressRef.name),
    youngest: Math.max(
      seenAt,
      believable(metadata.creationTimestamp, now),
      believable(metadata.annotations[RESERVED_AT], now),
    ),
  };
}

/** Another controller lives off this claim, which may be of another API's kind "Cluster". */
function isOfCluster(owners: readonly OwnerReference[]): boolean {
  const controller = controllerOf(owners);
  if (!controller) return true;
  return controller.kind === "Cluster" && controller.apiVersion.startsWith(`${CLUSTER_API}/`);
}

const controllerOf = (owners: readonly OwnerReference[]): OwnerReference | undefined =>
  owners.find(({ controller }) => controller) ?? owners[0];

/** Clocks of two machines differ a little; a time well in the future is a mistake and counts for nothing. */
const SKEW_MS = 600_000;

function believable(stamp: string | undefined, now: number): number {
  const time = timeOf(stamp);
  return time > now + SKEW_MS ? 0 : time;
}

/** Milliseconds since the epoch; text that is no time is the beginning of all time. */
function timeOf(stamp: string | undefined): number {
  const time = Date.parse(stamp ?? "");
  return Number.isNaN(time) ? 0 : time;
}

const AddressSpecShape = part({ spec: part({ address: v.fallback(v.optional(v.string(), ""), "") }) });
const AddressShape = v.object({
  metadata: Meta,
  spec: part({
    address: v.fallback(v.optional(v.string(), ""), ""),
    claimRef: part({ name: text }),
    poolRef: PoolRefShape,
  }),
});

/** The same of an IPAddress. */
export const addressOf = (source: KubeObject): string | undefined =>
  canonicalAddress(v.parse(AddressSpecShape, source).spec.address);

/** The one that an object gives, or none: as `vipsOf` for a Cluster. */
export function addressesOf(source: KubeObject): string[] {
  const address = addressOf(source);
  return address === undefined ? [] : [address];
}

export function addressFacts(source: KubeObject): AddressFacts {
  const { metadata, spec } = v.parse(AddressShape, source);
  return {
    source,
    name: metadata.name,
    address: canonicalAddress(spec.address),
    text: spec.address.slice(0, 64),
    deletingSince: metadata.deletionTimestamp === undefined ? undefined : timeOf(metadata.deletionTimestamp),
    inUse: metadata.finalizers.includes(IN_USE),
    clusterUid: metadata.annotations[CLUSTER_UID],
    labelled: metadata.labels[ROLE_LABEL] !== undefined,
    claimName: spec.claimRef.name,
    pool: spec.poolRef,
    pinnedAt: RESERVED_AT in metadata.annotations ? timeOf(metadata.annotations[RESERVED_AT]) : undefined,
  };
}
