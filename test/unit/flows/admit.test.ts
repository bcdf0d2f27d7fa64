/** The story of a create, from the request to the answer. */
import { clusterFacts } from "../../../lib/adapters/kube-objects";
import { HOLD, OUR_PAUSE, PAUSED, RESERVED_AT } from "../../../lib/core/contract";
import { NO_EDIT, type Edit } from "../../../lib/core/edit";
import { admit, type Admission } from "../../../lib/flows/admit";
import { failed } from "../../fakes/api-server";
import { Stage } from "../../fakes/stage";
import { Unread, type World as Objects } from "../../gen/facts";
import {
  address,
  bound,
  CLAIM,
  claim,
  type Change,
  cluster,
  clusterLabelled,
  host,
  noTopology,
  optedOut,
  OTHER_IP,
  owned,
  rendered,
  terminating,
  variable,
  VARIABLE,
  VIP,
  VIP_ANNOTATION,
} from "../../gen/objects";

const placed: Edit = {
  endpoint: { host: VIP, port: 6443 },
  variables: { [VARIABLE]: VIP },
  annotations: { [VIP_ANNOTATION]: VIP },
};
const holding = (reason: string): Edit => ({ annotations: { [HOLD]: reason, [PAUSED]: OUR_PAUSE } });
const CREATED = `create ${CLAIM} from InClusterIPPool own bare`;

const unhurried = new AbortController().signal;

const ask = (
  stage: Stage,
  changes: readonly Change[] = [],
  { dryRun = false, budget = unhurried } = {},
): Promise<Admission> => admit(clusterFacts(cluster(...changes)), dryRun, budget, stage.ports);

const stageWith = (objects: Objects = {}): Stage => new Stage(objects);

describe("A create", () => {
  test("is answered with the VIP: one look, one claim, one wait", async () => {
    const stage = stageWith();
    expect(await ask(stage)).toEqual({ edit: placed, warnings: [], refusal: undefined });
    expect(stage.writes).toEqual([CREATED]);
    expect(stage.waits).toEqual([CLAIM]);
    expect(stage.reads).toBe(1);
    expect(stage.records.at(-1)).toEqual({ row: "bound", reason: "Assigned", outcome: "done" });
  });

  test("leaves the claim bare, because the Cluster may still be refused by somebody else", async () => {
    const stage = stageWith();
    await ask(stage);
    expect(stage.get("claim")?.metadata.ownerReferences ?? []).toEqual([]);
    expect(stage.get("address")?.metadata.finalizers ?? []).toEqual([]);
  });

  test.each([
    ["without a topology", noTopology],
    ["that opted out", optedOut],
    ["that arrives with its infrastructure", rendered],
  ])("%s costs not a single request", async (_what, change) => {
    const stage = stageWith();
    expect(await ask(stage, [change])).toEqual({ edit: NO_EDIT, warnings: [], refusal: undefined });
    expect(stage.reads).toBe(0);
    expect(stage.records).toEqual([]);
  });

  test("takes up what an earlier, refused create left behind, reserved and without its old label", async () => {
    const stage = stageWith({ claim: claim(bound, clusterLabelled), address: address() });
    expect((await ask(stage)).edit).toEqual(placed);
    expect(stage.writes).toEqual([`reserve ${CLAIM}`]);
    expect(stage.get("claim")?.metadata.annotations?.[RESERVED_AT]).toBeDefined();
    expect(Object.keys(stage.get("claim")?.metadata.labels ?? {})).toHaveLength(1);
  });

  test("with a left-over claim that is not bound yet waits for it", async () => {
    const stage = stageWith({ claim: claim() });
    expect((await ask(stage)).edit).toEqual(placed);
    expect(stage.writes).toEqual([`reserve ${CLAIM}`]);
    expect(stage.waits).toEqual([CLAIM]);
  });
});

