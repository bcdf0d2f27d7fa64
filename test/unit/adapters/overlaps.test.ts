/** Which pools have addresses in common, said once for as long as it is so. */
import { Overlaps } from "../../../lib/adapters/overlaps";
import type { KubeObject } from "../../../lib/core/facts";
import { poolOf } from "../../gen/facts";
import { giving, globalPool, ofUnknownRanges, pool, put } from "../../gen/objects";

describe("Overlaps", () => {
  const overlaps = (...pools: readonly KubeObject[]) => {
    const known = new Overlaps();
    for (const one of pools) known.of(poolOf(one), false);
    return (one: KubeObject, gone = false) => known.of(poolOf(one), gone);
  };
  const own = pool("own", giving("10.0.0.10-10.0.0.19"));
  const next = pool("next", giving("10.0.0.18-10.0.0.29"));
  const far = pool("far", giving("10.0.9.0/24"));

  test("are of two pools, with the first range that both have", () => {
    expect(overlaps(own, far)(next)).toEqual([
      {
        pools: ["InClusterIPPool next in team-a", "InClusterIPPool own in team-a"],
        addresses: "10.0.0.18-10.0.0.19",
      },
    ]);
  });

  test("are none where no address is shared, or nobody knows what a pool has", () => {
    expect(overlaps(own)(far)).toEqual([]);
    expect(overlaps(own)(pool("next", ofUnknownRanges))).toEqual([]);
  });

  test("are not of one pool with itself, as it was before", () => {
    expect(overlaps(own)(pool("own", giving("10.0.0.10-10.0.0.15")))).toEqual([]);
  });

  test("are of pools of one name, where these live in two namespaces, or in none", () => {
    const theirs = pool("own", put("metadata", "namespace")("team-b"));
    expect(overlaps(own)(theirs).map(({ pools }) => pools)).toEqual([
      ["InClusterIPPool own in team-a", "InClusterIPPool own in team-b"],
    ]);
    expect(overlaps(own)(globalPool("own")).map(({ pools }) => pools)).toEqual([
      ["GlobalInClusterIPPool own", "InClusterIPPool own in team-a"],
    ]);
  });

  test("are said once, whichever of the two changes, and again when other addresses are shared", () => {
    const tell = overlaps(own, next);
    expect(tell(next)).toEqual([]);
    expect(tell(own)).toEqual([]);
    expect(tell(pool("next", giving("10.0.0.19-10.0.0.29")))).toMatchObject([{ addresses: "10.0.0.19" }]);
  });

  test("that ended are said again when they come back", () => {
    const tell = overlaps(own, next);
    expect(tell(pool("next", giving("10.0.0.20-10.0.0.29")))).toEqual([]);
    expect(tell(next)).toHaveLength(1);
  });

  test("end with a pool that is gone", () => {
    const tell = overlaps(own, next);
    expect(tell(next, true)).toEqual([]);
    expect(tell(own)).toEqual([]);
    expect(tell(next)).toHaveLength(1);
  });
});
