/** The story of a pass over a stored Cluster, until nothing is left to write. */
import {
  APPLY_LATE,
  CLUSTER_NAME_LABEL,
  CLUSTER_UID,
  HOLD,
  IN_USE,
  PAUSED,
} from "../../../lib/core/contract";
import { CLUSTERS } from "../../../lib/adapters/kinds";
import type { Edit } from "../../../lib/core/edit";
import { valueOf, type Facts, type KubeObject } from "../../../lib/core/facts";
import { plan, writesOf } from "../../../lib/core/plan";
import { CONTROL_PLANE, INGRESS } from "../../../lib/core/roles";
import { reconcile } from "../../../lib/flows/reconcile";
import type { Journal } from "../../../lib/ports/journal";
import type { Return } from "../../../lib/ports/queue";
import { failed } from "../../fakes/api-server";
import { Stage } from "../../fakes/stage";
import { words } from "../../gen/decisions";
import { Unread, watching, type World as Objects } from "../../gen/facts";
import {
  address,
  annotated,
  bound,
  CLAIM,
  claim,
  clusterClass,
  clusterLabelled,
  complete,
  created,
  defining,
  forClass,
  FORMER_UID,
  giving,
  globalPool,
  held,
  host,
  INGRESS_CLAIM,
  INGRESS_VARIABLE,
  INGRESS_VIP,
  ingressAddress,
  ingressBound,
  ingressClaim,
  ingressOptedOut,
  ingressPool,
  minutes,
  NAME,
  optedOut,
  OTHER_IP,
  owned,
  pausedByField,
  pool,
  put,
  running,
  secured,
  stored,
  terminating,
  UID,
  VARIABLE,
  variables,
  VIP,
  VIP_ANNOTATION,
  wantsBoth,
  withIngress,
  type Change,
} from "../../gen/objects";

const look = (stage: Stage): Promise<Return> => reconcile(Stage.key, stage.ports);
const stageWith = (objects: Objects): Stage => new Stage(objects);
const annotations = (stage: Stage): Readonly<Record<string, string>> =>
  stage.get("cluster")?.metadata.annotations ?? {};

/** Without what we say of it. */
const essential = (object: KubeObject | undefined): unknown => {
  const { status: _, metadata, ...rest } = object ?? { metadata: {} };
  return { ...rest, metadata: { ...metadata, resourceVersion: "" } };
};

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
      interests: [
        { kind: "class" },
        { kind: "pool", role: "control-plane" },
        { kind: "pool", role: "ingress" },
      ],
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
    expect(told.writes).toEqual([`label ${CLAIM} with ${NAME}`, `edit ${NAME}`]);
  });

  test("leaves a paused Cluster as it is", async () => {
    const stage = stageWith({ cluster: stored(held("NoMatchingPool"), pausedByField) });
    const before = stage.get("cluster");
    await look(stage);
    expect(essential(stage.get("cluster"))).toEqual(essential(before));
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
    expect(await look(stage)).toMatchObject({
      kind: "retry",
      interests: [{ kind: "class" }, { kind: "pool" }],
    });
    expect(stage.reads).toBe(1);
    expect(stage.records).toEqual([{ row: "the VIP is in place", reason: "Assigned", outcome: kind }]);
  });

  test("by a conflict looks again at once and goes by what is there then", async () => {
    const stage = stageWith({
      cluster: stored(),
      claim: claim(bound, owned(), clusterLabelled),
      address: address(secured()),
    });
    stage.beforeNext("write", () => stage.set("cluster", stored(host(OTHER_IP, 6443), terminating())));
    expect(await look(stage)).toMatchObject({ kind: "rest" });
    expect(stage.writes).toEqual([]);
    expect(stage.records.map(({ outcome }) => outcome)).toEqual(["conflict", "done"]);
    expect(stage.get("cluster")?.["spec"]).toMatchObject({ controlPlaneEndpoint: { host: OTHER_IP } });
  });

  test("by conflict after conflict gives its worker back", async () => {
    const stage = stageWith({ cluster: stored(complete()), claim: claim(bound), address: address() });
    stage.failNext(...Array.from({ length: 100 }, () => failed(409, "Conflict", "too old", CLAIM)));
    expect(await look(stage)).toMatchObject({ kind: "retry" });
    expect(stage.reads).toBeLessThan(20);
  });
});

