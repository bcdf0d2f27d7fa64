/** Answers: what do the pages say that are made from lists in the code? */
import {
  METRIC_PREFIX,
  metricNames,
  METRICS,
  type Metric,
  type MetricName,
} from "../../../lib/adapters/metric-table";
import { eventType, REASONS, standing, type Reason } from "../../../lib/core/verdict";
import { SETTINGS } from "../../../lib/settings";

/** Rewrites docs/reasons.md. */
export const REGENERATE = "npx tsx test/unit/docs/write-reasons.ts";

const CLASSES = {
  good: "Nothing is owed",
  waiting: "Goes on by itself",
  attention: "Somebody must act",
  refusal: "The request is refused",
} as const;

const intro = `<!-- Made from lib/core/verdict.ts: "${REGENERATE}" writes it anew. -->

# Reasons

Every decision about a Cluster has one of these reasons. A reason is shown:

- as the value of the annotation \`vip.capi.gorizond.io/hold\` while the Cluster is held;
- as the reason of the Cluster's condition \`ControlPlaneVIPReady\` or \`IngressVIPReady\`, and of Events;
- in the warning that \`kubectl\` prints when a Cluster is created and held;
- in the error that \`kubectl\` prints when a request is refused;
- as the field \`reason\` of a log line;
- as the label \`reason\` of [metrics](observability.md#metrics).

"…" stands for names and values of the case. Conditions and Events say the sentence and the next step.
"As it was" means: the condition is left as it is, and is Unknown where there was none. The same goes for every
"False" while the VIP is in place, but for AddressTaken and LateNotApplied: a missing class takes no VIP away.
`;

const CONDITIONS = { True: "True", False: "False", kept: "as it was", none: "none" } as const;

function section(name: Reason): string {
  const { says, next }: { says: string; next: string } = REASONS[name];
  return `### ${name}\n\n${says.replace(": {}", "").replace("{}", "…")}.\n\n**Next:** ${next}\n\nCondition: ${CONDITIONS[standing(name)]}. Event: ${eventType(name)}.\n`;
}

export function reasonsPage(): string {
  const names = Object.keys(REASONS) as Reason[];
  const groups = Object.entries(CLASSES).map(([of, title]) =>
    [`## ${title}\n`, ...names.filter((name) => REASONS[name].class === of).map(section)].join("\n"),
  );
  return [intro, ...groups].join("\n");
}

/** One row a setting: name, value where nothing is set, what is allowed, meaning. */
export const settingsRows = (): string[][] =>
  Object.entries(SETTINGS).map(([name, { fallback, allowed, meaning }]) => [
    `\`${name}\``,
    fallback === "" ? "none" : `\`${fallback}\``,
    allowed,
    meaning,
  ]);

/** Rewrites the reference of metrics in docs/observability.md. */
export const REGENERATE_METRICS = "npx tsx test/unit/docs/write-metrics.ts";

const METRICS_BEGIN = `<!-- Made from lib/adapters/metric-table.ts: "${REGENERATE_METRICS}" writes it anew. -->`;
const METRICS_END = "<!-- metrics: end -->";

const bucketsOf = ({ buckets = [] }: Metric): string =>
  buckets.length === 0 ? "" : `. Buckets: ${buckets.join(", ")}`;

function metricSection(name: MetricName): string {
  const metric: Metric = METRICS[name];
  const labels =
    metric.labels.length === 0 ? "none" : metric.labels.map((label) => `\`${label}\``).join(", ");
  return `### ${METRIC_PREFIX}${name}\n\n${metric.help}.\n\n${metric.type}, in ${metric.from === "watcher" ? "the watcher" : metric.from}. Labels: ${labels}${bucketsOf(metric)}.\n`;
}

const metricsReference = (): string =>
  [METRICS_BEGIN, "", ...metricNames.map(metricSection), METRICS_END].join("\n");

/** The page with the reference as the table has it. */
export function withMetrics(page: string): string {
  const [before = "", rest = ""] = page.split(METRICS_BEGIN);
  return `${before}${metricsReference()}${rest.slice(rest.indexOf(METRICS_END) + METRICS_END.length)}`;
}
