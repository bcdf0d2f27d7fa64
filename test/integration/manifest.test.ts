/**
 * Which requests need the module at all? With every process of it down, a request that reaches the
 * webhook fails, and one that does not goes through. Nothing is stored: every update is a dry-run.
 */
import {
  CLUSTERS,
  HOLD_ANNOTATION,
  INFRA_CLUSTERS,
  isHeld,
  managementCluster,
  MODULE_PROCESSES,
  PAUSED_ANNOTATION,
  Refused,
  VIP_ANNOTATION,
  vipOf,
  type Cluster,
  type Site,
  type Stored,
} from "./support";

const management = managementCluster();

const DELETE_FOR_MOVE = "clusterctl.cluster.x-k8s.io/delete-for-move";
const KEEP = "example.com/keep";

let site: Site;
let poor: Site;

/** Clusters of every sort, stored while the module was up. */
beforeAll(async () => {
  [site, poor] = await Promise.all([management.newSite(), management.newSite()]);
  await Promise.all([site.hasClassAndPool(), site.hasClass({ name: "other" }), poor.hasClass()]);
  const enabled = { "vip.capi.gorizond.io/apply-late": "true" };
  await Promise.all([
    site.createCluster({ name: "complete", variables: { region: "north" }, annotations: enabled }),
    site.createCluster({
      name: "resting",
      annotations: { "vip.capi.gorizond.io/control-plane-enabled": "false", [PAUSED_ANNOTATION]: "by-me" },
    }),
    site.createCluster({ name: "going", annotations: { [PAUSED_ANNOTATION]: "by-me" } }),
    poor.createCluster({ name: "waiting" }),
  ]);
  await site.adopted("complete");
  await site.rendered("complete");
  await site.api.merge(CLUSTERS, site.at("going"), { metadata: { finalizers: [KEEP] } });
  await site.deleteCluster("going");
  expect(isHeld(await poor.clusterOf("waiting"))).toBe(true);
  expect(vipOf(await site.clusterOf("complete"))).toBeDefined();
  for (const name of MODULE_PROCESSES) await management.sandbox.process(name).stop();
}, 60_000);

async function reachesWebhook(request: () => Promise<unknown>): Promise<boolean> {
  try {
    await request();
    return false;
  } catch (error) {
    if (error instanceof Refused && error.message.includes("failed calling webhook")) return true;
    throw error;
  }
}

const changed = (namespace: () => Site, name: string, patch: unknown) => () =>
  reachesWebhook(() => namespace().api.merge(CLUSTERS, namespace().at(name), patch, { dryRun: true }));

const inSite = (name: string, patch: unknown) => changed(() => site, name, patch);
const inPoor = (patch: unknown) => changed(() => poor, "waiting", patch);

const annotations = (values: Record<string, string | null>): unknown => ({
  metadata: { annotations: values },
});
const variables = (values: unknown): unknown => ({ spec: { topology: { variables: values } } });
const endpoint = (value: unknown): unknown => ({ spec: { controlPlaneEndpoint: value } });

const created = (wish: Parameters<Site["createCluster"]>[0]) => () =>
  reachesWebhook(() => site.createCluster(wish, { dryRun: true }));

const refs = {
  infrastructureRef: { apiGroup: INFRA_CLUSTERS.group, kind: "LabCluster", name: "moved" },
};

type Case = readonly [string, () => Promise<boolean>];

