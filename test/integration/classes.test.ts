/** What becomes of a Cluster's VIP when its ClusterClass changes, or is changed for another. */
import type { VariableShape } from "../../sandbox/fixtures";
import {
  annotationOf,
  certificateNames,
  CLUSTERS,
  eventually,
  expectRenderedOnceWith,
  HOLD_ANNOTATION,
  INFRA_CLUSTERS,
  isHeld,
  managementCluster,
  variableOf,
  VIP_ANNOTATION,
  vipOf,
  type Cluster,
  type KubeObject,
  type Site,
} from "./support";

const management = managementCluster({ kubeadm: true });

/** The same manifest for either class; its list of variables knows nothing of the VIP. */
const manifestFor = (site: Site, clusterClass: string): KubeObject =>
  site.manifest({ name: "apollo", clusterClass, variables: { region: "north" } });

const OWN_LIST = [{ name: "region", value: "north" }];

interface Way {
  readonly how: string;
  /** The API server merges the list by name, and keeps what the applier does not name. */
  readonly keepsVariable?: true;
  readonly create: (site: Site) => Promise<unknown>;
  readonly rebase: (site: Site) => Promise<unknown>;
}

const WAYS: readonly Way[] = [
  {
    how: "kubectl apply",
    create: (site) => site.kubectl(["apply", "-f", "-"], [manifestFor(site, "lab")]),
    rebase: (site) => site.kubectl(["apply", "-f", "-"], [manifestFor(site, "next")]),
  },
  {
    how: "a JSON patch that gives class and variables",
    create: (site) => site.api.create(CLUSTERS, manifestFor(site, "lab")),
    rebase: (site) =>
      site.api.patch(CLUSTERS, site.at("apollo"), [
        { op: "replace", path: "/spec/topology/classRef/name", value: "next" },
        { op: "replace", path: "/spec/topology/variables", value: OWN_LIST },
      ]),
  },
  {
    how: "server-side apply",
    keepsVariable: true,
    create: (site) => site.api.apply(CLUSTERS, manifestFor(site, "lab")),
    rebase: (site) => site.api.apply(CLUSTERS, manifestFor(site, "next"), { force: true }),
  },
];

/** A Cluster of the class `lab`, complete and rendered, and a class `next` beside it. */
async function completeBeside(shape: VariableShape, { create }: Way): Promise<{ site: Site; vip: string }> {
  const site = await management.newSite();
  await Promise.all([
    site.hasClassAndPool(),
    site.hasClass({ name: "next", clusterVip: shape }),
    site.hasPool({ name: "next-vips", clusterClass: "next" }),
  ]);
  await create(site);
  const vip = vipOf((await site.rendered("apollo")).cluster) ?? "none";
  await site.adopted("apollo");
  return { site, vip };
}

const deleted: Site[] = [];

/** A later update and the deletion go through: the Cluster is not bricked. Its end is awaited at the end. */
async function expectAlive(site: Site): Promise<void> {
  await site.label("apollo", { colour: "blue" });
  await site.deleteCluster("apollo");
  deleted.push(site);
}

describe.each(WAYS)("a rebase by $how", (way) => {
  test.each(["no-default", "empty-default"] as const)(
    "to a class with the variable (%s): the VIP is in it, and nothing is rolled",
    async (shape) => {
      const { site, vip } = await completeBeside(shape, way);

      await way.rebase(site);

      await unheldIn(site, "next");
      const rendered = await site.rendered("apollo");
      expect(variableOf(rendered.cluster)).toBe(vip);
      expect(annotationOf(rendered.cluster, VIP_ANNOTATION)).toBe(vip);
      expectRenderedOnceWith(vip, rendered);
      await expectAlive(site);
    },
  );
});

describe.each(WAYS.filter(({ keepsVariable }) => !keepsVariable))("a rebase by $how", (way) => {
  test("to a class without the variable: the endpoint stays, and the hold is lifted", async () => {
    const { site, vip } = await completeBeside("absent", way);

    await way.rebase(site);

    const cluster = await unheldIn(site, "next");
    expect([vipOf(cluster), variableOf(cluster)]).toEqual([vip, undefined]);
    await site.rendered("apollo");
    await expectAlive(site);
  });
});

const unheldIn = (site: Site, clusterClass: string): Promise<Cluster> =>
  eventually(
    async () => {
      const cluster = await site.clusterOf("apollo");
      expect(cluster.spec.topology?.classRef?.name).toBe(clusterClass);
      return isHeld(cluster) || annotationOf(cluster, HOLD_ANNOTATION) !== undefined ? undefined : cluster;
    },
    { withinMs: 30_000, what: `the Cluster to be unheld in the class ${clusterClass}` },
  );

