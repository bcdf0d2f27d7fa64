/** Bad input: a clear message, and nothing lost or overwritten. */
import { pool as poolManifest } from "../../sandbox/fixtures";
import { writeVerbs } from "../../sandbox/sandbox";
import { REASONS } from "../../lib/core/verdict";
import {
  addressByHand,
  ADDRESSES,
  annotationOf,
  claimByHand,
  CLAIMS,
  claimName,
  CLUSTERS,
  CLUSTERS_V1BETA1,
  eventually,
  expectRenderedOnceWith,
  hasClassWith,
  HOLD_ANNOTATION,
  IN_USE,
  isHeld,
  make,
  managementCluster,
  OUR_PAUSE,
  PAUSED_ANNOTATION,
  POOLS,
  reasonsGiven,
  Refused,
  refusalOf,
  variable,
  variableOf,
  VIP_ANNOTATION,
  vipOf,
  watcherSaid,
  type Address,
  type Answer,
  type Claim,
  type Cluster,
  type KubeObject,
  type Site,
  type Stored,
} from "./support";

const management = managementCluster();

const OURS = "vip.capi.gorizond.io/";
const OPT_OUT = `${OURS}control-plane-enabled`;
const APPLY_LATE = `${OURS}apply-late`;
const PRIORITY = `${OURS}priority`;
const RESERVED_AT = `${OURS}reserved-at`;
const ROLE = { [`${OURS}role`]: "control-plane" };
const CLUSTER_NAME = "cluster.x-k8s.io/cluster-name";

/** What the user reads after "Cluster NAMESPACE/NAME: ". */
const WORDS = {
  NoMatchingPool: (clusterClass: string, { namespace }: Site) =>
    `The ClusterClass wants a VIP, but no pool matches: class ${clusterClass}, role control-plane, namespace ${namespace} or global ` +
    "(NoMatchingPool). Label a pool with the class and the role; the Cluster is completed by itself then.",
  PoolExhausted: (why: string) =>
    `No matching pool can give an address: ${why} ` +
    "(PoolExhausted). Enlarge a pool, free an address or add a pool; the Cluster is completed by itself then.",
  ClaimNotOurs: (object: string) =>
    `An object of the name we need exists and is not ours: ${object} ` +
    "(ClaimNotOurs). Rename or delete it, or name the Cluster otherwise.",
  ClaimOfOtherPool: (claim: string) =>
    `A left-over claim is for a pool that does not match: ${claim} ` +
    "(ClaimOfOtherPool). It is removed by itself after two minutes, then another is made.",
  PreviousAddressReleasing: (object: string) =>
    `A former owner of this name still holds its address: ${object} ` +
    "(PreviousAddressReleasing). The Cluster is completed by itself once that is gone.",
  WaitingForAddress: (claim: string) =>
    `The IPAM provider has not answered yet: ${claim} ` +
    "(WaitingForAddress). The Cluster is completed by itself; if that takes long, look at the IPAM provider.",
  AddressInvalid: (text: string) =>
    `The IPAM provider answered with something that is no IP address: ${text} ` +
    "(AddressInvalid). Use a pool that gives single addresses, and delete the claim.",
  ClassNotFound: (clusterClass: string) =>
    `ClusterClass ${clusterClass} does not exist ` +
    "(ClassNotFound). Create the class, or name an existing one; the Cluster is completed by itself then.",
  HostAndVariableDiffer: (both: string) =>
    `spec.controlPlaneEndpoint.host and the VIP variable name different addresses: ${both} ` +
    "(HostAndVariableDiffer). Give one of them, or the same in both.",
  AddressTaken: (who: string) =>
    `The VIP has another owner: ${who} ` + "(AddressTaken). Give one of them another address.",
  PoolRequired: (clusterClass: string, { namespace }: Site) =>
    `The ClusterClass wants a VIP, but no pool matches: class ${clusterClass}, role control-plane, namespace ${namespace} or global ` +
    "(PoolRequired). Label a pool with the class and the role, then create the Cluster again.",
} as const;

const said = (site: Site, cluster: string, words: string): string =>
  `Cluster ${site.namespace}/${cluster}: ${words}`;

const DEFAULT_POOL = "InClusterIPPool control-plane-vips";

const isOurWarning = (warning: string): boolean => warning.startsWith("Cluster team-");

/** Stored, held for this reason, told in exactly these words, and without anything that could be rendered. */
function expectHeld(
  { object, warnings }: Answer<Cluster>,
  site: Site,
  reason: keyof typeof WORDS,
  words: string,
): void {
  expect(warnings.filter(isOurWarning)).toEqual([said(site, object.metadata.name, words)]);
  expect(object.metadata.annotations).toMatchObject({
    [HOLD_ANNOTATION]: reason,
    [PAUSED_ANNOTATION]: OUR_PAUSE,
  });
  expect(object.metadata.annotations).not.toHaveProperty([VIP_ANNOTATION]);
  expect(object.spec.controlPlaneEndpoint).toBeUndefined();
  expect(variableOf(object) ?? "").toBe("");
}

/** Complete at once, without a word to its user. */
function expectComplete({ object, warnings }: Answer<Cluster>, vip: unknown, port = 6443): void {
  expect(warnings.filter(isOurWarning)).toEqual([]);
  expect(object.spec.controlPlaneEndpoint).toEqual({ host: vip, port });
  expect(annotationOf(object, VIP_ANNOTATION)).toBe(vipOf(object));
  expect(isHeld(object)).toBe(false);
}

const anyVip = expect.stringMatching(/^10\.20\.\d+\.\d+$/) as unknown;

/** Cluster API lets every later write through, so the Cluster can be changed and deleted. */
const expectChangeable = (site: Site, name: string): Promise<unknown> =>
  site.label(name, { "changed-later": "yes" });

interface Pool extends Stored {
  readonly status?: { readonly ipAddresses?: { readonly free?: number } };
}

const poolHasFree = (site: Site, free: number, name = "control-plane-vips"): Promise<unknown> =>
  eventually(
    async () => {
      const { status } = await site.api.get<Pool>(POOLS, site.namespace, name);
      return status?.ipAddresses?.free === free;
    },
    { withinMs: 30_000, what: `the pool ${name} to know that ${free} addresses are free` },
  );

const annotatePool = (site: Site, annotations: Readonly<Record<string, string | null>>): Promise<unknown> =>
  site.api.merge(POOLS, site.at("control-plane-vips"), { metadata: { annotations } });

/** @param last the pool gives its addresses from 10 up to this one */
async function siteWithVips(last = 250): Promise<Site> {
  const site = await management.newSite();
  await site.hasClassAndPool({ addresses: [site.span(10, last)] });
  return site;
}

const writesOfModule = (site: Site, since?: Date) =>
  management.requestsOfModule({ namespace: site.namespace, verb: writeVerbs, ...(since && { since }) });

/** A pool for each of these classes, named like it, and none with an address of another. */
const hasPoolsFor = (site: Site, classes: readonly string[]): Promise<unknown> =>
  Promise.all(
    classes.map((clusterClass, index) =>
      site.hasPool({
        name: clusterClass,
        clusterClass,
        addresses: [site.span(10 * index + 10, 10 * index + 19)],
      }),
    ),
  );

const TEXT = { type: "string" };
const EMPTY = { ...TEXT, default: "" };

