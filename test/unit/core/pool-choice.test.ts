/** Which pool serves, and why not the others. */
import { CLASS_LABEL, PAUSED, ROLE_LABEL } from "../../../lib/core/contract";
import { choosePool, obstacle, samePool, serves, type PoolChoice } from "../../../lib/core/pool-choice";
import type { KubeObject } from "../../../lib/core/facts";
import { poolOf } from "../../gen/facts";
import {
  annotated,
  CLASS,
  disabled,
  forClass,
  forRole,
  free,
  globalPool,
  NAMESPACE,
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

/** What the design promises users of pool labels, and the choice does not do yet. */
describe("Found by review: choice", () => {
  test("two pools of one name and different kinds are chosen from in a fixed order", () => {
    const one = poolOf(pool("own"));
    const other = { ...one, ref: { ...one.ref, apiGroup: "example.org", kind: "ArubaPool" } };
    expect(choosePool([one, other], wish).chosen).toEqual(choosePool([other, one], wish).chosen);
  });
});
