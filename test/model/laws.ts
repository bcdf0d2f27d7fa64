/** What must be true of every write of ours, of every state, and of the world once it is at rest. */
import {
  APPLY_LATE,
  DELETE_FOR_MOVE,
  HOLD,
  OUR_PAUSE,
  PAUSED,
  PREFIX,
  RELEASED,
} from "../../lib/core/contract";
import { KubeInventory } from "../../lib/adapters/kube-inventory";
import { valueOf, type KubeObject } from "../../lib/core/facts";
import { plan, writesOf } from "../../lib/core/plan";
import { atOnce, FakeClient } from "../fakes/api-server";
import { claimName, CONTROL_PLANE, clusterOfClaim } from "../../lib/core/roles";
import {
  ADDRESSES,
  addressesOf,
  asCluster,
  CLASSES,
  classNameOf,
  CLUSTERS,
  definitionIn,
  GLOBAL_POOLS,
  hasStarted,
  hostOf,
  isAllowed,
  isGoing,
  NAMESPACE,
  POOLS,
  VARIABLE,
  VARIANTS,
  variableOf,
  VIP_NOTE,
} from "./kinds";
import type { World } from "./world";

export class LawBroken extends Error {
  constructor(law: string, particulars: string) {
    super(`${law}: ${particulars}`);
  }
}

function law(text: string, holds: boolean, particulars: () => unknown): void {
  if (!holds) throw new LawBroken(text, JSON.stringify(particulars()));
}

const noteOf = ({ metadata }: KubeObject, key: string): string | undefined => metadata.annotations?.[key];

const classOf = (world: World, cluster: KubeObject): KubeObject | undefined =>
  world.server.find(CLASSES, NAMESPACE, classNameOf(cluster));

/** No user of this world writes what a class has for a default. */
const isEmptyVip = (value: unknown): boolean =>
  value === undefined ||
  Object.values(VARIANTS).some((schema) => schema && "default" in schema && schema.default === value);

// ---- Every write of ours -------------------------------------------------------------------------

/** The annotations that are ours to write; all others belong to somebody. */
const OURS = [HOLD, PAUSED, VIP_NOTE];

/** What remains of a Cluster when everything is taken out that is ours to write. */
function othersPart(cluster: KubeObject): unknown {
  const { spec, metadata, status } = asCluster(cluster);
  const { controlPlaneEndpoint: _host, topology, ...restOfSpec } = spec;
  const annotations = Object.entries(metadata.annotations ?? {}).filter(([key]) => !OURS.includes(key));
  const others = topology?.variables?.filter(({ name }) => name !== VARIABLE) ?? [];
  const { labels, finalizers, ownerReferences, name, deletionTimestamp } = metadata;
  return [
    restOfSpec,
    topology?.classRef,
    others,
    annotations.sort(),
    status,
    labels,
    finalizers,
    ownerReferences,
    name,
    deletionTimestamp,
  ];
}

/** @param who the hook answers a create or an update, the watcher writes by itself */
export function checkWrite(
  world: World,
  who: "create" | "update" | "watcher",
  before: KubeObject,
  after: KubeObject,
): void {
  const both = (): unknown => [who, before, after];
  const host = hostOf(before);
  law("a host that is set is never changed", host === undefined || host === hostOf(after), both);
  const value = variableOf(before);
  // In an update the variable follows the endpoint.
  const isAssigned = who === "update" && variableOf(after) === hostOf(after);
  const mayChange = isAssigned || isEmptyVip(value) || value === variableOf(after);
  law("a user's variable is never changed", mayChange, both);
  checkAllowed(world, before, after, both);
  law("nothing else of a Cluster is touched", same(othersPart(before), othersPart(after)), both);
  checkPause(before, after, both);
  const released = noteOf(before, HOLD) === RELEASED;
  law("a user's release stands", !released || noteOf(after, HOLD) === RELEASED || who !== "watcher", both);
  if (who === "watcher") checkRollout(world, before, after, both);
}

/** Cluster API would refuse every later write, also the one that lets the Cluster go. */
function checkAllowed(world: World, before: KubeObject, after: KubeObject, both: () => unknown): void {
  const aClass = classOf(world, after);
  if (!aClass || variableOf(before) === variableOf(after) || hasNewClass(world, after)) return;
  law(
    "a variable is not made what its class forbids",
    isAllowed(variableOf(after), definitionIn(aClass)),
    both,
  );
}