/** A namespace that the tests of one `describe` have together. */
function shared(fill: (site: Site) => Promise<unknown>): () => Site {
  let site: Site | undefined;
  beforeAll(async () => {
    site = await management.newSite();
    await fill(site);
  });
  return () => {
    if (!site) throw new Error("The namespace is there from beforeAll on");
    return site;
  };
}

describe("a pool that gives nothing", () => {
  test("because it is full: the Cluster is held, and the one that has its address keeps it", async () => {
    const site = await siteWithVips(10);
    await site.createCluster({ name: "first" });
    await poolHasFree(site, 0);

    const second = await site.createCluster({ name: "second" });

    const words = WORDS.PoolExhausted(`${DEFAULT_POOL}: it has no free address`);
    expectHeld(second, site, "PoolExhausted", words);
    expect(await site.claimOf("second")).toBeUndefined();
    await site.hasPool({ addresses: [site.span(10, 11)] });
    expect(vipOf(await site.completed("second"))).toBe(site.address(11));
    expect(vipOf(await site.clusterOf("first"))).toBe(site.address(10));
  });

  test("because it is being deleted: the deletion is not held up, and another pool completes the Cluster", async () => {
    const site = await siteWithVips();
    await site.api.merge(POOLS, site.at("control-plane-vips"), {
      metadata: { finalizers: ["example.com/keep"] },
    });
    await site.api.delete(POOLS, site.at("control-plane-vips"));

    const created = await site.createCluster({ name: "late" });

    const words = WORDS.PoolExhausted(`${DEFAULT_POOL}: it is being deleted`);
    expectHeld(created, site, "PoolExhausted", words);
    expect(await site.claims()).toEqual([]);
    await site.api.merge(POOLS, site.at("control-plane-vips"), { metadata: { finalizers: null } });
    await site.gone(POOLS, "control-plane-vips");
    await site.hasPool({ name: "another", addresses: ["10.21.0.10"] });
    expect(vipOf(await site.completed("late"))).toBe("10.21.0.10");
  });

  test("because it is paused, by whatever value: the Cluster is completed once the pause ends", async () => {
    const site = await siteWithVips();
    await annotatePool(site, { [PAUSED_ANNOTATION]: "" });

    const created = await site.createCluster({ name: "late" });

    expectHeld(created, site, "PoolExhausted", WORDS.PoolExhausted(`${DEFAULT_POOL}: it is paused`));
    expect(await site.claims()).toEqual([]);
    await annotatePool(site, { [PAUSED_ANNOTATION]: null });
    expect(vipOf(await site.completed("late"))).toBe(site.address(10));
  });

  // The API server cuts warnings of more than 4096 letters in all to 256 each, and the reason is at the end.
  test("because all of fifty pools are paused: the warning still says why, and what to do", async () => {
    const site = await management.newSite();
    const names = Array.from({ length: 50 }, (_, index) => `${"p".repeat(60)}-${index}`);
    const annotations = { [PAUSED_ANNOTATION]: "yes" };
    await Promise.all([site.hasClass(), ...names.map((name) => site.hasPool({ name, annotations }))]);

    const { warnings } = await site.createCluster({ name: "late" });

    expect(warnings.join()).toContain("(PoolExhausted). Enlarge a pool, free an address or add a pool");
  });

  test("because its labels are nearly right: no such pool is taken, and the warning names what is looked for", async () => {
    const site = await management.newSite();
    await site.hasClass();
    const odd = (name: string, clusterClass: string, role: string): KubeObject => {
      const pool = poolManifest({ name, namespace: site.namespace, addresses: [site.span(10, 250)] });
      const labels = { [`${OURS}cluster-class`]: clusterClass, [`${OURS}role`]: role };
      return { ...pool, metadata: { ...pool.metadata, labels } };
    };
    await Promise.all([
      site.put(odd("upper", "LAB", "control-plane")),
      site.put(odd("true-class", "true", "control-plane")),
      site.put(odd("true-role", "lab", "true")),
      site.put(odd("upper-role", "lab", "Control-Plane")),
      site.put(odd("no-class", "", "control-plane")),
      site.put(odd("no-role", "lab", "")),
    ]);
    const list = await refusalOf(site.put(odd("list", "lab,other", "control-plane")));
    expect(list.message).toContain('metadata.labels: Invalid value: "lab,other"');

    const created = await site.createCluster({ name: "late" });

    expectHeld(created, site, "NoMatchingPool", WORDS.NoMatchingPool("lab", site));
    expect(await site.claims()).toEqual([]);
    await site.put(odd("upper", "lab", "control-plane"));
    expect(vipOf(await site.completed("late"))).toBe(site.address(10));
  });

  test("because its class has a name that no label can hold: the API server says so to who labels the pool", async () => {
    const site = await management.newSite();
    const clusterClass = "k".repeat(64);
    await hasClassWith(site, clusterClass, [variable(EMPTY)]);

    const pool = await refusalOf(site.hasPool({ clusterClass }));
    const created = await site.createCluster({ name: "late", clusterClass });

    expect(pool.message).toContain(
      `metadata.labels: Invalid value: "${clusterClass}": must be no more than 63 bytes`,
    );
    expectHeld(created, site, "NoMatchingPool", WORDS.NoMatchingPool(clusterClass, site));
    await site.api.merge(CLUSTERS, site.at("late"), {
      spec: { controlPlaneEndpoint: { host: "192.0.2.1" } },
    });
    expect(variableOf(await site.completed("late"))).toBe("192.0.2.1");
  });
});

describe("the priority of a pool", () => {
  test("is a whole number of up to nine digits; anything else counts as 0", async () => {
    const site = await management.newSite();
    await site.hasClass();
    const pools = [
      ["z-highest", "999999999", site.address(1)],
      ["y-spaces", " 7 ", site.address(2)],
      ["a-word", "high", site.address(4)],
      ["b-exponent", "1e9", site.address(5)],
      ["c-negative", "-3", site.address(6)],
    ] as const;
    await Promise.all(
      pools.map(([name, priority, address]) =>
        site.hasPool({ name, addresses: [address], annotations: { [PRIORITY]: priority } }),
      ),
    );

    for (const [name, , address] of pools) {
      expectComplete(await site.createCluster({ name }), address);
      await poolHasFree(site, 0, name);
    }
  });

  test("is a whole number, however large", async () => {
    const site = await management.newSite();
    await site.hasClass();
    await Promise.all([
      site.hasPool({ name: "z", addresses: [site.address(1)], annotations: { [PRIORITY]: "9999999999" } }),
      site.hasPool({ name: "a", addresses: [site.address(2)], annotations: { [PRIORITY]: "5" } }),
    ]);

    expectComplete(await site.createCluster({ name: "huge" }), site.address(1));
  });
});

describe("an IPv6 pool", () => {
  test("in any spelling gives a VIP in the one canonical spelling, everywhere", async () => {
    const site = await management.newSite();
    await site.hasClassAndPool({ addresses: ["FD00:0010:0020:0000::00AB"] });

    const created = await site.createCluster({ name: "six" });

    expectComplete(created, "fd00:10:20::ab");
    expect(variableOf(created.object)).toBe("fd00:10:20::ab");
    expectRenderedOnceWith("fd00:10:20::ab", await site.rendered("six"));
    expect((await site.addressOf("six"))?.spec.address).toBe("fd00:10:20::ab");
  });

  test("that also has IPv4 addresses is refused by the IPAM provider, in words", async () => {
    const site = await management.newSite();

    const { message } = await refusalOf(site.hasPool({ addresses: ["fd00::1", "10.0.0.1"] }));

    expect(message).toContain("provided addresses are of mixed IP families");
  });
});

