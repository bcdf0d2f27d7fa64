/** Conditions on Clusters, and Events on what they concern: why a VIP is there, or is not. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { writeVerbs } from "../../sandbox/audit";
import type { ClusterOptions } from "../../sandbox/fixtures";
import { ensurePrograms } from "../../sandbox/toolchain";
import {
  ADDRESSES,
  annotationOf,
  CLAIMS,
  claimName,
  CLUSTERS,
  conditionOf,
  CONTROL_PLANE_READY,
  eventually,
  managementCluster,
  Refused,
  vipOf,
  type Cluster,
  type Resource,
  type Site,
  type Stored,
} from "./support";

const lab = managementCluster({ env: { VIP_ADMISSION_BUDGET: "4" } });

const EVENTS: Resource = { group: "events.k8s.io", version: "v1", plural: "events" };
const INGRESS = "IngressVIPReady";
const ENABLED = "vip.capi.gorizond.io/control-plane-enabled";

interface Event extends Stored {
  readonly action: string;
  readonly reason: string;
  readonly type: string;
  readonly note: string;
  readonly eventTime: string;
  readonly reportingController: string;
  readonly reportingInstance: string;
  readonly regarding: { readonly kind: string; readonly name: string; readonly uid?: string };
  readonly related?: { readonly kind: string; readonly name: string };
  readonly series?: { readonly count: number; readonly lastObservedTime: string };
}

const saysNothing = (site: Site, name: string, type = CONTROL_PLANE_READY) =>
  eventually(async () => conditionOf(await site.clusterOf(name), type) === undefined, {
    withinMs: 30_000,
    what: `${type} of ${site.namespace}/${name} to be gone`,
  });

const isOurs = ({ reportingController }: Event): boolean =>
  reportingController === "vip.capi.gorizond.io/capi-vip-allocator";

const eventsIn = async (site: Site): Promise<Event[]> =>
  (await lab.api.list<Event>(EVENTS, site.namespace)).filter(isOurs);

interface About {
  readonly kind: string;
  readonly name: string;
}

const about = (kind: string, name: string): About => ({ kind, name });

/** Waits for an Event of ours on an object. */
const told = (
  site: Site,
  { kind, name }: About,
  action: string,
  reason: string,
  namespace = site.namespace,
) =>
  eventually(
    async () => {
      const all = (await lab.api.list<Event>(EVENTS, namespace)).filter(isOurs);
      const found = all.filter(({ regarding }) => regarding.kind === kind && regarding.name === name);
      return found.find((event) => event.action === action && event.reason === reason);
    },
    { withinMs: 30_000, what: `an Event ${action} ${reason} on ${kind} ${namespace}/${name}` },
  );

async function siteWith(
  addresses: (site: Site) => readonly string[] = (site) => [site.span(10, 19)],
): Promise<Site> {
  const site = await lab.newSite();
  await Promise.all([site.hasClass(), site.hasPool({ name: "vips", addresses: addresses(site) })]);
  return site;
}

const create = async (site: Site, name = "a", more: Partial<ClusterOptions> = {}): Promise<Cluster> =>
  (await site.createCluster({ ...more, name })).object;

const kubectl = async (site: Site, ...args: readonly string[]): Promise<string> =>
  (await site.kubectl(args)).stdout;

/** What `clusterctl` prints, without its configuration of a user's and without asking the internet for its age. */
async function clusterctl(...args: readonly string[]): Promise<string> {
  const { clusterctl: program } = await ensurePrograms(["clusterctl"]);
  const { dir, kubeconfig } = lab.sandbox;
  const env = {
    HOME: dir,
    XDG_CONFIG_HOME: dir,
    KUBECONFIG: kubeconfig,
    CLUSTERCTL_DISABLE_VERSIONCHECK: "true",
  };
  return (await promisify(execFile)(program, args, { env })).stdout;
}

/** Nothing is on its way any more: conditions say how it is, and so do Events. */
const settled = async (site: Site, name = "a"): Promise<void> => {
  await site.rendered(name);
  await site.adopted(name);
  await site.says(name, "True", "Assigned");
};

