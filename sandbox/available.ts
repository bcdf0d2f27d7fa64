import { setTimeout as sleep } from "node:timers/promises";
import { SandboxFailure } from "./failure";
import type { Sandbox } from "./sandbox";

/**
 * Lets a running in-memory Cluster whose endpoint is a VIP become `Available`. Nothing answers at
 * the VIP here, where kube-vip would; CAPD serves the cluster's API on a local port. Once Cluster
 * API's own kubeconfig of the cluster points there, all goes on as it would behind the VIP.
 */
export async function makeAvailable(
  sandbox: Sandbox,
  namespace: string,
  cluster: string,
  options: { readonly timeoutMs?: number; readonly log?: (line: string) => void } = {},
): Promise<void> {
  const deadline = Date.now() + (options.timeoutMs ?? 180_000);
  const until = async <T>(what: string, look: () => Promise<T | undefined>): Promise<T> => {
    for (;;) {
      const found = await look();
      if (found !== undefined) return found;
      if (Date.now() > deadline) {
        throw new SandboxFailure(`${namespace}/${cluster}: timed out waiting for ${what}`);
      }
      await sleep(300);
    }
  };
  const get = async (resource: string, name: string, path: string): Promise<string | undefined> => {
    const { stdout } = await sandbox.kubectl([
      "get",
      resource,
      name,
      "-n",
      namespace,
      "--ignore-not-found",
      "-o",
      `jsonpath=${path}`,
    ]);
    return stdout.trim() || undefined;
  };

  const devCluster = await until("its infrastructure", () =>
    get("cluster.v1beta2.cluster.x-k8s.io", cluster, "{.spec.infrastructureRef.name}"),
  );
  const port = await until("its local API port", () =>
    get("devclusters.infrastructure.cluster.x-k8s.io", devCluster, "{.spec.controlPlaneEndpoint.port}"),
  );
  const secret = `${cluster}-kubeconfig`;
  const encoded = await until("its kubeconfig", () => get("secret", secret, "{.data.value}"));
  const rewritten = Buffer.from(encoded, "base64")
    .toString()
    .replace(/^(\s*server:\s*).*$/m, `$1https://127.0.0.1:${port}`);
  await sandbox.kubectl([
    "patch",
    "secret",
    secret,
    "-n",
    namespace,
    "--type=merge",
    "-p",
    JSON.stringify({ data: { value: Buffer.from(rewritten).toString("base64") } }),
  ]);
  options.log?.(`Secret ${namespace}/${secret} now names 127.0.0.1:${port}`);
  await until("Available", async () => {
    const status = await get(
      "cluster.v1beta2.cluster.x-k8s.io",
      cluster,
      '{.status.conditions[?(@.type=="Available")].status}',
    );
    return status === "True" ? status : undefined;
  });
  options.log?.(`${namespace}/${cluster} is Available`);
}
