/** Answers: which adapter stands behind which port? The composition root; nothing is made before it is used. */
import { metricsCollector, type PeprModule, type PeprMutateRequest } from "pepr";
import { tellInfos } from "../lib/adapters/infos";
import { keepConnectionsAlive } from "../lib/adapters/keep-alive";
import { KeyQueue } from "../lib/adapters/key-queue";
import { KubeClient } from "../lib/adapters/kube-client";
import { KubeExecutor } from "../lib/adapters/kube-executor";
import { IN_CLUSTER_POOLS } from "../lib/adapters/kinds";
import { KubeInventory } from "../lib/adapters/kube-inventory";
import { Metrics } from "../lib/adapters/metrics";
import { joinMetrics } from "../lib/adapters/pepr-metrics";
import { listPools } from "../lib/adapters/pool-listing";
import { Sightings } from "../lib/adapters/sightings";
import { systemClock } from "../lib/adapters/system-clock";
import { jsonLogger, WinstonJournal } from "../lib/adapters/winston-journal";
import { reconcile } from "../lib/flows/reconcile";
import { settingTexts } from "../lib/settings";
import { dependencies, version } from "../package.json";
import { ClusterHook } from "./cluster-hook";
import { ClusterWatch, keyOf, textOf } from "./cluster-watch";
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
  const seen = new Sightings();
  const ports = {
    inventory: new KubeInventory(client, settings.rules, systemClock, { poolKinds, seen }),
    executor: new KubeExecutor(client, systemClock),
    journal: new WinstonJournal(logger),
    clock: systemClock,
  };
  const hook = new ClusterHook(ports, settings.budgetMs, (operation, error) =>
    logger.error("Admitting Cluster failed", { operation, reason: String(error) }),
  );
  const queue = new KeyQueue((key) => reconcile(keyOf(key), ports), settings.workers, systemClock);
  return (wired = {
    metrics,
    client,
    logger,
    inventory: ports.inventory,
    hook,
    queue,
    watch: new ClusterWatch(
      queue,
      seen,
      ({ pools, addresses }) => logger.warn("Pools have addresses in common", { pools, addresses }),
      poolKinds,
    ),
  });
}

export const admission = (request: PeprMutateRequest<Cluster>): Promise<void> => wire().hook.admit(request);

export const answered = (answer: Parameters<ClusterHook["complete"]>[0]): void =>
  wire().hook.complete(answer);

const FULL_PASS_RETRY_MS = 2000;

/** Every Cluster, claim and address there is gets one look, whatever happened while nobody watched. */
async function fullPass(): Promise<void> {
  const { inventory, queue, logger } = wire();
  try {
    const keys = await inventory.keys();
    logger.info("Looking at everything once", { keys: keys.length });
    for (const key of keys) queue.add(textOf(key));
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
