import { POOLS, GLOBAL_POOLS } from "../../../lib/adapters/kinds";
import { METRIC_PREFIX } from "../../../lib/adapters/metric-table";
import { Metrics } from "../../../lib/adapters/metrics";
import { WorldGauges } from "../../../lib/adapters/world-gauges";
import type { KubeObject } from "../../../lib/core/facts";
import { StandingClock } from "../../fakes/standing-clock";
import {
  annotated,
  bound,
  claim,
  CLASS,
  clusterClass,
  disabled,
  forClass,
  globalPool,
  held,
  labelled,
  NOW,
  pool,
  put,
  stored,
  wantsBoth,
  type Change,
} from "../../gen/objects";

const FURTHER = {
  group: "ipam.example.org",
  version: "v1",
  kind: "ExamplePool",
  plural: "examplepools",
  namespaced: true,
};

class World {
  readonly metrics = new Metrics(true);
  readonly gauges = new WorldGauges(this.metrics, new StandingClock(NOW), [POOLS, GLOBAL_POOLS, FURTHER]);

  async series(name: string): Promise<string[]> {
    return (await this.metrics.registry.metrics())
      .split("\n")
      .filter((line) => line.startsWith(METRIC_PREFIX + name))
      .map((line) => line.slice(METRIC_PREFIX.length))
      .sort();
  }
}

const counts = (values: object): Change => put("status", "ipAddresses")(values);

describe("Pools", () => {
  test("are counted by their names, a namespaced one with its namespace", async () => {
    const { gauges, series } = worldOf();
    gauges.poolChanged(pool("own", counts({ total: 5, used: 2, free: 3 })), false);
    gauges.poolChanged(globalPool("all", counts({ total: 9, used: 0, free: 9 })), false);
    expect(await series("pool_addresses_free")).toEqual([
      'pool_addresses_free{pool_name="all"} 9',
      'pool_addresses_free{pool_name="team-a/own"} 3',
    ]);
    expect(await series("pool_addresses_used")).toContain('pool_addresses_used{pool_name="team-a/own"} 2');
    gauges.poolChanged(pool("own"), true);
    expect(await series("pool_addresses_free")).toEqual(['pool_addresses_free{pool_name="all"} 9']);
  });

  test("of another provider are told apart by their kind", async () => {
    const { gauges, series } = worldOf();
    const other = {
      ...pool("own", counts({ total: 1, used: 0, free: 1 })),
      apiVersion: "ipam.example.org/v1",
      kind: "ExamplePool",
    };
    gauges.poolChanged(other, false);
    expect(await series("pool_addresses_free")).toEqual([
      'pool_addresses_free{pool_name="ExamplePool.ipam.example.org/team-a/own"} 1',
    ]);
  });

  test("give what is in range, also where addresses outside count as used", async () => {
    const { gauges, series } = worldOf();
    gauges.poolChanged(pool("own", counts({ total: 5, used: 7, free: -2, outOfRange: 4 })), false);
    expect(await series("pool_addresses_free")).toEqual(['pool_addresses_free{pool_name="team-a/own"} 2']);
    expect(await series("pool_addresses_used")).toEqual(['pool_addresses_used{pool_name="team-a/own"} 3']);
  });

  test("without a status, or without our label, have no counts", async () => {
    const { gauges, series } = worldOf();
    gauges.poolChanged(pool("own", put("status")({})), false);
    gauges.poolChanged(
      pool("nobodys", put("metadata", "labels")({}), counts({ total: 1, used: 0, free: 1 })),
      false,
    );
    expect(await series("pool_addresses")).toEqual([]);
  });

  test("are available by class and role while they can give", async () => {
    const { gauges, series } = worldOf();
    gauges.poolChanged(pool("own"), false);
    gauges.poolChanged(pool("other", disabled), false);
    gauges.poolChanged(pool("second", forClass("k3s")), false);
    expect(await series("pools_available")).toEqual([
      'pools_available{cluster_class="k3s",role="control-plane"} 1',
      `pools_available{cluster_class="${CLASS}",role="control-plane"} 1`,
    ]);
  });

  test("that can give nothing are 0 for a class that is there, and nothing for one that is not", async () => {
    const { gauges, series } = worldOf();
    gauges.poolChanged(pool("own", disabled), false);
    expect(await series("pools_available")).toEqual([]);
    const without = clusterClass();
    gauges.classChanged(without, false);
    expect(await series("pools_available")).toEqual([
      `pools_available{cluster_class="${CLASS}",role="control-plane"} 0`,
    ]);
    gauges.classChanged(without, true);
    expect(await series("pools_available")).toEqual([]);
  });

  test("that a class asks for in vain are 0", async () => {
    const { gauges, series } = worldOf();
    gauges.classChanged(clusterClass(wantsBoth), false);
    const name = clusterClass().metadata.name;
    expect(await series("pools_available")).toEqual([
      `pools_available{cluster_class="${name}",role="control-plane"} 0`,
      `pools_available{cluster_class="${name}",role="ingress"} 0`,
    ]);
    gauges.classChanged(clusterClass(wantsBoth), true);
    expect(await series("pools_available")).toEqual([]);
  });
});

