/**
 * A process may die at any moment, and the moments that differ are those around its writes. Every story is
 * told once undisturbed; then again for each write that the module made first in it, with the process killed right
 * before the write is forwarded, and right after it has landed. Stories share a crash: each is brought to its
 * n-th write and held there, and one kill hits them all. Where a story goes on with another, its writes are
 * those that come after.
 */
import type { Fate, Passing } from "../../sandbox/gate";
import { pepr } from "../../package.json";
import {
  begin,
  CLUSTERS,
  endStateOf,
  eventually,
  isWriteIn,
  managementCluster,
  Refused,
  SAMPLE,
  settledStateOf,
  STORIES,
  wordsOf,
  writtenIn,
  type Cluster,
  type EndState,
  type Role,
  type Site,
  type Stage,
  type Story,
} from "./support";

/** All that stand at their crash point hold a worker. */
const lab = managementCluster({
  gate: true,
  rateLimited: true,
  env: { VIP_WORKERS: "64", VIP_ADMISSION_BUDGET: "10", VIP_INGRESS_GRACE: "9000" },
});

const SIDES = ["before", "after"] as const;
type Side = (typeof SIDES)[number];

/** A write of a story: what it says, and which one in it of those that say the same. */
interface Point {
  readonly words: string;
  readonly nth: number;
}

const isOf =
  (site: Site, { words }: Point) =>
  (passing: Passing): boolean =>
    isWriteIn(site)(passing) && wordsOf(passing) === words;

/** How many of these have landed. */
const landed = (site: Site, point: Point): number => lab.gate.writes(isOf(site, point)).length;

/** One crash that all who take part in wait for: their requests stand until then. */
class Crash {
  readonly #senders = new Set<string>();
  readonly #struck: Promise<void>;
  #strike: () => void = () => undefined;
  #back: Promise<unknown> = Promise.resolve();

  constructor(private awaited: number) {
    this.#struck = new Promise((resolve) => (this.#strike = resolve));
  }

  /** Its sender is no more when this returns. */
  async meet(process: string): Promise<Fate> {
    this.#senders.add(process);
    this.#isThere();
    await this.#struck;
    return "drop";
  }

  /** One who takes part has come to its end without. */
  doWithout(): void {
    this.#isThere();
  }

  /** Settles when the processes that died work again. */
  async over(): Promise<void> {
    await this.#struck;
    await this.#back;
  }

  #isThere(): void {
    this.awaited -= 1;
    if (this.awaited === 0) this.#back = this.#happen();
  }

  async #happen(): Promise<void> {
    const processes = [...this.#senders].map((name) => lab.sandbox.process(name));
    await Promise.all(processes.map((process) => process.stop("SIGKILL")));
    for (const process of processes) process.launch();
    this.#strike();
    // The next crash may come first.
    await Promise.allSettled(processes.map((process) => process.ready()));
  }
}

const PATIENCE_MS = 30_000;

/** A user whose create fails because the process that answers it died tries once more, and keeps the claim. */
const createTwice =
  (site: Site, over: () => Promise<unknown>): Stage["create"] =>
  async (wish) => {
    const create = async (): Promise<Cluster> => (await site.createCluster(wish)).object;
    try {
      return await create();
    } catch (error) {
      if (!(error instanceof Refused && /failed calling webhook/.test(error.message))) throw error;
      const claim = await site.claimOf(wish.name);
      await over();
      const object = await create();
      if (claim) expect((await site.claimOf(wish.name))?.metadata.uid).toBe(claim.metadata.uid);
      return object;
    }
  };

async function staged(story: Story, create: (site: Site) => Stage["create"]): Promise<Stage> {
  const site = await lab.newSite();
  const stage = { site, gate: lab.gate, create: create(site) };
  await begin(story, stage);
  return stage;
}

interface Told {
  readonly story: Story;
  readonly points: readonly Point[];
  readonly state: EndState;
}

/** The story with nothing in its way: its writes in their order, and its end. */
async function toldOf(story: Story): Promise<Told> {
  const stage = await staged(story, (site) => async (wish) => (await site.createCluster(wish)).object);
  const { site } = stage;
  const before = writtenIn(lab.gate, site).length;
  await story.happen(stage);
  const state = await settledStateOf(site);
  const own = writtenIn(lab.gate, site).slice(before);
  const points = own.map((words, index) => ({
    words,
    nth: own.slice(0, index + 1).filter((one) => one === words).length,
  }));
  await cleared(site);
  // How often conditions are written depends on how fast Cluster API writes the spec; the first time is a point.
  const firstTold = points.findIndex(isTold);
  return { story, points: points.filter((point, at) => !isTold(point) || at === firstTold), state };
}

