/** Every example is applied as it stands, and what Cluster API renders of it is looked at. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { projectRoot } from "../../sandbox/places";
import { parseObjects } from "../../sandbox/render";
import {
  annotationOf,
  eventually,
  expectTopologyReconciled,
  managementCluster,
  resourceOf,
  standIns,
  variableOf,
  vipOf,
  type Cluster,
  type KubeObject,
  type Reference,
  type Site,
  type Stored,
} from "./support";

const management = managementCluster({ kubeadm: true });

const OPTED_OUT = { "vip.capi.gorizond.io/control-plane-enabled": "false" };
const INGRESS_VIP = "vip.capi.gorizond.io/ingress-vip";

const textOf = (example: string): string => readFileSync(join(projectRoot, "examples", example), "utf8");

const applied = new Set<string>();

/**
 * The objects of an example as they stand, in the namespace of a site. The provider for development is
 * exchanged for the one of the sandbox, as the example's header tells its reader to.
 */
function objectsOf(example: string, { namespace }: Site): KubeObject[] {
  applied.add(example);
  const text = textOf(example).replace(/\bDev(?=(Cluster|Machine)Template\b)/g, "Lab");
  return parseObjects(text).map((object) => ({
    ...object,
    metadata: { ...object.metadata, ...(object.metadata.namespace !== undefined && { namespace }) },
  }));
}

async function put(objects: readonly KubeObject[], site: Site): Promise<void> {
  await Promise.all(objects.map((object) => site.put(object)));
  const classes = objects.filter(({ kind }) => kind === "ClusterClass");
  await Promise.all(classes.map(({ metadata }) => site.classIsReady(metadata.name)));
}

const apply = (site: Site, ...examples: readonly string[]): Promise<void> =>
  put(
    examples.flatMap((example) => objectsOf(example, site)),
    site,
  );

const create = async (site: Site, example: string): Promise<Cluster> => {
  const [manifest] = objectsOf(example, site);
  if (!manifest) throw new Error(`${example} has no Cluster`);
  return (await site.api.create<Cluster>(resourceOf(manifest), manifest)).object;
};

/** A Cluster as in examples/cluster.yaml, of another class. */
const ofClass = async (site: Site, clusterClass: string, name = "demo", annotations = {}): Promise<Cluster> =>
  (await site.createCluster({ name, clusterClass, annotations })).object;

interface Spec extends Stored {
  readonly spec: Readonly<Record<string, unknown>>;
}

interface Made {
  readonly cluster: Cluster;
  readonly infrastructure: Spec;
  readonly controlPlane: Spec;
}

const VERSIONS: Readonly<Record<string, string>> = {
  LabCluster: "v1beta2",
  ProxmoxCluster: "v1alpha1",
  KubeadmControlPlane: "v1beta2",
  RKE2ControlPlane: "v1beta1",
  KThreesControlPlane: "v1beta2",
};

const read = (site: Site, { apiGroup = "", kind, name }: Reference): Promise<Spec> =>
  site.api.get<Spec>(resourceOf({ apiVersion: `${apiGroup}/${VERSIONS[kind]}`, kind }), site.namespace, name);

/** Waits until Cluster API has made all of the Cluster. */
const made = (site: Site, name = "demo"): Promise<Made> =>
  eventually(
    async () => {
      const cluster = await site.clusterOf(name);
      expectTopologyReconciled(cluster);
      const { infrastructureRef, controlPlaneRef } = cluster.spec;
      if (!infrastructureRef || !controlPlaneRef) return undefined;
      const refs = [infrastructureRef, controlPlaneRef];
      const [infrastructure, controlPlane] = await Promise.all(refs.map((ref) => read(site, ref)));
      return infrastructure && controlPlane && { cluster, infrastructure, controlPlane };
    },
    { withinMs: 30_000, what: `Cluster API to make ${site.namespace}/${name}` },
  );

/** Infrastructure and control plane had all they have in their first revision. */
const expectOnce = ({ infrastructure, controlPlane }: Made): void =>
  expect([infrastructure.metadata.generation, controlPlane.metadata.generation]).toEqual([1, 1]);

