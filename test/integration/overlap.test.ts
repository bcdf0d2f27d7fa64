/** Two pools with addresses in common: each of them would give an address that the other has given already. */
import { readFileSync } from "node:fs";
import type { ClusterOptions } from "../../sandbox/fixtures";
import {
  ADDRESSES,
  annotationOf,
  CLAIMS,
  CLUSTERS,
  eventually,
  expectRenderedOnceWith,
  HOLD_ANNOTATION,
  isHeld,
  managementCluster,
  variableOf,
  vipOf,
  watcherSaid,
  type Address,
  type Claim,
  type Cluster,
  type Resource,
  type Site,
  type Stored,
} from "./support";

const lab = managementCluster({ env: { VIP_ADMISSION_BUDGET: "4" } });

const INGRESS = "vip.capi.gorizond.io/ingress-vip";

/** The namespace's own pool serves the class `lab`, the global one the class `far`. */
async function siteWith(near: string, far: string): Promise<Site> {
  const site = await lab.newSite();
  const clusterClass = farIn(site);
  await Promise.all([
    site.hasClass(),
    site.hasClass({ name: clusterClass }),
    site.hasPool({ name: "near", addresses: [near] }),
    site.hasGlobalPool({ name: clusterClass, addresses: [far], clusterClass }),
  ]);
  return site;
}

/** Global pools are everybody's, so the class has a name that no other test's has. */
const farIn = ({ namespace }: Site): string => `far-${namespace}`;

const create = async (site: Site, name: string, more: Partial<ClusterOptions> = {}): Promise<Cluster> =>
  (await site.createCluster({ ...more, name })).object;

const createFar = (site: Site, name: string): Promise<Cluster> =>
  create(site, name, { clusterClass: farIn(site) });

const given = (host: string): Partial<ClusterOptions> => ({ spec: { controlPlaneEndpoint: { host } } });

/** Claims or addresses that keep an address out of a pool; the name goes on with the pool. */
async function parkedOf<T extends Stored>(of: Resource, site: Site, address: string): Promise<readonly T[]> {
  const prefix = `vip-parked-${address.replaceAll(".", "-")}-`;
  const all = await lab.api.list<T>(of, site.namespace);
  return all.filter(({ metadata }) => metadata.name.startsWith(prefix));
}

/** Waits until the address is kept out of the other pool, for as long as this Cluster lives. */
const parked = (site: Site, address: string, { metadata }: Cluster) =>
  eventually(
    async () => {
      const [claim, ...more] = await parkedOf<Claim>(CLAIMS, site, address);
      const kept = await parkedOf<Address>(ADDRESSES, site, address);
      expect(more).toEqual([]);
      expect(claim?.metadata.ownerReferences).toMatchObject([{ kind: "Cluster", uid: metadata.uid }]);
      expect(claim?.status?.addressRef?.name).toBe(claim?.metadata.name);
      expect(kept.map(({ spec }) => spec.address)).toEqual([address]);
      return true;
    },
    { withinMs: 30_000, what: `${address} to be parked` },
  );

const unparked = (site: Site, address: string) =>
  eventually(
    async () => {
      expect(await parkedOf(CLAIMS, site, address)).toEqual([]);
      expect(await parkedOf(ADDRESSES, site, address)).toEqual([]);
      return true;
    },
    { withinMs: 30_000, what: `${address} to be parked no more` },
  );

/** Every host that the Cluster ever had. */
async function hostsOf(site: Site, name: string): Promise<readonly string[]> {
  const revisions = await site.history<Cluster>(CLUSTERS, name);
  return [...new Set(revisions.flatMap((revision) => vipOf(revision) ?? []))];
}

/** Held at first, and stored and rendered with this VIP alone. */
async function expectCompletedWith(vip: string, site: Site, first: Cluster): Promise<void> {
  const { name } = first.metadata;
  expect([isHeld(first), vipOf(first)]).toEqual([true, undefined]);
  expect(annotationOf(first, HOLD_ANNOTATION)).toBe("AddressTaken");
  const completed = await site.completed(name);
  expect([vipOf(completed), variableOf(completed)]).toEqual([vip, vip]);
  expectRenderedOnceWith(vip, await site.rendered(name));
  expect(await hostsOf(site, name)).toEqual([vip]);
}

