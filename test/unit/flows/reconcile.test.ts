/** The story of a pass over a stored Cluster, until nothing is left to write. */
import {
  APPLY_LATE,
  CLUSTER_NAME_LABEL,
  CLUSTER_UID,
  HOLD,
  IN_USE,
  PAUSED,
} from "../../../lib/core/contract";
import { reconcile } from "../../../lib/flows/reconcile";
import type { Return } from "../../../lib/ports/queue";
import { World } from "../../fakes/world";
import { Unread, type World as Objects } from "../../gen/facts";
import {
  address,
  annotated,
  bound,
  CLAIM,
  claim,
  clusterLabelled,
  complete,
  created,
  FORMER_UID,
  held,
  host,
  minutes,
  NAME,
  NAMESPACE,
  optedOut,
  OTHER_IP,
  owned,
  pausedByField,
  running,
  secured,
  stored,
  terminating,
  UID,
  VIP,
  VIP_ANNOTATION,
} from "../../gen/objects";

const look = (world: World): Promise<Return> =>
  reconcile({ namespace: NAMESPACE, name: NAME }, { inventory: world, executor: world, journal: world });
const worldWith = (objects: Objects): World => new World(objects);
const annotations = (world: World): Readonly<Record<string, string>> =>
  world.get("cluster")?.metadata.annotations ?? {};

describe("A pass", () => {
  test("adopts what admission made, the address first, and then rests", async () => {
    const world = worldWith({ cluster: stored(complete()), claim: claim(bound), address: address() });
    expect(await look(world)).toMatchObject({ kind: "rest", lookAgainMs: undefined });
    expect(world.writes).toEqual([
      `protect ${CLAIM} for ${UID}`,
      `own ${CLAIM} for ${UID}, label ${CLAIM} with ${NAME}`,
    ]);
    expect(world.get("address")?.metadata).toMatchObject({
      finalizers: expect.arrayContaining([IN_USE]) as unknown,
      annotations: { [CLUSTER_UID]: UID },
    });
    expect(world.get("claim")?.metadata.labels?.[CLUSTER_NAME_LABEL]).toBe(NAME);
    expect(world.records.at(-1)).toEqual({ row: "the VIP is in place", reason: "Assigned", outcome: "done" });
  });

  test("over a Cluster that has everything writes nothing and reads once", async () => {
    const world = worldWith({
      cluster: stored(complete()),
      claim: claim(bound, owned(), clusterLabelled),
      address: address(secured()),
    });
    expect(await look(world)).toMatchObject({ kind: "rest" });
    expect(world.writes).toEqual([]);
    expect(world.reads).toBe(1);
  });

  test("completes a hold whose address has come, and takes our pause off", async () => {
    const world = worldWith({
      cluster: stored(held("WaitingForAddress")),
      claim: claim(bound),
      address: address(),
    });
    await look(world);
    expect(world.writes).toEqual([
      `protect ${CLAIM} for ${UID}`,
      `own ${CLAIM} for ${UID}`,
      `edit ${NAME}`,
      `label ${CLAIM} with ${NAME}`,
    ]);
    expect(annotations(world)).toEqual({ [VIP_ANNOTATION]: VIP });
    expect(world.get("cluster")?.["spec"]).toMatchObject({ controlPlaneEndpoint: { host: VIP, port: 6443 } });
  });

  test("makes the claim of a held Cluster and rests until its address comes", async () => {
    const world = worldWith({ cluster: stored(held("NoMatchingPool")) });
    world.provides = false;
    expect(await look(world)).toMatchObject({
      kind: "rest",
      // An event may be lost: while something is owed, nobody relies on one.
      lookAgainMs: minutes(5),
      interests: [{ kind: "class" }, { kind: "pool" }],
    });
    expect(world.writes).toEqual([
      `create ${CLAIM} from InClusterIPPool own owned by ${UID}`,
      `edit ${NAME}`,
    ]);
    expect(annotations(world)[HOLD]).toBe("WaitingForAddress");
  });

  test("lifts a hold without a true reason, tidies up, and leaves no trace", async () => {
    const world = worldWith({ cluster: stored(held("Unreachable"), optedOut), claim: claim(owned()) });
    expect(await look(world)).toMatchObject({ kind: "rest" });
    expect(world.writes).toEqual([`delete ${CLAIM}`, `edit ${NAME}`, `edit ${NAME}`]);
    expect(annotations(world)).not.toHaveProperty([HOLD]);
    expect(annotations(world)).not.toHaveProperty([PAUSED]);
  });

  test("gives a claim back that a host of the user's made superfluous", async () => {
    const world = worldWith({
      cluster: stored(host(OTHER_IP, 6443)),
      claim: claim(bound),
      address: address(),
    });
    await look(world);
    expect(world.get("claim")).toBeUndefined();
    expect(world.get("address")).toBeUndefined();
    expect(world.get("cluster")?.["spec"]).toMatchObject({ controlPlaneEndpoint: { host: OTHER_IP } });
  });

  test("releases a former Cluster's address, then serves the new one of the name", async () => {
    const world = worldWith({
      cluster: stored(held("PreviousAddressReleasing")),
      address: address(secured(FORMER_UID), terminating()),
    });
    await look(world);
    expect(world.writes.slice(0, 2)).toEqual([
      `release ${CLAIM}`,
      `create ${CLAIM} from InClusterIPPool own owned by ${UID}`,
    ]);
  });

  test("writes a late VIP only when the user says so", async () => {
    const late = worldWith({ cluster: stored(running) });
    await look(late);
    expect(late.writes).toEqual([]);
    const told = worldWith({
      cluster: stored(running, annotated(APPLY_LATE)),
      claim: claim(bound, owned()),
      address: address(secured()),
    });
    await look(told);
    expect(told.writes).toEqual([`edit ${NAME}`, `label ${CLAIM} with ${NAME}`]);
  });

  test("leaves a paused Cluster as it is", async () => {
    const cluster = stored(held("NoMatchingPool"), pausedByField);
    const world = worldWith({ cluster });
    await look(world);
    expect(world.get("cluster")).toBe(cluster);
    expect(world.writes).toEqual([]);
  });
});

