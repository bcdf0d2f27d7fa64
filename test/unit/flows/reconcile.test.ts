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
import { failed } from "../../fakes/api-server";
import { Stage } from "../../fakes/stage";
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

const look = (stage: Stage): Promise<Return> => reconcile(Stage.key, stage.ports);
const stageWith = (objects: Objects): Stage => new Stage(objects);
const annotations = (stage: Stage): Readonly<Record<string, string>> =>
  stage.get("cluster")?.metadata.annotations ?? {};

describe("A pass", () => {
  test("adopts what admission made, the address first, and then rests", async () => {
    const stage = stageWith({ cluster: stored(complete()), claim: claim(bound), address: address() });
    expect(await look(stage)).toMatchObject({ kind: "rest", lookAgainMs: undefined });
    expect(stage.writes).toEqual([
      `protect ${CLAIM} for ${UID}`,
      `own ${CLAIM} for ${UID}, label ${CLAIM} with ${NAME}`,
    ]);
    expect(stage.get("address")?.metadata).toMatchObject({
      finalizers: expect.arrayContaining([IN_USE]) as unknown,
      annotations: { [CLUSTER_UID]: UID },
    });
    expect(stage.get("claim")?.metadata.labels?.[CLUSTER_NAME_LABEL]).toBe(NAME);
    expect(stage.records.at(-1)).toEqual({ row: "the VIP is in place", reason: "Assigned", outcome: "done" });
  });

  test("over a Cluster that has everything writes nothing and reads once", async () => {
    const stage = stageWith({
      cluster: stored(complete()),
      claim: claim(bound, owned(), clusterLabelled),
      address: address(secured()),
    });
    expect(await look(stage)).toMatchObject({ kind: "rest" });
    expect(stage.writes).toEqual([]);
    expect(stage.reads).toBe(1);
  });

  test("completes a hold whose address has come, and takes our pause off", async () => {
    const stage = stageWith({
      cluster: stored(held("WaitingForAddress")),
      claim: claim(bound),
      address: address(),
    });
    await look(stage);
    expect(stage.writes).toEqual([
      `protect ${CLAIM} for ${UID}`,
      `own ${CLAIM} for ${UID}`,
      `edit ${NAME}`,
      `label ${CLAIM} with ${NAME}`,
    ]);
    expect(annotations(stage)).toEqual({ [VIP_ANNOTATION]: VIP });
    expect(stage.get("cluster")?.["spec"]).toMatchObject({ controlPlaneEndpoint: { host: VIP, port: 6443 } });
  });

  test("makes the claim of a held Cluster and rests until its address comes", async () => {
    const stage = stageWith({ cluster: stored(held("NoMatchingPool")) });
    stage.provides = false;
    expect(await look(stage)).toMatchObject({
      kind: "rest",
      // An event may be lost: while something is owed, nobody relies on one.
      lookAgainMs: minutes(5),
      interests: [{ kind: "class" }, { kind: "pool" }],
    });
    expect(stage.writes).toEqual([
      `create ${CLAIM} from InClusterIPPool own owned by ${UID}`,
      `edit ${NAME}`,
    ]);
    expect(annotations(stage)[HOLD]).toBe("WaitingForAddress");
  });

  test("lifts a hold without a true reason, tidies up, and leaves no trace", async () => {
    const stage = stageWith({ cluster: stored(held("Unreachable"), optedOut), claim: claim(owned()) });
    expect(await look(stage)).toMatchObject({ kind: "rest" });
    expect(stage.writes).toEqual([`delete ${CLAIM}`, `edit ${NAME}`, `edit ${NAME}`]);
    expect(annotations(stage)).not.toHaveProperty([HOLD]);
    expect(annotations(stage)).not.toHaveProperty([PAUSED]);
  });

  test("gives a claim back that a host of the user's made superfluous", async () => {
    const stage = stageWith({
      cluster: stored(host(OTHER_IP, 6443)),
      claim: claim(bound),
      address: address(),
    });
    await look(stage);
    expect(stage.get("claim")).toBeUndefined();
    expect(stage.get("address")).toBeUndefined();
    expect(stage.get("cluster")?.["spec"]).toMatchObject({ controlPlaneEndpoint: { host: OTHER_IP } });
  });

  test("releases a former Cluster's address, then serves the new one of the name", async () => {
    const stage = stageWith({
      cluster: stored(held("PreviousAddressReleasing")),
      address: address(secured(FORMER_UID), terminating()),
    });
    await look(stage);
    expect(stage.writes.slice(0, 2)).toEqual([
      `release ${CLAIM}`,
      `create ${CLAIM} from InClusterIPPool own owned by ${UID}`,
    ]);
  });

  test("writes a late VIP only when the user says so", async () => {
    const late = stageWith({ cluster: stored(running) });
    await look(late);
    expect(late.writes).toEqual([]);
    const told = stageWith({
      cluster: stored(running, annotated(APPLY_LATE)),
      claim: claim(bound, owned()),
      address: address(secured()),
    });
    await look(told);
    expect(told.writes).toEqual([`edit ${NAME}`, `label ${CLAIM} with ${NAME}`]);
  });

  test("leaves a paused Cluster as it is", async () => {
    const stage = stageWith({ cluster: stored(held("NoMatchingPool"), pausedByField) });
    const before = stage.get("cluster");
    await look(stage);
    expect(stage.get("cluster")).toBe(before);
    expect(stage.writes).toEqual([]);
  });
});

