/**
 * Answers: which names does a user see on objects?
 *
 * These are a contract: manifests, dashboards and the Go original (gorizond/capi-vip-allocator) use them.
 */

export const PREFIX = "vip.capi.gorizond.io/";

/** Labels of pools, claims and addresses. */
export const CLASS_LABEL = `${PREFIX}cluster-class`;
export const ROLE_LABEL = `${PREFIX}role`;

/** On a pool: higher is taken first; "true" takes the pool out of use for new VIPs. */
export const PRIORITY = `${PREFIX}priority`;
export const DISABLED = `${PREFIX}disabled`;

/** On a Cluster: why nothing is rendered yet, or one of the two words that end a hold. */
export const HOLD = `${PREFIX}hold`;
/** The user's deliberate way out of a hold. */
export const RELEASED = "released";
/** Our own way out, removed on the pass that follows. */
export const LIFTED = "lifted";

/** Cluster API renders nothing while this annotation stands, whatever its value. */
export const PAUSED = "cluster.x-k8s.io/paused";
/** The value that tells our pause from a user's. */
export const OUR_PAUSE = HOLD;

/** On a Cluster: allow a VIP that came late to be written although that may roll machines. */
export const APPLY_LATE = `${PREFIX}apply-late`;

/** On a Cluster, in the request that changes its VIP: the new one. The hook takes it off again. */
export const ALLOW_CHANGE = `${PREFIX}allow-change`;

/** On a claim or an address of ours: when an admission request last counted on it; a sweep keeps its hands off until it is old. */
export const RESERVED_AT = `${PREFIX}reserved-at`;

/** On an IPAddress: keeps the address counted as used while its Cluster may still answer there. */
export const IN_USE = `${PREFIX}in-use`;
/** On an IPAddress: the Cluster it is kept for. */
export const CLUSTER_UID = `${PREFIX}cluster-uid`;

/** Cluster API's label that lets `clusterctl move` find a claim, and IPAM providers honour a pause. */
export const CLUSTER_NAME_LABEL = "cluster.x-k8s.io/cluster-name";
/** clusterctl puts this on every object it is about to delete in the source cluster. */
export const DELETE_FOR_MOVE = "clusterctl.cluster.x-k8s.io/delete-for-move";

export const CLUSTER_API = "cluster.x-k8s.io";
export const IPAM_API = "ipam.cluster.x-k8s.io";
