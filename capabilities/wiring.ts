/** Answers: which adapter stands behind which port? The composition root; nothing is made before it is used. */
import type { PeprModule, PeprMutateRequest } from "pepr";
import { keepConnectionsAlive } from "../lib/adapters/keep-alive";
import { FirstSight } from "../lib/adapters/first-sight";
import { KeyQueue } from "../lib/adapters/key-queue";
import { KubeClient } from "../lib/adapters/kube-client";
import { KubeExecutor } from "../lib/adapters/kube-executor";
import { KubeInventory } from "../lib/adapters/kube-inventory";
import { Sightings } from "../lib/adapters/sightings";
import { systemClock } from "../lib/adapters/system-clock";
import { jsonLogger, WinstonJournal } from "../lib/adapters/winston-journal";
import { reconcile } from "../lib/flows/reconcile";
import { readSettings, SettingsError, type Settings } from "../lib/settings";
import { pepr } from "../package.json";
import { ClusterHook } from "./cluster-hook";
import { ClusterWatch, keyOf, textOf } from "./cluster-watch";
import type { Cluster } from "./kinds";

interface Wired {
  readonly settings: Settings;
  readonly logger: ReturnType<typeof jsonLogger>;
  readonly inventory: KubeInventory;
  readonly hook: ClusterHook;
  readonly queue: KeyQueue;
  readonly watch: ClusterWatch;
}

let wired: Wired | undefined;

export function wire(): Wired {
  if (wired) return wired;
  const settings = readSettings(process.env, pepr.webhookTimeout);
  const client = new KubeClient();
  const logger = jsonLogger(settings.logLevel);
  const seen = new Sightings();
  const ports = {
    inventory: new KubeInventory(client, settings.rules, systemClock, new FirstSight(systemClock), seen),
    executor: new KubeExecutor(client, systemClock),
    journal: new WinstonJournal(logger),
    clock: systemClock,
  };
  const hook = new ClusterHook(ports, settings.budgetMs, (operation, error) =>
    logger.error("Admitting Cluster failed", { operation, reason: String(error) }),
  );
  const queue = new KeyQueue((key) => reconcile(keyOf(key), ports), settings.workers, systemClock);
  return (wired = {
    settings,
    logger,
    inventory: ports.inventory,
    hook,
    queue,
    watch: new ClusterWatch(queue, seen, ({ pools, addresses }) =>
      logger.warn("Pools have addresses in common", { pools, addresses }),
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

/** Before Pepr makes its server. */
export function prepare(): void {
  if (process.env["PEPR_MODE"] !== "build") keepConnectionsAlive();
}

/** Settings are checked first: a process with a wrong one never answers as if all were well. */
export function start(peprModule: PeprModule): void {
  if (process.env["PEPR_MODE"] === "build") return;
  try {
    peprModule.start(wire().settings.listenPort);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
  const watches = process.env["PEPR_WATCH_MODE"] === "true" || process.env["PEPR_MODE"] === "dev";
  if (watches) void fullPass();
}
