/** Everything that can happen in the model world, as data that fast-check makes and shrinks. */
import fc from "fast-check";
import { VARIANTS, type Variant } from "./kinds";
import type { Fate } from "./line";
import { checkRest, LawBroken } from "./laws";
import {
  ADDRESSES_GIVEN,
  CHANGES,
  CLASS_NAMES,
  makeClass,
  makePool,
  NAMES,
  NOTES,
  POOL_CHANGES,
  POOL_NAMES,
  ROLE_NAMES,
  Users,
  type Given,
  type GivenIngress,
  type UserCommand,
} from "./users";
import { World } from "./world";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

export type Command =
  | UserCommand
  | { readonly do: "turn"; readonly n: number; readonly fate: Fate }
  | { readonly do: "act"; readonly n: number }
  /** The first of somebody, by how its words begin. */
  | { readonly do: "act of"; readonly words: string }
  | { readonly do: "tell"; readonly watcher: number; readonly n: number; readonly again: boolean }
  | { readonly do: "lose"; readonly watcher: number; readonly n: number }
  | {
      readonly do: "kill";
      readonly who: "admission" | "watcher";
      readonly index: number;
      readonly landed: boolean;
    }
  | { readonly do: "start"; readonly who: "admission" | "watcher"; readonly index: number }
  | { readonly do: "cut" }
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "settle" };

const any = fc.nat({ max: 30 });
const index = fc.constantFrom(0, 1);
const name = fc.constantFrom(...NAMES);
const className = fc.constantFrom(...CLASS_NAMES);
const keys = <T extends object>(of: T): fc.Arbitrary<keyof T & string> =>
  fc.constantFrom(...(Object.keys(of) as (keyof T & string)[]));
const rarely = <T>(usual: T, ...others: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof(
    { weight: 12, arbitrary: fc.constant(usual) },
    { weight: 2, arbitrary: fc.constantFrom(...others) },
  );
const is = <D extends string>(word: D): fc.Arbitrary<D> => fc.constant(word);

const given = rarely<Given>(
  "nothing",
  "host",
  "variable",
  "both",
  "pool host",
  "pool variable",
  "pool both",
  "two different",
  "inside its own network",
  "a list of variables",
  "no topology",
  "pool host, no topology",
);
const ingress = rarely<GivenIngress>("nothing", "variable", "pool variable", "the endpoint's", "off");
const at = fc.nat({ max: ADDRESSES_GIVEN.length - 1 });
const roleName = fc.constantFrom(...ROLE_NAMES);
const variant = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Variant>("wants") },
  { weight: 2, arbitrary: keys(VARIANTS) },
);

const byUsers: readonly (readonly [number, fc.Arbitrary<Command>])[] = [
  [
    10,
    fc.record({
      do: is("create"),
      name,
      of: rarely<"c1" | "c2">("c1", "c2"),
      given,
      ingress,
      at,
      by: index,
      ends: rarely<"stored" | "refused" | "dry-run">("stored", "refused", "dry-run"),
    }),
  ],
  [1, fc.record({ do: is("restore"), name, by: index })],
  [
    2,
    fc.record({
      do: is("apply"),
      name,
      how: fc.constantFrom("client-side" as const, "server-side" as const, "replace" as const),
    }),
  ],
  [
    2,
    fc.record({
      do: is("rebase"),
      name,
      to: className,
      how: fc.constantFrom("patch" as const, "apply" as const),
    }),
  ],
  [
    2,
    fc.record({
      do: is("pause"),
      name,
      how: fc.constantFrom("field" as const, "annotation" as const),
      on: fc.boolean(),
    }),
  ],
  [
    4,
    fc.record({
      do: is("delete"),
      name,
      how: fc.constantFrom("Background" as const, "Foreground" as const, "Orphan" as const),
    }),
  ],
  [3, fc.record({ do: is("note"), name, what: keys(NOTES) })],
  [4, fc.record({ do: is("change"), name, what: keys(CHANGES), at, allowed: fc.boolean() })],
  [2, fc.record({ do: is("delete claim"), name, of: roleName })],
  [1, fc.record({ do: is("delete address"), name, of: roleName })],
  [1, fc.record({ do: is("write variable"), name })],
  [
    1,
    fc.record({
      do: is("stranger"),
      name,
      of: roleName,
      what: fc.constantFrom("comes" as const, "goes" as const),
    }),
  ],
  [5, fc.record({ do: is("pool"), name: fc.constantFrom(...POOL_NAMES), what: keys(POOL_CHANGES) })],
  [2, fc.record({ do: is("class"), name: className, endpoint: variant, ingress: variant })],
  [1, fc.record({ do: is("class goes"), name: className })],
  [1, fc.record({ do: is("nonsense"), on: fc.boolean() })],
];

const byNature: readonly (readonly [number, fc.Arbitrary<Command>])[] = [
  [50, fc.record({ do: is("turn"), n: any, fate: rarely<Fate>("answered", "lost", "unheard") })],
  [36, fc.record({ do: is("act"), n: any })],
  [16, fc.record({ do: is("tell"), watcher: index, n: any, again: rarely(false, true) })],
  [2, fc.record({ do: is("lose"), watcher: index, n: any })],
  [
    3,
    fc.record({
      do: is("kill"),
      who: fc.constantFrom("admission" as const, "watcher" as const),
      index,
      landed: fc.boolean(),
    }),
  ],
  [4, fc.record({ do: is("start"), who: fc.constantFrom("admission" as const, "watcher" as const), index })],
  [1, fc.record({ do: is("cut") })],
  [
    3,
    fc.record({
      do: is("wait"),
      ms: fc.constantFrom(SECOND, 3 * SECOND, 11 * SECOND, 40 * SECOND, 3 * MINUTE, 16 * MINUTE, 25 * HOUR),
    }),
  ],
];

