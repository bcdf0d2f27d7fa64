/** What a Prometheus reads, and what each number stands for. */
import { METRIC_PREFIX, metricNames, METRICS, settingLabel } from "../../lib/adapters/metric-table";
import { SETTINGS } from "../../lib/settings";
import { version } from "../../package.json";
import {
  ADDRESSES,
  ADMISSION,
  CLAIMS,
  CLUSTERS,
  eventually,
  isHeld,
  managementCluster,
  MetricsReader,
  MODULE_PROCESSES,
  POOLS,
  Refused,
  vipOf,
  WATCHER,
  type Cluster,
  type LabelValues,
  type Site,
} from "./support";

const lab = managementCluster({ env: { VIP_ADMISSION_BUDGET: "5", VIP_WORKERS: "1" }, gate: true });
const metrics = new MetricsReader(lab);

const CONTROL_PLANE = "control-plane";
/** A class that no other test has, so that its numbers are the test's own. */
const classIn = ({ namespace }: Site): string => `of-${namespace}`;

async function siteWithClass(): Promise<Site> {
  const site = await lab.newSite();
  await site.hasClass({ name: classIn(site) });
  return site;
}

const hasPool = (site: Site, more: object = {}) =>
  site.hasPool({ name: "vips", clusterClass: classIn(site), ...more });

async function siteWithPool(more: object = {}): Promise<Site> {
  const site = await siteWithClass();
  await hasPool(site, more);
  return site;
}

const create = async (site: Site, name: string, more: object = {}): Promise<Cluster> =>
  (await site.createCluster({ name, clusterClass: classIn(site), ...more })).object;

/** Waits until a gauge of the watcher is so; undefined stands for no series. */
const gaugeBecomes = (
  name: Parameters<MetricsReader["sum"]>[0],
  labels: LabelValues,
  value: number | undefined,
): Promise<true> =>
  eventually(
    async () => {
      expect(await metrics.sum(name, labels, WATCHER)).toBe(value);
      return true;
    },
    { withinMs: 30_000, what: `${name}${JSON.stringify(labels)} to be ${value}` },
  );

/** Waits until the watcher's counter has grown by so much since. */
const countBecomes = (
  name: Parameters<MetricsReader["sum"]>[0],
  labels: LabelValues,
  value: number,
): Promise<true> =>
  eventually(async () => {
    expect(await metrics.sum(name, labels)).toBe(value);
    return true;
  });

const now = async (...what: Parameters<MetricsReader["sum"]>): Promise<number> =>
  (await metrics.sum(...what)) ?? 0;

describe("Every process", () => {
  test.each(MODULE_PROCESSES)(
    "%s has the rows of the table that are its own, behind those of Pepr",
    async (process) => {
      const text = await metrics.text(process);
      expect(text).toMatch(/^pepr_errors /m);
      const rows = metricNames.filter(
        (name) => process === "watcher" || METRICS[name].from === "every process",
      );
      const types = [...text.matchAll(/^# TYPE capi_vip_allocator_(\w+) (\w+)$/gm)].map(([, name, type]) => [
        name,
        type,
      ]);
      expect(types).toEqual(rows.map((name) => [name, METRICS[name].type]));
    },
  );

  test.each(MODULE_PROCESSES)("%s says which build it is, and its settings", async (process) => {
    expect(await metrics.sum("build_info", { version, pepr: "1.1.4" }, [process])).toBe(1);
    const [info] = (await metrics.of(process)).filter(({ name }) => name === `${METRIC_PREFIX}settings_info`);
    expect(info?.value).toBe(1);
    expect(Object.keys(info?.labels ?? {}).sort()).toEqual(Object.keys(SETTINGS).map(settingLabel).sort());
    expect(info?.labels).toMatchObject({ admission_budget: "5", no_pool: "hold", quarantine: "0" });
  });
});

