/** Which pool a Cluster's VIPs come from, and who is woken when a pool changes. */
import { writeVerbs } from "../../sandbox/sandbox";
import {
  annotationOf,
  CLAIMS,
  CLUSTERS,
  eventually,
  expectRenderedOnceWith,
  HOLD_ANNOTATION,
  isHeld,
  managementCluster,
  PAUSED_ANNOTATION,
  POOLS,
  refusalOf,
  STAY,
  vipOf,
  type Cluster,
  type Site,
} from "./support";

const lab = managementCluster({ env: { VIP_ADMISSION_BUDGET: "5" } });

const CLASSES_KEY = "vip.capi.gorizond.io/cluster-class";
const ROLES_KEY = "vip.capi.gorizond.io/role";
const PRIORITY = "vip.capi.gorizond.io/priority";
const DISABLED = "vip.capi.gorizond.io/disabled";
const INGRESS = "vip.capi.gorizond.io/ingress-vip";

const ingressOf = (cluster: Cluster): string | undefined => annotationOf(cluster, INGRESS);

async function siteWithClass(): Promise<Site> {
  const site = await lab.newSite();
  await site.hasClass();
  return site;
}

const create = async (site: Site, name: string, clusterClass = "lab"): Promise<Cluster> =>
  (await site.createCluster({ name, clusterClass })).object;

/** The labels say "true", the annotations beside them say who. */
const listing = (classes: string, roles = "control-plane") => ({
  clusterClass: "true",
  role: "true" as const,
  annotations: { [CLASSES_KEY]: classes, [ROLES_KEY]: roles },
});

