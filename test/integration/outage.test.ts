/** Whatever is down or dies on the way: no Cluster goes without its VIP, and no address is lost. */
import { writeVerbs } from "../../sandbox/sandbox";
import {
  ADDRESSES,
  CLUSTERS,
  eventually,
  expectRenderedOnceWith,
  INFRA_CLUSTERS,
  isHeld,
  managementCluster,
  MODULE_PROCESSES,
  vipOf,
  type Claim,
  type Cluster,
  type Site,
} from "./support";

const BUDGET_MS = 2000;
const lab = managementCluster({ env: { VIP_ADMISSION_BUDGET: String(BUDGET_MS / 1000) } });

const IN_USE = "vip.capi.gorizond.io/in-use";
const CLUSTER_NAME = "cluster.x-k8s.io/cluster-name";

const vips = (addresses: string) => ({ name: "vips", clusterClass: "lab", addresses: [addresses] });

async function siteWith(addresses: string): Promise<Site> {
  const site = await lab.newSite();
  await Promise.all([site.hasClass(), site.hasPool(vips(addresses))]);
  return site;
}

const create = async (site: Site, name: string): Promise<Cluster> =>
  (await site.createCluster({ name })).object;

const isLabelled = (claim: Claim | undefined): boolean =>
  claim?.metadata.labels?.[CLUSTER_NAME] !== undefined;

const adopted = (site: Site, name: string) =>
  eventually(async () => isLabelled(await site.claimOf(name)), {
    withinMs: 30_000,
    what: `the claim of ${name} to be its own`,
  });