const weighed = (from: readonly (readonly [number, fc.Arbitrary<Command>])[]): fc.Arbitrary<Command> =>
  fc.oneof(...from.map(([weight, arbitrary]) => ({ weight, arbitrary })));

const SETTLE: Command = { do: "settle" };

/** Long lives get nowhere without peace now and then: one third of what people do is followed by it. */
export const lives: fc.Arbitrary<Command[]> = fc
  .array(
    fc.oneof(
      { weight: 10, arbitrary: weighed(byNature).map((command) => [command]) },
      { weight: 2, arbitrary: weighed(byUsers).map((command) => [command]) },
      { weight: 1, arbitrary: weighed(byUsers).map((command) => [command, SETTLE]) },
    ),
    { maxLength: 120, size: "max" },
  )
  .map((episodes) => episodes.flat());

export const worlds = fc.record({
  noPool: rarely<"hold" | "ignore" | "reject">("hold", "ignore", "reject"),
  quarantineMs: rarely(0, MINUTE),
  first: rarely<Variant>("wants", "optional", "defaulted", "without", "odd", "restricted"),
  ingress: fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom<Variant>("wants", "without") },
    { weight: 1, arbitrary: keys(VARIANTS) },
  ),
  hasClass: rarely(true, false),
  hasPool: rarely(true, false),
  hasEdge: fc.boolean(),
});
export type Start = typeof worlds extends fc.Arbitrary<infer T> ? T : never;

export function begin({ noPool, quarantineMs, first, ingress, hasClass, hasPool, hasEdge }: Start): {
  world: World;
  users: Users;
} {
  const world = new World({
    defaultPort: 6443,
    noPool,
    quarantineMs,
    ingressGraceMs: 500,
    sweepBareMs: 15 * MINUTE,
    sweepLabelledMs: 24 * HOUR,
  });
  if (hasClass) makeClass(world, "c1", { endpoint: first, ingress });
  makeClass(world, "c2", { endpoint: "without", ingress: "without" });
  if (hasPool) makePool(world, "own");
  if (hasEdge) makePool(world, "edge");
  return { world, users: new Users(world) };
}

export async function carryOut(world: World, users: Users, command: Command): Promise<void> {
  switch (command.do) {
    case "turn":
      world.deliver(command.n, command.fate);
      break;
    case "act":
      world.act(command.n);
      break;
    case "act of":
      world.actions
        .filter(({ words }) => words.startsWith(command.words))
        .slice(0, 1)
        .forEach((action) => world.perform(action));
      break;
    case "tell":
      world.watchers[command.watcher]?.tell(command.n, command.again);
      break;
    case "lose":
      world.watchers[command.watcher]?.lose(command.n);
      break;
    case "kill":
      world.tell(JSON.stringify(command));
      if (command.who === "admission") world.killAdmission(command.index, command.landed);
      else world.killWatcher(command.index, command.landed);
      break;
    case "start":
      world.tell(JSON.stringify(command));
      if (command.who === "admission") world.startAdmission(command.index);
      else world.startWatcher(command.index);
      break;
    case "cut":
      world.line.cut();
      break;
    case "wait":
      world.tell(JSON.stringify(command));
      world.clock.advance(command.ms);
      break;
    case "settle":
      return settle(world);
    default:
      users.carryOut(command);
  }
  await world.calm();
}

/** More rounds than any world of three Clusters needs. */
const MOST_ROUNDS = 200;

/** Everybody goes on until nobody has anything to do; time stands still. */
export async function settle(world: World): Promise<void> {
  for (let round = 0; round < MOST_ROUNDS; round += 1) if (!(await goOn(world))) return;
  throw new LawBroken("the world comes to rest", "it goes on and on");
}

/** Whether anything happened. */
async function goOn(world: World): Promise<boolean> {
  await world.calm();
  const before = world.server.history.length;
  const isBusy = world.line.ready.length > 0 || world.watchers.some((watcher) => watcher?.inbox.length);
  for (const watcher of world.watchers) while (watcher?.inbox.length) watcher.tell(0, false);
  for (let left = world.line.ready.length; left > 0; left -= 1) world.deliver(0, "answered");
  for (const action of world.actions) world.perform(action);
  if (isBusy || world.server.history.length !== before) return true;
  if (!world.isInGrace) return false;
  world.waitOutGrace();
  return true;
}

/** Both watchers and admissions are up, no pool is paused, nothing is lost any more, and a day passes. */
export async function rest(world: World, users: Users): Promise<void> {
  world.provider.talksNonsense = false;
  for (const name of POOL_NAMES) users.carryOut({ do: "pool", name, what: "is unpaused" });
  for (const at of [0, 1]) {
    world.startAdmission(at);
    world.startWatcher(at);
  }
  for (const ms of [0, 5 * SECOND, 40 * SECOND, 3 * MINUTE, 16 * MINUTE, 25 * HOUR, MINUTE, 6 * MINUTE]) {
    world.tell(`rest: ${ms / SECOND} s pass`);
    world.clock.advance(ms);
    for (const watcher of world.watchers) watcher?.relist();
    await settle(world);
  }
  await checkRest(world);
}