describe("A pool says whom it serves", () => {
  test("by labels, one class and one role", async () => {
    const site = await siteWithClass();
    await Promise.all([
      site.hasPool({ name: "a-other-class", addresses: ["10.70.0.10"], clusterClass: "other" }),
      site.hasPool({ name: "b-other-role", addresses: ["10.70.0.20"], role: "ingress" }),
      site.hasPool({ name: "c-both", addresses: ["10.70.0.30"] }),
    ]);
    expect(vipOf(await create(site, "a"))).toBe("10.70.0.30");
  });

  test("by lists, and then serves several classes, and both roles with one address each", async () => {
    const site = await lab.newSite();
    await Promise.all([
      site.hasClass({ name: "one", ingressVip: "empty-default" }),
      site.hasClass({ name: "two" }),
      site.hasPool({ addresses: ["10.70.1.10-10.70.1.19"], ...listing("one,two", "control-plane,ingress") }),
    ]);

    await Promise.all([create(site, "both", "one"), create(site, "alone", "two")]);

    const vip = vipOf(await site.completed("both")) ?? "none";
    const ingress = await eventually(async () => ingressOf(await site.clusterOf("both")));
    const vips = [vip, ingress, vipOf(await site.completed("alone"))];
    for (const one of vips) expect(one).toMatch(/^10\.70\.1\.1\d$/);
    expect(new Set(vips).size).toBe(3);
    expectRenderedOnceWith(vip, await site.rendered("both"));
  });

  test("by lists whose names have blanks around them, and empty places between them", async () => {
    const site = await siteWithClass();
    await site.hasPool({
      addresses: ["10.70.2.10-10.70.2.11"],
      ...listing(" other ,,\tlab ,", " ingress , control-plane "),
    });
    const made = await create(site, "a");
    expect(vipOf(made)).toMatch(/^10\.70\.2\.1[01]$/);
  });

  test("by a list for the class, and a label for the role", async () => {
    const site = await siteWithClass();
    const { clusterClass, annotations } = listing("lab");
    await Promise.all([
      site.hasPool({
        name: "a-ingress",
        addresses: ["10.70.3.10"],
        clusterClass,
        annotations,
        role: "ingress",
      }),
      site.hasPool({ name: "b-mine", addresses: ["10.70.3.20"], clusterClass, annotations }),
    ]);
    expect(vipOf(await create(site, "a"))).toBe("10.70.3.20");
  });

  test('by a list only where the label says "true"', async () => {
    const site = await siteWithClass();
    const { annotations } = listing("lab");
    await site.hasPool({ addresses: ["10.70.4.10"], clusterClass: "other", annotations });
    expect(annotationOf(await create(site, "a"), HOLD_ANNOTATION)).toBe("NoMatchingPool");
    await site.markPool("control-plane-vips", { labels: { [CLASSES_KEY]: "true" } });
    expect(vipOf(await site.completed("a"))).toBe("10.70.4.10");
  });

  test("by a list for a class whose name is longer than a label can be", async () => {
    const site = await lab.newSite();
    const name = "k".repeat(100);
    await Promise.all([
      site.hasClass({ name }),
      site.hasPool({ addresses: ["10.70.5.10"], ...listing(`lab,${name}`) }),
    ]);
    expect(vipOf(await create(site, "a", name))).toBe("10.70.5.10");
    expectRenderedOnceWith("10.70.5.10", await site.rendered("a"));
  });

  test("for a class that is really called `true`: by the label alone, or as a name in the list", async () => {
    const site = await lab.newSite();
    await Promise.all([
      site.hasClass({ name: "true" }),
      site.hasClass(),
      site.hasPool({ name: "alone", addresses: ["10.70.6.10"], clusterClass: "true" }),
    ]);
    expect(vipOf(await create(site, "a", "true"))).toBe("10.70.6.10");
    expect(annotationOf(await create(site, "b"), HOLD_ANNOTATION)).toBe("NoMatchingPool");

    await site.hasFree("alone", 0);
    await site.hasPool({ name: "list", addresses: ["10.70.6.20-10.70.6.29"], ...listing("lab,true") });
    expect(vipOf(await create(site, "c", "true"))).toMatch(/^10\.70\.6\.2\d$/);
    expect(vipOf(await site.completed("b"))).toMatch(/^10\.70\.6\.2\d$/);
  });

  test.each([
    ["classes", { clusterClass: "a,b,c" }, '"a,b,c"'],
    ["roles", { role: "control-plane,ingress" }, '"control-plane,ingress"'],
  ])("never by a label that lists %s: the API server refuses such a label", async (_what, labels, value) => {
    const site = await lab.newSite();
    const { message } = await refusalOf(site.hasPool(labels));
    expect(message).toContain(`metadata.labels: Invalid value: ${value}`);
  });
});

