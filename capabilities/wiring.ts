/** Answers: which adapter stands behind which port? The composition root; nothing is made before it is used. */
import { randomInt } from "node:crypto";
import type { PeprModule, PeprMutateRequest } from "pepr";
import { FirstSight } from "../lib/adapters/first-sight";
import { keepConnectionsAlive } from "../lib/adapters/keep-alive";
import { KeyQueue } from "../lib/adapters/key-queue";
import { POOL_KINDS } from "../lib/adapters/kinds";
import { KubeClient } from "../lib/adapters/kube-client";
import { KubeExecutor } from "../lib/adapters/kube-executor";
import { keyOfCluster, keyOfRemains, KubeInventory } from "../lib/adapters/kube-inventory";
import { addressFacts, claimFacts, classFacts, clusterFacts, poolFacts } from "../lib/adapters/kube-objects";
import { addressPrint, claimPrint, classPrint, clusterPrint, News } from "../lib/adapters/news";
import { AdmissionNotes, setEdit } from "../lib/adapters/pepr-request";
import { jsonLogger, WinstonJournal } from "../lib/adapters/winston-journal";
import { applyEdit, hold, mergeEdits, NO_EDIT } from "../lib/core/edit";
import type { Key, KubeObject } from "../lib/core/facts";
import type { Interest } from "../lib/core/plan";
import { obstacle, serves } from "../lib/core/pool-choice";
import { ROLE_LABEL } from "../lib/core/contract";
import { ROLES } from "../lib/core/roles";
import { restore } from "../lib/core/restore";
import { tidy } from "../lib/core/tidy";
import { admit, type Admission } from "../lib/flows/admit";
import { reconcile } from "../lib/flows/reconcile";
import { readSettings, SettingsError, type Settings } from "../lib/settings";
import { pepr } from "../package.json";
import type { Cluster, ClusterClass, InClusterIPPool, IPAddress, IPAddressClaim } from "./kinds";

interface Wired {
  readonly settings: Settings;
  readonly logger: ReturnType<typeof jsonLogger>;
  readonly inventory: KubeInventory;
  readonly executor: KubeExecutor;
  readonly journal: WinstonJournal;
  readonly queue: KeyQueue;
}

let wired: Wired | undefined;

function wire(): Wired {
  if (wired) return wired;
  const settings = readSettings(process.env, pepr.webhookTimeout);
  const client = new KubeClient();
  const logger = jsonLogger(settings.logLevel);
  const inventory = new KubeInventory(client, settings.rules, new FirstSight());
  const ports = { inventory, executor: new KubeExecutor(client), journal: new WinstonJournal(logger) };
  const queue = new KeyQueue((key) => reconcile(keyOf(key), ports), settings.workers);
  return (wired = { settings, logger, queue, ...ports });
}

const textOf = ({ namespace, name }: Key): string => `${namespace}/${name}`;

function keyOf(text: string): Key {
  const slash = text.indexOf("/");
  return { namespace: text.slice(0, slash), name: text.slice(slash + 1) };
}

// ---- Admission ---------------------------------------------------------------------------------

const notes = new AdmissionNotes();

/** Pepr's `afterHook`: warnings and refusals reach the user in words. */
export const answered = (answer: Parameters<AdmissionNotes["complete"]>[0]): void => notes.complete(answer);

/** A mistake of ours must neither deny a request nor let a Cluster through that nobody looked at. */
export async function admission(request: PeprMutateRequest<Cluster>): Promise<void> {
  const { operation, uid } = request.Request;
  try {
    if (operation === "UPDATE") keepVip(request);
    else notes.put(uid, await giveVip(request));
  } catch (error) {
    wire().logger.error("Admitting Cluster failed", { operation, reason: String(error) });
    const { annotations = {} } = (request.Request.object as unknown as KubeObject).metadata;
    setEdit(request, operation === "UPDATE" ? NO_EDIT : hold(annotations, "Unreachable"));
  }
  const refusal = notes.refusalOf(uid);
  if (refusal !== undefined) throw new Error(refusal);
}