const sites: Site[] = [];

/** Nobody waits for it here; the last test does. */
async function cleared(site: Site): Promise<void> {
  sites.push(site);
  const clusters = await lab.api.list<Cluster>(CLUSTERS, site.namespace);
  await Promise.all(clusters.map(({ metadata }) => site.deleteCluster(metadata.name)));
}

const isTold = ({ words }: Point): boolean => words === "watcher: patch clusters/status a";

const AS_UNDISTURBED = "ends as if nothing had happened";
const NEVER = "never comes to this write";

type Crashes = ReadonlyMap<Side, Crash>;
type Ends = Map<Side, string>;

/** The rest of the story with crashes at this point of it: says for each how it ends. */
async function retold({ story, state }: Told, stage: Stage, point: Point, crashes: Crashes): Promise<Ends> {
  const { site } = stage;
  const reached = new Set<Side>();
  const isIt = isOf(site, point);
  // What it begins with was told by other writes perhaps, where the provider took its time.
  const before = landed(site, point);
  const rules = [...crashes].map(([side, crash]) =>
    lab.gate[side](
      (passing) =>
        !reached.has(side) &&
        isIt(passing) &&
        landed(site, point) - before === point.nth - Number(side === "before"),
      ({ process }) => {
        reached.add(side);
        return crash.meet(process);
      },
    ),
  );
  const end = await story
    .happen(stage)
    .then(() => endsAs(site, state))
    .then(() => AS_UNDISTURBED)
    .catch(
      (error: unknown) => `${site.namespace}: ${error instanceof Error ? error.message : String(error)}`,
    );
  for (const forget of rules) forget();
  for (const [side, crash] of crashes) if (!reached.has(side)) crash.doWithout();
  await cleared(site);
  const ends = [...crashes.keys()].map((side) => {
    const isMissing = !reached.has(side) && end === AS_UNDISTURBED;
    return [side, isMissing ? NEVER : end] as const;
  });
  return new Map(ends);
}

const endsAs = (site: Site, state: EndState): Promise<unknown> =>
  eventually(async () => expect(await endStateOf(site)).toEqual(state) === undefined, {
    withinMs: PATIENCE_MS,
    what: `${site.namespace} to be as it is without a crash`,
  });

/** How each story ended, by what was killed when. */
const ends = new Map<string, Record<string, string>>();
const keyOf = (story: Story, side: Side): string => `${side} ${story.title}`;

function noteEnds(story: Story, point: Point, all: Ends): void {
  for (const [side, end] of all) {
    const key = keyOf(story, side);
    ends.set(key, { ...ends.get(key), [pointWords(point)]: end });
  }
}

const pointWords = ({ words, nth }: Point): string => `${words} (${nth})`;

const isOfRole =
  (role: Role) =>
  ({ words }: Point): boolean =>
    words.startsWith(`${role}: `);

interface Part {
  readonly told: Told;
  readonly point: Point;
}

/** Every story that has so many writes, at this write of it. */
const castOf = (role: Role, index: number): readonly Part[] =>
  told.flatMap((one) => {
    const point = one.points.filter(isOfRole(role))[index];
    return point ? { told: one, point } : [];
  });

/** Stories that never came to the second crash, because the first left nothing to be written. */
const missed = (): readonly Part[] =>
  told.flatMap((one) =>
    one.points
      .filter((point) => ends.get(keyOf(one.story, "after"))?.[pointWords(point)] === NEVER)
      .map((point) => ({ told: one, point })),
  );

async function round(cast: readonly Part[], sides: readonly Side[]): Promise<void> {
  if (cast.length === 0) return;
  const crashes = new Map(sides.map((side) => [side, new Crash(cast.length)]));
  const over = (): Promise<unknown> => Promise.all([...crashes.values()].map((crash) => crash.over()));
  const stages = await Promise.all(
    cast.map(({ told: { story } }) => staged(story, (site) => createTwice(site, over))),
  );
  await Promise.all(
    cast.map(async (one, at) => {
      const how = await retold(one.told, stages[at] as Stage, one.point, crashes);
      noteEnds(one.told.story, one.point, how);
    }),
  );
  await over();
}

/** Nothing is in the way of the first telling, a busy machine neither: a story that is held for it has other writes. */
const AT_ONCE = 4;

let told: readonly Told[] = [];

/** What is written, and on what, in each story. */
const writesOf = new Map<Story, readonly string[]>();

/** All of them take four minutes; CRASH_POINTS=all asks for them. */
const EVERYWHERE = process.env["CRASH_POINTS"] === "all";

