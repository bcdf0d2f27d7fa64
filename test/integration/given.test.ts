/** VIPs that people give by hand: kept, reserved where a pool has them, refused where somebody else has them. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { type ClusterOptions } from "../../sandbox/fixtures";
import { CHANGE } from "../support/readme";
import { writeVerbs } from "../../sandbox/sandbox";
import {
  ADDRESSES,
  annotationOf,
  CLAIMS,
  CLUSTERS,
  eventually,
  expectRenderedOnceWith,
  isHeld,
  managementCluster,
  Refused,
  variableOf,
  VIP_ANNOTATION,
  vipOf,
  watcherSaid,
  type Answer,
  type Cluster,
  type Site,
} from "./support";

const lab = managementCluster({ env: { VIP_ADMISSION_BUDGET: "4" } });

const ALLOW = "vip.capi.gorizond.io/allow-change";
const REPLACED = "vip.capi.gorizond.io/control-plane-vip-replaced";
const OPT_OUTS = ["control-plane", "ingress"].map((role) => `vip.capi.gorizond.io/${role}-enabled`);

/** Runs what begins with `kubectl` as a shell does, and fails as it does. */
async function shell({ namespace }: Site, line: string): Promise<void> {
  const typed = line.replace(/^kubectl/, `${lab.sandbox.kubectlPath} --namespace=${namespace}`);
  const { dir, kubeconfig } = lab.sandbox;
  await promisify(execFile)("/bin/sh", ["-ec", typed], { env: { HOME: dir, KUBECONFIG: kubeconfig } });
}

/** A namespace with a class and a pool for it. */
async function siteWith(addresses: string, name = "vips"): Promise<Site> {
  const site = await lab.newSite();
  await Promise.all([site.hasClass(), site.hasPool({ name, addresses: [addresses] })]);
  return site;
}

const given = (host: string): Partial<ClusterOptions> => ({ spec: { controlPlaneEndpoint: { host } } });

const create = async (site: Site, name: string, more: Partial<ClusterOptions> = {}): Promise<Cluster> =>
  (await site.createCluster({ ...more, name })).object;

async function refusalOf(request: Promise<unknown>): Promise<Refused> {
  const error = await request.then(
    () => new Error("it was not refused"),
    (reason: unknown) => reason,
  );
  if (!(error instanceof Refused)) throw error;
  return error;
}

const free = async (site: Site, pool = "vips"): Promise<number | undefined> => {
  const { stdout } = await site.kubectl([
    "get",
    "inclusterippools.ipam.cluster.x-k8s.io",
    pool,
    "-o",
    "jsonpath={.status.ipAddresses.free}",
  ]);
  return stdout === "" ? undefined : Number(stdout);
};