describe("A Cluster gets its VIP within its create", () => {
  test("and that is one allocation, of admission, with its duration and its wait", async () => {
    const site = await siteWithPool();
    const its = { role: CONTROL_PLANE, cluster_class: classIn(site) };
    const waits = await now("admission_wait_seconds_count", { role: CONTROL_PLANE }, ADMISSION);
    const answers = await now("admission_duration_seconds_count", { operation: "CREATE" }, ADMISSION);
    const assigned = await now("clusters", { role: CONTROL_PLANE, reason: "Assigned" }, WATCHER);

    expect(vipOf(await create(site, "a"))).toBeDefined();
    await site.adopted("a");

    expect(await metrics.sum("allocations_total", its, ADMISSION)).toBe(1);
    expect(await metrics.sum("allocation_duration_seconds_count", its, ADMISSION)).toBe(1);
    expect(await now("allocation_duration_seconds_sum", its)).toBeGreaterThan(0);
    expect(await now("admission_wait_seconds_count", { role: CONTROL_PLANE })).toBe(waits + 1);
    expect(await now("admission_duration_seconds_count", { operation: "CREATE" })).toBe(answers + 1);

    const passes = { cluster_class: classIn(site) };
    await eventually(async () => (await now("reconcile_total", { ...passes, result: "success" })) > 0);
    await gaugeBecomes("clusters", { role: CONTROL_PLANE, reason: "Assigned" }, assigned + 1);
    expect(await metrics.sum("allocations_total", its, WATCHER)).toBeUndefined();
    expect(await metrics.sum("allocation_errors_total", passes)).toBeUndefined();
    expect(await metrics.sum("reconcile_total", passes, ADMISSION)).toBeUndefined();
    await eventually(async () => {
      const total = await now("reconcile_total", passes);
      expect(await now("reconcile_duration_seconds_count", passes)).toBe(total);
      return true;
    });
  });

  test("a dry-run of it is no allocation", async () => {
    const site = await siteWithPool();
    await site.createCluster({ name: "a", clusterClass: classIn(site) }, { dryRun: true });
    await create(site, "b");
    expect(await metrics.sum("allocations_total", { cluster_class: classIn(site) })).toBe(1);
  });

  test("its claim is counted, and no longer once it is gone; its address is released once", async () => {
    const site = await siteWithPool();
    const claims = { role: CONTROL_PLANE, namespace: site.namespace };
    await create(site, "a");
    await site.adopted("a");
    await gaugeBecomes("claims_total", claims, 1);
    await gaugeBecomes("claims_ready", claims, 1);
    await gaugeBecomes("claims_pending", claims, 0);

    const releases = await now("releases_total", { role: CONTROL_PLANE });
    await site.deleteCluster("a");
    await site.gone(CLAIMS, "vip-cp-a");
    await gaugeBecomes("claims_total", claims, undefined);
    await gaugeBecomes("claims_ready", claims, undefined);
    await gaugeBecomes("claims_pending", claims, undefined);
    await site.gone(ADDRESSES, "vip-cp-a");
    await countBecomes("releases_total", { role: CONTROL_PLANE }, releases + 1);
  });
});

