/** Answers: how does a number get to /metrics? The rows of the table as instruments, in a registry of our own. */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import {
  KNOWN_VALUES,
  METRIC_PREFIX,
  metricNames,
  METRICS,
  type Labels,
  type Metric,
  type MetricName,
} from "./metric-table";

/** An alias, so that metrics of the same labels have the same samples. */
export type Sample<N extends MetricName> = Readonly<{ labels: Labels<N>; value: number }>;

export class Metrics {
  readonly registry = new Registry();
  readonly #counters = new Map<MetricName, Counter>();
  readonly #histograms = new Map<MetricName, Histogram>();
  readonly #samples = new Map<MetricName, () => readonly Sample<MetricName>[]>();

  /** @param watches this process sees the world, so it has the gauges of it */
  constructor(watches: boolean) {
    for (const name of metricNames)
      if (watches || METRICS[name].from === "every process") this.#register(name, METRICS[name]);
  }

  count<N extends MetricName>(name: N, labels: Labels<N>): void {
    this.#counters.get(name)?.inc(labels);
  }

  observe<N extends MetricName>(name: N, labels: Labels<N>, seconds: number): void {
    this.#histograms.get(name)?.observe(labels, Math.max(seconds, 0));
  }

  /** Asked at every scrape; what it no longer says is no longer there. */
  gauge<N extends MetricName>(name: N, samples: () => readonly Sample<N>[]): void {
    this.#samples.set(name, samples as () => readonly Sample<MetricName>[]);
  }

  #register(name: MetricName, { type, help, labels, buckets = [] }: Metric): void {
    const common = { name: METRIC_PREFIX + name, help, labelNames: [...labels], registers: [this.registry] };
    const sampled = (gauge: Gauge): void => this.#sample(name, gauge);
    if (type === "counter") this.#counters.set(name, fromZero(name, new Counter(common)));
    else if (type === "histogram")
      this.#histograms.set(name, new Histogram({ ...common, buckets: [...buckets] }));
    else
      new Gauge({
        ...common,
        collect() {
          sampled(this);
        },
      });
  }

  #sample(name: MetricName, gauge: Gauge): void {
    gauge.reset();
    for (const { labels, value } of this.#samples.get(name)?.() ?? []) gauge.set(labels, value);
  }
}

function fromZero(name: MetricName, counter: Counter): Counter {
  const known = Object.entries(KNOWN_VALUES[name] ?? {});
  const rows = known.reduce<Record<string, string>[]>(
    (all, [label, values]) => all.flatMap((row) => values.map((value) => ({ ...row, [label]: value }))),
    known.length > 0 ? [{}] : [],
  );
  for (const row of rows) counter.inc(row, 0);
  return counter;
}
