/** A real Prometheus that reads the module's processes as the ServiceMonitors say, and what one asks it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { projectRoot } from "../../../sandbox/places";
import { prometheusProcess, type ModuleService, type Scraping } from "../../../sandbox/prometheus";
import type { Sandbox } from "../../../sandbox/sandbox";

export interface ServiceMonitor {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: {
    readonly namespaceSelector: { readonly matchNames: readonly string[] };
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly endpoints: readonly [MonitoredEndpoint];
  };
}

export interface MonitoredEndpoint extends Scraping {
  readonly targetPort: number;
  readonly relabelings: readonly [{ readonly regex: string }];
}

/** Of the examples, by the process they are for. */
export function serviceMonitors(): Readonly<Record<ModuleService, ServiceMonitor>> {
  const text = readFileSync(join(projectRoot, "monitoring/servicemonitors.yaml"), "utf8");
  const [admission, watcher] = parseAllDocuments(text).map((one) => one.toJS() as ServiceMonitor);
  if (!admission || !watcher)
    throw new Error("monitoring/servicemonitors.yaml has not its two ServiceMonitors");
  return { admission, watcher };
}

export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A node of a parsed query, as far as we look. */
interface Node {
  readonly type?: string;
  readonly name?: string;
  readonly matchers?: readonly { readonly name: string; readonly type: string; readonly value: string }[];
}

export class Prometheus {
  private constructor(private readonly url: string) {}

  /** It is the sandbox's own from then on. */
  static async start(sandbox: Sandbox): Promise<Prometheus> {
    const { admission, watcher } = serviceMonitors();
    const { spec, url } = await prometheusProcess(sandbox, {
      admission: admission.spec.endpoints[0],
      watcher: watcher.spec.endpoints[0],
    });
    await sandbox.run(spec);
    return new Prometheus(url);
  }

  async query(query: string): Promise<Series[]> {
    const { result } = await this.#get<Vector>("query", query);
    return result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
  }

  /** The series that a query starts from, each as a query of its own. */
  async selectorsOf(query: string): Promise<string[]> {
    const nodes = nodesOf(await this.#get<Node>("parse_query", query));
    const selectors = nodes.filter(({ type }) => type === "vectorSelector" || type === "matrixSelector");
    return [
      ...new Set(
        selectors.map(
          ({ matchers = [] }) =>
            `{${matchers.map(({ name, type, value }) => `${name}${type}${JSON.stringify(value)}`).join(",")}}`,
        ),
      ),
    ];
  }

  async #get<T>(path: string, query: string): Promise<T> {
    const response = await fetch(`${this.url}/api/v1/${path}?${new URLSearchParams({ query }).toString()}`);
    const answer = (await response.json()) as { readonly data: T; readonly error?: string };
    if (answer.error !== undefined) throw new Error(`${query}: ${answer.error}`);
    return answer.data;
  }
}

interface Vector {
  readonly result: readonly {
    readonly metric: Readonly<Record<string, string>>;
    readonly value: readonly [number, string];
  }[];
}

const nodesOf = (value: unknown): Node[] =>
  value !== null && typeof value === "object"
    ? [value as Node, ...Object.values(value).flatMap(nodesOf)]
    : [];
