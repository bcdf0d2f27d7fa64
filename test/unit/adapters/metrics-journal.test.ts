import { together } from "../../../lib/adapters/journals";
import { clusterFacts } from "../../../lib/adapters/kube-objects";
import { METRIC_PREFIX } from "../../../lib/adapters/metric-table";
import { Metrics } from "../../../lib/adapters/metrics";
import { MetricsJournal } from "../../../lib/adapters/metrics-journal";
import { restore } from "../../../lib/core/restore";
import { admit } from "../../../lib/flows/admit";
import { reconcile } from "../../../lib/flows/reconcile";
import { StandingClock } from "../../fakes/standing-clock";
import { Stage } from "../../fakes/stage";
import {
  address,
  bound,
  claim,
  CLASS,
  cluster,
  complete,
  created,
  endpoint,
  held,
  hours,
  NOW,
  pool,
  disabled,
  reservedSince,
  seconds,
  secured,
  stored,
  terminating,
  variable,
  VIP,
  type Change,
} from "../../gen/objects";

const rethrow = (cause: unknown): never => {
  throw new Error("A journal failed", { cause });
};

class Desk {
  readonly metrics = new Metrics(true);
  readonly journal = together(rethrow, new MetricsJournal(this.metrics, new StandingClock(NOW)));

  async pass(stage: Stage): Promise<void> {
    const back = await reconcile(Stage.key, { ...stage.ports, journal: this.journal });
    this.journal.passed(Stage.key, back, 40);
  }

  async create(stage: Stage, { changes = [], dryRun = false, budget = new AbortController() }: Create = {}) {
    const asked = clusterFacts(cluster(...changes));
    const ports = { ...stage.ports, journal: this.journal };
    return admit(asked, dryRun, budget.signal, ports);
  }

  /** Our series with a value, without the parts of histograms but their counts. */
  async series(): Promise<string[]> {
    return (await this.metrics.registry.metrics())
      .split("\n")
      .filter((line) => line.startsWith(METRIC_PREFIX) && !/_(bucket|sum)|_oldest_seconds| 0$/.test(line))
      .map((line) => line.slice(METRIC_PREFIX.length));
  }
}

interface Create {
  readonly changes?: readonly Change[];
  readonly dryRun?: boolean;
  readonly budget?: AbortController;
}

const its = `role="control-plane",cluster_class="${CLASS}"`;
const about = (series: readonly string[], name: string): string[] =>
  series.filter((line) => line.startsWith(name));

describe("A create", () => {
  test("that gets its VIP is one allocation", async () => {
    const desk = new Desk();
    await desk.create(new Stage({}));
    const series = await desk.series();
    expect(about(series, "allocation")).toEqual([
      `allocations_total{${its}} 1`,
      `allocation_duration_seconds_count{${its}} 1`,
    ]);
    expect(about(series, "admission_wait")).toEqual([`admission_wait_seconds_count{role="control-plane"} 1`]);
  });

  test("that waits in vain is an error by the name of the original", async () => {
    const desk = new Desk();
    const stage = new Stage({});
    stage.provides = false;
    const budget = new AbortController();
    stage.beforeNext("watch", () => budget.abort());
    await desk.create(stage, { budget });
    expect(about(await desk.series(), "allocation")).toEqual([
      `allocation_errors_total{${its},reason="ip_resolution_failed"} 1`,
    ]);
  });

  test("whose claim cannot be made is an error by the name of the original, and one", async () => {
    const desk = new Desk();
    const stage = new Stage({});
    stage.failNext(new Error("no"));
    await desk.create(stage);
    expect(about(await desk.series(), "allocation")).toEqual([
      `allocation_errors_total{${its},reason="claim_creation_failed"} 1`,
    ]);
  });

  test("that no pool serves is an error by our reason", async () => {
    const desk = new Desk();
    await desk.create(new Stage({ pools: [] }));
    expect(about(await desk.series(), "allocation")).toEqual([
      `allocation_errors_total{${its},reason="NoMatchingPool"} 1`,
    ]);
  });

  test("of a class that is not there mints no series of its name", async () => {
    const desk = new Desk();
    await desk.create(new Stage({ class: undefined }));
    const series = await desk.series();
    expect(about(series, "allocation")).toEqual([
      `allocation_errors_total{role="control-plane",cluster_class="",reason="ClassNotFound"} 1`,
      `allocation_errors_total{role="ingress",cluster_class="",reason="ClassNotFound"} 1`,
    ]);
  });

  test("that is a dry-run is nothing, unless it is denied", async () => {
    const desk = new Desk();
    await desk.create(new Stage({ pools: [] }), { dryRun: true });
    expect(await desk.series()).toEqual([]);
    const changes = [endpoint({ host: "10.0.0.1", port: 6443 }), variable("10.0.0.2")];
    await desk.create(new Stage({}), { dryRun: true, changes });
    expect(await desk.series()).toEqual([
      `refusals_total{operation="CREATE",reason="HostAndVariableDiffer"} 1`,
    ]);
  });
});