describe("A pass whose condition could not be written", () => {
  const settled = (...changes: readonly Change[]): Objects => ({
    cluster: stored(complete(), ...changes),
    claim: claim(bound, owned(), clusterLabelled),
    address: address(secured()),
  });
  const unreachable = failed(503, "ServiceUnavailable", "HTTP 503", NAME);

  test("is tried again, says why in the log, and the next one writes it", async () => {
    const stage = stageWith(settled());
    stage.failNext(unreachable);
    expect(await look(stage)).toMatchObject({
      kind: "retry",
      interests: [{ kind: "class" }, { kind: "pool" }],
    });
    expect(stage.told).toEqual([]);
    expect(stage.records.map(({ outcome }) => outcome)).toEqual(["done", "unreachable"]);
    expect(await look(stage)).toMatchObject({ kind: "rest" });
    expect(stage.told).toEqual(["ControlPlaneVIPReady=True Assigned"]);
    expect(stage.writes).toEqual([]);
  });

  test("by a conflict is tried again without a word: Cluster API writes there all the time", async () => {
    const stage = stageWith(settled());
    stage.failNext(failed(409, "Conflict", "too old", NAME));
    expect(await look(stage)).toMatchObject({ kind: "retry" });
    expect(stage.records.map(({ outcome }) => outcome)).toEqual(["done"]);
  });

  test("tells nobody that it turned, until it has", async () => {
    const stage = stageWith(settled());
    const turned: (readonly string[])[] = [];
    const journal: Journal = {
      ...stage.ports.journal,
      told: (_facts, turns) => turned.push(turns.map(({ after }) => after.status)),
    };
    const pass = () => reconcile(Stage.key, { ...stage.ports, journal });
    stage.failNext(unreachable);
    await pass();
    expect(turned).toEqual([]);
    await pass();
    expect(turned).toEqual([["True"]]);
  });

  test("is not tried before a look that is due sooner", async () => {
    const restricted = clusterClass(defining({ name: VARIABLE, type: "string", pattern: "^10[.]" }));
    const stage = stageWith({
      ...settled(),
      cluster: stored(held("VariableRestricted")),
      class: put("metadata", "generation")(2)(put("status", "observedGeneration")(1)(restricted)),
    });
    stage.failNext(unreachable);
    expect(await look(stage)).toMatchObject({ kind: "rest", lookAgainMs: 5000 });
    expect(stage.records.at(-1)).toMatchObject({ reason: "VariableRestricted", outcome: "unreachable" });
  });

  test("is tried before a look that is due much later", async () => {
    const stage = stageWith({ cluster: stored(held("NoMatchingPool")), pools: [] });
    stage.failNext(unreachable);
    expect(await look(stage)).toMatchObject({ kind: "retry" });
    expect(await look(stage)).toMatchObject({ kind: "rest", lookAgainMs: minutes(5) });
  });
});

/** A Cluster of another team that has this address. */
const red = (ip: string): KubeObject =>
  stored(put("metadata")({ namespace: "team-b", name: "red", uid: "uid-red" }), host(ip, 6443));
const PARKED_CLAIM = "vip-parked-10-0-0-10-inclusterippool-own";

