/** What comes between the module and the API server, or happens twice, changes nothing about how things end. */
import { readFileSync, writeFileSync } from "node:fs";
import { EXPIRED, type Fate, type Passing } from "../../sandbox/gate";
import { freePorts, isFree } from "../../sandbox/ports";
import {
  ADDRESSES,
  annotationOf,
  begin,
  CLAIMS,
  CLUSTERS,
  conditionOf,
  endStateOf,
  eventually,
  expectRenderedOnceWith,
  HOLD_ANNOTATION,
  isHeld,
  isWriteIn,
  managementCluster,
  Refused,
  SAMPLE,
  settledStateOf,
  vipOf,
  wordsOf,
  type Cluster,
  type Condition,
  type EndState,
  type Site,
  type Story,
  type Wish,
} from "./support";

const lab = managementCluster({
  gate: true,
  rateLimited: true,
  env: { VIP_ADMISSION_BUDGET: "3", VIP_INGRESS_GRACE: "2900" },
});

const PATIENCE_MS = 45_000;
const vips = (addresses: string) => ({ name: "vips", clusterClass: "lab", addresses: [addresses] });

async function siteWithVips(): Promise<Site> {
  const site = await lab.newSite();
  await Promise.all([site.hasClass(), site.hasPool(vips(site.span(10, 99)))]);
  return site;
}