/** Waits until Cluster API says why it does not make the Cluster. */
const whyNot = (site: Site, name: string): Promise<string> =>
  eventually(
    async () => {
      const { status } = await site.clusterOf(name);
      const condition = status?.conditions?.find(({ type }) => type === "TopologyReconciled");
      return condition?.reason === "ReconcileFailed" ? condition.message : undefined;
    },
    { withinMs: 30_000, what: `Cluster API to fail with ${site.namespace}/${name}` },
  );

/** What is written on the machines, by its path. */
const fileAt = (files: unknown, path: string): unknown => {
  const file = (files as { path: string; content: string }[]).find((one) => one.path === path);
  return file && parse(file.content);
};

beforeAll(async () => {
  const definitions = standIns();
  await Promise.all(
    definitions.map((definition) => management.api.apply(resourceOf(definition), definition)),
  );
  await management.kubectl([
    "wait",
    "--for=condition=Established",
    ...definitions.map(({ metadata }) => `crd/${metadata.name}`),
  ]);
});

describe("A pool", () => {
  test("for one class, and a Cluster that names no VIP", async () => {
    const site = await management.newSite();
    await apply(site, "pool-global.yaml", "clusterclass-kubeadm.yaml");

    const created = await create(site, "cluster.yaml");

    expect(vipOf(created)).toBe("10.20.0.10");
    expect(variableOf(created)).toBe("10.20.0.10");
    const result = await made(site);
    expectOnce(result);
    expect(result.controlPlane.spec).toMatchObject({
      kubeadmConfigSpec: {
        clusterConfiguration: { apiServer: { certSANs: ["localhost", "10.20.0.10"] } },
      },
    });
  });

  test("for one class, and a Cluster that names its VIP: it is reserved in the pool, the variable follows", async () => {
    const site = await management.newSite();
    await apply(site, "pool-global.yaml", "clusterclass-kubeadm.yaml");

    const created = await create(site, "cluster-manual-vip.yaml");

    expect([vipOf(created), variableOf(created)]).toEqual(["10.20.0.40", "10.20.0.40"]);
    const address = await site.addressOf("demo-manual");
    expect(address?.spec).toMatchObject({ address: "10.20.0.40", poolRef: { name: "control-plane-vips" } });
    expectOnce(await made(site, "demo-manual"));
  });

  test("of one namespace comes before the global one", async () => {
    const site = await management.newSite();
    await apply(site, "pool-global.yaml", "pool-namespaced.yaml", "clusterclass-kubeadm.yaml");
    await site.hasFree("control-plane-vips", 11);

    expect(vipOf(await create(site, "cluster.yaml"))).toBe("10.30.0.10");
  });

  test("of IPv6, with the higher priority, comes before the one of IPv4", async () => {
    const site = await management.newSite();
    await apply(site, "pool-global.yaml", "pool-ipv6.yaml", "clusterclass-kubeadm.yaml");
    await counted("control-plane-vips-v6");

    expect(vipOf(await create(site, "cluster.yaml"))).toBe("2001:db8:20::10");
    expectOnce(await made(site));
    await management.kubectl(["annotate", POOL("control-plane-vips-v6"), `${DISABLED}=true`]);
  });

  test("for both roles and several classes, listed by annotation", async () => {
    const site = await management.newSite();
    await site.hasClass({ name: "rke2-proxmox-class", clusterVip: "empty-default", ingressVip: "absent" });
    await apply(site, "pool-shared.yaml");
    await counted("shared-vips");

    const created = await ofClass(site, "rke2-proxmox-class");

    const cluster = await withIngress(site);
    const vips = [vipOf(created), annotationOf(cluster, INGRESS_VIP)];
    // Not the first ones: the Clusters above are of a class that the pool lists as well.
    expect(new Set(vips.map((vip) => /^10\.20\.2\.\d+$/.exec(vip ?? "")?.[0])).size).toBe(2);
    expect(vips).not.toContain(undefined);
    await management.kubectl(["annotate", POOL("shared-vips"), `${DISABLED}=true`]);
  });

  test("for a class whose name no label can hold", async () => {
    const site = await management.newSite();
    await apply(site, "pool-classes.yaml");
    const [pool] = objectsOf("pool-classes.yaml", site);
    const listed = pool?.metadata.annotations?.["vip.capi.gorizond.io/cluster-class"] ?? "";
    const long = listed.split(",").map((name) => name.trim());
    const name = long.find((one) => one.length > 63) ?? "";
    await site.hasClass({ name });
    await counted("rack-a-vips");

    expect(vipOf(await ofClass(site, name))).toMatch(/^10\.20\.3\.\d+$/);
  });
});