describe("A host that came without a claim", () => {
  test("GB1 in a pool is reserved there, and nothing else is taken", async () => {
    const stage = stageWith({ cluster: stored(host(VIP, 6443)) });
    await look(stage);
    expect(stage.writes).toEqual([
      `pin ${VIP} as ${CLAIM} in InClusterIPPool own`,
      `create ${CLAIM} from InClusterIPPool own owned by ${UID}`,
      ...stage.writes.slice(2),
    ]);
    expect(stage.writes.filter((written) => written.startsWith("create"))).toHaveLength(1);
    expect(stage.looks).toBe(1);
  });

  test("GB1 in no pool is left without a claim, and nobody is asked about it again and again", async () => {
    const stage = stageWith({ cluster: stored(complete(OTHER_IP)) });
    expect(await look(stage)).toMatchObject({ kind: "rest" });
    expect([stage.looks, ...stage.writes]).toEqual([0]);
  });

  test("GB8 gets its variable, while no machine runs", async () => {
    const stage = stageWith({ cluster: stored(host(OTHER_IP, 6443)) });
    await look(stage);
    expect(stage.get("cluster")?.["spec"]).toMatchObject({
      topology: { variables: [{ name: VARIABLE, value: OTHER_IP }] },
    });
  });

  test("to a held Cluster stays held while another has it", async () => {
    const stage = stageWith({ cluster: stored(held("NoMatchingPool"), host(OTHER_IP, 6443)) });
    stage.add(CLUSTERS, red(OTHER_IP));
    expect(await look(stage)).toMatchObject({ kind: "rest", lookAgainMs: minutes(5) });
    expect(annotations(stage)).toMatchObject({
      [HOLD]: "AddressTaken",
      [PAUSED]: expect.any(String) as string,
    });
    expect(stage.writes).toEqual([`edit ${NAME}`]);
  });
});

describe("An address that a pool gave although another has it", () => {
  const overlapping = [pool("own"), globalPool("wide", forClass("k3s"), giving("10.0.0.0/16"))];

  test("is parked, and its claim goes: the next one is given another", async () => {
    const stage = stageWith({
      cluster: stored(held("WaitingForAddress")),
      pools: overlapping,
      claim: claim(bound, owned()),
      address: address(),
    });
    stage.add(CLUSTERS, red(VIP));
    await look(stage);
    expect(stage.writes.slice(0, 3)).toEqual([
      `park ${VIP} as ${PARKED_CLAIM} in InClusterIPPool own`,
      `delete ${CLAIM}`,
      `edit ${NAME}`,
    ]);
    expect(stage.writes).toContain(`create ${CLAIM} from InClusterIPPool own owned by ${UID}`);
    expect(stage.get("cluster")?.["spec"]).not.toHaveProperty("controlPlaneEndpoint");
  });

  test("is taken where nobody has it, after one look a step", async () => {
    const stage = stageWith({
      cluster: stored(held("WaitingForAddress")),
      pools: overlapping,
      claim: claim(bound, owned()),
      address: address(),
    });
    expect(await look(stage)).toMatchObject({ kind: "rest" });
    expect(stage.get("cluster")?.["spec"]).toMatchObject({ controlPlaneEndpoint: { host: VIP } });
    expect(stage.looks).toBe(2);
  });

  test("is not known while nobody can be asked: tried again, and nothing is written", async () => {
    const stage = stageWith({
      cluster: stored(held("WaitingForAddress")),
      pools: overlapping,
      claim: claim(bound, owned()),
      address: address(),
    });
    stage.blind = true;
    expect(await look(stage)).toMatchObject({ kind: "retry" });
    expect(stage.get("cluster")?.["spec"]).not.toHaveProperty("controlPlaneEndpoint");
  });
});

// ---- Both roles ------------------------------------------------------------------------------------

const both: Objects = { class: clusterClass(wantsBoth), pools: [pool("own"), ingressPool("web")] };
const endpointSecured: Objects = {
  claim: claim(bound, owned(), clusterLabelled),
  address: address(secured()),
};
const ofIngressRole = put("metadata", "labels", "vip.capi.gorizond.io/role")("ingress");
const front = {
  claim: ingressClaim(ingressBound, owned()),
  address: ingressAddress(secured(), ofIngressRole),
};
const isEdit = (written: string): boolean => written.startsWith("edit");

