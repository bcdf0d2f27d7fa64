/** The story of a create, from the request to the answer. */
import { clusterFacts } from "../../../lib/adapters/kube-objects";
import { HOLD, OUR_PAUSE, PAUSED, RESERVED_AT } from "../../../lib/core/contract";
import { NO_EDIT, type Edit } from "../../../lib/core/edit";
import { admit, type Admission } from "../../../lib/flows/admit";
import { World } from "../../fakes/world";
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
  put,
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
  world: World,
  changes: readonly Change[] = [],
  { dryRun = false, budget = unhurried } = {},
): Promise<Admission> =>
  admit(clusterFacts(cluster(...changes)), dryRun, budget, {
    inventory: world,
    executor: world,
    journal: world,
  });

const worldWith = (objects: Objects = {}): World => new World(objects);

describe("A create", () => {
  test("is answered with the VIP: one claim, one wait, one record", async () => {
    const world = worldWith();
    expect(await ask(world)).toEqual({ edit: placed, warnings: [], refusal: undefined });
    expect(world.writes).toEqual([CREATED]);
    expect(world.waits).toEqual([CLAIM]);
    expect(world.reads).toBe(1);
    expect(world.records).toEqual([{ row: "bound", reason: "Assigned", outcome: "done" }]);
  });

  test("leaves the claim bare, because the Cluster may still be refused by somebody else", async () => {
    const world = worldWith();
    await ask(world);
    expect(world.get("claim")?.metadata.ownerReferences ?? []).toEqual([]);
    expect(world.get("address")?.metadata.finalizers ?? []).toEqual([]);
  });

  test.each([
    ["without a topology", noTopology],
    ["that opted out", optedOut],
    ["that arrives with its infrastructure", rendered],
  ])("%s costs not a single request", async (_what, change) => {
    const world = worldWith();
    expect(await ask(world, [change])).toEqual({ edit: NO_EDIT, warnings: [], refusal: undefined });
    expect(world.reads).toBe(0);
    expect(world.records).toEqual([]);
  });

  test("takes up what an earlier, refused create left behind, reserved and without its old label", async () => {
    const world = worldWith({ claim: claim(bound, clusterLabelled), address: address() });
    expect((await ask(world)).edit).toEqual(placed);
    expect(world.writes).toEqual([`reserve ${CLAIM}`]);
    expect(world.get("claim")?.metadata.annotations?.[RESERVED_AT]).toBeDefined();
    expect(Object.keys(world.get("claim")?.metadata.labels ?? {})).toHaveLength(1);
  });

  test("with a left-over claim that is not bound yet waits for it", async () => {
    const world = worldWith({ claim: claim() });
    expect((await ask(world)).edit).toEqual(placed);
    expect(world.writes).toEqual([`reserve ${CLAIM}`]);
    expect(world.waits).toEqual([CLAIM]);
  });
});

