/** Answers: what do the objects look like that a management cluster really holds? Plain, then changed word by word. */
import {
  CLASS_LABEL,
  CLUSTER_NAME_LABEL,
  CLUSTER_UID,
  DELETE_FOR_MOVE,
  DISABLED,
  HOLD,
  IN_USE,
  OUR_PAUSE,
  PAUSED,
  PRIORITY,
  RESERVED_AT,
  ROLE_LABEL,
} from "../../lib/core/contract";
import type { KubeObject } from "../../lib/core/facts";
import { CONTROL_PLANE, INGRESS } from "../../lib/core/roles";

export const NAMESPACE = "team-a";
export const NAME = "blue";
export const UID = "uid-blue";
/** The Cluster that had the name before. */
export const FORMER_UID = "uid-former";
export const CLASS = "rke2";
export const VARIABLE = CONTROL_PLANE.variable;
export const VIP_ANNOTATION = CONTROL_PLANE.annotation;
export const OPT_OUT = CONTROL_PLANE.optOut;
export const CLAIM = "vip-cp-blue";
export const VIP = "10.0.0.10";
export const OTHER_IP = "10.9.9.9";
export const INGRESS_CLAIM = "vip-ingress-blue";
export const INGRESS_VARIABLE = INGRESS.variable;
/** In the pool of the ingress role, and in no other. */
export const INGRESS_VIP = "10.0.1.10";
export const NOW = Date.parse("2026-06-01T12:00:00Z");

const SECOND = 1000;
export const seconds = (count: number): number => count * SECOND;
export const minutes = (count: number): number => seconds(60 * count);
export const hours = (count: number): number => minutes(60 * count);
const ago = (ms: number): string => new Date(NOW - ms).toISOString();

/** One property of an object, said in words. */
export type Change = (object: KubeObject) => KubeObject;

export function put(...path: readonly string[]): (value: unknown) => Change {
  return (value) => (object) => setIn(object, path, value) as KubeObject;
}

function setIn(object: unknown, path: readonly string[], value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  const fields = (object ?? {}) as Record<string, unknown>;
  return { ...fields, [key]: setIn(fields[key], rest, value) };
}

const build = (plain: KubeObject, changes: readonly Change[]): KubeObject =>
  deepFreeze(changes.reduce((object, change) => change(object), plain));

/** Whoever changes what was given to them is found out by a TypeError. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  Object.values(value).forEach(deepFreeze);
  return value instanceof AbortSignal || ArrayBuffer.isView(value) ? value : Object.freeze(value);
}

export const annotated = (key: string, value = "true"): Change => put("metadata", "annotations", key)(value);
export const labelled = (key: string, value: string): Change => put("metadata", "labels", key)(value);
export const terminating = (since = minutes(1)): Change => put("metadata", "deletionTimestamp")(ago(since));

// ---- Clusters ----------------------------------------------------------------------------------

/** A Cluster as it arrives in an admission request: without UID and times. */
export const cluster = (...changes: readonly Change[]): KubeObject =>
  build(
    {
      apiVersion: "cluster.x-k8s.io/v1beta2",
      kind: "Cluster",
      metadata: { namespace: NAMESPACE, name: NAME },
      spec: {
        clusterNetwork: { services: { cidrBlocks: ["10.96.0.0/16"] } },
        topology: { classRef: { name: CLASS }, version: "v1.34.1", controlPlane: { replicas: 3 } },
      },
    },
    changes,
  );

/** A Cluster as it is in etcd. */
export const stored = (...changes: readonly Change[]): KubeObject =>
  cluster(
    put("metadata", "uid")(UID),
    put("metadata", "resourceVersion")("100"),
    put("metadata", "creationTimestamp")(ago(hours(1))),
    ...changes,
  );

export const host = (ip: string, port?: number): Change => endpoint({ host: ip, ...(port && { port }) });
export const endpoint = put("spec", "controlPlaneEndpoint");
export const variables = (values: Readonly<Record<string, unknown>>): Change =>
  put("spec", "topology", "variables")(Object.entries(values).map(([name, value]) => ({ name, value })));
