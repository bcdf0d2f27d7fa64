/** From a Cluster's first second to the moment its address is free again. */
import { toYaml, type ClusterOptions } from "../../sandbox/fixtures";
import { writeVerbs } from "../../sandbox/sandbox";
import { setTimeout as pause } from "node:timers/promises";
import {
  ADDRESSES,
  CLAIMS,
  CLUSTERS,
  eventually,
  HOLD_ANNOTATION,
  isHeld,
  managementCluster,
  PAUSED_ANNOTATION,
  Refused,
  vipOf,
  type Claim,
  type Cluster,
  type Site,
} from "./support";

const lab = managementCluster({ kubeadm: true, env: { VIP_ADMISSION_BUDGET: "2" } });

const CLUSTER_NAME = "cluster.x-k8s.io/cluster-name";
const ROLE = "vip.capi.gorizond.io/role";
const CLUSTER_UID = "vip.capi.gorizond.io/cluster-uid";
const IN_USE = "vip.capi.gorizond.io/in-use";
/** Taken off by Cluster API once all it made is gone. */
const CAPI = "cluster.cluster.x-k8s.io";

const vips = (addresses: string) => ({ name: "vips", clusterClass: "lab", addresses: [addresses] });

/** A namespace with a class and a pool of its own. */
async function siteWith(addresses?: string): Promise<Site> {
  const site = await lab.newSite();
  await Promise.all([site.hasClass(), site.hasPool(vips(addresses ?? site.span(10, 19)))]);
  return site;
}

const create = async (site: Site, name: string, more: Partial<ClusterOptions> = {}): Promise<Cluster> =>
  (await site.createCluster({ ...more, name })).object;

const isLabelled = (claim: Claim | undefined): boolean =>
  claim?.metadata.labels?.[CLUSTER_NAME] !== undefined;

const adopted = (site: Site, name: string) =>
  eventually(async () => isLabelled(await site.claimOf(name)), {
    withinMs: 30_000,
    what: `the claim of ${name} to be its own`,
  });

/** A Cluster that Cluster API has rendered, and whose claim is its own. */
async function running(site: Site, name: string): Promise<Cluster> {
  expect(vipOf(await create(site, name))).toBeDefined();
  await adopted(site, name);
  return (await site.rendered(name)).cluster;
}

type Propagation = "Foreground" | "Background" | "Orphan";
const remove = (site: Site, name: string, propagationPolicy: Propagation = "Background") =>
  site.deleteCluster(name, { propagationPolicy });

const claimGone = (site: Site, name: string) => site.gone(CLAIMS, `vip-cp-${name}`);
const addressGone = (site: Site, name: string) => site.gone(ADDRESSES, `vip-cp-${name}`);

async function lingering(site: Site, name: string): Promise<Cluster> {
  const made = await running(site, name);
  await site.lingers(name);
  return made;
}