describe("What a Cluster left behind", () => {
  test("is released and swept in its time", async () => {
    const released = stageWith({ address: address(secured(), terminating()) });
    expect(await look(released)).toMatchObject({ kind: "rest" });
    expect(released.get("address")).toBeUndefined();
    const swept = stageWith({ claim: claim(bound), address: address() });
    await look(swept);
    expect(swept.writes).toEqual([`delete ${CLAIM}`]);
  });

  test("is looked at again when its time has come", async () => {
    const stage = stageWith({ claim: claim(created(minutes(5))) });
    expect(await look(stage)).toEqual({ kind: "rest", lookAgainMs: minutes(10), interests: [] });
  });
});

describe("A pass that fails", () => {
  test.each(["claim", "address", "class", "pools"] as const)(
    "to read the %s is tried again",
    async (what) => {
      const stage = stageWith({ cluster: stored(), [what]: new Unread("HTTP 503") });
      expect(await look(stage)).toMatchObject({ kind: "retry" });
      expect(stage.writes).toEqual([]);
    },
  );

  test("to read the Cluster is tried again, and nothing is swept", async () => {
    const stage = stageWith({ cluster: new Unread("HTTP 500"), claim: claim() });
    expect(await look(stage)).toEqual({ kind: "retry", interests: [] });
    expect(stage.writes).toEqual([]);
  });

  test.each([
    ["refused", 403],
    ["unreachable", 503],
  ] as const)("to write (%s) is tried again later, not at once", async (kind, code) => {
    const stage = stageWith({ cluster: stored(complete()), claim: claim(bound), address: address() });
    stage.failNext(failed(code, "No", "no", CLAIM));
    expect(await look(stage)).toMatchObject({ kind: "retry", interests: [{ kind: "class" }] });
    expect(stage.reads).toBe(1);
    expect(stage.records).toEqual([{ row: "the VIP is in place", reason: "Assigned", outcome: kind }]);
  });

  test("by a conflict looks again at once and goes by what is there then", async () => {
    const stage = stageWith({ cluster: stored(), claim: claim(bound, owned()), address: address(secured()) });
    stage.beforeNext("write", () => stage.set("cluster", stored(host(OTHER_IP, 6443), terminating())));
    expect(await look(stage)).toMatchObject({ kind: "rest" });
    expect(stage.writes).toEqual([]);
    expect(stage.records.map(({ outcome }) => outcome)).toEqual(["conflict", "done"]);
  });

  test("by conflict after conflict gives its worker back", async () => {
    const stage = stageWith({ cluster: stored(complete()), claim: claim(bound), address: address() });
    stage.failNext(...Array.from({ length: 100 }, () => failed(409, "Conflict", "too old", CLAIM)));
    expect(await look(stage)).toMatchObject({ kind: "retry" });
    expect(stage.reads).toBeLessThan(10);
  });
});