export const variable = (value: unknown): Change => variables({ [VARIABLE]: value });
export const ofClass = (name: string, namespace?: string): Change =>
  put("spec", "topology", "classRef")({ name, ...(namespace && { namespace }) });
export const noTopology: Change = put("spec", "topology")(undefined);
export const optedOut: Change = annotated(OPT_OUT, "false");
export const rendered: Change = put(
  "spec",
  "infrastructureRef",
)({ apiGroup: "infrastructure.cluster.x-k8s.io", kind: "Metal3Cluster", name: NAME });
export const controlPlaneRendered: Change = put(
  "spec",
  "controlPlaneRef",
)({ apiGroup: "controlplane.cluster.x-k8s.io", kind: "RKE2ControlPlane", name: NAME });
export const running: Change = put("status", "controlPlane")({ replicas: 3 });
export const initialized: Change = put("status", "initialization")({ controlPlaneInitialized: true });
export const withVipNote = (vip = VIP): Change => annotated(VIP_ANNOTATION, vip);
export const markedHeld = (reason: string): Change => annotated(HOLD, reason);
export const ourPause: Change = annotated(PAUSED, OUR_PAUSE);
export const held =
  (reason: string): Change =>
  (object) =>
    ourPause(markedHeld(reason)(object));
export const pausedByField: Change = put("spec", "paused")(true);
export const pausedByAnnotation: Change = annotated(PAUSED, "true");
export const movingAway: Change = annotated(DELETE_FOR_MOVE, "");

/** Complete: host, port, variable and annotation are all in place. */
export const complete =
  (vip = VIP): Change =>
  (object) =>
    withVipNote(vip)(variable(vip)(host(vip, 6443)(object)));

/** The VIP on record, where the role has no field of Cluster API's. */
export const withIngress =
  (vip = INGRESS_VIP): Change =>
  (object) =>
    labelled(INGRESS.annotation, vip)(annotated(INGRESS.annotation, vip)(object));
export const ingressOptedOut: Change = annotated(INGRESS.optOut, "false");
/** Its user replaced this VIP by another. */
export const replacedVip = (vip = VIP, of = CONTROL_PLANE): Change => annotated(of.replaced, vip);

// ---- Classes and pools -------------------------------------------------------------------------

export const clusterClass = (...changes: readonly Change[]): KubeObject =>
  build(
    {
      apiVersion: "cluster.x-k8s.io/v1beta2",
      kind: "ClusterClass",
      metadata: { namespace: NAMESPACE, name: CLASS },
      spec: {},
    },
    changes,
  );

export const defining = (
  ...definitions: readonly { name: string; type?: string; [schema: string]: unknown }[]
): Change =>
  put(
    "status",
    "variables",
  )(
    definitions.map(({ name, ...schema }) => ({
      name,
      definitions: [{ from: "inline", required: false, schema: { openAPIV3Schema: schema } }],
    })),
  );

export const wantsVip: Change = defining({ name: VARIABLE, type: "string" });
export const wantsBoth: Change = defining(
  { name: VARIABLE, type: "string" },
  { name: INGRESS.variable, type: "string" },
);
export const wantsVipWithDefault = (value: string): Change =>
  defining({ name: VARIABLE, type: "string", default: value });

const poolOf = (kind: string, metadata: object, changes: readonly Change[]): KubeObject =>
  build(
    {
      apiVersion: "ipam.cluster.x-k8s.io/v1alpha2",
      kind,
      metadata: { ...metadata, labels: { [CLASS_LABEL]: CLASS, [ROLE_LABEL]: CONTROL_PLANE.name } },
      spec: { addresses: ["10.0.0.10-10.0.0.19"], prefix: 24, gateway: "10.0.0.1" },
      status: { ipAddresses: { total: 10, used: 0, free: 10 } },
    },
    changes,
  );

export const pool = (name: string, ...changes: readonly Change[]): KubeObject =>
  poolOf("InClusterIPPool", { namespace: NAMESPACE, name }, changes);
export const globalPool = (name: string, ...changes: readonly Change[]): KubeObject =>
  poolOf("GlobalInClusterIPPool", { name }, changes);