describe("a class whose clusterVip is no string", () => {
  const site = shared(async (site) => {
    await Promise.all([
      hasClassWith(site, "integer", [variable({ type: "integer", default: 0 })]),
      hasClassWith(site, "boolean", [variable({ type: "boolean", default: false })]),
      hasClassWith(site, "object", [variable({ type: "object", properties: { host: TEXT } })]),
      hasClassWith(site, "array", [variable({ type: "array", items: TEXT })]),
      hasPoolsFor(site, ["integer", "boolean", "object", "array"]),
    ]);
  });

  test.each([
    ["an integer", "integer", [{ name: "clusterVip", value: 0 }]],
    ["a boolean", "boolean", [{ name: "clusterVip", value: false }]],
    ["an object", "object", undefined],
    ["an array", "array", undefined],
  ])(
    "but %s: the variable is left alone, and endpoint and annotation have the VIP",
    async (_what, name, given) => {
      const created = await site().createCluster({ name, clusterClass: name });

      expectComplete(created, anyVip);
      expect(created.object.spec.topology?.variables).toEqual(given);
      await expectChangeable(site(), name);
      expect((await site().rendered(name)).cluster.spec.topology?.variables).toEqual(given);
    },
  );
});

describe("a class whose clusterVip has a default that looks like an address", () => {
  const site = shared(async (site) => {
    await Promise.all([
      hasClassWith(site, "lab", [variable({ ...TEXT, default: "10.9.9.9" })], true),
      hasClassWith(site, "zero", [variable({ ...TEXT, default: "0.0.0.0" })], true),
      hasPoolsFor(site, ["lab", "zero"]),
    ]);
  });

  test.each(["lab", "zero"])("(%s): the default counts as empty, and the VIP is rendered", async (name) => {
    const created = await site().createCluster({ name, clusterClass: name });

    expectComplete(created, anyVip);
    expect(variableOf(created.object)).toBe(vipOf(created.object));
    expectRenderedOnceWith(vipOf(created.object) ?? "none", await site().rendered(name));
  });

  test("with a host of the user's own: the variable follows the host", async () => {
    const created = await site().createCluster({
      name: "own",
      spec: { controlPlaneEndpoint: { host: "192.0.2.2" } },
    });

    expectComplete(created, "192.0.2.2");
    expect(variableOf(created.object)).toBe("192.0.2.2");
  });
});

describe("a class whose clusterVip is required", () => {
  test("without a default: Cluster API refuses the Cluster before us, and nothing is claimed", async () => {
    const site = await management.newSite();
    await Promise.all([
      hasClassWith(site, "lab", [variable(TEXT, "clusterVip", true)], true),
      site.hasPool(),
    ]);

    const { message } = await refusalOf(site.createCluster({ name: "early" }));
    const own = await site.createCluster({ name: "own", variables: { clusterVip: "192.0.2.3" } });

    expect(message).toContain(
      'spec.topology.variables: Required value: required variable "clusterVip" must be set',
    );
    expectComplete(own, "192.0.2.3");
    expect(await site.claims()).toEqual([]);
  });
});

describe("a class whose clusterVip takes not every text", () => {
  const schemas = {
    four: { ...TEXT, format: "ipv4" },
    pattern: { ...TEXT, pattern: "^vip-.*$" },
    six: { ...TEXT, format: "ipv6" },
    enum: { ...EMPTY, enum: ["", "10.9.9.9"] },
    short: { ...TEXT, maxLength: 5 },
    long: { ...TEXT, minLength: 20 },
    rule: { ...TEXT, "x-kubernetes-validations": [{ rule: "self.startsWith('vip-')", message: "a name" }] },
    late: { ...TEXT, pattern: "^vip-.*$" },
  };
  const site = shared((site) =>
    Promise.all([
      ...Object.entries(schemas).map(([name, schema]) => hasClassWith(site, name, [variable(schema)])),
      hasPoolsFor(
        site,
        Object.keys(schemas).filter((name) => name !== "late"),
      ),
    ]),
  );

  test("but IPv4 addresses: the Cluster gets its VIP and can be changed", async () => {
    expectComplete(await site().createCluster({ name: "four", clusterClass: "four" }), anyVip);

    await expectChangeable(site(), "four");
  });

  // Cluster API checks variables before us and not after: what it would not allow, it would refuse at every update.
  test.each([
    ["a pattern", "pattern"],
    ["a format of the other family", "six"],
    ["an enum", "enum"],
    ["a length that is too short", "short"],
    ["a length that is too long", "long"],
    ["a rule", "rule"],
  ])(
    "by %s that the VIP does not satisfy: its user is told, and the Cluster can be changed",
    async (_how, name) => {
      const answer = await site()
        .createCluster({ name, clusterClass: name })
        .catch((error: unknown) => error);

      if (answer instanceof Refused) return expect(answer.message).toContain("clusterVip");
      await expectChangeable(site(), name);
      return expect((answer as Answer<Cluster>).warnings.filter(isOurWarning)).toHaveLength(1);
    },
  );

  // Cluster API refuses what completes the Cluster, and the hold says WaitingForAddress: look at the IPAM provider.
  test("by a pattern, and a pool that comes later: the hold says what is wrong", async () => {
    const created = await site().createCluster({ name: "late", clusterClass: "late" });
    expectHeld(created, site(), "NoMatchingPool", WORDS.NoMatchingPool("late", site()));

    await site().hasPool({ name: "late", clusterClass: "late", addresses: [site().span(200, 209)] });
    await watcherSaid(management, site(), "late", "Assigned");

    const hold = annotationOf(await site().clusterOf("late"), HOLD_ANNOTATION);
    expect(["NoMatchingPool", "WaitingForAddress", "Adopting"]).not.toContain(hold);
  });
});

describe("a class that defines clusterVip twice", () => {
  test("is refused by Cluster API, in words", async () => {
    const site = await management.newSite();

    const { message } = await refusalOf(
      hasClassWith(site, "lab", [variable(TEXT), variable({ type: "integer" })]),
    );

    expect(message).toContain('Variable with name "clusterVip" is defined more than once');
  });
});

