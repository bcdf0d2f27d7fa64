/** The README's "Troubleshooting", walked: each symptom is brought about, seen by its command, and gone by the next step. */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toYaml } from "../../sandbox/fixtures";
import { CHANGE, ENTRIES, typed, type Entry } from "../support/readme";
import {
  ADDRESSES,
  annotationOf,
  CLUSTERS,
  eventually,
  hasClassWith,
  knownToClusterctl,
  managementCluster,
  moveToFolder,
  Site,
  STAY,
  variable,
  variableOf,
  VIP_ANNOTATION,
  vipOf,
  watcherSaid,
} from "./support";

const lab = managementCluster({ env: { VIP_ADMISSION_BUDGET: "2" } });

type Wish = Partial<Parameters<Site["createCluster"]>[0]>;

const INGRESS_VIP = "vip.capi.gorizond.io/ingress-vip";
const OPT_OUTS = ["control-plane", "ingress"].map((role) => `vip.capi.gorizond.io/${role}-enabled`);

const ASK = typed("ask");
const LEFT = typed("left");
const HELD = typed("held");

const entry = (symptom: string): Entry => {
  const found = ENTRIES.find((one) => one.symptom === symptom);
  if (!found) throw new Error(`The README does not name "${symptom}"`);
  return found;
};

let folder: string;
/** The classes of most paths: a Cluster may name one of another namespace. */
let classes: Site;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "kubectl-"));
  const { kubectlPath } = lab.sandbox;
  const script = `#!/bin/sh\nexec ${kubectlPath} --namespace="$NAMESPACE" "$@"\n`;
  writeFileSync(join(folder, "kubectl"), script, { mode: 0o755 });
  classes = await lab.newSite();
  const others = [{ name: "kubeadm-vip" }, { name: "no-variable", clusterVip: "absent" }] as const;
  await Promise.all([
    classes.hasClass(),
    ...others.map((wish) => classes.hasClass(wish)),
    knownToClusterctl(lab),
  ]);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Said {
  readonly code: number;
  readonly text: string;
}

const lines = new Set<string>();

/** Types a line of the README as it stands, in the namespace of a site. */
function type({ namespace }: Site, line: string): Promise<Said> {
  lines.add(line);
  const path = `${folder}:${process.env["PATH"] ?? ""}`;
  const env = { PATH: path, HOME: folder, KUBECONFIG: lab.sandbox.kubeconfig, NAMESPACE: namespace };
  return new Promise((resolve, reject) =>
    execFile("/bin/sh", ["-ec", line], { cwd: folder, env }, (error, stdout, stderr) => {
      const code = error ? error.code : 0;
      if (typeof code === "number") resolve({ code, text: `${stdout}${stderr}` });
      else reject(error ?? new Error(line));
    }),
  );
}

/** What it says, once it says this. */
const says = (site: Site, line: string, words: RegExp | string): Promise<string> =>
  eventually(
    async () => {
      const { text } = await type(site, line);
      if (typeof words === "string") expect(text).toContain(words);
      else expect(text).toMatch(words);
      return text;
    },
    { withinMs: 30_000, what: `"${line}" to say ${String(words)}` },
  );

/** What the Cluster answers, once a condition of it says this. */
async function asked(site: Site, words: string): Promise<string> {
  await eventually(
    async () => {
      const { status } = await site.clusterOf("demo");
      const all = (status?.conditions ?? []).map((one) => `${one.type} ${one.status} ${one.reason}: `);
      expect(all).toContainEqual(expect.stringContaining(words));
      return true;
    },
    { withinMs: 30_000, what: `${site.namespace}/demo to say ${words}` },
  );
  const { text } = await type(site, ASK);
  expect(text).toContain(words);
  return text;
}

/** The commands that go on with a symptom. */
async function goesOn(site: Site, { next }: Entry): Promise<void> {
  expect(next).not.toEqual([]);
  for (const line of next) expect(await type(site, line)).toMatchObject({ code: 0 });
}

/** What a user's kubectl says to a manifest. */
async function kubectl(site: Site, verb: string, wish: Wish = {}, name = "demo"): Promise<Said> {
  const manifest = site.manifest({ name, ...wish });
  const { code, stdout, stderr } = await site.kubectl([verb, "-f", "-"], [manifest], { allowFailure: true });
  return { code, text: `${stdout}${stderr}` };
}