export const free = (count: number): Change => put("status", "ipAddresses", "free")(count);
export const priority = (value: string): Change => annotated(PRIORITY, value);
export const disabled: Change = annotated(DISABLED);
export const forClass = (name: string): Change => labelled(CLASS_LABEL, name);
export const forRole = (name: string): Change => labelled(ROLE_LABEL, name);

export const giving = (...addresses: readonly string[]): Change => put("spec", "addresses")(addresses);
/** A pool of a kind that does not say in its `addresses` what it can give. */
export const ofUnknownRanges: Change = put("spec", "addresses")(undefined);
export const ingressPool = (name: string, ...changes: readonly Change[]): KubeObject =>
  pool(name, forRole(INGRESS.name), giving("10.0.1.10-10.0.1.19"), ...changes);

// ---- Claims and addresses ----------------------------------------------------------------------

/** Bare, unbound and an hour old: what a create leaves behind that was refused by somebody else. */
export const claim = (...changes: readonly Change[]): KubeObject =>
  build(
    {
      apiVersion: "ipam.cluster.x-k8s.io/v1beta2",
      kind: "IPAddressClaim",
      metadata: {
        namespace: NAMESPACE,
        name: CLAIM,
        uid: "uid-claim",
        resourceVersion: "200",
        creationTimestamp: ago(hours(1)),
        labels: { [ROLE_LABEL]: CONTROL_PLANE.name },
      },
      spec: { poolRef: poolRef("InClusterIPPool", "own") },
    },
    changes,
  );

const poolRef = (kind: string, name: string): object => ({ apiGroup: "ipam.cluster.x-k8s.io", kind, name });
export const fromPool = (name: string, kind = "InClusterIPPool"): Change =>
  put("spec", "poolRef")(poolRef(kind, name));
export const bound: Change = put("status", "addressRef")({ name: CLAIM });
export const created = (since: number): Change => put("metadata", "creationTimestamp")(ago(since));
export const reservedSince = (since: number): Change => annotated(RESERVED_AT, ago(since));
export const strangers: Change = put("metadata", "labels")({});
export const owned = (uid = UID): Change =>
  put(
    "metadata",
    "ownerReferences",
  )([{ apiVersion: "cluster.x-k8s.io/v1beta2", kind: "Cluster", name: NAME, uid, controller: true }]);
export const clusterLabelled: Change = labelled(CLUSTER_NAME_LABEL, NAME);

/** As the provider makes it: nothing of ours on it yet. */
export const address = (...changes: readonly Change[]): KubeObject =>
  build(
    {
      apiVersion: "ipam.cluster.x-k8s.io/v1beta2",
      kind: "IPAddress",
      metadata: { namespace: NAMESPACE, name: CLAIM, uid: "uid-address", resourceVersion: "300" },
      spec: {
        address: VIP,
        prefix: 24,
        gateway: "10.0.0.1",
        claimRef: { name: CLAIM },
        poolRef: poolRef("InClusterIPPool", "own"),
      },
    },
    changes,
  );

export const saying = put("spec", "address");
/** Made by us before its claim, and the claim did not come. */
export const pinnedSince = (since: number): Change => annotated(RESERVED_AT, ago(since));

/** The same of the ingress role. */
export const ingressClaim = (...changes: readonly Change[]): KubeObject =>
  claim(
    put("metadata", "name")(INGRESS_CLAIM),
    put("metadata", "uid")("uid-ingress-claim"),
    forRole(INGRESS.name),
    fromPool("web"),
    ...changes,
  );
export const ingressBound: Change = put("status", "addressRef")({ name: INGRESS_CLAIM });
export const ingressAddress = (...changes: readonly Change[]): KubeObject =>
  address(
    put("metadata", "name")(INGRESS_CLAIM),
    put("metadata", "uid")("uid-ingress-address"),
    put("spec", "claimRef")({ name: INGRESS_CLAIM }),
    put("spec", "poolRef")(poolRef("InClusterIPPool", "web")),
    saying(INGRESS_VIP),
    ...changes,
  );
export const secured =
  (uid = UID): Change =>
  (object) =>
    put("metadata", "finalizers")(["ipam.cluster.x-k8s.io/ProtectAddress", IN_USE])(
      annotated(CLUSTER_UID, uid)(labelled(ROLE_LABEL, CONTROL_PLANE.name)(object)),
    );
