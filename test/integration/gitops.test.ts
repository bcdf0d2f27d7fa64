/** Manifests that know nothing of a VIP are written again and again, as people and their tools do it. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { labClass, type KubeObject } from "../../sandbox/fixtures";
import { projectRoot } from "../../sandbox/places";
import { writeVerbs } from "../../sandbox/sandbox";
import {
  annotationOf,
  certificateNames,
  CLUSTERS,
  eventually,
  expectRenderedOnceWith,
  HOLD_ANNOTATION,
  isHeld,
  managementCluster,
  PAUSED_ANNOTATION,
  resourceOf,
  variableOf,
  VIP_ANNOTATION,
  vipOf,
  type Cluster,
  type Rendered,
  type Site,
  type Stored,
} from "./support";

const lab = managementCluster({ kubeadm: true });

const TIMES = 10;
/** Which Clusters each way is tried on. */
const STATES = ["fresh", "held", "completed", "variables"] as const;
type State = (typeof STATES)[number];
const SETTLED: readonly State[] = ["held", "completed", "variables"];

let site: Site;
let folder: string;
/** An editor in which somebody takes out all that he has not written himself. */
let editor: string;

interface Way {
  readonly how: string;
  readonly short: string;
  /** How its Clusters come to be. */
  readonly first: readonly string[];
  /** What one writes them again with; by default as at first. */
  readonly again?: readonly string[];
  /** What is asked for before a write, and shows the difference; `kubectl diff` by default. */
  readonly asks?: readonly string[];
}

const FORCED = ["--server-side", "--force-conflicts"];
const apply = (...more: readonly string[]): readonly string[] => ["apply", ...more];
const DRY = "--dry-run=server";

const WAYS: readonly Way[] = [
  { how: "kubectl apply", short: "client", first: apply() },
  {
    how: "kubectl apply --server-side with a manager of its own",
    short: "server",
    first: apply("--server-side", "--field-manager=mine"),
  },
  {
    how: "kubectl apply --server-side --force-conflicts after a client-side one",
    short: "forced",
    first: apply(),
    again: apply(...FORCED),
  },
  { how: "kubectl edit", short: "edit", first: ["create"], again: ["edit"] },
  { how: "kubectl replace", short: "replace", first: ["create"], again: ["replace"], asks: ["replace", DRY] },
  {
    how: "Argo CD: a dry-run to compare, then a server-side apply",
    short: "argo",
    first: apply(...FORCED, "--field-manager=argocd-controller"),
    asks: apply(...FORCED, "--field-manager=argocd-controller", DRY),
  },
  {
    how: "Argo CD: client-side, with replace",
    short: "argo-replace",
    first: apply(),
    again: ["replace"],
    asks: ["replace", DRY],
  },
  {
    how: "Flux and Fleet: a forced server-side apply with a manager of their own",
    short: "flux",
    first: apply(...FORCED, "--field-manager=kustomize-controller"),
    asks: apply(...FORCED, "--field-manager=kustomize-controller", DRY),
  },
];

const nameOf = ({ short }: Way, state: State): string => `${short}-${state}`;
const CLASS_OF: Readonly<Record<State, string>> = {
  fresh: "lab",
  held: "poolless",
  completed: "late",
  variables: "lab",
};

const manifest = (way: Way, state: State): KubeObject =>
  site.manifest({
    name: nameOf(way, state),
    clusterClass: CLASS_OF[state],
    labels: { team: "blue" },
    ...(state === "variables" && { variables: { region: "north" } }),
  });

/** Cluster API lets nobody replace a Cluster without the references that it has set. */
async function withRefs(object: KubeObject): Promise<KubeObject> {
  const { infrastructureRef, controlPlaneRef } = (await site.clusterOf(object.metadata.name)).spec;
  return { ...object, spec: { ...(object["spec"] as object), infrastructureRef, controlPlaneRef } };
}

async function writes(args: readonly string[], manifests: readonly KubeObject[], more: string[] = []) {
  const isReplaced = args[0] === "replace";
  const all = isReplaced ? await Promise.all(manifests.map(withRefs)) : manifests;
  return site.kubectl([...args, ...more, "-f", "-"], all, { allowFailure: isReplaced });
}