describe("A Cluster is held", () => {
  test("GB11: and completed later: one error of admission, one allocation of the watcher that lasted since the create", async () => {
    const site = await siteWithPool();
    const its = { role: CONTROL_PLANE, cluster_class: classIn(site) };
    const held = { reason: "WaitingForAddress" };
    const claims = { role: CONTROL_PLANE, namespace: site.namespace };
    await lab.whileProviderIsDown(async () => {
      expect(isHeld(await create(site, "a"))).toBe(true);
      await gaugeBecomes("held_clusters", held, 1);
      await gaugeBecomes("claims_pending", claims, 1);
      await eventually(async () => (await now("held_oldest_seconds", {}, WATCHER)) > 1);
      expect(
        await metrics.sum("allocation_errors_total", { ...its, reason: "ip_resolution_failed" }, ADMISSION),
      ).toBe(1);
      await eventually(
        async () => (await now("reconcile_total", { cluster_class: classIn(site), result: "requeued" })) > 0,
      );
    });
    await site.completed("a");

    await gaugeBecomes("held_clusters", held, undefined);
    await gaugeBecomes("held_oldest_seconds", {}, 0);
    await gaugeBecomes("claims_pending", claims, 0);
    await countBecomes("allocations_total", its, 1);
    expect(await metrics.sum("allocations_total", its, WATCHER)).toBe(1);
    expect(await now("allocation_duration_seconds_sum", its, WATCHER)).toBeGreaterThan(5);
    expect(await metrics.sum("allocation_errors_total", its)).toBe(1);
  });

  test("GB10: for a pool, and each reason that it comes to is one error", async () => {
    const site = await siteWithClass();
    const its = { role: CONTROL_PLANE, cluster_class: classIn(site) };
    await gaugeBecomes("pools_available", its, 0);
    await create(site, "a");
    await gaugeBecomes("held_clusters", { reason: "NoMatchingPool" }, 1);
    expect(
      await metrics.sum("allocation_errors_total", { ...its, reason: "NoMatchingPool" }, ADMISSION),
    ).toBe(1);

    await hasPool(site, { annotations: { "vip.capi.gorizond.io/disabled": "true" } });
    await site.held("a", "PoolExhausted");
    await gaugeBecomes("held_clusters", { reason: "PoolExhausted" }, 1);
    await gaugeBecomes("held_clusters", { reason: "NoMatchingPool" }, undefined);
    await gaugeBecomes("pools_available", its, 0);
    await countBecomes("allocation_errors_total", { ...its, reason: "PoolExhausted" }, 1);

    await site.markPool("vips", { annotations: { "vip.capi.gorizond.io/disabled": null } });
    await gaugeBecomes("pools_available", its, 1);
    await site.completed("a");
    await countBecomes("allocations_total", its, 1);
    expect(await metrics.sum("allocation_errors_total", its)).toBe(2);
  });

  test("for a class that is not there, and no series tells the name that somebody made up", async () => {
    const site = await siteWithPool();
    const errors = { role: CONTROL_PLANE, cluster_class: "", reason: "ClassNotFound" };
    const before = await now("allocation_errors_total", errors);
    const madeUp = `made-up-${Math.random().toString(36).slice(2)}`;
    await create(site, "a", { clusterClass: madeUp });
    await gaugeBecomes("held_clusters", { reason: "ClassNotFound" }, 1);
    await countBecomes("allocation_errors_total", errors, before + 1);
    await site.deleteCluster("a");
    await site.gone(CLUSTERS, "a");
    await gaugeBecomes("held_clusters", { reason: "ClassNotFound" }, undefined);

    for (const process of MODULE_PROCESSES) expect(await metrics.text(process)).not.toContain(madeUp);
  });
});

describe("A pool", () => {
  test("is counted as its provider counts, and no longer once it is gone", async () => {
    const site = await siteWithClass();
    const pool_name = `${site.namespace}/vips`;
    const its = { role: CONTROL_PLANE, cluster_class: classIn(site) };
    await hasPool(site, { addresses: [site.span(10, 11)] });
    await site.hasFree("vips", 2);
    await gaugeBecomes("pool_addresses_total", { pool_name }, 2);
    await gaugeBecomes("pool_addresses_free", { pool_name }, 2);
    await gaugeBecomes("pool_addresses_used", { pool_name }, 0);
    await gaugeBecomes("pools_available", its, 1);

    await Promise.all([create(site, "a"), create(site, "b")]);
    await site.hasFree("vips", 0);
    await gaugeBecomes("pool_addresses_free", { pool_name }, 0);
    await gaugeBecomes("pool_addresses_used", { pool_name }, 2);
    await gaugeBecomes("pools_available", its, 0);

    // The provider lets nobody delete a pool with addresses in use.
    const spare = { pool_name: `${site.namespace}/spare` };
    await hasPool(site, { name: "spare", addresses: [site.span(20, 22)] });
    await site.hasFree("spare", 3);
    await gaugeBecomes("pool_addresses_total", spare, 3);
    await gaugeBecomes("pools_available", its, 1);
    await site.api.delete(POOLS, site.at("spare"));
    await site.gone(POOLS, "spare");
    for (const name of ["pool_addresses_total", "pool_addresses_free", "pool_addresses_used"] as const)
      await gaugeBecomes(name, spare, undefined);
    await gaugeBecomes("pools_available", its, 0);
  });

  test("without a namespace is counted by its name alone", async () => {
    const site = await siteWithClass();
    const pool_name = `global-of-${site.namespace}`;
    await site.hasGlobalPool({
      name: pool_name,
      clusterClass: classIn(site),
      addresses: [site.span(10, 13)],
    });
    await gaugeBecomes("pool_addresses_total", { pool_name }, 4);
  });

  test("gives what it has in range, also where the provider counts addresses outside of it", async () => {
    const site = await siteWithClass();
    const pool_name = `${site.namespace}/vips`;
    await hasPool(site, { addresses: [site.address(10)] });
    await site.put({
      apiVersion: "ipam.cluster.x-k8s.io/v1beta2",
      kind: "IPAddress",
      metadata: { namespace: site.namespace, name: "outside" },
      spec: {
        address: site.address(200),
        prefix: 24,
        claimRef: { name: "outside" },
        poolRef: { apiGroup: "ipam.cluster.x-k8s.io", kind: "InClusterIPPool", name: "vips" },
      },
    });
    await site.hasFree("vips", 0);
    await gaugeBecomes("pool_addresses_free", { pool_name }, 1);
    await gaugeBecomes("pool_addresses_used", { pool_name }, 0);
    expect(vipOf(await create(site, "a"))).toBe(site.address(10));
  });
});

