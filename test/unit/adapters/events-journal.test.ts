/** Which Events the stories of Clusters end in, told by the flows themselves, and that telling is in nobody's way. */
import { EventsJournal } from "../../../lib/adapters/events-journal";
import { together } from "../../../lib/adapters/journals";
import { CLUSTERS, IN_CLUSTER_POOLS } from "../../../lib/adapters/kinds";
import { KubeEvents } from "../../../lib/adapters/kube-events";
import { addressFacts, clusterFacts } from "../../../lib/adapters/kube-objects";
import type { EventWish } from "../../../lib/core/events";
import type { KubeObject } from "../../../lib/core/facts";
import { plan } from "../../../lib/core/plan";
import { restore } from "../../../lib/core/restore";
import { CONTROL_PLANE } from "../../../lib/core/roles";
import { verdict } from "../../../lib/core/verdict";
import { admit } from "../../../lib/flows/admit";
import { reconcile } from "../../../lib/flows/reconcile";
import { FakeApiServer, FakeClient, failed } from "../../fakes/api-server";
import { Stage } from "../../fakes/stage";
import { VirtualClock } from "../../fakes/virtual-clock";
import { creating, gone, type World } from "../../gen/facts";
import {
  address,
  bound,
  CLAIM,
  claim,
  cluster,
  clusterClass,
  clusterLabelled,
  complete,
  free,
  held,
  host,
  initialized,
  NAME,
  NOW,
  OTHER_IP,
  owned,
  pool,
  put,
  secured,
  stored,
  terminating,
  variable,
  VIP,
  wantsBoth,
  type Change,
} from "../../gen/objects";

/** Keeps what would be written. */
class Board {
  readonly events: EventWish[] = [];
  readonly mistakes: unknown[] = [];
  readonly journal = together(
    (error) => void this.mistakes.push(error),
    new EventsJournal({ emit: (...events) => void this.events.push(...events) }),
  );

  pass(stage: Stage) {
    return reconcile(Stage.key, { ...stage.ports, journal: this.journal });
  }

  create(stage: Stage, changes: readonly Change[], dryRun = false) {
    const asked = clusterFacts(cluster(...changes));
    return admit(asked, dryRun, new AbortController().signal, { ...stage.ports, journal: this.journal });
  }

  update(old: KubeObject, asked: KubeObject, dryRun = false): void {
    const before = clusterFacts(old);
    this.journal.updated(before, restore(before, clusterFacts(asked)), dryRun);
  }

  /** What was done, why, and to what. */
  get words(): string[] {
    expect(this.mistakes).toEqual([]);
    return this.events.map(({ action, reason, regarding }) => `${action} ${reason} ${regarding.kind}`);
  }
}

const reserved: World = { claim: claim(bound, owned(), clusterLabelled), address: address(secured()) };
const red = stored(put("metadata")({ namespace: "team-b", name: "red", uid: "uid-red" }), host(VIP, 6443));

async function wordsOfPass(world: World, arrange: (stage: Stage) => void = () => undefined) {
  const [board, stage] = [new Board(), new Stage(world)];
  arrange(stage);
  await board.pass(stage);
  return board.words;
}

describe("A pass of the watch tells", () => {
  test("that the VIP of a Cluster was reserved, once", async () => {
    const [board, stage] = [new Board(), new Stage({ ...reserved, cluster: stored(complete()) })];
    for (let again = 0; again < 10; again++) await board.pass(stage);
    expect(board.words).toEqual(["Reserve Assigned Cluster"]);
  });

  test("that a Cluster is held, and when its VIP came that it is complete", async () => {
    const [board, stage] = [new Board(), new Stage({ cluster: stored(held("NoMatchingPool")), pools: [] })];
    await board.pass(stage);
    expect(board.words).toEqual(["Hold NoMatchingPool Cluster"]);
    stage.add(IN_CLUSTER_POOLS[0] as (typeof IN_CLUSTER_POOLS)[number], pool("own"));
    stage.provides = false;
    await board.pass(stage);
    stage.set("address", address());
    stage.answer("claim", bound);
    await board.pass(stage);
    expect(board.words.slice(1)).toEqual(["Hold WaitingForAddress Cluster", "Complete Assigned Cluster"]);
  });

  test("that ingress waits, which holds nothing", async () => {
    const world = { ...reserved, cluster: stored(complete()), class: clusterClass(wantsBoth) };
    expect(await wordsOfPass(world)).toEqual(["Reserve Assigned Cluster", "Wait NoMatchingPool Cluster"]);
  });

  test("that a pool is empty, to the Cluster and to the pool", async () => {
    const world = { cluster: stored(held("PoolExhausted")), pools: [pool("own", free(0))] };
    expect(await wordsOfPass(world)).toEqual([
      "Hold PoolExhausted Cluster",
      "Exhaust PoolExhausted InClusterIPPool",
    ]);
  });

  test("that two have one address", async () => {
    const world = { cluster: stored(held("NoMatchingPool"), host(VIP, 6443)), pools: [] };
    expect(await wordsOfPass(world, (stage) => stage.add(CLUSTERS, red))).toEqual([
      "Conflict AddressTaken Cluster",
    ]);
  });

  test("that the claim of a running Cluster was deleted by hand", async () => {
    const world = { cluster: stored(complete()), address: address(secured(), terminating()) };
    expect(await wordsOfPass(world)).toEqual(["Detach AddressDetached Cluster"]);
  });

  test("that the address of a Cluster that is gone was given back, to its pool", async () => {
    expect(await wordsOfPass({ address: address(secured(), terminating()) })).toEqual([
      "Release Gone InClusterIPPool",
    ]);
  });

  test("nothing of a write that was refused", async () => {
    const world = { address: address(secured(), terminating()) };
    const refuse = (stage: Stage) => stage.refuse(CLAIM, failed(403, "Forbidden", "no", CLAIM));
    expect(await wordsOfPass(world, refuse)).toEqual([]);
  });

  test("nothing of a condition that could not be written, until it is", async () => {
    const [board, stage] = [new Board(), new Stage({ ...reserved, cluster: stored(complete()) })];
    stage.failNext(failed(503, "ServiceUnavailable", "HTTP 503", NAME));
    await board.pass(stage);
    expect(board.words).toEqual([]);
    await board.pass(stage);
    expect(board.words).toEqual(["Reserve Assigned Cluster"]);
  });
});

