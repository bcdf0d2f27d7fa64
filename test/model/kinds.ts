/** The objects of the model world, as its people and controllers make them. */
import { ADDRESSES, CLAIMS, CLASSES, CLUSTERS, GLOBAL_POOLS, POOLS } from "../../lib/adapters/kinds";
import { CLASS_LABEL, PAUSED, ROLE_LABEL } from "../../lib/core/contract";
import type { KubeObject } from "../../lib/core/facts";
import { CONTROL_PLANE, INGRESS, type Role } from "../../lib/core/roles";
import { NAMESPACE } from "../gen/objects";

export { ADDRESSES, CLAIMS, CLASSES, CLUSTERS, GLOBAL_POOLS, NAMESPACE, POOLS };

/** The fields that the model world reads. */
export interface ClusterObject extends KubeObject {
  readonly spec: {
    readonly paused?: boolean;
    readonly controlPlaneEndpoint?: { readonly host?: string; readonly port?: number };
    readonly infrastructureRef?: object;
    readonly controlPlaneRef?: object;
    readonly clusterNetwork?: object;
    readonly topology?: {
      readonly classRef: { readonly name: string };
      readonly variables?: readonly { readonly name: string; readonly value: unknown }[];
    };
  };
  readonly status?: {
    readonly controlPlane?: { readonly replicas?: number };
    readonly conditions?: readonly { readonly type: string }[];
  };
}

export const asCluster = (object: KubeObject): ClusterObject => object as ClusterObject;

export const hostOf = (object: KubeObject | undefined): string | undefined =>
  (object && asCluster(object).spec.controlPlaneEndpoint?.host) || undefined;

export const variableOf = (object: KubeObject | undefined, { variable }: Role): unknown =>
  object && asCluster(object).spec.topology?.variables?.find(({ name }) => name === variable)?.value;

/** The address that stands where the role shows on a Cluster. */
export const vipOf = (object: KubeObject | undefined, role: Role): string | undefined =>
  role.isEndpoint ? hostOf(object) : object?.metadata.annotations?.[role.annotation];

/** What machines are made from. */
export const variablesOf = (object: KubeObject): string =>
  JSON.stringify([variableOf(object, CONTROL_PLANE), variableOf(object, INGRESS)]);

export const classNameOf = (object: KubeObject): string =>
  asCluster(object).spec.topology?.classRef.name ?? "";

export const isRendered = (object: KubeObject): boolean =>
  asCluster(object).spec.infrastructureRef !== undefined;

export const hasStarted = (object: KubeObject): boolean =>
  (asCluster(object).status?.controlPlane?.replicas ?? 0) > 0;

export const isPaused = (object: KubeObject): boolean =>
  asCluster(object).spec.paused === true || object.metadata.annotations?.[PAUSED] !== undefined;

export const isGoing = ({ metadata }: KubeObject): boolean => metadata.deletionTimestamp !== undefined;

/** How a class may define the VIP variable. */
export const VARIANTS = {
  wants: { type: "string", default: "" },
  optional: { type: "string" },
  defaulted: { type: "string", default: "0.0.0.0" },
  without: undefined,
  restricted: { type: "string", default: "", pattern: "^(10[.]0[.]0[.].*)?$" },
  odd: { type: "object" },
} as const;
export type Variant = keyof typeof VARIANTS;

/** How it defines the variable of each role. */
export interface Shape {
  readonly endpoint: Variant;
  readonly ingress: Variant;
}

export const classObject = (name: string, { endpoint, ingress }: Shape): KubeObject => ({
  metadata: { namespace: NAMESPACE, name },
  spec: { variables: [...defining(CONTROL_PLANE, endpoint), ...defining(INGRESS, ingress)] },
});

function defining({ variable }: Role, variant: Variant): object[] {
  const schema = VARIANTS[variant];
  return schema ? [{ name: variable, required: false, schema: { openAPIV3Schema: schema } }] : [];
}

interface Definition {
  readonly type: string;
  readonly default?: string;
  readonly pattern?: string;
}

/** Whether Cluster API would have this value. */
export const isAllowed = (value: unknown, definition: Definition | undefined): boolean =>
  value === undefined ||
  (definition !== undefined &&
    typeof value === definition.type &&
    new RegExp(definition.pattern ?? "").test(String(value)));

interface Defined {
  readonly name: string;
  readonly schema: { readonly openAPIV3Schema: Definition };
}

/** What the class in force says of the VIP variable; undefined where it does not know it. */
export const definitionIn = (aClass: KubeObject | undefined, { variable }: Role): Definition | undefined =>
  (aClass?.["spec"] as { variables: Defined[] } | undefined)?.variables.find(({ name }) => name === variable)
    ?.schema.openAPIV3Schema;

export const poolObject = (
  name: string,
  className: string,
  role: Role,
  addresses: readonly string[],
): KubeObject => ({
  metadata: { name, labels: { [CLASS_LABEL]: className, [ROLE_LABEL]: role.name } },
  spec: { addresses, prefix: 24, gateway: "" },
});

/** What an IPAddress says. */
export const textOf = ({ spec }: KubeObject): string => (spec as { address: string }).address;

export const addressesOf = (pool: KubeObject): readonly string[] =>
  (pool["spec"] as { addresses: readonly string[] }).addresses;

/** Where the finalizers go that hold an object, an object without them. */
export const withoutFinalizer = (object: KubeObject, finalizer: string): KubeObject => ({
  ...object,
  metadata: {
    ...object.metadata,
    finalizers: (object.metadata.finalizers ?? []).filter((name) => name !== finalizer),
  },
});

export const withFinalizer = (object: KubeObject, finalizer: string): KubeObject => ({
  ...object,
  metadata: { ...object.metadata, finalizers: [...(object.metadata.finalizers ?? []), finalizer] },
});