const ofShared = (): Wish => ({ classNamespace: classes.namespace });
const given = (host: string): Wish => ({ spec: { controlPlaneEndpoint: { host } } });

/** A namespace with a pool, for Clusters of the class that all share. */
async function siteWithPool(): Promise<Site> {
  const site = await lab.newSite();
  await site.hasPool();
  return site;
}

/** Where nobody listens to what is said about it. */
const has = (site: Site, wish: Wish = {}, name = "demo") => site.createCluster({ name, ...wish });

async function created(site: Site, wish: Wish = {}, name = "demo"): Promise<Said> {
  const said = await kubectl(site, "create", wish, name);
  expect(said).toMatchObject({ code: 0 });
  return said;
}

/** Refused in these words, and stored once it is asked for otherwise. */
async function refusedThenCreated(site: Site, name: string, words: string, wrong: Wish, right: Wish = {}) {
  const refused = await kubectl(site, "create", { ...ofShared(), ...wrong }, name);
  expect(refused.code).toBe(1);
  expect(refused.text).toContain(words);
  await created(site, { ...ofShared(), ...right }, name);
  return refused.text;
}

const hasVariable = (site: Site, vip: string | undefined, name = "clusterVip") =>
  eventually(async () => variableOf(await site.clusterOf("demo"), name) === vip, {
    withinMs: 30_000,
    what: `${name} to be ${String(vip)}`,
  });

/** There are no pods here: processes stand for them, and all of them are away. */
const noPods = async (site: Site, { see }: Entry): Promise<void> => {
  expect(see).toEqual([expect.stringContaining("get pods")]);
  for (const line of see) expect((await type(site, line)).text).toContain("No resources found");
};

describe("A request is refused", () => {
  let site: Site;
  beforeAll(async () => {
    site = await siteWithPool();
    await Promise.all([
      site.hasClass({ name: "strict", clusterVip: "required" }),
      site.hasClass({ name: "kubeadm-vip", clusterVip: "absent" }),
    ]);
  });

  const DOWN = 'failed calling webhook "pepr-capi-vip-allocator.pepr.dev"';
  test('failed calling webhook "pepr-capi-vip-allocator.pepr.dev": until our pods are back', async () => {
    await lab.without(
      ["admission-1", "admission-2"],
      async () => {
        const refused = await kubectl(site, "create", ofShared());
        expect(refused.code).toBe(1);
        expect(refused.text).toContain(DOWN);
        await noPods(site, entry(DOWN));
      },
      "SIGTERM",
    );
    expect((await kubectl(site, "apply", ofShared())).code).toBe(0);
    await site.rendered("demo");
  });

  test("AddressTaken: the error names who has it; without a wish another one is given", async () => {
    const vip = vipOf(await site.clusterOf("demo")) ?? "none";
    const text = await refusedThenCreated(site, "other", "(AddressTaken)", given(vip));
    expect(text).toContain(`${vip} of Cluster ${site.namespace}/demo`);
  });

  test("InsideOwnNetwork: the error names the network; without a wish another one is given", async () => {
    const text = await refusedThenCreated(site, "inside", "(InsideOwnNetwork)", given("10.128.0.9"));
    expect(text).toContain("10.128.0.9 in 10.128.0.0/12");
  });

  test("HostAndVariableDiffer: the error names both; one of them is enough", async () => {
    const host = given("192.0.2.41");
    const both = { ...host, variables: { clusterVip: "192.0.2.42" } };
    const text = await refusedThenCreated(site, "two", "(HostAndVariableDiffer)", both, host);
    expect(text).toContain("192.0.2.41 and 192.0.2.42");
  });

  test("VipChange: a manifest without an address goes through, and the VIP stays", async () => {
    await site.starts("demo");
    const vip = vipOf(await site.clusterOf("demo"));
    const refused = await kubectl(site, "apply", { ...ofShared(), ...given("192.0.2.43") });
    expect(refused).toMatchObject({ code: 1, text: expect.stringContaining("(VipChange)") as string });
    expect(await kubectl(site, "apply", ofShared())).toMatchObject({ code: 0 });
    expect(vipOf(await site.clusterOf("demo"))).toBe(vip);
  });

  test("VariableNotChanged: with host and variable in one request the VIP is changed", async () => {
    const hostAlone = CHANGE.replace(/,"topology".*?\]}/, "");
    expect(hostAlone).not.toBe(CHANGE);
    const refused = await type(site, hostAlone);
    expect(refused).toMatchObject({
      code: 1,
      text: expect.stringContaining("(VariableNotChanged)") as string,
    });
    expect(await type(site, CHANGE)).toMatchObject({ code: 0 });
    expect(vipOf(await site.clusterOf("demo"))).toBe("192.0.2.10");
  });

  test('required variable "clusterVip" must be set: not by a class with a default', async () => {
    const strict = { clusterClass: "strict", classNamespace: site.namespace };
    const refused = await kubectl(site, "create", strict, "unset");
    expect(refused.code).toBe(1);
    expect(refused.text).toContain('required variable "clusterVip" must be set');
    await site.hasClass({ name: "strict" });
    await created(site, strict, "unset");
  });

  test("variable is not defined: not in a manifest without it, nor in one patch with the class", async () => {
    const wish = { clusterClass: "kubeadm-vip" };
    const refused = await kubectl(
      site,
      "create",
      { ...wish, variables: { clusterVip: "192.0.2.44" } },
      "set",
    );
    expect(refused.code).toBe(1);
    expect(refused.text).toContain("variable is not defined");
    for (const line of entry("variable is not defined").see)
      expect((await type(site, line)).text).not.toContain("clusterVip");
    await created(site, { ...wish, annotations: { [OPT_OUTS[0] ?? ""]: "false" } }, "set");

    const other = site.manifest({ name: "demo", ...ofShared(), clusterClass: "no-variable" });
    const apply = ["apply", "--server-side", "--force-conflicts", "-f", "-"];
    const { stderr } = await site.kubectl(apply, [other], { allowFailure: true });
    expect(stderr).toContain("variable is not defined");
    expect(await type(site, typed("class").trim())).toMatchObject({ code: 0 });
    expect((await site.clusterOf("demo")).spec.topology?.classRef?.name).toBe("no-variable");
  });
});