const names = (prefix: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index}`);

const create = async (site: Site, name: string): Promise<Cluster> =>
  (await site.createCluster({ name })).object;

/** Every Cluster has its own VIP, claim and address, and nothing else is there. */
async function allComplete(site: Site, all: readonly string[]): Promise<void> {
  const complete = await Promise.all(all.map((name) => site.completed(name, PATIENCE_MS)));
  for (const name of all) await adopted(site, name);
  expect(new Set(complete.map(vipOf)).size).toBe(all.length);
  expect(await site.claims()).toHaveLength(all.length);
  expect((await site.addresses()).map(({ spec }) => spec.address).sort()).toEqual(complete.map(vipOf).sort());
}

const adopted = (site: Site, name: string) =>
  eventually(
    async () => (await site.claimOf(name))?.metadata.labels?.["cluster.x-k8s.io/cluster-name"] === name,
    { withinMs: PATIENCE_MS, what: `the claim of ${name} to be its own` },
  );

// ---- The API server ----------------------------------------------------------------------------

test("The API server dies while Clusters are created: creates that failed succeed when repeated, and nothing is left over", async () => {
  const site = await siteWithVips();
  const all = names("c", 12);
  // A create that was stored although its answer was lost says AlreadyExists when it is repeated.
  const createAnyhow = async (name: string): Promise<true> => {
    await create(site, name).catch((error: unknown) => {
      if (!(error instanceof Refused && error.reason === "AlreadyExists")) throw error;
    });
    return true;
  };
  const creating = Promise.all(
    all.map((name) => eventually(() => createAnyhow(name), { withinMs: PATIENCE_MS })),
  );
  await eventually(async () => (await site.claims()).length >= 3);
  // What is under way fails; what comes later waits. An API server that is not ready would refuse even what is
  // allowed, and a watch that is refused five times in a row ends the process, which only a kubelet starts again.
  let isReady: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => (isReady = resolve));
  const reopen = lab.gate.before(
    () => true,
    () => ready,
  );
  const apiServer = lab.sandbox.process("apiserver");
  await apiServer.stop("SIGKILL");
  // Its last thread, and with it the port, may go a moment later.
  await eventually(() => isFree(Number(new URL(lab.sandbox.server).port)));
  await apiServer.start();
  isReady();
  reopen();
  await creating;
  await allComplete(site, all);
  for (const name of all.slice(0, 3))
    expectRenderedOnceWith(vipOf(await site.clusterOf(name)) ?? "", await site.rendered(name, PATIENCE_MS));
});

// ---- The IPAM provider -------------------------------------------------------------------------

test("The IPAM provider hangs, and answers when all are held: all are completed, and what nobody wants any more is free", async () => {
  const site = await siteWithVips();
  const all = names("c", 5);
  await lab.whileAsleep("ipam", async () => {
    const answers = await Promise.all([...all, "unwanted", "by-hand"].map((name) => create(site, name)));
    expect(answers.map(isHeld)).toEqual(answers.map(() => true));
    // Gone any earlier, nobody would know that the claim was a Cluster's, and only the sweep would end it.
    await eventually(async () => (await site.claimOf("unwanted"))?.metadata.ownerReferences);
    await site.deleteCluster("unwanted");
    const host = { controlPlaneEndpoint: { host: "192.0.2.9", port: 6443 } };
    await site.api.merge(CLUSTERS, site.at("by-hand"), { spec: host });
  });
  await site.gone(CLUSTERS, "unwanted", PATIENCE_MS);
  for (const name of ["unwanted", "by-hand"]) {
    await site.gone(CLAIMS, `vip-cp-${name}`, PATIENCE_MS);
    await site.gone(ADDRESSES, `vip-cp-${name}`, PATIENCE_MS);
  }
  await allComplete(site, all);
  expect(vipOf(await site.clusterOf("by-hand"))).toBe("192.0.2.9");
});

// ---- Watch streams -----------------------------------------------------------------------------

describe("The watcher's streams break", () => {
  const KINDS = ["clusters", "clusterclasses", "ipaddressclaims", "ipaddresses", "inclusterippools"];
  const isWatchers = ({ process, verb }: Passing): boolean => process === "watcher" && verb === "watch";

  /** From now on no stream is opened, until the work is done; each kind's first one then ends like this. */
  async function withoutStreams(first: Fate, work: () => Promise<void>): Promise<void> {
    let reopen: () => void = () => undefined;
    const reopened = new Promise<void>((resolve) => (reopen = resolve));
    const seen = new Set<string>();
    const forget = lab.gate.before(isWatchers, async ({ resource }) => {
      await reopened;
      const isFirst = !seen.has(resource);
      seen.add(resource);
      return isFirst ? first : undefined;
    });
    try {
      expect(lab.gate.cut(isWatchers)).toBeGreaterThanOrEqual(KINDS.length);
      await work();
    } finally {
      reopen();
    }
    const areBack = (): boolean => KINDS.every((kind) => seen.has(kind));
    await eventually(areBack, { withinMs: PATIENCE_MS, what: "the streams to be back" });
    forget();
  }

  test.each([
    ["and go on where they ended", undefined],
    ["and their place in history is forgotten (410)", EXPIRED],
  ])("%s: what happened meanwhile is acted on", async (_, first) => {
    const site = await siteWithVips();
    await site.hasClass({ name: "unpooled" });
    await create(site, "going");
    await adopted(site, "going");
    const { object } = await site.createCluster({ name: "waiting", clusterClass: "unpooled" });
    expect(isHeld(object)).toBe(true);
    await withoutStreams(first, async () => {
      await site.hasPool({ name: "late", clusterClass: "unpooled", addresses: [site.span(110, 119)] });
      await site.deleteCluster("going", { propagationPolicy: "Foreground" });
      await site.gone(CLUSTERS, "going", PATIENCE_MS);
      await create(site, "fresh");
    });
    await site.gone(ADDRESSES, "vip-cp-going", PATIENCE_MS);
    await allComplete(site, ["fresh", "waiting"]);
  });
});

// ---- Stories, told in other circumstances ------------------------------------------------------

const sites: Site[] = [];

interface Told {
  readonly state: EndState;
  readonly writes: readonly string[];
  readonly attempts: readonly string[];
  /** How many Clusters of the one name were created in it. */
  readonly clusters: number;
}

/** @param expected the end to wait for, where it is known */
async function told(
  story: Story,
  expected: EndState | undefined,
  during: (site: Site) => void,
): Promise<Told> {
  const site = await lab.newSite();
  let clusters = 0;
  const stage = {
    site,
    gate: lab.gate,
    create: async (wish: Wish) => {
      clusters += 1;
      return (await site.createCluster(wish)).object;
    },
  };
  const attempts: string[] = [];
  const forget = lab.gate.before(isWriteIn(site), (write) => void attempts.push(wordsOf(write)));
  during(site);
  await begin(story, stage);
  await story.happen(stage);
  const state = expected ? await endOf(site, expected) : await settledStateOf(site);
  forget();
  const writes = lab.gate.writes(isWriteIn(site)).map(sayingOf);
  sites.push(site);
  const left = await lab.api.list<Cluster>(CLUSTERS, site.namespace);
  await Promise.all(left.map(({ metadata }) => site.deleteCluster(metadata.name)));
  return { state, writes, attempts, clusters };
}

/** What fails again and again is tried again once a minute. */
const LONGEST_RETRY_MS = 90_000;

/** As expected if that comes about, else as it is. */
const endOf = (site: Site, expected: EndState): Promise<EndState> =>
  eventually(
    async () => {
      const state = await endStateOf(site);
      expect(state).toEqual(expected);
      return state;
    },
    { withinMs: LONGEST_RETRY_MS },
  ).catch(() => endStateOf(site));

const verdictWords = ({ type, status, reason, observedGeneration }: Condition): string =>
  `${type}=${status} ${reason} @${observedGeneration}`;

const reasonOfHold = ({ body }: Passing): readonly string[] =>
  (Array.isArray(body) ? (body as { path: string; value?: string }[]) : []).flatMap(({ path, value }) =>
    path.endsWith("~1hold") && value !== undefined ? [value] : [],
  );

/** Verdicts follow the world, and how many of its states one sees is chance: each counts for itself. */
const sayingOf = (write: Passing): string => {
  const { status } = (write.body ?? {}) as { status?: { conditions?: Condition[] } };
  const verdicts = [...(status?.conditions ?? []).map(verdictWords), ...reasonOfHold(write)];
  return [wordsOf(write), ...verdicts].join(" ");
};

const isOfConditions = (words: string): boolean => words.startsWith("watcher: patch clusters/status ");

const isVerdict = (words: string): boolean =>
  isOfConditions(words) || /^watcher: patch clusters \S+: replace annotations\.hold /.test(words);

const counted = (words: readonly string[]): Readonly<Record<string, number>> =>
  Object.fromEntries(words.map((one) => [one, words.filter((other) => other === one).length]));

describe("Stories that have every write between them end the same", () => {
  let undisturbed: ReadonlyMap<Story, Told> = new Map();
  const all = async (during: (site: Site) => void): Promise<ReadonlyMap<Story, Told>> =>
    new Map(
      await Promise.all(
        SAMPLE.map(
          async (story) => [story, await told(story, undisturbed.get(story)?.state, during)] as const,
        ),
      ),
    );
  const statesOf = (tellings: ReadonlyMap<Story, Told>): unknown =>
    Object.fromEntries([...tellings].map(([{ title }, { state }]) => [title, state]));

  beforeAll(async () => {
    undisturbed = await all(() => undefined);
  }, 600_000);

  test("when each write is lost once: in one story its request, in the next its answer", async () => {
    const stories = new Map<string, number>();
    const lost = await all((site) => {
      const met = new Set<string>();
      const unanswered = new Set<string>();
      lab.gate.before(isWriteIn(site), (write): Fate => {
        const words = wordsOf(write);
        if (met.has(words)) return undefined;
        met.add(words);
        const before = stories.get(words) ?? 0;
        stories.set(words, before + 1);
        if (before % 2 === 0) return "drop";
        unanswered.add(words);
        return undefined;
      });
      lab.gate.after(
        isWriteIn(site),
        (write): Fate => (unanswered.delete(wordsOf(write)) ? "drop" : undefined),
      );
    });
    expect(statesOf(lost)).toEqual(statesOf(undisturbed));
  }, 600_000);

  test("with two watchers at once, and they do not write in turns", async () => {
    await secondWatcher();
    const both = await all(() => undefined);
    await lab.sandbox.process("watcher-2").stop();
    expect(statesOf(both)).toEqual(statesOf(undisturbed));
    for (const [story, { writes, attempts, clusters }] of both) {
      const alone = counted(undisturbed.get(story)?.writes ?? []);
      // Which verdicts a watcher comes to see is chance; each of these Clusters may be told each once.
      const expected = (words: string): number =>
        Math.max(alone[words] ?? 0, isVerdict(words) ? clusters : 0);
      // Two that take the last finalizer off at the same moment both succeed: the API server says so to whom
      // it finds too late.
      const more = Object.entries(counted(writes)).filter(([words, count]) => count > expected(words) + 1);
      expect({ [story.title]: more }).toEqual({ [story.title]: [] });
      const tries = attempts.filter((words) => !isOfConditions(words));
      const landed = writes.filter((words) => !isOfConditions(words));
      expect(tries.length).toBeLessThanOrEqual(MOST_ATTEMPTS * landed.length);
    }
  }, 600_000);
});

/**
 * Each watcher tries, and now and then Cluster API's own write comes between. With conditions that happens as often as
 * it writes its own, so these are left out.
 */
const MOST_ATTEMPTS = 4;

/** As in the minutes in which the node of the first one cannot be reached and it is replaced. */
async function secondWatcher(): Promise<void> {
  const { spec } = lab.sandbox.process("watcher");
  const [port = 0] = await freePorts(1);
  const own = spec.env["KUBECONFIG"] ?? "";
  const config = JSON.parse(readFileSync(own, "utf8")) as { clusters: { cluster: { server: string } }[] };
  for (const { cluster } of config.clusters) cluster.server = await lab.gate.urlOf("watcher-2");
  const kubeconfig = own.replace(/watcher/, "watcher-2");
  writeFileSync(kubeconfig, JSON.stringify(config), { mode: 0o600 });
  await lab.sandbox.run({
    ...spec,
    name: "watcher-2",
    env: { ...spec.env, KUBECONFIG: kubeconfig, VIP_LISTEN_PORT: String(port), POD_NAME: "watcher-2" },
    readyUrl: `https://127.0.0.1:${port}/healthz`,
  });
}