describe("An endpoint that a user gives", () => {
  test("GB1: is kept and reserved in its pool, and no second address is taken", async () => {
    const site = await siteWith("10.50.0.10-10.50.0.19");
    const made = await create(site, "a", given("10.50.0.14"));

    expect(made.spec.controlPlaneEndpoint).toEqual({ host: "10.50.0.14", port: 6443 });
    expect(isHeld(made)).toBe(false);
    await site.adopted("a");
    const addresses = await site.addresses();
    expect(addresses.map(({ spec }) => spec.address)).toEqual(["10.50.0.14"]);
    expect((await site.claimOf("a"))?.status?.addressRef?.name).toBe("vip-cp-a");
    await eventually(async () => (await free(site)) === 9, {
      withinMs: 30_000,
      what: "one address to be counted as used",
    });
  });

  test("GB8: the variable follows it, is rendered once, and comes back when an apply drops it", async () => {
    const site = await siteWith("10.50.1.10-10.50.1.19");
    const made = await create(site, "a", given("10.50.1.14"));
    expect([variableOf(made), annotationOf(made, VIP_ANNOTATION)]).toEqual(["10.50.1.14", "10.50.1.14"]);
    expectRenderedOnceWith("10.50.1.14", await site.rendered("a"));

    const dropped = await lab.api.merge<Cluster>(CLUSTERS, site.at("a"), {
      spec: { topology: { variables: [] } },
    });
    expect(variableOf(dropped.object)).toBe("10.50.1.14");
    expectRenderedOnceWith("10.50.1.14", await site.rendered("a"));
  });

  test("is never given to anybody else by the pool", async () => {
    const site = await siteWith("10.50.2.10-10.50.2.12");
    await create(site, "hand", given("10.50.2.10"));
    const others = await Promise.all(["b", "c"].map((name) => create(site, name)));
    expect(others.map(vipOf).sort()).toEqual(["10.50.2.11", "10.50.2.12"]);
  });

  test("outside every pool is kept, and nothing is claimed", async () => {
    const site = await siteWith("10.50.3.10-10.50.3.12");
    const made = await create(site, "a", given("192.0.2.77"));
    expect([vipOf(made), variableOf(made)]).toEqual(["192.0.2.77", "192.0.2.77"]);
    await site.rendered("a");
    expect(await site.claims()).toEqual([]);
  });

  test("as a name is left alone: nothing is claimed, and nobody looks who else has it", async () => {
    const site = await siteWith("10.50.4.10-10.50.4.12");
    for (const name of ["a", "b"]) {
      const made = await create(site, name, given("api.example.org"));
      expect(vipOf(made)).toBe("api.example.org");
      expect(annotationOf(made, VIP_ANNOTATION)).toBeUndefined();
    }
    expect(await site.claims()).toEqual([]);
  });

  test("in the variable alone becomes the endpoint, and is reserved", async () => {
    const site = await siteWith("10.50.5.10-10.50.5.12");
    const made = await create(site, "a", { variables: { clusterVip: "10.50.5.11" } });
    expect([vipOf(made), variableOf(made)]).toEqual(["10.50.5.11", "10.50.5.11"]);
    expect((await site.adopted("a")).metadata.name).toBe("vip-cp-a");
    expect((await site.addressOf("a"))?.spec.address).toBe("10.50.5.11");
  });

  test("is reserved in a pool of IPv6 addresses, whatever its spelling", async () => {
    const site = await lab.newSite();
    await Promise.all([
      site.hasClass(),
      site.hasPool({ name: "six", addresses: ["fd00:50::10-fd00:50::1f"] }),
    ]);
    const made = await create(site, "a", given("FD00:50:0::0014"));
    expect(isHeld(made)).toBe(false);
    await site.adopted("a");
    expect((await site.addressOf("a"))?.spec.address).toBe("fd00:50::14");
  });

  test("lets its address go with the Cluster", async () => {
    const site = await siteWith("10.50.6.10-10.50.6.12");
    await create(site, "a", given("10.50.6.11"));
    await site.adopted("a");
    await site.deleteCluster("a");
    await site.gone(ADDRESSES, "vip-cp-a");
    await site.gone(CLAIMS, "vip-cp-a");
    expect(vipOf(await create(site, "b", given("10.50.6.11")))).toBe("10.50.6.11");
  });

  test("in a dry-run is looked at, and nothing is written", async () => {
    const site = await siteWith("10.50.7.10-10.50.7.12");
    const made = await site.createCluster({ name: "a", ...given("10.50.7.11") }, { dryRun: true });
    expect(vipOf(made.object)).toBe("10.50.7.11");
    expect([await site.claims(), await site.addresses()]).toEqual([[], []]);
  });
});

