/** The story of a create, from the request to the answer. */
import { clusterFacts } from "../../../lib/adapters/kube-objects";
import { HOLD, OUR_PAUSE, PAUSED, RESERVED_AT } from "../../../lib/core/contract";
import { NO_EDIT, type Edit } from "../../../lib/core/edit";
import { INGRESS } from "../../../lib/core/roles";
import { admit, type Admission } from "../../../lib/flows/admit";
import { ADDRESSES, CLUSTERS } from "../../../lib/adapters/kinds";
import { failed } from "../../fakes/api-server";
import { Stage } from "../../fakes/stage";
import { VirtualClock } from "../../fakes/virtual-clock";
import { RULES, Unread, type World as Objects } from "../../gen/facts";
import {
  address,
  bound,
  CLAIM,
  claim,
  type Change,
  cluster,
  clusterClass,
  clusterLabelled,
  forClass,
  giving,
  globalPool,
  host,
  INGRESS_CLAIM,
  INGRESS_VARIABLE,
  INGRESS_VIP,
  ingressAddress,
  ingressBound,
  ingressClaim,
  ingressOptedOut,
  ingressPool,
  labelled,
  NOW,
  noTopology,
  optedOut,
  OTHER_IP,
  owned,
  pinnedSince,
  pool,
  put,
  rendered,
  saying,
  stored,
  terminating,
  variable,
  variables,
  VARIABLE,
  VIP,
  VIP_ANNOTATION,
  wantsBoth,
} from "../../gen/objects";

const placed: Edit = {
  endpoint: { host: VIP, port: 6443 },
  variables: { [VARIABLE]: VIP },
  annotations: { [VIP_ANNOTATION]: VIP },
};
const holding = (reason: string): Edit => ({ annotations: { [HOLD]: reason, [PAUSED]: OUR_PAUSE } });
const CREATED = `create ${CLAIM} from InClusterIPPool own bare`;

const unhurried = new AbortController().signal;

const ask = (
  stage: Stage,
  changes: readonly Change[] = [],
  { dryRun = false, budget = unhurried } = {},
): Promise<Admission> => admit(clusterFacts(cluster(...changes)), dryRun, budget, stage.ports);

const stageWith = (objects: Objects = {}): Stage => new Stage(objects);

describe("A create", () => {
  test("is answered with the VIP: one look, one claim, one wait", async () => {
    const stage = stageWith();
    expect(await ask(stage)).toEqual({ edit: placed, warnings: [], refusal: undefined });
    expect(stage.writes).toEqual([CREATED]);
    expect(stage.waits).toEqual([CLAIM]);
    expect(stage.reads).toBe(1);
    expect(stage.records.at(-1)).toEqual({ row: "bound", reason: "Assigned", outcome: "done" });
  });

  test("leaves the claim bare, because the Cluster may still be refused by somebody else", async () => {
    const stage = stageWith();
    await ask(stage);
    expect(stage.get("claim")?.metadata.ownerReferences ?? []).toEqual([]);
    expect(stage.get("address")?.metadata.finalizers ?? []).toEqual([]);
  });

  test.each<[string, Change]>([
    ["without a topology", noTopology],
    ["that opted out of both VIPs", (object) => optedOut(ingressOptedOut(object))],
    ["that arrives with its infrastructure", rendered],
  ])("%s costs not a single request", async (_what, change) => {
    const stage = stageWith();
    expect(await ask(stage, [change])).toEqual({ edit: NO_EDIT, warnings: [], refusal: undefined });
    expect(stage.reads).toBe(0);
    expect(stage.records).toEqual([]);
  });

  test("takes up what an earlier, refused create left behind, reserved and without its old label", async () => {
    const stage = stageWith({ claim: claim(bound, clusterLabelled), address: address() });
    expect((await ask(stage)).edit).toEqual(placed);
    expect(stage.writes).toEqual([`reserve ${CLAIM}`]);
    expect(stage.get("claim")?.metadata.annotations?.[RESERVED_AT]).toBeDefined();
    expect(Object.keys(stage.get("claim")?.metadata.labels ?? {})).toHaveLength(1);
  });

  test("with a left-over claim that is not bound yet waits for it", async () => {
    const stage = stageWith({ claim: claim() });
    expect((await ask(stage)).edit).toEqual(placed);
    expect(stage.writes).toEqual([`reserve ${CLAIM}`]);
    expect(stage.waits).toEqual([CLAIM]);
  });
});