const TOO_SLOW: Fate = {
  status: 504,
  body: { kind: "Status", code: 504, reason: "Timeout", message: "too slow" },
};

test.each([
  ["Its connection breaks", "drop"],
  ["It times out", TOO_SLOW],
] as const)(
  "%s although the claim of a create was made: the Cluster is complete with that claim",
  async (_, fate) => {
    const site = await siteWithVips();
    const forget = lab.gate.after(
      (write) => isWriteIn(site)(write) && write.verb === "create",
      () => fate,
    );
    const { object, warnings } = await site.createCluster({ name: "a" });
    forget();
    expect(vipOf(object) !== undefined || (isHeld(object) && warnings.length > 0)).toBe(true);
    await allComplete(site, ["a"]);
    const claims = lab.gate.writes((write) => isWriteIn(site)(write) && write.resource === "ipaddressclaims");
    expect(claims.filter(({ verb }) => verb !== "patch").map(({ verb }) => verb)).toEqual(["create"]);
  },
);

test("A create is stored without a look at its class, which does not exist: the condition says so, and no write is refused", async () => {
  const site = await lab.newSite();
  await site.hasPool(vips(site.span(10, 19)));
  const isLook = ({ process, resource, namespace }: Passing): boolean =>
    process.startsWith("admission") && resource === "clusterclasses" && namespace === site.namespace;
  const forget = lab.gate.before(isLook, () => TOO_SLOW);
  expect(annotationOf(await create(site, "a"), HOLD_ANNOTATION)).toBe("Unreachable");
  forget();
  await eventually(async () => conditionOf(await site.clusterOf("a"))?.reason === "ClassNotFound");
  await site.hasClass();
  await allComplete(site, ["a"]);
  const patches = await lab.requestsOfModule({
    namespace: site.namespace,
    resource: "clusters",
    verb: ["patch"],
  });
  expect(patches.filter(({ code }) => code === 403)).toEqual([]);
});

test("The patch that completes a held Cluster is never answered: it is written once, and rendered once", async () => {
  const site = await lab.newSite();
  await site.hasClass();
  expect(isHeld(await create(site, "a"))).toBe(true);
  const isPatch = (write: Passing): boolean =>
    isWriteIn(site)(write) && write.resource === "clusters" && /controlPlaneEndpoint/.test(wordsOf(write));
  const forget = lab.gate.after(isPatch, () => "drop");
  await site.hasPool(vips("10.65.0.10-10.65.0.19"));
  await allComplete(site, ["a"]);
  expect(lab.gate.writes(isPatch)).toHaveLength(1);
  forget();
  expectRenderedOnceWith("10.65.0.10", await site.rendered("a", PATIENCE_MS));
});

test("And when all Clusters of the stories are deleted, no claim and no address of them is left", async () => {
  for (const site of sites)
    await eventually(
      async () => {
        const all = [...(await site.claims()), ...(await site.addresses())].map(
          ({ metadata }) => metadata.name,
        );
        expect(all.filter((name) => name !== "occupant")).toEqual([]);
        return true;
      },
      { withinMs: PATIENCE_MS },
    );
});
