/** Which pool serves, and why not the others. */
import { CLASS_LABEL, PAUSED, ROLE_LABEL } from "../../../lib/core/contract";
import {
  choosePool,
  isOfOtherPool,
  mayReserve,
  obstacle,
  poolWith,
  samePool,
  serves,
  type PoolChoice,
} from "../../../lib/core/pool-choice";
import type { KubeObject } from "../../../lib/core/facts";
import { poolOf } from "../../gen/facts";
import {
  annotated,
  CLASS,
  disabled,
  forClass,
  forRole,
  free,
  giving,
  globalPool,
  NAMESPACE,
  ofUnknownRanges,
  pool,
  priority,
  put,
  terminating,
} from "../../gen/objects";

const wish = { namespace: NAMESPACE, className: CLASS, role: "control-plane" };
const choose = (...pools: readonly KubeObject[]): PoolChoice => choosePool(pools.map(poolOf), wish);
const chosen = (...pools: readonly KubeObject[]): string | undefined => choose(...pools).chosen?.ref.name;

describe("A pool serves", () => {
  test("the class and the role that its labels name", () => {
    expect(serves(poolOf(pool("own")), wish)).toBe(true);
    expect(serves(poolOf(globalPool("everybody")), wish)).toBe(true);
  });

  test.each([
    ["of another class", pool("own", forClass("k3s"))],
    ["of another role", pool("own", forRole("ingress"))],
    ["of another namespace", pool("own", put("metadata", "namespace")("team-b"))],
    ["without labels", pool("own", put("metadata", "labels")(undefined))],
  ])("nobody %s", (_what, object) => {
    expect(choose(object)).toEqual({ matching: [], chosen: undefined, passedOver: [] });
  });
});

describe("A pool that lists whom it serves", () => {
  const listing = (key: string, list: string) => (object: KubeObject) =>
    annotated(key, list)(put("metadata", "labels", key)("true")(object));
  const classes = (list: string) => listing(CLASS_LABEL, list);
  const roles = (list: string) => listing(ROLE_LABEL, list);
  const longName = "k".repeat(80);

  test.each([
    ["one class", classes(CLASS)],
    ["many classes", classes(`k3s,${CLASS},rke2`)],
    ["classes with blanks around them", classes(` k3s , ${CLASS} `)],
    ["nothing between two commas", classes(`k3s,,${CLASS},`)],
    ["a name that no label can hold", classes(`${longName},${CLASS}`)],
    ["many roles", roles("ingress, control-plane")],
  ])("with %s serves ours", (_what, change) => {
    expect(serves(poolOf(pool("shared", change)), wish)).toBe(true);
  });

  test("serves a class whose name no label can hold", () => {
    expect(serves(poolOf(pool("shared", classes(longName))), { ...wish, className: longName })).toBe(true);
  });

  test("is shared by both roles", () => {
    const shared = poolOf(pool("shared", roles("control-plane,ingress")));
    expect(["control-plane", "ingress"].map((role) => serves(shared, { ...wish, role }))).toEqual([
      true,
      true,
    ]);
  });

  test.each([
    ["another class", classes("k3s")],
    ["a class whose name only begins like ours", classes(`${CLASS}-large`)],
    ["nobody", classes(" , ")],
    ["another role", roles("ingress")],
  ])("with %s does not serve ours", (_what, change) => {
    expect(serves(poolOf(pool("shared", change)), wish)).toBe(false);
  });

  test("serves no Cluster without a class, whatever stands between its commas", () => {
    expect(serves(poolOf(pool("shared", classes(","))), { ...wish, className: "" })).toBe(false);
  });

  test("is not asked for its list where the label names a class", () => {
    const named = annotated(CLASS_LABEL, "k3s");
    expect(serves(poolOf(pool("own", named)), wish)).toBe(true);
    expect(serves(poolOf(pool("own", named)), { ...wish, className: "k3s" })).toBe(false);
  });

  test("without the annotation serves a class that is really called true, and with it only who is listed", () => {
    const wished = { ...wish, className: "true" };
    expect(serves(poolOf(pool("own", forClass("true"))), wished)).toBe(true);
    expect(serves(poolOf(pool("own", classes(CLASS))), wished)).toBe(false);
    expect(serves(poolOf(pool("own", classes(`true,${CLASS}`))), wished)).toBe(true);
  });
});