describe("Of several pools", () => {
  test("the namespace's own comes before a global one, whatever their priorities; then the priority decides", async () => {
    const site = await lab.newSite();
    const clusterClass = `${site.namespace}-class`;
    const priority = (value: string) => ({ clusterClass, annotations: { [PRIORITY]: value } });
    await Promise.all([
      site.hasClass({ name: clusterClass }),
      site.hasGlobalPool({ name: site.namespace, addresses: ["10.71.0.10"], ...priority("100") }),
      site.hasPool({ name: "a-low", addresses: ["10.71.0.20"], ...priority("-1") }),
      site.hasPool({ name: "b-none", addresses: ["10.71.0.30"], clusterClass }),
      site.hasPool({ name: "c-high", addresses: ["10.71.0.40"], ...priority("1") }),
    ]);

    for (const [pool, vip] of [
      ["c-high", "10.71.0.40"],
      ["b-none", "10.71.0.30"],
      ["a-low", "10.71.0.20"],
    ] as const) {
      const { spec, metadata } = await create(site, pool, clusterClass);
      expect([pool, spec.controlPlaneEndpoint?.host, metadata.annotations?.[HOLD_ANNOTATION]]).toEqual([
        pool,
        vip,
        undefined,
      ]);
      await site.hasFree(pool, 0);
    }
    expect(vipOf(await create(site, "last", clusterClass))).toBe("10.71.0.10");
  });

  test("GB14: those that can give nothing are passed over, and where none is left the user is told why of each", async () => {
    const site = await siteWithClass();
    const full = await site.hasPool({ name: "a-full", addresses: ["10.71.1.10"] });
    await Promise.all([
      site.hasPool({ name: "b-going", addresses: ["10.71.1.20"] }),
      site.hasPool({ name: "c-off", addresses: ["10.71.1.30"], annotations: { [DISABLED]: "true" } }),
      site.hasPool({ name: "d-paused", addresses: ["10.71.1.40"], annotations: { [PAUSED_ANNOTATION]: "" } }),
      site.occupies(full, "printer").then(() => site.hasFree("a-full", 0)),
    ]);
    await lab.api.merge(POOLS, site.at("b-going"), { metadata: { finalizers: [STAY] } });
    await lab.api.delete(POOLS, site.at("b-going"));

    const { object, warnings } = await site.createCluster({ name: "a" });

    expect(annotationOf(object, HOLD_ANNOTATION)).toBe("PoolExhausted");
    expect(warnings).toEqual([
      `Cluster ${site.namespace}/a: No matching pool can give an address: ` +
        "InClusterIPPool a-full: it has no free address; " +
        "InClusterIPPool b-going: it is being deleted; " +
        `InClusterIPPool c-off: its annotation ${DISABLED} says "true"; ` +
        "InClusterIPPool d-paused: it is paused (PoolExhausted). " +
        "Enlarge a pool, free an address or add a pool; the Cluster is completed by itself then.",
    ]);
    expect(await site.claimOf("a")).toBeUndefined();

    await site.hasPool({ name: "e-good", addresses: ["10.71.1.50-10.71.1.59"] });
    expect(vipOf(await site.completed("a"))).toMatch(/^10\.71\.1\.5\d$/);
    expect(vipOf(await create(site, "b"))).toMatch(/^10\.71\.1\.5\d$/);
    await lab.api.merge(POOLS, site.at("b-going"), { metadata: { finalizers: null } });
  });

  test("the next one gives what the first has no more of", async () => {
    const site = await siteWithClass();
    await Promise.all([
      site.hasPool({ name: "one", addresses: ["10.71.2.10"] }),
      site.hasPool({ name: "two", addresses: ["10.71.2.20"] }),
    ]);
    expect(vipOf(await create(site, "a"))).toBe("10.71.2.10");
    await site.hasFree("one", 0);
    expect(vipOf(await create(site, "b"))).toBe("10.71.2.20");
  });

  test("the next one gives what the first had not enough of: only a claim without an address is made again", async () => {
    const site = await siteWithClass();
    await Promise.all([
      site.hasPool({ name: "one", addresses: ["10.71.3.10"] }),
      site.hasPool({ name: "two", addresses: ["10.71.3.20"] }),
    ]);
    await Promise.all([site.hasFree("one", 1), site.hasFree("two", 1)]);
    const before = await lab.without(["ipam"], async () => {
      await Promise.all([create(site, "a"), create(site, "b")]);
      await Promise.all([ownsClaim(site, "a"), ownsClaim(site, "b")]);
      return claimsByName(site);
    });

    const clusters = await Promise.all([site.completed("a"), site.completed("b")]);

    expect(clusters.map(vipOf).sort()).toEqual(["10.71.3.10", "10.71.3.20"]);
    const after = await claimsByName(site);
    for (const { metadata, spec } of clusters) {
      const isFirsts = spec.controlPlaneEndpoint?.host === "10.71.3.10";
      const name = `vip-cp-${metadata.name}`;
      expect([name, after[name] === before[name]]).toEqual([name, isFirsts]);
    }
  });

  test("the next one gives what the first had not enough of, at once, also before anybody owns the claim", async () => {
    const site = await siteWithClass();
    await Promise.all([
      site.hasPool({ name: "one", addresses: ["10.71.4.10"] }),
      site.hasPool({ name: "two", addresses: ["10.71.4.20"] }),
    ]);
    await Promise.all([site.hasFree("one", 1), site.hasFree("two", 1)]);
    await lab.without(["watcher"], async () => {
      await lab.without(["ipam"], () => Promise.all([create(site, "a"), create(site, "b")]));
      await site.hasFree("one", 0);
    });

    const clusters = await Promise.all([site.completed("a", 10_000), site.completed("b", 10_000)]);

    expect(clusters.map(vipOf).sort()).toEqual(["10.71.4.10", "10.71.4.20"]);
  });
});

