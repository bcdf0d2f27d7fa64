/** The VIP for ingress: beside the control plane's, and never in its way. */
import { type ClusterOptions } from "../../sandbox/fixtures";
import {
  ADDRESSES,
  annotationOf,
  CLAIMS,
  CLUSTERS,
  eventually,
  expectRenderedOnceWith,
  isHeld,
  managementCluster,
  variableOf,
  vipOf,
  type Address,
  type Claim,
  type Cluster,
  type Site,
} from "./support";

const lab = managementCluster({ env: { VIP_ADMISSION_BUDGET: "4", VIP_INGRESS_GRACE: "2500" } });

const INGRESS = "vip.capi.gorizond.io/ingress-vip";
const INGRESS_ENABLED = "vip.capi.gorizond.io/ingress-enabled";
const CONTROL_PLANE_ENABLED = "vip.capi.gorizond.io/control-plane-enabled";
const NAME = "vip-ingress-a";

const ingressOf = (cluster: Cluster) => ({
  annotation: annotationOf(cluster, INGRESS),
  label: cluster.metadata.labels?.[INGRESS],
  variable: variableOf(cluster, "ingressVip"),
});

interface Wish {
  readonly defines?: boolean;
  readonly controlPlane?: string | undefined;
  readonly ingress?: string | undefined;
}

async function siteWith({ defines = true, controlPlane, ingress }: Wish): Promise<Site> {
  const site = await lab.newSite();
  await Promise.all([
    site.hasClass(defines ? { ingressVip: "empty-default" } : {}),
    controlPlane && site.hasPool({ name: "cp", addresses: [controlPlane] }),
    ingress && site.hasPool({ name: "ingress", addresses: [ingress], role: "ingress" }),
  ]);
  return site;
}

const create = async (site: Site, name = "a", more: Partial<ClusterOptions> = {}): Promise<Cluster> =>
  (await site.createCluster({ ...more, name })).object;

const off = (key: string): Partial<ClusterOptions> => ({ annotations: { [key]: "false" } });

const claimOf = (site: Site) => lab.api.find<Claim>(CLAIMS, site.namespace, NAME);
const addressOf = (site: Site) => lab.api.find<Address>(ADDRESSES, site.namespace, NAME);

const withIngress = (site: Site, name = "a") =>
  eventually(
    async () => {
      const cluster = await site.clusterOf(name);
      return annotationOf(cluster, INGRESS) === undefined ? undefined : cluster;
    },
    { withinMs: 30_000, what: `${site.namespace}/${name} to get its ingress VIP` },
  );

