/** What a user sees who creates a Cluster. */
import { claim as claimManifest } from "../../sandbox/fixtures";
import { writeVerbs } from "../../sandbox/sandbox";
import {
  annotationOf,
  changedByUs,
  CLAIMS,
  claimName,
  CLUSTERS,
  CLUSTERS_V1BETA1,
  CONTROL_PLANES,
  eventually,
  expectRenderedOnceWith,
  HOLD_ANNOTATION,
  INFRA_CLUSTERS,
  isHeld,
  managementCluster,
  OUR_PAUSE,
  PAUSED_ANNOTATION,
  POOLS,
  Refused,
  variableOf,
  VIP_ANNOTATION,
  vipOf,
  type Cluster,
  type InfraCluster,
  type KubeadmControlPlane,
  type Site,
  type Stored,
} from "./support";

const management = managementCluster();

const HEX_OR_LETTERS = "[bcdfghjklmnpqrstvwxz2456789]{5}";

async function siteWithVips(): Promise<Site> {
  const site = await management.newSite();
  await site.hasClassAndPool();
  return site;
}

const writesOfModule = (site: Site, since?: Date) =>
  management.requestsOfModule({ namespace: site.namespace, verb: writeVerbs, ...(since && { since }) });

/** The create of a Cluster as the audit log tells it. */
async function createOf(site: Site, name: string) {
  const [entry] = await management.sandbox.audit({
    namespace: site.namespace,
    resource: "clusters",
    verb: "create",
    name,
  });
  if (!entry) throw new Error(`The audit log knows no create of ${name}`);
  return entry;
}

const refusalOf = (request: Promise<unknown>): Promise<Refused> =>
  request.then(
    () => Promise.reject(new Error("The request was not refused")),
    (error: unknown) => (error instanceof Refused ? error : Promise.reject(error)),
  );

describe("a new Cluster gets its VIP", () => {
  test.each(["v1beta2", "v1beta1"] as const)(
    "a %s manifest is stored with endpoint, variable and annotation from its first revision on",
    async (version) => {
      const site = await siteWithVips();

      const { object: answer, warnings } = await site.createCluster({ name: "first", version });

      const [first] = await site.history<Cluster>(CLUSTERS, "first");
      const vip = (first && vipOf(first)) ?? "none";
      expect(vip).toMatch(/^10\.20\.\d+\.\d+$/);
      expect(first?.spec.controlPlaneEndpoint).toEqual({ host: vip, port: 6443 });
      expect(first?.spec.topology?.variables).toEqual([{ name: "clusterVip", value: vip }]);
      expect(first && annotationOf(first, VIP_ANNOTATION)).toBe(vip);
      expect([answer.apiVersion, vipOf(answer), variableOf(answer)]).toEqual([
        `cluster.x-k8s.io/${version}`,
        vip,
        vip,
      ]);
      expect(warnings.filter((warning) => !/is deprecated/.test(warning))).toEqual([]);

      const old = await site.api.get<Cluster>(CLUSTERS_V1BETA1, site.namespace, "first");
      expect([old.spec.topology?.class, vipOf(old), variableOf(old)]).toEqual(["lab", vip, vip]);
    },
  );

  test("GB9: infrastructure and control plane are rendered once, with the VIP in every revision", async () => {
    const site = await siteWithVips();
    const { object } = await site.createCluster({ name: "once" });
    const vip = vipOf(object) ?? "none";

    const rendered = await site.rendered("once");

    expectRenderedOnceWith(vip, rendered);
    const infrastructure = await site.history<InfraCluster>(
      INFRA_CLUSTERS,
      rendered.infrastructure.metadata.name,
    );
    for (const revision of infrastructure) expect(revision.spec?.controlPlaneEndpoint?.host).toBe(vip);
    const controlPlane = await site.history<KubeadmControlPlane>(
      CONTROL_PLANES,
      rendered.controlPlane.metadata.name,
    );
    for (const { metadata } of controlPlane) expect(metadata.generation).toBe(1);
  });

  test("a pool of the Cluster's own namespace is preferred over a global one", async () => {
    const site = await management.newSite();
    await site.hasClass({ name: "two-pools" });
    await site.hasGlobalPool({
      name: "a-global",
      clusterClass: "two-pools",
      addresses: ["10.30.0.10-10.30.0.20"],
    });
    const { object: fromGlobal } = await site.createCluster({ name: "early", clusterClass: "two-pools" });
    await site.hasPool({ name: "z-own", clusterClass: "two-pools", addresses: ["10.31.0.10-10.31.0.20"] });

    const { object: fromOwn } = await site.createCluster({ name: "later", clusterClass: "two-pools" });

    expect(vipOf(fromGlobal)).toMatch(/^10\.30\.0\./);
    expect(vipOf(fromOwn)).toMatch(/^10\.31\.0\./);
  });

  test("a class without the variable gets the endpoint only", async () => {
    const site = await management.newSite();
    await site.hasClassAndPool({ clusterVip: "absent" });

    const { object: cluster } = await site.createCluster({ name: "plain" });

    expect(cluster.spec.controlPlaneEndpoint).toEqual({
      host: expect.stringMatching(/^10\.20\.\d+\./),
      port: 6443,
    });
    expect(cluster.spec.topology?.variables).toBeUndefined();
    await site.label("plain", { later: "change" });
  });

  test("GB15: a ClusterClass may live in another namespace", async () => {
    const [classes, site] = await Promise.all([management.newSite(), management.newSite()]);
    await Promise.all([classes.hasClass(), site.hasPool()]);

    const { object } = await site.createCluster({ name: "abroad", classNamespace: classes.namespace });

    const vip = vipOf(object) ?? "none";
    expect(variableOf(object)).toBe(vip);
    expectRenderedOnceWith(vip, await site.rendered("abroad"));
  });

  test("a Cluster with a generated name gets a claim of that name", async () => {
    const site = await siteWithVips();
    const { metadata, ...manifest } = site.manifest({ name: "unused" });
    const { name: _, ...unnamed } = metadata;

    const { object } = await site.api.create<Cluster>(CLUSTERS, {
      ...manifest,
      metadata: { ...unnamed, generateName: "many-" },
    });

    const { name } = object.metadata;
    expect(name).toMatch(new RegExp(`^many-${HEX_OR_LETTERS}$`));
    expect((await site.addressOf(name))?.spec.address).toBe(vipOf(object));
  });

  test("the empty default of the class is replaced, also where the manifest repeats it", async () => {
    const site = await siteWithVips();

    const { object } = await site.createCluster({
      name: "empty",
      variables: { clusterVip: "", region: "north" },
    });

    expect(object.spec.topology?.variables).toHaveLength(2);
    expect(variableOf(object)).toBe(vipOf(object));
    expect(variableOf(object, "region")).toBe("north");
  });

  test("an IPv6 pool gives an IPv6 VIP", async () => {
    const site = await management.newSite();
    await site.hasClassAndPool({ addresses: ["fd00:10:20::10-fd00:10:20::50"] });

    const { object } = await site.createCluster({ name: "six" });

    const vip = vipOf(object) ?? "none";
    expect(vip).toMatch(/^fd00:10:20::/);
    expect(variableOf(object)).toBe(vip);
    expectRenderedOnceWith(vip, await site.rendered("six"));
  });
});