/** Two Clusters of two namespaces that have their VIPs of one pool without a namespace. */
let first: Site;
let second: Site;
const ofGlobalPool = (): Wish => ({ ...ofShared(), clusterClass: "kubeadm-vip" });

describe("Nothing is made of a Cluster", () => {
  let classless: Site;
  let paused: Site;

  beforeAll(async () => {
    [first, second] = [await lab.newSite(), await lab.newSite()];
    [classless, paused] = [await siteWithPool(), await siteWithPool()];
    const addresses = ["10.20.0.10"];
    await first.hasGlobalPool({ name: "control-plane-vips", clusterClass: "other", addresses });
    await Promise.all([has(classless), has(paused, { ...ofShared(), spec: { paused: true } })]);
  });

  test("NoMatchingPool: until a pool has the labels", async () => {
    const { see, ...more } = entry("NoMatchingPool");
    const { text } = await created(first, ofGlobalPool());
    expect(text).toContain("(NoMatchingPool)");
    await asked(first, "ControlPlaneVIPReady False NoMatchingPool: ");
    for (const line of see) await says(first, line, /control-plane-vips .* other +control-plane$/m);
    await goesOn(first, { see, ...more });
    await asked(first, "ControlPlaneVIPReady True Assigned: ");
  });

  test("PoolExhausted: until a pool has more addresses", async () => {
    const { see, ...more } = entry("PoolExhausted");
    for (const line of see) await says(second, line, /control-plane-vips +\["10.20.0.10"\] +1 +0 +1$/m);
    await has(second, ofGlobalPool());
    await asked(second, "ControlPlaneVIPReady False PoolExhausted: ");
    await goesOn(second, { see, ...more });
    await asked(second, "ControlPlaneVIPReady True Assigned: ");
  });

  test("ClassNotFound: until the class is there", async () => {
    await asked(classless, "ControlPlaneVIPReady False ClassNotFound: ");
    for (const line of entry("ClassNotFound").see) await says(classless, line, "No resources found");
    await classless.hasClass();
    await asked(classless, "ControlPlaneVIPReady True Assigned: ");
  });

  test("WaitingForAddress: until the IPAM provider is back", async () => {
    const site = await siteWithPool();
    await lab.whileAsleep("ipam", async () => {
      await has(site, ofShared());
      await asked(site, "ControlPlaneVIPReady False WaitingForAddress: ");
      await noPods(site, entry("WaitingForAddress"));
    });
    await asked(site, "ControlPlaneVIPReady True Assigned: ");
  });

  test("Unknown Paused: until its user ends the pause", async () => {
    await asked(paused, "ControlPlaneVIPReady Unknown Paused: ");
    await goesOn(paused, entry("Unknown Paused"));
    await asked(paused, "ControlPlaneVIPReady True Assigned: ");
    await paused.rendered("demo");
  });
});