describe("the name of a Cluster", () => {
  const site = shared((site) => site.hasClassAndPool());

  test.each([
    ["GB13: of 63 characters", "n".repeat(63)],
    ["with a dot", "north.east"],
    ["that begins with a digit", "1st"],
  ])("%s is good for everything: claim, label and rendering", async (_what, name) => {
    const created = await site().createCluster({ name });

    expectComplete(created, anyVip);
    const claim = await site().adopted(name);
    expect(claim.metadata).toMatchObject({ name: `vip-cp-${name}`, labels: { [CLUSTER_NAME]: name } });
    expectRenderedOnceWith(vipOf(created.object) ?? "none", await site().rendered(name));
  });

  test.each([64, 247])("of %s characters is refused by Cluster API, in words", async (length) => {
    const { message } = await refusalOf(site().createCluster({ name: "n".repeat(length) }));

    expect(message).toContain("must be a valid label value must be no more than 63 bytes");
  });

  test("of 254 characters is refused by the API server, in words", async () => {
    const { message } = await refusalOf(site().createCluster({ name: "n".repeat(254) }));

    expect(message).toContain("must be no more than 253 characters");
  });

  // A claim would keep its address for fifteen minutes.
  test("that is too long to be stored claims no address", async () => {
    await refusalOf(site().createCluster({ name: "m".repeat(64) }));

    expect(await site().claimOf("m".repeat(64))).toBeUndefined();
  });

  test("that is generated from a long prefix is cut so that it fits", async () => {
    const { metadata, ...manifest } = site().manifest({ name: "unused" });
    const { name: _, ...unnamed } = metadata;
    const answer = await site().api.create<Cluster>(CLUSTERS, {
      ...manifest,
      metadata: { ...unnamed, generateName: "g".repeat(200) },
    });

    const { name } = answer.object.metadata;
    expect(name).toMatch(/^g{58}[a-z0-9]{5}$/);
    expectComplete(answer, anyVip);
    expect((await site().addressOf(name))?.spec.address).toBe(vipOf(answer.object));
  });
});

describe("an object of a name that we need", () => {
  const site = shared((site) => site.hasClassAndPool());
  const before = new Map<string, Stored>();

  /** The claim as its owner and the provider leave it. */
  const served = (cluster: string): Promise<Claim> =>
    eventually(
      async () => {
        const claim = await site().claimOf(cluster);
        return claim?.status?.addressRef && claim;
      },
      { withinMs: 30_000, what: `the provider to serve ${claimName(cluster)}` },
    );

  const claimWords = (cluster: string): string => `IPAddressClaim vip-cp-${cluster} of ${DEFAULT_POOL}`;

  test("a claim without our label: the Cluster is held, and the claim is left exactly as it is", async () => {
    await make(site(), claimByHand(site(), "plain", { metadata: { labels: { theirs: "yes" } } }));
    before.set("plain", await served("plain"));

    const created = await site().createCluster({ name: "plain" });

    expectHeld(created, site(), "ClaimNotOurs", WORDS.ClaimNotOurs(claimWords("plain")));
  });

  test("a claim with our label that lives for another controller: likewise", async () => {
    const owner = await make<Stored>(site(), {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "owner", namespace: site().namespace },
    });
    const { name, uid } = owner.metadata;
    const ownerReferences = [{ apiVersion: "v1", kind: "ConfigMap", name, uid, controller: true }];
    await make(site(), claimByHand(site(), "owned", { metadata: { labels: ROLE, ownerReferences } }));
    before.set("owned", await served("owned"));

    const created = await site().createCluster({ name: "owned" });

    expectHeld(created, site(), "ClaimNotOurs", WORDS.ClaimNotOurs(claimWords("owned")));
  });

  test("a claim of ours for a pool of another kind: the Cluster waits until it is old enough to be removed", async () => {
    const poolRef = { apiGroup: "ipam.example.com", kind: "SomePool", name: "control-plane-vips" };
    await make(site(), claimByHand(site(), "kind", { metadata: { labels: ROLE }, poolRef }));
    before.set("kind", (await site().claimOf("kind")) as Claim);

    const created = await site().createCluster({ name: "kind" });

    const words = WORDS.ClaimOfOtherPool(
      "IPAddressClaim vip-cp-kind of SomePool.ipam.example.com control-plane-vips",
    );
    expectHeld(created, site(), "ClaimOfOtherPool", words);
  });

  // Words that name the very pool that does match; only the group, which they lack, is another.
  test("a claim of ours for a pool of another group: the words say which group", async () => {
    const poolRef = { apiGroup: "ipam.example.com" };
    await make(site(), claimByHand(site(), "group", { metadata: { labels: ROLE }, poolRef }));

    const { object, warnings } = await site().createCluster({ name: "group" });

    expect(annotationOf(object, HOLD_ANNOTATION)).toBe("ClaimOfOtherPool");
    expect(warnings.join()).toContain("ipam.example.com");
  });

  test("an address without a claim, made by hand: the Cluster is held, and the address is not taken over", async () => {
    const address = await make<Address>(
      site(),
      addressByHand(site(), "pinned", site().address(99), { labels: { theirs: "yes" } }),
    );
    before.set("pinned", address);

    const created = await site().createCluster({ name: "pinned" });

    expect(isHeld(created.object)).toBe(true);
    expect(created.warnings.join()).toContain("IPAddress vip-cp-pinned has no claim");
    expect(await site().claimOf("pinned")).toBeUndefined();
  });

  // It does not end by itself: nobody will delete what an administrator made.
  test("an address without a claim, made by hand: the reason is that it is not ours", async () => {
    await make(site(), addressByHand(site(), "manual", site().address(98)));

    const { object } = await site().createCluster({ name: "manual" });

    expect(annotationOf(object, HOLD_ANNOTATION)).toBe("ClaimNotOurs");
  });

  test("none of them has been touched after the watcher has looked at every one of these Clusters", async () => {
    await Promise.all([
      watcherSaid(management, site(), "plain", "ClaimNotOurs"),
      watcherSaid(management, site(), "owned", "ClaimNotOurs"),
      watcherSaid(management, site(), "kind", "ClaimOfOtherPool"),
      watcherSaid(management, site(), "pinned", "ClaimNotOurs"),
    ]);

    for (const name of ["plain", "owned", "kind"])
      expect(await site().claimOf(name)).toEqual(before.get(name));
    expect(await site().addressOf("pinned")).toEqual(before.get("pinned"));
  });

  test("once they are gone, each of these Clusters is completed by itself", async () => {
    const { namespace } = site();
    await Promise.all([
      ...["plain", "owned", "kind"].map((name) =>
        site().api.delete(CLAIMS, { namespace, name: claimName(name) }),
      ),
      site().api.delete(ADDRESSES, { namespace, name: claimName("pinned") }),
    ]);

    const all = await Promise.all(
      ["plain", "owned", "kind", "pinned"].map((name) => site().completed(name, 30_000)),
    );

    expect(new Set(all.map(vipOf)).size).toBe(4);
  });

  // Not only Cluster API has a kind of that name.
  test("a claim that belongs to a Cluster of another API: is left exactly as it is", async () => {
    const uid = "21111111-1111-1111-1111-111111111111";
    const owner = { apiVersion: "postgresql.example.com/v1", kind: "Cluster", name: "db", uid };
    const labels = { ...ROLE, [CLUSTER_NAME]: "db" };
    const ownerReferences = [{ ...owner, controller: true }];
    await make(site(), claimByHand(site(), "db", { metadata: { labels, ownerReferences } }));

    await site().createCluster({ name: "db" });

    await watcherSaid(management, site(), "db");
    expect((await site().claimOf("db"))?.metadata.labels).toEqual(labels);
    expect(annotationOf(await site().clusterOf("db"), HOLD_ANNOTATION)).toBe("ClaimNotOurs");
  });
});