describe("a Cluster that is none of our business", () => {
  test("no pool and no variable: stored as without us, and nothing is written anywhere", async () => {
    const site = await management.newSite();
    await site.hasClass({ clusterVip: "absent" });

    const { warnings } = await site.createCluster({ name: "unmanaged" });

    expect(changedByUs(await createOf(site, "unmanaged"))).toBe(false);
    expect(warnings).toEqual([]);
    await site.rendered("unmanaged");
    expect(await writesOfModule(site)).toEqual([]);
  });

  test("opted out by annotation: stored as without us, although a pool matches", async () => {
    const site = await siteWithVips();

    const { object } = await site.createCluster({
      name: "without",
      annotations: { "vip.capi.gorizond.io/control-plane-enabled": "false" },
    });

    expect(vipOf(object)).toBeUndefined();
    expect(changedByUs(await createOf(site, "without"))).toBe(false);
    expect(await writesOfModule(site)).toEqual([]);
  });

  test("a Cluster that arrives with its infrastructure, as in a move, keeps everything it brings", async () => {
    const site = await siteWithVips();
    const annotations = { [VIP_ANNOTATION]: site.address(77), [HOLD_ANNOTATION]: "released" };

    const { object } = await site.createCluster({
      name: "moved",
      annotations,
      variables: { clusterVip: site.address(77) },
      spec: {
        paused: true,
        infrastructureRef: { apiGroup: INFRA_CLUSTERS.group, kind: "LabCluster", name: "moved-abcde" },
        controlPlaneRef: { apiGroup: CONTROL_PLANES.group, kind: "KubeadmControlPlane", name: "moved-abcde" },
      },
    });

    expect(object.metadata.annotations).toMatchObject(annotations);
    expect(changedByUs(await createOf(site, "moved"))).not.toBe(true);
    await site.seenPaused("moved");
    expect(await writesOfModule(site)).toEqual([]);
  });
});

