/**
 * Pools of another IPAM provider, by the setting VIP_POOL_KINDS. The kind is made up, the API server that
 * keeps it is real, and the provider is played here: it is told nothing but what is in the claim.
 */
import { readFileSync } from "node:fs";
import {
  ADDRESSES,
  annotationOf,
  buildWith,
  CLAIMS,
  claimName,
  CLUSTERS,
  eventually,
  expectRenderedOnceWith,
  HOLD_ANNOTATION,
  managementCluster,
  MODULE_PROCESSES,
  variableOf,
  VIP_ANNOTATION,
  vipOf,
  type Build,
  type Claim,
  type Cluster,
  type KubeObject,
  type Resource,
  type Site,
  type Stored,
} from "./support";

const management = managementCluster({ install: false });

const EXAMPLE_POOLS: Resource = { group: "ipam.example.org", version: "v1", plural: "examplepools" };
const SETTING = "ipam.example.org/v1/ExamplePool/examplepools/Namespaced";

/** No status at all: what a provider tells of its pools is its own affair. */
const definition: KubeObject = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "examplepools.ipam.example.org" },
  spec: {
    group: EXAMPLE_POOLS.group,
    scope: "Namespaced",
    names: { kind: "ExamplePool", plural: EXAMPLE_POOLS.plural, singular: "examplepool" },
    versions: [
      {
        name: EXAMPLE_POOLS.version,
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: "object",
            properties: { spec: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
          },
        },
      },
    ],
  },
};

const examplePool = ({ namespace }: Site, clusterClass = "lab"): KubeObject => ({
  apiVersion: "ipam.example.org/v1",
  kind: "ExamplePool",
  metadata: {
    name: "vips",
    namespace,
    labels: {
      "vip.capi.gorizond.io/cluster-class": clusterClass,
      "vip.capi.gorizond.io/role": "control-plane",
    },
  },
  spec: { network: "north" },
});

/** What the IPAM contract asks of a provider, for one claim. */
async function provide({ api, namespace }: Site, cluster: string, address: string): Promise<void> {
  const name = claimName(cluster);
  const { apiVersion, kind, metadata, spec } = await eventually(
    () => api.find<Claim>(CLAIMS, namespace, name),
    { withinMs: 30_000, what: `a claim for ${cluster}` },
  );
  const pool = await api.get<Stored>(EXAMPLE_POOLS, namespace, spec.poolRef.name);
  const owner = (of: Pick<Stored, "apiVersion" | "kind" | "metadata">, controller: boolean): object => ({
    apiVersion: of.apiVersion,
    kind: of.kind,
    name: of.metadata.name,
    uid: of.metadata.uid,
    controller,
    blockOwnerDeletion: true,
  });
  await api.create(ADDRESSES, {
    apiVersion: "ipam.cluster.x-k8s.io/v1beta2",
    kind: "IPAddress",
    metadata: {
      name,
      namespace,
      ownerReferences: [owner({ apiVersion, kind, metadata }, true), owner(pool, false)],
    },
    spec: { address, prefix: 24, claimRef: { name }, poolRef: spec.poolRef },
  });
  await api.mergeStatus(CLAIMS, { namespace, name }, { status: { addressRef: { name } } });
}

/** The same when the claim is gone. */
async function takeBack(site: Site, cluster: string): Promise<void> {
  await site.gone(CLAIMS, claimName(cluster));
  await site.api.delete(ADDRESSES, site.at(claimName(cluster)));
}

let build: Build;

beforeAll(async () => {
  build = await buildWith({ VIP_POOL_KINDS: SETTING });
  await management.kubectl(["apply", "-f", "-"], { input: JSON.stringify(definition) });
  await management.kubectl(["wait", "--for=condition=Established", "crd", definition.metadata.name]);
  await management.sandbox.installModule({ dist: build.dist });
}, 240_000);

afterAll(() => build.remove());