describe("annotations of ours with odd values", () => {
  const site = shared((site) => site.hasClassAndPool());

  test.each(["False", "FALSE", " false", "no", "0", ""])(
    "opt-out %p is no opt-out: the Cluster gets its VIP, and the annotation stays as it is",
    async (value) => {
      const name = `opt-${Buffer.from(value).toString("hex") || "empty"}`;

      const created = await site().createCluster({ name, annotations: { [OPT_OUT]: value } });

      expectComplete(created, anyVip);
      expect(annotationOf(created.object, OPT_OUT)).toBe(value);
    },
  );

  test("a hold, a pause and a VIP copied from another Cluster's manifest are dropped", async () => {
    const copied = { [HOLD_ANNOTATION]: "", [PAUSED_ANNOTATION]: OUR_PAUSE, [VIP_ANNOTATION]: "10.99.99.99" };

    const created = await site().createCluster({ name: "copy", annotations: { ...copied, mine: "yes" } });

    expectComplete(created, anyVip);
    expect(created.object.metadata.annotations).toEqual({
      mine: "yes",
      [VIP_ANNOTATION]: vipOf(created.object),
    });
  });

  test("a copied VIP is dropped as well where nothing is reserved", async () => {
    await hasClassWith(site(), "none", [variable(TEXT, "region")]);

    const { object, warnings } = await site().createCluster({
      name: "unmanaged",
      clusterClass: "none",
      annotations: { [VIP_ANNOTATION]: "10.99.99.99" },
    });

    expect([warnings, object.metadata.annotations]).toEqual([[], undefined]);
  });

  test.each(["yesterday", "", "-1", "2999-01-01T00:00:00Z"])(
    "a left-over claim that was reserved at %p is used, and reserved anew",
    async (stamp) => {
      const name = `left-${Buffer.from(stamp).toString("hex") || "empty"}`;
      const metadata = { labels: ROLE, annotations: { [RESERVED_AT]: stamp } };
      const { uid } = (await make<Claim>(site(), claimByHand(site(), name, { metadata }))).metadata;
      const started = Date.now();

      expectComplete(await site().createCluster({ name }), anyVip);

      const claim = await site().claimOf(name);
      expect(claim?.metadata.uid).toBe(uid);
      const reserved = Date.parse(claim?.metadata.annotations?.[RESERVED_AT] ?? "");
      expect(Math.abs(reserved - started)).toBeLessThan(60_000);
    },
  );

  test("a hold of anybody's word on a Cluster that has its VIP is taken off, and nothing is rendered anew", async () => {
    const { object } = await site().createCluster({ name: "word" });
    await site().rendered("word");
    await site().adopted("word");

    for (const word of ["banana", ""]) {
      await site().annotate("word", { [HOLD_ANNOTATION]: word });
      await eventually(
        async () => annotationOf(await site().clusterOf("word"), HOLD_ANNOTATION) === undefined,
        { withinMs: 30_000, what: `the hold ${JSON.stringify(word)} to be taken off` },
      );
    }

    expectRenderedOnceWith(vipOf(object) ?? "none", await site().rendered("word"));
  });

  test("a VIP annotation that says something else is made true again", async () => {
    const { object } = await site().createCluster({ name: "said" });
    const vip = vipOf(object);

    for (const lie of ["garbage", "10.99.99.99", ""]) {
      await site().annotate("said", { [VIP_ANNOTATION]: lie });
      await eventually(async () => annotationOf(await site().clusterOf("said"), VIP_ANNOTATION) === vip, {
        withinMs: 30_000,
        what: `the annotation ${JSON.stringify(lie)} to be made true`,
      });
    }

    expect(vipOf(await site().clusterOf("said"))).toBe(vip);
  });

  test("a hold whose reason somebody rewrites says the true one again; only the word released ends it", async () => {
    await hasClassWith(site(), "poolless", [variable(EMPTY)], true);
    const created = await site().createCluster({ name: "held", clusterClass: "poolless" });
    expectHeld(created, site(), "NoMatchingPool", WORDS.NoMatchingPool("poolless", site()));

    for (const word of ["banana", "", "Released", "false"]) {
      await site().annotate("held", { [HOLD_ANNOTATION]: word });
      await site().held("held", "NoMatchingPool");
    }
    await site().annotate("held", { [HOLD_ANNOTATION]: "released" });

    const { cluster, infrastructure } = await site().rendered("held");
    expect(vipOf(cluster)).toBeUndefined();
    expect(infrastructure.spec?.controlPlaneEndpoint).toBeUndefined();
    await watcherSaid(management, site(), "held", "Released");
  });

  test("a pause of the user's with an empty value is the user's: the VIP is there, and nothing is taken off", async () => {
    const created = await site().createCluster({ name: "paused", annotations: { [PAUSED_ANNOTATION]: "" } });

    expectComplete(created, anyVip);
    expect(annotationOf(created.object, PAUSED_ANNOTATION)).toBe("");
    await site().seenPaused("paused");
    await watcherSaid(management, site(), "paused", "Paused");
    expect((await site().clusterOf("paused")).metadata.annotations).toEqual(
      created.object.metadata.annotations,
    );
  });

  test("apply-late that does not say exactly true has nothing written to a running Cluster", async () => {
    const site = await management.newSite();
    await site.hasClassAndPool({ clusterVip: "absent" });
    const { object } = await site.createCluster({ name: "runs" });
    await site.adopted("runs");
    await site.starts("runs");
    await site.hasClass({ clusterVip: "no-default" });
    await watcherSaid(management, site, "runs", "LateNotApplied");

    for (const value of ["True", "yes", ""]) {
      const since = new Date();
      await site.annotate("runs", { [APPLY_LATE]: value });
      await eventually(
        async () => {
          const looks = { namespace: site.namespace, resource: "clusters", verb: "get", since };
          return (await management.requestsOfModule(looks)).length > 0;
        },
        { withinMs: 30_000, what: `the watcher to look at apply-late ${JSON.stringify(value)}` },
      );
    }
    await site.annotate("runs", { [APPLY_LATE]: "true" });
    await eventually(async () => variableOf(await site.clusterOf("runs")) === vipOf(object), {
      withinMs: 30_000,
      what: "the variable to be written",
    });

    const written = (await site.history<Cluster>(CLUSTERS, "runs")).filter((one) => variableOf(one));
    expect(written.map((one) => annotationOf(one, APPLY_LATE))).toContain("true");
    expect(new Set(written.map((one) => annotationOf(one, APPLY_LATE)))).toEqual(new Set(["true"]));
  });
});