describe("A Cluster gets its VIP", () => {
  test("and from then on its address is protected, and claim and address are its own", async () => {
    const site = await siteWith("10.41.0.10-10.41.0.19");
    const { metadata } = await running(site, "a");

    const address = await site.addressOf("a");
    expect(address?.metadata.finalizers).toContain(IN_USE);
    expect(address?.metadata.annotations?.[CLUSTER_UID]).toBe(metadata.uid);
    expect(address?.metadata.labels?.[ROLE]).toBe("control-plane");
    const claim = await site.claimOf("a");
    expect(claim?.metadata.labels?.[CLUSTER_NAME]).toBe("a");
    expect(claim?.metadata.ownerReferences).toEqual([
      {
        apiVersion: "cluster.x-k8s.io/v1beta2",
        kind: "Cluster",
        name: "a",
        uid: metadata.uid,
        controller: true,
      },
    ]);
  });

  test.each([
    ["its field", { spec: { paused: true } }, { spec: { paused: false } }],
    [
      "its annotation",
      { annotations: { [PAUSED_ANNOTATION]: "maintenance" } },
      { metadata: { annotations: { [PAUSED_ANNOTATION]: null } } },
    ],
  ])(
    "also while its user pauses it by %s; the claim is labelled once that ends",
    async (_, paused, unpausing) => {
      const site = await siteWith();
      const object = await create(site, "a", paused);
      expect(vipOf(object)).toBe(site.address(10));
      expect(isHeld(object)).toBe(false);
      await eventually(async () => (await site.claimOf("a"))?.metadata.ownerReferences?.length === 1);
      await eventually(async () => (await site.addressOf("a"))?.metadata.finalizers?.includes(IN_USE));

      const named = site.at("a");
      const { object: unpaused } = await lab.api.merge<Cluster>(CLUSTERS, named, unpausing);
      await adopted(site, "a");

      const claim = site.at("vip-cp-a");
      const history = await lab.api.history<Claim>(CLAIMS, claim, object.metadata.resourceVersion);
      const labelledAt = history.filter(isLabelled).map(({ metadata }) => Number(metadata.resourceVersion));
      expect(Math.min(...labelledAt)).toBeGreaterThan(Number(unpaused.metadata.resourceVersion));
    },
  );

  test("and two creates of one name at once end with one Cluster and one address", async () => {
    const site = await siteWith("10.41.2.10-10.41.2.19");
    const answers = await Promise.allSettled([create(site, "a"), create(site, "a"), create(site, "a")]);

    const [stored, ...others] = answers.filter(({ status }) => status === "fulfilled");
    expect(stored).toBeDefined();
    expect(others).toEqual([]);
    await adopted(site, "a");
    const addresses = await site.addresses();
    expect(addresses.map(({ spec }) => spec.address)).toEqual([vipOf(await site.clusterOf("a"))]);
  });

  test("and a create that somebody else refuses leaves a bare claim, which the next try uses", async () => {
    const site = await siteWith("10.41.3.10-10.41.3.19");
    await lab.sandbox.apply(REFUSAL);
    await eventually(async () => {
      const spied = { labels: { refused: "please" }, annotations: OPT_OUT };
      return create(site, "probe", spied).then(
        () => remove(site, "probe").then(() => false),
        // The one before it may still be on its way out.
        (error: unknown) => error instanceof Refused && error.message.includes("not today"),
      );
    });

    await expect(create(site, "a", { labels: { refused: "please" } })).rejects.toThrow(/not today/);
    const claim = await site.claimOf("a");
    expect(claim?.metadata.ownerReferences).toBeUndefined();
    expect(isLabelled(claim)).toBe(false);
    const address = await site.addressOf("a");
    expect(address?.metadata.finalizers).not.toContain(IN_USE);

    expect(vipOf(await running(site, "a"))).toBe(address?.spec.address);
    expect((await site.claimOf("a"))?.metadata.uid).toBe(claim?.metadata.uid);
  });
});

const OPT_OUT = { "vip.capi.gorizond.io/control-plane-enabled": "false" };

const REFUSAL = toYaml(
  {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingAdmissionPolicy",
    metadata: { name: "refused" },
    spec: {
      matchConstraints: {
        resourceRules: [
          {
            apiGroups: ["cluster.x-k8s.io"],
            apiVersions: ["*"],
            operations: ["CREATE"],
            resources: ["clusters"],
          },
        ],
      },
      validations: [
        {
          expression: "!has(object.metadata.labels) || !('refused' in object.metadata.labels)",
          message: "not today",
        },
      ],
    },
  },
  {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingAdmissionPolicyBinding",
    metadata: { name: "refused" },
    spec: { policyName: "refused", validationActions: ["Deny"] },
  },
);