describe("A pool of a kind that the setting names", () => {
  test("gives a Cluster its VIP in the first revision", async () => {
    const site = await management.newSite();
    await Promise.all([site.hasClass(), site.put(examplePool(site))]);
    const [{ object }] = await Promise.all([
      site.createCluster({ name: "paris" }),
      provide(site, "paris", "10.30.0.5"),
    ]);
    expect(vipOf(object)).toBe("10.30.0.5");
    expect(variableOf(object)).toBe("10.30.0.5");
    expect(annotationOf(object, VIP_ANNOTATION)).toBe("10.30.0.5");
    expect((await site.claimOf("paris"))?.spec.poolRef).toEqual({
      apiGroup: "ipam.example.org",
      kind: "ExamplePool",
      name: "vips",
    });
    expectRenderedOnceWith("10.30.0.5", await site.rendered("paris"));
    const [first] = await site.history<Cluster>(CLUSTERS, "paris");
    expect(first && vipOf(first)).toBe("10.30.0.5");
  });

  test("keeps the address for the Cluster, and lets it go when the Cluster is gone", async () => {
    const site = await management.newSite();
    await Promise.all([site.hasClass(), site.put(examplePool(site))]);
    await Promise.all([site.createCluster({ name: "lyon" }), provide(site, "lyon", "10.30.0.6")]);
    await site.adopted("lyon");
    await site.deleteCluster("lyon");
    await takeBack(site, "lyon");
    await site.gone(ADDRESSES, claimName("lyon"));
  });

  test("wakes a held Cluster within a second when it comes to match", async () => {
    const site = await management.newSite();
    await Promise.all([site.hasClass(), site.put(examplePool(site, "other"))]);
    await site.createCluster({ name: "nice" });
    await site.held("nice", "NoMatchingPool");
    await site.put(examplePool(site, "lab"));
    const claim = await eventually(() => site.claimOf("nice"), { withinMs: 1000, what: "the claim" });
    expect(claim.spec.poolRef.kind).toBe("ExamplePool");
    await provide(site, "nice", "10.30.0.7");
    expect(vipOf(await site.completed("nice"))).toBe("10.30.0.7");
  });
});

describe("A kind that the API server does not have", () => {
  const MISSING = "the API server has no missingpools.ipam.example.org in the version v1";

  beforeAll(async () => {
    await management.kubectl(["create", "-f", "-"], { input: JSON.stringify(mayReadMissingPools) });
    for (const name of MODULE_PROCESSES) await management.sandbox.process(name).stop();
    const VIP_POOL_KINDS = "ipam.example.org/v1/MissingPool/missingpools/Namespaced";
    await management.sandbox.installModule({ dist: build.dist, env: { VIP_POOL_KINDS } });
    // Pepr would end it after half a minute, and a process that ends fails the test.
    await management.sandbox.process("watcher").stop();
  }, 60_000);

  test("is said at the start of every process", () => {
    for (const name of MODULE_PROCESSES) {
      const lines = readFileSync(management.sandbox.process(name).logFile, "utf8").split("\n");
      const line = lines.find((each) => each.includes("A kind of VIP_POOL_KINDS cannot be read"));
      expect(line).toContain(MISSING);
    }
  });

  test("holds Clusters, because its pools could be the ones to take", async () => {
    const site = await management.newSite();
    await site.hasClassAndPool();
    const { object, warnings } = await site.createCluster({ name: "nantes" });
    expect(annotationOf(object, HOLD_ANNOTATION)).toBe("Unreachable");
    expect(warnings.join(" ")).toContain(MISSING);
  });
});

/** The right alone makes no kind. */
const mayReadMissingPools = {
  apiVersion: "v1",
  kind: "List",
  items: [
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name: "reads-missing-pools" },
      rules: [
        { apiGroups: ["ipam.example.org"], resources: ["missingpools"], verbs: ["get", "list", "watch"] },
      ],
    },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: "reads-missing-pools" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "reads-missing-pools" },
      subjects: [
        { kind: "Group", name: "system:serviceaccounts:pepr-system", apiGroup: "rbac.authorization.k8s.io" },
      ],
    },
  ],
};
