/** The module comes into a management cluster that has Clusters already. */
import { type ClusterOptions } from "../../sandbox/fixtures";
import { writeVerbs } from "../../sandbox/sandbox";
import {
  ADDRESSES,
  annotationOf,
  certificateNames,
  CLAIMS,
  CLUSTERS,
  eventually,
  INFRA_CLUSTERS,
  isHeld,
  managementCluster,
  Refused,
  variableOf,
  VIP_ANNOTATION,
  vipOf,
  watcherSaid,
  type Cluster,
  type Rendered,
  type Site,
} from "./support";

const lab = managementCluster({ install: false, kubeadm: true });

const PAUSED_BY_USER = { "cluster.x-k8s.io/paused": "maintenance" };

/** Clusters with machines; what they are is in their names. */
const RUNNING = ["hand", "hand-in-full", "by-provider", "without", "twin-a", "twin-b", "on-a-printer"];
const FRESH = ["fresh-hand", "fresh-without"];
const CLASSIC = ["classic", "classic-by-provider", "classic-outside", "classic-without"];

let site: Site;
let before: ReadonlyMap<string, Cluster>;
let renderedBefore: ReadonlyMap<string, Rendered>;
let since: Date;

const at = (host: number): string => site.address(host);
const given = (host: string, variable = ""): Partial<ClusterOptions> => ({
  spec: { controlPlaneEndpoint: { host, port: 6443 } },
  ...(variable && { variables: { clusterVip: variable } }),
});

const create = async (name: string, more: Partial<ClusterOptions> = {}): Promise<Cluster> =>
  (await site.createCluster({ ...more, name })).object;

/** As Cluster API's providers work without a topology: a Cluster that names its infrastructure. */
async function createClassic(name: string, spec: object = {}): Promise<void> {
  const infrastructureRef = {
    apiGroup: "infrastructure.cluster.x-k8s.io",
    kind: "LabCluster",
    name,
  };
  const { namespace } = site;
  await site.put({
    apiVersion: "infrastructure.cluster.x-k8s.io/v1beta2",
    kind: "LabCluster",
    metadata: { name, namespace },
    spec: {},
  });
  await site.put({
    apiVersion: "cluster.x-k8s.io/v1beta2",
    kind: "Cluster",
    metadata: { name, namespace },
    spec: { infrastructureRef, ...spec },
  });
}

/** What an infrastructure provider does that brings an endpoint of its own. */
async function providerSays(name: string, infrastructure: string, host: string): Promise<void> {
  const endpoint = { controlPlaneEndpoint: { host, port: 6443 } };
  const here = site.at(infrastructure);
  await lab.api.merge(INFRA_CLUSTERS, here, { spec: endpoint });
  await lab.api.mergeStatus(INFRA_CLUSTERS, here, { status: { initialization: { provisioned: true } } });
  await eventually(async () => vipOf(await site.clusterOf(name)) === host, {
    withinMs: 30_000,
    what: `Cluster API to take over the endpoint of ${infrastructure}`,
  });
}

const clusters = async (names: readonly string[]): Promise<ReadonlyMap<string, Cluster>> =>
  new Map(await Promise.all(names.map(async (name) => [name, await site.clusterOf(name)] as const)));

const rendered = async (names: readonly string[]): Promise<ReadonlyMap<string, Rendered>> =>
  new Map(await Promise.all(names.map(async (name) => [name, await site.rendered(name)] as const)));

/** Everything that machines are made of. */
const rolled = ({ infrastructure, controlPlane }: Rendered): unknown => [
  infrastructure.metadata.uid,
  infrastructure.metadata.generation,
  infrastructure.spec,
  controlPlane.metadata.uid,
  controlPlane.metadata.generation,
  controlPlane.spec,
];

const reserved = async (): Promise<Record<string, string>> =>
  Object.fromEntries((await site.addresses()).map(({ metadata, spec }) => [metadata.name, spec.address]));

/** What the module wrote on a Cluster itself. */
const writesOn = async (name: string): Promise<readonly string[]> => {
  const requests = await lab.requestsOfModule({
    namespace: site.namespace,
    resource: "clusters",
    name,
    verb: writeVerbs,
    since,
  });
  return requests.filter(({ code }) => code < 300).map(({ verb, uri }) => `${verb} ${uri}`);
};