describe("An update", () => {
  test("that drops the VIP is a restore; a dry-run of it is none", async () => {
    const site = await siteWithPool();
    await create(site, "a");
    await site.adopted("a");
    const restores = await now("restores_total", { role: CONTROL_PLANE });
    const answers = await now("admission_duration_seconds_count", { operation: "UPDATE" });
    const dropped = { spec: { topology: { variables: null } } };

    await lab.api.merge(CLUSTERS, site.at("a"), dropped, { dryRun: true });
    expect(await metrics.sum("restores_total", { role: CONTROL_PLANE })).toBe(restores);
    await lab.api.merge(CLUSTERS, site.at("a"), dropped);
    // The API server asks a second time where its own copy of the Cluster was an old one.
    expect(await now("restores_total", { role: CONTROL_PLANE }, ADMISSION)).toBeGreaterThan(restores);
    expect(await now("admission_duration_seconds_count", { operation: "UPDATE" })).toBeGreaterThanOrEqual(
      answers + 2,
    );
  });

  test("that is denied is a refusal, and so is a create", async () => {
    const site = await siteWithPool();
    const creates = { operation: "CREATE", reason: "HostAndVariableDiffer" };
    const updates = { operation: "UPDATE", reason: "VariableNotChanged" };
    const [created, updated] = [await now("refusals_total", creates), await now("refusals_total", updates)];

    const differing = {
      spec: { controlPlaneEndpoint: { host: site.address(3), port: 6443 } },
      variables: { clusterVip: site.address(4) },
    };
    await expect(create(site, "a", differing)).rejects.toThrow(Refused);
    await create(site, "a");
    const host = site.address(5);
    await expect(
      lab.api.merge(CLUSTERS, site.at("a"), {
        metadata: { annotations: { "vip.capi.gorizond.io/allow-change": host } },
        spec: { controlPlaneEndpoint: { host } },
      }),
    ).rejects.toThrow(/VariableNotChanged/);

    expect(await metrics.sum("refusals_total", creates)).toBe(created + 1);
    // The API server asks a second time where its own copy of the Cluster was an old one.
    expect(await now("refusals_total", updates)).toBeGreaterThan(updated);
  });
});

