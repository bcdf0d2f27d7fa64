/** From the Go original to this module and back, by the commands of docs/migrate-from-gorizond.md. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { projectRoot } from "../../sandbox/places";
import { typed } from "../support/readme";
import {
  ADDRESSES,
  annotationOf,
  CLAIMS,
  CLUSTERS,
  eventually,
  IN_USE,
  managementCluster,
  variableOf,
  VIP_ANNOTATION,
  vipOf,
  watcherSaid,
  type Address,
  type Claim,
  type Cluster,
  type KubeObject,
  type Rendered,
  type Site,
} from "./support";

const lab = managementCluster({ install: false, kubeadm: true });

const dist = process.env["MODULE_DIST"] ?? join(projectRoot, "dist");
const INGRESS_VIP = "vip.capi.gorizond.io/ingress-vip";
const ROLE = "vip.capi.gorizond.io/role";
const CLUSTER_NAME = "cluster.x-k8s.io/cluster-name";

const page = readFileSync(join(projectRoot, "docs/migrate-from-gorizond.md"), "utf8");

let folder: string;

/** Runs lines as a shell does, and fails as they do. */
async function shell(lines: string): Promise<string> {
  const env = { PATH: `${folder}:${process.env["PATH"] ?? ""}`, KUBECONFIG: lab.sandbox.kubeconfig };
  const { stdout } = await promisify(execFile)("/bin/sh", ["-ec", lines], { cwd: folder, env });
  return stdout;
}

/** The original's Deployment; there are no pods here, and nothing acts on it. */
const deployment: KubeObject = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: {
    name: "capi-vip-allocator-controller-manager",
    namespace: "capi-system",
    labels: { "control-plane": "capi-vip-allocator-controller-manager" },
  },
  spec: {
    replicas: 1,
    selector: { matchLabels: { "control-plane": "capi-vip-allocator-controller-manager" } },
    template: {
      metadata: { labels: { "control-plane": "capi-vip-allocator-controller-manager" } },
      spec: {
        containers: [
          {
            name: "manager",
            image: "ghcr.io/gorizond/capi-vip-allocator:v0.7.1",
            args: ["--enable-reconciler=true", "--enable-runtime-extension=false", "--leader-elect"],
          },
        ],
      },
    },
  },
};

const extensionConfig: KubeObject = {
  apiVersion: "runtime.cluster.x-k8s.io/v1beta2",
  kind: "ExtensionConfig",
  metadata: { name: "vip-allocator" },
  spec: { clientConfig: { url: "https://127.0.0.1:1/hooks" } },
};

let site: Site;

/** A pool as the original's README has it. */
const originalPool = (name: string, role: string, first: number, last: number): KubeObject => ({
  apiVersion: "ipam.cluster.x-k8s.io/v1alpha2",
  kind: "GlobalInClusterIPPool",
  metadata: { name, labels: { "vip.capi.gorizond.io/cluster-class": "lab", [ROLE]: role } },
  spec: { addresses: [site.span(first, last)], gateway: site.address(1), prefix: 24 },
});

/** A claim as the original writes it: `ensureClaim` with the controller reference of controller-runtime. */
const originalClaim = (cluster: Cluster, name: string, role: string, pool: string): KubeObject => ({
  apiVersion: "ipam.cluster.x-k8s.io/v1beta1",
  kind: "IPAddressClaim",
  metadata: {
    name,
    namespace: site.namespace,
    labels: { [ROLE]: role },
    ownerReferences: [
      {
        apiVersion: "cluster.x-k8s.io/v1beta1",
        kind: "Cluster",
        name: cluster.metadata.name,
        uid: cluster.metadata.uid,
        controller: true,
        blockOwnerDeletion: true,
      },
    ],
  },
  spec: { poolRef: { apiGroup: "ipam.cluster.x-k8s.io", kind: "GlobalInClusterIPPool", name: pool } },
});

async function claimed(cluster: Cluster, name: string, role: string, pool: string): Promise<string> {
  await site.put(originalClaim(cluster, name, role, pool));
  const address = await eventually(() => lab.api.find<Address>(ADDRESSES, site.namespace, name));
  return address.spec.address;
}

interface Wish {
  readonly host?: string;
  readonly ingress?: boolean;
}

/** One pass of the original over a Cluster: its writes, in its order. */
async function originalServes(name: string, { host, ingress = false }: Wish = {}): Promise<void> {
  const cluster = await site.clusterOf(name);
  if (ingress) {
    const vip = await claimed(cluster, `vip-ingress-${name}`, "ingress", "ingress-vip-pool");
    const said = { [INGRESS_VIP]: vip };
    await lab.api.merge(CLUSTERS, site.at(name), { metadata: { annotations: said, labels: said } });
  }
  const vip = await claimed(cluster, `vip-cp-${name}`, "control-plane", "control-plane-vip-pool");
  // A host by hand is left alone, and the address that was claimed for it is nobody's.
  if (host !== undefined) return;
  await lab.api.merge(CLUSTERS, site.at(name), {
    spec: {
      controlPlaneEndpoint: { host: vip, port: 6443 },
      topology: { variables: [{ name: "clusterVip", value: vip }] },
    },
  });
}