beforeAll(async () => {
  site = await lab.newSite();
  const [pool] = await Promise.all([
    site.hasPool({ name: "vips", addresses: [site.span(10, 24)] }),
    site.hasClass(),
    site.hasClass({ name: "plain", clusterVip: "absent" }),
  ]);
  // The first address, by somebody who is no Cluster.
  await site.occupies(pool, "printer");

  await Promise.all([
    create("hand", given(at(12))),
    create("hand-in-full", given(at(13), at(13))),
    create("by-provider", { clusterClass: "plain" }),
    create("without"),
    create("twin-a", given(at(15), at(15))),
    create("twin-b", given(at(15), at(15))),
    create("on-a-printer", given(at(10), at(10))),
    create("fresh-hand", given(at(16))),
    create("fresh-without"),
    create("paused", { ...given(at(17)), annotations: PAUSED_BY_USER }),
    create("opted-out", {
      ...given(at(18)),
      annotations: { "vip.capi.gorizond.io/control-plane-enabled": "false" },
    }),
    createClassic("classic", { controlPlaneEndpoint: { host: at(11), port: 6443 } }),
    createClassic("classic-by-provider"),
    createClassic("classic-outside", { controlPlaneEndpoint: { host: at(40), port: 6443 } }),
    createClassic("classic-without"),
  ]);
  const infrastructure = (await site.rendered("by-provider")).infrastructure.metadata.name;
  await providerSays("by-provider", infrastructure, at(14));
  await providerSays("classic-by-provider", "classic-by-provider", at(19));
  renderedBefore = await rendered([...RUNNING, ...FRESH]);
  await Promise.all(RUNNING.map((name) => site.starts(name)));
  before = await clusters([...RUNNING, ...FRESH, ...CLASSIC, "paused", "opted-out"]);
  since = new Date();
  await lab.installModule();
  for (const name of before.keys()) await watcherSaid(lab, site, name);
}, 240_000);

describe("The module comes to Clusters that run", () => {
  test.each(RUNNING)("%s: endpoint, variables and machines are as they were", async (name) => {
    const { spec } = await site.clusterOf(name);
    expect(spec).toEqual(before.get(name)?.spec);
    expect(isHeld(await site.clusterOf(name))).toBe(false);
    const [was, is] = [renderedBefore.get(name), await site.rendered(name)];
    if (name !== "by-provider") expect(rolled(is)).toEqual(was && rolled(was));
    expect(is.controlPlane.metadata.generation).toBe(was?.controlPlane.metadata.generation);
  });

  test("endpoints inside the pool are reserved there, by hand and by the provider", async () => {
    for (const name of ["hand", "hand-in-full", "by-provider"]) await site.adopted(name);
    expect(await reserved()).toMatchObject({
      "vip-cp-hand": at(12),
      "vip-cp-hand-in-full": at(13),
      "vip-cp-by-provider": at(14),
    });
  });

  test("what would replace machines is said and not written, until the user asks for it", async () => {
    await watcherSaid(lab, site, "hand", "LateNotApplied");
    await watcherSaid(lab, site, "without", "LateNotApplied");
    expect(variableOf(await site.clusterOf("hand"))).toBe("");
    expect(vipOf(await site.clusterOf("without"))).toBeUndefined();
    expect(await site.claimOf("without")).toBeUndefined();

    await site.annotate("hand", { "vip.capi.gorizond.io/apply-late": "true" });
    await eventually(async () => variableOf(await site.clusterOf("hand")) === at(12));
    expect(certificateNames((await site.rendered("hand")).controlPlane)).toContain(at(12));
  });

  test("conflicts are reported for everybody who is in one, and not repaired", async () => {
    for (const name of ["twin-a", "twin-b", "on-a-printer"]) {
      await watcherSaid(lab, site, name, "AddressTaken");
      expect(await site.claimOf(name)).toBeUndefined();
    }
    // Reserved for neither of the twins, so that it is given to no third.
    const all = Object.entries(await reserved()).filter(([, address]) => address === at(15));
    expect(all.map(([name]) => name)).toEqual([expect.stringMatching(/^vip-parked-/)]);
    expect(await reserved()).toMatchObject({ printer: at(10) });
  });
});