describe("A Cluster whose class defines ingressVip", () => {
  test("has both VIPs in its first revision, in annotation, label and variable, and is rendered once", async () => {
    const site = await siteWith({
      controlPlane: "10.60.0.10-10.60.0.19",
      ingress: "10.60.0.100-10.60.0.109",
    });
    const made = await create(site);
    expect(vipOf(made)).toBe("10.60.0.10");
    expect(ingressOf(made)).toEqual({
      annotation: "10.60.0.100",
      label: "10.60.0.100",
      variable: "10.60.0.100",
    });
    expectRenderedOnceWith("10.60.0.10", await site.rendered("a"));
    await site.adopted("a");
    await eventually(
      async () => (await addressOf(site))?.metadata.finalizers?.includes("vip.capi.gorizond.io/in-use"),
      {
        withinMs: 30_000,
        what: "the ingress address to be protected",
      },
    );
    expect((await claimOf(site))?.metadata.ownerReferences?.[0]?.uid).toBe(made.metadata.uid);
  });

  test("keeps them when a manifest without them is applied again", async () => {
    const site = await siteWith({
      controlPlane: "10.60.1.10-10.60.1.19",
      ingress: "10.60.1.100-10.60.1.109",
    });
    await create(site);
    const { object } = await lab.api.merge<Cluster>(CLUSTERS, site.at("a"), {
      metadata: { annotations: { [INGRESS]: null }, labels: { [INGRESS]: null } },
      spec: { topology: { variables: [] } },
    });
    expect(ingressOf(object)).toEqual({
      annotation: "10.60.1.100",
      label: "10.60.1.100",
      variable: "10.60.1.100",
    });
  });

  test("gives both back when it is gone", async () => {
    const site = await siteWith({
      controlPlane: "10.60.2.10-10.60.2.19",
      ingress: "10.60.2.100-10.60.2.109",
    });
    await create(site);
    await site.adopted("a");
    await site.deleteCluster("a");
    await Promise.all([
      site.gone(ADDRESSES, NAME),
      site.gone(ADDRESSES, "vip-cp-a"),
      site.gone(CLAIMS, NAME),
    ]);
  });

  test("GB4: without a pool for ingress comes up all the same, and gets it as soon as there is one", async () => {
    const site = await siteWith({ controlPlane: "10.60.3.10-10.60.3.19" });
    const { object, warnings } = await site.createCluster({ name: "a" });
    expect([vipOf(object), isHeld(object)]).toEqual(["10.60.3.10", false]);
    expect(warnings.join()).toContain("role ingress");
    await site.rendered("a");
    await site.hasPool({ name: "ingress", addresses: ["10.60.3.100-10.60.3.109"], role: "ingress" });
    expect(ingressOf(await withIngress(site))).toEqual({
      annotation: "10.60.3.100",
      label: "10.60.3.100",
      variable: "10.60.3.100",
    });
  });

  test("whose ingress pool is used up is not held, and gets a VIP when one is free again", async () => {
    const site = await siteWith({ controlPlane: "10.60.4.10-10.60.4.19", ingress: "10.60.4.100" });
    await create(site, "first");
    const second = await create(site, "a");
    expect([vipOf(second), isHeld(second), annotationOf(second, INGRESS)]).toEqual([
      "10.60.4.11",
      false,
      undefined,
    ]);
    await site.annotate("first", { [INGRESS_ENABLED]: "false" });
    expect(annotationOf(await withIngress(site), INGRESS)).toBe("10.60.4.100");
  });

  test("gets a late ingress VIP on machines that run: in annotation and label, in the variable only with apply-late", async () => {
    const site = await siteWith({ controlPlane: "10.60.5.10-10.60.5.19" });
    await create(site);
    await site.starts("a");
    await site.hasPool({ name: "ingress", addresses: ["10.60.5.100-10.60.5.109"], role: "ingress" });
    expect(ingressOf(await withIngress(site))).toEqual({
      annotation: "10.60.5.100",
      label: "10.60.5.100",
      variable: "",
    });
    await site.annotate("a", { "vip.capi.gorizond.io/apply-late": "true" });
    await eventually(async () => ingressOf(await site.clusterOf("a")).variable === "10.60.5.100", {
      withinMs: 30_000,
      what: "the variable to be written",
    });
  });
});

describe("A Cluster whose class knows no ingressVip", () => {
  test("gets an ingress VIP by annotation and label where a pool for ingress serves it", async () => {
    const site = await siteWith({
      defines: false,
      controlPlane: "10.61.0.10-10.61.0.19",
      ingress: "10.61.0.100-10.61.0.109",
    });
    const made = await create(site);
    expect(isHeld(made)).toBe(false);
    const cluster = await withIngress(site);
    expect(ingressOf(cluster)).toEqual({
      annotation: "10.61.0.100",
      label: "10.61.0.100",
      variable: undefined,
    });
    expectRenderedOnceWith("10.61.0.10", await site.rendered("a"));
  });

  test("and no pool for ingress has no claim for it, and no warning", async () => {
    const site = await siteWith({ defines: false, controlPlane: "10.61.1.10-10.61.1.19" });
    const { warnings } = await site.createCluster({ name: "a" });
    expect(warnings).toEqual([]);
    await site.rendered("a");
    expect(await claimOf(site)).toBeUndefined();
  });
});