describe("A create that cannot have its VIP in time", () => {
  test("is held when the budget ends, and the claim is left to the watch", async () => {
    const stage = stageWith();
    stage.provides = false;
    const budget = new AbortController();
    const answer = ask(stage, [], { budget: budget.signal });
    setImmediate(() => budget.abort());
    expect(await answer).toEqual({
      edit: holding("WaitingForAddress"),
      warnings: [expect.stringContaining("team-a/blue")],
      refusal: undefined,
    });
    expect(stage.get("claim")).toBeDefined();
    expect(stage.records.at(-1)).toEqual({
      row: "all else",
      reason: "WaitingForAddress",
      outcome: "done",
    });
  });

  test("is held at once when no time was left from the start", async () => {
    const answer = await ask(stageWith(), [], { budget: AbortSignal.abort() });
    expect(answer.edit).toEqual(holding("Unreachable"));
  });

  test("is held when a write is refused, and says what the API server said", async () => {
    const stage = stageWith();
    stage.failNext(failed(403, "Forbidden", "quota exceeded", CLAIM));
    const { edit, warnings } = await ask(stage);
    expect(edit).toEqual(holding("Unreachable"));
    expect(warnings).toEqual([expect.stringContaining("quota exceeded")]);
    expect(stage.writes).toEqual([]);
  });

  test("is held when a write gets no answer", async () => {
    const stage = stageWith();
    stage.failNext(new Error("socket hang up"));
    expect((await ask(stage)).edit).toEqual(holding("Unreachable"));
  });

  test("is held when something cannot be read, and nothing is written", async () => {
    const stage = stageWith({ pools: new Unread("HTTP 503") });
    expect((await ask(stage)).edit).toEqual(holding("Unreachable"));
    expect(stage.writes).toEqual([]);
  });

  test("is held when the claim goes while it is waited for", async () => {
    const stage = stageWith();
    stage.beforeNext("watch", () => stage.set("claim", claim(terminating())));
    expect((await ask(stage)).edit).toEqual(holding("PreviousAddressReleasing"));
  });

  test("is held without a word when the name is in use", async () => {
    const stage = stageWith({ namesake: true });
    expect(await ask(stage)).toEqual({ edit: holding("NameInUse"), warnings: [], refusal: undefined });
    expect(stage.writes).toEqual([]);
  });

  test("is held while a former Cluster's claim stands", async () => {
    const stage = stageWith({ claim: claim(bound, owned("uid-former")), address: address() });
    expect((await ask(stage)).edit).toEqual(holding("PreviousAddressReleasing"));
    expect(stage.writes).toEqual([]);
  });
});

describe("Two creates of one name", () => {
  test("a claim that somebody made first is read again and reserved", async () => {
    const stage = stageWith();
    stage.beforeNext("write", () => stage.set("claim", claim()));
    expect((await ask(stage)).edit).toEqual(placed);
    expect(stage.reads).toBe(2);
    expect(stage.writes).toEqual([`reserve ${CLAIM}`]);
  });

  test("a claim that somebody swept first is read again and made anew", async () => {
    const stage = stageWith({ claim: claim(bound), address: address() });
    stage.beforeNext("write", () => {
      stage.delete("claim");
      stage.delete("address");
    });
    expect((await ask(stage)).edit).toEqual(placed);
    expect(stage.writes).toEqual([CREATED]);
  });

  test("a conflict after the budget is a hold, not another try", async () => {
    const budget = new AbortController();
    const stage = stageWith();
    stage.beforeNext("write", () => budget.abort());
    stage.failNext(failed(409, "Conflict", "too old", CLAIM));
    expect((await ask(stage, [], { budget: budget.signal })).edit).toEqual(holding("Unreachable"));
    expect(stage.reads).toBe(1);
  });
});

/** A Cluster of another team that has this address. */
const red = (ip: string) =>
  stored(put("metadata")({ namespace: "team-b", name: "red", uid: "uid-red" }), host(ip, 6443));
const PINNED = `pin ${VIP} as ${CLAIM} in InClusterIPPool own`;