describe("A Cluster that has its VIP", () => {
  test("says so: kubectl wait hears it, and the message names Cluster, VIP, reason and next step", async () => {
    const site = await siteWith();
    const made = await create(site);
    const words = await kubectl(
      site,
      "wait",
      "cluster/a",
      `--for=condition=${CONTROL_PLANE_READY}`,
      "--timeout=30s",
    );
    expect(words).toContain("condition met");
    const { message } = await site.says("a", "True", "Assigned");
    expect(message).toBe(
      `Cluster ${site.namespace}/a: The VIP ${vipOf(made)} is in place (Assigned). Nothing is to be done.`,
    );
    expect(conditionOf(await site.clusterOf("a"), INGRESS)).toBeUndefined();
    const event = await told(site, about("Cluster", "a"), "Reserve", "Assigned");
    expect(event).toMatchObject({
      type: "Normal",
      note: message,
      eventTime: expect.stringMatching(/\.\d{6}Z$/) as string,
      reportingInstance: expect.stringMatching(/./) as string,
      regarding: { uid: made.metadata.uid },
      related: { kind: "InClusterIPPool", name: "vips" },
    });
    expect(await kubectl(site, "describe", "cluster", "a")).toContain(event.note);
  });

  test("still says so after all that Cluster API writes, and its own conditions stand beside it", async () => {
    const site = await siteWith();
    await create(site);
    await settled(site);
    const first = await site.says("a", "True", "Assigned");
    await lab.api.merge<Cluster>(CLUSTERS, site.at("a"), {
      spec: { topology: { controlPlane: { replicas: 3 } } },
    });
    await site.rendered("a");
    const second = await site.says("a", "True", "Assigned");
    expect(second.lastTransitionTime).toBe(first.lastTransitionTime);
    expect(second.observedGeneration).toBeGreaterThan(first.observedGeneration ?? 0);
    const { metadata } = await eventually(async () => {
      const cluster = await site.clusterOf("a");
      expect(cluster.status?.conditions?.map(({ type }) => type)).toEqual(
        expect.arrayContaining([CONTROL_PLANE_READY, "Available", "TopologyReconciled"]) as string[],
      );
      return cluster;
    });
    expect(metadata.managedFields?.map(({ manager }) => manager)).toContain("capi-vip-allocator");
  });

  test("costs nothing once it is settled: no write of ours follows, also when its annotations are touched", async () => {
    const site = await siteWith();
    await create(site);
    await settled(site);
    await told(site, about("Cluster", "a"), "Reserve", "Assigned");
    const since = new Date();
    for (let touch = 0; touch < 5; touch++) await site.annotate("a", { "example.org/touch": String(touch) });
    // A Cluster that comes later is through when these would be.
    await create(site, "later");
    await settled(site, "later");
    const ofCluster = { verb: writeVerbs, namespace: site.namespace, name: "a", since };
    expect(await lab.requestsOfModule(ofCluster)).toEqual([]);
    expect(await lab.toldByModule(ofCluster)).toEqual([]);
  });

  test("has no more Events after ten applies of its manifest, nor after a restart of the watcher", async () => {
    const site = await siteWith();
    const manifest = site.manifest({ name: "a" });
    const apply = () => site.kubectl(["apply", "-f", "-"], [manifest]);
    await apply();
    await settled(site);
    await told(site, about("Cluster", "a"), "Reserve", "Assigned");
    const before = await eventsIn(site);
    for (let again = 0; again < 10; again++) await apply();
    const watcher = lab.sandbox.process("watcher");
    await watcher.stop();
    await watcher.start();
    await create(site, "later");
    await settled(site, "later");
    await told(site, about("Cluster", "later"), "Reserve", "Assigned");
    const after = (await eventsIn(site)).filter(({ regarding }) => regarding.name !== "later");
    expect(after.map(({ metadata }) => [metadata.name, metadata.resourceVersion])).toEqual(
      before.map(({ metadata }) => [metadata.name, metadata.resourceVersion]),
    );
  });
});

test("clusterctl describe shows both conditions, with status and reason", async () => {
  const site = await lab.newSite();
  await Promise.all([
    site.hasClass({ ingressVip: "empty-default" }),
    site.hasPool({ name: "vips", addresses: [site.span(10, 19)] }),
  ]);
  await create(site);
  await settled(site);
  await site.says("a", "False", "NoMatchingPool", INGRESS);
  const tree = await clusterctl("describe", "cluster", "a", "-n", site.namespace, "--show-conditions", "all");
  expect(tree).toMatch(/ControlPlaneVIPReady\s+True\s+Assigned\s/);
  expect(tree).toMatch(/IngressVIPReady\s+False\s+NoMatchingPool\s/);
});

