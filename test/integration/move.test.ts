/** A Cluster that goes to another management cluster, by `clusterctl move` or by a restore, takes its VIPs along. */
import { writeVerbs } from "../../sandbox/sandbox";
import {
  ADDRESSES,
  annotationOf,
  certificateNames,
  CLAIMS,
  CLASSES,
  CLUSTERS,
  CONTROL_PLANES,
  eventually,
  GLOBAL_POOLS,
  IN_USE,
  INFRA_CLUSTERS,
  knownToClusterctl,
  MACHINES,
  managementCluster,
  move,
  POOLS,
  restore,
  variableOf,
  vipOf,
  VIP_ANNOTATION,
  type Address,
  type Claim,
  type Cluster,
  type ManagementCluster,
  type Resource,
  type Restorable,
  type Site,
  type Stored,
} from "./support";

const here = managementCluster({ kubeadm: true });
const there = managementCluster({ kubeadm: true });

const INGRESS_VIP = "vip.capi.gorizond.io/ingress-vip";
const CLUSTER_UID = "vip.capi.gorizond.io/cluster-uid";
const CLUSTER_NAME = "cluster.x-k8s.io/cluster-name";
const PAUSED = { spec: { paused: true } };
const PATIENCE_MS = 30_000;

/** The same namespace, with the same name, in both. */
async function newSites(): Promise<readonly [Site, Site]> {
  const [one, other] = [await here.newSite(), await there.newSite()];
  expect(one.namespace).toBe(other.namespace);
  return [one, other];
}

/** A class with both variables; its control plane's pool is of the namespace, the one for ingress is global. */
async function prepared(site: Site): Promise<void> {
  const clusterClass = `class-of-${site.namespace}`;
  await Promise.all([
    site.hasClass({ name: clusterClass, ingressVip: "empty-default" }),
    site.hasPool({ clusterClass, addresses: [site.span(10, 19)] }),
    site.hasGlobalPool({
      name: `ingress-of-${site.namespace}`,
      clusterClass,
      role: "ingress",
      addresses: [site.span(110, 119)],
    }),
  ]);
}

const create = async (site: Site, name: string, more = {}): Promise<void> => {
  await site.createCluster({ name, clusterClass: `class-of-${site.namespace}`, ...more });
};

/** Its claims and addresses are bound to each other and are the Cluster's own. */
async function settled(site: Site, name: string): Promise<Cluster> {
  return eventually(
    async () => {
      const cluster = await site.clusterOf(name);
      const { uid } = cluster.metadata;
      const { claims, addresses } = await belongings(site, name);
      for (const { metadata, status } of claims) {
        expect(metadata.ownerReferences).toEqual([expect.objectContaining({ uid, controller: true })]);
        expect(metadata.labels?.[CLUSTER_NAME]).toBe(cluster.spec.paused ? undefined : name);
        expect(status?.addressRef?.name).toBe(metadata.name);
      }
      for (const { metadata, spec } of addresses) {
        const claim = claims.find((one) => one.metadata.name === spec.claimRef.name);
        expect(metadata.finalizers).toContain(IN_USE);
        expect(metadata.annotations?.[CLUSTER_UID]).toBe(uid);
        expect(metadata.ownerReferences).toContainEqual(
          expect.objectContaining({ kind: "IPAddressClaim", uid: claim?.metadata.uid }),
        );
      }
      const vips = addresses.map(({ spec }) => spec.address);
      expect(vips).toEqual([vipOf(cluster), annotationOf(cluster, INGRESS_VIP)]);
      return cluster;
    },
    { withinMs: PATIENCE_MS, what: `the VIPs of ${site.namespace}/${name} to be its own` },
  );
}

/** Control plane first, then ingress. */
async function belongings(site: Site, name: string): Promise<{ claims: Claim[]; addresses: Address[] }> {
  const named = [`vip-cp-${name}`, `vip-ingress-${name}`];
  const all = <T>(of: Resource): Promise<T[]> =>
    Promise.all(named.map((one) => site.api.get<T>(of, site.namespace, one)));
  return { claims: await all<Claim>(CLAIMS), addresses: await all<Address>(ADDRESSES) };
}

/** All that a Cluster takes along, whoever manages it. */
async function luggage(site: Site, name: string): Promise<object> {
  const cluster = await settled(site, name);
  const { claims, addresses } = await belongings(site, name);
  return {
    endpoint: cluster.spec.controlPlaneEndpoint,
    variables: [variableOf(cluster), variableOf(cluster, "ingressVip")],
    annotations: [annotationOf(cluster, VIP_ANNOTATION), annotationOf(cluster, INGRESS_VIP)],
    labels: cluster.metadata.labels?.[INGRESS_VIP],
    claims: claims.map(({ spec }) => spec),
    addresses: addresses.map(({ spec }) => spec),
  };
}

