/** Answers: how do our numbers reach Pepr's /metrics? */
import type { Registry } from "prom-client";

interface Collector {
  getMetrics: () => Promise<string>;
}

/** Pepr's own counters have no labels, and it has no histograms; so ours stand behind its own, in one answer. */
export function joinMetrics(collector: Collector, registry: Registry): void {
  const peprs = collector.getMetrics;
  collector.getMetrics = async () => `${(await peprs()).trimEnd()}\n\n${await registry.metrics()}`;
}