describe("A VIP is missing or not right", () => {
  let bare: Site;
  let named: Site;
  /** One Cluster has three of these symptoms, one after the other. */
  let site: Site;
  const clusterClass = "kubeadm-vip";
  let taken: readonly [Site, Site];
  const host = "192.0.2.46";
  let detached: Site;

  beforeAll(async () => {
    [bare, named, site] = [await lab.newSite(), await lab.newSite(), await lab.newSite()];
    taken = [await lab.newSite(), await lab.newSite()];
    detached = await siteWithPool();
    const without = { clusterVip: "absent" } as const;
    await Promise.all([
      bare.hasClass({ name: "bare", ...without }).then(() => has(bare, { clusterClass: "bare" })),
      has(named, { ...ofShared(), ...given("api.example.org") }),
      Promise.all([site.hasClass({ name: clusterClass, ...without }), site.hasPool({ clusterClass })]).then(
        () => has(site, { clusterClass }),
      ),
      has(taken[0], { ...ofShared(), ...given(host) }).then(() => hasLater(taken[1])),
      has(detached, ofShared())
        .then(() => detached.adopted("demo"))
        .then(() => detached.kubectl(["delete", "ipaddressclaim", "vip-cp-demo"])),
    ]);
  });

  /** A create would be refused; but where nobody asks us for a VIP we do not look who has it. */
  async function hasLater(other: Site): Promise<void> {
    const annotations = Object.fromEntries(OPT_OUTS.map((optOut) => [optOut, "false"]));
    await has(other, { ...ofShared(), ...given(host), annotations });
    await other.annotate("demo", Object.fromEntries(OPT_OUTS.map((optOut) => [optOut, null])));
  }

  test("no ControlPlaneVIPReady: until a pool is for its class", async () => {
    await watcherSaid(lab, bare, "demo", "NotManaged");
    expect(await asked(bare, "Paused False")).not.toContain("ControlPlaneVIPReady");
    await bare.hasPool({ clusterClass: "bare" });
    await asked(bare, "ControlPlaneVIPReady True Assigned: ");
  });

  test("UserProvided, and there is no annotation: until its endpoint is an address", async () => {
    await asked(named, "ControlPlaneVIPReady True UserProvided: ");
    expect(annotationOf(await named.clusterOf("demo"), VIP_ANNOTATION)).toBeUndefined();
    const variables = [{ name: "clusterVip", value: "192.0.2.45" }];
    await lab.api.merge(CLUSTERS, named.at("demo"), {
      spec: { controlPlaneEndpoint: { host: "192.0.2.45" }, topology: { variables } },
    });
    await eventually(
      async () => annotationOf(await named.clusterOf("demo"), VIP_ANNOTATION) === "192.0.2.45",
    );
  });

  test("Assigned, and there is no clusterVip: until the class defines it", async () => {
    await asked(site, "ControlPlaneVIPReady True Assigned: ");
    for (const line of entry("Assigned, and there is no clusterVip").see)
      expect((await type(site, line)).text).toBe("region");
    await site.hasClass({ name: clusterClass });
    await hasVariable(site, vipOf(await site.clusterOf("demo")));
  });

  test("IngressVIPReady False: until a pool has the labels for ingress", async () => {
    const { see, ...more } = entry("IngressVIPReady False");
    await site.starts("demo");
    await site.hasGlobalPool({
      name: "ingress-vips",
      clusterClass,
      role: "web",
      addresses: ["10.20.0.110-10.20.0.119"],
    });
    await site.hasClass({ name: clusterClass, ingressVip: "empty-default" });
    await asked(site, "IngressVIPReady False NoMatchingPool: ");
    for (const line of see) await says(site, line, /ingress-vips .* web$/m);
    await goesOn(site, { see, ...more });
    await eventually(async () => annotationOf(await site.clusterOf("demo"), INGRESS_VIP));
  });

  test("LateNotApplied: until its user says that it may be written", async () => {
    await asked(site, "IngressVIPReady False LateNotApplied: ");
    const vip = annotationOf(await site.clusterOf("demo"), INGRESS_VIP);
    expect(variableOf(await site.clusterOf("demo"), "ingressVip")).toBe("");
    await goesOn(site, entry("LateNotApplied"));
    await hasVariable(site, vip, "ingressVip");
    await asked(site, "IngressVIPReady True Assigned: ");
  });

  test("AddressTaken: is said of both, until one of the two is gone", async () => {
    const [one, other] = taken;
    const words = "ControlPlaneVIPReady False AddressTaken: ";
    expect(await asked(one, words)).toContain(`Cluster ${other.namespace}/demo`);
    expect(await asked(other, words)).toContain(`Cluster ${one.namespace}/demo`);
    await other.kubectl(["delete", "cluster", "demo"]);
    await asked(one, "ControlPlaneVIPReady True ");
  });

  test("AddressDetached: until the Cluster is created again", async () => {
    await asked(detached, "ControlPlaneVIPReady True AddressDetached: ");
    await detached.kubectl(["delete", "cluster", "demo"]);
    await detached.gone(ADDRESSES, "vip-cp-demo");
    await has(detached, ofShared());
    await asked(detached, "ControlPlaneVIPReady True Assigned: ");
  });
});