/**
 * Every write meets its crashes in the first story that makes it, and every story has some at its first write.
 * Everywhere means wherever a story goes on otherwise from a write on than those before it.
 */
function withoutRepeats(all: readonly Told[]): Told[] {
  const seen = new Set<string>();
  return all.map((one) => ({
    ...one,
    points: one.points.filter((_, at) => {
      const words = one.points.slice(at, EVERYWHERE ? undefined : at + 1).map((point) => point.words);
      const isNew = !seen.has(JSON.stringify(words));
      seen.add(JSON.stringify(words));
      return isNew || at === 0;
    }),
  }));
}

const roundsOf = (role: Role): number =>
  Math.max(...told.map(({ points }) => points.filter(isOfRole(role)).length));

beforeAll(async () => {
  for (let first = 0; first < STORIES.length; first += AT_ONCE)
    told = [...told, ...(await Promise.all(STORIES.slice(first, first + AT_ONCE).map(toldOf)))];
  for (const { story, points } of told)
    writesOf.set(
      story,
      points.map(({ words }) => words.split(" ").slice(0, 4).join(" ")),
    );
  told = withoutRepeats(told);
  // What the watcher does not write because it died it writes when it is back, and dies once more.
  for (let index = 0; index < roundsOf("watcher"); index++) await round(castOf("watcher", index), SIDES);
  await round(missed(), ["after"]);
  // A user whose create fails is to succeed at once when it is tried again, so here one crash is all.
  for (let index = 0; index < roundsOf("admission"); index++)
    for (const side of SIDES) await round(castOf("admission", index), [side]);
}, 1_200_000);

/**
 * The reason of a hold, which is not worth a word when the address came sooner; and writes whose words depend on
 * what the provider wrote first: owner and label in one or in two, and what an address of ours has already.
 */
const MAY_BE_LEFT_OUT = new RegExp(
  "^watcher: patch (" +
    [
      "clusters a: replace annotations\\.hold",
      "clusters/status a",
      "ipaddressclaims vip-cp-a: add labels\\.cluster-name, add ownerReferences",
      "ipaddresses vip-cp-a: add labels\\.cluster-name, add finalizers, add annotations\\.cluster-uid",
    ].join("|") +
    ") \\(\\d\\)$",
);

const CASES = SIDES.flatMap((side) => STORIES.map((story) => ({ title: story.title, story, side })));

test.each(CASES)(
  "$title ends as if nothing had happened when a process is killed right $side any of its writes",
  ({ story, side }) => {
    const points = told.find((one) => one.story === story)?.points.map(pointWords) ?? [];
    const seen = Object.entries(ends.get(keyOf(story, side)) ?? {});
    const excused = seen.map(([point, end]) => [
      point,
      MAY_BE_LEFT_OUT.test(point) && end === NEVER ? AS_UNDISTURBED : end,
    ]);
    expect(points.length).toBeGreaterThan(0);
    expect(Object.fromEntries(excused)).toEqual(
      Object.fromEntries(points.map((one) => [one, AS_UNDISTURBED])),
    );
  },
);

test("A crash has met every kind of write that the module has permission for", () => {
  const kinds = new Set(
    told.flatMap(({ points }) => points.map(({ words }) => words.split(" ").slice(1, 3).join(" "))),
  );
  const writes = pepr.rbac
    .filter(({ apiGroups }) => apiGroups.some((group) => group.endsWith("cluster.x-k8s.io")))
    .flatMap(({ resources, verbs }) =>
      resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}`)),
    )
    .filter((kind) => !/^(get|list|watch) /.test(kind));
  expect([...kinds].sort()).toEqual(writes.sort());
});

test("The stories that others tell in other circumstances have every write between them", () => {
  const all = (stories: readonly Story[]): string[] =>
    [...new Set(stories.flatMap((story) => writesOf.get(story) ?? []))].sort();
  expect(all(SAMPLE.flatMap((story) => [story, ...(story.begins ? [story.begins] : [])]))).toEqual(
    all(STORIES),
  );
});

test("And when all these Clusters are deleted, no claim and no address of them is left", async () => {
  const ofClusters = async (site: Site): Promise<object[]> =>
    [...(await site.claims()), ...(await site.addresses())]
      .filter(({ metadata }) => metadata.name !== "occupant")
      .map(({ kind, metadata: { managedFields: _, ...metadata } }) => ({ kind, ...metadata }));
  for (const site of sites)
    await eventually(async () => expect(await ofClusters(site)).toEqual([]) === undefined, {
      withinMs: PATIENCE_MS,
    });
});