describe("A create that cannot have its VIP in time", () => {
  test("is held when the budget ends, and the claim is left to the watch", async () => {
    const world = worldWith();
    world.provides = false;
    const budget = new AbortController();
    const answer = ask(world, [], { budget: budget.signal });
    setImmediate(() => budget.abort());
    expect(await answer).toEqual({
      edit: holding("WaitingForAddress"),
      warnings: [expect.stringContaining("team-a/blue")],
      refusal: undefined,
    });
    expect(world.get("claim")).toBeDefined();
    expect(world.records).toEqual([{ row: "all else", reason: "WaitingForAddress", outcome: "done" }]);
  });

  test("is held at once when no time was left from the start", async () => {
    const answer = await ask(worldWith(), [], { budget: AbortSignal.abort() });
    expect(answer.edit).toEqual(holding("Unreachable"));
  });

  test("is held when a write is refused, and says what the API server said", async () => {
    const world = worldWith();
    world.failNext({ kind: "refused", why: "quota exceeded" });
    const { edit, warnings } = await ask(world);
    expect(edit).toEqual(holding("Unreachable"));
    expect(warnings).toEqual([expect.stringContaining("quota exceeded")]);
    expect(world.writes).toEqual([]);
  });

  test("is held when a write gets no answer", async () => {
    const world = worldWith();
    world.failNext({ kind: "unreachable", why: "socket hang up" });
    expect((await ask(world)).edit).toEqual(holding("Unreachable"));
  });

  test("is held when something cannot be read, and nothing is written", async () => {
    const world = worldWith({ pools: new Unread("HTTP 503") });
    expect((await ask(world)).edit).toEqual(holding("Unreachable"));
    expect(world.writes).toEqual([]);
  });

  test("is held when the claim goes while it is waited for", async () => {
    const world = worldWith();
    const wait = world.awaitAddress.bind(world);
    world.awaitAddress = async (...args) => {
      world.set("claim", claim(terminating()));
      return wait(...args);
    };
    expect((await ask(world)).edit).toEqual(holding("PreviousAddressReleasing"));
  });

  test("is held without a word when the name is in use", async () => {
    const world = worldWith({ namesake: true });
    expect(await ask(world)).toEqual({ edit: holding("NameInUse"), warnings: [], refusal: undefined });
    expect(world.writes).toEqual([]);
  });

  test("is held while a former Cluster's claim stands", async () => {
    const world = worldWith({ claim: claim(bound, owned("uid-former")), address: address() });
    expect((await ask(world)).edit).toEqual(holding("PreviousAddressReleasing"));
    expect(world.writes).toEqual([]);
  });
});

describe("Two creates of one name", () => {
  test("a claim that somebody made first is read again and reserved", async () => {
    const world = worldWith();
    world.afterNextRead(() => world.set("claim", claim(put("metadata", "resourceVersion")("7"))));
    expect((await ask(world)).edit).toEqual(placed);
    expect(world.reads).toBe(2);
    expect(world.writes).toEqual([`reserve ${CLAIM}`]);
  });

  test("a claim that somebody swept first is read again and made anew", async () => {
    const world = worldWith({ claim: claim(bound), address: address() });
    world.afterNextRead(() => {
      world.set("claim", undefined);
      world.set("address", undefined);
    });
    expect((await ask(world)).edit).toEqual(placed);
    expect(world.writes).toEqual([CREATED]);
  });

  test("a conflict after the budget is a hold, not another try", async () => {
    const budget = new AbortController();
    const world = worldWith();
    world.afterNextRead(() => budget.abort());
    world.failNext({ kind: "conflict", why: "too old" });
    expect((await ask(world, [], { budget: budget.signal })).edit).toEqual(holding("Unreachable"));
    expect(world.reads).toBe(1);
  });
});

describe("A user's own address", () => {
  test("is kept, and no claim is made", async () => {
    const world = worldWith();
    const { edit } = await ask(world, [host(OTHER_IP)]);
    expect(edit.endpoint).toEqual({ host: OTHER_IP, port: 6443 });
    expect(world.writes).toEqual([]);
  });

  test("is refused when host and variable differ, in words, and without a warning beside them", async () => {
    const world = worldWith();
    const answer = await ask(world, [host(VIP), variable(OTHER_IP)]);
    expect(answer).toEqual({
      edit: NO_EDIT,
      warnings: [],
      refusal: expect.stringContaining("name different addresses: 10.0.0.10 and 10.9.9.9"),
    });
    expect(world.writes).toEqual([]);
  });

  test("a missing pool is refused where the installation says so", async () => {
    const world = worldWith({ pools: [], rules: { noPool: "reject" } });
    expect((await ask(world)).refusal).toContain("PoolRequired");
  });
});

describe("A dry-run", () => {
  test("writes nothing and waits for nothing", async () => {
    const world = worldWith();
    expect((await ask(world, [], { dryRun: true })).edit).toEqual(NO_EDIT);
    expect([...world.writes, ...world.waits]).toEqual([]);
  });

  test("shows the address of a left-over claim without reserving it", async () => {
    const world = worldWith({ claim: claim(bound), address: address() });
    expect((await ask(world, [], { dryRun: true })).edit).toEqual(placed);
    expect(world.writes).toEqual([]);
  });
});