describe("A Cluster is deleted", () => {
  test.each(["Foreground", "Background"] as const)(
    "GB3: in the %s, and its address stays used until it is gone",
    async (propagation) => {
      const site = await siteWith();
      const before = await lingering(site, "a");
      await remove(site, "a", propagation);
      await eventually(async () => (await site.clusterOf("a")).metadata.finalizers?.includes(CAPI) === false);
      // The garbage collector does not wait for the Cluster to go; only our finalizer keeps the address.
      if (propagation === "Foreground")
        await eventually(async () => (await site.addressOf("a"))?.metadata.deletionTimestamp);

      expect(vipOf(await create(site, "b"))).toBe(site.address(11));
      expect((await site.addressOf("a"))?.spec.address).toBe(vipOf(before));

      await site.letGo("a");
      await addressGone(site, "a");
      await site.gone(CLUSTERS, "a");
      await claimGone(site, "a");
      expect(vipOf(await create(site, "c"))).toBe(vipOf(before));
    },
  );

  test("with its dependents orphaned, and whoever takes its name takes its address", async () => {
    const site = await siteWith("10.42.1.10-10.42.1.19");
    const before = await running(site, "a");
    await remove(site, "a", "Orphan");
    await site.gone(CLUSTERS, "a");
    expect((await site.addressOf("a"))?.metadata.deletionTimestamp).toBeUndefined();
    expect(vipOf(await create(site, "b"))).toBe("10.42.1.11");

    expect(vipOf(await running(site, "a"))).toBe(vipOf(before));
    expect(await site.claims()).toHaveLength(2);
  });

  test("while it is held, and nothing of it stays, and its namespace can go", async () => {
    const site = await siteWith("10.42.2.10-10.42.2.19");
    await site.hasClass({ name: "unpooled" });
    await lab.whileProviderIsDown(async () => {
      expect(isHeld(await create(site, "with-claim"))).toBe(true);
      expect(isHeld(await create(site, "without-pool", { clusterClass: "unpooled" }))).toBe(true);
      await remove(site, "with-claim");
      await remove(site, "without-pool", "Foreground");
      await site.gone(CLUSTERS, "with-claim");
      await site.gone(CLUSTERS, "without-pool");
      await claimGone(site, "with-claim");
    });
    expect(isHeld(await create(site, "last", { clusterClass: "unpooled" }))).toBe(true);
    await lab.sandbox.kubectl(["delete", "namespace", site.namespace, "--timeout=40s"]);
  });

  test("with its namespace, and the namespace goes", async () => {
    const site = await siteWith("10.42.3.10-10.42.3.19");
    await Promise.all([running(site, "a"), running(site, "b")]);
    await lab.sandbox.kubectl(["delete", "namespace", site.namespace, "--timeout=50s"]);
  });
});

/** Two seconds on a machine of one's own; a claim made too early would be served only after a minute. */
const MOMENT_MS = 30_000;

describe("A Cluster is made again under the name of one that is going", () => {
  test("and is complete a moment later, and no address ever has two owners", async () => {
    const site = await siteWith("10.43.0.10-10.43.0.19");
    const before = await running(site, "a");
    const watch = watchOwners(site);
    await remove(site, "a", "Foreground");

    const others: Promise<unknown>[] = [];
    let made: Cluster | undefined;
    await eventually(async () => {
      if (others.length < 4) others.push(create(site, `other-${others.length}`));
      made = await create(site, "a");
      return true;
    });
    await site.completed("a", MOMENT_MS);
    await Promise.all(others);

    expect(made?.metadata.uid).not.toBe(before.metadata.uid);
    await adopted(site, "a");
    await expect(watch.end()).resolves.toEqual([]);
    await everyAddressHasItsCluster(site);
  });

  test("again and again", async () => {
    const site = await siteWith("10.43.1.10-10.43.1.12");
    const watch = watchOwners(site);
    await create(site, "a");
    for (const propagation of ["Background", "Foreground", "Background", "Foreground"] as const) {
      await remove(site, "a", propagation);
      await eventually(() => create(site, "a").then(() => true));
      await site.completed("a", MOMENT_MS);
    }
    await adopted(site, "a");
    await expect(watch.end()).resolves.toEqual([]);
    await everyAddressHasItsCluster(site);
  });
});

/** Looks again and again, each time at one revision, for an address that two Clusters have. */
function watchOwners(site: Site): { end(): Promise<string[]> } {
  let over = false;
  const doubles = new Set<string>();
  const look = async (): Promise<void> => {
    while (!over) {
      const hosts = (await lab.api.list<Cluster>(CLUSTERS, site.namespace)).flatMap((of) => vipOf(of) ?? []);
      for (const host of hosts.filter((one, index) => hosts.indexOf(one) !== index)) doubles.add(host);
      await pause(20);
    }
  };
  const looking = look();
  return {
    end: async () => {
      over = true;
      await looking;
      return [...doubles];
    },
  };
}

/** As many claims and addresses as Clusters, each of the Cluster that is there now. */
const everyAddressHasItsCluster = (site: Site) =>
  eventually(async () => {
    const clusters = await lab.api.list<Cluster>(CLUSTERS, site.namespace);
    const addresses = await site.addresses();
    const claims = await site.claims();
    const uids = clusters.map(({ metadata }) => metadata.uid).sort();
    expect(addresses.map(({ metadata }) => metadata.annotations?.[CLUSTER_UID]).sort()).toEqual(uids);
    expect(claims.map(({ metadata }) => metadata.ownerReferences?.[0]?.uid).sort()).toEqual(uids);
    expect(addresses.map(({ spec }) => spec.address).sort()).toEqual(clusters.map(vipOf).sort());
    return true;
  });

