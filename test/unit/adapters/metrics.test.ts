import type { metricsCollector as MetricsCollector } from "pepr";
import { METRIC_PREFIX, metricNames, METRICS, type Metric } from "../../../lib/adapters/metric-table";
import { Metrics } from "../../../lib/adapters/metrics";
import { joinMetrics } from "../../../lib/adapters/pepr-metrics";

interface Registered {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly labelNames?: readonly string[];
  readonly upperBounds?: readonly number[];
}

const registered = (metrics: Metrics): Registered[] =>
  metrics.registry.getMetricsAsArray() as unknown as Registered[];

const SEED_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

describe("The table of metrics", () => {
  test.each(metricNames)("%s is registered with the type, the help and the labels of its row", (name) => {
    const row: Metric = METRICS[name];
    const [found, ...others] = registered(new Metrics(true)).filter(
      (metric) => metric.name === METRIC_PREFIX + name,
    );
    expect(others).toEqual([]);
    expect(found).toMatchObject({ type: row.type, help: row.help, labelNames: row.labels });
    if (row.buckets) expect(found?.upperBounds).toEqual(row.buckets);
  });

  test("names nothing that is not registered, and nothing is registered that it does not name", () => {
    expect(registered(new Metrics(true)).map(({ name }) => name)).toEqual(
      metricNames.map((name) => METRIC_PREFIX + name),
    );
  });

  test("leaves the gauges of the world to the watcher, and counters and histograms to all", () => {
    const names = registered(new Metrics(false)).map(({ name }) => name.slice(METRIC_PREFIX.length));
    const own = ["build_info", "settings_info"];
    expect(names).toEqual(metricNames.filter((name) => METRICS[name].type !== "gauge" || own.includes(name)));
  });

  test.each(metricNames.filter((name) => METRICS[name].type === "histogram"))(
    "%s has the buckets of the original, and further ones up to five minutes",
    (name) => {
      const { buckets = [] }: Metric = METRICS[name];
      expect(buckets.slice(0, SEED_BUCKETS.length)).toEqual(SEED_BUCKETS);
      expect(buckets.slice(SEED_BUCKETS.length)).toEqual([15, 30, 60, 120, 300]);
    },
  );
});

describe("A counter", () => {
  test("whose labels are all known starts at 0, so that a rate sees its first step", async () => {
    const text = await new Metrics(false).registry.metrics();
    expect(text).toContain(`${METRIC_PREFIX}restores_total{role="ingress"} 0`);
    expect(text).toContain(`${METRIC_PREFIX}refusals_total{operation="UPDATE",reason="VipChange"} 0`);
  });

  test("with names in its labels has no series before something happens", async () => {
    const text = await new Metrics(false).registry.metrics();
    expect(text).not.toMatch(new RegExp(`^${METRIC_PREFIX}allocations_total`, "m"));
  });
});

describe("A gauge", () => {
  test("says at each scrape what is, and no longer what was", async () => {
    const metrics = new Metrics(true);
    let pools = [
      { labels: { pool_name: "one" }, value: 1 },
      { labels: { pool_name: "two" }, value: 2 },
    ];
    metrics.gauge("pool_addresses_free", () => pools);
    const seen = async (): Promise<string[]> =>
      (await metrics.registry.metrics())
        .split("\n")
        .filter((line) => line.startsWith(`${METRIC_PREFIX}pool_addresses_free{`));

    await expect(seen()).resolves.toHaveLength(2);
    pools = [{ labels: { pool_name: "two" }, value: 3 }];
    await expect(seen()).resolves.toEqual([`${METRIC_PREFIX}pool_addresses_free{pool_name="two"} 3`]);
  });
});

describe("Pepr's /metrics", () => {
  // Pepr's client library cannot be loaded here (ESM only), and its metrics use nothing of it.
  const nothing: unknown = new Proxy(() => undefined, {
    get: (_, key) => (key === "GenericKind" ? class {} : nothing),
  });
  jest.doMock("kubernetes-fluent-client", () => nothing);
  jest.doMock("kubernetes-fluent-client/dist/fluent/shared-types", () => nothing);
  const { metricsCollector } = jest.requireActual<{ metricsCollector: typeof MetricsCollector }>("pepr");

  test("has ours behind its own, in the text format", async () => {
    const metrics = new Metrics(true);
    metrics.count("restores_total", { role: "ingress" });
    joinMetrics(metricsCollector, metrics.registry);

    const text = await metricsCollector.getMetrics();
    expect(text).toMatch(/^pepr_errors \d/m);
    expect(text).toContain(`\n${METRIC_PREFIX}restores_total{role="ingress"} 1\n`);
    const help = text.split("\n").filter((line) => line.startsWith("# HELP "));
    expect(new Set(help).size).toBe(help.length);
  });
});