/** Names with a number, for tests that need many. */
const names = (prefix: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index}`);

const latest = (entries: readonly { time: string }[]): number =>
  Math.max(...entries.map(({ time }) => Date.parse(time)));

describe("The IPAM provider is down", () => {
  /** Slow machines included; without a wait for the event it would be the retry's seconds. */
  const SOON_MS = 3000;

  test("and creates are answered in time, held and warned; once it is back, all are completed by themselves", async () => {
    const site = await siteWith("10.51.0.10-10.51.0.19");
    const all = names("held", 4);
    await lab.without(["ipam"], async () => {
      const started = Date.now();
      const answers = await Promise.all(all.map((name) => site.createCluster({ name })));
      expect(Date.now() - started).toBeLessThan(BUDGET_MS + SOON_MS);
      for (const { object, warnings } of answers) {
        expect(isHeld(object)).toBe(true);
        expect(vipOf(object)).toBeUndefined();
        expect(warnings.join()).toMatch(/IPAM provider.*\(WaitingForAddress\)/);
      }
      // Cluster API has looked at all of them, and made nothing.
      for (const name of all) await eventually(async () => isPaused(await site.clusterOf(name)));
      expect(await lab.api.list(INFRA_CLUSTERS, site.namespace)).toEqual([]);
    });

    for (const name of all) {
      const vip = vipOf(await site.completed(name)) ?? "";
      expectRenderedOnceWith(vip, await site.rendered(name));
      const { namespace } = site;
      const bound = { user: "ipam", verb: "patch", subresource: "status", namespace, name: `vip-cp-${name}` };
      const written = { verb: "patch", resource: "clusters", namespace, name, code: 200 };
      const served = latest(await lab.sandbox.audit(bound));
      expect(latest(await lab.requestsOfModule(written)) - served).toBeLessThan(SOON_MS);
    }
  });

  const isPaused = ({ status }: Cluster): boolean =>
    status?.conditions?.some(({ type, status: value }) => type === "Paused" && value === "True") ?? false;
});

describe("The watcher is killed", () => {
  test("and a Cluster made meanwhile has its VIP at once, and is adopted once the watcher is back", async () => {
    const site = await siteWith("10.52.0.10-10.52.0.19");
    await lab.without(["watcher"], async () => {
      expect(vipOf(await create(site, "a"))).toBe("10.52.0.10");
      await site.rendered("a");
      expect(isLabelled(await site.claimOf("a"))).toBe(false);
    });
    await adopted(site, "a");
    expect((await site.addressOf("a"))?.metadata.finalizers).toContain(IN_USE);
  });

  test("and a Cluster goes meanwhile: its address is found and given back at the next start", async () => {
    const site = await siteWith("10.52.1.10-10.52.1.19");
    await create(site, "a");
    await adopted(site, "a");
    await site.rendered("a");
    await lab.without(["watcher"], async () => {
      await site.deleteCluster("a", { propagationPolicy: "Foreground" });
      await site.gone(CLUSTERS, "a");
      await eventually(async () => (await site.addressOf("a"))?.metadata.deletionTimestamp);
      expect(vipOf(await create(site, "b"))).toBe("10.52.1.11");
    });
    await site.gone(ADDRESSES, "vip-cp-a");
    expect(vipOf(await create(site, "c"))).toBe("10.52.1.10");
  });

  test("while a held Cluster waits for a pool: it is completed at the next start", async () => {
    const site = await lab.newSite();
    await site.hasClass();
    expect(isHeld(await create(site, "a"))).toBe(true);
    await lab.without(["watcher"], async () => {
      await site.hasPool(vips("10.52.2.10-10.52.2.19"));
      expect(isHeld(await site.clusterOf("a"))).toBe(true);
    });
    await site.completed("a");
    expectRenderedOnceWith("10.52.2.10", await site.rendered("a"));
  });
});

describe("Admission processes are killed", () => {
  test("one of two, while twenty creates run: each is answered, or succeeds when tried again", async () => {
    const site = await siteWith("10.53.0.10-10.53.0.99");
    const all = names("many", 20);
    let answered = 0;
    const attempt = async (name: string): Promise<string | undefined> => {
      const object = await create(site, name).catch(() => undefined);
      answered += 1;
      return object && (vipOf(object) ?? "");
    };
    const killing = eventually(() => answered >= 3).then(() =>
      lab.sandbox.process("admission-1").stop("SIGKILL"),
    );
    const first = await Promise.all(all.map(attempt));
    await killing;
    const claims = new Map((await site.claims()).map(({ metadata }) => [metadata.name, metadata.uid]));
    const failed = all.filter((_, index) => first[index] === undefined);
    for (const name of failed) expect(await attempt(name)).toBeDefined();
    await lab.sandbox.process("admission-1").start();

    // Twenty addresses may take the provider longer than one, on a busy machine.
    const complete = await Promise.all(all.map((name) => site.completed(name, 45_000)));
    expect(new Set(complete.map(vipOf)).size).toBe(all.length);
    for (const name of all) await adopted(site, name);
    const after = await site.claims();
    expect(after).toHaveLength(all.length);
    for (const { metadata } of after) expect(claims.get(metadata.name) ?? metadata.uid).toBe(metadata.uid);
    expect((await site.addresses()).map(({ spec }) => spec.address).sort()).toEqual(
      complete.map(vipOf).sort(),
    );
  });

  test("both: creates are refused in words, everything else goes through, and all is well afterwards", async () => {
    const site = await siteWith("10.53.1.10-10.53.1.19");
    for (const name of ["a", "b"]) {
      await create(site, name);
      await adopted(site, name);
      await site.rendered(name);
    }
    await lab.without(["admission-1", "admission-2"], async () => {
      await expect(create(site, "c")).rejects.toThrow(/failed calling webhook.*pepr-capi-vip-allocator/);
      await site.label("a", { touched: "yes" });
      await site.annotate("a", { "example.com/touched": "yes" });
      await site.deleteCluster("b");
      await site.gone(CLUSTERS, "b");
      await site.gone(ADDRESSES, "vip-cp-b");
    });
    expect(vipOf(await create(site, "c"))).toBe("10.53.1.11");
  });
});

describe("The API server restarts", () => {
  test("and the watcher goes on", async () => {
    const site = await siteWith("10.54.0.10-10.54.0.19");
    // Until it is ready an API server refuses everything, and a refusal counts as a mistake of the module's.
    const module = MODULE_PROCESSES.map((name) => lab.sandbox.process(name));
    await Promise.all(module.map((process) => process.stop("SIGSTOP")));
    await lab.sandbox.process("apiserver").restart();
    for (const process of module) process.resume();
    const object = await eventually(() => create(site, "a"), { withinMs: 30_000 });
    expect(object.metadata.name).toBe("a");
    await site.completed("a", 30_000);
    await adopted(site, "a");
  });
});

describe("Nothing is to be done", () => {
  /** What the module wrote, except for one Cluster that shows how far the watcher is. */
  const writesSince = async (since: Date, sentinel: string) =>
    (await lab.requestsOfModule({ verb: writeVerbs, since }))
      .filter(({ resource }) => ["clusters", "ipaddressclaims", "ipaddresses"].includes(resource))
      .filter(({ name }) => !name.endsWith(sentinel))
      .map(({ verb, uri }) => `${verb} ${uri}`);

  test("and all processes restart: they write nothing", async () => {
    const site = await siteWith("10.55.0.10-10.55.0.19");
    for (const name of ["a", "b"]) {
      await create(site, name);
      await adopted(site, name);
    }
    const since = new Date();
    await lab.without(MODULE_PROCESSES, async () => undefined);
    await create(site, "sentinel");
    await adopted(site, "sentinel");
    expect(await writesSince(since, "sentinel")).toEqual([]);
  });

  test("and its user applies a Cluster ten times: neither VIP nor rendering changes, and nothing is written", async () => {
    const site = await siteWith("10.55.1.10-10.55.1.19");
    await site.kubectl(["apply", "-f", "-"], [site.manifest({ name: "a" })]);
    await adopted(site, "a");
    const { cluster } = await site.rendered("a");
    const since = new Date();
    for (const _ of names("apply", 10))
      await site.kubectl(["apply", "-f", "-"], [site.manifest({ name: "a" })]);
    await create(site, "sentinel");
    await adopted(site, "sentinel");

    expect(await writesSince(since, "sentinel")).toEqual([]);
    expect(vipOf(await site.clusterOf("a"))).toBe(vipOf(cluster));
    expectRenderedOnceWith(vipOf(cluster) ?? "", await site.rendered("a"));
  });
});