describe("A VIP does not answer", () => {
  const HANDED = typed("handed");
  const VARIABLES = [variable({ type: "string", default: "" })];
  let site: Site;
  let vip: string;

  test("nothing: the class has no patch, until it has one", async () => {
    site = await siteWithPool();
    await hasClassWith(site, "lab", VARIABLES);
    await has(site);
    vip = vipOf((await site.rendered("demo")).cluster) ?? "none";
    expect(await type(site, HANDED)).toEqual({ code: 1, text: "" });
    await hasClassWith(site, "lab", VARIABLES, true);
    await says(site, HANDED, vip);
  });

  test("a line: the machines are told the VIP", async () => {
    const { controlPlane } = await site.rendered("demo");
    expect(await type(site, HANDED)).toMatchObject({ code: 0, text: expect.stringContaining(vip) as string });
    expect(JSON.stringify(controlPlane.spec)).toContain(vip);
  });
});

describe("Something does not go away", () => {
  const clusters = `${CLUSTERS.plural.slice(0, -1)}.${CLUSTERS.group}/demo`;
  const claims = "ipaddressclaim.ipam.cluster.x-k8s.io/vip-cp-demo";
  const addresses = "ipaddress.ipam.cluster.x-k8s.io/vip-cp-demo";

  /** What the README has its reader look at first, once it is this. */
  async function left(site: Site, names: readonly string[]): Promise<void> {
    await eventually(
      async () => {
        const cluster = await lab.api.find(CLUSTERS, site.namespace, "demo");
        const found = [cluster, await site.claimOf("demo"), await site.addressOf("demo")];
        expect([clusters, claims, addresses].filter((_, index) => found[index])).toEqual(names);
        return true;
      },
      { withinMs: 30_000, what: `no more than ${names.join()} to be left in ${site.namespace}` },
    );
    const { text } = await type(site, LEFT);
    expect([clusters, claims, addresses].filter((name) => text.includes(name))).toEqual(names);
  }

  let namespace: Site;
  let lingering: Site;
  let claiming: Site;
  let addressed: Site;

  /** Deleted, and not gone before `letGo`. */
  async function stays(site: Site, what: readonly string[]): Promise<void> {
    await site.lingers("demo");
    await site.kubectl(["delete", ...what, "--wait=false"]);
  }

  beforeAll(async () => {
    namespace = await Site.open(lab, "my-clusters", "10.19.0");
    await namespace.hasPool();
    [lingering, claiming, addressed] = [await siteWithPool(), await siteWithPool(), await siteWithPool()];
    const all = [namespace, lingering, claiming, addressed];
    for (const site of all) await has(site, ofShared());
    for (const site of all) await site.adopted("demo");
    await stays(namespace, ["namespace", "my-clusters"]);
    await stays(lingering, ["cluster", "demo"]);
  });

  test("a Cluster: until Cluster API, or whoever else holds it, is through", async () => {
    await left(lingering, [clusters, claims, addresses]);
    for (const line of entry("a Cluster").see) await says(lingering, line, STAY);
    await lingering.letGo("demo");
    await left(lingering, []);
  });

  test("a claim without its Cluster: until the IPAM provider is back", async () => {
    await lab.whileAsleep("ipam", async () => {
      await claiming.kubectl(["delete", "cluster", "demo"]);
      await left(claiming, [claims, addresses]);
      await noPods(claiming, entry("a claim without its Cluster"));
    });
    await left(claiming, []);
  });

  test("an address without claim and Cluster: until our watcher is back", async () => {
    await lab.whileAsleep("watcher", async () => {
      // In the foreground the claim may wait for its address, too.
      await addressed.kubectl(["delete", "cluster", "demo"]);
      await left(addressed, [addresses]);
      await noPods(addressed, entry("an address without claim and Cluster"));
    });
    await left(addressed, []);
  });

  test("a namespace in Terminating: until its Clusters are gone", async () => {
    for (const line of entry("a namespace in Terminating").see)
      await says(namespace, line, "vip.capi.gorizond.io/in-use in 1 resource instances");
    await left(namespace, [clusters, addresses]);
    await namespace.letGo("demo");
    await left(namespace, []);
  });

  const POOL = "a pool: Cannot delete Pool until all IPAddresses have been removed";
  test("a pool: Cannot delete Pool until all IPAddresses have been removed: until its Clusters are gone", async () => {
    const remove = ["delete", "globalinclusterippool", "control-plane-vips"];
    const refused = await lab.kubectl(remove, { allowFailure: true });
    expect(refused.stderr).toContain(POOL.slice("a pool: ".length));
    for (const line of entry(POOL).see)
      for (const { namespace } of [first, second])
        await says(first, line, new RegExp(`^${namespace} +vip-cp-demo .* control-plane-vips `, "m"));
    await goesOn(first, entry(POOL));
    await has(first, ofGlobalPool(), "next");
    expect(vipOf(await first.clusterOf("next"))).toBeUndefined();
    await Promise.all([first, second].map((site) => site.kubectl(["delete", "cluster", "demo"])));
    await Promise.all([first, second].map((site) => site.gone(ADDRESSES, "vip-cp-demo")));
    await lab.kubectl(remove);
  });

  test("and then the namespace goes", async () => {
    await lab.kubectl(["wait", "--for=delete", "namespace/my-clusters", "--timeout=60s"]);
  });
});