describe("A Cluster that is held", () => {
  test("says why, and when that is over, that it is complete", async () => {
    const site = await lab.newSite();
    await site.hasClass();
    await create(site);
    const held = await site.says("a", "False", "NoMatchingPool");
    expect(held.message).toContain("Label a pool with the class and the role");
    const hold = await told(site, about("Cluster", "a"), "Hold", "NoMatchingPool");
    expect(hold).toMatchObject({ type: "Warning", note: held.message });
    const waits = site.kubectl([
      "wait",
      "cluster/a",
      `--for=condition=${CONTROL_PLANE_READY}`,
      "--timeout=60s",
    ]);
    // Times of conditions are whole seconds.
    await eventually(() => Date.now() > Date.parse(held.lastTransitionTime) + 1100, { withinMs: 5000 });
    await site.hasPool({ name: "vips", addresses: [site.span(10, 19)] });
    expect((await waits).stdout).toContain("condition met");
    await site.rendered("a");
    const complete = await site.says("a", "True", "Assigned");
    expect(Date.parse(complete.lastTransitionTime)).toBeGreaterThan(Date.parse(held.lastTransitionTime));
    expect(await told(site, about("Cluster", "a"), "Complete", "Assigned")).toMatchObject({ type: "Normal" });
  });

  test("because its pool is empty is told to the pool as well, once for all that come", async () => {
    const site = await siteWith((one) => [one.address(10)]);
    await create(site, "a");
    await settled(site, "a");
    await site.hasFree("vips", 0);
    await create(site, "b");
    await site.says("b", "False", "PoolExhausted");
    await told(site, about("Cluster", "b"), "Hold", "PoolExhausted");
    const first = await told(site, about("InClusterIPPool", "vips"), "Exhaust", "PoolExhausted");
    expect(first).toMatchObject({ type: "Warning", regarding: { uid: expect.any(String) as string } });
    expect(await kubectl(site, "describe", "inclusterippool", "vips")).toContain("it has no free address");
    await create(site, "c");
    await eventually(
      async () =>
        (await told(site, about("InClusterIPPool", "vips"), "Exhaust", "PoolExhausted")).series?.count === 2,
      { withinMs: 30_000, what: "the Event on the pool to be counted" },
    );
    const all = (await eventsIn(site)).filter(({ action }) => action === "Exhaust");
    expect(all).toHaveLength(1);
  });
});

describe("The ingress role", () => {
  test("has a condition of its own, which goes when it is switched off", async () => {
    const site = await lab.newSite();
    await Promise.all([
      site.hasClass({ ingressVip: "empty-default" }),
      site.hasPool({ name: "cp", addresses: [site.span(10, 19)] }),
    ]);
    await create(site);
    await site.says("a", "True", "Assigned");
    await site.says("a", "False", "NoMatchingPool", INGRESS);
    await told(site, about("Cluster", "a"), "Wait", "NoMatchingPool");
    await site.hasPool({ name: "web", addresses: [site.span(100, 109)], role: "ingress" });
    await site.says("a", "True", "Assigned", INGRESS);
    await told(site, about("Cluster", "a"), "Complete", "Assigned");
    await site.annotate("a", { "vip.capi.gorizond.io/ingress-enabled": "false" });
    await saysNothing(site, "a", INGRESS);
    await site.says("a", "True", "Assigned");
  });
});

