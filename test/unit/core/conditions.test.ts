/** What the conditions of a Cluster say after a pass. */
import { tellingOf } from "../../../lib/core/conditions";
import type { Condition, Facts } from "../../../lib/core/facts";
import { plan, type Plan } from "../../../lib/core/plan";
import { CONTROL_PLANE, INGRESS } from "../../../lib/core/roles";
import { eventType, REASONS, standing, verdict, type Reason } from "../../../lib/core/verdict";
import { words } from "../../gen/decisions";
import { gone, Unread, watching, type World } from "../../gen/facts";
import {
  address,
  annotated,
  bound,
  claim,
  cluster,
  complete,
  held,
  host,
  markedHeld,
  noTopology,
  optedOut,
  owned,
  clusterLabelled,
  OTHER_IP,
  pausedByField,
  put,
  secured,
  stored,
  terminating,
  VIP,
  withIngress,
  type Change,
} from "../../gen/objects";

const TYPE = "ControlPlaneVIPReady";
const SINCE = "2026-05-01T12:00:00Z";
const reasons = Object.keys(REASONS) as Reason[];

/** A plan that has nothing left to write, and comes to this. */
const saying = (reason: Reason, detail = "the detail"): Plan => ({
  decisions: [{ role: CONTROL_PLANE, row: "a row", verdict: verdict(reason, detail) }],
  edit: {},
  steps: [],
  waitFor: undefined,
  looks: [],
  lookAgainMs: undefined,
  interests: [],
});

const says = (status: Condition["status"], reason: string, message = "words", generation = 3): Change =>
  put(
    "status",
    "conditions",
  )([{ type: TYPE, status, reason, message, observedGeneration: generation, lastTransitionTime: SINCE }]);
const atGeneration = put("metadata", "generation");

const tell = (facts: Facts, of: Plan = plan(facts), failures = new Map<typeof CONTROL_PLANE, string>()) =>
  tellingOf(facts, of, failures);
const told = (facts: Facts, of?: Plan): readonly Condition[] | undefined =>
  tell(facts, of).steps.flatMap((step) => (step.kind === "write-conditions" ? [step.conditions] : []))[0];

/** Its VIP is in place, and nothing is left to be written. */
const inPlace = (...changes: readonly Change[]): World => ({
  cluster: stored(complete(), atGeneration(3), ...changes),
  claim: claim(bound, owned(), clusterLabelled),
  address: address(secured()),
});

/** Nothing is in place yet, whatever the plan comes to. */
const waiting = (...changes: readonly Change[]): World => ({
  cluster: stored(held("WaitingForAddress"), atGeneration(3), ...changes),
});

/** The table: what the condition is once a pass has settled for each reason, while no VIP is in place. */
const TABLE: Readonly<Record<Reason, "True" | "False" | "Unknown" | "none">> = {
  Assigned: "True",
  UserProvided: "True",
  NotManaged: "none",
  NoTopology: "none",
  OptedOut: "none",
  Moved: "Unknown",
  Gone: "none",
  Released: "False",
  Deleting: "Unknown",
  Paused: "Unknown",
  WaitingForAddress: "False",
  Adopting: "False",
  PreviousAddressReleasing: "False",
  ClaimOfOtherPool: "False",
  NameInUse: "Unknown",
  ClassChanged: "False",
  VariableRestricted: "False",
  ClassNotFound: "False",
  NoMatchingPool: "False",
  PoolExhausted: "False",
  ClaimNotOurs: "False",
  AddressInvalid: "False",
  AddressDetached: "True",
  FormerVipKept: "True",
  LateNotApplied: "False",
  Unreachable: "Unknown",
  HostAndVariableDiffer: "False",
  VipChange: "Unknown",
  VipKept: "Unknown",
  VariableNotChanged: "Unknown",
  AddressTaken: "False",
  InsideOwnNetwork: "False",
  PoolRequired: "Unknown",
};

describe("A Cluster of ours that said nothing yet", () => {
  test.each(reasons)("says of %s what the table says", (reason) => {
    const [condition] = told(watching(waiting()), saying(reason)) ?? [];
    expect(condition?.status ?? "none").toBe(TABLE[reason]);
    if (condition)
      expect(condition).toMatchObject({ type: TYPE, reason, observedGeneration: 3, since: undefined });
  });

  test("says it in the words of the one list of reasons, which name the Cluster and the next step", () => {
    const [condition] = told(watching(waiting()), saying("NoMatchingPool", "class rke2")) ?? [];
    expect(condition?.message).toBe(
      "Cluster team-a/blue: The ClusterClass wants a VIP, but no pool matches: class rke2 (NoMatchingPool). " +
        "Label a pool with the class and the role; the Cluster is completed by itself then.",
    );
  });
});