describe("a rebase that keeps the list of variables", () => {
  test("to a class with the variable: the VIP stays, and nothing is rolled", async () => {
    const { site, vip } = await completeBeside("no-default", WAYS[1] as Way);

    await site.api.patch(CLUSTERS, site.at("apollo"), [
      { op: "replace", path: "/spec/topology/classRef/name", value: "next" },
    ]);

    expectRenderedOnceWith(vip, await site.rendered("apollo"));
    await expectAlive(site);
  });

  test("by server-side apply to a class without it: Cluster API refuses, and the Cluster is as before", async () => {
    const { site, vip } = await completeBeside("absent", WAYS[2] as Way);

    await expect((WAYS[2] as Way).rebase(site)).rejects.toThrow(/clusterVip/);

    expectRenderedOnceWith(vip, await site.rendered("apollo"));
    await expectAlive(site);
  });

  test("by JSON patch to a class without it: Cluster API refuses, and the Cluster is as before", async () => {
    const { site, vip } = await completeBeside("absent", WAYS[1] as Way);

    const rebase = site.api.patch(CLUSTERS, site.at("apollo"), [
      { op: "replace", path: "/spec/topology/classRef/name", value: "next" },
    ]);

    await expect(rebase).rejects.toThrow(/clusterVip/);
    expectRenderedOnceWith(vip, await site.rendered("apollo"));
    await expectAlive(site);
  });

  test("in a dry-run changes nothing", async () => {
    const { site } = await completeBeside("no-default", WAYS[1] as Way);
    const before = await site.clusterOf("apollo");

    await site.api.patch(
      CLUSTERS,
      site.at("apollo"),
      [
        { op: "replace", path: "/spec/topology/classRef/name", value: "next" },
        { op: "replace", path: "/spec/topology/variables", value: OWN_LIST },
      ],
      { dryRun: true },
    );

    expect(await site.clusterOf("apollo")).toMatchObject({ spec: before.spec });
  });
});

test("a class whose default is not empty: a second apply brings it back, and the VIP stays", async () => {
  const site = await management.newSite();
  await site.hasClassAndPool({ clusterVip: "other-default" });
  await site.kubectl(["apply", "-f", "-"], [manifestFor(site, "lab")]);
  const vip = vipOf((await site.rendered("apollo")).cluster) ?? "none";

  await site.kubectl(["apply", "-f", "-"], [manifestFor(site, "lab")]);

  const rendered = await site.rendered("apollo");
  expect(variableOf(rendered.cluster)).toBe(vip);
  expectRenderedOnceWith(vip, rendered);
  await expectAlive(site);
});

test("a Cluster without a VIP that is given a class which wants one: held in the same request, then completed", async () => {
  const site = await management.newSite();
  await Promise.all([
    site.hasClass({ name: "plain", clusterVip: "absent" }),
    site.hasClass({ name: "next" }),
    site.hasPool({ name: "next-vips", clusterClass: "next" }),
  ]);
  const created = await site.createCluster({ name: "apollo", clusterClass: "plain" });
  expect([vipOf(created.object), isHeld(created.object)]).toEqual([undefined, false]);
  await site.rendered("apollo");

  const rebased = await site.api.patch<Cluster>(CLUSTERS, site.at("apollo"), [
    { op: "replace", path: "/spec/topology/classRef/name", value: "next" },
  ]);

  expect(annotationOf(rebased.object, HOLD_ANNOTATION)).toBe("ClassChanged");
  const vip = vipOf(await unheldIn(site, "next")) ?? "none";
  const { cluster, controlPlane } = await site.rendered("apollo");
  expect(variableOf(cluster)).toBe(vip);
  expect(certificateNames(controlPlane)).toContain(vip);
  await expectAlive(site);
});

describe("a class that gains the variable while a Cluster of it exists", () => {
  async function complete(): Promise<{ site: Site; vip: string }> {
    const site = await management.newSite();
    await site.hasClassAndPool({ clusterVip: "absent" });
    const vip = vipOf((await site.createCluster({ name: "apollo" })).object) ?? "none";
    await site.rendered("apollo");
    await site.adopted("apollo");
    return { site, vip };
  }

  const written = (site: Site, vip: string): Promise<unknown> =>
    eventually(async () => variableOf(await site.clusterOf("apollo")) === vip, {
      withinMs: 30_000,
      what: "the variable to be written",
    });

  test("has the VIP written into it while the Cluster has no machine yet", async () => {
    const { site, vip } = await complete();

    await site.hasClass({ clusterVip: "no-default" });

    await written(site, vip);
    const { controlPlane } = await site.rendered("apollo");
    expect(certificateNames(controlPlane)).toContain(vip);
    await expectAlive(site);
  });

  test("is left without it once machines run, and the log says how to have it written", async () => {
    const { site, vip } = await complete();
    const { infrastructure } = await site.rendered("apollo");
    await site.api.mergeStatus(INFRA_CLUSTERS, site.at(infrastructure.metadata.name), {
      status: { initialization: { provisioned: true } },
    });
    await eventually(async () => ((await site.clusterOf("apollo")).status?.controlPlane?.replicas ?? 0) > 0, {
      withinMs: 30_000,
      what: "the first machine of the control plane",
    });

    await site.hasClass({ clusterVip: "no-default" });

    await eventually(() => management.sandbox.process("watcher").tail(200).match(lateIn(site)), {
      withinMs: 30_000,
      what: "the watcher to say LateNotApplied",
    });
    expect(variableOf(await site.clusterOf("apollo"))).toBeUndefined();

    await site.annotate("apollo", { "vip.capi.gorizond.io/apply-late": "true" });
    await written(site, vip);
  });
});

const lateIn = ({ namespace }: Site): RegExp =>
  new RegExp(`^.*${namespace}.*LateNotApplied.*$|^.*LateNotApplied.*${namespace}.*$`, "m");

test("every Cluster that was deleted after its class had changed is gone", async () => {
  expect(deleted.length).toBeGreaterThan(10);
  await Promise.all(deleted.map((site) => site.gone(CLUSTERS, "apollo")));
});