/**
 * As far as clusterctl looks: infrastructure, control plane and the node are there. The sandbox has no machines,
 * so their status is written here.
 */
async function runs(site: Site, name: string): Promise<void> {
  const { infrastructure, controlPlane } = await site.rendered(name);
  const { api, namespace } = site;
  await api.mergeStatus(INFRA_CLUSTERS, site.at(infrastructure.metadata.name), {
    status: { initialization: { provisioned: true } },
  });
  const machine = await eventually(
    async () => (await api.list<Stored>(MACHINES, namespace, `${CLUSTER_NAME}=${name}`))[0],
    { withinMs: PATIENCE_MS, what: "the first machine of the control plane" },
  );
  await eventually(
    async () => {
      await api.mergeStatus(MACHINES, site.at(machine.metadata.name), {
        status: { nodeRef: { name: "node" } },
      });
      await api.mergeStatus(CONTROL_PLANES, site.at(controlPlane.metadata.name), {
        status: { initialization: { controlPlaneInitialized: true } },
      });
      const { status } = await api.get<Cluster>(CLUSTERS, namespace, name);
      const initialized = status?.conditions?.find(({ type }) => type === "ControlPlaneInitialized");
      return initialized?.status === "True";
    },
    { withinMs: PATIENCE_MS, what: `${namespace}/${name} to run` },
  );
}

/** What the module wrote, in words; what it only says, in conditions and Events, is none of it. */
const writesOf = async (management: ManagementCluster, site: Site, since: Date): Promise<string[]> => {
  const entries = await management.requestsOfModule({
    verb: writeVerbs,
    resource: ["clusters", "ipaddressclaims", "ipaddresses"],
    subresource: "",
    namespace: site.namespace,
    since,
  });
  return entries.map(({ verb, resource, name }) => `${verb} ${resource} ${name}`);
};

const CREATES = /^create ipaddress/;

beforeAll(async () => {
  await Promise.all([here, there].map(knownToClusterctl));
}, 60_000);

test("`clusterctl move`, there and back: the VIPs arrive, nothing is given back early, nothing allocated anew", async () => {
  const [home, away] = await newSites();
  await prepared(home);
  await create(home, "apollo");
  const before = await luggage(home, "apollo");
  await runs(home, "apollo");

  for (const [from, to, source, target] of [
    [home, away, here, there],
    [away, home, there, here],
  ] as const) {
    const since = new Date();
    await move(from.namespace, { from: source, to: target });

    expect(await luggage(to, "apollo")).toEqual(before);
    const { controlPlane } = await to.rendered("apollo");
    expect(certificateNames(controlPlane)).toContain(vipOf(await to.clusterOf("apollo")));
    expect(controlPlane.metadata.generation).toBe(1);
    expect((await writesOf(target, to, since)).filter((write) => CREATES.test(write))).toEqual([]);
    expect(await writesOf(source, from, since)).toEqual([]);
    expect(await from.claims()).toEqual([]);
    // clusterctl leaves what hangs on a global pool behind: here its address stays taken.
    expect((await from.addresses()).map(({ metadata }) => metadata.name)).toEqual(["vip-ingress-apollo"]);
    if (to === away) await runs(away, "apollo");
  }

  const left = away.at("vip-ingress-apollo");
  await there.api.merge(ADDRESSES, left, { metadata: { finalizers: null } });
  await there.api.delete(ADDRESSES, left);
  expect(await away.addresses()).toEqual([]);
});

type Backup = ReadonlyMap<Resource, readonly Restorable[]>;

const IN_LAB = (plural: string): Resource => ({ ...INFRA_CLUSTERS, plural });

/** What stands in the way of nobody: class and templates, pools, infrastructure and control plane. */
const SURROUNDINGS: readonly Resource[] = [
  IN_LAB("labclustertemplates"),
  IN_LAB("labmachinetemplates"),
  { ...CONTROL_PLANES, plural: "kubeadmcontrolplanetemplates" },
  CLASSES,
  INFRA_CLUSTERS,
  CONTROL_PLANES,
  POOLS,
];

