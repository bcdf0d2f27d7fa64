/** What a user sees who changes a Cluster that has its VIP, or waits for it. */
import {
  annotationOf,
  CLUSTERS,
  eventually,
  expectRenderedOnceWith,
  HOLD_ANNOTATION,
  isHeld,
  changedByUs,
  managementCluster,
  OUR_PAUSE,
  PAUSED_ANNOTATION,
  Refused,
  variableOf,
  VIP_ANNOTATION,
  vipOf,
  type Cluster,
  type KubeObject,
  type Site,
} from "./support";

const APPLY_LATE = "vip.capi.gorizond.io/apply-late";
const management = managementCluster();

/** A list of variables of its own, without our VIP: applying it again replaces the whole list. */
const withRegion = (site: Site, region: string): KubeObject =>
  site.manifest({ name: "apollo", variables: { region } });

/** Cluster API lets nobody replace a Cluster without the references that it has set. */
function withRefs(manifest: KubeObject, { spec }: Cluster): KubeObject {
  const { infrastructureRef, controlPlaneRef } = spec;
  return { ...manifest, spec: { ...(manifest["spec"] as object), infrastructureRef, controlPlaneRef } };
}

async function siteWithVips(): Promise<Site> {
  const site = await management.newSite();
  await site.hasClassAndPool();
  return site;
}

async function heldSite(): Promise<Site> {
  const site = await management.newSite();
  await site.hasClass();
  await site.createCluster({ name: "waiting" });
  return site;
}

/** kubectl reads first, and gives up where somebody writes between; a user says it again. */
const replaced = (site: Site, manifest: KubeObject) =>
  eventually(() => site.kubectl(["replace", "-f", "-"], [manifest]));

/** What `cluster` must be in a revision so that nothing of the VIP is lost. */
function expectVip(cluster: Cluster, vip: string): void {
  expect(cluster.spec.controlPlaneEndpoint).toEqual({ host: vip, port: 6443 });
  expect(variableOf(cluster)).toBe(vip);
  expect(annotationOf(cluster, VIP_ANNOTATION)).toBe(vip);
  expect(isHeld(cluster)).toBe(false);
}

/** Every update that the user made on this Cluster, as the audit log tells it. */
const updatesOf = (site: Site, name: string, since: Date) =>
  management.sandbox.audit({
    user: "admin",
    namespace: site.namespace,
    resource: "clusters",
    verb: ["patch", "update"],
    name,
    since,
  });

describe("a manifest that knows nothing of the VIP is written again", () => {
  const ways = [
    { how: "kubectl apply", first: ["apply"], again: ["apply"] },
    {
      how: "kubectl apply --server-side",
      first: ["apply", "--server-side"],
      again: ["apply", "--server-side"],
    },
    {
      how: "kubectl apply --server-side --force-conflicts after a client-side one",
      first: ["apply"],
      again: ["apply", "--server-side", "--force-conflicts"],
    },
    { how: "kubectl replace", first: ["create"], again: ["replace"] },
  ];

  test.each(ways)(
    "by $how: the VIP is lost in no revision, and nothing is rolled",
    async ({ first, again }) => {
      const site = await siteWithVips();
      await site.kubectl([...first, "-f", "-"], [withRegion(site, "north")]);
      const { cluster } = await site.rendered("apollo");
      const vip = vipOf(cluster) ?? "none";
      await site.adopted("apollo");

      const manifest = withRegion(site, "south");
      if (again[0] === "replace") await replaced(site, withRefs(manifest, cluster));
      else await site.kubectl([...again, "-f", "-"], [manifest]);

      const revisions = await site.history<Cluster>(CLUSTERS, "apollo");
      expect(revisions.length).toBeGreaterThan(1);
      for (const revision of revisions) expectVip(revision, vip);
      const rendered = await site.rendered("apollo");
      expect(variableOf(rendered.cluster, "region")).toBe("south");
      expectRenderedOnceWith(vip, rendered);
    },
  );

  test("dropped fields are put back one by one: endpoint, port, annotation", async () => {
    const site = await siteWithVips();
    const vip = vipOf((await site.createCluster({ name: "apollo" })).object) ?? "none";
    const losses = [
      { spec: { controlPlaneEndpoint: null } },
      { spec: { controlPlaneEndpoint: { port: null } } },
      { metadata: { annotations: { [VIP_ANNOTATION]: null } } },
      { spec: { topology: { variables: null } } },
    ];

    for (const loss of losses)
      expectVip((await site.api.merge<Cluster>(CLUSTERS, site.at("apollo"), loss)).object, vip);
  });

  test("a dry-run of such a write shows the VIP as well", async () => {
    const site = await siteWithVips();
    const vip = vipOf((await site.createCluster({ name: "apollo" })).object) ?? "none";

    const { object } = await site.api.merge<Cluster>(
      CLUSTERS,
      site.at("apollo"),
      { spec: { topology: { variables: [{ name: "region", value: "south" }] } } },
      { dryRun: true },
    );

    expectVip(object, vip);
  });
});