/** A create does not wait long for ingress. */
const withIngress = (site: Site): Promise<Cluster> =>
  eventually(
    async () => {
      const cluster = await site.clusterOf("demo");
      return annotationOf(cluster, INGRESS_VIP) === undefined ? undefined : cluster;
    },
    { withinMs: 30_000, what: "the VIP for ingress" },
  );

const DISABLED = "vip.capi.gorizond.io/disabled";
const POOL = (name: string): string => `globalinclusterippool/${name}`;

/** Waits until the provider has counted a new pool; before that nobody knows what is free. */
const counted = (pool: string): Promise<unknown> =>
  management.kubectl(["wait", POOL(pool), "--for=jsonpath={.status.ipAddresses.total}"]);

describe("A ClusterClass", () => {
  test("without the variable, whose patches read the annotation", async () => {
    const site = await management.newSite();
    await apply(site, "clusterclass-kubeadm-annotation.yaml");
    await site.hasPool({ clusterClass: "kubeadm-annotation", addresses: [site.span(10, 19)] });

    const created = await ofClass(site, "kubeadm-annotation");

    const vip = site.address(10);
    expect([vipOf(created), variableOf(created)]).toEqual([vip, undefined]);
    const result = await made(site);
    expectOnce(result);
    expect(result.controlPlane.spec).toMatchObject({
      kubeadmConfigSpec: { clusterConfiguration: { apiServer: { certSANs: ["localhost", vip] } } },
    });
  });

  test("without the variable, and a Cluster that has no annotation: nothing is patched", async () => {
    const site = await management.newSite();
    await apply(site, "clusterclass-kubeadm-annotation.yaml");

    await ofClass(site, "kubeadm-annotation");

    const { controlPlane } = await made(site);
    expect(controlPlane.spec).toMatchObject({
      kubeadmConfigSpec: { clusterConfiguration: { apiServer: { certSANs: ["localhost"] } } },
    });
  });

  test("for kubeadm, with kube-vip as a static pod", async () => {
    const site = await management.newSite();
    await apply(site, "pool-classes.yaml", "clusterclass-kubeadm-kube-vip.yaml");

    const vip = vipOf(await ofClass(site, "kubeadm-kube-vip")) ?? "none";

    const { files, controlPlane } = await madeOnProxmox(site, vip);
    expect(fileAt(files(["kubeadmConfigSpec"]), "/etc/kubernetes/manifests/kube-vip.yaml")).toMatchObject({
      kind: "Pod",
      spec: { containers: [{ env: expect.arrayContaining([{ name: "address", value: vip }]) as unknown }] },
    });
    expect(controlPlane.spec).toMatchObject({
      kubeadmConfigSpec: {
        clusterConfiguration: { apiServer: { certSANs: ["localhost", vip] } },
        preKubeadmCommands: [expect.stringContaining("super-admin.conf")],
      },
    });
  });

  test("for RKE2, with the HelmChart of kube-vip, and Fleet's values for ingress", async () => {
    const site = await management.newSite();
    await apply(site, "pool-ingress.yaml", "clusterclass-rke2.yaml");
    await Promise.all([
      site.hasPool({ clusterClass: "rke2-proxmox", addresses: [site.span(10, 19)] }),
      counted("ingress-vips"),
    ]);

    const vip = vipOf(await ofClass(site, "rke2-proxmox")) ?? "none";

    const { files, controlPlane } = await madeOnProxmox(site, vip);
    expectHelmChart(fileAt(files([]), "/var/lib/rancher/rke2/server/manifests/kube-vip-apiserver.yaml"), vip);
    expect(controlPlane.spec).toMatchObject({
      registrationMethod: "address",
      registrationAddress: vip,
      serverConfig: { tlsSan: ["localhost", vip] },
    });
    const cluster = await withIngress(site);
    const ingress = annotationOf(cluster, INGRESS_VIP);
    expect(ingress).toMatch(/^10\.20\.1\.\d+$/);
    expect(variableOf(cluster, "ingressVip")).toBe(ingress);
    applied.add("fleet-ingress.yaml");
    expect(parse(filledByFleet(textOf("fleet-ingress.yaml"), cluster))).toMatchObject({
      helm: { chart: "kube-vip", values: { config: { address: ingress } } },
    });
  });

  test("for k3s, with the HelmChart of kube-vip", async () => {
    const site = await management.newSite();
    await apply(site, "pool-classes.yaml", "clusterclass-k3s.yaml");

    const vip = vipOf(await ofClass(site, "k3s-proxmox")) ?? "none";

    const { files, controlPlane } = await madeOnProxmox(site, vip);
    const manifest = "/var/lib/rancher/k3s/server/manifests/kube-vip-apiserver.yaml";
    expectHelmChart(fileAt(files(["kthreesConfigSpec"]), manifest), vip);
    expect(controlPlane.spec).toMatchObject({
      kthreesConfigSpec: { serverConfig: { tlsSan: ["localhost", vip] } },
    });
  });
});

