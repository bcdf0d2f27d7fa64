/** Answers: which adapter stands behind which port? The composition root; nothing is made before it is used. */
import { hostname } from "node:os";
import { metricsCollector, type PeprModule, type PeprMutateRequest } from "pepr";
import { tellInfos } from "../lib/adapters/infos";
import { together } from "../lib/adapters/journals";
import { EventsJournal } from "../lib/adapters/events-journal";
import { keepConnectionsAlive } from "../lib/adapters/keep-alive";
import { KeyQueue } from "../lib/adapters/key-queue";
import { KubeClient } from "../lib/adapters/kube-client";
import { KubeEvents } from "../lib/adapters/kube-events";
import { KubeExecutor } from "../lib/adapters/kube-executor";
import { IN_CLUSTER_POOLS, type Resource } from "../lib/adapters/kinds";
import { KubeInventory } from "../lib/adapters/kube-inventory";
import { MetricsJournal } from "../lib/adapters/metrics-journal";
import { Metrics } from "../lib/adapters/metrics";
import { News } from "../lib/adapters/news";
import { joinMetrics } from "../lib/adapters/pepr-metrics";
import { listPools } from "../lib/adapters/pool-listing";
import { Sightings } from "../lib/adapters/sightings";
import { systemClock } from "../lib/adapters/system-clock";
import { jsonLogger, WinstonJournal } from "../lib/adapters/winston-journal";
import { WorldGauges } from "../lib/adapters/world-gauges";
import { keyText, type Key, type KubeObject } from "../lib/core/facts";
import type { Ports } from "../lib/flows/admit";
import { reconcile } from "../lib/flows/reconcile";
import type { Journal } from "../lib/ports/journal";
import type { Return } from "../lib/ports/queue";
import { settingTexts } from "../lib/settings";
import { dependencies, version } from "../package.json";
import { ClusterHook } from "./cluster-hook";
import { ClusterWatch, isGone, keyOf } from "./cluster-watch";
import type { Cluster } from "./kinds";
import { settings } from "./settings";

interface Wired {
  readonly metrics: Metrics;
  readonly client: KubeClient;
  readonly logger: ReturnType<typeof jsonLogger>;
  readonly inventory: KubeInventory;
  readonly hook: ClusterHook;
  readonly queue: KeyQueue;
  readonly watch: ClusterWatch;
  readonly world: WorldGauges;
}

/** As Pepr decides it: in its development mode one process is both. */
const isWatcher = (): boolean =>
  process.env["PEPR_WATCH_MODE"] === "true" || process.env["PEPR_MODE"] === "dev";

let wired: Wired | undefined;

export function wire(): Wired {
  if (wired) return wired;
  const metrics = new Metrics(isWatcher());
  tellInfos(metrics, { version, pepr: dependencies.pepr }, settingTexts(process.env));
  const client = new KubeClient();
  const poolKinds = [...IN_CLUSTER_POOLS, ...settings.furtherPools];
  const logger = jsonLogger(settings.logLevel);
  const memory = { seen: new Sightings(), news: new News() };
  const ports = {
    inventory: new KubeInventory(client, settings.rules, systemClock, { poolKinds, ...memory }),
    executor: new KubeExecutor(client, systemClock),
    journal: together(
      (error) => logger.error("Keeping a journal failed", { reason: String(error) }),
      new WinstonJournal(logger),
      new MetricsJournal(metrics, systemClock),
      new EventsJournal(eventsTo(client, poolKinds, logger)),
    ),
    clock: systemClock,
  };
  const hook = new ClusterHook(
    ports,
    settings.budgetMs,
    (operation, error) => logger.error("Admitting Cluster failed", { operation, reason: String(error) }),
    ports.journal,
  );
  const queue = new KeyQueue((key) => pass(keyOf(key), ports, logger), settings.workers, systemClock);
  metrics.gauge("queue_depth", () => [{ labels: {}, value: queue.depth }]);
  metrics.gauge("queue_oldest_seconds", () => [{ labels: {}, value: queue.oldestMs / SECOND }]);
  return (wired = {
    metrics,
    client,
    logger,
    inventory: ports.inventory,
    hook,
    queue,
    watch: new ClusterWatch(
      queue,
      memory,
      ({ pools, addresses }) => logger.warn("Pools have addresses in common", { pools, addresses }),
      poolKinds,
    ),
    world: new WorldGauges(metrics, systemClock, poolKinds),
  });
}

const SECOND = 1000;

/** One pass, and what it came to; a mistake of ours is said, and the queue comes back to the key. */
async function pass(
  key: Key,
  ports: Ports & { readonly journal: Required<Journal> },
  logger: Wired["logger"],
): Promise<Return> {
  await listed;
  const began = performance.now();
  const over = (back?: Return): void => ports.journal.passed(key, back, performance.now() - began);
  try {
    const back = await reconcile(key, ports);
    over(back);
    return back;
  } catch (error) {
    over();
    logger.error("Reconciling Cluster failed", { Cluster: key, reason: String(error) });
    throw error;
  }
}

export type Told = keyof ClusterWatch;

/** What the watch saw; numbers first, for they wait for nobody. */
export function told(event: Told, object: KubeObject, phase: string): void {
  const { watch, world } = wire();
  if (event !== "addressChanged") world[event](object, isGone(phase));
  watch[event](object, phase);
}

export const admission = (request: PeprMutateRequest<Cluster>): Promise<void> => wire().hook.admit(request);

export const answered = (answer: Parameters<ClusterHook["complete"]>[0]): void =>
  wire().hook.complete(answer);

const eventsTo = (client: KubeClient, poolKinds: readonly Resource[], logger: Wired["logger"]): KubeEvents =>
  new KubeEvents(client, systemClock, {
    poolKinds,
    instance: hostname(),
    lost: (reason) => logger.warn("Events are lost", { reason }),
  });

/** Everything was listed once; until then nobody knows who shares an address. */
let hasListed: () => void = () => undefined;
const listed = new Promise<void>((resolve) => (hasListed = resolve));

const FULL_PASS_RETRY_MS = 2000;

/** Every Cluster, claim and address there is gets one look, whatever happened while nobody watched. */
async function fullPass(): Promise<void> {
  const { inventory, queue, logger } = wire();
  try {
    const keys = await inventory.keys();
    logger.info("Looking at everything once", { keys: keys.length });
    hasListed();
    for (const key of keys) queue.add(keyText(key));
  } catch (error) {
    logger.warn("Listing everything failed, trying again", { reason: String(error) });
    systemClock.after(FULL_PASS_RETRY_MS, () => void fullPass());
  }
}

/**
 * A kind that a setting names may be missing, misspelt or not allowed. Pepr ends a watcher that cannot read a
 * kind without saying which, and admission says it only with the first Cluster: so it is said here.
 */
async function tryFurtherPools(): Promise<void> {
  const { client, logger } = wire();
  for (const pools of settings.furtherPools) {
    const tried = await listPools(client, [pools]);
    const kind = `${pools.kind}.${pools.group}`;
    if (tried.state === "unread")
      logger.error("A kind of VIP_POOL_KINDS cannot be read", { kind, reason: tried.why });
  }
}

/** Before Pepr makes its server. */
export function prepare(): void {
  if (process.env["PEPR_MODE"] !== "build") keepConnectionsAlive();
}

export function start(peprModule: PeprModule): void {
  if (process.env["PEPR_MODE"] === "build") return;
  peprModule.start(settings.listenPort);
  joinMetrics(metricsCollector, wire().metrics.registry);
  void tryFurtherPools();
  if (isWatcher()) void fullPass();
}