async function again(way: Way, manifests: readonly KubeObject[]): Promise<void> {
  const args = way.again ?? way.first;
  if (args[0] === "edit") return edited(manifests.map(({ metadata }) => metadata.name));
  await written(args, manifests);
}

/** While Cluster API sets the references of a fresh Cluster, a replace may come without them; then once more. */
const written = (
  args: readonly string[],
  manifests: readonly KubeObject[],
  more: string[] = [],
): Promise<string> =>
  eventually(
    async () => {
      const { code, stdout, stderr } = await writes(args, manifests, more);
      expect([code, stderr.replace(/^Warning: .*\n/gm, "")]).toEqual([0, ""]);
      return stdout;
    },
    { withinMs: 30_000, what: `kubectl ${args.join(" ")}` },
  );

async function edited(names: readonly string[]): Promise<void> {
  const { kubectlPath, kubeconfig, dir } = lab.sandbox;
  const env = {
    PATH: process.env["PATH"] ?? "",
    HOME: dir,
    KUBECONFIG: kubeconfig,
    KUBE_EDITOR: `${process.execPath} ${editor}`,
  };
  for (const name of names)
    await promisify(execFile)(kubectlPath, ["-n", site.namespace, "edit", "cluster", name], { env });
}

const EDITOR = `
const { parse, stringify } = require("yaml");
const { readFileSync, writeFileSync } = require("node:fs");
const file = process.argv[2];
const object = parse(readFileSync(file, "utf8"));
const { metadata, spec } = object;
for (const key of Object.keys(metadata.annotations ?? {}))
  if (/vip\\.capi\\.gorizond\\.io|paused/.test(key)) delete metadata.annotations[key];
delete spec.controlPlaneEndpoint;
const others = (spec.topology.variables ?? []).filter(({ name }) => name !== "clusterVip");
if (others.length > 0) spec.topology.variables = others;
else delete spec.topology.variables;
writeFileSync(file, stringify(object));
`;

interface Seen {
  readonly spec: Cluster["spec"];
  readonly labels: unknown;
  readonly annotations: unknown;
}

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";
const CLUSTER_API = /^([a-z]+\.)*cluster\.x-k8s\.io\//;
const isTheirs = (key: string): boolean =>
  key === LAST_APPLIED || (CLUSTER_API.test(key) && key !== PAUSED_ANNOTATION);

const ofUsersAndOurs = (notes: Readonly<Record<string, string>> = {}): unknown =>
  Object.fromEntries(Object.entries(notes).filter(([key]) => !isTheirs(key)));

/** What a tool compares: all but what kubectl and Cluster API note for themselves; a replace drops that. */
function seen({ metadata, spec }: Cluster): Seen {
  return {
    spec,
    labels: ofUsersAndOurs(metadata.labels),
    annotations: ofUsersAndOurs(metadata.annotations),
  };
}

/** kubectl answers an apply of several with a list, and a replace with one object after the other. */
const clustersIn = (text: string): Cluster[] =>
  (JSON.parse(`[${text.trim().replace(/^}\n{/gm, "},{")}]`) as (Cluster & { items?: Cluster[] })[]).flatMap(
    (object) => object.items ?? [object],
  );

/** Tools look again: while Cluster API writes on a fresh Cluster, it is another one from read to read. */
async function drift(way: Way, manifests: readonly KubeObject[]): Promise<unknown> {
  let last: unknown;
  const isClean = async (): Promise<boolean> => (last = await differences(way, manifests)) === "";
  await eventually(isClean, { withinMs: 5_000 }).catch(() => undefined);
  return last;
}