describe("What a user does", () => {
  test("opting out takes the condition away", async () => {
    const site = await lab.newSite();
    await site.hasClass();
    await create(site);
    await site.says("a", "False", "NoMatchingPool");
    await site.annotate("a", { [ENABLED]: "false" });
    await saysNothing(site, "a");
  });

  test("pausing the Cluster leaves it as it was", async () => {
    const site = await siteWith();
    await create(site);
    await settled(site);
    const before = await site.says("a", "True", "Assigned");
    await lab.api.merge<Cluster>(CLUSTERS, site.at("a"), { spec: { paused: true } });
    await site.seenPaused("a");
    await create(site, "later");
    await settled(site, "later");
    expect(conditionOf(await site.clusterOf("a"))).toEqual(before);
  });

  test("deleting the claim by hand is told; the condition stays True, for the address stays reserved", async () => {
    const site = await siteWith();
    await create(site);
    await settled(site);
    const before = await site.says("a", "True", "Assigned");
    await lab.api.delete(CLAIMS, site.at(claimName("a")));
    const after = await site.says("a", "True", "AddressDetached");
    expect(after.lastTransitionTime).toBe(before.lastTransitionTime);
    expect(await told(site, about("Cluster", "a"), "Detach", "AddressDetached")).toMatchObject({
      type: "Warning",
    });
  });

  test("giving two Clusters one address is told to both, and again when one of them goes", async () => {
    const site = await siteWith();
    const spec = { controlPlaneEndpoint: { host: site.address(200), port: 6443 } };
    const twins = ["a", "b"].map((name) => site.manifest({ name, spec }));
    await lab.sandbox.uninstallModule();
    for (const manifest of twins) await site.put(manifest);
    await lab.installModule({ VIP_ADMISSION_BUDGET: "4" });
    for (const [name, other] of [
      ["a", "b"],
      ["b", "a"],
    ] as const) {
      const { message } = await site.says(name, "False", "AddressTaken");
      expect(message).toContain(`Cluster ${site.namespace}/${other}`);
      await told(site, about("Cluster", name), "Conflict", "AddressTaken");
    }
    await site.deleteCluster("b");
    await site.gone(CLUSTERS, "b");
    await site.says("a", "True", "UserProvided");
  });

  test("naming another VIP is told: put back with a word, or refused where machines run", async () => {
    const site = await siteWith();
    const vip = vipOf(await create(site));
    await settled(site);
    const change = () =>
      lab.api.merge<Cluster>(CLUSTERS, site.at("a"), {
        spec: { controlPlaneEndpoint: { host: site.address(99) } },
      });
    expect(vipOf((await change()).object)).toBe(vip);
    const restored = await told(site, about("Cluster", "a"), "Restore", "VipKept");
    expect(restored).toMatchObject({ type: "Normal" });
    await change();
    // The API server asks again where Cluster API writes at the same moment, and each time is counted.
    const counted = restored.series?.count ?? 1;
    await eventually(
      async () =>
        ((await told(site, about("Cluster", "a"), "Restore", "VipKept")).series?.count ?? 1) > counted,
      { withinMs: 30_000, what: "the Event to be counted" },
    );
    await site.starts("a");
    await eventually(async () => {
      await expect(change()).rejects.toThrow(Refused);
      return true;
    });
    expect(await told(site, about("Cluster", "a"), "Refuse", "VipChange")).toMatchObject({ type: "Warning" });
  });

  test("a create that is refused is told to the pool, for there is no Cluster; a dry-run of it to nobody", async () => {
    const site = await siteWith();
    const manifest = site.manifest({
      name: "a",
      spec: { controlPlaneEndpoint: { host: site.address(15), port: 6443 } },
      variables: { clusterVip: site.address(16) },
    });
    const attempt = (dryRun: boolean) => lab.api.create(CLUSTERS, manifest, { dryRun });
    await expect(attempt(true)).rejects.toThrow(Refused);
    await expect(attempt(false)).rejects.toThrow(Refused);
    const refused = await told(site, about("InClusterIPPool", "vips"), "Refuse", "HostAndVariableDiffer");
    expect(refused).toMatchObject({ type: "Warning", related: { kind: "Cluster", name: "a" } });
    expect(refused).not.toHaveProperty("series");
    expect(refused.note).toContain(`Cluster ${site.namespace}/a: `);
  });

  test("deleting the Cluster gives the address back, which its pool is told", async () => {
    const site = await lab.newSite();
    // A pool without a namespace serves everybody else's class of the name, too.
    const shared = `${site.namespace}-web`;
    await Promise.all([
      site.hasClass({ name: shared }),
      site.hasPool({ name: "vips", clusterClass: shared, addresses: [site.address(10)] }),
      site.hasGlobalPool({
        name: shared,
        role: "ingress",
        clusterClass: shared,
        addresses: [site.address(100)],
      }),
    ]);
    const vip = vipOf(await create(site, "a", { clusterClass: shared }));
    await settled(site);
    const ingress = await site.says("a", "True", "Assigned", INGRESS);
    expect(ingress.message).toContain(site.address(100));
    await site.deleteCluster("a");
    await site.gone(ADDRESSES, claimName("a"));
    const released = await told(site, about("InClusterIPPool", "vips"), "Release", "Gone");
    expect(released.note).toContain(`The address ${vip} is given back.`);
    const global = about("GlobalInClusterIPPool", shared);
    expect((await told(site, global, "Release", "Gone", "default")).note).toContain(site.address(100));
  });
});

test("What is not ours gets no condition, no Event and no write", async () => {
  const site = await lab.newSite();
  await site.hasClass({ clusterVip: "absent" });
  await create(site);
  await siteWith().then(async (other) => {
    await create(other, "later");
    await settled(other, "later");
  });
  expect(conditionOf(await site.clusterOf("a"))).toBeUndefined();
  expect(annotationOf(await site.clusterOf("a"), "vip.capi.gorizond.io/hold")).toBeUndefined();
  expect(await eventsIn(site)).toEqual([]);
  expect(await lab.toldByModule({ verb: writeVerbs, namespace: site.namespace })).toEqual([]);
});