describe("a host of the user's that is odd", () => {
  const site = shared((site) => site.hasClassAndPool());
  const claimed = async (name: string): Promise<boolean> => (await site().claimOf(name)) !== undefined;

  test.each([
    ["is empty", "none-1", { host: "" }, 6443],
    ["is empty, with a port", "none-2", { host: "", port: 7443 }, 7443],
    ["is null, as is the port", "none-3", { host: null, port: null }, 6443],
    ["is missing, with a port", "none-4", { port: 7443 }, 7443],
    ["is missing, as is the port", "none-5", {}, 6443],
  ])(
    "because it %s counts as none: the Cluster gets its VIP",
    async (_how, name, controlPlaneEndpoint, port) => {
      const created = await site().createCluster({ name, spec: { controlPlaneEndpoint } });

      expectComplete(created, anyVip, port);
      expect(await claimed(name)).toBe(true);
    },
  );

  const hosts = [
    ["a space before it", " 10.0.0.1"],
    ["a prefix", "10.0.0.1/24"],
    ["a leading zero", "010.0.0.1"],
    ["brackets", "[fd00::1]"],
    ["a domain name", "api.example.com"],
    ["a domain name in Japanese", "例え.jp"],
    ["a line break", "api\nexample"],
  ] as const;

  test.each(hosts)("(%s) is kept as it is, and nothing is claimed", async (how, host) => {
    const name = `kept-${how.replace(/[^a-z]/gi, "").toLowerCase()}`;

    const { object, warnings } = await site().createCluster({
      name,
      spec: { controlPlaneEndpoint: { host, port: 0 } },
    });

    expect(warnings).toEqual([]);
    expect([object.spec.controlPlaneEndpoint, variableOf(object)]).toEqual([{ host, port: 6443 }, host]);
    expect(object.metadata.annotations).toBeUndefined();
    await expectChangeable(site(), name);
    await watcherSaid(management, site(), name, "UserProvided");
    const cluster = await site().clusterOf(name);
    expect([cluster.spec.controlPlaneEndpoint, variableOf(cluster)]).toEqual([{ host, port: 6443 }, host]);
    expect(annotationOf(cluster, VIP_ANNOTATION)).toBeUndefined();
    expect(await claimed(name)).toBe(false);
  });

  test.each([
    ["word", "banana"],
    ["space", " "],
    ["prefix", "10.0.0.1/24"],
  ])("and stands in the variable alone (a %s) is kept as it is, in both places", async (name, clusterVip) => {
    const { object, warnings } = await site().createCluster({
      name: `variable-${name}`,
      variables: { clusterVip },
    });

    expect(warnings).toEqual([]);
    expect([vipOf(object), variableOf(object)]).toEqual([clusterVip, clusterVip]);
    expect(object.metadata.annotations).toBeUndefined();
    expect(await claimed(`variable-${name}`)).toBe(false);
  });

  test("and stands in the variable alone, as null, counts as none: the Cluster gets its VIP", async () => {
    const created = await site().createCluster({ name: "variable-null", variables: { clusterVip: null } });

    expectComplete(created, anyVip);
    expect(variableOf(created.object)).toBe(vipOf(created.object));
  });

  test("in upper case is kept as it is, also where the variable spells it otherwise", async () => {
    const { object, warnings } = await site().createCluster({
      name: "spelling",
      variables: { clusterVip: "fd00::1" },
      spec: { controlPlaneEndpoint: { host: "FD00:0::1" } },
    });

    expect(warnings).toEqual([]);
    expect([vipOf(object), variableOf(object)]).toEqual(["FD00:0::1", "fd00::1"]);
  });

  test("that differs from the variable is refused, in words that quote both", async () => {
    const { message } = await refusalOf(
      site().createCluster({
        name: "torn",
        variables: { clusterVip: "10.0.0.1/24" },
        spec: { controlPlaneEndpoint: { host: "10.0.0.1" } },
      }),
    );

    const words = WORDS.HostAndVariableDiffer("10.0.0.1 and 10.0.0.1/24");
    expect(message).toBe(
      `admission webhook "pepr-capi-vip-allocator.pepr.dev" denied the request: ${said(site(), "torn", words)}`,
    );
    expect(await claimed("torn")).toBe(false);
  });

  test("that another Cluster has is refused, in words that name that Cluster", async () => {
    const spec = { controlPlaneEndpoint: { host: "192.0.2.5" } };
    await site().createCluster({ name: "owner", spec });

    const { message } = await refusalOf(site().createCluster({ name: "second", spec }));

    const words = WORDS.AddressTaken(`192.0.2.5 of Cluster ${site().namespace}/owner`);
    expect(message).toContain(said(site(), "second", words));
    expect(vipOf(await site().clusterOf("owner"))).toBe("192.0.2.5");
    expect(await claimed("second")).toBe(false);
  });

  test.each([
    ["port 70000", { host: "10.0.0.1", port: 70000 }, "should be less than or equal to 65535"],
    ["port -1", { host: "10.0.0.1", port: -1 }, "should be greater than or equal to 1"],
    ["a port that is text", { port: "6443" }, "cannot unmarshal string into Go struct field"],
    ["a host that is a number", { host: 5 }, "cannot unmarshal number into Go struct field"],
    ["513 letters", { host: "h".repeat(513) }, "Too long: may not be more than 512 bytes"],
  ])("(%s) is refused by others than us, in words, and nothing is claimed", async (how, endpoint, words) => {
    const name = `not-${how.replace(/[^a-z0-9]/g, "")}`;

    const { message } = await refusalOf(
      site().createCluster({ name, spec: { controlPlaneEndpoint: endpoint } }),
    );

    expect(message).toContain(words);
    expect(await claimed(name)).toBe(false);
  });
});

