import { join } from "node:path";
import type { ApiClient } from "./api-client";
import type { ChildSpec } from "./child";
import { portAt } from "./control-plane";
import type { Ground } from "./control-plane";
import { writeKubeconfig } from "./kubeconfig";
import { nodeArguments } from "./lifeline";
import type { ModuleDeployment, ModuleManifest } from "./module-manifest";
import { projectRoot } from "./places";

export const moduleProcessNames = ["admission-1", "admission-2", "watcher", "balancer"] as const;

const modulePorts = { "admission-1": 19, "admission-2": 20, watcher: 21, balancer: 22 } as const;
const balancerHealthPort = 23;

/** Where the API server reaches the module's webhook. */
export function moduleUrl(ground: Pick<Ground, "ports">): string {
  return `https://127.0.0.1:${portAt(ground, modulePorts.balancer)}`;
}

export interface ModuleSurroundings {
  /** Set on top of what the generated Deployments set, for all three processes. */
  readonly env?: Readonly<Record<string, string>>;
  /** For tests that stand between the module and the API server; see gate.ts. */
  readonly apiServerOf?: (process: string) => Promise<string>;
}

/** The module as production runs it: two admission processes, one watcher, one address. */
export async function moduleSpecs(
  ground: Ground,
  api: ApiClient,
  manifest: ModuleManifest,
  { env = {}, apiServerOf = () => Promise.resolve(ground.server) }: ModuleSurroundings,
): Promise<ChildSpec[]> {
  const roles = [
    ["admission-1", manifest.admission],
    ["admission-2", manifest.admission],
    ["watcher", manifest.watcher],
  ] as const;
  const processes = roles.map(async ([name, deployment]) => {
    const kubeconfig = writeKubeconfig(join(ground.dir, `${name}.kubeconfig`), {
      server: await apiServerOf(name),
      certificate: ground.certificate.cert,
      token: await createToken(api, deployment),
    });
    return processSpec(ground, manifest, name, deployment, { ...env, KUBECONFIG: kubeconfig });
  });
  return [...(await Promise.all(processes)), balancerSpec(ground)];
}

function processSpec(
  ground: Ground,
  manifest: ModuleManifest,
  name: keyof typeof modulePorts,
  deployment: ModuleDeployment,
  env: Readonly<Record<string, string>>,
): ChildSpec {
  const port = portAt(ground, modulePorts[name]);
  return {
    name,
    command: process.execPath,
    args: [manifest.script],
    cwd: projectRoot,
    env: {
      // What the generated Deployment sets, so that settings of the build hold here too.
      ...deployment.env,
      PEPR_WATCH_MODE: String(name === "watcher"),
      PEPR_API_PATH: manifest.apiPath,
      SSL_CERT_PATH: ground.certificate.cert,
      SSL_KEY_PATH: ground.certificate.key,
      VIP_LISTEN_PORT: String(port),
      POD_NAME: name,
      // A module that was built elsewhere still finds the packages that Pepr leaves out of it.
      NODE_PATH: join(projectRoot, "node_modules"),
      ...env,
    },
    readyUrl: `https://127.0.0.1:${port}/healthz`,
    readyTimeoutMs: 60_000,
  };
}

function balancerSpec(ground: Ground): ChildSpec {
  const health = portAt(ground, balancerHealthPort);
  const backends = [modulePorts["admission-1"], modulePorts["admission-2"]];
  return {
    name: "balancer",
    command: process.execPath,
    args: nodeArguments("balancer.ts"),
    cwd: projectRoot,
    env: {
      BALANCER_PORT: String(portAt(ground, modulePorts.balancer)),
      BALANCER_HEALTH_PORT: String(health),
      BALANCER_BACKENDS: backends.map((index) => portAt(ground, index)).join(","),
    },
    readyUrl: `http://127.0.0.1:${health}/`,
    readyTimeoutMs: 30_000,
  };
}

async function createToken(api: ApiClient, { namespace, serviceAccount }: ModuleDeployment): Promise<string> {
  const answer = await api.post<{ status: { token: string } }>(
    `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}/token`,
    {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: { expirationSeconds: 24 * 3600 },
    },
  );
  return answer.status.token;
}