describe("A Cluster that said something", () => {
  const kept = reasons.filter((reason) => standing(reason) === "kept");

  test.each(kept)("still says it under %s", (reason) => {
    for (const status of ["True", "False", "Unknown"] as const)
      expect(told(watching(inPlace(says(status, "Whatever"))), saying(reason))).toBeUndefined();
  });

  const none = reasons.filter((reason) => standing(reason) === "none");

  test.each(none)("says nothing any more under %s", (reason) => {
    expect(told(watching(inPlace(says("True", "Assigned"))), saying(reason))).toEqual([]);
  });

  test("has its time of transition while the status stays, whatever else changes", () => {
    const facts = watching(waiting(says("False", "NoMatchingPool")));
    expect(told(facts, saying("PoolExhausted"))?.[0]).toMatchObject({
      reason: "PoolExhausted",
      since: SINCE,
    });
    expect(told(facts, saying("Assigned"))?.[0]).toMatchObject({ status: "True", since: undefined });
  });

  test("says it of the generation that was looked at", () => {
    const before = inPlace();
    const message = told(watching(before))?.[0]?.message;
    const facts = watching(inPlace(says("True", "Assigned", message), atGeneration(4)));
    const { steps, turns } = tell(facts);
    expect(steps).toMatchObject([{ conditions: [{ observedGeneration: 4, since: SINCE }] }]);
    expect(turns).toEqual([]);
  });

  test("says it once: the same is not written again, and nothing has turned", () => {
    const message = told(watching(inPlace()))?.[0]?.message;
    expect(tell(watching(inPlace(says("True", "Assigned", message))))).toEqual({ steps: [], turns: [] });
  });
});

describe("A Cluster whose VIP is in place", () => {
  /** Another has the VIP as well, or the machines do not know of it. */
  const against: readonly Reason[] = ["AddressTaken", "LateNotApplied"];
  const after = (world: World, reason: Reason): Condition["status"] | "none" => {
    const written = told(watching(world), saying(reason));
    return written ? (written[0]?.status ?? "none") : "True";
  };

  test.each(reasons)("stays True under %s, unless that is against the VIP itself", (reason) => {
    const expected = against.includes(reason) ? "False" : standing(reason) === "none" ? "none" : "True";
    expect(after(inPlace(says("True", "Assigned")), reason)).toBe(expected);
    const given = { cluster: stored(complete(OTHER_IP), says("True", "UserProvided")) };
    expect(after(given, reason)).toBe(expected);
  });

  test.each(reasons)("that said nothing yet says of %s that it is False only where it is", (reason) => {
    const status = TABLE[reason] === "False" && !against.includes(reason) ? "Unknown" : TABLE[reason];
    expect(told(watching(inPlace()), saying(reason))?.[0]?.status ?? "none").toBe(status);
  });

  test("still says so when its class is gone, without a write or an Event", () => {
    const world = { ...inPlace(says("True", "Assigned")), class: undefined };
    expect(plan(watching(world)).decisions[0]?.verdict.reason).toBe("ClassNotFound");
    expect(tell(watching(world))).toEqual({ steps: [], turns: [] });
  });

  test("still says so when its class is gone and its user gave it", () => {
    const given = { cluster: stored(complete(OTHER_IP), says("True", "UserProvided")), class: undefined };
    expect(plan(watching(given)).decisions[0]?.verdict.reason).toBe("ClassNotFound");
    expect(tell(watching(given)).steps).toEqual([]);
  });

  test("for ingress says so also while the endpoint is held", () => {
    const said = { type: "IngressVIPReady", status: "True", reason: "Assigned", message: "words" };
    const facts = watching({
      cluster: stored(held("NoMatchingPool"), withIngress(), put("status", "conditions")([said])),
      class: undefined,
      role: INGRESS,
    });
    expect(plan(facts).decisions[0]?.verdict.reason).toBe("ClassNotFound");
    expect(tell(facts).steps).toEqual([]);
  });
});