describe("a request of an odd shape", () => {
  const site = shared((site) => site.hasClassAndPool());
  const topology = (rest: object): { spec: Record<string, unknown> } => ({
    spec: { topology: { version: "v1.35.0", controlPlane: { replicas: 1 }, ...rest } },
  });

  test.each([
    ["no class", topology({}), "v1beta2"],
    ["a class without name", topology({ classRef: {} }), "v1beta2"],
    ["a class whose name is empty", topology({ classRef: { name: "" } }), "v1beta2"],
    ["the class in the words of v1beta1", topology({ class: "lab" }), "v1beta2"],
    ["no class, in v1beta1", topology({}), "v1beta1"],
  ] as const)("(%s) is refused by Cluster API, and nothing is claimed", async (_how, wish, version) => {
    const { message } = await refusalOf(site().createCluster({ name: "odd", version, ...wish }));

    expect(message).toContain("spec.topology.classRef.name: Required value: cannot be empty");
    expect(await site().claimOf("odd")).toBeUndefined();
  });

  test.each([
    ["sets the variable twice", { clusterVip: "10.0.0.1" }, 'variable \"clusterVip\" is set more than once'],
    ["sets a variable that is not defined", { other: "10.0.0.1" }, "variable is not defined"],
    ["sets the variable to a number", { clusterVip: 5 }, 'must be of type string: \"integer\"'],
  ])("(%s) is refused by Cluster API, and nothing is claimed", async (how, variables, words) => {
    const twice = [...Object.entries(variables), ...(how.endsWith("twice") ? [["clusterVip", "::1"]] : [])];
    const list = twice.map(([name, value]) => ({ name, value }));
    const wish = topology({ classRef: { name: "lab" }, variables: list });

    const { message } = await refusalOf(site().createCluster({ name: "odd", ...wish }));

    expect(message).toContain(words);
    expect(await site().claimOf("odd")).toBeUndefined();
  });

  test("(a class in a namespace that does not exist) is stored and held", async () => {
    const created = await site().createCluster({ name: "abroad", classNamespace: "nowhere" });

    expectHeld(created, site(), "ClassNotFound", WORDS.ClassNotFound("nowhere/lab"));
    expect(await site().claimOf("abroad")).toBeUndefined();
  });

  test("(a version that is none) is refused by Cluster API after us; the address waits for the next create", async () => {
    const { message } = await refusalOf(site().createCluster({ name: "again", kubernetesVersion: "banana" }));
    const left = await site().addressOf("again");
    const created = await site().createCluster({ name: "again" });

    expect(message).toContain("version must be a valid semantic version");
    expectComplete(created, left?.spec.address);
    const { uid } = (await site().adopted("again")).metadata;
    expect((await site().claims()).filter(({ metadata }) => metadata.uid === uid)).toHaveLength(1);
  });

  test("(a resourceVersion) is refused by the API server, in words", async () => {
    const { metadata, ...manifest } = site().manifest({ name: "versioned" });

    const { message } = await refusalOf(
      site().api.create(CLUSTERS, { ...manifest, metadata: { ...metadata, resourceVersion: "5" } }),
    );

    expect(message).toBe("resourceVersion should not be set on objects to be created");
  });

  // The API server looks at the resourceVersion only after admission.
  test("(a resourceVersion) claims no address", async () => {
    const { metadata, ...manifest } = site().manifest({ name: "versioned" });
    await refusalOf(
      site().api.create(CLUSTERS, { ...manifest, metadata: { ...metadata, resourceVersion: "5" } }),
    );

    expect(await site().claimOf("versioned")).toBeUndefined();
  });

  test("(server-side apply) gets its VIP in the first revision, and the applier does not own it", async () => {
    const manifest = site().manifest({ name: "applied" });

    const created = await site().api.apply<Cluster>(CLUSTERS, manifest);
    const again = await site().api.apply<Cluster>(CLUSTERS, manifest);

    expectComplete(created, anyVip);
    expect(created.object.metadata.managedFields).toHaveLength(1);
    expect(JSON.stringify(created.object.metadata.managedFields)).not.toContain("controlPlaneEndpoint");
    // Not the whole spec: Cluster API may have written its references in between.
    expectComplete(again, vipOf(created.object));
    expect(again.object.spec.topology).toEqual(created.object.spec.topology);
  });

  test("(the class in the words of v1beta1, in v1beta1) is read as it is meant", async () => {
    const created = await site().createCluster({ name: "old", version: "v1beta1" });

    expect(vipOf(created.object)).toEqual(anyVip);
    const stored = await site().api.get<Cluster>(CLUSTERS_V1BETA1, site().namespace, "old");
    expect([stored.spec.topology?.class, variableOf(stored)]).toEqual(["lab", vipOf(created.object)]);
  });

  test("(a name that is taken) is AlreadyExists, and what exists is not touched", async () => {
    await site().createCluster({ name: "taken", spec: { controlPlaneEndpoint: { host: "192.0.2.4" } } });
    await site().rendered("taken");
    const before = await site().clusterOf("taken");

    const { reason } = await refusalOf(
      site().createCluster({ name: "taken", variables: { region: "north" } }),
    );

    expect(reason).toBe("AlreadyExists");
    expect((await site().clusterOf("taken")).spec).toEqual(before.spec);
    expect(await site().claimOf("taken")).toBeUndefined();
  });

  test("(one name twice at once, with different classes) makes one Cluster, of one class and its pool", async () => {
    const site = await management.newSite();
    await Promise.all([
      hasClassWith(site, "one", [variable(EMPTY)], true),
      hasClassWith(site, "two", [variable(EMPTY)], true),
      site.hasPool({ name: "one", clusterClass: "one", addresses: ["10.21.1.1-10.21.1.9"] }),
      site.hasPool({ name: "two", clusterClass: "two", addresses: ["10.21.2.1-10.21.2.9"] }),
    ]);

    const answers = await Promise.allSettled(
      ["one", "two"].map((clusterClass) => site.createCluster({ name: "twin", clusterClass })),
    );

    const stored = answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
    const refused = answers.flatMap((answer) =>
      answer.status === "rejected" ? [answer.reason as Refused] : [],
    );
    expect([stored.length, refused.map(({ reason }) => reason)]).toEqual([1, ["AlreadyExists"]]);
    const [winner] = stored as [Answer<Cluster>];
    const clusterClass = winner.object.spec.topology?.classRef?.name ?? "none";
    const claims = await site.claims();
    expect(claims).toHaveLength(1);
    const claimedFrom = claims[0]?.spec.poolRef.name ?? "none";
    if (claimedFrom === clusterClass) {
      const vip = clusterClass === "one" ? "10.21.1.1" : "10.21.2.1";
      expect(vipOf(await site.completed("twin"))).toBe(vip);
    } else {
      const claim = `IPAddressClaim vip-cp-twin of InClusterIPPool ${claimedFrom}`;
      expectHeld(winner, site, "ClaimOfOtherPool", WORDS.ClaimOfOtherPool(claim));
    }
  });
});

describe("a dry-run", () => {
  test("of whatever a Cluster can be given writes nothing, and leaves what is there as it is", async () => {
    const site = await siteWithVips(11);
    await site.createCluster({ name: "there" });
    await make(site, claimByHand(site, "left", { metadata: { labels: ROLE } }));
    await Promise.all([site.adopted("there"), site.rendered("there"), poolHasFree(site, 0)]);
    await make(site, claimByHand(site, "foreign"));
    await make(site, addressByHand(site, "pinned", site.address(99)));
    const state = () => Promise.all([CLUSTERS, CLAIMS, ADDRESSES, POOLS].map(stateOf));
    const stateOf = async (of: typeof CLUSTERS) =>
      (await site.api.list<Stored & { spec: unknown }>(of, site.namespace)).map(
        ({ metadata: { managedFields: _, resourceVersion: __, ...metadata }, spec }) => ({ metadata, spec }),
      );
    // The provider is through with what was made by hand.
    const before = await eventually(async () => {
      const now = await state();
      expect(await site.claimOf("foreign")).toMatchObject({
        metadata: { finalizers: [expect.stringContaining("ipam.cluster.x-k8s.io")] },
      });
      expect(await state()).toEqual(now);
      return now;
    });
    const since = new Date();

    const dry = async (wish: Parameters<Site["createCluster"]>[0]): Promise<string> => {
      const answer = await site.createCluster(wish, { dryRun: true }).catch((error: unknown) => error);
      if (answer instanceof Refused) return answer.message;
      const { object, warnings } = answer as Answer<Cluster>;
      return (
        vipOf(object) ?? [annotationOf(object, HOLD_ANNOTATION), ...warnings.filter(isOurWarning)].join(" ")
      );
    };

    const answers = await Promise.all([
      dry({ name: "left" }),
      dry({ name: "own", spec: { controlPlaneEndpoint: { host: " odd" } } }),
      dry({ name: "full" }),
      dry({ name: "foreign" }),
      dry({ name: "pinned" }),
      dry({ name: "early", clusterClass: "missing" }),
      dry({ name: "there" }),
      dry({ name: "n".repeat(64) }),
      dry({
        name: "torn",
        variables: { clusterVip: "10.0.0.1" },
        spec: { controlPlaneEndpoint: { host: "10.0.0.2" } },
      }),
    ]);

    expect(answers).toEqual([
      site.address(11),
      " odd",
      "",
      "",
      "",
      "",
      expect.stringContaining("already exists"),
      expect.stringContaining("must be a valid label value"),
      expect.stringContaining("(HostAndVariableDiffer)"),
    ]);
    expect(await state()).toEqual(before);
    expect(await writesOfModule(site, since)).toEqual([]);
  });
});