describe("An endpoint that somebody else has", () => {
  test("by a pool is refused, and the refusal names who", async () => {
    const site = await siteWith("10.51.0.10-10.51.0.19");
    const vip = vipOf(await create(site, "a")) ?? "";
    const { message } = await refusalOf(site.createCluster({ name: "b", ...given(vip) }));
    expect(message).toContain(`AddressTaken`);
    expect(message).toContain(`Cluster ${site.namespace}/a`);
    expect((await site.claims()).map(({ metadata }) => metadata.name)).toEqual(["vip-cp-a"]);
    expect((await site.addresses()).map(({ metadata }) => metadata.name)).toEqual(["vip-cp-a"]);
  });

  test("by hand, in another namespace and outside every pool, is refused", async () => {
    const [one, other] = await Promise.all([
      siteWith("10.51.1.10-10.51.1.19"),
      siteWith("10.51.2.10-10.51.2.19"),
    ]);
    await create(one, "a", given("192.0.2.80"));
    const { message } = await refusalOf(other.createCluster({ name: "b", ...given("192.0.2.80") }));
    expect(message).toContain(`192.0.2.80 of Cluster ${one.namespace}/a`);
  });

  test("by a claim that is no Cluster's is refused", async () => {
    const site = await siteWith("10.51.3.10-10.51.3.10");
    await site.put({
      apiVersion: "ipam.cluster.x-k8s.io/v1beta2",
      kind: "IPAddressClaim",
      metadata: { name: "printer", namespace: site.namespace },
      spec: { poolRef: { apiGroup: "ipam.cluster.x-k8s.io", kind: "InClusterIPPool", name: "vips" } },
    });
    await eventually(async () => (await site.addresses()).length === 1);
    const { message } = await refusalOf(site.createCluster({ name: "b", ...given("10.51.3.10") }));
    expect(message).toContain(`IPAddress ${site.namespace}/printer`);
    expect((await site.claims()).map(({ metadata }) => metadata.name)).toEqual(["printer"]);
  });

  test("inside the Cluster's own networks is refused, and the refusal names the network", async () => {
    const site = await siteWith("10.51.4.10-10.51.4.19");
    const spec = {
      controlPlaneEndpoint: { host: "10.96.0.10" },
      clusterNetwork: { services: { cidrBlocks: ["10.96.0.0/12"] } },
    };
    const { message } = await refusalOf(site.createCluster({ name: "b", spec }));
    expect(message).toContain("10.96.0.10 in 10.96.0.0/12");
  });

  test("twice at once is stored at most once, and one can have it afterwards", async () => {
    const site = await siteWith("10.51.5.10-10.51.5.19");
    const names = ["a", "b", "c", "d"];
    const answers = await Promise.allSettled(
      names.map((name) => site.createCluster({ name, ...given("10.51.5.12") })),
    );
    const stored = answers.flatMap((answer) =>
      answer.status === "fulfilled" ? (answer as PromiseFulfilledResult<Answer<Cluster>>).value.object : [],
    );
    const rendered = stored.filter((cluster) => !isHeld(cluster));
    expect(rendered.length).toBeLessThanOrEqual(1);
    if (rendered.length === 1) return;
    // All gave way to each other; what they left behind goes, and the address can be had.
    await Promise.all(stored.map(({ metadata }) => site.deleteCluster(metadata.name)));
    await eventually(
      async () => vipOf(await create(site, "e", given("10.51.5.12"))) === "10.51.5.12" || undefined,
      { withinMs: 30_000, what: "the address to be had by one that comes alone" },
    );
  });
});

describe("Found later: one address that two Clusters have", () => {
  /** What the module wrote on a Cluster, oldest first. */
  const writesOn = async ({ namespace }: Site, name: string): Promise<readonly string[]> => {
    const requests = await lab.requestsOfModule({ namespace, resource: "clusters", name, verb: writeVerbs });
    return requests.map(({ verb, uri }) => `${verb} ${uri}`);
  };
  const stands = (site: Site) =>
    Promise.all(
      ["a", "b"].map(async (name) => {
        const cluster = await site.clusterOf(name);
        const { spec } = cluster;
        return { spec, vip: annotationOf(cluster, VIP_ANNOTATION), writes: await writesOn(site, name) };
      }),
    );

  const complete = (host: string): Partial<ClusterOptions> => ({
    spec: { controlPlaneEndpoint: { host, port: 6443 } },
    variables: { clusterVip: host },
  });

  test.each([
    ["in a pool, of a host alone,", "10.51.6.14", "10.51.6.10-10.51.6.19", given],
    ["in a pool, of a VIP that is complete,", "10.51.7.14", "10.51.7.10-10.51.7.19", complete],
    ["outside every pool, of a VIP that is complete,", "192.0.2.95", "10.51.8.10-10.51.8.19", complete],
  ])("%s is said of both, and neither is changed for it", async (where, host, addresses, wish) => {
    const site = await siteWith(addresses);
    await create(site, "a", given(host));
    // At one that is nobody's of ours nobody looks.
    const annotations = Object.fromEntries(OPT_OUTS.map((optOut) => [optOut, "false"]));
    await create(site, "b", { ...wish(host), annotations });
    // Otherwise what a VIP still lacks is written, as it is for every Cluster.
    if (wish === complete) await site.annotate("b", { [VIP_ANNOTATION]: host });
    for (const name of ["a", "b"]) await site.rendered(name);
    if (where.startsWith("in a pool")) await site.adopted("a");
    const before = await stands(site);

    await site.annotate("b", Object.fromEntries(OPT_OUTS.map((optOut) => [optOut, null])));
    for (const name of ["a", "b"]) await watcherSaid(lab, site, name, "AddressTaken");

    for (const name of ["a", "b"]) await site.label(name, { touched: "yes" });
    await create(site, "later");
    await site.rendered("later");
    await site.adopted("later");
    expect(await stands(site)).toEqual(before);
    expect(await site.claimOf("b")).toBeUndefined();
  });
});