describe("A user's own address", () => {
  test.each([
    ["host", host(OTHER_IP)],
    ["variable", variable(OTHER_IP)],
  ])("GB1 in no pool is kept, whether it is the %s, and no claim is made", async (_what, change) => {
    const stage = stageWith();
    const { edit, warnings, refusal } = await ask(stage, [change]);
    expect(edit.endpoint).toEqual({ host: OTHER_IP, port: 6443 });
    expect({ warnings, refusal }).toEqual({ warnings: [], refusal: undefined });
    expect(stage.writes).toEqual([]);
    expect([stage.reads, stage.looks]).toEqual([1, 1]);
  });

  test.each([
    ["host", host(VIP)],
    ["variable", variable(VIP)],
  ])(
    "GB1 in a pool is reserved there, whether it is the %s, and takes no second address",
    async (_what, change) => {
      const stage = stageWith();
      const { edit, refusal } = await ask(stage, [change]);
      expect(edit).toMatchObject({
        endpoint: { host: VIP, port: 6443 },
        annotations: { [VIP_ANNOTATION]: VIP },
      });
      expect(refusal).toBeUndefined();
      expect(stage.writes).toEqual([PINNED, CREATED]);
      expect(stage.waits).toEqual([CLAIM]);
      expect(stage.records.at(-1)).toEqual({ row: "bound", reason: "UserProvided", outcome: "done" });
      expect(stage.get("address")?.["spec"]).toMatchObject({ address: VIP, claimRef: { name: CLAIM } });
      // Before the reservation, and after it: only then nobody else can have come in between.
      expect([stage.reads, stage.looks]).toEqual([1, 2]);
    },
  );

  test("GB8 takes the variable along", async () => {
    for (const address of [OTHER_IP, VIP]) {
      const { edit } = await ask(stageWith(), [host(address, 6443)]);
      expect(edit.variables).toEqual({ [VARIABLE]: address });
    }
  });

  test("that is a name is kept, and nobody is asked who has it", async () => {
    const stage = stageWith();
    const { edit } = await ask(stage, [host("api.example.org", 443)]);
    expect(edit).toEqual({ variables: { [VARIABLE]: "api.example.org" } });
    expect([stage.looks, ...stage.writes]).toEqual([0]);
  });

  test.each([
    ["in no pool", OTHER_IP],
    ["in a pool", VIP],
  ])("%s is refused where another Cluster has it, and nothing is reserved", async (_where, ip) => {
    const stage = stageWith();
    stage.add(CLUSTERS, red(ip));
    const answer = await ask(stage, [host(ip)]);
    expect(answer).toEqual({
      edit: NO_EDIT,
      warnings: [],
      refusal: expect.stringContaining(`${ip} of Cluster team-b/red (AddressTaken)`),
    });
    expect(stage.writes).toEqual([]);
  });

  test("is refused where a claim of somebody else was given it", async () => {
    const stage = stageWith();
    const of = put("spec", "claimRef")({ name: "machine-0" });
    stage.add(ADDRESSES, address(put("metadata", "name")("machine-0"), of, saying(OTHER_IP)));
    const { refusal } = await ask(stage, [host(OTHER_IP)]);
    expect(refusal).toContain("10.9.9.9 of IPAddress team-a/machine-0 (AddressTaken)");
  });

  test("in the Cluster's own network is refused before anybody is asked", async () => {
    const stage = stageWith();
    const { refusal } = await ask(stage, [host("10.96.0.9")]);
    expect(refusal).toContain("10.96.0.9 in 10.96.0.0/16 (InsideOwnNetwork)");
    expect(stage.looks).toBe(0);
  });

  test("that somebody took while it was being reserved is refused, and the reservation is undone", async () => {
    const stage = stageWith();
    stage.beforeNext("watch", () => stage.add(CLUSTERS, red(VIP)));
    const { refusal } = await ask(stage, [host(VIP)]);
    expect(refusal).toContain("AddressTaken");
    expect(stage.writes).toEqual([PINNED, CREATED, `delete ${CLAIM}`]);
    expect([stage.get("claim"), stage.get("address")]).toEqual([undefined, undefined]);
  });

  test("that a create pinned before it died is claimed", async () => {
    const stage = stageWith({ address: address(pinnedSince(1000)) });
    expect((await ask(stage, [host(VIP)])).edit.endpoint).toEqual({ host: VIP, port: 6443 });
    expect(stage.writes).toEqual([CREATED]);
  });

  test("that somebody pins for the same name first is read again, and claimed", async () => {
    const stage = stageWith();
    stage.beforeNext("write", () => stage.set("address", address(pinnedSince(0))));
    expect((await ask(stage, [host(VIP)])).edit.endpoint).toEqual({ host: VIP, port: 6443 });
    expect(stage.writes).toEqual([CREATED]);
    expect(stage.reads).toBe(2);
  });

  test("is held, and stays pinned for the watch, where its claim cannot be made", async () => {
    const stage = stageWith();
    stage.beforeNext("write", () => undefined);
    stage.beforeNext("write", () => stage.refuse(CLAIM, failed(403, "Forbidden", "quota exceeded", CLAIM)));
    const { edit, warnings } = await ask(stage, [host(VIP)]);
    expect(edit).toEqual(holding("Unreachable"));
    expect(warnings).toEqual([expect.stringContaining("quota exceeded")]);
    expect(stage.writes).toEqual([PINNED]);
  });

  test("is refused when host and variable differ, in words, and without a warning beside them", async () => {
    const stage = stageWith();
    const answer = await ask(stage, [host(VIP), variable(OTHER_IP)]);
    expect(answer).toEqual({
      edit: NO_EDIT,
      warnings: [],
      refusal: expect.stringContaining("name different addresses: 10.0.0.10 and 10.9.9.9"),
    });
    expect(stage.writes).toEqual([]);
  });

  test("a missing pool is refused where the installation says so", async () => {
    const stage = stageWith({ pools: [], rules: { noPool: "reject" } });
    expect((await ask(stage)).refusal).toContain("PoolRequired");
  });
});