const ownsClaim = (site: Site, name: string) =>
  eventually(async () => (await site.claimOf(name))?.metadata.ownerReferences?.[0]?.name === name, {
    withinMs: 30_000,
    what: `the claim of ${site.namespace}/${name} to have an owner`,
  });

/** Name and UID of every claim. */
const claimsByName = async (site: Site): Promise<Record<string, string>> =>
  Object.fromEntries((await site.claims()).map(({ metadata }) => [metadata.name, metadata.uid]));

/** On a machine of one's own it is well within one. */
const SOON_MS = 5000;

interface Change {
  readonly what: string;
  readonly reason: "NoMatchingPool" | "PoolExhausted";
  readonly before: (site: Site, addresses: readonly string[]) => Promise<unknown>;
  readonly change: (site: Site, addresses: readonly string[]) => Promise<unknown>;
}

const vips = (addresses: readonly string[]) => ({ name: "vips", addresses });

async function isFull(site: Site, addresses: readonly string[]): Promise<void> {
  await site.occupies(await site.hasPool(vips(addresses)), "printer");
  await site.hasFree("vips", 0);
}

const CHANGES: readonly Change[] = [
  {
    what: "a new pool",
    reason: "NoMatchingPool",
    before: () => Promise.resolve(),
    change: (site, addresses) => site.hasPool(vips(addresses)),
  },
  {
    what: "another label on a pool",
    reason: "NoMatchingPool",
    before: (site, addresses) => site.hasPool({ ...vips(addresses), clusterClass: "former" }),
    change: (site) => site.markPool("vips", { labels: { [CLASSES_KEY]: "lab" } }),
  },
  {
    what: "another list on a pool",
    reason: "NoMatchingPool",
    before: (site, addresses) => site.hasPool({ ...vips(addresses), ...listing("former") }),
    change: (site) => site.markPool("vips", { annotations: { [CLASSES_KEY]: "former,lab" } }),
  },
  {
    what: "more addresses in a pool",
    reason: "PoolExhausted",
    before: isFull,
    change: (site, [first = ""]) => site.hasPool(vips([first, first.replace(/10$/, "11")])),
  },
  {
    what: "an address that is given back",
    reason: "PoolExhausted",
    before: isFull,
    change: (site) => lab.api.delete(CLAIMS, site.at("printer")),
  },
  {
    what: "a pool that is no more disabled",
    reason: "PoolExhausted",
    before: (site, addresses) => site.hasPool({ ...vips(addresses), annotations: { [DISABLED]: "true" } }),
    change: (site) => site.markPool("vips", { annotations: { [DISABLED]: null } }),
  },
  {
    what: "a pool that is no more paused",
    reason: "PoolExhausted",
    before: (site, addresses) =>
      site.hasPool({ ...vips(addresses), annotations: { [PAUSED_ANNOTATION]: "" } }),
    change: (site) => site.markPool("vips", { annotations: { [PAUSED_ANNOTATION]: null } }),
  },
];