describe("a VIP of the user's own", () => {
  test("a host in no pool is kept, its port filled in, the variable follows, and no address is claimed", async () => {
    const site = await siteWithVips();

    const { object } = await site.createCluster({
      name: "mine",
      spec: { controlPlaneEndpoint: { host: "192.0.2.99" } },
    });

    expect(object.spec.controlPlaneEndpoint).toEqual({ host: "192.0.2.99", port: 6443 });
    expect(variableOf(object)).toBe("192.0.2.99");
    await site.rendered("mine");
    expect(await site.claims()).toEqual([]);
  });

  test("the port is the one that the workload's API server is to listen on", async () => {
    const site = await siteWithVips();

    const { object } = await site.createCluster({
      name: "port",
      spec: { clusterNetwork: { apiServerPort: 7443 } },
    });

    expect(object.spec.controlPlaneEndpoint?.port).toBe(7443);
  });

  test("a variable alone becomes the host", async () => {
    const site = await siteWithVips();

    const { object } = await site.createCluster({ name: "wish", variables: { clusterVip: "192.0.2.98" } });

    expect(object.spec.controlPlaneEndpoint).toEqual({ host: "192.0.2.98", port: 6443 });
    expectRenderedOnceWith("192.0.2.98", await site.rendered("wish"));
    expect(await site.claims()).toEqual([]);
  });

  test("host and variable that differ are refused in words", async () => {
    const site = await siteWithVips();

    const refusal = await refusalOf(
      site.createCluster({
        name: "torn",
        variables: { clusterVip: "10.20.0.98" },
        spec: { controlPlaneEndpoint: { host: "10.20.0.99", port: 6443 } },
      }),
    );

    expect(refusal.message).toContain(`Cluster ${site.namespace}/torn`);
    expect(refusal.message).toContain("10.20.0.99 and 10.20.0.98 (HostAndVariableDiffer)");
    expect(refusal.message).toContain("Give one of them, or the same in both.");
    expect(await site.claims()).toEqual([]);
  });

  test("our annotations in a copied manifest are dropped", async () => {
    const site = await siteWithVips();

    const { object } = await site.createCluster({
      name: "copy",
      annotations: {
        [VIP_ANNOTATION]: "192.0.2.200",
        [HOLD_ANNOTATION]: "released",
        [PAUSED_ANNOTATION]: OUR_PAUSE,
        "example.com/kept": "yes",
      },
    });

    expect(object.metadata.annotations).toEqual({
      [VIP_ANNOTATION]: vipOf(object),
      "example.com/kept": "yes",
    });
    expect(vipOf(object)).not.toBe("192.0.2.200");
  });
});

describe("a user's own pause", () => {
  const pauses = [
    { how: "spec.paused", wish: { spec: { paused: true } }, end: { spec: { paused: false } } },
    {
      how: "annotation",
      wish: { annotations: { [PAUSED_ANNOTATION]: "by-me" } },
      end: { metadata: { annotations: { [PAUSED_ANNOTATION]: null } } },
    },
  ];

  test.each(pauses)(
    "by $how stands beside the VIP, and nothing is rendered before it ends",
    async ({ wish, end }) => {
      const site = await siteWithVips();

      const { object } = await site.createCluster({ name: "resting", ...wish });

      const vip = vipOf(object) ?? "none";
      expect(variableOf(object)).toBe(vip);
      const seen = await site.seenPaused("resting");
      expect(seen).toMatchObject({ ...("spec" in wish ? wish : { metadata: wish }) });
      expect(annotationOf(seen, HOLD_ANNOTATION)).toBeUndefined();
      expect([seen.spec.infrastructureRef, seen.spec.controlPlaneRef]).toEqual([undefined, undefined]);

      await site.api.merge(CLUSTERS, site.at("resting"), end);
      expectRenderedOnceWith(vip, await site.rendered("resting"));
    },
  );

  test("is not overwritten by a hold; when it ends ours takes over, and the Cluster is completed", async () => {
    const site = await management.newSite();
    await site.hasClass();
    const pause = { [PAUSED_ANNOTATION]: "by-me" };
    const { object: first } = await site.createCluster({ name: "both", annotations: pause });
    expect(first.metadata.annotations).toEqual({ ...pause, [HOLD_ANNOTATION]: "NoMatchingPool" });

    const { object: after } = await site.annotate("both", { [PAUSED_ANNOTATION]: null });

    expect(annotationOf(after, PAUSED_ANNOTATION)).toBe(OUR_PAUSE);
    await site.hasPool();
    const vip = vipOf(await site.completed("both")) ?? "none";
    expectRenderedOnceWith(vip, await site.rendered("both"));
  });
});