describe("The module comes to Clusters that do not run yet", () => {
  test("one with an endpoint by hand gets the variable as well, and is rendered with it", async () => {
    const cluster = await eventually(async () => {
      const found = await site.clusterOf("fresh-hand");
      return variableOf(found) === at(16) && found;
    });
    expect(vipOf(cluster)).toBe(at(16));
    await site.adopted("fresh-hand");
    expect(certificateNames((await site.rendered("fresh-hand")).controlPlane)).toContain(at(16));
  });

  test("one without an endpoint gets its VIP", async () => {
    const cluster = await site.completed("fresh-without");
    await site.adopted("fresh-without");
    const vip = vipOf(cluster) ?? "none";
    expect([variableOf(cluster), annotationOf(cluster, VIP_ANNOTATION)]).toEqual([vip, vip]);
    expect(certificateNames((await site.rendered("fresh-without")).controlPlane)).toContain(vip);
  });

  test("one that its user pauses is left as it is until that ends", async () => {
    const { spec, metadata } = await site.clusterOf("paused");
    expect(spec).toEqual(before.get("paused")?.spec);
    expect(metadata.annotations).toEqual(before.get("paused")?.metadata.annotations);
    await site.annotate("paused", { "cluster.x-k8s.io/paused": null });
    await site.adopted("paused");
    expect((await site.addressOf("paused"))?.spec.address).toBe(at(17));
  });
});

describe("The module comes to Clusters that it leaves alone", () => {
  test.each([...CLASSIC, "opted-out"])("%s: nothing is written on it", async (name) => {
    const { spec, metadata } = await site.clusterOf(name);
    expect(spec).toEqual(before.get(name)?.spec);
    expect(metadata.annotations).toEqual(before.get(name)?.metadata.annotations);
    expect(metadata.labels).toEqual(before.get(name)?.metadata.labels);
    expect(await writesOn(name)).toEqual([]);
  });

  test("their endpoints are reserved where the pool has them: without a topology, and opted out", async () => {
    const those = { classic: at(11), "classic-by-provider": at(19), "opted-out": at(18) };
    for (const [name, address] of Object.entries(those)) {
      await site.adopted(name);
      expect((await site.addressOf(name))?.spec.address).toBe(address);
    }
    expect(await site.claimOf("classic-outside")).toBeUndefined();
    expect(await site.claimOf("classic-without")).toBeUndefined();
  });

  test("one that comes later with an address of a running Cluster is said to be in conflict, and stays", async () => {
    await createClassic("late", { controlPlaneEndpoint: { host: at(13), port: 6443 } });
    await watcherSaid(lab, site, "hand-in-full", "AddressTaken");
    expect(vipOf(await site.clusterOf("late"))).toBe(at(13));
    expect(await site.claimOf("late")).toBeUndefined();
    await site.deleteCluster("late");
    await site.gone(CLUSTERS, "late");
  });

  test("a pool that comes later with the address of one has it reserved at once", async () => {
    await site.hasPool({ name: "more", clusterClass: "other", addresses: [site.span(40, 49)] });
    await site.adopted("classic-outside");
    expect((await site.addressOf("classic-outside"))?.spec.address).toBe(at(40));
  });
});

describe("New Clusters in such a management cluster", () => {
  test("never get what anybody has, until the pool has nothing left", async () => {
    const names = Array.from({ length: 6 }, (_, index) => `new-${String(index)}`);
    const made = await Promise.all(names.map((name) => create(name)));
    for (const [index, cluster] of made.entries())
      if (vipOf(cluster) === undefined && isHeld(cluster)) await tried(names[index] ?? "");
    const all = await lab.api.list<Cluster>(CLUSTERS, site.namespace);
    const hosts = all.flatMap((cluster) => vipOf(cluster) ?? []);
    const shared = hosts.filter((host, index) => hosts.indexOf(host) !== index);
    // The twins had theirs twice before we came.
    expect(shared).toEqual([at(15)]);
    expect(hosts.filter((host) => host === at(10))).toHaveLength(1);
    const held = all.filter(isHeld).map((cluster) => annotationOf(cluster, "vip.capi.gorizond.io/hold"));
    expect(new Set(held)).toEqual(new Set(["PoolExhausted"]));
  });

  test("are refused what one without a topology has", async () => {
    const refusal = await create("thief", given(at(11))).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(refusal).toBeInstanceOf(Refused);
    expect((refusal as Refused).message).toContain(`${at(11)} of Cluster ${site.namespace}/classic`);
  });

  test("may have it once that one is gone", async () => {
    await site.deleteCluster("classic");
    await site.gone(CLUSTERS, "classic");
    await site.gone(CLAIMS, "vip-cp-classic");
    await site.gone(ADDRESSES, "vip-cp-classic");
  });
});

/** Completed, or held because nothing is left. */
const tried = (name: string): Promise<unknown> =>
  eventually(
    async () => {
      const cluster = await site.clusterOf(name);
      return !isHeld(cluster) || annotationOf(cluster, "vip.capi.gorizond.io/hold") === "PoolExhausted";
    },
    { withinMs: 30_000, what: `${name} to have its VIP, or a pool that is full` },
  );