describe("A pass over both roles", () => {
  test("completes a held Cluster with both VIPs by one change", async () => {
    const stage = stageWith({
      ...both,
      ...endpointSecured,
      cluster: stored(held("WaitingForAddress")),
      ingress: front,
    });
    await look(stage);
    expect(stage.writes.filter(isEdit)).toEqual([`edit ${NAME}`]);
    expect(stage.get("cluster")).toMatchObject({
      metadata: {
        annotations: { [VIP_ANNOTATION]: VIP, [INGRESS.annotation]: INGRESS_VIP },
        labels: { [INGRESS.annotation]: INGRESS_VIP },
      },
      spec: {
        controlPlaneEndpoint: { host: VIP, port: 6443 },
        topology: {
          variables: [
            { name: VARIABLE, value: VIP },
            { name: INGRESS_VARIABLE, value: INGRESS_VIP },
          ],
        },
      },
    });
    expect(annotations(stage)).not.toHaveProperty([HOLD]);
  });

  test("GB5 goes on with the ingress VIP as soon as its address has come", async () => {
    const stage = stageWith({
      ...both,
      ...endpointSecured,
      cluster: stored(complete()),
      ingress: { claim: ingressClaim(ingressBound), address: ingressAddress() },
    });
    expect(await look(stage)).toMatchObject({ kind: "rest", lookAgainMs: undefined });
    expect(annotations(stage)[INGRESS.annotation]).toBe(INGRESS_VIP);
    expect(stage.get("ingressClaim")?.metadata.labels?.[CLUSTER_NAME_LABEL]).toBe(NAME);
    expect(stage.writes.filter(isEdit)).toHaveLength(1);
  });

  test("makes the claim of each", async () => {
    const stage = stageWith({ ...both, cluster: stored(held("NoMatchingPool")) });
    await look(stage);
    expect(stage.writes.filter((written) => written.startsWith("create")).sort()).toEqual([
      `create ${CLAIM} from InClusterIPPool own owned by ${UID}`,
      `create ${INGRESS_CLAIM} from InClusterIPPool web owned by ${UID}`,
    ]);
  });

  test("takes back what an ingress that is switched off left on the Cluster, then its claim", async () => {
    const stage = stageWith({
      ...both,
      ...endpointSecured,
      cluster: stored(complete(), withIngress(), ingressOptedOut),
      ingress: front,
    });
    await look(stage);
    expect(stage.writes).toEqual([`edit ${NAME}`, `delete ${INGRESS_CLAIM}`, `release ${INGRESS_CLAIM}`]);
    expect(annotations(stage)).not.toHaveProperty([INGRESS.annotation]);
    expect(stage.get("cluster")?.["spec"]).toMatchObject({ controlPlaneEndpoint: { host: VIP } });
  });

  test("leaves what both left behind to nobody", async () => {
    const stage = stageWith({ claim: claim(bound), address: address(), ingress: front });
    stage.set("ingressClaim", ingressClaim(ingressBound));
    await look(stage);
    expect([...stage.writes].sort()).toEqual([
      `delete ${CLAIM}`,
      `delete ${INGRESS_CLAIM}`,
      `release ${INGRESS_CLAIM}`,
    ]);
  });
});

describe("GB4 Trouble with the ingress VIP", () => {
  test.each<[string, Objects]>([
    ["no pool", { pools: [pool("own")] }],
    ["a claim that is not ours", { ingress: { claim: ingressClaim(put("metadata", "labels")({})) } }],
    ["a claim that waits", { ingress: { claim: ingressClaim(owned()) } }],
  ])("does not keep a held Cluster from being completed: %s", async (_what, objects) => {
    const stage = stageWith({
      ...both,
      ...endpointSecured,
      ...objects,
      cluster: stored(held("WaitingForAddress")),
    });
    await look(stage);
    expect(stage.get("cluster")?.["spec"]).toMatchObject({ controlPlaneEndpoint: { host: VIP, port: 6443 } });
    expect(annotations(stage)).not.toHaveProperty([HOLD]);
  });

  test("that Cluster API refuses the variable of does not keep the endpoint back", async () => {
    const restricted = defining(
      { name: VARIABLE, type: "string" },
      { name: INGRESS_VARIABLE, type: "string", pattern: "^172[.]" },
    );
    const stage = stageWith({
      ...both,
      ...endpointSecured,
      class: clusterClass(restricted),
      cluster: stored(held("WaitingForAddress")),
      ingress: front,
    });
    stage.beforeNext("write", () => undefined);
    await look(stage);
    expect(stage.writes.filter(isEdit)).toEqual([`edit ${NAME}`, `edit ${NAME}`]);
  });
});