describe("A dry-run", () => {
  test("writes nothing and waits for nothing", async () => {
    const stage = stageWith();
    expect((await ask(stage, [], { dryRun: true })).edit).toEqual(NO_EDIT);
    expect([...stage.writes, ...stage.waits]).toEqual([]);
  });

  test.each([
    ["in no pool", OTHER_IP],
    ["in a pool", VIP],
  ])("keeps a given address %s, and reserves nothing", async (_where, ip) => {
    const stage = stageWith();
    const { edit } = await ask(stage, [host(ip, 6443)], { dryRun: true });
    expect(edit).toEqual({ variables: { [VARIABLE]: ip }, annotations: { [VIP_ANNOTATION]: ip } });
    expect([stage.looks, ...stage.writes, ...stage.waits]).toEqual([1]);
  });

  test("refuses an address that another has, as the create would be", async () => {
    const stage = stageWith();
    stage.add(CLUSTERS, red(OTHER_IP));
    const { refusal } = await ask(stage, [host(OTHER_IP)], { dryRun: true });
    expect(refusal).toContain("AddressTaken");
    expect(stage.writes).toEqual([]);
  });

  test("shows the address of a left-over claim without reserving it", async () => {
    const stage = stageWith({ claim: claim(bound), address: address() });
    expect((await ask(stage, [], { dryRun: true })).edit).toEqual(placed);
    expect(stage.writes).toEqual([]);
  });
});

// ---- Both roles ------------------------------------------------------------------------------------

const FRONT = `create ${INGRESS_CLAIM} from InClusterIPPool web bare`;
const both: Objects = { class: clusterClass(wantsBoth), pools: [pool("own"), ingressPool("web")] };
const placedBoth: Edit = {
  endpoint: { host: VIP, port: 6443 },
  variables: { [VARIABLE]: VIP, [INGRESS_VARIABLE]: INGRESS_VIP },
  annotations: { [VIP_ANNOTATION]: VIP, [INGRESS.annotation]: INGRESS_VIP },
  labels: { [INGRESS.annotation]: INGRESS_VIP },
};
/** Everything that can go on without the clock has done so. */
const meanwhile = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

