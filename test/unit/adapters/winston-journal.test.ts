import { Writable } from "node:stream";
import winston from "winston";
import { together } from "../../../lib/adapters/journals";
import { jsonLogger, WinstonJournal } from "../../../lib/adapters/winston-journal";
import { admit } from "../../../lib/flows/admit";
import { reconcile } from "../../../lib/flows/reconcile";
import type { Journal } from "../../../lib/ports/journal";
import { clusterFacts } from "../../../lib/adapters/kube-objects";
import { address, bound, claim, cluster, pool, stored } from "../../gen/objects";
import { Stage } from "../../fakes/stage";

type Line = Readonly<Record<string, unknown>>;

const rethrow = (cause: unknown): never => {
  throw new Error("A journal failed", { cause });
};

class Log {
  readonly lines: Line[] = [];
  readonly journal: Required<Journal>;

  constructor(level: string) {
    const stream = new Writable({
      write: (chunk: Buffer, _, done) => {
        this.lines.push(JSON.parse(chunk.toString()) as Line);
        done();
      },
    });
    const logger = jsonLogger(level, new winston.transports.Stream({ stream }));
    this.journal = together(rethrow, new WinstonJournal(logger));
  }

  of(role: string): Line[] {
    return this.lines.filter((line) => line["role"] === role);
  }
}

async function pass(stage: Stage, { journal }: Log): Promise<void> {
  const back = await reconcile(Stage.key, { ...stage.ports, journal });
  journal.passed(Stage.key, back, 1);
}

const KEY = { name: Stage.key.name, namespace: Stage.key.namespace };

describe("A pass of the watch", () => {
  test("is one line a role, in Pepr's fields, with the Cluster as Cluster API writes it", async () => {
    const stage = new Stage({ cluster: stored(), claim: bound(claim()), address: address() });
    const log = new Log("info");
    await pass(stage, log);

    const [line, ...more] = log.of("control-plane");
    expect(more).toEqual([]);
    expect(line).toMatchObject({
      level: "info",
      time: expect.any(Number),
      msg: "Reconciling Cluster",
      Cluster: KEY,
      reason: "Assigned",
      steps: expect.arrayContaining(["protect-address", "edit-cluster"]),
    });
  });

  test("says nothing while nothing changes", async () => {
    const stage = new Stage({ cluster: stored(), pools: [] });
    const log = new Log("info");
    await pass(stage, log);
    const said = log.lines.length;
    expect(said).toBeGreaterThan(0);
    await pass(stage, log);
    await pass(stage, log);
    expect(log.lines).toHaveLength(said);
  });

  test("that fails in the same way again and again says so once", async () => {
    const stage = new Stage({ cluster: stored(), claim: bound(claim()), address: address() });
    stage.refuse("vip-cp-blue", new Error("no"));
    const log = new Log("info");
    await pass(stage, log);
    await pass(stage, log);
    const [line, ...more] = log.of("control-plane");
    expect(more).toEqual([]);
    expect(line).toMatchObject({ outcome: "unreachable", why: expect.stringContaining("vip-cp-blue") });
  });

  test("over what is gone, with nothing left to do, is no line at all", async () => {
    const log = new Log("info");
    await pass(new Stage({}), log);
    expect(log.lines).toEqual([]);
  });
});

describe("A create", () => {
  const asked = clusterFacts(cluster());

  test("is one line a role at the level info, and what went before it is at debug", async () => {
    const log = new Log("debug");
    const stage = new Stage({});
    await admit(asked, false, new AbortController().signal, { ...stage.ports, journal: log.journal });
    const answers = log.of("control-plane").filter(({ level }) => level !== "debug");
    expect(answers).toEqual([
      expect.objectContaining({ msg: "Admitting Cluster", Cluster: KEY, reason: "Assigned" }),
    ]);
  });

  test("that somebody must act on is a warning", async () => {
    const log = new Log("info");
    const stage = new Stage({ pools: [] });
    await admit(asked, false, new AbortController().signal, { ...stage.ports, journal: log.journal });
    expect(log.of("control-plane")).toEqual([
      expect.objectContaining({ level: "warn", reason: "NoMatchingPool" }),
    ]);
  });
});

describe("The level debug", () => {
  test("shows facts and plan of each round, once while they are the same", async () => {
    const stage = new Stage({ cluster: stored(), pools: [pool("own")] });
    const log = new Log("debug");
    await pass(stage, log);
    const planned = (): Line[] => log.lines.filter(({ msg }) => msg === "Planned");
    expect(planned()[0]).toMatchObject({
      level: "debug",
      Cluster: KEY,
      facts: { occasion: "watch", cluster: expect.any(Object), roles: expect.any(Array) },
      plan: { decisions: expect.arrayContaining([expect.objectContaining({ role: "control-plane" })]) },
    });
    const idle = new Stage({ cluster: stored(), pools: [] });
    const quiet = new Log("debug");
    await pass(idle, quiet);
    const said = quiet.lines.length;
    await pass(idle, quiet);
    expect(quiet.lines).toHaveLength(said);
  });

  test("shows no object as a whole, and nothing that its user wrote in it", async () => {
    const secret = "s3cret-of-the-user";
    const base = cluster();
    const told = {
      ...base,
      metadata: { ...base.metadata, annotations: { "example.org/token": secret } },
      spec: { ...(base["spec"] as object), note: secret },
    };
    const log = new Log("debug");
    const stage = new Stage({});
    await admit(clusterFacts(told), false, new AbortController().signal, {
      ...stage.ports,
      journal: log.journal,
    });
    expect(log.lines.length).toBeGreaterThan(2);
    expect(JSON.stringify(log.lines)).not.toContain(secret);
    expect(JSON.stringify(log.lines)).not.toMatch(/managedFields|resourceVersion|"source"/);
  });
});
