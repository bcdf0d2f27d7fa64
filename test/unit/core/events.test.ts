/** Which Events users find, and on which object. */
import type { Turn } from "../../../lib/core/conditions";
import {
  eventOfRefusedCreate,
  eventsOfReleases,
  eventsOfTurns,
  eventsOfUpdate,
} from "../../../lib/core/events";
import { addressFacts, claimFacts, clusterFacts } from "../../../lib/adapters/kube-objects";
import type { Condition } from "../../../lib/core/facts";
import { CONTROL_PLANE, INGRESS } from "../../../lib/core/roles";
import { verdict, type Reason } from "../../../lib/core/verdict";
import { creating, gone, watching } from "../../gen/facts";
import {
  address,
  bound,
  claim,
  cluster,
  complete,
  free,
  globalPool,
  held,
  host,
  NOW,
  pool,
  stored,
  UID,
  VIP,
} from "../../gen/objects";

const condition = (status: Condition["status"], reason: string): Condition => ({
  type: "ControlPlaneVIPReady",
  status,
  reason,
  message: "the words",
  observedGeneration: 1,
  since: undefined,
});

type Said = readonly [Condition["status"], Reason] | undefined;

const turn = (from: Said, to: NonNullable<Said>, role = CONTROL_PLANE): Turn => ({
  role,
  before: from && condition(...from),
  after: condition(...to),
  verdict: verdict(to[1], "the detail"),
});

const CLUSTER = { kind: "Cluster", namespace: "team-a", name: "blue", uid: UID };
const own = { group: "ipam.cluster.x-k8s.io", kind: "InClusterIPPool", namespace: "team-a", name: "own" };

describe("A condition that turns", () => {
  const running = watching({ cluster: stored(complete()), claim: claim(bound), address: address() });
  const waiting = watching({ cluster: stored(held("NoMatchingPool")) });

  test.each<[string, Said, NonNullable<Said>, string]>([
    ["a first VIP is reserved", undefined, ["True", "Assigned"], "Reserve"],
    ["a VIP that came late completes", ["False", "NoMatchingPool"], ["True", "Assigned"], "Complete"],
    ["so does one after an unknown", ["Unknown", "Unreachable"], ["True", "Assigned"], "Complete"],
    ["two with one address conflict", ["True", "Assigned"], ["False", "AddressTaken"], "Conflict"],
    ["a claim that was deleted detaches", ["True", "Assigned"], ["True", "AddressDetached"], "Detach"],
  ])("%s", (_what, from, to, action) => {
    expect(eventsOfTurns(running, [turn(from, to)])).toMatchObject([
      { action, reason: to[1], note: "the words", regarding: CLUSTER, related: own },
    ]);
  });

  test("holds a Cluster that waits for its endpoint, and only that", () => {
    const actions = (role = CONTROL_PLANE, facts = waiting): string[] =>
      eventsOfTurns(facts, [turn(undefined, ["False", "NoMatchingPool"], role)]).map(({ action }) => action);
    expect(actions()).toEqual(["Hold"]);
    expect(actions(CONTROL_PLANE, running)).toEqual(["Wait"]);
    expect(actions(INGRESS, watching({ cluster: stored(held("NoMatchingPool")), ingress: {} }))).toEqual([
      "Wait",
    ]);
  });

  test("into Unknown is no Event: we only look away", () => {
    expect(eventsOfTurns(running, [turn(undefined, ["Unknown", "Paused"])])).toEqual([]);
  });

  test("because pools are empty is told to each of them, in words that are the same for all Clusters", () => {
    const facts = watching({
      cluster: stored(held("PoolExhausted")),
      pools: [pool("own", free(0)), globalPool("shared", free(0)), globalPool("other", free(3))],
    });
    const [onCluster, ...onPools] = eventsOfTurns(facts, [turn(undefined, ["False", "PoolExhausted"])]);
    expect(onCluster).toMatchObject({ action: "Hold", type: "Warning", regarding: CLUSTER });
    expect(onPools.map(({ action, regarding: { kind, name } }) => [action, kind, name])).toEqual([
      ["Exhaust", "InClusterIPPool", "own"],
      ["Exhaust", "GlobalInClusterIPPool", "shared"],
    ]);
    expect(onPools[0]).toMatchObject({ related: CLUSTER });
    expect(onPools[0]?.note).toBe(
      "InClusterIPPool own: No matching pool can give an address: it has no free address (PoolExhausted). " +
        "Enlarge a pool, free an address or add a pool; the Cluster is completed by itself then.",
    );
  });
});

describe("An address that is given back", () => {
  const release = { kind: "release-address" as const, address: addressFacts(address()) };
  const remove = { kind: "delete-claim" as const, claim: claimFacts(claim(), CONTROL_PLANE, NOW, NOW) };

  test("is told to its pool, and says which one and whose it was", () => {
    const [event, ...more] = eventsOfReleases(gone(), [release]);
    expect(more).toEqual([]);
    expect(event).toMatchObject({ action: "Release", reason: "Gone", type: "Normal", regarding: own });
    expect(event?.related).toMatchObject({ kind: "Cluster", name: "blue" });
    expect(event?.note).toMatch(new RegExp(`^The address ${VIP} is given back. Cluster team-a/blue: `));
  });

  test("goes with the claim of a Cluster that never came", () => {
    const [event] = eventsOfReleases(gone(), [remove]);
    expect(event?.note).toMatch(/^The claim vip-cp-blue is given back\./);
    expect(eventsOfReleases(watching(), [remove])).toEqual([]);
  });
});

describe("A create that is refused", () => {
  const of = verdict("HostAndVariableDiffer", "one and other");

  test("is told to the pool, because there is no Cluster", () => {
    const event = eventOfRefusedCreate(creating({ cluster: cluster(host(VIP)) }), of);
    expect(event).toMatchObject({
      action: "Refuse",
      reason: "HostAndVariableDiffer",
      type: "Warning",
      regarding: own,
      related: { kind: "Cluster", name: "blue" },
    });
    expect(event.note).toContain("Cluster team-a/blue: ");
  });

  test("without a pool is told to the claim, and without that to the name alone", () => {
    const onClaim = eventOfRefusedCreate(creating({ pools: [], claim: claim() }), of);
    expect(onClaim.regarding).toMatchObject({ kind: "IPAddressClaim", name: "vip-cp-blue" });
    const onName = eventOfRefusedCreate(creating({ pools: [] }), of);
    expect(onName.regarding).toEqual({
      group: "cluster.x-k8s.io",
      kind: "Cluster",
      namespace: "team-a",
      name: "blue",
    });
    expect(onName).not.toHaveProperty("related");
  });
});

describe("An update", () => {
  const old = clusterFacts(stored(complete()));

  test("that is refused, or gets the old VIP back, is told to the Cluster", () => {
    const warnings = [verdict("VipKept", "one to other")];
    expect(eventsOfUpdate(old, { edit: {}, warnings, refusal: undefined })).toMatchObject([
      { action: "Restore", reason: "VipKept", type: "Normal", regarding: CLUSTER },
    ]);
    const refusal = verdict("VipChange", "one to other");
    expect(eventsOfUpdate(old, { edit: {}, warnings: [], refusal })).toMatchObject([
      { action: "Refuse", reason: "VipChange", type: "Warning", regarding: CLUSTER },
    ]);
  });

  test("that only leaves out what we wrote is no Event, however often it comes", () => {
    const edit = { annotations: { some: "annotation" } };
    expect(eventsOfUpdate(old, { edit, warnings: [], refusal: undefined })).toEqual([]);
  });
});