/** The class became another one since the Cluster was asked for. */
const hasNewClass = (world: World, cluster: KubeObject): boolean =>
  (world.classChanges.get(classNameOf(cluster)) ?? 0) > (world.askedAt.get(cluster.metadata.uid ?? "") ?? 0);

function checkPause(before: KubeObject, after: KubeObject, both: () => unknown): void {
  const [was, is] = [noteOf(before, PAUSED), noteOf(after, PAUSED)];
  const ours =
    was === is || (was === undefined && is === OUR_PAUSE) || (was === OUR_PAUSE && is === undefined);
  law("a user's pause is never changed", ours, both);
}

function checkRollout(world: World, before: KubeObject, after: KubeObject, both: () => unknown): void {
  const { rendered } = world.clusterApi;
  const uid = before.metadata.uid ?? "";
  const value = variableOf(after);
  const rolls = rendered.has(uid) && value !== rendered.get(uid) && value !== variableOf(before);
  const allowed =
    !hasStarted(before) || noteOf(before, APPLY_LATE) === "true" || noteOf(before, PAUSED) === OUR_PAUSE;
  law("we never roll machines", !rolls || allowed, both);
}

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

// ---- Every state -----------------------------------------------------------------------------------

export function checkState(world: World): void {
  const clusters = world.server
    .list(CLUSTERS)
    .filter((cluster) => !world.tampered.has(cluster.metadata.uid ?? ""));
  const addresses = world.server.list(ADDRESSES);
  const textOf = ({ spec }: KubeObject): string => (spec as { address: string }).address;
  for (const cluster of clusters) {
    const host = hostOf(cluster);
    if (host === undefined || !isPoolAddress(host)) continue;
    const twin = clusters.find((other) => other !== cluster && hostOf(other) === host);
    law("no two Clusters share an address", !twin, () => [host, cluster.metadata.name, twin?.metadata.name]);
    const holders = addresses.filter((address) => textOf(address) === host);
    law("an address in use is never free", holders.length > 0, () => [host, cluster]);
  }
}

/** Users of this world take their own hosts from elsewhere. */
export const isPoolAddress = (host: string): boolean => host.startsWith("10.");

/** Told by Cluster API whenever it makes something of a Cluster. */
export function checkRendering(world: World, cluster: KubeObject): void {
  const aClass = classOf(world, cluster);
  const wants = aClass !== undefined && definitionIn(aClass)?.type === "string";
  if (!wants || isLeftAlone(world, cluster)) return;
  const hasVip = !isEmptyVip(variableOf(cluster));
  law("nothing is rendered without its VIP", hasVip, () => cluster);
}

/** Opted out, released by hand, come with references, or its class became another one meanwhile. */
function isLeftAlone(world: World, cluster: KubeObject): boolean {
  return (
    noteOf(cluster, CONTROL_PLANE.optOut) === "false" ||
    noteOf(cluster, HOLD) === RELEASED ||
    noteOf(cluster, DELETE_FOR_MOVE) !== undefined ||
    world.rules.noPool === "ignore" ||
    world.leftAlone.has(cluster.metadata.uid ?? "") ||
    hasNewClass(world, cluster)
  );
}

// ---- At rest -------------------------------------------------------------------------------------

/** Every process is up, every event was told, nobody has anything left to do, and a day has passed. */
export async function checkRest(world: World): Promise<void> {
  for (const cluster of world.server.list(CLUSTERS)) checkCluster(world, cluster);
  for (const address of world.server.list(ADDRESSES)) checkAddress(world, address);
  await checkNextPass(world);
}

/** A process that starts now, and knows nothing, finds nothing to do. */
async function checkNextPass(world: World): Promise<void> {
  const client = new FakeClient(world.server, atOnce(world.server));
  const inventory = new KubeInventory(client, world.rules, world.clock);
  for (const key of await inventory.keys()) {
    const facts = await inventory.gather(key);
    const cluster = valueOf(facts.cluster);
    // Cluster API refuses these, and they are tried again.
    if (cluster && (isFrozen(world, cluster.source) || isRestricted(cluster.source))) continue;
    const next = plan(facts);
    const steps = writesOf(next, cluster).flatMap((all) => all.map(({ kind }) => kind));
    law("the next pass plans nothing", steps.length === 0, () => [key, steps, next.decisions[0]?.row]);
  }
}

const isRestricted = (cluster: KubeObject): boolean => noteOf(cluster, HOLD) === "VariableRestricted";