/** What a tool would report as different from the manifests. */
async function differences(way: Way, manifests: readonly KubeObject[]): Promise<unknown> {
  const args = way.again ?? way.first;
  if (way.asks === undefined) {
    const flags = args[0] === "apply" ? args.slice(1) : [];
    const { code, stdout } = await site.kubectl(["diff", ...flags, "-f", "-"], manifests, {
      allowFailure: true,
    });
    return code === 0 ? "" : stdout;
  }
  const items = clustersIn(await written(way.asks, manifests, ["-o", "json"]));
  const live = await Promise.all(manifests.map(({ metadata }) => site.clusterOf(metadata.name)));
  const differing = items.filter((item, index) => {
    const one = live[index];
    return one === undefined || JSON.stringify(seen(item)) !== JSON.stringify(seen(one));
  });
  expect(items).toHaveLength(manifests.length);
  return differing.length === 0 ? "" : differing.map(seen);
}

/** What the module wrote for a Cluster of that name; for a fresh one only on the Cluster itself. */
async function writesFor(names: readonly string[], since: Date): Promise<readonly string[]> {
  const requests = await lab.requestsOfModule({ namespace: site.namespace, verb: writeVerbs, since });
  return requests
    .filter(({ name, dryRun }) => !dryRun && names.some((each) => name.endsWith(each)))
    .map(({ verb, uri }) => `${verb} ${uri}`);
}

/** Nothing was written for a while: everybody is through with what happened. */
async function quiet(names: readonly string[], since: Date): Promise<void> {
  let last = -1;
  let looks = 0;
  await eventually(
    async () => {
      const count = (await writesFor(names, since)).length;
      looks = count === last ? looks + 1 : 0;
      last = count;
      return looks >= 9;
    },
    { withinMs: 30_000, what: "the module to be through" },
  );
}

function expectVip(cluster: Cluster, vip: string): void {
  expect(cluster.spec.controlPlaneEndpoint).toEqual({ host: vip, port: 6443 });
  expect([variableOf(cluster), annotationOf(cluster, VIP_ANNOTATION)]).toEqual([vip, vip]);
  expect(isHeld(cluster)).toBe(false);
}

const generations = ({ infrastructure, controlPlane }: Rendered): unknown => [
  infrastructure.metadata.generation,
  controlPlane.metadata.generation,
];

/** The revision of this moment: the API server forgets older ones when much is written. */
async function now({ short }: Way): Promise<string> {
  const object = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: short, namespace: site.namespace },
  };
  return (await lab.api.create<Stored>(resourceOf(object), object)).object.metadata.resourceVersion;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "editor-"));
  editor = join(folder, "editor.cjs");
  writeFileSync(editor, EDITOR.replaceAll('"yaml"', JSON.stringify(join(projectRoot, "node_modules/yaml"))));
  site = await lab.newSite();
  await Promise.all([
    site.hasClass(),
    site.hasClass({ name: "poolless" }),
    site.hasClass({ name: "late" }),
    site.hasPool({ name: "vips", addresses: [site.span(10, 99)] }),
  ]);
  for (const way of WAYS)
    await writes(
      way.first,
      SETTLED.map((state) => manifest(way, state)),
    );
  await site.hasPool({ name: "late", clusterClass: "late", addresses: [site.span(110, 199)] });
  for (const way of WAYS) {
    for (const state of ["completed", "variables"] as const) {
      await site.completed(nameOf(way, state));
      await site.adopted(nameOf(way, state));
      await site.rendered(nameOf(way, state));
    }
    await site.held(nameOf(way, "held"), "NoMatchingPool");
    await site.seenPaused(nameOf(way, "held"));
  }
}, 240_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(WAYS)("$how, ten times", (way) => {
  const settled = SETTLED.map((state) => nameOf(way, state));
  const all = STATES.map((state) => nameOf(way, state));
  let before: ReadonlyMap<string, Cluster>;
  let rendered: ReadonlyMap<string, Rendered>;
  let ours: readonly string[];
  let drifts: unknown[];
  let begun: string;

  beforeAll(async () => {
    const manifests = STATES.map((state) => manifest(way, state));
    const fresh = manifests.slice(0, 1);
    await quiet(settled, new Date());
    const clusters = settled.map(async (name) => [name, await site.clusterOf(name)] as const);
    before = new Map(await Promise.all(clusters));
    const those = settled.filter((name) => !name.endsWith("held"));
    rendered = new Map(
      await Promise.all(those.map(async (name) => [name, await site.rendered(name)] as const)),
    );
    const since = new Date();
    begun = await now(way);
    await writes(way.first, fresh);
    await again(way, manifests);
    drifts = [await drift(way, manifests)];
    for (let time = 2; time <= TIMES; time += 1) await again(way, manifests);
    await quiet(all, since);
    drifts.push(await drift(way, manifests));
    ours = await writesFor(settled, since);
  });

  test("shows no difference, after the first time and after the last", () => {
    expect(drifts).toEqual(["", ""]);
  });

  test("has us write nothing for Clusters that are held, completed, or have variables", () => {
    expect(ours).toEqual([]);
  });

  test("loses nothing of theirs, and nothing of their users'", async () => {
    for (const [name, cluster] of before) {
      const now = await site.clusterOf(name);
      expect(seen(now)).toEqual(seen(cluster));
      if (name.endsWith("variables")) expect(variableOf(now, "region")).toBe("north");
      if (name.endsWith("held")) expect(annotationOf(now, HOLD_ANNOTATION)).toBe("NoMatchingPool");
    }
  });

  test("leaves machines as they are", async () => {
    for (const [name, was] of rendered)
      expect(generations(await site.rendered(name))).toEqual(generations(was));
    expect((await site.clusterOf(nameOf(way, "held"))).spec.infrastructureRef).toBeUndefined();
  });

  test("never shows a fresh Cluster without its VIP, and has it rendered once", async () => {
    const name = nameOf(way, "fresh");
    const { cluster, ...more } = await site.rendered(name);
    const vip = vipOf(cluster) ?? "none";
    for (const revision of await lab.api.history<Cluster>(CLUSTERS, site.at(name), begun))
      expectVip(revision, vip);
    expectRenderedOnceWith(vip, { cluster, ...more });
    await site.adopted(name);
  });
});