describe("What goes wrong", () => {
  test("a claim that cannot be made is an error of its own name", async () => {
    const site = await siteWithPool();
    const its = { role: CONTROL_PLANE, cluster_class: classIn(site), reason: "claim_creation_failed" };
    const end = lab.gate.before(
      ({ process, verb, resource }) =>
        process.startsWith("admission") && verb === "create" && resource === "ipaddressclaims",
      () => ({
        status: 403,
        body: { kind: "Status", status: "Failure", reason: "Forbidden", message: "no", code: 403 },
      }),
    );
    await create(site, "a");
    end();
    expect(await metrics.sum("allocation_errors_total", its, ADMISSION)).toBe(1);
    await site.completed("a");
    expect(await metrics.sum("allocation_errors_total", { cluster_class: classIn(site) })).toBe(1);
  });

  test("a Cluster that cannot be written is an error of its own name, and the pass failed", async () => {
    const site = await siteWithClass();
    const its = { role: CONTROL_PLANE, cluster_class: classIn(site), reason: "cluster_patch_failed" };
    await create(site, "a");
    const end = lab.gate.before(
      ({ process, verb, resource, namespace }) =>
        process === "watcher" && verb === "patch" && resource === "clusters" && namespace === site.namespace,
      () => ({
        status: 500,
        body: { kind: "Status", status: "Failure", reason: "InternalError", message: "no", code: 500 },
      }),
    );
    await hasPool(site);
    await eventually(async () => (await now("allocation_errors_total", its, WATCHER)) > 0);
    await eventually(
      async () => (await now("reconcile_total", { cluster_class: classIn(site), result: "error" })) > 0,
    );
    end();
    await site.completed("a");
  });

  test("a pinned address whose Cluster never came is swept, and counted", async () => {
    const site = await siteWithPool();
    const swept = await now("orphans_swept_total", { role: CONTROL_PLANE });
    await site.put({
      apiVersion: "ipam.cluster.x-k8s.io/v1beta2",
      kind: "IPAddress",
      metadata: {
        namespace: site.namespace,
        name: "vip-cp-never",
        labels: { "vip.capi.gorizond.io/role": CONTROL_PLANE },
        annotations: { "vip.capi.gorizond.io/reserved-at": "2024-01-01T00:00:00Z" },
      },
      spec: {
        address: site.address(10),
        prefix: 24,
        claimRef: { name: "vip-cp-never" },
        poolRef: { apiGroup: "ipam.cluster.x-k8s.io", kind: "InClusterIPPool", name: "vips" },
      },
    });
    await site.gone(ADDRESSES, "vip-cp-never");
    await countBecomes("orphans_swept_total", { role: CONTROL_PLANE }, swept + 1);
  });

  test("a worker that is kept busy lets others wait, and the queue says how many and how long", async () => {
    const site = await lab.newSite();
    await site.hasClass({ name: classIn(site), clusterVip: "absent" });
    await Promise.all([create(site, "a"), create(site, "b"), create(site, "c")]);
    const passes = { cluster_class: classIn(site), result: "skipped" };
    await eventually(async () => (await now("reconcile_total", passes)) >= 3);
    await gaugeBecomes("queue_depth", {}, 0);

    let free: () => void = () => undefined;
    const busy = new Promise<void>((resolve) => (free = resolve));
    const end = lab.gate.before(
      ({ process, verb, resource, namespace }) =>
        process === "watcher" && verb === "get" && resource === "clusters" && namespace === site.namespace,
      () => busy,
    );
    try {
      for (const name of ["a", "b", "c"])
        await site.annotate(name, { "vip.capi.gorizond.io/control-plane-enabled": "true" });
      // Cluster API may just change a Cluster of an earlier test; that one waits as well.
      await eventually(async () => (await now("queue_depth", {}, WATCHER)) >= 2);
      await eventually(async () => (await now("queue_oldest_seconds", {}, WATCHER)) > 0.5);
    } finally {
      end();
      free();
    }
    await gaugeBecomes("queue_depth", {}, 0);
    await gaugeBecomes("queue_oldest_seconds", {}, 0);
  });
});

describe("In the end", () => {
  test.each(metricNames)("%s has moved", (name) => {
    const ends = METRICS[name].type === "histogram" ? `${name}_count` : name;
    expect(metrics.moved).toContain(METRIC_PREFIX + ends);
  });

  test("no series was there twice", () => {
    expect([...metrics.doubles]).toEqual([]);
  });

  test("no label is the name of a Cluster", async () => {
    const texts = await Promise.all(MODULE_PROCESSES.map((process) => metrics.of(process)));
    expect(texts.flat().filter(({ labels }) => "cluster" in labels || "name" in labels)).toEqual([]);
  });
});