describe("A create that wants both VIPs", () => {
  test("has both in one answer: one look at the world, and no wait of one for the other", async () => {
    const clock = new VirtualClock(NOW);
    const stage = new Stage(both, clock);
    expect(await ask(stage)).toEqual({ edit: placedBoth, warnings: [], refusal: undefined });
    expect([...stage.writes].sort()).toEqual([CREATED, FRONT]);
    expect([...stage.waits].sort()).toEqual([CLAIM, INGRESS_CLAIM]);
    expect(stage.reads).toBe(1);
    expect(clock.next()).toBe(Infinity);
  });

  test("GB4 gives the ingress VIP a moment after the endpoint is decided, and then goes on without it", async () => {
    const clock = new VirtualClock(NOW);
    const stage = new Stage(both, clock);
    stage.withheld = [INGRESS_CLAIM];
    const answer = ask(stage);
    await meanwhile();
    expect(stage.records.at(-1)?.row).toBe("bound");
    expect(clock.next()).toBe(NOW + RULES.ingressGraceMs);
    clock.advance(RULES.ingressGraceMs);
    expect(await answer).toEqual({ edit: placed, warnings: [], refusal: undefined });
    expect(stage.get("ingressClaim")).toBeDefined();
    expect(stage.ingressRecords.at(-1)).toMatchObject({ row: "all else", reason: "WaitingForAddress" });
  });

  test("takes an ingress VIP that comes within that moment", async () => {
    const clock = new VirtualClock(NOW);
    const stage = new Stage(both, clock);
    stage.withheld = [INGRESS_CLAIM];
    const answer = ask(stage);
    await meanwhile();
    clock.advance(RULES.ingressGraceMs - 1);
    stage.add(ADDRESSES, ingressAddress());
    stage.answer("ingressClaim", ingressBound);
    expect((await answer).edit).toEqual(placedBoth);
  });

  test("is held for the endpoint alone, and keeps the ingress VIP that came", async () => {
    const budget = new AbortController();
    const stage = stageWith(both);
    stage.withheld = [CLAIM];
    const answer = ask(stage, [], { budget: budget.signal });
    await meanwhile();
    budget.abort();
    expect((await answer).edit).toEqual({
      annotations: { ...holding("WaitingForAddress").annotations, [INGRESS.annotation]: INGRESS_VIP },
      labels: { [INGRESS.annotation]: INGRESS_VIP },
      variables: { [INGRESS_VARIABLE]: INGRESS_VIP },
    });
  });

  test("does not wait for an ingress VIP that no variable needs", async () => {
    const stage = stageWith({ pools: [pool("own"), ingressPool("web")] });
    stage.withheld = [INGRESS_CLAIM];
    expect((await ask(stage)).edit).toEqual(placed);
    expect([...stage.writes].sort()).toEqual([CREATED, FRONT]);
    expect(stage.waits).toEqual([CLAIM]);
  });

  test("has the ingress VIP alone where the endpoint is opted out, and the endpoint alone the other way round", async () => {
    expect((await ask(stageWith(both), [optedOut])).edit).toEqual({
      variables: { [INGRESS_VARIABLE]: INGRESS_VIP },
      annotations: { [INGRESS.annotation]: INGRESS_VIP },
      labels: { [INGRESS.annotation]: INGRESS_VIP },
    });
    expect((await ask(stageWith(both), [ingressOptedOut])).edit).toEqual(placed);
  });

  test("keeps what its user gave for both, each under its own claim", async () => {
    const stage = stageWith(both);
    const given = variables({ [VARIABLE]: VIP, [INGRESS_VARIABLE]: INGRESS_VIP });
    const { edit } = await ask(stage, [given]);
    expect(edit).toEqual({
      endpoint: { host: VIP, port: 6443 },
      annotations: { [VIP_ANNOTATION]: VIP, [INGRESS.annotation]: INGRESS_VIP },
      labels: { [INGRESS.annotation]: INGRESS_VIP },
    });
    expect([...stage.writes].sort()).toEqual(
      [PINNED, CREATED, `pin ${INGRESS_VIP} as ${INGRESS_CLAIM} in InClusterIPPool web`, FRONT].sort(),
    );
  });

  test("GB6 has an IPv6 ingress VIP in variable and annotation, and in no label", async () => {
    const stage = stageWith({
      ...both,
      ingress: { claim: ingressClaim(ingressBound), address: ingressAddress(saying("2001:db8::20")) },
    });
    expect((await ask(stage)).edit).toEqual({
      endpoint: { host: VIP, port: 6443 },
      variables: { [VARIABLE]: VIP, [INGRESS_VARIABLE]: "2001:db8::20" },
      annotations: { [VIP_ANNOTATION]: VIP, [INGRESS.annotation]: "2001:db8::20" },
    });
  });
});