describe("needs the module", () => {
  const cases: readonly Case[] = [
    ["a create", created({ name: "new" })],
    ["the endpoint dropped", inSite("complete", endpoint(null))],
    ["the port dropped", inSite("complete", endpoint({ port: null }))],
    ["another host", inSite("complete", endpoint({ host: "192.0.2.99" }))],
    ["every variable dropped", inSite("complete", variables(null))],
    [
      "our variable dropped from the list",
      inSite("complete", variables([{ name: "region", value: "north" }])),
    ],
    ["our variable emptied", inSite("complete", variables([{ name: "clusterVip", value: "" }]))],
    [
      "our variable with another value",
      inSite("complete", variables([{ name: "clusterVip", value: "192.0.2.99" }])),
    ],
    ["the VIP annotation dropped", inSite("complete", annotations({ [VIP_ANNOTATION]: null }))],
    ["the VIP annotation changed", inSite("complete", annotations({ [VIP_ANNOTATION]: "192.0.2.99" }))],
    [
      "another annotation of ours dropped",
      inSite("complete", annotations({ "vip.capi.gorizond.io/apply-late": null })),
    ],
    ["every annotation dropped", inSite("complete", { metadata: { annotations: null } })],
    [
      "a rebase to another class",
      inSite("complete", { spec: { topology: { classRef: { name: "other" } } } }),
    ],
    ["the hold of a held Cluster removed", inPoor(annotations({ [HOLD_ANNOTATION]: null }))],
    ["the hold released", inPoor(annotations({ [HOLD_ANNOTATION]: "released" }))],
    ["the pause of a held Cluster removed", inPoor(annotations({ [PAUSED_ANNOTATION]: null }))],
    ["the pause of a held Cluster changed", inPoor(annotations({ [PAUSED_ANNOTATION]: "by-me" }))],
  ];
  test.each(cases)("%s", async (_, request) => {
    expect(await request()).toBe(true);
  });
});

describe("goes through without the module", () => {
  const cases: readonly Case[] = [
    ["a create without a topology", () => reachesWebhook(createWithoutTopology)],
    ["a create with its infrastructure, as in a move", created({ name: "moved", spec: refs })],
    ["a label", inSite("complete", { metadata: { labels: { colour: "blue" } } })],
    ["an annotation of somebody else", inSite("complete", annotations({ "example.com/note": "x" }))],
    [
      "an annotation of ours added",
      inSite("complete", annotations({ "vip.capi.gorizond.io/ingress-enabled": "false" })),
    ],
    ["scaling", inSite("complete", { spec: { topology: { controlPlane: { replicas: 3 } } } })],
    ["another variable changed", () => reachesWebhook(changeRegion)],
    ["a finalizer", inSite("complete", { metadata: { finalizers: [KEEP] } })],
    ["a pause by field", inSite("complete", { spec: { paused: true } })],
    ["a pause by annotation", inSite("complete", annotations({ [PAUSED_ANNOTATION]: "by-me" }))],
    [
      "the endpoint dropped while clusterctl deletes for a move",
      inSite("complete", {
        metadata: { annotations: { [DELETE_FOR_MOVE]: "" } },
        spec: { controlPlaneEndpoint: null },
      }),
    ],
    [
      "everything dropped from a Cluster that is going",
      inSite("going", {
        metadata: { annotations: null },
        spec: { controlPlaneEndpoint: null, topology: { variables: null } },
      }),
    ],
    ["the last finalizer of a Cluster that is going", inSite("going", { metadata: { finalizers: null } })],
    [
      "a user's pause removed from a Cluster that is none of ours",
      inSite("resting", annotations({ [PAUSED_ANNOTATION]: null })),
    ],
    [
      "all annotations removed from a Cluster that is none of ours",
      inSite("resting", { metadata: { annotations: null } }),
    ],
    ["a label on a held Cluster", inPoor({ metadata: { labels: { colour: "blue" } } })],
    [
      "status",
      () =>
        reachesWebhook(() =>
          site.api.mergeStatus(CLUSTERS, site.at("complete"), { status: { phase: "Provisioning" } }),
        ),
    ],
    ["the deletion", () => reachesWebhook(() => site.deleteCluster("complete", { dryRun: ["All"] }))],
  ];
  test.each(cases)("%s", async (_, request) => {
    expect(await request()).toBe(false);
  });
});

function createWithoutTopology(): Promise<unknown> {
  const manifest = site.manifest({ name: "classless" });
  return site.api.create<Stored>(
    CLUSTERS,
    { ...manifest, spec: { ...refs, clusterNetwork: { serviceDomain: "cluster.local" } } },
    { dryRun: true },
  );
}

async function changeRegion(): Promise<unknown> {
  const { spec } = await site.clusterOf("complete");
  const list = (spec.topology?.variables ?? []).map(({ name, value }) => ({
    name,
    value: name === "region" ? "south" : value,
  }));
  return site.api.merge<Cluster>(CLUSTERS, site.at("complete"), variables(list), { dryRun: true });
}