describe("Claims", () => {
  test("are counted by role and namespace, and no longer when they are gone", async () => {
    const { gauges, series } = worldOf();
    gauges.claimChanged(claim(), false);
    expect(await series("claims_pending")).toEqual([
      'claims_pending{role="control-plane",namespace="team-a"} 1',
    ]);
    gauges.claimChanged(bound(claim()), false);
    expect(await series("claims_pending")).toEqual([
      'claims_pending{role="control-plane",namespace="team-a"} 0',
    ]);
    expect(await series("claims_ready")).toEqual(['claims_ready{role="control-plane",namespace="team-a"} 1']);
    expect(await series("claims_total")).toEqual(['claims_total{role="control-plane",namespace="team-a"} 1']);
    gauges.claimChanged(claim(), true);
    expect(await series("claims_")).toEqual([]);
  });

  test("of a role that somebody made up are not counted", async () => {
    const { gauges, series } = worldOf();
    gauges.claimChanged(labelled("vip.capi.gorizond.io/role", "made-up")(claim()), false);
    expect(await series("claims_")).toEqual([]);
  });
});

test("What was made again under its name while the watch was away is there, though its going is told last", async () => {
  const { gauges, series } = worldOf();
  const former = put("metadata", "uid")("uid-of-the-former");
  const told = async (): Promise<string[][]> =>
    Promise.all(["pools_available", "claims_total", "held_clusters"].map(series));
  for (const change of [former, put("metadata", "uid")("uid-of-the-new")]) {
    gauges.classChanged(clusterClass(wantsBoth, change), false);
    gauges.poolChanged(pool("own", change), false);
    gauges.claimChanged(claim(change), false);
    gauges.clusterChanged(stored(held("NoMatchingPool"), change), false);
  }
  gauges.classChanged(clusterClass(wantsBoth, former), true);
  gauges.poolChanged(pool("own", former), true);
  gauges.claimChanged(claim(former), true);
  gauges.clusterChanged(stored(held("NoMatchingPool"), former), true);
  expect(await told()).toEqual([
    [
      `pools_available{cluster_class="${CLASS}",role="control-plane"} 1`,
      `pools_available{cluster_class="${CLASS}",role="ingress"} 0`,
    ],
    ['claims_total{role="control-plane",namespace="team-a"} 1'],
    ['held_clusters{reason="NoMatchingPool"} 1'],
  ]);
});

describe("Held Clusters", () => {
  const created = (secondsAgo: number): Change =>
    put("metadata", "creationTimestamp")(new Date(NOW - secondsAgo * 1000).toISOString());

  test("are counted by reason, and the oldest one since its create", async () => {
    const { gauges, series } = worldOf();
    expect(await series("held_oldest_seconds")).toEqual(["held_oldest_seconds 0"]);
    gauges.clusterChanged(stored(held("NoMatchingPool"), created(90)), false);
    gauges.clusterChanged(named("red", stored(held("NoMatchingPool"), created(30))), false);
    expect(await series("held_clusters")).toEqual(['held_clusters{reason="NoMatchingPool"} 2']);
    expect(await series("held_oldest_seconds")).toEqual(["held_oldest_seconds 90"]);
    gauges.clusterChanged(stored(created(90)), false);
    expect(await series("held_oldest_seconds")).toEqual(["held_oldest_seconds 30"]);
    gauges.clusterChanged(named("red", stored()), true);
    expect(await series("held_clusters")).toEqual([]);
    expect(await series("held_oldest_seconds")).toEqual(["held_oldest_seconds 0"]);
  });

  test("that ran before are held since then, not since their create", async () => {
    const { gauges, series } = worldOf();
    gauges.clusterChanged(stored(created(9000)), false);
    gauges.clusterChanged(stored(held("ClassChanged"), created(9000)), false);
    expect(await series("held_oldest_seconds")).toEqual(["held_oldest_seconds 0"]);
    expect(await series("held_clusters")).toEqual(['held_clusters{reason="ClassChanged"} 1']);
  });

  test.each(["made up", "toString", "__proto__"])(
    "mint no series of the reason %p that somebody wrote",
    async (text) => {
      const { gauges, series } = worldOf();
      gauges.clusterChanged(annotated("vip.capi.gorizond.io/hold", text)(stored()), false);
      expect(await series("held_clusters")).toEqual(['held_clusters{reason=""} 1']);
    },
  );
});

const named = (name: string, object: KubeObject): KubeObject => put("metadata", "name")(name)(object);

function worldOf(): { gauges: WorldGauges; series: (name: string) => Promise<string[]> } {
  const world = new World();
  return { gauges: world.gauges, series: (name) => world.series(name) };
}
