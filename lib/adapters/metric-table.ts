/**
 * Answers: what do we count and measure?
 *
 * Every series there is, as data: registration, docs/observability.md and the tests are made of it. Names, types
 * and labels of the first twelve are those of the Go original.
 */
import { REASONS } from "../core/verdict";
import { ROLES } from "../core/roles";
import { SETTINGS } from "../settings";

export const METRIC_PREFIX = "capi_vip_allocator_";

export interface Metric {
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly labels: readonly string[];
  readonly buckets?: readonly number[];
  /**
   * Gauges tell what the watcher sees, so only its process has them; what every process counts is to be summed,
   * and what it says of itself is not.
   */
  readonly from: "every process" | "watcher";
}

/** The original's, which end at 10 s, and those beyond, where a Cluster that was held comes to lie. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 60, 120, 300];

export const METRICS = {
  allocations_total: {
    type: "counter",
    help: "VIPs that were reserved and written on a Cluster",
    labels: ["role", "cluster_class"],
    from: "every process",
  },
  allocation_errors_total: {
    type: "counter",
    help: "VIPs that could not be had, each change of the reason once, and writes that failed",
    labels: ["role", "cluster_class", "reason"],
    from: "every process",
  },
  allocation_duration_seconds: {
    type: "histogram",
    help: "From the create of a Cluster to its VIP, the wait for the provider included",
    labels: ["role", "cluster_class"],
    buckets: SECONDS,
    from: "every process",
  },
  pools_available: {
    type: "gauge",
    help: "Pools that can give an address to a class and a role; 0 where a class that is there wants one in vain",
    labels: ["cluster_class", "role"],
    from: "watcher",
  },
  pool_addresses_total: {
    type: "gauge",
    help: "Addresses in a pool, as its provider says",
    labels: ["pool_name"],
    from: "watcher",
  },
  pool_addresses_free: {
    type: "gauge",
    help: "Addresses that a pool can still give",
    labels: ["pool_name"],
    from: "watcher",
  },
  pool_addresses_used: {
    type: "gauge",
    help: "Addresses of a pool that it cannot give",
    labels: ["pool_name"],
    from: "watcher",
  },
  claims_total: {
    type: "gauge",
    help: "IPAddressClaims for VIPs",
    labels: ["role", "namespace"],
    from: "watcher",
  },
  claims_ready: {
    type: "gauge",
    help: "IPAddressClaims for VIPs that have their address",
    labels: ["role", "namespace"],
    from: "watcher",
  },
  claims_pending: {
    type: "gauge",
    help: "IPAddressClaims for VIPs that wait for their address",
    labels: ["role", "namespace"],
    from: "watcher",
  },
  reconcile_total: {
    type: "counter",
    help: "Passes of the watcher over a Cluster, by their result: success, error, skipped or requeued",
    labels: ["cluster_class", "result"],
    from: "every process",
  },
  reconcile_duration_seconds: {
    type: "histogram",
    help: "Duration of a pass of the watcher over a Cluster",
    labels: ["cluster_class"],
    buckets: SECONDS,
    from: "every process",
  },
  clusters: {
    type: "gauge",
    help: "Clusters by the reason they are in, as last decided",
    labels: ["role", "reason"],
    from: "watcher",
  },
  held_clusters: {
    type: "gauge",
    help: "Clusters that are held, by the reason in their annotation",
    labels: ["reason"],
    from: "watcher",
  },
  held_oldest_seconds: {
    type: "gauge",
    help: "How long the Cluster that is held longest has been; 0 when none is",
    labels: [],
    from: "watcher",
  },
  restores_total: {
    type: "counter",
    help: "Updates of a Cluster in which something of a VIP was put back, as often as the webhook was asked",
    labels: ["role"],
    from: "every process",
  },
  refusals_total: {
    type: "counter",
    help: "Requests that were denied, dry-runs as well",
    labels: ["operation", "reason"],
    from: "every process",
  },
  orphans_swept_total: {
    type: "counter",
    help: "Claims and pinned addresses that were removed because their Cluster is gone or never came",
    labels: ["role"],
    from: "every process",
  },
  releases_total: {
    type: "counter",
    help: "Addresses that were let go, so that their pool can give them again",
    labels: ["role"],
    from: "every process",
  },
  queue_depth: {
    type: "gauge",
    help: "Clusters that wait for a worker",
    labels: [],
    from: "watcher",
  },
  queue_oldest_seconds: {
    type: "gauge",
    help: "How long the Cluster that waits longest for a worker has waited; 0 when none does",
    labels: [],
    from: "watcher",
  },
  admission_wait_seconds: {
    type: "histogram",
    help: "How long a create waited for the provider's answer",
    labels: ["role"],
    buckets: SECONDS,
    from: "every process",
  },
  admission_duration_seconds: {
    type: "histogram",
    help: "Duration of the webhook's answer, waits included",
    labels: ["operation"],
    buckets: SECONDS,
    from: "every process",
  },
  build_info: {
    type: "gauge",
    help: "1, with the version of this module and of the Pepr that it was built with",
    labels: ["version", "pepr"],
    from: "every process",
  },
  settings_info: {
    type: "gauge",
    help: "1, with the settings in force",
    labels: Object.keys(SETTINGS).map(settingLabel),
    from: "every process",
  },
} as const satisfies Record<string, Metric>;

export type MetricName = keyof typeof METRICS;
export type Labels<N extends MetricName> = Readonly<Record<(typeof METRICS)[N]["labels"][number], string>>;

export const metricNames = Object.keys(METRICS) as MetricName[];

/** `VIP_NO_POOL` is the label `no_pool`. */
export function settingLabel(name: string): string {
  return name.replace(/^VIP_/, "").toLowerCase();
}

const refusals = Object.entries(REASONS).flatMap(([name, { class: of }]) => (of === "refusal" ? [name] : []));

/**
 * The values of labels that are known before anything happens. A counter of such labels only starts at 0 and not
 * at 1: a rate does not see the first step of a series otherwise.
 */
export const KNOWN_VALUES: { readonly [N in MetricName]?: Readonly<Record<string, readonly string[]>> } = {
  restores_total: { role: ROLES.map(({ name }) => name) },
  refusals_total: { operation: ["CREATE", "UPDATE"], reason: refusals },
  orphans_swept_total: { role: ROLES.map(({ name }) => name) },
  releases_total: { role: ROLES.map(({ name }) => name) },
};