describe("A Cluster that waits for an address", () => {
  const sites = new Map<string, Site>();
  /** Its Cluster waits for a pool as well, but no pool of another namespace can serve it. */
  let abroad: Site;

  const waiting = async (site: Site, name: string, reason: string, clusterClass = "lab") => {
    await create(site, name, clusterClass);
    await site.held(name, reason);
    await site.seenPaused(name);
    await site.says(name, "False", reason);
  };

  beforeAll(async () => {
    abroad = await siteWithClass();
    const prepared = CHANGES.map(async ({ what, reason, before }) => {
      const site = await siteWithClass();
      sites.set(what, site);
      await Promise.all([site.hasClass({ name: "other" }), before(site, addressesFor(what))]);
      await Promise.all([waiting(site, "late", reason), waiting(site, "other", "NoMatchingPool", "other")]);
    });
    await Promise.all([waiting(abroad, "abroad", "NoMatchingPool"), ...prepared]);
  }, 90_000);

  const addressesFor = (what: string): readonly string[] => [
    `10.72.${CHANGES.findIndex((one) => one.what === what)}.10`,
  ];

  test.each(CHANGES)(
    "is completed by $what, at once; and nobody who waits for something else is written",
    async ({ what, change }) => {
      const site = sites.get(what) as Site;
      const addresses = addressesFor(what);
      const others = await Promise.all([site.clusterOf("other"), abroad.clusterOf("abroad")]);
      const since = new Date();

      await change(site, addresses);
      const answered = Date.now();

      const vip = vipOf(await site.completed("late"));
      expect([...addresses, addresses[0]?.replace(/10$/, "11")]).toContain(vip);
      const [last] = await writesOn(site, "late", since, "clusters");
      expect(new Date(last?.time ?? "").getTime() - answered).toBeLessThan(SOON_MS);
      expect([await writesOn(site, "other", since), await writesOn(abroad, "abroad", since)]).toEqual([
        [],
        [],
      ]);
      expect(await Promise.all([site.clusterOf("other"), abroad.clusterOf("abroad")])).toEqual(others);
    },
  );
});

/** What the module wrote on the Cluster, its claims and its addresses, newest first. */
async function writesOn({ namespace }: Site, name: string, since: Date, resource?: string) {
  const entries = await lab.requestsOfModule({
    namespace,
    verb: writeVerbs,
    since,
    ...(resource !== undefined && { resource }),
  });
  return entries
    .filter((entry) => [name, `vip-cp-${name}`, `vip-ingress-${name}`].includes(entry.name))
    .reverse();
}

describe("A Cluster that is deleted", () => {
  test("GB17: while it is held gets no claim any more when a pool comes", async () => {
    const site = await siteWithClass();
    expect(isHeld(await create(site, "a"))).toBe(true);
    await site.lingers("a");
    await site.deleteCluster("a");
    // The watcher has seen that it goes: our pause is off, so that Cluster API can delete it.
    await eventually(async () => annotationOf(await site.clusterOf("a"), PAUSED_ANNOTATION) === undefined, {
      withinMs: 30_000,
      what: "our pause to be taken off",
    });
    const since = new Date();
    await site.hasPool({ addresses: ["10.73.0.10-10.73.0.11"] });

    expect(vipOf(await create(site, "b"))).toBe("10.73.0.10");
    await site.adopted("b");
    await lab.api.merge(CLUSTERS, site.at("a"), { metadata: { finalizers: null } });
    await site.gone(CLUSTERS, "a");
    expect(await claimsMade(site, "a", since)).toEqual([]);
  });

  test("GB17: while it runs gets no new claim when somebody deletes the one it has", async () => {
    const site = await siteWithClass();
    await site.hasPool({ addresses: ["10.73.1.10-10.73.1.11"] });
    const vip = vipOf(await create(site, "a"));
    await site.adopted("a");
    await site.rendered("a");
    await site.lingers("a");
    await site.deleteCluster("a");
    const since = new Date();
    await lab.api.delete(CLAIMS, site.at("vip-cp-a"));
    await site.gone(CLAIMS, "vip-cp-a");

    expect(vipOf(await create(site, "b"))).toBe("10.73.1.11");
    await site.adopted("b");
    expect((await site.addressOf("a"))?.spec.address).toBe(vip);
    await site.letGo("a");
    await site.gone(CLUSTERS, "a");
    expect(await claimsMade(site, "a", since)).toEqual([]);
  });
});

const claimsMade = ({ namespace }: Site, name: string, since: Date) =>
  lab.requestsOfModule({
    namespace,
    resource: "ipaddressclaims",
    verb: "create",
    name: `vip-cp-${name}`,
    since,
  });
