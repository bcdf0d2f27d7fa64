/** The objects of the model world, as its people and controllers make them. */
import { ADDRESSES, CLAIMS, CLASSES, CLUSTERS, GLOBAL_POOLS, POOLS } from "../../lib/adapters/kinds";
import { CLASS_LABEL, PAUSED, ROLE_LABEL } from "../../lib/core/contract";
import type { KubeObject } from "../../lib/core/facts";
import { CONTROL_PLANE } from "../../lib/core/roles";
import { NAMESPACE, VARIABLE, VIP_ANNOTATION as VIP_NOTE } from "../gen/objects";

export { ADDRESSES, CLAIMS, CLASSES, CLUSTERS, GLOBAL_POOLS, NAMESPACE, POOLS, VARIABLE, VIP_NOTE };

/** The fields that the model world reads. */
export interface ClusterObject extends KubeObject {
  readonly spec: {
    readonly paused?: boolean;
    readonly controlPlaneEndpoint?: { readonly host?: string; readonly port?: number };
    readonly infrastructureRef?: object;
    readonly controlPlaneRef?: object;
    readonly topology?: {
      readonly classRef: { readonly name: string };
      readonly variables?: readonly { readonly name: string; readonly value: unknown }[];
    };
  };
  readonly status?: { readonly controlPlane?: { readonly replicas?: number } };
}

export const asCluster = (object: KubeObject): ClusterObject => object as ClusterObject;

export const hostOf = (object: KubeObject | undefined): string | undefined =>
  (object && asCluster(object).spec.controlPlaneEndpoint?.host) || undefined;

export const variableOf = (object: KubeObject | undefined): unknown =>
  object && asCluster(object).spec.topology?.variables?.find(({ name }) => name === VARIABLE)?.value;

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

export const classObject = (name: string, variant: Variant): KubeObject => {
  const schema = VARIANTS[variant];
  const definition = { name: VARIABLE, required: false, schema: { openAPIV3Schema: schema } };
  return {
    metadata: { namespace: NAMESPACE, name },
    spec: { variables: schema ? [definition] : [] },
  };
};

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

/** What the class in force says of the VIP variable; undefined where it does not know it. */
export const definitionIn = (aClass: KubeObject): Definition | undefined =>
  (aClass["spec"] as { variables: { schema: { openAPIV3Schema: Definition } }[] }).variables[0]?.schema
    .openAPIV3Schema;

export const poolObject = (name: string, className: string, addresses: readonly string[]): KubeObject => ({
  metadata: { name, labels: { [CLASS_LABEL]: className, [ROLE_LABEL]: CONTROL_PLANE.name } },
  spec: { addresses, prefix: 24, gateway: "" },
});

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
