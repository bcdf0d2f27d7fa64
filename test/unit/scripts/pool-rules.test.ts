import type { Resource } from "../../../lib/adapters/kinds";
import { withPoolRules } from "../../../scripts/pool-rules";

const pools: Resource = {
  group: "ipam.example.org",
  version: "v1",
  kind: "ExamplePool",
  plural: "examplepools",
  namespaced: true,
};
const rule = (...verbs: string[]) => ({
  apiGroups: ["ipam.example.org"],
  resources: ["examplepools"],
  verbs,
});
const other = { apiGroups: ["a"], resources: ["things"], verbs: ["get"] };

describe("The rules of a module with a further kind of pool", () => {
  test("allow to read it", () => {
    expect(withPoolRules([other], [pools])).toEqual([other, rule("get", "list", "watch")]);
  });

  test("complete what Pepr wrote, in its place", () => {
    expect(withPoolRules([rule("watch"), other], [pools])).toEqual([rule("get", "list", "watch"), other]);
  });

  test("keep what package.json has by hand", () => {
    const byHand = [rule("list", "watch", "get", "patch")];
    expect(withPoolRules(byHand, [pools])).toEqual([rule("get", "list", "watch", "patch")]);
    expect(withPoolRules(withPoolRules(byHand, [pools]), [pools])).toEqual(withPoolRules(byHand, [pools]));
  });

  test("do not count a right to one object as the right to all", () => {
    const one = { ...rule("get", "list", "watch"), resourceNames: ["vips"] };
    expect(withPoolRules([one], [pools])).toEqual([one, rule("get", "list", "watch")]);
  });

  test("stay as they are without one", () => {
    expect(withPoolRules([other], [])).toEqual([other]);
  });
});