describe("Somebody deletes a claim by hand", () => {
  test("of a running Cluster: nothing breaks, and all is free once the Cluster is gone", async () => {
    const site = await siteWith("10.44.0.10-10.44.0.19");
    const before = await running(site, "a");
    await lab.api.delete(CLAIMS, site.at("vip-cp-a"));
    await claimGone(site, "a");
    expect((await site.addressOf("a"))?.metadata.finalizers).toContain(IN_USE);

    expect(vipOf(await create(site, "b"))).toBe("10.44.0.11");
    await adopted(site, "b");
    expect(await site.claimOf("a")).toBeUndefined();
    expect((await site.clusterOf("a")).spec).toEqual(before.spec);

    await remove(site, "a");
    await addressGone(site, "a");
    expect(vipOf(await create(site, "c"))).toBe(vipOf(before));
  });

  test("of a held Cluster: it is made again, and the Cluster completed", async () => {
    const site = await siteWith("10.44.1.10-10.44.1.19");
    await lab.whileProviderIsDown(async () => {
      await create(site, "a");
      const before = await eventually(() => site.claimOf("a"));
      await lab.api.delete(CLAIMS, site.at("vip-cp-a"));
      await eventually(async () => {
        const now = await site.claimOf("a");
        return now !== undefined && now.metadata.uid !== before.metadata.uid;
      });
    });
    await site.completed("a");
  });
});

describe("A user's own pause", () => {
  test("of a running Cluster: nothing is written on it", async () => {
    const site = await siteWith("10.45.0.10-10.45.0.19");
    await running(site, "a");
    const named = site.at("a");
    await lab.api.merge(CLUSTERS, named, {
      metadata: { annotations: { [PAUSED_ANNOTATION]: "maintenance" } },
    });
    const since = new Date();
    await lab.api.merge(CLUSTERS, named, {
      metadata: { annotations: { "vip.capi.gorizond.io/control-plane-vip": "" } },
    });
    await lab.api.merge(CLUSTERS, named, { metadata: { labels: { touched: "yes" } } });
    await running(site, "later");

    const { namespace } = site;
    const writes = { verb: writeVerbs, resource: "clusters", namespace, name: "a", since };
    expect(await lab.requestsOfModule(writes)).toEqual([]);
  });

  test.each([
    ["field", { spec: { paused: true } }, { spec: { paused: false } }],
    [
      "annotation",
      { metadata: { annotations: { [PAUSED_ANNOTATION]: "maintenance" } } },
      { metadata: { annotations: { [PAUSED_ANNOTATION]: null } } },
    ],
  ])("of a held Cluster, by its %s: it is completed only when that ends", async (_, pausing, unpausing) => {
    const site = await lab.newSite();
    await site.hasClass();
    await Promise.all([create(site, "paused"), create(site, "sentinel")]);
    const named = site.at("paused");
    await lab.api.merge(CLUSTERS, named, pausing);
    await site.hasPool(vips(site.span(10, 19)));
    await site.completed("sentinel");
    expect(vipOf(await site.clusterOf("paused"))).toBeUndefined();
    expect((await site.clusterOf("paused")).spec.infrastructureRef).toBeUndefined();

    await lab.api.merge(CLUSTERS, named, unpausing);
    await site.completed("paused");
    await adopted(site, "paused");
  });
});

describe("A hold that its user ends with `released`", () => {
  test("ends, and its claim is given back", async () => {
    const site = await siteWith("10.46.0.10-10.46.0.19");
    await lab.whileProviderIsDown(async () => {
      expect(isHeld(await create(site, "a"))).toBe(true);
      await eventually(() => site.claimOf("a"));
      await site.kubectl(["annotate", "cluster", "a", "--overwrite", `${HOLD_ANNOTATION}=released`]);
      await claimGone(site, "a");
    });
    const since = new Date();
    const after = await site.clusterOf("a");
    expect(after.metadata.annotations?.[PAUSED_ANNOTATION]).toBeUndefined();
    expect(vipOf(after)).toBeUndefined();
    await running(site, "later");
    expect(await site.claimOf("a")).toBeUndefined();
    const { namespace } = site;
    expect(await lab.requestsOfModule({ verb: writeVerbs, namespace, name: "a", since })).toEqual([]);
  });
});