describe("a dry-run", () => {
  test("writes nothing", async () => {
    const site = await siteWithVips();

    const { warnings } = await site.createCluster({ name: "trial" }, { dryRun: true });

    expect(warnings).toEqual([]);
    expect(await writesOfModule(site)).toEqual([]);
    expect(await site.claims()).toEqual([]);
  });

  test.each([
    { how: "client-side", flags: [], pool: true, state: "a complete" },
    { how: "server-side", flags: ["--server-side"], pool: true, state: "a complete" },
    { how: "client-side", flags: [], pool: false, state: "a held" },
    { how: "server-side", flags: ["--server-side"], pool: false, state: "a held" },
  ])("kubectl diff shows no difference for $state Cluster that was applied $how", async ({ flags, pool }) => {
    const site = await management.newSite();
    await (pool ? site.hasClassAndPool() : site.hasClass());
    const manifest = site.manifest({ name: "same", variables: { region: "north" } });
    await site.kubectl(["apply", ...flags, "-f", "-"], [manifest]);
    if (pool) await site.rendered("same");
    else await site.seenPaused("same");

    // kubectl reads the Cluster and asks for the dry-run: Cluster API may write its status in between.
    await eventually(
      async () => {
        const diff = await site.kubectl(["diff", ...flags, "-f", "-"], [manifest], { allowFailure: true });
        expect(diff).toMatchObject({ stdout: "", code: 0 });
        return true;
      },
      { withinMs: 30_000, what: "kubectl diff to show no difference" },
    );
  });
});

describe("a Cluster that cannot have its VIP yet", () => {
  test("is held when its class is missing; kubectl says why, and the class completes it", async () => {
    const site = await management.newSite();
    await site.hasPool();

    const { stderr } = await site.kubectl(["create", "-f", "-"], [site.manifest({ name: "early" })]);

    expect(stderr).toContain(
      `Warning: Cluster ${site.namespace}/early: ClusterClass ${site.namespace}/lab does not exist`,
    );
    expect(stderr).toContain("(ClassNotFound). Create the class");
    const [first] = await site.history<Cluster>(CLUSTERS, "early");
    expect(first?.metadata.annotations).toEqual({
      [HOLD_ANNOTATION]: "ClassNotFound",
      [PAUSED_ANNOTATION]: OUR_PAUSE,
    });
    expect(await site.claims()).toEqual([]);

    await site.hasClass();
    const vip = vipOf(await site.completed("early")) ?? "none";
    expectRenderedOnceWith(vip, await site.rendered("early"));
  });

  test("is held when no pool matches; a warning says so, and a pool completes it within two seconds", async () => {
    const site = await management.newSite();
    await site.hasClass();

    const { object, warnings } = await site.createCluster({ name: "poor" });

    expect(isHeld(object)).toBe(true);
    expect(warnings).toEqual([
      `Cluster ${site.namespace}/poor: The ClusterClass wants a VIP, but no pool matches: class lab, role control-plane, ` +
        `namespace ${site.namespace} or global (NoMatchingPool). Label a pool with the class and the role; ` +
        "the Cluster is completed by itself then.",
    ]);
    await site.seenPaused("poor");
    const poolCame = new Date();
    await site.hasPool();

    const cluster = await site.completed("poor");
    const writes = await management.requestsOfModule({
      namespace: site.namespace,
      resource: "clusters",
      verb: "patch",
      since: poolCame,
    });
    const completed = writes.map(({ time }) => new Date(time).getTime() - poolCame.getTime());
    expect(Math.min(...completed)).toBeLessThan(2000);
    expect(annotationOf(cluster, PAUSED_ANNOTATION)).toBeUndefined();
    expectRenderedOnceWith(vipOf(cluster) ?? "none", await site.rendered("poor"));
  });

  test("is held when the pool is exhausted, and completed when it is enlarged", async () => {
    const site = await management.newSite();
    await site.hasClassAndPool({ addresses: [site.address(10)] });
    await site.createCluster({ name: "lucky" });
    await eventually(
      async () => {
        const pool = await site.api.get<Pool>(POOLS, site.namespace, "control-plane-vips");
        return pool.status?.ipAddresses?.free === 0;
      },
      { withinMs: 30_000, what: "the pool to know that it is exhausted" },
    );

    const { object, warnings } = await site.createCluster({ name: "late" });

    expect(annotationOf(object, HOLD_ANNOTATION)).toBe("PoolExhausted");
    expect(warnings.join()).toContain(
      "InClusterIPPool control-plane-vips: it has no free address (PoolExhausted)",
    );
    await site.seenPaused("late");
    await site.hasPool({ addresses: [site.span(10, 11)] });
    expect(vipOf(await site.completed("late"))).toBe(site.address(11));
    expectRenderedOnceWith(site.address(11), await site.rendered("late"));
  });

  test("is held when a claim of our name belongs to somebody else, and that claim is left alone", async () => {
    const site = await siteWithVips();
    const pool = await site.hasPool();
    const theirs = claimManifest({ name: claimName("guest"), namespace: site.namespace, pool });
    await site.api.create(CLAIMS, theirs);
    const before = await eventually(
      async () => {
        const claim = await site.claimOf("guest");
        return claim?.status?.addressRef && claim;
      },
      { withinMs: 30_000, what: "the other claim to be served" },
    );

    const { object, warnings } = await site.createCluster({ name: "guest" });

    expect(annotationOf(object, HOLD_ANNOTATION)).toBe("ClaimNotOurs");
    expect(warnings.join()).toContain(`IPAddressClaim ${claimName("guest")}`);
    await site.seenPaused("guest");
    expect(await site.claimOf("guest")).toEqual(before);
    const writes = await writesOfModule(site);
    expect(writes.filter(({ resource }) => resource !== "clusters")).toEqual([]);
  });

  test("a create of an existing name is AlreadyExists and changes nothing of the existing one", async () => {
    const site = await siteWithVips();
    await site.createCluster({ name: "taken" });
    await site.adopted("taken");
    await site.rendered("taken");
    const [before, claim, address] = [
      await site.clusterOf("taken"),
      await site.claimOf("taken"),
      await site.addressOf("taken"),
    ];
    const since = new Date();

    const plain = await refusalOf(site.createCluster({ name: "taken" }));
    const withHost = await refusalOf(
      site.createCluster({ name: "taken", spec: { controlPlaneEndpoint: { host: "192.0.2.97" } } }),
    );

    expect([plain.reason, withHost.reason]).toEqual(["AlreadyExists", "AlreadyExists"]);
    const after = await site.clusterOf("taken");
    expect([after.spec, after.metadata.annotations]).toEqual([before.spec, before.metadata.annotations]);
    expect([await site.claimOf("taken"), await site.addressOf("taken")]).toEqual([claim, address]);
    expect(await writesOfModule(site, since)).toEqual([]);
  });
});