interface OnProxmox extends Made {
  readonly files: (path: readonly string[]) => unknown;
}

async function madeOnProxmox(site: Site, vip: string): Promise<OnProxmox> {
  const result = await made(site);
  expectOnce(result);
  expect(result.infrastructure.spec).toMatchObject({ controlPlaneEndpoint: { host: vip, port: 6443 } });
  const files = (path: readonly string[]): unknown =>
    [...path, "files"].reduce<unknown>(
      (value, key) => (value as Record<string, unknown>)[key],
      result.controlPlane.spec,
    );
  return { ...result, files };
}

function expectHelmChart(chart: unknown, vip: string): void {
  const { spec } = chart as { spec: { chart: string; bootstrap: boolean; valuesContent: string } };
  expect(spec).toMatchObject({ chart: "kube-vip", bootstrap: true });
  expect(parse(spec.valuesContent)).toMatchObject({ config: { address: vip }, env: { cp_enable: "true" } });
}

/** As Fleet fills its expressions in, as far as the example has any: one lookup each. Any other fails. */
const filledByFleet = (fleetYaml: string, { metadata }: Cluster): string =>
  fleetYaml.replace(/^(?!#)(.*)\$\{(.*?)\}/gm, (_, before: string, expression: string) => {
    const [, key] = /^ get \.ClusterAnnotations "([^"]+)" $/.exec(expression) ?? [];
    if (key === undefined) throw new Error(`Not a lookup of an annotation: ${expression}`);
    return `${before}${metadata.annotations?.[key] ?? ""}`;
  });