describe("The one change of a pass", () => {
  const editsOf = (facts: Facts): readonly (readonly string[])[] =>
    writesOf(plan(facts), valueOf(facts.cluster)).map(({ steps }) => steps.map(words));
  const editOf = (facts: Facts): Edit[] =>
    writesOf(plan(facts), valueOf(facts.cluster)).flatMap(({ steps }) =>
      steps.flatMap((step) => (step.kind === "edit-cluster" ? step.edit : [])),
    );
  const ready = (world: Objects = {}): Facts =>
    watching({ ...both, ...endpointSecured, cluster: stored(), ingress: front, ...world });
  const restricted = clusterClass(
    defining(
      { name: VARIABLE, type: "string" },
      { name: INGRESS_VARIABLE, type: "string", pattern: "^172[.]" },
    ),
  );

  test("says all that both roles ask for, behind the steps of the first", () => {
    expect(editsOf(ready())).toEqual([[`edit ${NAME}`], [`label ${INGRESS_CLAIM} with ${NAME}`]]);
    expect(editOf(ready())).toEqual([
      {
        endpoint: { host: VIP, port: 6443 },
        variables: { [VARIABLE]: VIP, [INGRESS_VARIABLE]: INGRESS_VIP },
        annotations: { [VIP_ANNOTATION]: VIP, [INGRESS.annotation]: INGRESS_VIP },
        labels: { [INGRESS.annotation]: INGRESS_VIP },
      },
    ]);
  });

  test("is without what Cluster API may refuse, as long as there is anything else to write", () => {
    const facts = ready({ class: restricted });
    expect(editOf(facts)).toEqual([
      {
        endpoint: { host: VIP, port: 6443 },
        variables: { [VARIABLE]: VIP },
        annotations: { [VIP_ANNOTATION]: VIP },
      },
    ]);
  });

  test("is what Cluster API may refuse, once there is nothing else", () => {
    const facts = ready({ class: restricted, cluster: stored(complete()) });
    expect(editOf(facts)).toMatchObject([{ variables: { [INGRESS_VARIABLE]: INGRESS_VIP } }]);
  });

  test("is none where nothing is asked for, and none where there is no Cluster", () => {
    const shown = variables({ [VARIABLE]: VIP, [INGRESS_VARIABLE]: INGRESS_VIP });
    const done = ready({ cluster: stored(complete(), withIngress(), shown) });
    expect(editOf(done)).toEqual([]);
    const withoutCluster = writesOf(plan(ready()), undefined).flatMap(({ steps }) => steps);
    expect(withoutCluster.map(words)).toEqual([`label ${INGRESS_CLAIM} with ${NAME}`]);
  });

  test("takes the roles in their order", () => {
    expect(plan(ready()).decisions.map(({ role }) => role)).toEqual([CONTROL_PLANE, INGRESS]);
  });
});

describe("Found by review: reconcile", () => {
  test("a write for the ingress role that is refused does not end the pass of the endpoint", async () => {
    const stage = stageWith({
      ...both,
      cluster: stored(held("WaitingForAddress")),
      claim: claim(bound, owned()),
      address: address(),
      ingress: { claim: ingressClaim(ingressBound, owned()), address: ingressAddress() },
    });
    stage.refuse(INGRESS_CLAIM, failed(403, "Forbidden", "no", INGRESS_CLAIM));
    expect(await look(stage)).toMatchObject({ kind: "retry" });
    expect(stage.get("cluster")?.["spec"]).toMatchObject({ controlPlaneEndpoint: { host: VIP } });
  });
});
