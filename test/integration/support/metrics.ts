/** What a Prometheus would read: /metrics of every process of the module, over TLS. */
import { readFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { METRIC_PREFIX, type MetricName } from "../../../lib/adapters/metric-table";
import { MODULE_PROCESSES, type ManagementCluster } from "./management-cluster";

export type ModuleProcess = (typeof MODULE_PROCESSES)[number];
export const ADMISSION = ["admission-1", "admission-2"] as const;
export const WATCHER = ["watcher"] as const;

export type LabelValues = Readonly<Record<string, string>>;

export interface Series {
  /** With `_count`, `_sum` and `_bucket` where it is one of a histogram. */
  readonly name: string;
  readonly labels: LabelValues;
  readonly value: number;
  readonly line: string;
}

export class MetricsReader {
  /** The names of series of ours that were above 0 in any scrape. */
  readonly moved = new Set<string>();
  /** Series that one answer had twice. */
  readonly doubles = new Set<string>();

  constructor(private readonly lab: ManagementCluster) {}

  /** Every series of ours that a process has. */
  async of(process: ModuleProcess): Promise<readonly Series[]> {
    const text = await this.text(process);
    const series = text
      .split("\n")
      .filter((line) => line.startsWith(METRIC_PREFIX))
      .map(seriesOf);
    const seen = new Set<string>();
    for (const { name, labels, value } of series) {
      const id = `${name}${JSON.stringify(labels)}`;
      if (seen.has(id)) this.doubles.add(id);
      seen.add(id);
      if (value > 0) this.moved.add(name);
    }
    return series;
  }

  /** The sum over these processes of the series with these labels; undefined where there is none. */
  async sum(
    name: `${MetricName}${"" | "_count" | "_sum"}`,
    labels: LabelValues = {},
    processes: readonly ModuleProcess[] = MODULE_PROCESSES,
  ): Promise<number | undefined> {
    const all = (await Promise.all(processes.map((process) => this.of(process)))).flat();
    const found = all.filter((series) => series.name === METRIC_PREFIX + name && has(series, labels));
    return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0);
  }

  text(process: ModuleProcess): Promise<string> {
    const { spec } = this.lab.sandbox.process(process);
    const ca = readFileSync(join(this.lab.sandbox.dir, "certificates", "tls.crt"));
    return new Promise((resolve, reject) => {
      const call = request(new URL("/metrics", spec.readyUrl), { ca, agent: false }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("end", () => resolve(Buffer.concat(chunks).toString()));
        answer.on("error", reject);
      });
      call.on("error", reject).end();
    });
  }
}

const has = (series: Series, labels: LabelValues): boolean =>
  Object.entries(labels).every(([name, value]) => series.labels[name] === value);

function seriesOf(line: string): Series {
  const [, name = "", labels = "", value = ""] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
  const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key, text]) => [key, text]);
  return { name, labels: Object.fromEntries(pairs) as LabelValues, value: Number(value), line };
}