/** The patches that the README of the Go original recommends, on its class; without guards. */
describe("GB16: the Go original's patch", () => {
  const onInfrastructure = {
    apiVersion: "infrastructure.cluster.x-k8s.io/v1alpha1",
    kind: "ProxmoxClusterTemplate",
    matchResources: { infrastructureCluster: true },
  };
  const onControlPlane = {
    apiVersion: "controlplane.cluster.x-k8s.io/v1beta1",
    kind: "RKE2ControlPlaneTemplate",
    matchResources: { controlPlane: true },
  };
  /** Without quotes, so that YAML makes null of the empty text. */
  const TEMPLATE = { template: "{{ .clusterVip }}" };
  const replacing = (path: string): object => ({
    selector: onInfrastructure,
    jsonPatches: [{ op: "replace", path: `/spec/template/spec/${path}`, valueFrom: TEMPLATE }],
  });
  const adding = (path: string, valueFrom: object): object => ({
    selector: onControlPlane,
    jsonPatches: [{ op: "add", path: `/spec/template/spec/${path}`, valueFrom }],
  });

  interface Change {
    readonly title: string;
    readonly patch: object;
    readonly noDefault?: true;
    readonly endpointInTemplate?: true;
    /** What Cluster API says of a Cluster that opted out. */
    readonly withoutUs: RegExp;
    /** Where the patch puts the VIP with us; undefined where it fails all the same. */
    readonly withUs?: (vip: string) => Partial<Record<"infrastructure" | "controlPlane", object>>;
  }

  const ENDPOINT: Change["withUs"] = (host) => ({
    infrastructure: { controlPlaneEndpoint: { host, port: 6443 } },
  });
  const NAMES: Change["withUs"] = (vip) => ({
    controlPlane: { serverConfig: { tlsSan: ["localhost", vip] } },
  });

  const CHANGES: readonly Change[] = [
    {
      title: "`replace .../controlPlaneEndpoint/host`: an endpoint of null without us, right with us",
      patch: replacing("controlPlaneEndpoint/host"),
      endpointInTemplate: true,
      withoutUs: /controlPlaneEndpoint\.host accessor error: <nil> is of the type <nil>, expected string/,
      withUs: ENDPOINT,
    },
    {
      title: 'of a variable without default: "<no value>" without us, right with us',
      patch: replacing("controlPlaneEndpoint/host"),
      endpointInTemplate: true,
      noDefault: true,
      withoutUs: /"<no value>": provided endpoint address is not a valid IP or FQDN/,
      withUs: ENDPOINT,
    },
    {
      title:
        "`replace .../controlPlaneEndpoint/host` of a template without endpoint: fails with and without us",
      patch: replacing("controlPlaneEndpoint/host"),
      withoutUs: /replace operation does not apply/,
    },
    {
      title: "`add .../tlsSan/-`: a name of null in the certificate without us, right with us",
      patch: adding("serverConfig/tlsSan/-", TEMPLATE),
      withoutUs: /tlsSan\[1\]: Invalid value: "null"/,
      withUs: NAMES,
    },
    {
      title: "`add .../tlsSan/-` by the variable: an empty name in the certificate without us, right with us",
      patch: adding("serverConfig/tlsSan/-", { variable: "clusterVip" }),
      withoutUs: /tlsSan\[1\]: Invalid value: .*"" is not a valid IP or FQDN/,
      withUs: NAMES,
    },
    {
      title: "`add .../tlsSAN/-`, as it is spelled there: the provider has no such list, with and without us",
      patch: adding("serverConfig/tlsSAN/-", TEMPLATE),
      withoutUs: /add operation does not apply.*tlsSAN/,
    },
  ];

  /** The class of examples/clusterclass-rke2.yaml with one patch of the original's instead of ours. */
  async function siteWith({ patch, noDefault, endpointInTemplate }: Change): Promise<Site> {
    const site = await management.newSite();
    const variable = {
      name: "clusterVip",
      required: false,
      schema: { openAPIV3Schema: { type: "string", ...(!noDefault && { default: "" }) } },
    };
    const objects = objectsOf("clusterclass-rke2.yaml", site).map((object) => {
      if (object.kind === "ClusterClass") {
        const patches = [{ name: "of-the-original", definitions: [patch] }];
        return { ...object, spec: { ...(object["spec"] as object), variables: [variable], patches } };
      }
      if (object.kind !== "ProxmoxClusterTemplate" || !endpointInTemplate) return object;
      const { template } = object["spec"] as { template: { spec: object } };
      const spec = { ...template.spec, controlPlaneEndpoint: { host: "", port: 6443 } };
      return { ...object, spec: { template: { spec } } };
    });
    const pool = site.hasPool({ clusterClass: "rke2-proxmox", addresses: [site.span(10, 19)] });
    await Promise.all([put(objects, site), pool]);
    return site;
  }

  test.each(CHANGES)("$title", async (change) => {
    const site = await siteWith(change);

    const [, created] = await Promise.all([
      ofClass(site, "rke2-proxmox", "without-us", OPTED_OUT),
      ofClass(site, "rke2-proxmox", "with-us"),
    ]);

    expect(await whyNot(site, "without-us")).toMatch(change.withoutUs);
    if (!change.withUs) {
      expect(await whyNot(site, "with-us")).toMatch(change.withoutUs);
      return;
    }
    const result = await made(site, "with-us");
    expectOnce(result);
    for (const [part, spec] of Object.entries(change.withUs(vipOf(created) ?? "none")))
      expect(result[part as "infrastructure" | "controlPlane"].spec).toMatchObject(spec);
  });
});

test("No example was left out", () => {
  const examples = readdirSync(join(projectRoot, "examples")).filter((file) => file.endsWith(".yaml"));
  expect([...applied].sort()).toEqual(examples.sort());
});
