/** The real clusterctl between management clusters, which it has to find as `clusterctl init` leaves them. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { toYaml, type KubeObject } from "../../../sandbox/fixtures";
import { ensurePrograms } from "../../../sandbox/toolchain";
import { versions } from "../../../sandbox/versions";
import type { ManagementCluster } from "./management-cluster";
import type { Resource, Stored } from "./shapes";

const CRDS: Resource = {
  group: "apiextensions.k8s.io",
  version: "v1",
  plural: "customresourcedefinitions",
};

const CLUSTERCTL_LABEL = "clusterctl.cluster.x-k8s.io";

/** Name, kind and version of what the sandbox runs; the infrastructure is its own. */
const PROVIDERS = [
  ["cluster-api", "CoreProvider", versions.clusterApi],
  ["kubeadm", "BootstrapProvider", versions.clusterApi],
  ["kubeadm", "ControlPlaneProvider", versions.clusterApi],
  ["in-cluster", "IPAMProvider", versions.inClusterIpam],
  ["lab", "InfrastructureProvider", "v0.1.0"],
] as const;

async function clusterctl(...args: readonly string[]): Promise<string> {
  const { clusterctl: program } = await ensurePrograms(["clusterctl"]);
  const env = { ...process.env, CLUSTERCTL_DISABLE_VERSIONCHECK: "true" };
  const { stdout, stderr } = await promisify(execFile)(program, [...args], { env, timeout: 120_000 });
  return `${stdout}${stderr}`;
}

/** The labels of its definitions and the inventory of its providers. */
export async function knownToClusterctl(management: ManagementCluster): Promise<void> {
  const { api, sandbox } = management;
  const definitions = await api.list<Stored & { spec: { group: string } }>(CRDS);
  const provided = definitions.filter(({ spec }) => spec.group.endsWith("cluster.x-k8s.io"));
  await Promise.all(
    provided.map(({ metadata: { name } }) =>
      api.merge(CRDS, { name }, { metadata: { labels: { [CLUSTERCTL_LABEL]: "" } } }),
    ),
  );
  // It brings the definition of its inventory along, with whatever it is asked for first.
  await clusterctl("move", "--dry-run", "--kubeconfig", sandbox.kubeconfig, "-n", "default");
  await management.kubectl(["wait", "--for=condition=Established", `crd/providers.${CLUSTERCTL_LABEL}`]);
  await management.kubectl(["apply", "-f", "-"], { input: toYaml(...PROVIDERS.map(providerObject)) });
}

function providerObject([providerName, type, version]: (typeof PROVIDERS)[number]): KubeObject {
  return {
    apiVersion: `${CLUSTERCTL_LABEL}/v1alpha3`,
    kind: "Provider",
    metadata: { name: `${providerName}-${type.toLowerCase()}`, namespace: "capi-system" },
    providerName,
    type,
    version,
  };
}

/** All of a namespace, from one management cluster to another. */
export const move = (
  namespace: string,
  { from, to }: { readonly from: ManagementCluster; readonly to: ManagementCluster },
): Promise<string> =>
  clusterctl(
    "move",
    "--kubeconfig",
    from.sandbox.kubeconfig,
    "--to-kubeconfig",
    to.sandbox.kubeconfig,
    "-n",
    namespace,
  );

/** All of a namespace into a folder, which asks the same of its Clusters. */
export const moveToFolder = (
  { sandbox }: ManagementCluster,
  namespace: string,
  folder: string,
): Promise<string> =>
  clusterctl("move", "--kubeconfig", sandbox.kubeconfig, "-n", namespace, "--to-directory", folder);

const LEFT_OUT = [
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "ownerReferences",
  "managedFields",
];

/** An object of a list, as it was backed up. */
export type Restorable = Omit<KubeObject, "metadata"> & { readonly metadata: Stored["metadata"] };

/** As Velero restores it: without what is left out here and the status, and only where nothing has its name. */
export async function restore(to: ManagementCluster, of: Resource, backup: Restorable): Promise<void> {
  const { status: _, ...object } = backup;
  const { name, namespace } = backup.metadata;
  if ((await to.api.find(of, namespace, name)) !== undefined) return;
  const metadata = Object.fromEntries(
    Object.entries(backup.metadata).filter(([key]) => !LEFT_OUT.includes(key)),
  );
  await to.api.create(of, { ...object, metadata: { ...metadata, name, ...(namespace && { namespace }) } });
}