describe("The choice", () => {
  test("takes a pool of the Cluster's own namespace before a global one, whatever the priority", () => {
    expect(chosen(globalPool("a", priority("9")), pool("z"))).toBe("z");
  });

  test("takes the higher priority, then the name", () => {
    expect(chosen(pool("a"), pool("b", priority("1")))).toBe("b");
    expect(chosen(pool("b"), pool("a"))).toBe("a");
    expect(chosen(pool("a", priority("-1")), pool("b"))).toBe("b");
    expect(chosen(pool("a", priority("9")), pool("b", priority("10")))).toBe("b");
  });

  test("takes a priority of any length", () => {
    expect(chosen(pool("b", priority("9".repeat(400))), pool("a", priority("5")))).toBe("b");
    expect(chosen(pool("b"), pool("a", priority(`-${"9".repeat(400)}`)))).toBe("b");
  });

  test.each(["high", "1.5", "", "1e3", "0x10"])("takes %j for no priority", (text) => {
    expect(chosen(pool("b", priority(text)), pool("a"))).toBe("a");
  });

  test.each([
    ["being deleted", terminating(), "it is being deleted"],
    ["drained", disabled, 'its annotation vip.capi.gorizond.io/disabled says "true"'],
    ["paused", annotated(PAUSED, ""), "it is paused"],
    ["full", free(0), "it has no free address"],
    ["overfull", free(-1), "it has no free address"],
  ])("passes over a pool that is %s, and says so", (_what, change, why) => {
    const choice = choose(pool("a", change), globalPool("z"));
    expect(choice.chosen?.ref.name).toBe("z");
    expect(choice.passedOver).toEqual([{ pool: "InClusterIPPool a", why }]);
    expect(choose(pool("a", change)).chosen).toBeUndefined();
    expect(choose(pool("a", change)).matching).toHaveLength(1);
  });

  test("tries a pool whose provider has not counted yet", () => {
    expect(obstacle(poolOf(pool("own", put("status")(undefined))))).toBeUndefined();
  });

  test('takes "disabled" only at its word', () => {
    expect(
      chosen(pool("own", put("metadata", "annotations")({ "vip.capi.gorizond.io/disabled": "false" }))),
    ).toBe("own");
  });

  test("says that another came first", () => {
    expect(choose(pool("a"), pool("b")).passedOver).toEqual([
      { pool: "InClusterIPPool b", why: "another comes first" },
    ]);
  });

  test("leaves the listing as it was", () => {
    const pools = Object.freeze([poolOf(pool("b")), poolOf(pool("a"))]);
    choosePool(pools, wish);
    expect(pools.map(({ ref }) => ref.name)).toEqual(["b", "a"]);
  });
});

test("two pools are one when group, kind and name agree", () => {
  const { ref } = poolOf(pool("own"));
  expect(samePool(ref, { ...ref })).toBe(true);
  expect(samePool(ref, { ...ref, kind: "GlobalInClusterIPPool" })).toBe(false);
  expect(samePool(ref, { ...ref, name: "other" })).toBe(false);
  expect(samePool(ref, { ...ref, apiGroup: "example.org" })).toBe(false);
});

describe("The pool that a given address is reserved in", () => {
  const ADDRESS = "10.0.0.15";
  const reservedIn = (...pools: readonly KubeObject[]): string | undefined =>
    poolWith(ADDRESS, pools.map(poolOf), wish)?.ref.name;

  test("is the one that has it, whomever it serves", () => {
    expect(reservedIn(pool("own"))).toBe("own");
    expect(reservedIn(globalPool("others", forClass("k3s"), forRole("ingress")))).toBe("others");
    expect(reservedIn(pool("unlabelled", put("metadata", "labels")(undefined)))).toBe("unlabelled");
  });

  test("is one that serves the Cluster, before its namespace and its priority count", () => {
    expect(reservedIn(pool("others", forClass("k3s"), priority("9")), globalPool("ours"))).toBe("ours");
    expect(reservedIn(globalPool("a", priority("9")), pool("z"))).toBe("z");
    expect(reservedIn(pool("a"), pool("b", priority("1")))).toBe("b");
  });

  test.each([
    ["has other addresses", pool("own", giving("10.0.0.20-10.0.0.29"))],
    ["excludes it", pool("own", put("spec", "excludedAddresses")([ADDRESS]))],
    ["has it as its gateway", pool("own", put("spec", "gateway")(ADDRESS))],
    ["does not say what it has", pool("own", ofUnknownRanges)],
    ["is another namespace's", pool("own", put("metadata", "namespace")("team-b"))],
    ["is being deleted", pool("own", terminating())],
    ["is paused", pool("own", annotated(PAUSED, ""))],
  ])("is none that %s", (_what, object) => {
    expect(reservedIn(object)).toBeUndefined();
  });

  test("may be disabled or full: what its people gave is theirs to give", () => {
    expect(reservedIn(pool("own", disabled, free(0)))).toBe("own");
  });

  test("may reserve from its own namespace, and from everywhere where it has none", () => {
    const where = (namespace: string) => ({ address: ADDRESS, namespace });
    expect(mayReserve(poolOf(pool("own")), where("team-b"))).toBe(false);
    expect(mayReserve(poolOf(globalPool("own")), where("team-b"))).toBe(true);
    expect(mayReserve(poolOf(globalPool("own")), { ...where("team-b"), address: "10.9.9.9" })).toBe(false);
  });
});

describe("An address may have been given by another pool", () => {
  const own = poolOf(pool("own"));
  const isShared = (...others: readonly KubeObject[]): boolean =>
    isOfOtherPool("10.0.0.15", own, [own, ...others.map(poolOf)]);

  test("that has it as well", () => {
    expect(isShared(globalPool("wide", giving("10.0.0.0/16")))).toBe(true);
  });

  test("that does not say what it has", () => {
    expect(isShared(globalPool("unknown", ofUnknownRanges))).toBe(true);
  });

  test("but not by one that has others, nor by its own", () => {
    expect(isShared()).toBe(false);
    expect(isShared(globalPool("far", giving("10.7.0.0/16")))).toBe(false);
  });

  test("of its own name in another namespace, where nothing but the namespace differs", () => {
    expect(isShared(pool("own", put("metadata", "namespace")("team-b")))).toBe(true);
  });
});

/** What the design promises users of pool labels, and the choice does not do yet. */
describe("Found by review: choice", () => {
  test("two pools of one name and different kinds are chosen from in a fixed order", () => {
    const one = poolOf(pool("own"));
    const other = { ...one, ref: { ...one.ref, apiGroup: "example.org", kind: "ArubaPool" } };
    expect(choosePool([one, other], wish).chosen).toEqual(choosePool([other, one], wish).chosen);
  });
});