describe("Ingress that is switched off", () => {
  test("from the start takes no address", async () => {
    const site = await siteWith({
      controlPlane: "10.62.0.10-10.62.0.19",
      ingress: "10.62.0.100-10.62.0.109",
    });
    const made = await create(site, "a", off(INGRESS_ENABLED));
    expect(ingressOf(made)).toEqual({ annotation: undefined, label: undefined, variable: "" });
    await site.adopted("a");
    expect(await claimOf(site)).toBeUndefined();
  });

  test("later gives its address back, and gets one again when it is switched on", async () => {
    const site = await siteWith({
      controlPlane: "10.62.1.10-10.62.1.19",
      ingress: "10.62.1.100-10.62.1.109",
    });
    await create(site);
    await site.annotate("a", { [INGRESS_ENABLED]: "false" });
    await Promise.all([site.gone(CLAIMS, NAME), site.gone(ADDRESSES, NAME)]);
    expect(ingressOf(await site.clusterOf("a"))).toEqual({
      annotation: undefined,
      label: undefined,
      variable: "",
    });
    expect(vipOf(await site.clusterOf("a"))).toBe("10.62.1.10");

    await site.annotate("a", { [INGRESS_ENABLED]: null });
    expect(ingressOf(await withIngress(site)).annotation).toBe("10.62.1.100");
  });

  test("for the control plane only leaves ingress as it is", async () => {
    const site = await siteWith({
      controlPlane: "10.62.2.10-10.62.2.19",
      ingress: "10.62.2.100-10.62.2.109",
    });
    const made = await create(site, "a", off(CONTROL_PLANE_ENABLED));
    expect([vipOf(made), isHeld(made)]).toEqual([undefined, false]);
    expect(ingressOf(await withIngress(site)).annotation).toBe("10.62.2.100");
    expect(await lab.api.find<Claim>(CLAIMS, site.namespace, "vip-cp-a")).toBeUndefined();
  });
});

describe("IPv6 alone", () => {
  test("GB6: gives both VIPs, and the label is left out because it cannot hold one", async () => {
    const site = await siteWith({
      controlPlane: "fd00:60::10-fd00:60::1f",
      ingress: "fd00:61::10-fd00:61::1f",
    });
    const made = await create(site);
    expect([vipOf(made), variableOf(made)]).toEqual(["fd00:60::10", "fd00:60::10"]);
    expect(ingressOf(made)).toEqual({ annotation: "fd00:61::10", label: undefined, variable: "fd00:61::10" });
    await site.rendered("a");
  });
});

describe("Ingress whose claim is served late", () => {
  test("GB5: gets its VIP as soon as its claim is bound, and the control plane does not wait for it", async () => {
    const site = await siteWith({
      controlPlane: "10.63.0.10-10.63.0.19",
      ingress: "10.63.0.100-10.63.0.109",
    });
    await site.put({
      apiVersion: "ipam.cluster.x-k8s.io/v1alpha2",
      kind: "InClusterIPPool",
      metadata: {
        name: "ingress",
        namespace: site.namespace,
        annotations: { "cluster.x-k8s.io/paused": "true" },
        labels: {
          "vip.capi.gorizond.io/cluster-class": "lab",
          "vip.capi.gorizond.io/role": "ingress",
        },
      },
      spec: { addresses: ["10.63.0.100-10.63.0.109"], prefix: 16 },
    });
    const made = await create(site);
    expect([vipOf(made), annotationOf(made, INGRESS)]).toEqual(["10.63.0.10", undefined]);
    expectRenderedOnceWith("10.63.0.10", await site.rendered("a"));
    await lab.api.merge(
      { group: "ipam.cluster.x-k8s.io", version: "v1alpha2", plural: "inclusterippools" },
      { namespace: site.namespace, name: "ingress" },
      { metadata: { annotations: { "cluster.x-k8s.io/paused": null } } },
    );
    expect(annotationOf(await withIngress(site), INGRESS)).toBe("10.63.0.100");
  });
});