describe("huge values and letters of the whole world", () => {
  const names = Array.from({ length: 500 }, (_, index) => `value-${index}`);
  const site = shared((site) =>
    Promise.all([
      hasClassWith(
        site,
        "lab",
        [variable(EMPTY), variable(TEXT, "größe🚀"), ...names.map((name) => variable(TEXT, name))],
        true,
      ),
      site.hasPool(),
    ]),
  );

  test("200 KB of annotations and 500 variables stay as they are, beside the VIP", async () => {
    const annotations = {
      "example.com/big": "é🚀\n".repeat(200 * 146),
      "example.com/odd": "\u0000\u2028\"'\\",
    };
    const variables = Object.fromEntries([
      ["größe🚀", "überall 🌍 \u2028"],
      ...names.map((name) => [name, `🚀 ${name} \\ " \n`]),
    ]) as Record<string, string>;

    const created = await site().createCluster({ name: "huge", annotations, variables });

    expectComplete(created, anyVip);
    const { [VIP_ANNOTATION]: _, ...kept } = created.object.metadata.annotations ?? {};
    expect(kept).toEqual(annotations);
    const given = Object.entries(variables).map(([name, value]) => ({ name, value }));
    const stored = created.object.spec.topology?.variables ?? [];
    expect(stored.filter(({ name }) => name !== "clusterVip")).toEqual(given);
    await site().adopted("huge");
    await expectChangeable(site(), "huge");
    expect(annotationOf(await site().clusterOf("huge"), "example.com/big")).toBe(
      annotations["example.com/big"],
    );
  });

  test("annotations that leave no room for ours: the API server refuses the Cluster, in words", async () => {
    const key = "example.com/big";

    const { message } = await refusalOf(
      site().createCluster({ name: "full", annotations: { [key]: "x".repeat(262_144 - key.length) } }),
    );

    expect(message).toContain("metadata.annotations: Too long: may not be more than 262144 bytes");
  });
});

describe("an installation that waits for four seconds, and refuses what has no pool", () => {
  beforeAll(() => management.installModule({ VIP_NO_POOL: "reject", VIP_ADMISSION_BUDGET: "4" }));

  test("a pool whose labels are odd: the refusal names what is looked for, and nothing is stored", async () => {
    const site = await management.newSite();
    await Promise.all([site.hasClass(), site.hasPool({ clusterClass: "Lab" })]);

    const { message } = await refusalOf(site.createCluster({ name: "rejected" }));

    expect(message).toContain(said(site, "rejected", WORDS.PoolRequired("lab", site)));
    expect(await site.api.find(CLUSTERS, site.namespace, "rejected")).toBeUndefined();
    expect(await site.claims()).toEqual([]);
  });

  describe("an IPAM provider that does not keep to the rules", () => {
    const site = shared((site) => site.hasClassAndPool());
    const ipam = () => management.sandbox.process("ipam");
    beforeAll(async () => {
      await ipam().stop();
    });
    afterAll(async () => {
      await ipam().start();
    });

    /** Answers the claim of a Cluster that is being created, as the provider would, and waits for the create. */
    async function createAnswered(
      name: string,
      { address, called = claimName(name) }: { address?: string; called?: string },
    ): Promise<Answer<Cluster>> {
      const created = site().createCluster({ name });
      await eventually(() => site().claimOf(name), { withinMs: 30_000, what: "the claim to be made" });
      if (address !== undefined) await make(site(), addressByHand(site(), name, address, { name: called }));
      await site().api.mergeStatus(CLAIMS, site().at(claimName(name)), {
        status: { addressRef: { name: called } },
      });
      return created;
    }

    test.each([
      ["not-an-ip", 'spec.address: Invalid value: "not-an-ip": not a valid IP address'],
      ["10.0.0.1/24", 'spec.address: Invalid value: "10.0.0.1/24": not a valid IP address'],
      ["10.0.0.01", 'spec.address: Invalid value: "10.0.0.01": not a valid IP address'],
      ["", "spec.address in body should be at least 1 chars long"],
      ["1".repeat(40), "spec.address: Too long: may not be more than 39 bytes"],
    ])("and answers %p: Cluster API refuses such an address, in words", async (address, words) => {
      const { message } = await refusalOf(make(site(), addressByHand(site(), "odd", address)));

      expect(message).toContain(words);
    });

    test("and answers an address with a zone: the Cluster is held, and the address left as it is", async () => {
      const created = await createAnswered("zone", { address: "fe80::1%eth0" });

      expectHeld(created, site(), "AddressInvalid", WORDS.AddressInvalid("fe80::1%eth0"));
      await watcherSaid(management, site(), "zone", "AddressInvalid");
      expect((await site().addressOf("zone"))?.metadata.finalizers).toBeUndefined();
    });

    // The API server drops a warning that has a control character, and the user hears nothing.
    test("and answers an address with a line break: the user is told", async () => {
      const { object, warnings } = await createAnswered("break", { address: "fe80::1%\n" });

      expect(annotationOf(object, HOLD_ANNOTATION)).toBe("AddressInvalid");
      expect(warnings.filter(isOurWarning)).toHaveLength(1);
    });

    test("and answers in an odd spelling: the VIP has the canonical one", async () => {
      const created = await createAnswered("spelling", { address: "FD00:0:0::A" });

      expectComplete(created, "fd00::a");
    });

    test("and names its address otherwise than the claim: it is taken, and protected under its name", async () => {
      const created = await createAnswered("named", { address: "10.20.7.7", called: "some-other-name" });

      expectComplete(created, "10.20.7.7");
      await eventually(async () => {
        const at = site().namespace;
        const address = await site().api.get<Address>(ADDRESSES, at, "some-other-name");
        return address.metadata.finalizers?.includes(IN_USE);
      });
    });

    test("and names an address that is not there: the Cluster is held", async () => {
      const created = await createAnswered("nowhere", { called: "not-there" });

      const words = WORDS.WaitingForAddress(`IPAddressClaim vip-cp-nowhere of ${DEFAULT_POOL}`);
      expectHeld(created, site(), "WaitingForAddress", words);
    });

    // Whose claim an address serves, it says itself (claimRef).
    test("and answers two claims with one address: only one Cluster gets it", async () => {
      expectComplete(await createAnswered("honest", { address: "10.20.8.8" }), "10.20.8.8");

      const { object } = await createAnswered("thief", { called: claimName("honest") });

      expect(vipOf(object)).not.toBe("10.20.8.8");
      expect(isHeld(object)).toBe(true);
    });

    test("and is down before it has counted a new pool: the Cluster waits for it, and is completed by it", async () => {
      await site().api.mergeStatus(POOLS, site().at("control-plane-vips"), { status: { ipAddresses: null } });

      const created = await site().createCluster({ name: "late" });

      const words = WORDS.WaitingForAddress(`IPAddressClaim vip-cp-late of ${DEFAULT_POOL}`);
      expectHeld(created, site(), "WaitingForAddress", words);
      await ipam().start();
      expect(vipOf(await site().completed("late", 30_000))).toEqual(anyVip);
    });
  });
});

test("every reason that bad input can meet was given at least once", () => {
  /**
   * These need a Cluster that is changed, moved, deleted or made again, a network of its own, or an API server
   * that is away.
   */
  const elsewhere = [
    "NoTopology",
    "OptedOut",
    "Moved",
    "Deleting",
    "AddressDetached",
    "ClassChanged",
    "Gone",
    "PreviousAddressReleasing",
    "Unreachable",
    // What a pass goes through, and seldom ends with: its line in the log says what it came to.
    "Adopting",
    // given.test.ts has these.
    "FormerVipKept",
    "VipChange",
    "VipKept",
    "VariableNotChanged",
    "InsideOwnNetwork",
  ];

  const given = reasonsGiven(management);

  expect(Object.keys(REASONS).filter((reason) => !given.has(reason) && !elsewhere.includes(reason))).toEqual(
    [],
  );
});
