/** The parts of the objects that the tests ask about. */
import type { KubeObject } from "../../../sandbox/fixtures";

export type { KubeObject } from "../../../sandbox/fixtures";

export interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number;
  readonly creationTimestamp: string;
  readonly deletionTimestamp?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly OwnerReference[];
  readonly managedFields?: readonly { readonly manager: string }[];
}

export interface OwnerReference {
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** An object as the API server stores it. */
export interface Stored {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
}

export interface Reference {
  readonly apiGroup?: string;
  readonly kind: string;
  readonly name: string;
}

export interface Endpoint {
  readonly host?: string;
  readonly port?: number;
}

export interface Variable {
  readonly name: string;
  readonly value: unknown;
}

export interface Cluster extends Stored {
  readonly spec: {
    readonly paused?: boolean;
    readonly controlPlaneEndpoint?: Endpoint;
    readonly infrastructureRef?: Reference;
    readonly controlPlaneRef?: Reference;
    readonly topology?: {
      /** v1beta1 */
      readonly class?: string;
      readonly classRef?: { readonly name: string; readonly namespace?: string };
      readonly variables?: readonly Variable[];
    };
  };
  readonly status?: {
    readonly controlPlane?: { readonly replicas?: number };
    readonly conditions?: readonly Condition[];
  };
}

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration?: number;
  readonly lastTransitionTime: string;
}

/** What the lab infrastructure provider is given; nobody fills in what the ClusterClass does not say. */
export interface InfraCluster extends Stored {
  readonly spec?: { readonly controlPlaneEndpoint?: Endpoint };
}

export interface KubeadmControlPlane extends Stored {
  readonly spec: {
    readonly kubeadmConfigSpec: {
      readonly clusterConfiguration?: { readonly apiServer?: { readonly certSANs?: readonly string[] } };
    };
  };
}

export interface Claim extends Stored {
  readonly spec: { readonly clusterName?: string; readonly poolRef: Reference };
  readonly status?: { readonly addressRef?: { readonly name: string } };
}

export interface Address extends Stored {
  readonly spec: {
    readonly address: string;
    readonly poolRef: Reference;
    readonly claimRef: { readonly name: string };
  };
}

/** Where the API server keeps a kind. */
export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
}

export const CLUSTERS: Resource = { group: "cluster.x-k8s.io", version: "v1beta2", plural: "clusters" };
export const CLUSTERS_V1BETA1: Resource = { ...CLUSTERS, version: "v1beta1" };
export const CLASSES: Resource = { ...CLUSTERS, plural: "clusterclasses" };
export const MACHINES: Resource = { ...CLUSTERS, plural: "machines" };
export const CLAIMS: Resource = {
  group: "ipam.cluster.x-k8s.io",
  version: "v1beta2",
  plural: "ipaddressclaims",
};
export const ADDRESSES: Resource = { ...CLAIMS, plural: "ipaddresses" };
export const POOLS: Resource = { ...CLAIMS, version: "v1alpha2", plural: "inclusterippools" };
export const GLOBAL_POOLS: Resource = { ...POOLS, plural: "globalinclusterippools" };
export const INFRA_CLUSTERS: Resource = {
  group: "infrastructure.cluster.x-k8s.io",
  version: "v1beta2",
  plural: "labclusters",
};
export const CONTROL_PLANES: Resource = {
  group: "controlplane.cluster.x-k8s.io",
  version: "v1beta2",
  plural: "kubeadmcontrolplanes",
};

/** The resource that an object belongs to. */
export function resourceOf({ apiVersion, kind }: Pick<KubeObject, "apiVersion" | "kind">): Resource {
  const slash = apiVersion.indexOf("/");
  const lower = kind.toLowerCase();
  return {
    group: slash < 0 ? "" : apiVersion.slice(0, slash),
    version: apiVersion.slice(slash + 1),
    plural: /(s|x|ch)$/.test(lower) ? `${lower}es` : `${lower}s`,
  };
}