/** Manifests of the Go original's README, word by word. */
const POOL = `
apiVersion: ipam.cluster.x-k8s.io/v1alpha2
kind: GlobalInClusterIPPool
metadata:
  name: control-plane-vip-pool
  labels:
    vip.capi.gorizond.io/cluster-class: my-cluster-class
    vip.capi.gorizond.io/role: control-plane
spec:
  addresses:
    - "10.0.0.10-10.0.0.20"
  gateway: "10.0.0.1"
  prefix: 24
`;

const INGRESS_POOL = `
apiVersion: ipam.cluster.x-k8s.io/v1alpha2
kind: GlobalInClusterIPPool
metadata:
  name: ingress-vip-pool
  labels:
    vip.capi.gorizond.io/cluster-class: my-cluster-class
    vip.capi.gorizond.io/role: ingress  # ← Ingress role (not control-plane!)
spec:
  addresses:
    - "10.0.0.100-10.0.0.110"  # Separate range for ingress VIPs
  gateway: "10.0.0.1"
  prefix: 24
`;

const LONG_NAMES_POOL = `
apiVersion: ipam.cluster.x-k8s.io/v1alpha2
kind: GlobalInClusterIPPool
metadata:
  name: long-names-vip-pool
  labels:
    # Set to "true" to enable annotation-based matching
    vip.capi.gorizond.io/cluster-class: "true"
    vip.capi.gorizond.io/role: "control-plane"
  annotations:
    # Annotation supports names longer than 63 characters
    vip.capi.gorizond.io/cluster-class: "very-long-cluster-class-name-that-exceeds-kubernetes-label-63-character-limit,another-very-long-name,rke2-proxmox-with-some-very-long-suffix-that-makes-it-too-long-for-label"
spec:
  addresses:
    - "10.0.0.10-10.0.0.20"
  gateway: "10.0.0.1"
  prefix: 24
`;

const SHARED_POOL = `
apiVersion: ipam.cluster.x-k8s.io/v1alpha2
kind: GlobalInClusterIPPool
metadata:
  name: shared-vip-pool
  labels:
    # This pool works for multiple cluster classes
    vip.capi.gorizond.io/cluster-class: "rke2-proxmox,rke2-vsphere,k3s-proxmox"
    # And for multiple roles
    vip.capi.gorizond.io/role: "control-plane,ingress"
spec:
  addresses:
    - "10.0.0.10-10.0.0.50"
  gateway: "10.0.0.1"
  prefix: 24
`;