describe("20 Clusters created at once", () => {
  test("none is refused, and each is rendered once with a VIP of its own", async () => {
    const site = await siteWithVips();
    const names = Array.from({ length: 20 }, (_, index) => `burst-${index}`);

    await Promise.all(names.map((name) => site.createCluster({ name })));

    const clusters = await eventually(
      async () => {
        const all = await site.api.list<Cluster>(CLUSTERS, site.namespace);
        return all.every(isCompleteAndRendered) && all;
      },
      { withinMs: 80_000, what: "every Cluster of the burst to be complete and rendered" },
    );
    expect(new Set(clusters.map(vipOf)).size).toBe(names.length);
    const rendered = await Promise.all(names.map((name) => site.rendered(name)));
    for (const one of rendered) expectRenderedOnceWith(vipOf(one.cluster) ?? "none", one);
  });
});

const isCompleteAndRendered = (cluster: Cluster): boolean =>
  !isHeld(cluster) && vipOf(cluster) !== undefined && cluster.spec.controlPlaneRef !== undefined;

describe("an installation that does not hold for want of a pool", () => {
  test("VIP_NO_POOL=ignore stores the Cluster as it is, with a warning", async () => {
    await management.installModule({ VIP_NO_POOL: "ignore" });
    const site = await management.newSite();
    await site.hasClass();

    const { object, warnings } = await site.createCluster({ name: "ignored" });

    expect(warnings.join()).toContain("(NoMatchingPool)");
    expect(isHeld(object)).toBe(false);
    expect(changedByUs(await createOf(site, "ignored"))).toBe(false);
  });

  test("VIP_NO_POOL=reject refuses the Cluster and says what to do", async () => {
    await management.installModule({ VIP_NO_POOL: "reject" });
    const site = await management.newSite();
    await site.hasClass();

    const refusal = await refusalOf(site.createCluster({ name: "rejected" }));

    expect(refusal.message).toContain(
      "(PoolRequired). Label a pool with the class and the role, then create",
    );
    await expect(site.clusterOf("rejected")).rejects.toMatchObject({ code: 404 });
  });
});

interface Pool extends Stored {
  readonly status?: { readonly ipAddresses?: { readonly free?: number } };
}
