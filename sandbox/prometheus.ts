import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ChildSpec } from "./child";
import { moduleProcessNames } from "./module-processes";
import { freePorts } from "./ports";
import type { Sandbox } from "./sandbox";
import { ensurePrograms } from "./toolchain";

export interface PrometheusProcess {
  readonly spec: ChildSpec;
  readonly url: string;
}

/** What the Prometheus Operator makes of an endpoint of a ServiceMonitor. */
export interface Scraping {
  readonly path: string;
  readonly scheme: string;
  readonly tlsConfig: { readonly insecureSkipVerify: boolean };
  readonly honorLabels?: boolean;
}

export type ModuleService = "admission" | "watcher";

/**
 * A Prometheus that reads the module's processes in this sandbox, for `sandbox.run`. The targets have the labels
 * that the Prometheus Operator gives them, since those can shadow labels of the metrics themselves.
 */
export async function prometheusProcess(
  sandbox: Sandbox,
  scraping: Readonly<Record<ModuleService, Scraping>>,
): Promise<PrometheusProcess> {
  const { prometheus } = await ensurePrograms(["prometheus"]);
  const [port] = await freePorts(1);
  const folder = join(sandbox.dir, "prometheus");
  mkdirSync(folder, { recursive: true });
  const config = join(folder, "prometheus.yml");
  const jobs = (["admission", "watcher"] as const).map((of) => jobOf(sandbox, of, scraping[of]));
  // JSON is YAML, too.
  writeFileSync(config, JSON.stringify({ global: { scrape_interval: "1s" }, scrape_configs: jobs }));
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    spec: {
      name: "prometheus",
      command: prometheus,
      args: [
        `--config.file=${config}`,
        `--storage.tsdb.path=${join(folder, "data")}`,
        `--web.listen-address=127.0.0.1:${port}`,
        "--log.level=warn",
      ],
      cwd: folder,
      env: {},
      readyUrl: `${url}/-/ready`,
      readyTimeoutMs: 60_000,
    },
  };
}

function jobOf(sandbox: Sandbox, of: ModuleService, endpoint: Scraping): object {
  const service = of === "admission" ? "pepr-capi-vip-allocator" : "pepr-capi-vip-allocator-watcher";
  return {
    job_name: service,
    scheme: endpoint.scheme,
    metrics_path: endpoint.path,
    tls_config: { insecure_skip_verify: endpoint.tlsConfig.insecureSkipVerify },
    honor_labels: endpoint.honorLabels ?? false,
    static_configs: moduleProcessNames
      .filter((name) => name.startsWith(of))
      .map((name) => ({
        targets: [`127.0.0.1:${sandbox.process(name).spec.env["VIP_LISTEN_PORT"]}`],
        labels: { namespace: "pepr-system", service, pod: name, container: of, endpoint: "3000" },
      })),
  };
}