const CLUSTER = `
apiVersion: cluster.x-k8s.io/v1beta1
kind: Cluster
metadata:
  name: my-cluster
spec:
  # DO NOT specify controlPlaneEndpoint! It will be set automatically
  topology:
    class: my-cluster-class
    version: v1.31.0
    controlPlane:
      replicas: 3
    workers:
      machineDeployments:
        - class: default-worker
          name: workers
          replicas: 2
    # DO NOT specify clusterVip variable! It will be added automatically
    variables:
      - name: cni
        value: calico
`;

const INGRESS_CLUSTER = `
apiVersion: cluster.x-k8s.io/v1beta1
kind: Cluster
metadata:
  name: my-cluster
  # No annotation needed! Ingress VIP allocated automatically
spec:
  topology:
    class: my-cluster-class
    workers:
      machineDeployments:
        - class: loadbalancer-workers  # ← Worker pool for ingress
          name: ingress
          replicas: 2
`;

const CLASS = `
apiVersion: cluster.x-k8s.io/v1beta1
kind: ClusterClass
metadata:
  name: my-cluster-class
spec:
  variables:
    # REQUIRED: Define clusterVip variable for reconcile controller
    - name: clusterVip
      required: false
      schema:
        openAPIV3Schema:
          default: ""
          description: "Control plane VIP address (automatically set by capi-vip-allocator)"
          type: string
    
    # Your other variables...
    - name: cni
      schema:
        openAPIV3Schema:
          type: string
          default: calico
`;

const COMPLETE_CLASS = `
apiVersion: cluster.x-k8s.io/v1beta1
kind: ClusterClass
metadata:
  name: rke2-proxmox-class
spec:
  # 1. Define clusterVip variable (REQUIRED!)
  variables:
    - name: clusterVip
      required: false
      schema:
        openAPIV3Schema:
          default: ""
          description: "Control plane VIP (auto-allocated by capi-vip-allocator)"
          type: string
  
  # 2. Use {{ .clusterVip }} in patches
  patches:
    # Patch InfrastructureCluster
    - name: set-vip-on-proxmox-cluster
      definitions:
        - jsonPatches:
            - op: replace
              path: /spec/template/spec/controlPlaneEndpoint/host
              valueFrom:
                template: "{{ .clusterVip }}"
          selector:
            apiVersion: infrastructure.cluster.x-k8s.io/v1alpha1
            kind: ProxmoxClusterTemplate
            matchResources:
              infrastructureCluster: true
    
    # Patch ControlPlane for TLS SANs
    - name: set-rke2-tlssan
      definitions:
        - jsonPatches:
            - op: add
              path: /spec/template/spec/serverConfig/tlsSAN/-
              valueFrom:
                template: "{{ .clusterVip }}"
          selector:
            apiVersion: controlplane.cluster.x-k8s.io/v1beta1
            kind: RKE2ControlPlaneTemplate
            matchResources:
              controlPlane: true
    
    # Install kube-vip (REQUIRED to install VIP on node!)
    - name: install-kube-vip
      definitions:
        - jsonPatches:
            - op: add
              path: /spec/template/spec/files/-
              valueFrom:
                template: |
                  path: /var/lib/rancher/rke2/server/manifests/kube-vip-apiserver.yaml
                  permissions: "0644"
                  content: |
                    apiVersion: helm.cattle.io/v1
                    kind: HelmChart
                    metadata:
                      name: kube-vip-apiserver
                      namespace: kube-system
                    spec:
                      version: 0.8.2
                      chart: kube-vip
                      repo: https://kube-vip.github.io/helm-charts
                      bootstrap: true
                      valuesContent: |-
                        config:
                          address: '{{ .clusterVip }}'
                        env:
                          vip_interface: ""
                          vip_arp: "true"
                          cp_enable: "true"
          selector:
            apiVersion: controlplane.cluster.x-k8s.io/v1beta1
            kind: RKE2ControlPlaneTemplate
            matchResources:
              controlPlane: true
`;