describe("A create that cannot have its VIP in time", () => {
  test("is held when the budget ends, and the claim is left to the watch", async () => {
    const stage = stageWith();
    stage.provides = false;
    const budget = new AbortController();
    const answer = ask(stage, [], { budget: budget.signal });
    setImmediate(() => budget.abort());
    expect(await answer).toEqual({
      edit: holding("WaitingForAddress"),
      warnings: [expect.stringContaining("team-a/blue")],
      refusal: undefined,
    });
    expect(stage.get("claim")).toBeDefined();
    expect(stage.records.at(-1)).toEqual({
      row: "all else",
      reason: "WaitingForAddress",
      outcome: "done",
    });
  });

  test("is held at once when no time was left from the start", async () => {
    const answer = await ask(stageWith(), [], { budget: AbortSignal.abort() });
    expect(answer.edit).toEqual(holding("Unreachable"));
  });

  test("is held when a write is refused, and says what the API server said", async () => {
    const stage = stageWith();
    stage.failNext(failed(403, "Forbidden", "quota exceeded", CLAIM));
    const { edit, warnings } = await ask(stage);
    expect(edit).toEqual(holding("Unreachable"));
    expect(warnings).toEqual([expect.stringContaining("quota exceeded")]);
    expect(stage.writes).toEqual([]);
  });

  test("is held when a write gets no answer", async () => {
    const stage = stageWith();
    stage.failNext(new Error("socket hang up"));
    expect((await ask(stage)).edit).toEqual(holding("Unreachable"));
  });

  test("is held when something cannot be read, and nothing is written", async () => {
    const stage = stageWith({ pools: new Unread("HTTP 503") });
    expect((await ask(stage)).edit).toEqual(holding("Unreachable"));
    expect(stage.writes).toEqual([]);
  });

  test("is held when the claim goes while it is waited for", async () => {
    const stage = stageWith();
    stage.beforeNext("watch", () => stage.set("claim", claim(terminating())));
    expect((await ask(stage)).edit).toEqual(holding("PreviousAddressReleasing"));
  });

  test("is held without a word when the name is in use", async () => {
    const stage = stageWith({ namesake: true });
    expect(await ask(stage)).toEqual({ edit: holding("NameInUse"), warnings: [], refusal: undefined });
    expect(stage.writes).toEqual([]);
  });

  test("is held while a former Cluster's claim stands", async () => {
    const stage = stageWith({ claim: claim(bound, owned("uid-former")), address: address() });
    expect((await ask(stage)).edit).toEqual(holding("PreviousAddressReleasing"));
    expect(stage.writes).toEqual([]);
  });
});

describe("Two creates of one name", () => {
  test("a claim that somebody made first is read again and reserved", async () => {
    const stage = stageWith();
    stage.beforeNext("write", () => stage.set("claim", claim()));
    expect((await ask(stage)).edit).toEqual(placed);
    expect(stage.reads).toBe(2);
    expect(stage.writes).toEqual([`reserve ${CLAIM}`]);
  });

  test("a claim that somebody swept first is read again and made anew", async () => {
    const stage = stageWith({ claim: claim(bound), address: address() });
    stage.beforeNext("write", () => {
      stage.delete("claim");
      stage.delete("address");
    });
    expect((await ask(stage)).edit).toEqual(placed);
    expect(stage.writes).toEqual([CREATED]);
  });

  test("a conflict after the budget is a hold, not another try", async () => {
    const budget = new AbortController();
    const stage = stageWith();
    stage.beforeNext("write", () => budget.abort());
    stage.failNext(failed(409, "Conflict", "too old", CLAIM));
    expect((await ask(stage, [], { budget: budget.signal })).edit).toEqual(holding("Unreachable"));
    expect(stage.reads).toBe(1);
  });
});

describe("A user's own address", () => {
  test("is kept, and no claim is made", async () => {
    const stage = stageWith();
    const { edit } = await ask(stage, [host(OTHER_IP)]);
    expect(edit.endpoint).toEqual({ host: OTHER_IP, port: 6443 });
    expect(stage.writes).toEqual([]);
  });

  test("is refused when host and variable differ, in words, and without a warning beside them", async () => {
    const stage = stageWith();
    const answer = await ask(stage, [host(VIP), variable(OTHER_IP)]);
    expect(answer).toEqual({
      edit: NO_EDIT,
      warnings: [],
      refusal: expect.stringContaining("name different addresses: 10.0.0.10 and 10.9.9.9"),
    });
    expect(stage.writes).toEqual([]);
  });

  test("a missing pool is refused where the installation says so", async () => {
    const stage = stageWith({ pools: [], rules: { noPool: "reject" } });
    expect((await ask(stage)).refusal).toContain("PoolRequired");
  });
});

describe("A dry-run", () => {
  test("writes nothing and waits for nothing", async () => {
    const stage = stageWith();
    expect((await ask(stage, [], { dryRun: true })).edit).toEqual(NO_EDIT);
    expect([...stage.writes, ...stage.waits]).toEqual([]);
  });

  test("shows the address of a left-over claim without reserving it", async () => {
    const stage = stageWith({ claim: claim(bound), address: address() });
    expect((await ask(stage, [], { dryRun: true })).edit).toEqual(placed);
    expect(stage.writes).toEqual([]);
  });
});