describe("What a Cluster left behind", () => {
  test("is released and swept in its time", async () => {
    const released = worldWith({ address: address(secured(), terminating()) });
    expect(await look(released)).toMatchObject({ kind: "rest" });
    expect(released.get("address")).toBeUndefined();
    const swept = worldWith({ claim: claim(bound), address: address() });
    await look(swept);
    expect(swept.writes).toEqual([`delete ${CLAIM}`]);
  });

  test("is looked at again when its time has come", async () => {
    const world = worldWith({ claim: claim(created(minutes(5))) });
    expect(await look(world)).toEqual({ kind: "rest", lookAgainMs: minutes(10), interests: [] });
  });
});

describe("A pass that fails", () => {
  test.each(["claim", "address", "class", "pools"] as const)(
    "to read the %s is tried again",
    async (what) => {
      const world = worldWith({ cluster: stored(), [what]: new Unread("HTTP 503") });
      expect(await look(world)).toMatchObject({ kind: "retry" });
      expect(world.writes).toEqual([]);
    },
  );

  test("to read the Cluster is tried again, and nothing is swept", async () => {
    const world = worldWith({ cluster: new Unread("HTTP 500"), claim: claim() });
    expect(await look(world)).toEqual({ kind: "retry", interests: [] });
    expect(world.writes).toEqual([]);
  });

  test.each(["refused", "unreachable"] as const)(
    "to write (%s) is tried again later, not at once",
    async (kind) => {
      const world = worldWith({ cluster: stored(complete()), claim: claim(bound), address: address() });
      world.failNext({ kind, why: "no" });
      expect(await look(world)).toMatchObject({ kind: "retry", interests: [{ kind: "class" }] });
      expect(world.reads).toBe(1);
      expect(world.records).toEqual([{ row: "the VIP is in place", reason: "Assigned", outcome: kind }]);
    },
  );

  test("by a conflict looks again at once and goes by what is there then", async () => {
    const world = worldWith({ cluster: stored(), claim: claim(bound, owned()), address: address(secured()) });
    world.afterNextRead(() => world.set("cluster", stored(host(OTHER_IP, 6443), terminating())));
    world.failNext({ kind: "conflict", why: "too old" });
    expect(await look(world)).toMatchObject({ kind: "rest" });
    expect(world.writes).toEqual([]);
    expect(world.records.map(({ outcome }) => outcome)).toEqual(["conflict", "done"]);
  });

  test("by conflict after conflict gives its worker back", async () => {
    const world = worldWith({ cluster: stored(complete()), claim: claim(bound), address: address() });
    world.failNext(...Array.from({ length: 100 }, () => ({ kind: "conflict", why: "too old" }) as const));
    expect(await look(world)).toMatchObject({ kind: "retry" });
    expect(world.reads).toBeLessThan(10);
  });
});