describe("An address that two pools have", () => {
  test("and one has given is not taken from the other: seen in time, parked, and another is taken", async () => {
    const site = await siteWith("10.75.0.10-10.75.0.12", "10.75.0.10-10.75.0.19");
    expect(vipOf(await create(site, "a"))).toBe("10.75.0.10");

    const { object: b, warnings } = await site.createCluster({ name: "b", clusterClass: farIn(site) });

    expect(warnings.join()).toContain(`10.75.0.10 of Cluster ${site.namespace}/a`);
    await expectCompletedWith("10.75.0.11", site, b);
    await parked(site, "10.75.0.10", b);
    expect(vipOf(await site.clusterOf("a"))).toBe("10.75.0.10");

    await site.deleteCluster("b");
    await site.gone(CLUSTERS, "b");
    await unparked(site, "10.75.0.10");
    await site.gone(ADDRESSES, "vip-cp-b");
    expect((await site.addresses()).map(({ metadata }) => metadata.name)).toEqual(["vip-cp-a"]);
  });

  test("and the global one has given is not taken from the namespace's own", async () => {
    const site = await siteWith("10.75.1.10-10.75.1.19", "10.75.1.10-10.75.1.12");
    expect(vipOf(await createFar(site, "a"))).toBe("10.75.1.10");
    const b = await create(site, "b");
    await expectCompletedWith("10.75.1.11", site, b);
    await parked(site, "10.75.1.10", b);
  });

  test("and one has given to something that is no Cluster is not taken from the other", async () => {
    const site = await siteWith("10.75.2.10-10.75.2.12", "10.75.2.10-10.75.2.19");
    await site.occupies(
      await site.hasPool({ name: "near", addresses: ["10.75.2.10-10.75.2.12"] }),
      "printer",
    );
    const b = await createFar(site, "b");
    await expectCompletedWith("10.75.2.11", site, b);
    await parked(site, "10.75.2.10", b);
  });

  test("is still kept for who had it first when the one who came across it is gone, and another comes", async () => {
    const site = await siteWith("10.75.3.10-10.75.3.12", "10.75.3.10-10.75.3.19");
    await create(site, "a");
    const b = await createFar(site, "b");
    await expectCompletedWith("10.75.3.11", site, b);
    await site.deleteCluster("b");
    await site.gone(CLUSTERS, "b");
    await unparked(site, "10.75.3.10");
    await site.gone(ADDRESSES, "vip-cp-b");

    const c = await createFar(site, "c");
    await expectCompletedWith("10.75.3.11", site, c);
    await parked(site, "10.75.3.10", c);
  });

  test("is free for the other once who had it is gone", async () => {
    const site = await siteWith("10.75.4.10-10.75.4.12", "10.75.4.10-10.75.4.19");
    await create(site, "a");
    await site.adopted("a");
    await site.deleteCluster("a");
    await site.gone(CLUSTERS, "a");
    await site.gone(ADDRESSES, "vip-cp-a");
    expect(vipOf(await createFar(site, "b"))).toBe("10.75.4.10");
  });

  test("is kept out of every pool of a namespace that would give it", async () => {
    const site = await siteWith("10.75.5.10-10.75.5.12", "10.75.5.10-10.75.5.19");
    await Promise.all([
      site.hasClass({ name: "third" }),
      site.hasPool({ name: "third", clusterClass: "third", addresses: ["10.75.5.10-10.75.5.19"] }),
    ]);
    await create(site, "a");
    const b = await createFar(site, "b");
    await expectCompletedWith("10.75.5.11", site, b);

    const c = await create(site, "c", { clusterClass: "third" });
    await expectCompletedWith("10.75.5.12", site, c);
  });

  test("of one name, in two namespaces, is not taken from the second", async () => {
    const [one, other] = await Promise.all([lab.newSite(), lab.newSite()]);
    const addresses = ["10.75.6.10-10.75.6.19"];
    await Promise.all([one.hasClassAndPool({ addresses }), other.hasClassAndPool({ addresses })]);
    expect(vipOf(await create(one, "a"))).toBe("10.75.6.10");
    const b = await create(other, "b");
    await expectCompletedWith("10.75.6.11", other, b);
    await parked(other, "10.75.6.10", b);
  });

  test("and that is an IPv6 address, likewise", async () => {
    const site = await siteWith("fd00:75::10-fd00:75::12", "fd00:75::10-fd00:75::1f");
    expect(vipOf(await create(site, "a"))).toBe("fd00:75::10");
    await expectCompletedWith("fd00:75::11", site, await createFar(site, "b"));
  });
});

describe("An address that a user gave by hand", () => {
  test("in one pool is not taken from the other", async () => {
    const site = await siteWith("10.76.0.10-10.76.0.12", "10.76.0.10-10.76.0.19");
    expect(vipOf(await create(site, "a", given("10.76.0.10")))).toBe("10.76.0.10");
    const b = await createFar(site, "b");
    await expectCompletedWith("10.76.0.11", site, b);
    await parked(site, "10.76.0.10", b);
  });

  test("in a namespace that has no pool of its own is not taken from a pool that another namespace has", async () => {
    const [site, abroad] = await Promise.all([
      siteWith("10.76.1.10-10.76.1.19", "10.76.1.10-10.76.1.12"),
      lab.newSite(),
    ]);
    await abroad.hasClass();
    expect(vipOf(await create(abroad, "a", given("10.76.1.10")))).toBe("10.76.1.10");
    await expectCompletedWith("10.76.1.11", site, await create(site, "b"));
  });

  // A limit: it is in no pool within reach, and nobody looks for the one address that one pool alone has.
  test("out of reach of the one pool that has it is given by that pool as well, and the log says so", async () => {
    const [site, abroad] = await Promise.all([lab.newSite(), lab.newSite()]);
    await Promise.all([site.hasClassAndPool({ addresses: ["10.76.2.10-10.76.2.19"] }), abroad.hasClass()]);
    expect(vipOf(await create(abroad, "a", given("10.76.2.10")))).toBe("10.76.2.10");
    expect(vipOf(await create(site, "b"))).toBe("10.76.2.10");
    await watcherSaid(lab, site, "b", "AddressTaken");
  });
});