const NAMES = ["first", "second", "fresh", "by-hand"];

const made = ({ infrastructure, controlPlane }: Rendered): unknown => [
  [infrastructure.metadata.uid, infrastructure.metadata.generation, infrastructure.spec],
  [controlPlane.metadata.uid, controlPlane.metadata.generation, controlPlane.spec],
];

async function everything(): Promise<ReadonlyMap<string, unknown>> {
  const all = NAMES.map(async (name) => [name, made(await site.rendered(name))] as const);
  return new Map(await Promise.all(all));
}

/** What the original reads of its claims and addresses. */
async function original(): Promise<unknown> {
  const [claims, addresses] = await Promise.all([site.claims(), site.addresses()]);
  return {
    claims: claims
      .filter(({ metadata }) => metadata.name !== "vip-cp-by-hand")
      .map(({ metadata, spec, status }: Claim) => [
        metadata.name,
        metadata.uid,
        metadata.labels?.[ROLE],
        metadata.ownerReferences?.map(({ uid, controller }) => [uid, controller]),
        spec.poolRef,
        status?.addressRef,
      ]),
    addresses: addresses
      .filter(({ metadata }) => metadata.name !== "vip-cp-by-hand")
      .map(({ metadata, spec }) => [metadata.name, metadata.uid, spec.address]),
  };
}

let before: { readonly clusters: readonly Cluster[]; readonly made: ReadonlyMap<string, unknown> };
let left: unknown;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "kubectl-"));
  symlinkSync(lab.sandbox.kubectlPath, join(folder, "kubectl"));
  symlinkSync(dist, join(folder, "dist"));
  site = await lab.newSite();
  await Promise.all([
    site.hasClass({ ingressVip: "empty-default" }),
    site.put(originalPool("control-plane-vip-pool", "control-plane", 10, 20)),
    site.put(originalPool("ingress-vip-pool", "ingress", 100, 110)),
    site.put(deployment),
  ]);
  for (const name of ["first", "second", "fresh"]) await site.createCluster({ name, version: "v1beta1" });
  await site.createCluster({
    name: "by-hand",
    version: "v1beta1",
    spec: { controlPlaneEndpoint: { host: site.address(18), port: 6443 } },
  });
  for (const name of ["first", "second", "fresh"]) await originalServes(name, { ingress: true });
  await originalServes("by-hand", { host: site.address(18) });
  await site.createCluster({ name: "waiting", clusterClass: "lab" });
  for (const name of ["first", "second", "by-hand"]) await site.starts(name);
  before = {
    made: await everything(),
    clusters: await Promise.all(NAMES.map((name) => site.clusterOf(name))),
  };
  left = await original();
}, 240_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const beforeOf = (name: string): Cluster => {
  const found = before.clusters.find(({ metadata }) => metadata.name === name);
  if (!found) throw new Error(`There was no ${name}`);
  return found;
};

