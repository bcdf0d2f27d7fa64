/** Objects as nobody should make them, and what the API server and the module say to that. */
import { readFileSync } from "node:fs";
import { labClass, type KubeObject } from "../../../sandbox/fixtures";
import { Refused } from "./api-server";
import { eventually } from "./eventually";
import { MODULE_PROCESSES, type ManagementCluster } from "./management-cluster";
import { resourceOf, type Stored } from "./shapes";
import { claimName, type Site } from "./site";

/** The refusal of a request that must not go through. */
export const refusalOf = (request: Promise<unknown>): Promise<Refused> =>
  request.then(
    () => Promise.reject(new Error("The request was not refused")),
    (error: unknown) => (error instanceof Refused ? error : Promise.reject(error)),
  );

/** One variable of a ClusterClass, with any schema. */
export const variable = (schema: object, name = "clusterVip", required = false): object => ({
  name,
  required,
  schema: { openAPIV3Schema: schema },
});

/** A ClusterClass with exactly these variables, ready when this returns; its patches want `clusterVip` as a string. */
export async function hasClassWith(
  site: Site,
  name: string,
  variables: readonly object[],
  patched = false,
): Promise<void> {
  const clusterVip = patched ? "empty-default" : "absent";
  const objects = labClass({ name, namespace: site.namespace, clusterVip }).map((object) =>
    object.kind === "ClusterClass"
      ? { ...object, spec: { ...(object["spec"] as object), variables } }
      : object,
  );
  await Promise.all(objects.map((object) => site.put(object)));
  await site.classIsReady(name);
}

const IPAM = { apiVersion: "ipam.cluster.x-k8s.io/v1beta2" };
export const POOL_REF = {
  apiGroup: "ipam.cluster.x-k8s.io",
  kind: "InClusterIPPool",
  name: "control-plane-vips",
};

interface Odd {
  readonly metadata?: object;
  readonly poolRef?: object;
}

/** A claim of the name that the Cluster's claim has, made by hand. */
export const claimByHand = (site: Site, cluster: string, { metadata, poolRef }: Odd = {}): KubeObject => ({
  ...IPAM,
  kind: "IPAddressClaim",
  metadata: { name: claimName(cluster), namespace: site.namespace, ...metadata },
  spec: { poolRef: { ...POOL_REF, ...poolRef } },
});

/** An address made by hand; by default of the name that the Cluster's address has. */
export const addressByHand = (
  site: Site,
  cluster: string,
  address: string,
  { name, ...metadata }: { readonly name?: string; readonly [field: string]: unknown } = {},
): KubeObject => ({
  ...IPAM,
  kind: "IPAddress",
  metadata: { name: name ?? claimName(cluster), namespace: site.namespace, ...metadata },
  spec: { address, prefix: 24, claimRef: { name: claimName(cluster) }, poolRef: POOL_REF },
});

export const make = async <T extends Stored>(site: Site, object: KubeObject): Promise<T> =>
  (await site.api.create<T>(resourceOf(object), object)).object;

interface LogLine {
  readonly Cluster?: { readonly name: string; readonly namespace: string };
  readonly reason?: string;
}

/** @param needle rules out most lines by their text alone */
const linesOf = (management: ManagementCluster, process: string, needle = '"reason"'): LogLine[] =>
  readFileSync(management.sandbox.process(process).logFile, "utf8")
    .split("\n")
    .filter((line) => line.startsWith("{") && line.endsWith("}") && line.includes(needle))
    .map((line) => JSON.parse(line) as LogLine);

/** Waits until the watcher has looked at the Cluster that is stored, and has said this reason where one is given. */
export const watcherSaid = (
  management: ManagementCluster,
  site: Site,
  name: string,
  reason?: string,
): Promise<LogLine> =>
  eventually(
    () =>
      linesOf(management, "watcher", `"${name}"`)
        .filter((line) => line.Cluster?.name === name && line.Cluster.namespace === site.namespace)
        .find((line) => (reason === undefined ? line.reason !== "Gone" : line.reason === reason)),
    { withinMs: 30_000, what: `the watcher to say ${reason ?? "something"} of ${site.namespace}/${name}` },
  );

/** Every reason that any process of the module has given so far. */
export const reasonsGiven = (management: ManagementCluster): ReadonlySet<string> =>
  new Set(
    MODULE_PROCESSES.flatMap((process) => linesOf(management, process)).flatMap(({ reason }) => reason ?? []),
  );