describe("Ingress", () => {
  const ingressOf = (site: Site, name: string): Promise<string> =>
    eventually(async () => annotationOf(await site.clusterOf(name), INGRESS), {
      withinMs: 30_000,
      what: `${site.namespace}/${name} to get its ingress VIP`,
    });

  test("from a pool that would give another Cluster's endpoint gets another address, and nothing is held", async () => {
    const site = await siteWith("10.77.0.10-10.77.0.12", "10.77.0.100-10.77.0.109");
    await site.hasPool({
      name: "ingress",
      addresses: ["10.77.0.10-10.77.0.19"],
      clusterClass: farIn(site),
      role: "ingress",
    });
    await create(site, "a");
    const b = await createFar(site, "b");
    expect([isHeld(b), vipOf(b), annotationOf(b, INGRESS)]).toEqual([false, "10.77.0.100", undefined]);
    expect(await ingressOf(site, "b")).toBe("10.77.0.11");
    await parked(site, "10.77.0.10", b);
  });

  // Who has the address is asked of others only, and this is the same Cluster.
  test("from a pool that overlaps the one of the control plane never gets the Cluster's own endpoint", async () => {
    const site = await siteWith("10.77.1.10-10.77.1.12", "10.77.1.100-10.77.1.109");
    await site.hasPool({ name: "ingress", addresses: ["10.77.1.10-10.77.1.19"], role: "ingress" });
    const made = await create(site, "a");
    expect(vipOf(made)).toBe("10.77.1.10");
    expect(await ingressOf(site, "a")).toBe("10.77.1.11");
  });
});

describe("Pools with addresses in common", () => {
  test("are said once in the log, however often something happens to them", async () => {
    const site = await siteWith("10.78.0.10-10.78.0.15", "10.78.0.12-10.78.0.19");
    const pools = [`GlobalInClusterIPPool ${farIn(site)}`, `InClusterIPPool near in ${site.namespace}`];
    const expected = [{ pools, addresses: "10.78.0.12-10.78.0.15" }];
    await eventually(() => {
      expect(overlapsOf(site)).toMatchObject(expected);
      return true;
    });

    await Promise.all(["a", "b"].map((name) => create(site, name)));
    await Promise.all(["c", "d"].map((name) => createFar(site, name)));
    await site.markPool("near", { annotations: { "vip.capi.gorizond.io/priority": "7" } });
    await Promise.all(["a", "b", "c", "d"].map((name) => site.adopted(name)));
    expect(overlapsOf(site)).toMatchObject(expected);
  });

  test("give each of many Clusters that come at once a VIP of its own, and none ever had another's", async () => {
    const site = await siteWith("10.78.1.10-10.78.1.39", "10.78.1.10-10.78.1.39");
    const near = ["a", "b", "c"];
    const far = ["d", "e", "f"];
    const names = [...near, ...far];
    await Promise.all([
      ...near.map((name) => create(site, name)),
      ...far.map((name) => createFar(site, name)),
    ]);

    await Promise.all(names.map((name) => site.completed(name, 60_000)));

    const hosts = await Promise.all(names.map((name) => hostsOf(site, name)));
    expect(hosts.map(({ length }) => length)).toEqual(names.map(() => 1));
    expect(new Set(hosts.flat()).size).toBe(names.length);
    await Promise.all(names.map((name) => site.adopted(name)));
    const addresses = await site.addresses();
    const of = (prefix: string): readonly string[] =>
      addresses.filter(({ metadata }) => metadata.name.startsWith(prefix)).map(({ spec }) => spec.address);
    expect([...of("vip-cp-")].sort()).toEqual(hosts.flat().sort());
    // What nobody has is kept out of no pool: of those who meet at one address, one gets it.
    expect(of("vip-parked-").filter((address) => !hosts.flat().includes(address))).toEqual([]);
  });
});

interface Line {
  readonly msg?: string;
  readonly pools?: readonly string[];
  readonly addresses?: string;
}

/** What the watcher said of the pools of one namespace. */
const overlapsOf = (site: Site): readonly Line[] =>
  readFileSync(lab.sandbox.process("watcher").logFile, "utf8")
    .split("\n")
    .filter((line) => line.includes("Pools have addresses in common") && line.endsWith("}"))
    .map((line) => JSON.parse(line) as Line)
    .filter(({ pools = [] }) => pools.includes(`InClusterIPPool near in ${site.namespace}`));