describe("GB4 Trouble with the ingress VIP never blocks the control plane", () => {
  test.each<[string, Objects]>([
    ["no pool", { ...both, pools: [pool("own")] }],
    [
      "no pool, where the installation says reject",
      { ...both, pools: [pool("own")], rules: { noPool: "reject" } },
    ],
    [
      "a claim that is not ours",
      { ...both, ingress: { claim: ingressClaim(put("metadata", "labels")({})) } },
    ],
    ["a claim that is going", { ...both, ingress: { claim: ingressClaim(terminating()) } }],
    [
      "an answer that is no address",
      {
        ...both,
        ingress: { claim: ingressClaim(ingressBound), address: ingressAddress(saying("10.0.0.0/8")) },
      },
    ],
  ])("%s", async (_what, objects) => {
    const { edit, refusal } = await ask(stageWith(objects));
    expect({ edit, refusal }).toEqual({ edit: placed, refusal: undefined });
  });

  test("a write that is refused", async () => {
    const stage = stageWith(both);
    stage.refuse(INGRESS_CLAIM, failed(403, "Forbidden", "quota exceeded", INGRESS_CLAIM));
    expect(await ask(stage)).toEqual({ edit: placed, warnings: [], refusal: undefined });
  });

  test("an address that another has: its user is warned, and it is not recorded", async () => {
    const stage = stageWith(both);
    stage.add(CLUSTERS, red(OTHER_IP));
    const { edit, warnings, refusal } = await ask(stage, [variables({ [INGRESS_VARIABLE]: OTHER_IP })]);
    expect({ edit, refusal }).toEqual({ edit: placed, refusal: undefined });
    expect(warnings).toEqual([expect.stringContaining("10.9.9.9 of Cluster team-b/red")]);
  });
});

describe("The words on both roles", () => {
  test("say once what concerns both", async () => {
    const { warnings, edit } = await ask(stageWith({ ...both, class: undefined }));
    expect(edit).toEqual(holding("ClassNotFound"));
    expect(warnings).toEqual([expect.stringContaining("ClusterClass team-a/rke2 does not exist")]);
  });

  test("say what concerns one of them, and which", async () => {
    const { warnings } = await ask(stageWith({ ...both, pools: [] }));
    expect(warnings).toEqual([
      expect.stringContaining("role control-plane"),
      expect.stringContaining("role ingress"),
    ]);
  });
});

describe("A create that is refused", () => {
  const taken = async (stage: Stage): Promise<Admission> => {
    stage.add(CLUSTERS, red(OTHER_IP));
    return ask(stage, [host(OTHER_IP)]);
  };

  test("gives back what it reserved for the other role meanwhile", async () => {
    const stage = stageWith(both);
    expect((await taken(stage)).refusal).toContain("AddressTaken");
    expect(stage.writes).toEqual([FRONT, `delete ${INGRESS_CLAIM}`]);
    expect([stage.get("ingressClaim"), stage.get("ingressAddress")]).toEqual([undefined, undefined]);
  });

  test("waits for nothing that the other role still waits for", async () => {
    const clock = new VirtualClock(NOW);
    const stage = new Stage(both, clock);
    stage.withheld = [INGRESS_CLAIM];
    const answer = taken(stage);
    await meanwhile();
    expect(clock.next()).toBe(NOW);
    clock.step();
    expect((await answer).refusal).toContain("AddressTaken");
    expect(stage.get("ingressClaim")).toBeUndefined();
  });

  test("leaves what was there before it: a claim that is not of this request", async () => {
    const stage = stageWith({ ...both, ingress: { claim: ingressClaim(terminating()) } });
    expect((await taken(stage)).refusal).toContain("AddressTaken");
    expect(stage.get("ingressClaim")).toBeDefined();
    expect(stage.writes).toEqual([]);
  });

  test("says one refusal, and no warning beside it", async () => {
    const stage = stageWith({ ...both, pools: [pool("own")] });
    expect(await taken(stage)).toMatchObject({ edit: NO_EDIT, warnings: [] });
  });
});

describe("Found by review: admit", () => {
  test("an address that two pools gave holds the Cluster, as its row says, and is no reason to refuse", async () => {
    const wide = globalPool("wide", forClass("k3s"), giving("10.0.0.0/16"));
    const stage = stageWith({ pools: [pool("own"), wide] });
    stage.add(CLUSTERS, red(VIP));
    const { edit, refusal } = await ask(stage);
    expect({ edit, refusal }).toEqual({ edit: holding("AddressTaken"), refusal: undefined });
  });

  /** The delete is guarded by the version that was written, and the provider has put its finalizer on since. */
  test("a refusal gives back also a claim that the provider touched meanwhile", async () => {
    const clock = new VirtualClock(NOW);
    const stage = new Stage(both, clock);
    stage.withheld = [INGRESS_CLAIM];
    stage.add(CLUSTERS, red(OTHER_IP));
    stage.beforeNext("watch", () => {
      const made = stage.get("ingressClaim");
      if (made) stage.set("ingressClaim", labelled("their", "change")(made));
    });
    const answer = ask(stage, [host(OTHER_IP)]);
    await meanwhile();
    clock.step();
    await answer;
    expect(stage.get("ingressClaim")).toBeUndefined();
  });
});