describe("Admission tells", () => {
  const contradictory = [host(VIP), variable(OTHER_IP)];

  test("that a create was refused, to the pool; of its dry-run nothing", async () => {
    const board = new Board();
    await board.create(new Stage({}), contradictory, true);
    expect(board.words).toEqual([]);
    await board.create(new Stage({}), contradictory);
    expect(board.words).toEqual(["Refuse HostAndVariableDiffer InClusterIPPool"]);
  });

  test("nothing of a create that is answered with its VIP: there is no Cluster yet", async () => {
    const board = new Board();
    await board.create(new Stage({}), []);
    expect(board.words).toEqual([]);
  });

  const old = stored(complete());
  const other = stored(complete(OTHER_IP));

  test("that a VIP was put back; of a dry-run, and of a second apply, nothing", () => {
    const board = new Board();
    board.update(old, other, true);
    board.update(old, stored());
    expect(board.words).toEqual([]);
    board.update(old, other);
    expect(board.words).toEqual(["Restore VipKept Cluster"]);
  });

  test("that the change of a VIP was refused, for machines run with it", () => {
    const board = new Board();
    board.update(stored(complete(), initialized), stored(complete(OTHER_IP), initialized));
    expect(board.words).toEqual(["Refuse VipChange Cluster"]);
  });
});

describe("Whatever becomes of the Events", () => {
  const site = (answer: () => Promise<never>) => {
    const clock = new VirtualClock(NOW);
    const lost: string[] = [];
    let requests = 0;
    const client = new FakeClient(new FakeApiServer(() => NOW), () => {
      requests += 1;
      return answer();
    });
    const surroundings = { poolKinds: IN_CLUSTER_POOLS, instance: "watcher-1" };
    const events = new KubeEvents(client, clock, { ...surroundings, lost: (why) => lost.push(why) });
    return { clock, lost, requests: () => requests, journal: new EventsJournal(events) };
  };
  const facts = creating({ cluster: cluster(host(VIP)) });
  const refusals = (from: number, count: number) =>
    Array.from({ length: count }, (_, at) => verdict("HostAndVariableDiffer", `the case ${from + at}`));
  const answered = [{ facts, plan: plan(facts) }];

  async function turns(clock: VirtualClock, count: number): Promise<void> {
    for (let turn = 0; turn < count; turn++) {
      await new Promise(setImmediate);
      clock.advance(100);
    }
  }

  test.each<[string, () => Promise<never>]>([
    ["the API server refuses them", () => Promise.reject(failed(403, "Forbidden", "no", "an Event"))],
    ["the client fails with something that is no Error", () => Promise.reject("no" as unknown as Error)],
    [
      "the client breaks",
      () => {
        throw new TypeError("not a function");
      },
    ],
  ])("nobody hears of it but the log: %s", async (_what, answer) => {
    const { journal, lost, clock } = site(answer);
    const release = { kind: "release-address" as const, address: addressFacts(address()) };
    expect(() => {
      for (const refusal of refusals(0, 3)) journal.admitted(answered, refusal);
      journal.admitted([], refusals(0, 1)[0]);
      journal.admitted(answered, undefined);
      journal.updated(clusterFacts(stored(complete())), restoration, false);
      journal.told(facts, []);
      journal.wrote(gone(), CONTROL_PLANE, [release], { kind: "done", claims: [] });
      journal.record();
    }).not.toThrow();
    await turns(clock, 20);
    expect(lost).toHaveLength(1);
  });

  const restoration = { edit: {}, warnings: [verdict("VipKept", "one to other")], refusal: undefined };

  test("an API server that never answers is asked once, and no more than so many wait for it", async () => {
    let letGo: (error: Error) => void = () => undefined;
    const hanging = () => new Promise<never>((_, reject) => (letGo = reject));
    const { journal, lost, clock, requests } = site(hanging);
    journal.admitted(answered, refusals(0, 1)[0]);
    await turns(clock, 5);
    for (const refusal of refusals(1, 5000)) journal.admitted(answered, refusal);
    await turns(clock, 50);
    expect(requests()).toBe(1);
    expect(lost).toEqual(["more than 500 wait"]);
    letGo(failed(503, "ServiceUnavailable", "HTTP 503", ""));
    await turns(clock, 5);
    expect(requests()).toBe(2);
  });

  test("what is said again while it waits takes no more room", async () => {
    const { journal, lost, clock } = site(() => new Promise<never>(() => undefined));
    const [one] = refusals(0, 1);
    for (let again = 0; again < 5000; again++) journal.admitted(answered, one);
    await turns(clock, 5);
    expect(lost).toEqual([]);
  });
});