const PROVIDER = `
apiVersion: turtles-capi.cattle.io/v1alpha1
kind: CAPIProvider
metadata:
  name: capi-vip-allocator
  namespace: capi-system
spec:
  type: addon
  version: v0.5.0
  fetchConfig:
    url: https://github.com/gorizond/capi-vip-allocator/releases/download/v0.5.0/capi-vip-allocator.yaml
`;

describe("The manifests of the original's README, by kubectl create", () => {
  let mine: Site;
  const create = (input: string, allowFailure = false) =>
    lab.kubectl(["create", "-n", mine.namespace, "-f", "-"], { input, allowFailure });

  beforeAll(async () => {
    mine = await lab.newSite();
  });

  test.each([
    ["a list of classes and roles in labels, for no label can hold a comma", SHARED_POOL, "Invalid value"],
    [
      "a variable that does not say whether it is required",
      CLASS,
      "spec.variables\\[1\\].required: Required",
    ],
    ["a ClusterClass that names no templates", COMPLETE_CLASS, "infrastructure|templateRef|ref"],
    ["a Cluster whose topology has no version", INGRESS_CLUSTER, "version"],
    ["a CAPIProvider without Rancher Turtles", PROVIDER, "no matches for kind"],
  ])("are refused by any API server: %s", async (_what, manifest, why) => {
    const { code, stderr } = await create(manifest, true);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(new RegExp(why));
    // It is not we who refuse it.
    expect(stderr).not.toContain("vip-allocator.pepr");
  });

  test("give the Cluster its VIP at once, and it is rendered with it", async () => {
    for (const pool of [POOL, INGRESS_POOL]) await create(pool);
    await Promise.all(originalClass(mine).map((object) => mine.put(object)));
    await mine.classIsReady("my-cluster-class");

    await create(CLUSTER);

    const cluster = await mine.clusterOf("my-cluster");
    expect(vipOf(cluster)).toBe("10.0.0.10");
    expect([variableOf(cluster), variableOf(cluster, "cni")]).toEqual(["10.0.0.10", "calico"]);
    const { controlPlane } = await mine.rendered("my-cluster");
    expect(certificateNames(controlPlane)).toContain("10.0.0.10");
    await eventually(
      async () =>
        annotationOf(await mine.clusterOf("my-cluster"), "vip.capi.gorizond.io/ingress-vip") === "10.0.0.100",
    );
  });

  test("are accepted for pools of long names as well", async () => {
    const { stdout } = await create(LONG_NAMES_POOL);
    expect(stdout).toContain("long-names-vip-pool created");
  });
});

/** What the README's class needs besides its variables: templates, patches and workers. */
function originalClass({ namespace }: Site): readonly KubeObject[] {
  const worker = { name: "my-cluster-class-worker", namespace };
  const bootstrap = "bootstrap.cluster.x-k8s.io/v1beta2";
  const infrastructure = "infrastructure.cluster.x-k8s.io/v1beta2";
  const workers = {
    machineDeployments: [
      {
        class: "default-worker",
        bootstrap: {
          templateRef: { apiVersion: bootstrap, kind: "KubeadmConfigTemplate", name: worker.name },
        },
        infrastructure: {
          templateRef: { apiVersion: infrastructure, kind: "LabMachineTemplate", name: worker.name },
        },
      },
    ],
  };
  const cni = {
    name: "cni",
    schema: { openAPIV3Schema: { type: "string", default: "calico" } },
    required: false,
  };
  return [
    {
      apiVersion: bootstrap,
      kind: "KubeadmConfigTemplate",
      metadata: worker,
      spec: { template: { spec: { format: "cloud-config" } } },
    },
    {
      apiVersion: infrastructure,
      kind: "LabMachineTemplate",
      metadata: worker,
      spec: { template: { spec: {} } },
    },
    ...labClass({ name: "my-cluster-class", namespace }).map((object) => {
      if (resourceOf(object).plural !== "clusterclasses") return object;
      const spec = object["spec"] as { variables?: unknown[] };
      return { ...object, spec: { ...spec, workers, variables: [...(spec.variables ?? []), cni] } };
    }),
  ];
}