const isUsersPause = (cluster: KubeObject): boolean =>
  asCluster(cluster).spec.paused === true || ![undefined, OUR_PAUSE].includes(noteOf(cluster, PAUSED));

/** Cluster API refuses every write: the class is missing, or what the Cluster says of the variable does not fit it any more. */
function isFrozen(world: World, cluster: KubeObject): boolean {
  const aClass = classOf(world, cluster);
  return !aClass || !isAllowed(variableOf(cluster), definitionIn(aClass));
}

function checkCluster(world: World, cluster: KubeObject): void {
  const isOthersAffair = isUsersPause(cluster) || isFrozen(world, cluster);
  if (isOthersAffair || noteOf(cluster, DELETE_FOR_MOVE) !== undefined) return;
  const decision = world.verdicts.get(cluster.metadata.name ?? "");
  const all = (): unknown => [cluster, decision?.row, decision?.verdict];
  law("a Cluster that was deleted is gone", !isGoing(cluster), all);
  const hold = noteOf(cluster, HOLD);
  law("nothing is left of a hold that is over", hold !== "lifted", all);
  const isHeld = noteOf(cluster, PAUSED) === OUR_PAUSE;
  // Cluster API may refuse the VIP for good; only the class's author can help.
  if (isHeld && isRestricted(cluster)) return;
  law("a hold has its reason", !isHeld || hold === decision?.verdict.reason, all);
  if (mayWait(world, cluster)) return;
  law("nothing waits while a pool has an address", !isHeld || !hasFreeAddress(world, cluster), all);
  if (!isHeld) checkComplete(world, cluster, all);
}

/** Somebody else has to do something first. */
function mayWait(world: World, cluster: KubeObject): boolean {
  const { name = "" } = cluster.metadata;
  const hold = noteOf(cluster, HOLD) ?? "";
  return (
    world.strangers.has(name) ||
    world.provider.spokeNonsense.has(claimName(CONTROL_PLANE, name)) ||
    ["HostAndVariableDiffer", RELEASED].includes(hold) ||
    noteOf(cluster, CONTROL_PLANE.optOut) === "false"
  );
}

function checkComplete(world: World, cluster: KubeObject, all: () => unknown): void {
  const host = hostOf(cluster);
  const late = hasStarted(cluster) && noteOf(cluster, APPLY_LATE) !== "true";
  const matters = hasFreeAddress(world, cluster) && !late;
  law("every Cluster that may have a VIP has one", host !== undefined || !matters, all);
  const definition = definitionIn(classOf(world, cluster) ?? cluster);
  if (host === undefined || late || definition?.type !== "string" || isLeftAlone(world, cluster)) return;
  const value = variableOf(cluster);
  law("the variable follows the host", !isEmptyVip(value), all);
  const isOurs = isPoolAddress(host) && host === noteOf(cluster, VIP_NOTE);
  law(
    "the variable of a VIP is the VIP, or the user's",
    !isOurs || value === host || !isPoolAddress(String(value)),
    all,
  );
}

function hasFreeAddress(world: World, cluster: KubeObject): boolean {
  return [...world.server.list(POOLS), ...world.server.list(GLOBAL_POOLS)].some(
    (pool) =>
      pool.metadata.labels?.[`${PREFIX}cluster-class`] === classNameOf(cluster) &&
      !isGoing(pool) &&
      noteOf(pool, `${PREFIX}disabled`) !== "true" &&
      noteOf(pool, PAUSED) === undefined &&
      world.provider.addressesOf(pool).length < addressesOf(pool).length,
  );
}

/** Used is what a Cluster has, or waits with while somebody pauses it. */
function checkAddress(world: World, address: KubeObject): void {
  const name = clusterOfClaim(address.metadata.name ?? "") ?? "";
  const text = (address["spec"] as { address: string }).address;
  const cluster = world.server.find(CLUSTERS, NAMESPACE, name);
  const all = (): unknown => [address, cluster, world.verdicts.get(name)?.row];
  if (world.strangers.has(name) || world.provider.spokeNonsense.has(claimName(CONTROL_PLANE, name))) return;
  law("an address without a Cluster is given back", cluster !== undefined, all);
  if (!cluster || isUsersPause(cluster) || isGoing(cluster)) return;
  const isHis = [hostOf(cluster), noteOf(cluster, VIP_NOTE)].includes(text);
  const waits = hostOf(cluster) === undefined;
  law("an address that is not the Cluster's is given back", isHis || waits, all);
}
