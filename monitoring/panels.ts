/**
 * Answers: what does an operator see at a glance, and by which queries?
 *
 * Numbers about the world come from the watcher alone, and `max` counts them once while two watchers overlap in a
 * rollout. Counters and histograms are in every process and are summed.
 */

/** What the numbers are, in Grafana's names of units. */
type Unit = "short" | "s" | "percentunit" | "none";

export interface Query {
  readonly legend: string;
  readonly expr: string;
}

export interface Panel {
  readonly title: string;
  readonly says: string;
  readonly unit: Unit;
  readonly queries: readonly Query[];
  /** One number, of now; otherwise a line over time. */
  readonly form?: "number" | "stacked";
  /** From here on it is orange, and from there red. */
  readonly limits?: readonly [number, number];
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

const metric = (name: string): string => `capi_vip_allocator_${name}`;

/** What a counter grows by in a minute: VIPs are rare, and a rate in seconds is hard to read. */
const perMinute = (name: string, by: string): string =>
  `60 * sum by (${by}) (rate(${metric(name)}[$__rate_interval]))`;

const latest = (name: string, by: string): string => `max by (${by}) (${metric(name)})`;

const quantile = (of: number, name: string, by?: string): string => {
  const labels = by === undefined ? "le" : `le, ${by}`;
  return `histogram_quantile(${of}, sum by (${labels}) (rate(${metric(name)}_bucket[$__rate_interval])))`;
};

const quantiles = (name: string): Query[] =>
  [0.5, 0.95, 0.99].map((of) => ({ legend: `p${of * 100}`, expr: quantile(of, name) }));

const ATTEMPTS = '{__name__=~"capi_vip_allocator_allocation(s|_errors)_total"}';

const WATCHER = `${metric("build_info")} and on (instance) ${metric("queue_depth")}`;
const ADMISSION = `${metric("build_info")} unless on (instance) ${metric("queue_depth")}`;

export const ROWS: readonly Row[] = [
  {
    title: "VIPs",
    panels: [
      {
        title: "Attempts that went well",
        says: "VIPs that were given, of all attempts in the time that is shown.",
        unit: "percentunit",
        form: "number",
        queries: [
          {
            legend: "given",
            expr: `sum(rate(${metric("allocations_total")}[$__range])) / sum(rate(${ATTEMPTS}[$__range]))`,
          },
        ],
      },
      {
        title: "VIPs given per minute",
        says: "By role.",
        unit: "short",
        queries: [{ legend: "{{role}}", expr: perMinute("allocations_total", "role") }],
      },
      {
        title: "Errors per minute",
        says: "By reason; docs/reasons.md says what each means and what to do.",
        unit: "short",
        queries: [{ legend: "{{reason}}", expr: perMinute("allocation_errors_total", "reason") }],
      },
      {
        title: "Time to a VIP",
        says: "From the create of a Cluster to its VIP, with the wait for the IPAM provider; for a Cluster that was held, with all the time it was held.",
        unit: "s",
        queries: quantiles("allocation_duration_seconds"),
      },
      {
        title: "The provider's share",
        says: "How long creates waited for the answer of the IPAM provider.",
        unit: "s",
        queries: quantiles("admission_wait_seconds"),
      },
      {
        title: "Time of the webhook's answer",
        says: "p99 by operation. An update never waits for anything.",
        unit: "s",
        queries: [
          { legend: "{{operation}}", expr: quantile(0.99, "admission_duration_seconds", "operation") },
        ],
      },
    ],
  },
  {
    title: "Pools and claims",
    panels: [
      {
        title: "Free addresses",
        says: "By pool, as its provider counts them.",
        unit: "short",
        queries: [{ legend: "{{pool_name}}", expr: latest("pool_addresses_free", "pool_name") }],
      },
      {
        title: "Pools in use",
        says: "Used addresses of all in the pool.",
        unit: "percentunit",
        limits: [0.8, 1],
        queries: [
          {
            legend: "{{pool_name}}",
            expr: `${latest("pool_addresses_used", "pool_name")} / ${latest("pool_addresses_total", "pool_name")}`,
          },
        ],
      },
      {
        title: "Pools that can serve",
        says: "By class and role; 0 where a class wants a VIP and no pool can give one.",
        unit: "none",
        queries: [
          { legend: "{{cluster_class}} {{role}}", expr: latest("pools_available", "cluster_class, role") },
        ],
      },
      {
        title: "Claims",
        says: "IPAddressClaims for VIPs, all and those without an address yet.",
        unit: "none",
        queries: [
          { legend: "all {{namespace}} {{role}}", expr: latest("claims_total", "namespace, role") },
          { legend: "ready {{namespace}} {{role}}", expr: latest("claims_ready", "namespace, role") },
          { legend: "waiting {{namespace}} {{role}}", expr: latest("claims_pending", "namespace, role") },
        ],
      },
    ],
  },
  {
    title: "Clusters",
    panels: [
      {
        title: "Held for the longest",
        says: "Age of the Cluster that has been held longest; 0 where none is held.",
        unit: "s",
        form: "number",
        limits: [60, 600],
        queries: [{ legend: "oldest", expr: `max(${metric("held_oldest_seconds")})` }],
      },
      {
        title: "Held Clusters",
        says: "By the reason in their annotation. Nothing is rendered for them until they have their VIP.",
        unit: "none",
        form: "stacked",
        queries: [{ legend: "{{reason}}", expr: latest("held_clusters", "reason") }],
      },
      {
        title: "Clusters",
        says: "By role and by the reason that was last decided.",
        unit: "none",
        form: "stacked",
        queries: [{ legend: "{{role}} {{reason}}", expr: latest("clusters", "role, reason") }],
      },
    ],
  },
  {
    title: "What was done",
    panels: [
      {
        title: "Put back, let go and swept per minute",
        says: "VIPs put back on an update, addresses let go, and left-over claims removed.",
        unit: "short",
        queries: [
          { legend: "put back {{role}}", expr: perMinute("restores_total", "role") },
          { legend: "let go {{role}}", expr: perMinute("releases_total", "role") },
          { legend: "swept {{role}}", expr: perMinute("orphans_swept_total", "role") },
        ],
      },
      {
        title: "Refused requests per minute",
        says: "By operation and reason.",
        unit: "short",
        queries: [
          { legend: "{{operation}} {{reason}}", expr: perMinute("refusals_total", "operation, reason") },
        ],
      },
    ],
  },
  {
    title: "Processes",
    panels: [
      {
        title: "Processes",
        says: "That are seen: two of admission and one watcher, unless you changed that.",
        unit: "none",
        form: "number",
        queries: [
          { legend: "admission", expr: `count(${ADMISSION})` },
          { legend: "watcher", expr: `count(${WATCHER})` },
        ],
      },
      {
        title: "Versions",
        says: "More than one for longer than a rollout is a mistake.",
        unit: "none",
        form: "number",
        queries: [
          {
            legend: "{{version}}, Pepr {{pepr}}",
            expr: `count by (version, pepr) (${metric("build_info")})`,
          },
        ],
      },
      {
        title: "Queue of the watcher",
        says: "Clusters that wait for a worker.",
        unit: "none",
        queries: [{ legend: "waiting", expr: `max(${metric("queue_depth")})` }],
      },
      {
        title: "Age of the queue",
        says: "How long the Cluster at its head has waited for a worker.",
        unit: "s",
        queries: [{ legend: "oldest", expr: `max(${metric("queue_oldest_seconds")})` }],
      },
      {
        title: "Passes per minute",
        says: "Of the watcher over a Cluster, by result.",
        unit: "short",
        queries: [{ legend: "{{result}}", expr: perMinute("reconcile_total", "result") }],
      },
      {
        title: "Time of a pass",
        says: "Of the watcher over a Cluster.",
        unit: "s",
        queries: quantiles("reconcile_duration_seconds"),
      },
      {
        title: "Requests per minute and process",
        says: "That the webhook answered. A process of admission without any gets no traffic.",
        unit: "short",
        queries: [
          { legend: "{{instance}}", expr: perMinute("admission_duration_seconds_count", "instance") },
        ],
      },
      {
        title: "Time to read the metrics",
        says: "By process. It grows where a process is overloaded.",
        unit: "s",
        queries: [
          {
            legend: "{{instance}}",
            expr: `max by (instance) (scrape_duration_seconds and on (instance) ${metric("build_info")})`,
          },
        ],
      },
    ],
  },
];
