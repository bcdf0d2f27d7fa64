/** All that a story may leave in its namespace, in words that are the same whenever and wherever it is told. */
import { eventually } from "./eventually";
import {
  CLUSTERS,
  POOLS,
  type Address,
  type Claim,
  type Cluster,
  type Metadata,
  type Stored,
} from "./shapes";
import { certificateNames, OUR_PAUSE, PAUSED_ANNOTATION, variableOf, type Site } from "./site";

export type EndState = Readonly<Record<string, unknown>>;

/** Throws while the provider's count of used addresses does not agree with the addresses that there are. */
export async function endStateOf(site: Site): Promise<EndState> {
  const { api, namespace } = site;
  const [clusters, claims, addresses, pools] = await Promise.all([
    api.list<Cluster>(CLUSTERS, namespace),
    site.claims(),
    site.addresses(),
    api.list<ReadPool>(POOLS, namespace),
  ]);
  for (const { metadata, status } of pools) {
    const given = addresses.filter(({ spec }) => spec.poolRef.name === metadata.name);
    expect([metadata.name, status?.ipAddresses?.used]).toEqual([metadata.name, given.length]);
  }
  const state = {
    clusters: await Promise.all(clusters.map((cluster) => clusterState(site, cluster))),
    claims: claims.map(claimState),
    addresses: addresses.map(addressState),
    used: pools.map(({ metadata, status }) => [metadata.name, status?.ipAddresses?.used]),
  };
  return renamed(state, [
    ...clusters.map(({ metadata }) => [metadata.uid, `the UID of ${metadata.name}`] as const),
    ...addresses.map(({ metadata, spec }) => [spec.address, `the address ${metadata.name}`] as const),
  ]);
}

/** The end of a story that nothing disturbs any more. */
export const settledStateOf = (site: Site): Promise<EndState> =>
  eventually(() => endStateOf(site), { withinMs: 30_000, what: `${site.namespace} to come to rest` });

const OURS = /^(vip\.capi\.gorizond\.io|cluster\.x-k8s\.io)\//;
/** When it was counted on says nothing; that it was does. */
const TIMES = ["vip.capi.gorizond.io/reserved-at"];

const ours = (words: Readonly<Record<string, string>> = {}): Record<string, string> =>
  Object.fromEntries(
    Object.entries(words)
      .filter(([key]) => OURS.test(key))
      .map(([key, value]) => [key, TIMES.includes(key) ? "some time" : value])
      .sort(),
  );

const common = ({ name, annotations, labels, finalizers = [], deletionTimestamp, ...more }: Metadata) => ({
  name,
  annotations: ours(annotations),
  labels: ours(labels),
  finalizers: [...finalizers].sort(),
  owners: (more.ownerReferences ?? []).map(({ kind, uid, controller }) => ({
    kind,
    controller,
    ...(kind === "Cluster" && { uid }),
  })),
  deleting: deletionTimestamp !== undefined,
});

async function clusterState(site: Site, cluster: Cluster): Promise<object> {
  const { name } = cluster.metadata;
  const [infrastructure, controlPlane] = await Promise.all([
    site.infrastructureOf(name),
    site.controlPlaneOf(name),
  ]);
  return {
    ...common(cluster.metadata),
    paused: cluster.spec.paused ?? false,
    endpoint: cluster.spec.controlPlaneEndpoint,
    variable: variableOf(cluster),
    conditions: conditionsOf(cluster),
    infrastructure: infrastructure && [infrastructure.metadata.generation, infrastructure.spec],
    controlPlane: controlPlane && [controlPlane.metadata.generation, certificateNames(controlPlane)],
  };
}

const OUR_CONDITIONS = ["ControlPlaneVIPReady", "IngressVIPReady"];

/** Nothing is said anew of a Cluster while its user pauses it, or once it is deleted. */
const isSaidOf = ({ metadata, spec }: Cluster): boolean =>
  spec.paused !== true &&
  metadata.deletionTimestamp === undefined &&
  spec.topology !== undefined &&
  [undefined, OUR_PAUSE].includes(metadata.annotations?.[PAUSED_ANNOTATION]) &&
  metadata.annotations?.["vip.capi.gorizond.io/control-plane-enabled"] !== "false";

/** @throws while they do not speak of the Cluster as it is */
function conditionsOf(cluster: Cluster): object[] {
  const { metadata, status } = cluster;
  const ours = (status?.conditions ?? []).filter(({ type }) => OUR_CONDITIONS.includes(type));
  if (isSaidOf(cluster))
    expect(ours.map(({ observedGeneration }) => observedGeneration)).toContain(metadata.generation);
  return ours.map(({ type, status: is, reason, message }) => ({
    type,
    is,
    reason,
    says: anywhere(message, metadata),
  }));
}

/** Sites have names and addresses of their own. */
const anywhere = (message: string, { namespace = "" }: Metadata): string =>
  message.replaceAll(namespace, "here").replace(/\b\d+\.\d+\.\d+\.\d+\b/g, "an address");

const claimState = ({ metadata, spec, status }: Claim): object => ({
  ...common(metadata),
  pool: spec.poolRef.name,
  address: status?.addressRef?.name,
});

const addressState = ({ metadata, spec }: Address): object => ({
  ...common(metadata),
  pool: spec.poolRef.name,
  claim: spec.claimRef.name,
});

interface ReadPool extends Stored {
  readonly status?: { readonly ipAddresses?: { readonly used: number } };
}

function renamed(state: EndState, names: readonly (readonly [string, string])[]): EndState {
  const text = names.reduce(
    (all, [from, to]) => all.replaceAll(JSON.stringify(from), JSON.stringify(to)),
    JSON.stringify(state),
  );
  return JSON.parse(text) as EndState;
}