describe("A tool complains", () => {
  let site: Site;
  const wish = (): Wish => ({ ...ofShared(), variables: { region: "north" } });

  const DRIFT = "clusterVip is drift, and kubectl diff shows nothing";
  test("clusterVip is drift, and kubectl diff shows nothing: a server-side dry-run finds none", async () => {
    site = await siteWithPool();
    const manifest = site.manifest({ name: "demo", ...wish() });
    writeFileSync(join(folder, "cluster.yaml"), toYaml(manifest));
    expect(await kubectl(site, "apply", wish())).toMatchObject({ code: 0 });
    const { cluster } = await site.rendered("demo");
    expect(cluster.spec.topology?.variables).toHaveLength(2);
    for (const line of entry(DRIFT).see) expect(await type(site, line)).toEqual({ code: 0, text: "" });
    const dryRun = [
      "apply",
      "--server-side",
      "--force-conflicts",
      "--dry-run=server",
      "-o",
      "json",
      "-f",
      "-",
    ];
    const { stdout } = await site.kubectl(dryRun, [manifest]);
    expect(JSON.parse(stdout)).toMatchObject({ spec: cluster.spec });
  });

  test("VipKept at every apply: not of a manifest without an address", async () => {
    const kept = await kubectl(site, "apply", { ...wish(), ...given("192.0.2.47") });
    expect(kept).toMatchObject({ code: 0, text: expect.stringContaining("(VipKept)") as string });
    expect((await kubectl(site, "apply", wish())).text).not.toContain("VipKept");
  });

  test("cannot start the move operation: until nothing is held", async () => {
    const held = await lab.newSite();
    await has(held, ofShared());
    const target = join(folder, "moved");
    mkdirSync(target);
    await expect(moveToFolder(lab, held.namespace, target)).rejects.toThrow(
      "cannot start the move operation",
    );
    await says(held, HELD, `${held.namespace} demo NoMatchingPool`);
    await held.kubectl(["delete", "cluster", "demo"]);
    await moveToFolder(lab, held.namespace, target);
  });
});

test("Every command of the section was typed", () => {
  const all = [ASK, LEFT, typed("handed"), ...ENTRIES.flatMap(({ see, next }) => [...see, ...next])];
  expect(all.filter((line) => !lines.has(line))).toEqual([]);
});