describe("a held Cluster stays held", () => {
  test.each([
    { what: "the hold", taken: [HOLD_ANNOTATION] },
    { what: "our pause", taken: [PAUSED_ANNOTATION] },
    { what: "both", taken: [HOLD_ANNOTATION, PAUSED_ANNOTATION] },
  ])("when $what is removed, it is back in the same request", async ({ taken }) => {
    const site = await heldSite();

    const { object } = await site.annotate("waiting", Object.fromEntries(taken.map((key) => [key, null])));

    expect(object.metadata.annotations).toMatchObject({
      [HOLD_ANNOTATION]: "NoMatchingPool",
      [PAUSED_ANNOTATION]: OUR_PAUSE,
    });
  });

  test("when its manifest is replaced", async () => {
    const site = await heldSite();

    await replaced(site, site.manifest({ name: "waiting" }));

    expect((await site.clusterOf("waiting")).metadata.annotations).toMatchObject({
      [HOLD_ANNOTATION]: "NoMatchingPool",
      [PAUSED_ANNOTATION]: OUR_PAUSE,
    });
  });

  test("when a server-side apply says paused: false with force", async () => {
    const site = await heldSite();

    await site.kubectl(
      ["apply", "--server-side", "--force-conflicts", "-f", "-"],
      [site.manifest({ name: "waiting", spec: { paused: false } })],
    );

    const cluster = await site.seenPaused("waiting");
    expect(isHeld(cluster)).toBe(true);
    expect(cluster.spec.infrastructureRef).toBeUndefined();
  });

  test("unless the user says released: then our pause goes, and Cluster API renders it", async () => {
    const site = await heldSite();

    const { object } = await site.annotate("waiting", { [HOLD_ANNOTATION]: "released" });

    expect(object.metadata.annotations).toEqual({ [HOLD_ANNOTATION]: "released" });
    await site.rendered("waiting");
    expect(vipOf(await site.clusterOf("waiting"))).toBeUndefined();
  });

  test("unless the user gives a host: then it is completed with that one", async () => {
    const site = await heldSite();

    await site.api.merge(CLUSTERS, site.at("waiting"), {
      spec: { controlPlaneEndpoint: { host: "192.0.2.99" } },
    });

    const cluster = await site.completed("waiting");
    expect(vipOf(cluster)).toBe("192.0.2.99");
    expect(variableOf(cluster)).toBe("192.0.2.99");
    expectRenderedOnceWith("192.0.2.99", await site.rendered("waiting"));
    expect(await site.claims()).toEqual([]);
  });
});

describe("an update that takes nothing of ours away", () => {
  test("is stored as the user wrote it, and Pepr leaves no mark", async () => {
    const site = await siteWithVips();
    await site.createCluster({ name: "apollo" });
    await site.rendered("apollo");
    await site.adopted("apollo");
    const before = await site.clusterOf("apollo");
    const since = new Date();

    const { object: after } = await site.label("apollo", { colour: "blue" });

    expect(after.metadata.labels).toEqual({ ...before.metadata.labels, colour: "blue" });
    expect(after.spec).toEqual(before.spec);
    expect(after.metadata.annotations).toEqual(before.metadata.annotations);
    expect(JSON.stringify(after)).not.toContain("pepr");
    const [update] = await updatesOf(site, "apollo", since);
    expect(update && changedByUs(update)).not.toBe(true);
  });

  test("is left alone also where we are asked: an annotation of ours that says how a late VIP is written", async () => {
    const site = await siteWithVips();
    await site.createCluster({ name: "apollo", annotations: { [APPLY_LATE]: "true" } });
    await site.adopted("apollo");
    const since = new Date();

    const { object } = await site.annotate("apollo", { [APPLY_LATE]: "false" });

    expect(annotationOf(object, APPLY_LATE)).toBe("false");
    expect(JSON.stringify(object)).not.toContain("pepr");
    const [update] = await updatesOf(site, "apollo", since);
    expect(update && changedByUs(update)).toBe(false);
  });
});

describe("with every process of the module down", () => {
  test("labels, scaling and deletion go through, and only a loss of the VIP is refused", async () => {
    const site = await siteWithVips();
    await site.createCluster({ name: "apollo" });
    await site.rendered("apollo");
    await site.adopted("apollo");

    const lost = await management.whileModuleIsDown(async () => {
      await site.label("apollo", { colour: "blue" });
      await site.api.merge(CLUSTERS, site.at("apollo"), {
        spec: { topology: { controlPlane: { replicas: 3 } } },
      });
      const error: unknown = await site.api
        .merge(CLUSTERS, site.at("apollo"), { spec: { topology: { variables: null } } })
        .catch((refusal: unknown) => refusal);
      await site.deleteCluster("apollo");
      await site.gone(CLUSTERS, "apollo");
      return error;
    });

    expect(lost).toBeInstanceOf(Refused);
    expect((lost as Refused).message).toContain("failed calling webhook");
  });
});