describe("Nothing is written on a Cluster", () => {
  const unread = { claim: new Unread("HTTP 503") };
  test.each<[string, World]>([
    ["without a topology", { cluster: stored(noTopology) }],
    ["without a topology that is paused", { cluster: stored(noTopology, pausedByField) }],
    ["without a topology that is being deleted", { cluster: stored(noTopology, terminating()) }],
    ["without a topology of which something could not be read", { cluster: stored(noTopology), ...unread }],
    ["that opted out", { cluster: stored(optedOut) }],
    ["that nobody asked us to serve", { cluster: stored(), class: cluster(), pools: [] }],
    ["that was not read", { cluster: new Unread("HTTP 503") }],
  ])("%s", (_which, world) => {
    expect(tell(watching(world))).toEqual({ steps: [], turns: [] });
  });

  test("that is gone", () => {
    expect(tell(gone())).toEqual({ steps: [], turns: [] });
  });

  test("about ingress, before its class says whether it wants one", () => {
    const facts = watching({ cluster: stored(held("ClassNotFound")), class: undefined, role: INGRESS });
    expect(tell(facts).steps).toEqual([]);
    const endpoint = watching({ cluster: stored(held("ClassNotFound")), class: undefined });
    expect(tell(endpoint).steps.map(words)).toEqual([`${TYPE}=False ClassNotFound`]);
  });
});

describe("What is held and cannot be read", () => {
  test("is Unknown, with what the API server said", () => {
    const facts = watching({ cluster: stored(held("Unreachable")), pools: new Unread("no such pools") });
    expect(told(facts)).toMatchObject([{ status: "Unknown", reason: "Unreachable" }]);
    expect(told(facts)?.[0]?.message).toContain("no such pools");
  });
});

describe("A write that was not made", () => {
  const pending = (...changes: readonly Change[]): Facts =>
    watching({
      cluster: stored(held("WaitingForAddress"), ...changes),
      claim: claim(bound, owned(), clusterLabelled),
      address: address(secured()),
    });
  const failures = new Map([[CONTROL_PLANE, "the webhook says no"]]);

  test("leaves what was said, and says nothing of what is not so", () => {
    const facts = pending(says("False", "WaitingForAddress"));
    expect(plan(facts).decisions[0]?.verdict.reason).toBe("Assigned");
    expect(tell(facts, undefined, failures).steps).toEqual([]);
  });

  test("is said where nothing was said", () => {
    const { steps } = tell(pending(), undefined, failures);
    expect(steps).toMatchObject([{ conditions: [{ status: "Unknown", reason: "Unreachable" }] }]);
    expect(JSON.stringify(steps)).toContain("the webhook says no");
  });

  test("because the class restricts its variable is said as that", () => {
    const facts = pending(says("False", "WaitingForAddress"), markedHeld("VariableRestricted"));
    expect(told(facts)).toMatchObject([{ status: "False", reason: "VariableRestricted" }]);
  });
});

describe("Real facts", () => {
  test("of a VIP in place are True", () => {
    expect(told(watching(inPlace()))).toMatchObject([{ status: "True", reason: "Assigned" }]);
  });

  test("of a VIP whose claim was deleted by hand are True, and say so", () => {
    const world = { ...inPlace(), claim: undefined, address: address(secured(), terminating()) };
    expect(told(watching(world))).toMatchObject([{ status: "True", reason: "AddressDetached" }]);
  });

  test("of two with one VIP are False, also where it was True", () => {
    const rivals = [{ kind: "Cluster", namespace: "team-b", name: "red" }];
    const facts = watching({ ...inPlace(says("True", "Assigned")), rivals });
    expect(told(facts)).toMatchObject([{ status: "False", reason: "AddressTaken" }]);
    expect(tell(facts).turns).toHaveLength(1);
  });

  test("of a paused Cluster leave what was there", () => {
    expect(tell(watching(inPlace(says("True", "Assigned"), pausedByField))).steps).toEqual([]);
  });

  test("of one that opts out take it away", () => {
    const facts = watching({ cluster: stored(host(OTHER_IP), optedOut, says("True", "UserProvided")) });
    expect(told(facts)).toEqual([]);
  });

  test("leave the other role's condition as it is", () => {
    const other = { type: "IngressVIPReady", status: "True", reason: "Assigned", message: "words" };
    const world = { ...inPlace(put("status", "conditions")([other])), ingress: {} };
    const facts = watching(world);
    const both: Plan = {
      ...saying("Assigned", VIP),
      decisions: [
        ...saying("Assigned", VIP).decisions,
        { role: INGRESS, row: "a row", verdict: verdict("Paused") },
      ],
    };
    expect(told(facts, both)?.map(({ type }) => type)).toEqual([TYPE, "IngressVIPReady"]);
  });

  test("are looked at without a word of the Cluster's own: conditions of others are nobody's business", () => {
    const others = put("status", "conditions")([{ type: "Available", status: "False", reason: "NotYet" }]);
    expect(told(watching(inPlace(others, annotated("other"))))).toHaveLength(1);
  });
});

test.each(reasons)("An Event for %s is a warning only where somebody must act", (reason) => {
  const isBad = REASONS[reason].class === "attention" || REASONS[reason].class === "refusal";
  expect(eventType(reason)).toBe(isBad ? "Warning" : "Normal");
});