describe("A pass of the watch", () => {
  test("that completes a held Cluster is one allocation, and says how long it took since the create", async () => {
    const desk = new Desk();
    const stage = new Stage({
      cluster: stored(held("WaitingForAddress"), created(seconds(40))),
      claim: bound(claim(reservedSince(seconds(45)))),
      address: address(),
    });
    await desk.pass(stage);
    await desk.pass(stage);
    const series = await desk.series();
    expect(about(series, "allocation")).toEqual([
      `allocations_total{${its}} 1`,
      `allocation_duration_seconds_count{${its}} 1`,
    ]);
    expect(await desk.metrics.registry.metrics()).toContain(`allocation_duration_seconds_sum{${its}} 45\n`);
    expect(about(series, "clusters{")).toEqual(
      expect.arrayContaining([`clusters{role="control-plane",reason="Assigned"} 1`]),
    );
    expect(about(series, "reconcile_total")).toEqual([
      `reconcile_total{cluster_class="${CLASS}",result="success"} 2`,
    ]);
  });

  test("over a Cluster that admission has completed is no allocation", async () => {
    const desk = new Desk();
    await desk.pass(new Stage({ cluster: stored(complete()), claim: bound(claim()), address: address() }));
    expect(about(await desk.series(), "allocation")).toEqual([]);
  });

  test("that finds a Cluster in the state that admission left it in is no further error", async () => {
    const desk = new Desk();
    const stage = new Stage({ cluster: stored(held("NoMatchingPool")), pools: [] });
    await desk.pass(stage);
    await desk.pass(stage);
    const series = await desk.series();
    expect(about(series, "allocation")).toEqual([]);
    expect(about(series, "reconcile_total")).toEqual([
      `reconcile_total{cluster_class="${CLASS}",result="requeued"} 2`,
    ]);
  });

  test("in which the reason becomes another one is one error, however often it is looked at", async () => {
    const desk = new Desk();
    const stage = new Stage({ cluster: stored(held("NoMatchingPool")), pools: [pool("own", disabled)] });
    await desk.pass(stage);
    await desk.pass(stage);
    expect(about(await desk.series(), "allocation")).toEqual([
      `allocation_errors_total{${its},reason="PoolExhausted"} 1`,
    ]);
  });

  test("that cannot write the Cluster is an error by the name of the original", async () => {
    const desk = new Desk();
    const stage = new Stage({
      cluster: stored(held("WaitingForAddress")),
      claim: bound(claim()),
      address: address(),
    });
    stage.refuse("blue", new Error("no"));
    await desk.pass(stage);
    const series = await desk.series();
    expect(about(series, "allocation")).toEqual([
      `allocation_errors_total{${its},reason="cluster_patch_failed"} 1`,
    ]);
    expect(about(series, "reconcile_total")).toEqual([
      `reconcile_total{cluster_class="${CLASS}",result="error"} 1`,
    ]);
  });

  test("over what is gone releases its address once, and forgets the Cluster", async () => {
    const desk = new Desk();
    await desk.pass(new Stage({ cluster: stored(complete()), claim: bound(claim()), address: address() }));
    const gone = new Stage({ address: address(secured(), terminating()) });
    await desk.pass(gone);
    await desk.pass(gone);
    const series = await desk.series();
    expect(about(series, "clusters{")).toEqual([]);
    expect(about(series, "releases")).toEqual([`releases_total{role="control-plane"} 1`]);
    expect(about(series, 'reconcile_total{cluster_class=""')).toEqual([
      `reconcile_total{cluster_class="",result="success"} 1`,
      `reconcile_total{cluster_class="",result="skipped"} 1`,
    ]);
  });

  test("over a claim whose Cluster never came sweeps it once, as soon as it is old", async () => {
    const desk = new Desk();
    const left = new Stage({ claim: bound(claim(created(hours(1)), reservedSince(hours(1)))) });
    await desk.pass(left);
    await desk.pass(left);
    expect(about(await desk.series(), "orphans")).toEqual([`orphans_swept_total{role="control-plane"} 1`]);
  });

  test("that broke off by a mistake of ours is an error", async () => {
    const desk = new Desk();
    desk.journal.passed(Stage.key, undefined, 1);
    expect(about(await desk.series(), "reconcile_total")).toEqual([
      `reconcile_total{cluster_class="",result="error"} 1`,
    ]);
  });
});

describe("An update", () => {
  const old = clusterFacts(stored(complete()));
  const dropped = clusterFacts(stored());

  test("that gets something back is one restore of its role", async () => {
    const desk = new Desk();
    desk.journal.updated(old, restore(old, dropped), false);
    desk.journal.updated(old, restore(old, old), false);
    desk.journal.updated(old, restore(old, dropped), true);
    expect(await desk.series()).toEqual([`restores_total{role="control-plane"} 1`]);
    expect(restore(old, dropped).edit.endpoint?.host).toBe(VIP);
  });

  test("that is denied is one refusal", async () => {
    const desk = new Desk();
    const refusal = { reason: "VipChange", detail: "" } as const;
    desk.journal.updated(old, { edit: {}, warnings: [], refusal }, false);
    expect(await desk.series()).toEqual([`refusals_total{operation="UPDATE",reason="VipChange"} 1`]);
  });
});