async function backUp(site: Site): Promise<Backup> {
  const kinds = [...SURROUNDINGS, CLAIMS, ADDRESSES, CLUSTERS];
  const lists = await Promise.all(kinds.map((of) => site.api.list<Restorable>(of, site.namespace)));
  const pools = await site.api.list<Restorable>(GLOBAL_POOLS);
  const own = pools.filter(({ metadata }) => metadata.name.endsWith(`-of-${site.namespace}`));
  return new Map([...kinds.map((of, index) => [of, lists[index] ?? []] as const), [GLOBAL_POOLS, own]]);
}

/** Kind after kind, in this order; what has its name already is left as it is. */
async function restoreAll(backup: Backup, ...kinds: readonly Resource[]): Promise<void> {
  for (const of of kinds)
    await Promise.all((backup.get(of) ?? []).map((object) => restore(there, of, object)));
}

/** The watcher begins anew and looks at everything: whoever would be swept is. */
async function watcherHasLooked(site: Site): Promise<void> {
  const since = new Date();
  const watcher = there.sandbox.process("watcher");
  await watcher.stop();
  await watcher.start();
  await eventually(
    async () => (await there.requestsOfModule({ verb: "get", namespace: site.namespace, since })).length > 0,
    { withinMs: PATIENCE_MS, what: `the watcher to look at ${site.namespace}` },
  );
}

/**
 * One that runs, one that runs on a VIP given by hand, and one that its user has paused since its create: nothing
 * is rendered of it, and its claims are bare, because the provider leaves a labelled one alone while it is paused.
 */
const NAMES = ["apollo", "gemini", "luna"] as const;

async function threeClusters(site: Site): Promise<readonly object[]> {
  await prepared(site);
  await create(site, "apollo");
  await create(site, "gemini", { spec: { controlPlaneEndpoint: { host: site.address(15) } } });
  await create(site, "luna", PAUSED);
  await Promise.all([site.rendered("apollo"), site.rendered("gemini")]);
  return allLuggage(site);
}

const allLuggage = (site: Site): Promise<readonly object[]> =>
  Promise.all(NAMES.map((name) => luggage(site, name)));

describe("A restore, as Velero does it: without owners, UIDs and status", () => {
  test("claims, then addresses, then Clusters: the sweep spares them, and each has what it had", async () => {
    const [home, away] = await newSites();
    const before = await threeClusters(home);
    const backup = await backUp(home);
    await restoreAll(backup, ...SURROUNDINGS, GLOBAL_POOLS);

    await restoreAll(backup, CLAIMS);
    await watcherHasLooked(away);
    await restoreAll(backup, ADDRESSES);
    await watcherHasLooked(away);
    const claims = await away.claims();
    expect(claims).toHaveLength(2 * NAMES.length);
    await restoreAll(backup, CLUSTERS);

    await Promise.all(["apollo", "gemini"].map((name) => settled(away, name)));
    // A bare claim was given another address before its own came. That is mended once nobody pauses its Cluster.
    await away.api.merge(CLUSTERS, away.at("luna"), { spec: { paused: false } });
    expect(await allLuggage(away)).toEqual(before);
    const spared = claims.filter(({ metadata }) => !metadata.name.endsWith("luna"));
    const uids = (await away.claims()).map(({ metadata }) => metadata.uid);
    expect(uids).toEqual(expect.arrayContaining(spared.map(({ metadata }) => metadata.uid)));
    await expectAsItWas(away);
  });

  test("Clusters first: their VIPs are reserved again before claims and addresses come, and stay theirs", async () => {
    const [home, away] = await newSites();
    const before = await threeClusters(home);
    const backup = await backUp(home);
    await restoreAll(backup, ...SURROUNDINGS, GLOBAL_POOLS);

    await restoreAll(backup, CLUSTERS);
    await Promise.all(NAMES.map((name) => settled(away, name)));
    await restoreAll(backup, CLAIMS, ADDRESSES);

    expect(await allLuggage(away)).toEqual(before);
    await expectAsItWas(away);
  });

  /** Not rendered anew, no address too many, and a next Cluster gets another one. */
  async function expectAsItWas(site: Site): Promise<void> {
    const rendered = await Promise.all([site.rendered("apollo"), site.rendered("gemini")]);
    expect(rendered.map(({ controlPlane }) => controlPlane.metadata.generation)).toEqual([1, 1]);
    const addresses = await eventually(
      async () => {
        const all = (await site.addresses()).map(({ spec }) => spec.address);
        return all.length === 2 * NAMES.length ? all : undefined;
      },
      { withinMs: PATIENCE_MS, what: `${site.namespace} to have two addresses a Cluster` },
    );
    await create(site, "mercury");
    expect(addresses).not.toContain(vipOf(await settled(site, "mercury")));
  }
});
