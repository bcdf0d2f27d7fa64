/** How Events get to the API server: counted, bounded, and in nobody's way. */
import { CLUSTERS, EVENTS, IN_CLUSTER_POOLS } from "../../../lib/adapters/kinds";
import { CONTROLLER, KubeEvents } from "../../../lib/adapters/kube-events";
import type { EventWish } from "../../../lib/core/events";
import type { KubeObject } from "../../../lib/core/facts";
import { atOnce, failed, FakeApiServer, FakeClient, type Turn } from "../../fakes/api-server";
import { VirtualClock } from "../../fakes/virtual-clock";
import { globalPool, NAMESPACE, NOW, pool } from "../../gen/objects";

const IPAM = "ipam.cluster.x-k8s.io";
const named = (kind: string, name: string) => ({ group: IPAM, kind, namespace: NAMESPACE, name });

const wish = (note = "the words", more: Partial<EventWish> = {}): EventWish => ({
  regarding: { group: "cluster.x-k8s.io", kind: "Cluster", namespace: NAMESPACE, name: "blue", uid: "uid" },
  action: "Hold",
  reason: "NoMatchingPool",
  type: "Warning",
  note,
  ...more,
});

class Site {
  readonly server = new FakeApiServer(() => this.clock.now());
  readonly clock = new VirtualClock(NOW);
  readonly lost: string[] = [];
  broken = false;
  readonly requests: string[] = [];
  readonly #turn: Turn = (request, signal) => {
    this.requests.push(request.verb);
    if (this.broken) return Promise.reject(failed(503, "ServiceUnavailable", "HTTP 503", ""));
    return atOnce(this.server)(request, signal);
  };

  process(): KubeEvents {
    return new KubeEvents(new FakeClient(this.server, this.#turn), this.clock, {
      poolKinds: IN_CLUSTER_POOLS,
      instance: "watcher-1",
      lost: (why) => this.lost.push(why),
    });
  }

  /** So long, with whatever that sets off. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed <= ms; passed += 10) {
      await new Promise(setImmediate);
      this.clock.advance(10);
    }
    await new Promise(setImmediate);
  }

  get events(): readonly KubeObject[] {
    return this.server.list(EVENTS);
  }
}

describe("An Event", () => {
  test("says who tells, what was done, why, and when", async () => {
    const site = new Site();
    site.process().emit(wish("the words", { related: named("InClusterIPPool", "own") }));
    await site.pass(100);
    expect(site.events).toMatchObject([
      {
        apiVersion: "events.k8s.io/v1",
        kind: "Event",
        metadata: { namespace: NAMESPACE, name: expect.stringMatching(/^blue\.[0-9a-f]{16}$/) as string },
        eventTime: expect.stringMatching(/^2026-06-01T12:00:00\.\d{6}Z$/) as string,
        reportingController: CONTROLLER,
        reportingInstance: "watcher-1",
        action: "Hold",
        reason: "NoMatchingPool",
        type: "Warning",
        note: "the words",
        regarding: {
          apiVersion: "cluster.x-k8s.io/v1beta2",
          kind: "Cluster",
          namespace: NAMESPACE,
          name: "blue",
          uid: "uid",
        },
        related: {
          apiVersion: "ipam.cluster.x-k8s.io/v1alpha2",
          kind: "InClusterIPPool",
          namespace: NAMESPACE,
          name: "own",
        },
      },
    ]);
    expect(site.events[0]).not.toHaveProperty("series");
  });

  test("of a pool is found by its UID, and that of one without a namespace is in default", async () => {
    const site = new Site();
    const made = site.server.create(
      IN_CLUSTER_POOLS[0] as (typeof IN_CLUSTER_POOLS)[number],
      NAMESPACE,
      pool("own"),
    );
    const global = site.server.create(
      IN_CLUSTER_POOLS[1] as (typeof IN_CLUSTER_POOLS)[number],
      undefined,
      globalPool("shared"),
    );
    const process = site.process();
    process.emit(wish("own", { regarding: named("InClusterIPPool", "own") }));
    process.emit(wish("shared", { regarding: named("GlobalInClusterIPPool", "shared") }));
    await site.pass(200);
    const found = site.events.map(({ metadata, regarding }) => [metadata.namespace, regarding]);
    expect(found).toEqual([
      ["default", expect.objectContaining({ name: "shared", uid: global.metadata.uid })],
      [NAMESPACE, expect.objectContaining({ name: "own", uid: made.metadata.uid })],
    ]);
    expect(found[0]?.[1]).not.toHaveProperty("namespace");
  });

  test("of a Cluster that was never stored is not given to its namesake", async () => {
    const site = new Site();
    site.server.create(CLUSTERS, NAMESPACE, { metadata: { name: "blue" } });
    const { uid: _, ...regarding } = wish().regarding;
    site.process().emit(wish("refused", { regarding }));
    await site.pass(100);
    expect(site.events[0]?.["regarding"]).not.toHaveProperty("uid");
  });

  test("that comes again is counted in its series, also by another process", async () => {
    const site = new Site();
    site.process().emit(wish());
    await site.pass(1000);
    const other = site.process();
    other.emit(wish());
    await site.pass(1000);
    expect(site.events).toMatchObject([
      {
        series: {
          count: 2,
          lastObservedTime: expect.stringMatching(/^2026-06-01T12:00:01\.\d{3}000Z$/) as string,
        },
      },
    ]);
    other.emit(wish());
    await site.pass(1000);
    expect(site.events).toMatchObject([{ series: { count: 3 } }]);
    expect(site.events).toHaveLength(1);
  });

  test("that comes again before it was written is written once, with its count", async () => {
    const site = new Site();
    const process = site.process();
    process.emit(wish("first"), wish(), wish(), wish());
    await site.pass(500);
    expect(site.requests).toEqual(["create", "create"]);
    expect(
      site.events.map((event) => (event["series"] as { count: number } | undefined)?.count).sort(),
    ).toEqual([3, undefined]);
  });

  test("is another one for another object, action, reason or word", async () => {
    const site = new Site();
    const process = site.process();
    process.emit(wish(), wish("other words"), wish("the words", { action: "Wait" }));
    process.emit(wish("the words", { reason: "PoolExhausted" }));
    process.emit(wish("the words", { regarding: { ...wish().regarding, uid: "another" } }));
    await site.pass(1000);
    expect(site.events).toHaveLength(5);
  });

  test.each([0, 1, 2, 3])(
    "has no more words than the API server takes, in whole letters (%d)",
    async (shift) => {
      const site = new Site();
      site.process().emit(wish("x".repeat(shift) + "ä€😀".repeat(500)));
      await site.pass(100);
      const note = site.events[0]?.["note"] as string;
      expect(Buffer.byteLength(note)).toBeLessThanOrEqual(1024);
      expect(Buffer.from(note).toString()).toBe(note);
    },
  );
});

describe("Many Events", () => {
  const many = (count: number): EventWish[] => Array.from({ length: count }, (_, at) => wish(`words ${at}`));

  test("are written one after the other, no more than twenty a second", async () => {
    const site = new Site();
    site.process().emit(...many(100));
    await site.pass(1000);
    expect(site.events.length).toBeGreaterThan(10);
    expect(site.events.length).toBeLessThanOrEqual(21);
  });

  test("that are more than can wait are let go, which is said once", async () => {
    const site = new Site();
    site.process().emit(...many(1000));
    await site.pass(30_000);
    expect(site.events).toHaveLength(500);
    expect(site.lost).toEqual(["more than 500 wait"]);
  });
});

describe("Events that cannot be written", () => {
  test("are lost, which is said once until one is written again, and nobody waits", async () => {
    const site = new Site();
    const process = site.process();
    site.broken = true;
    process.emit(wish("one"), wish("two"));
    await site.pass(500);
    expect(site.lost).toEqual(["HTTP 503"]);
    site.broken = false;
    process.emit(wish("three"));
    await site.pass(500);
    expect(site.events).toHaveLength(1);
    site.broken = true;
    process.emit(wish("four"));
    await site.pass(500);
    expect(site.lost).toEqual(["HTTP 503", "HTTP 503"]);
  });
});