describe("From the original to this module", () => {
  test("the original is stopped, and what there is is written down", async () => {
    // Not before: while its server does not answer, Cluster API renders nothing that starts after it.
    await site.put(extensionConfig);
    await shell(typed("before", page));
    await shell(typed("stop", page));
    expect((await lab.kubectl(["get", "extensionconfigs", "-o", "name"])).stdout).toBe("");
    const scale = ["get", "-n", "capi-system", "deployment", deployment.metadata.name];
    expect((await lab.kubectl([...scale, "-o", "jsonpath={.spec.replicas}"])).stdout).toBe("0");
  });

  test("this module is installed", async () => {
    // There are no pods here: the processes stand for them, and a dry-run for the command.
    await lab.kubectl(["create", "namespace", "pepr-system"]);
    await shell(`${typed("install", page).trim()} --dry-run=server`);
    await lab.installModule();
    for (const name of NAMES) await watcherSaid(lab, site, name);
  });

  test("every address stays, and no machine is made anew", async () => {
    for (const name of ["first", "second"]) {
      const { spec } = await site.clusterOf(name);
      expect(spec).toEqual(beforeOf(name).spec);
      expect(made(await site.rendered(name))).toEqual(before.made.get(name));
    }
    const byHand = await site.clusterOf("by-hand");
    expect([vipOf(byHand), variableOf(byHand)]).toEqual([site.address(18), ""]);
    expect(made(await site.rendered("by-hand"))).toEqual(before.made.get("by-hand"));
    const fresh = await site.clusterOf("fresh");
    expect([vipOf(fresh), variableOf(fresh)]).toEqual([
      vipOf(beforeOf("fresh")),
      variableOf(beforeOf("fresh")),
    ]);
    expect(await original()).toEqual(await withoutWaiting(left));
  });

  test("claims and addresses gain what ours have, and Clusters the annotation", async () => {
    for (const name of ["first", "second", "fresh"]) {
      const vip = vipOf(beforeOf(name)) ?? "none";
      await site.adopted(name);
      expect(annotationOf(await site.clusterOf(name), VIP_ANNOTATION)).toBe(vip);
      const ingress = await eventually(async () => {
        const [claim, address] = await Promise.all([
          lab.api.get<Claim>(CLAIMS, site.namespace, `vip-ingress-${name}`),
          lab.api.get<Address>(ADDRESSES, site.namespace, `vip-ingress-${name}`),
        ]);
        const isOurs = address.metadata.finalizers?.includes(IN_USE);
        return isOurs && claim.metadata.labels?.[CLUSTER_NAME] === name && address;
      });
      expect(ingress.spec.address).toBe(annotationOf(beforeOf(name), INGRESS_VIP));
    }
    await eventually(async () => (await shell(typed("protected", page))) === "");
  });

  test("ingressVip is written where no machine runs, and elsewhere only said", async () => {
    const vip = annotationOf(beforeOf("fresh"), INGRESS_VIP);
    await eventually(async () => variableOf(await site.clusterOf("fresh"), "ingressVip") === vip);
    await watcherSaid(lab, site, "first", "LateNotApplied");
    expect(variableOf(await site.clusterOf("first"), "ingressVip")).toBe("");
  });

  test("the address that the original claimed beside a host by hand is given back, and that host reserved", async () => {
    await eventually(async () => (await site.addressOf("by-hand"))?.spec.address === site.address(18), {
      withinMs: 40_000,
      what: "the host by hand to be reserved",
    });
    await site.adopted("by-hand");
  });

  test("a Cluster that waited gets its VIP", async () => {
    const vip = vipOf(await site.completed("waiting"));
    await site.adopted("waiting");
    expect((await site.addressOf("waiting"))?.spec.address).toBe(vip);
  });

  test("the comparison names nothing but what is new", async () => {
    const lines = (
      await shell(`{ ${typed("compare", page).trim().split("\n").join("; } || true; { ")}; } || true`)
    )
      .split("\n")
      .filter((line) => /^[<>]/.test(line));
    const names = new Set(lines.map((line) => line.split(/[\s/]+/)[2]));
    const expected = [
      "waiting",
      "vip-cp-waiting",
      "vip-ingress-waiting",
      "vip-cp-by-hand",
      "vip-ingress-by-hand",
    ];
    expect([...names].filter((name) => !expected.includes(name ?? ""))).toEqual([]);
    expect(names).toContain("waiting");
  });
});

describe("From this module back to the original", () => {
  test("by the README's way to uninstall, and its own start", async () => {
    left = await original();
    const [webhook, pods, holds, finalizers, rest] = typed("uninstall").split(/\n\n/);
    await shell(webhook ?? "");
    await shell(pods ?? "");
    await lab.sandbox.process("watcher").stop();
    for (const step of [holds, finalizers, rest]) await shell(step ?? "");
    await lab.sandbox.uninstallModule();
    await shell(typed("back", page));
    expect(await original()).toEqual(left);
  });

  test("its objects are as it knows them, so it finds nothing to do", async () => {
    for (const name of ["first", "second"]) {
      const cluster = await site.clusterOf(name);
      expect(cluster.spec).toEqual(beforeOf(name).spec);
      expect(cluster.metadata.labels).toEqual(beforeOf(name).metadata.labels);
      expect(made(await site.rendered(name))).toEqual(before.made.get(name));
      for (const role of ["cp", "ingress"]) {
        const claim = await lab.api.get<Claim>(CLAIMS, site.namespace, `vip-${role}-${name}`);
        const [owner, ...others] = claim.metadata.ownerReferences ?? [];
        expect(others).toEqual([]);
        expect(owner).toMatchObject({ kind: "Cluster", uid: cluster.metadata.uid, controller: true });
      }
    }
  });

  test("it serves new Clusters, and the addresses of those that go are free", async () => {
    await site.createCluster({ name: "later", version: "v1beta1" });
    await originalServes("later", { ingress: true });
    const hosts = (await lab.api.list<Cluster>(CLUSTERS, site.namespace)).flatMap((one) => vipOf(one) ?? []);
    expect(new Set(hosts).size).toBe(hosts.length);

    for (const [name, propagationPolicy] of [
      ["first", "Foreground"],
      ["second", "Background"],
    ] as const) {
      await site.deleteCluster(name, { propagationPolicy });
      await site.gone(CLUSTERS, name);
      for (const role of ["cp", "ingress"]) {
        await site.gone(CLAIMS, `vip-${role}-${name}`);
        await site.gone(ADDRESSES, `vip-${role}-${name}`);
      }
    }
  });
});

/** Nothing of it may differ but what is new. */
async function withoutWaiting(was: unknown): Promise<unknown> {
  const now = (await original()) as Record<string, readonly (readonly unknown[])[]>;
  const known = was as Record<string, readonly (readonly unknown[])[]>;
  const isNew = ([name]: readonly unknown[]): boolean => /-(waiting|by-hand)$/.test(String(name));
  return Object.fromEntries(
    Object.entries(now).map(([what, list]) => [
      what,
      list.map((one) => (isNew(one) ? one : known[what]?.find(([name]) => name === one[0]))),
    ]),
  );
}