describe("Another VIP for a Cluster that has one", () => {
  const change = (site: Site, name: string, host: string, annotations: object = {}, more: object = {}) =>
    lab.api.merge<Cluster>(CLUSTERS, site.at(name), {
      metadata: { annotations },
      spec: { controlPlaneEndpoint: { host }, ...more },
    });
  const inVariable = (value: string) => ({ topology: { variables: [{ name: "clusterVip", value }] } });

  test("before machines run is put back, and the user is told", async () => {
    const site = await siteWith("10.52.0.10-10.52.0.19");
    const vip = vipOf(await create(site, "a"));
    const { object, warnings } = await change(site, "a", "10.52.0.200");
    expect([vipOf(object), variableOf(object)]).toEqual([vip, vip]);
    expect(warnings.join()).toContain("VipKept");
  });

  test("with the user's word is taken in host and variable, and the former one stays reserved", async () => {
    const site = await siteWith("10.52.1.10-10.52.1.19");
    const vip = vipOf(await create(site, "a"));
    await site.adopted("a");
    const { object } = await change(
      site,
      "a",
      "192.0.2.90",
      { [ALLOW]: "192.0.2.90" },
      inVariable("192.0.2.90"),
    );
    expect([vipOf(object), variableOf(object), annotationOf(object, VIP_ANNOTATION)]).toEqual([
      "192.0.2.90",
      "192.0.2.90",
      "192.0.2.90",
    ]);
    expect(annotationOf(object, ALLOW)).toBeUndefined();
    expect(annotationOf(object, REPLACED)).toBe(vip);

    await site.annotate("a", { note: "seen" });
    expect((await site.addressOf("a"))?.spec.address).toBe(vip);
    await site.annotate("a", { [REPLACED]: null });
    await site.gone(CLAIMS, "vip-cp-a");
    await site.gone(ADDRESSES, "vip-cp-a");
  });

  test("by the README's command is taken, also while machines run", async () => {
    const site = await siteWith("10.52.3.10-10.52.3.19");
    const vip = vipOf(await create(site, "demo"));
    await site.starts("demo");

    await shell(site, CHANGE);

    const changed = await site.clusterOf("demo");
    expect(changed.spec.controlPlaneEndpoint).toEqual({ host: "192.0.2.10", port: 6443 });
    expect([variableOf(changed), annotationOf(changed, VIP_ANNOTATION)]).toEqual([
      "192.0.2.10",
      "192.0.2.10",
    ]);
    expect([annotationOf(changed, ALLOW), annotationOf(changed, REPLACED)]).toEqual([undefined, vip]);
  });

  test("in the variable alone, with the user's word, takes the endpoint along", async () => {
    const site = await siteWith("10.52.4.10-10.52.4.19");
    const vip = vipOf(await create(site, "a"));
    const { object } = await lab.api.merge<Cluster>(CLUSTERS, site.at("a"), {
      metadata: { annotations: { [ALLOW]: "192.0.2.92" } },
      spec: inVariable("192.0.2.92"),
    });
    expect(object.spec.controlPlaneEndpoint).toEqual({ host: "192.0.2.92", port: 6443 });
    expect([variableOf(object), annotationOf(object, VIP_ANNOTATION)]).toEqual(["192.0.2.92", "192.0.2.92"]);
    expect(annotationOf(object, REPLACED)).toBe(vip);
  });

  test("in the host alone is refused with the user's word, too: nobody has checked the variable", async () => {
    const site = await siteWith("10.52.5.10-10.52.5.19");
    const vip = vipOf(await create(site, "a"));
    const { message } = await refusalOf(change(site, "a", "192.0.2.93", { [ALLOW]: "192.0.2.93" }));
    expect(message).toContain("192.0.2.93, but not the variable");
    expect(message).toContain("(VariableNotChanged)");
    const kept = await site.clusterOf("a");
    expect([vipOf(kept), variableOf(kept), annotationOf(kept, ALLOW)]).toEqual([vip, vip, undefined]);
  });

  test("while machines run is refused, in words that say how it could be had", async () => {
    const site = await siteWith("10.52.2.10-10.52.2.19");
    const vip = vipOf(await create(site, "a"));
    await site.starts("a");
    const { message } = await refusalOf(change(site, "a", "192.0.2.91"));
    expect(message).toContain(`${vip} to 192.0.2.91`);
    expect(message).toContain(ALLOW);
    expect(vipOf(await site.clusterOf("a"))).toBe(vip);
  });
});
