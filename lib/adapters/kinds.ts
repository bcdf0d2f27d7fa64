/** Answers: under which group, version and name does the API server serve what we use? API versions live here only. */
import { CLUSTER_API, IPAM_API } from "../core/contract";

export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

const clusterApi = { group: CLUSTER_API, version: "v1beta2", namespaced: true };
const ipam = { group: IPAM_API, version: "v1beta2", namespaced: true };
const pools = { group: IPAM_API, version: "v1alpha2" };

export const CLUSTERS: Resource = { ...clusterApi, kind: "Cluster", plural: "clusters" };
export const CLASSES: Resource = { ...clusterApi, kind: "ClusterClass", plural: "clusterclasses" };
export const CLAIMS: Resource = { ...ipam, kind: "IPAddressClaim", plural: "ipaddressclaims" };
export const ADDRESSES: Resource = { ...ipam, kind: "IPAddress", plural: "ipaddresses" };

export const POOLS: Resource = {
  ...pools,
  kind: "InClusterIPPool",
  plural: "inclusterippools",
  namespaced: true,
};
export const GLOBAL_POOLS: Resource = {
  ...pools,
  kind: "GlobalInClusterIPPool",
  plural: "globalinclusterippools",
  namespaced: false,
};
/** What users find below `kubectl describe`. */
export const EVENTS: Resource = {
  group: "events.k8s.io",
  version: "v1",
  kind: "Event",
  plural: "events",
  namespaced: true,
};

/** The kinds that count as pools in every installation. */
export const IN_CLUSTER_POOLS: readonly Resource[] = [POOLS, GLOBAL_POOLS];