function keepVip(request: PeprMutateRequest<Cluster>): void {
  const { namespace, object, oldObject } = request.Request;
  const old = clusterFacts(oldObject as unknown as KubeObject, namespace);
  setEdit(request, restore(old, clusterFacts(object as unknown as KubeObject, namespace)));
}

async function giveVip(request: PeprMutateRequest<Cluster>): Promise<Admission> {
  const { settings, ...ports } = wire();
  const { namespace } = request.Request;
  const object = request.Request.object as unknown as KubeObject;
  const tidied = tidy(clusterFacts(object, namespace), generatedSuffix());
  const cluster = clusterFacts(applyEdit(object, tidied), namespace);
  const budget = AbortSignal.timeout(settings.budgetMs);
  const admission = await admit(cluster, request.IsDryRun === true, budget, ports);
  setEdit(request, mergeEdits(tidied, admission.edit));
  return admission;
}

/** The API server's own alphabet for generated names: no vowels, no letters that look like digits. */
const SUFFIX_LETTERS = "bcdfghjklmnpqrstvwxz2456789";
const generatedSuffix = (): string =>
  Array.from({ length: 5 }, () => SUFFIX_LETTERS[randomInt(SUFFIX_LETTERS.length)]).join("");

// ---- Watch -------------------------------------------------------------------------------------

const news = new News();

/** Pepr hands the phase of a watch event as the API server words it. */
const isGone = (phase: string): boolean => phase === "DELETED";

export function clusterChanged(cluster: Cluster, phase: string): void {
  const object = cluster as unknown as KubeObject;
  const key = keyOfCluster(object);
  if (!key || !news.isNew(`Cluster ${textOf(key)}`, clusterPrint(clusterFacts(object)), isGone(phase)))
    return;
  wire().queue.add(textOf(key));
}

export function claimChanged(claim: IPAddressClaim, phase: string): void {
  const object = claim as unknown as KubeObject;
  const role = ROLES.find(({ name }) => name === object.metadata.labels?.[ROLE_LABEL]);
  // A label that names no role of ours is a change that a held Cluster must hear of as well.
  const print = role ? claimPrint(claimFacts(object, role, 0)) : `${object.metadata.resourceVersion}`;
  remainsChanged(object, print, phase);
}

export function addressChanged(address: IPAddress, phase: string): void {
  const object = address as unknown as KubeObject;
  remainsChanged(object, addressPrint(addressFacts(object)), phase);
}

function remainsChanged(object: KubeObject, print: string, phase: string): void {
  const key = keyOfRemains(object);
  const name = `${object.kind} ${object.metadata.namespace}/${object.metadata.name}`;
  if (key && news.isNew(name, print, isGone(phase))) wire().queue.add(textOf(key));
}

export function classChanged(object: ClusterClass, phase: string): void {
  const source = object as unknown as KubeObject;
  const { namespace, name } = source.metadata;
  if (!news.isNew(`ClusterClass ${namespace}/${name}`, classPrint(classFacts(source)), isGone(phase))) return;
  const isMeant = (interest: Interest): boolean =>
    interest.kind === "class" && interest.class.name === name && interest.class.namespace === namespace;
  wire().queue.wake(isMeant);
}

export function poolChanged(object: InClusterIPPool): void {
  const kind = POOL_KINDS.find(({ kind: name }) => name === object.kind);
  if (!kind) return;
  const pool = poolFacts(object as unknown as KubeObject, kind);
  wire().queue.wake(
    (interest) => interest.kind === "pool" && obstacle(pool) === undefined && serves(pool, interest),
  );
}

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
    setTimeout(() => void fullPass(), FULL_PASS_RETRY_MS);
  }
}

// ---- Start -------------------------------------------------------------------------------------

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
