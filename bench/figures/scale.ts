/**
 * What does a start cost the API server, and with what does it grow?
 *
 * The watcher is started over more and more Clusters that are complete, and at last beside many IPAddresses
 * of others. Requests are counted in the API server's audit log from its start until it asks nothing more;
 * then a quiet minute is watched. Cluster API and provider do not run meanwhile, so that only the module is
 * measured; admission has nothing to do, so every request of the module's account is the watcher's.
 */
import { readFileSync, statSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { namespace as namespaceManifest } from "../../sandbox/fixtures";
import { ticker } from "../../sandbox/progress";
import { resourceOf } from "../../test/integration/support/shapes";
import { isOfModule, tally, type Request } from "../audit-tail";
import {
  atMost,
  exactly,
  told,
  type Answer,
  type Bench,
  type Chart,
  type Figure,
  type Finding,
} from "../figure";
import { Fleet } from "../fleet";
import { withLab, type Lab } from "../lab";
import { memoryLimits, rssOf } from "../memory";

const SIZES = {
  full: { clusters: [500, 1000, 2000], foreign: 50_000, quietMs: 60_000 },
  quick: { clusters: [30, 100], foreign: 1000, quietMs: 10_000 },
};
/** On a slow machine there are fewer of them; the table says how many there were. */
const FOREIGN_WITHIN_MS = 150_000;
/** Longer than anything that the watcher waits for within a pass. */
const DONE_AFTER_MS = 3000;
const PASS_WITHIN_MS = 180_000;
/**
 * Two starts over the same never make exactly as many requests: an event that comes after the look makes
 * another one. Among few addresses that alone is more than this, among 50,000 it is not.
 */
const NO_GROWTH = 0.02;

export const scale: Figure = {
  name: "scale",
  question: "What does a start cost over thousands of Clusters and foreign addresses?",
  limitMinutes: 8,
  run: (bench) => withLab(bench, (lab) => measure(bench, lab)),
};

interface Start {
  readonly clusters: number;
  readonly foreign: number;
  /** From the start of the process until its last request. */
  readonly seconds: number;
  readonly requests: number;
  readonly byKind: Readonly<Record<string, number>>;
  readonly rss: number;
  /** Lines of its log above info. */
  readonly complaints: readonly string[];
}

interface Minute {
  readonly requests: number;
  readonly byKind: Readonly<Record<string, number>>;
}

async function measure(bench: Bench, lab: Lab): Promise<Answer> {
  const { clusters, foreign, quietMs } = SIZES[bench.quick ? "quick" : "full"];
  const fleet = await Fleet.found(lab);
  bench.log("one real Cluster is settled; Cluster API and provider have ended");
  const starts: Start[] = [await start(bench, lab, fleet)];
  for (const size of clusters) {
    await grow(
      bench,
      `${size} Clusters`,
      () => fleet.clusters,
      () => fleet.growTo(size),
    );
    starts.push(await start(bench, lab, fleet));
  }
  const home = namespaceManifest("foreign");
  await lab.api.create(resourceOf(home), home);
  await grow(
    bench,
    `${foreign} foreign addresses`,
    () => fleet.foreign,
    () => fleet.addForeign(foreign, FOREIGN_WITHIN_MS),
  );
  starts.push(await start(bench, lab, fleet));
  const minute = await quietMinute(bench, lab, quietMs);
  fleet.close();
  return answer(starts, minute, { rss: rssOf(lab.sandbox), limit: memoryLimits(bench.dist).watcher });
}

/** The watcher is down while Clusters come: their creates must not be what it works at. */
async function start(bench: Bench, { sandbox, audit }: Lab, fleet: Fleet): Promise<Start> {
  const watcher = sandbox.process("watcher");
  await watcher.stop();
  const { clusters, foreign } = fleet;
  const [mark, logFrom, started] = [audit.mark(), statSync(watcher.logFile).size, Date.now()];
  await watcher.start();
  await audit.quiet(isOfModule, { forMs: DONE_AFTER_MS, withinMs: PASS_WITHIN_MS, what: "the watcher" });
  // The watches of the one before are logged as they end.
  const requests = await audit.since(mark, (one) => isOfModule(one) && one.time >= started);
  const rss = rssOf(sandbox)["watcher"] ?? Number.NaN;
  const seconds = (Math.max(...requests.map(({ time }) => time)) - started) / 1000;
  const looked = requests.filter(isLookAtCluster).length;
  if (looked < clusters) throw new Error(`The watcher looked at ${looked} of ${clusters} Clusters`);
  bench.log(
    `start over ${clusters} Clusters, ${foreign} foreign addresses: ${requests.length} requests in ${seconds.toFixed(1)} s, ${rss} MiB`,
  );
  const complaints = complaintsIn(watcher.logFile, logFrom);
  return { clusters, foreign, seconds, requests: requests.length, byKind: tally(requests), rss, complaints };
}

const isLookAtCluster = ({ verb, resource, code }: Request): boolean =>
  verb === "get" && resource === "clusters" && code === 200;

/** JSON lines, of Pepr with a number as level (30 is info), of ours with a word. */
function complaintsIn(file: string, from: number): string[] {
  const lines = readFileSync(file).subarray(from).toString().split("\n");
  return lines
    .filter((line) => /"level":("warn"|"error"|[456]0)/.test(line))
    .map((line) => line.slice(0, 300));
}

async function quietMinute({ log }: Bench, { audit }: Lab, ms: number): Promise<Minute> {
  const mark = audit.mark();
  log(`watching ${ms / 1000} quiet seconds`);
  await pause(ms);
  const requests = await audit.since(mark, (request) => isOfModule(request) && request.verb !== "watch");
  return { requests: requests.length, byKind: tally(requests) };
}

async function grow(
  { log }: Bench,
  what: string,
  done: () => number,
  work: () => Promise<void>,
): Promise<void> {
  const silence = ticker(log, () => `storing ${what}: ${done()} so far`);
  try {
    await work();
  } finally {
    silence();
  }
}

interface Memory {
  /** Mebibytes by role, at the end. */
  readonly rss: Readonly<Record<string, number>>;
  readonly limit: number;
}

function answer(starts: readonly Start[], minute: Minute, { rss, limit }: Memory): Answer {
  const alone = starts.filter(({ foreign }) => foreign === 0);
  const beside = starts.at(-1);
  const [least, most] = [alone[0], alone.at(-1)];
  if (!least || !most || !beside) throw new Error("No start was measured");
  const each = (most.requests - least.requests) / (most.clusters - least.clusters);
  const complaints = starts.reduce((sum, one) => sum + one.complaints.length, 0);
  return {
    findings: [
      told("requests a Cluster at a start", each, ""),
      ...alone.map(({ clusters, requests }) => told(`requests, ${clusters} Clusters`, requests, "")),
      ...alone.map(({ clusters, seconds }) => told(`seconds, ${clusters} Clusters`, seconds, " s")),
      told(`requests, ${beside.foreign} foreign addresses / none`, beside.requests / most.requests, ""),
      atMost(
        "requests more for each foreign address",
        Math.max(0, beside.requests - most.requests) / beside.foreign,
        NO_GROWTH,
        "",
        "something lists or looks at what is not ours",
      ),
      told(`seconds, ${beside.foreign} foreign addresses / none`, beside.seconds / most.seconds, ""),
      exactly("warnings in the watcher's log", complaints, 0),
      exactly("requests in a quiet minute, watches aside", minute.requests, 0),
      ...memory(alone, limit),
      ...Object.entries(rss).map(([role, size]) => told(`memory of ${role}, at the end`, size, " MiB")),
    ],
    charts: [requestsChart(alone, beside), memoryChart(alone, beside)],
    data: { starts, minute, rss },
  };
}

function memory(alone: readonly Start[], limit: number): Finding[] {
  const bound = "Pepr keeps a copy of every Cluster, claim and address that it watches";
  return alone.map(({ clusters, rss }) =>
    atMost(`memory of the watcher, ${clusters} Clusters, against the pod's limit`, rss, limit, " MiB", bound),
  );
}

const byClusters = (of: (start: Start) => number) => (start: Start) => [start.clusters, of(start)] as const;

function growth(alone: readonly Start[], beside: Start, of: (start: Start) => number): Chart["series"] {
  return [
    { name: "no foreign addresses", points: alone.map(byClusters(of)) },
    { name: `${beside.foreign} foreign addresses`, points: [byClusters(of)(beside)] },
  ];
}

const requestsChart = (alone: readonly Start[], beside: Start): Chart => ({
  file: "scale",
  title: "Start of the watcher",
  x: { name: "Clusters" },
  y: { name: "requests" },
  series: growth(alone, beside, ({ requests }) => requests),
});

const memoryChart = (alone: readonly Start[], beside: Start): Chart => ({
  file: "scale-memory",
  title: "Memory of the watcher",
  x: { name: "Clusters" },
  y: { name: "MiB" },
  series: growth(alone, beside, ({ rss }) => rss),
});
