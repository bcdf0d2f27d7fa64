/** What must be true of every write of ours, of every state, and of the world once it is at rest. */
import { KubeInventory } from "../../lib/adapters/kube-inventory";
import {
  ALLOW_CHANGE,
  APPLY_LATE,
  CLASS_LABEL,
  CLUSTER_UID,
  DELETE_FOR_MOVE,
  DISABLED,
  HOLD,
  IN_USE,
  OUR_PAUSE,
  PAUSED,
  RELEASED,
  ROLE_LABEL,
} from "../../lib/core/contract";
import { tellingOf } from "../../lib/core/conditions";
import { valueOf, type Facts, type KubeObject } from "../../lib/core/facts";
import { plan, writesOf, type Plan } from "../../lib/core/plan";
import { claimName, CONTROL_PLANE, INGRESS, PARKED, ROLES, type Role } from "../../lib/core/roles";
import { looked } from "../../lib/flows/looked";
import { atOnce, FakeClient } from "../fakes/api-server";
import {
  ADDRESSES,
  addressesOf,
  asCluster,
  CLAIMS,
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
  textOf,
  VARIANTS,
  variableOf,
  variablesOf,
  vipOf,
} from "./kinds";
import { BUDGET_MS } from "./processes";
import { verdictKey, type World } from "./world";

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
const OURS = [HOLD, PAUSED, ...ROLES.map(({ annotation }) => annotation)];
/** Those of a change of the VIP, which only its user can ask for. */
const OF_CHANGES = [ALLOW_CHANGE, ...ROLES.map(({ replaced }) => replaced)];
const OUR_LABELS = ROLES.flatMap(({ label }) => label ?? []);

const OUR_CONDITIONS = ROLES.map(({ condition }) => condition);

const without = (marks: Readonly<Record<string, string>> | undefined, ours: readonly string[]): unknown =>
  Object.entries(marks ?? {})
    .filter(([key]) => !ours.includes(key))
    .sort();

/** What remains of a Cluster when everything is taken out that is ours to write. */
function othersPart(cluster: KubeObject, ours: readonly string[]): unknown {
  const { spec, metadata, status } = asCluster(cluster);
  const { controlPlaneEndpoint: _host, topology, ...restOfSpec } = spec;
  const names = ROLES.map(({ variable }) => variable);
  const others = topology?.variables?.filter(({ name }) => !names.includes(name)) ?? [];
  const { labels, annotations, finalizers, ownerReferences, name, deletionTimestamp } = metadata;
  const { conditions = [], ...restOfStatus } = status ?? {};
  return [
    restOfSpec,
    topology?.classRef,
    others,
    without(annotations, ours),
    without(labels, OUR_LABELS),
    restOfStatus,
    conditions.filter(({ type }) => !OUR_CONDITIONS.includes(type)),
    finalizers,
    ownerReferences,
    name,
    deletionTimestamp,
  ];
}

/** @param who the hook answers a create, the watcher writes by itself */
export function checkWrite(
  world: World,
  who: "create" | "watcher",
  before: KubeObject,
  after: KubeObject,
): void {
  const both = (): unknown => [who, before, after];
  const host = hostOf(before);
  law("a host that is set is never changed", host === undefined || host === hostOf(after), both);
  for (const role of ROLES) checkVariable(before, after, role, both);
  checkAllowed(world, before, after, both);
  checkOthers(before, after, who === "create" ? [...OURS, ...OF_CHANGES] : OURS, both);
  const released = noteOf(before, HOLD) === RELEASED;
  law("a user's release stands", !released || noteOf(after, HOLD) === RELEASED || who !== "watcher", both);
  if (who === "watcher") checkRollout(world, before, after, both);
}

function checkVariable(before: KubeObject, after: KubeObject, role: Role, both: () => unknown): void {
  const value = variableOf(before, role);
  const isKept = isEmptyVip(value) || value === variableOf(after, role);
  // It goes with what says so elsewhere.
  const isGivenBack = isOff(before, role) || handsBack(after, role);
  const isTakenBack = isGivenBack && !role.isEndpoint && value === noteOf(before, role.annotation);
  law("a user's variable is never changed", isKept || isTakenBack, both);
}

function checkOthers(
  before: KubeObject,
  after: KubeObject,
  ours: readonly string[],
  both: () => unknown,
): void {
  const isSame = same(othersPart(before, ours), othersPart(after, ours));
  law("nothing else of a Cluster is touched", isSame, both);
  checkPause(before, after, both);
}

const isOff = (cluster: KubeObject, { optOut }: Role): boolean => noteOf(cluster, optOut) === "false";

/** The VIP that is on record; an endpoint that says something else is nobody's VIP. */
function recorded(cluster: KubeObject, role: Role): string | undefined {
  const vip = noteOf(cluster, role.annotation);
  return role.isEndpoint && hostOf(cluster) !== vip ? undefined : vip;
}

const WAYS_OUT = [RELEASED, "lifted"];

/** Its user takes the Cluster, or the role, out of our hands. */
const isHandedBack = (cluster: KubeObject, role: Role, words = WAYS_OUT): boolean =>
  isOff(cluster, role) ||
  (role.isEndpoint && words.includes(noteOf(cluster, HOLD) ?? "")) ||
  noteOf(cluster, DELETE_FOR_MOVE) !== undefined ||
  isGoing(cluster) ||
  asCluster(cluster).spec.topology === undefined;

/** @param answer what the hook made of an update */
export function checkUpdate(world: World, old: KubeObject, wished: KubeObject, answer: KubeObject): void {
  const all = (): unknown => ["update", old, wished, answer];
  checkAllowed(world, wished, answer, all);
  checkOthers(wished, answer, [...OURS, ...OF_CHANGES], all);
  for (const role of ROLES) checkChange(old, wished, answer, role, all);
}

/** What is no endpoint gives its record back while the endpoint is still to come. */
const handsBack = (wished: KubeObject, role: Role): boolean =>
  !role.isEndpoint &&
  noteOf(wished, PAUSED) === OUR_PAUSE &&
  hostOf(wished) === undefined &&
  noteOf(wished, role.annotation) === undefined;

function checkChange(
  old: KubeObject,
  wished: KubeObject,
  answer: KubeObject,
  role: Role,
  all: () => unknown,
): void {
  // The user's word stays, and means nothing any more once there is a host.
  const words = hostOf(old) === undefined ? WAYS_OUT : ["lifted"];
  const isGiven = isHandedBack(wished, role, words) || handsBack(wished, role);
  const vip = isGiven ? undefined : recorded(old, role);
  const word = noteOf(wished, ALLOW_CHANGE);
  const now = vipOf(answer, role);
  const allowed = [vip, variableOf(wished, role)];
  law(
    "an update makes of a variable what was there, or the VIP",
    allowed.includes(variableOf(answer, role) as string),
    all,
  );
  if (vip === undefined) return law("no host is changed", now === vipOf(wished, role), all);
  law("a VIP changes with its user's word alone", now === vip || now === word, all);
  law("the record says the VIP", noteOf(answer, role.annotation) === now, all);
  if (now === vip) return;
  const former = noteOf(old, role.replaced) ?? vip;
  law(
    "the former VIP is on record",
    noteOf(answer, role.replaced) === (former === now ? undefined : former),
    all,
  );
}

/** What an update may be refused for. */
const vipsOf = (cluster: KubeObject): unknown[] =>
  ROLES.map((role) => [vipOf(cluster, role), variableOf(cluster, role), noteOf(cluster, role.annotation)]);

/** The request was refused by us. */
export function checkAnswer(
  world: World,
  old: KubeObject | undefined,
  wished: KubeObject,
  refusal: string,
): void {
  const all = (): unknown => [refusal, old, wished];
  if (old) return law("only who changes a VIP is refused", !same(vipsOf(old), vipsOf(wished)), all);
  const given = [hostOf(wished), variableOf(wished, CONTROL_PLANE)];
  const isMeant = given.some((address) => typeof address === "string" && refusal.includes(address));
  const needsPool = world.rules.noPool === "reject" && refusal.includes("PoolRequired");
  law("only an endpoint is a reason to refuse a create", isMeant || needsPool, all);
}

/** Told whenever everything that was set off has run: no create waits longer than it may. */
export function checkPromptness(world: World): void {
  const now = world.clock.now();
  for (const admission of world.admissions)
    for (const create of admission?.open ?? []) {
      law("a create is answered within its budget", now <= create.since + BUDGET_MS, () => create);
      const decided = admission?.decided.get(create.name) ?? Infinity;
      law(
        "no create waits for what is no endpoint",
        create.confused || now <= decided + world.rules.ingressGraceMs,
        () => create,
      );
    }
}

/** Cluster API would refuse every later write, also the one that lets the Cluster go. */
function checkAllowed(world: World, before: KubeObject, after: KubeObject, both: () => unknown): void {
  const aClass = classOf(world, after);
  if (!aClass || variablesOf(before) === variablesOf(after) || hasNewClass(world, after)) return;
  for (const role of ROLES) {
    const isFine = isAllowed(variableOf(after, role), definitionIn(aClass, role));
    law("a variable is not made what its class forbids", isFine, both);
  }
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
  // A default is Cluster API's to write.
  const isWrittenHere = (role: Role): boolean =>
    variableOf(after, role) !== variableOf(before, role) && !isEmptyVip(variableOf(after, role));
  const rolls = rendered.has(uid) && rendered.get(uid) !== variablesOf(after) && ROLES.some(isWrittenHere);
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
  for (const cluster of clusters)
    for (const role of ROLES) checkVip(world, cluster, role, clusters, addresses);
}

function checkVip(
  world: World,
  cluster: KubeObject,
  role: Role,
  clusters: readonly KubeObject[],
  addresses: readonly KubeObject[],
): void {
  const { name = "", uid = "" } = cluster.metadata;
  const former = world.former.get(verdictKey(uid, role));
  const isThere = (address: string): boolean => addresses.some((one) => textOf(one) === address);
  law("a former VIP stays reserved", former === undefined || isThere(former), () => [former, cluster]);
  const vip = vipOf(cluster, role);
  if (vip === undefined || isWritten(world, name, vip)) return;
  const twin = clusters.find((other) => other !== cluster && has(other, vip));
  law("no two Clusters share an address", !twin || isOfHisUser(world, twin, vip), () => [
    vip,
    name,
    twin?.metadata.name,
  ]);
  law("an address in use is never free", isThere(vip), () => [vip, cluster]);
}

/** Written into a Cluster that was there, or where we neither refuse a request nor put it into force. */
function isOfHisUser(world: World, cluster: KubeObject, vip: string): boolean {
  const { name = "" } = cluster.metadata;
  const isInForce = hostOf(cluster) === vip && noteOf(cluster, HOLD) === undefined;
  const isRewritten = world.rewritten.get(name)?.has(vip) ?? false;
  const isRefusedNothing = asCluster(cluster).spec.topology === undefined;
  const isLoose = !isInForce || isRefusedNothing || cameFirst(world, cluster, vip);
  return isRewritten || (isWritten(world, name, vip) && isLoose);
}

const age = (object: KubeObject | undefined): number => Number(object?.metadata.uid?.slice("uid-".length));

/** BROKEN 9: a pool that comes later gives what a Cluster has, and who is given it does not look. */
const cameFirst = ({ server }: World, cluster: KubeObject, vip: string): boolean =>
  server.list(ADDRESSES).every((one) => textOf(one) !== vip || age(one) > age(cluster));

const has = (cluster: KubeObject, vip: string): boolean => ROLES.some((role) => vipOf(cluster, role) === vip);

/** A user wrote it there; nobody but he can say what else is at it. */
const isWritten = (world: World, name: string, address: string): boolean =>
  world.written.get(name)?.has(address) ?? false;

/** Told by Cluster API whenever it makes something of a Cluster. */
export function checkRendering(world: World, cluster: KubeObject): void {
  const aClass = classOf(world, cluster);
  const wants = definitionIn(aClass, CONTROL_PLANE)?.type === "string";
  if (!wants || isLeftAlone(world, cluster)) return;
  const hasVip = !isEmptyVip(variableOf(cluster, CONTROL_PLANE));
  law("nothing is rendered without its VIP", hasVip, () => cluster);
}

/** Opted out, released by hand, come with references, or its class became another one meanwhile. */
function isLeftAlone(world: World, cluster: KubeObject): boolean {
  return (
    isOff(cluster, CONTROL_PLANE) ||
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
    if (cluster && isBeyondUs(world, cluster.source)) continue;
    const next = await lookedAround(facts, inventory);
    const steps = writesOf(next, cluster).flatMap((of) => of.steps.map(({ kind }) => kind));
    law("the next pass plans nothing", steps.length === 0, () => [
      key,
      steps,
      next.decisions.map(({ row }) => row),
    ]);
    checkConditions(facts, next);
  }
}

/** Whatever the conditions are to say, they say; who shares an address is a hint, which each process has from the events it was told. */
function checkConditions(facts: Facts, next: Plan): void {
  const said = valueOf(facts.cluster)?.conditions ?? [];
  const reasons = [...said, ...next.decisions.map(({ verdict }) => verdict)].map(({ reason }) => reason);
  if (reasons.includes("AddressTaken")) return;
  const { steps } = tellingOf(facts, next, new Map());
  const decided = next.decisions.map(({ row, verdict }) => [row, verdict]);
  law("the conditions say how it is", steps.length === 0, () => [steps, decided]);
}

async function lookedAround(facts: Facts, inventory: KubeInventory): Promise<Plan> {
  const first = plan(facts);
  return first.looks.length > 0 ? plan(await looked(facts, first, inventory)) : first;
}

const isBeyondUs = (world: World, cluster: KubeObject): boolean =>
  isFrozen(world, cluster) || isRestricted(cluster) || isForbidden(world, cluster);

const isRestricted = (cluster: KubeObject): boolean => noteOf(cluster, HOLD) === "VariableRestricted";

const isUsersPause = (cluster: KubeObject): boolean =>
  asCluster(cluster).spec.paused === true || ![undefined, OUR_PAUSE].includes(noteOf(cluster, PAUSED));

/** Cluster API refuses every write: the class is missing, or what the Cluster says of a variable does not fit it any more. */
function isFrozen(world: World, cluster: KubeObject): boolean {
  const aClass = classOf(world, cluster);
  return !aClass || ROLES.some((role) => !isAllowed(variableOf(cluster, role), definitionIn(aClass, role)));
}

const decisionOf = (world: World, cluster: KubeObject, role: Role) =>
  world.verdicts.get(verdictKey(cluster.metadata.name ?? "", role));

function checkCluster(world: World, cluster: KubeObject): void {
  const isOthersAffair = isUsersPause(cluster) || isFrozen(world, cluster);
  if (isOthersAffair || noteOf(cluster, DELETE_FOR_MOVE) !== undefined) return;
  const all = (): unknown => [
    cluster,
    ROLES.map((role) => decisionOf(world, cluster, role)).map((said) => [said?.row, said?.verdict]),
  ];
  law("a Cluster that was deleted is gone", !isGoing(cluster), all);
  checkHold(world, cluster, all);
  if (asCluster(cluster).spec.topology === undefined) return;
  checkIngress(world, cluster, all);
  for (const role of ROLES) {
    checkReserved(world, cluster, role, all);
    checkSaid(world, cluster, role, all);
  }
}

function checkHold(world: World, cluster: KubeObject, all: () => unknown): void {
  const decision = decisionOf(world, cluster, CONTROL_PLANE);
  const hold = noteOf(cluster, HOLD);
  law("nothing is left of a hold that is over", hold !== "lifted", all);
  const isHeld = noteOf(cluster, PAUSED) === OUR_PAUSE;
  // Cluster API may refuse the VIP for good; only the class's author can help.
  if (isHeld && isRestricted(cluster)) return;
  law("a hold has its reason", !isHeld || hold === decision?.verdict.reason, all);
  if (mayWait(world, cluster, CONTROL_PLANE)) return;
  law(
    "nothing waits while a pool has an address",
    !isHeld || !hasFreeAddress(world, cluster, CONTROL_PLANE),
    all,
  );
  if (!isHeld) checkComplete(world, cluster, all);
}

/** Somebody else has to do something first. */
function mayWait(world: World, cluster: KubeObject, role: Role): boolean {
  const { name = "" } = cluster.metadata;
  const claim = claimName(role, name);
  const isTheUsers =
    role.isEndpoint &&
    ["HostAndVariableDiffer", "InsideOwnNetwork", RELEASED].includes(noteOf(cluster, HOLD) ?? "");
  return (
    world.strangers.has(claim) ||
    world.provider.spokeNonsense.has(claim) ||
    isTheUsers ||
    isOff(cluster, role) ||
    isGivenAndTaken(world, cluster, role)
  );
}

/** Its user has to give another one. */
function isGivenAndTaken(world: World, cluster: KubeObject, role: Role): boolean {
  const isTaken = decisionOf(world, cluster, role)?.verdict.reason === "AddressTaken";
  const given = vipOf(cluster, role) ?? variableOf(cluster, role);
  // Also where what he deleted by hand was given to somebody else meanwhile.
  const isHis = isWritten(world, cluster.metadata.name ?? "", String(given));
  return isTaken && (isHis || world.tampered.has(cluster.metadata.uid ?? ""));
}

const isLate = (cluster: KubeObject): boolean =>
  hasStarted(cluster) && noteOf(cluster, APPLY_LATE) !== "true";

function checkComplete(world: World, cluster: KubeObject, all: () => unknown): void {
  const host = hostOf(cluster);
  const late = isLate(cluster);
  const matters = hasFreeAddress(world, cluster, CONTROL_PLANE) && !late;
  law("every Cluster that may have a VIP has one", host !== undefined || !matters, all);
  const definition = definitionIn(classOf(world, cluster), CONTROL_PLANE);
  if (host === undefined || late || definition?.type !== "string" || isLeftAlone(world, cluster)) return;
  const value = variableOf(cluster, CONTROL_PLANE);
  law("the variable follows the host", !isEmptyVip(value), all);
  const isOurs = host === noteOf(cluster, CONTROL_PLANE.annotation);
  const isUsers = isWritten(world, cluster.metadata.name ?? "", String(value));
  law("the variable of a VIP is the VIP, or the user's", !isOurs || value === host || isUsers, all);
}

/** Its class allows the ingress no such address, so Cluster API refuses what we write. */
function isForbidden(world: World, cluster: KubeObject): boolean {
  const address = world.server.find(ADDRESSES, NAMESPACE, claimName(INGRESS, cluster.metadata.name ?? ""));
  const vip = noteOf(cluster, INGRESS.annotation) ?? (address && textOf(address));
  const definition = definitionIn(classOf(world, cluster), INGRESS);
  return definition?.pattern !== undefined && !isAllowed(vip, definition);
}

function checkIngress(world: World, cluster: KubeObject, all: () => unknown): void {
  if (isForbidden(world, cluster)) return;
  const { labels = {} } = cluster.metadata;
  const vip = noteOf(cluster, INGRESS.annotation);
  const label = INGRESS.label === undefined ? undefined : labels[INGRESS.label];
  // BROKEN 16: what says the VIP in an annotation went unseen, while the Cluster was being moved; the label stays.
  const isLeftBehind = vip === undefined && !isOff(cluster, INGRESS);
  const isShown = label === vip || isLeftBehind || isGivenAndTaken(world, cluster, INGRESS);
  law("the label of an ingress says its VIP", isShown, all);
  if (isOff(cluster, INGRESS)) checkSwitchedOff(world, cluster, all);
  else if (vip === undefined) checkWaiting(world, cluster, all);
  else checkIngressVariable(world, cluster, vip, all);
}

function checkSwitchedOff(world: World, cluster: KubeObject, all: () => unknown): void {
  const claim = claimName(INGRESS, cluster.metadata.name ?? "");
  const isOthers = world.strangers.has(claim) || world.provider.spokeNonsense.has(claim);
  const left = [CLAIMS, ADDRESSES].some((of) => world.server.find(of, NAMESPACE, claim) !== undefined);
  law("an ingress that is off has no VIP", noteOf(cluster, INGRESS.annotation) === undefined, all);
  const isFormer = noteOf(cluster, INGRESS.replaced) !== undefined;
  law("an ingress that is off holds no address", isOthers || isFormer || !left, all);
}

function checkWaiting(world: World, cluster: KubeObject, all: () => unknown): void {
  if (mayWait(world, cluster, INGRESS)) return;
  const wants = definitionIn(classOf(world, cluster), INGRESS)?.type === "string";
  const isGiven = wants && !isEmptyVip(variableOf(cluster, INGRESS));
  law("no ingress waits while a pool has an address", !hasFreeAddress(world, cluster, INGRESS), all);
  law("an ingress that is given is on record", !isGiven, all);
}

function checkIngressVariable(world: World, cluster: KubeObject, vip: string, all: () => unknown): void {
  const wants = definitionIn(classOf(world, cluster), INGRESS)?.type === "string";
  const value = variableOf(cluster, INGRESS);
  const isUsers = isWritten(world, cluster.metadata.name ?? "", String(value));
  if (!wants || isLate(cluster) || isGivenAndTaken(world, cluster, INGRESS)) return;
  law("the variable follows the ingress", value === vip || isUsers, all);
}

/** A VIP that a pool has is out of the pool, whoever brought it. */
function checkReserved(world: World, cluster: KubeObject, role: Role, all: () => unknown): void {
  const { name = "", uid = "" } = cluster.metadata;
  const vip = vipOf(cluster, role);
  const claim = claimName(role, name);
  const isFirst = role.isEndpoint || vip !== hostOf(cluster);
  const isPooled =
    vip !== undefined && poolsOf(world).some((pool) => !isGoing(pool) && addressesOf(pool).includes(vip));
  if (!isPooled || !isFirst || isExcused(world, cluster, role)) return;
  // The name of its claim is the former one's.
  if (noteOf(cluster, role.replaced) !== undefined) {
    const isParked = world.server.list(ADDRESSES).some((one) => textOf(one) === vip);
    return law("a VIP that replaced another one is reserved", isParked, all);
  }
  const address = world.server.find(ADDRESSES, NAMESPACE, claim);
  const isKept = address?.metadata.finalizers?.includes(IN_USE) && noteOf(address, CLUSTER_UID) === uid;
  law(
    "a VIP that a pool has is reserved",
    address !== undefined && isKept === true && textOf(address) === vip,
    all,
  );
}

/** The name of its claim is not free, or its user has been told. */
function isExcused(world: World, cluster: KubeObject, role: Role): boolean {
  const reason = decisionOf(world, cluster, role)?.verdict.reason ?? "";
  return (
    isHandedBack(cluster, role) ||
    mayWait(world, cluster, role) ||
    world.tampered.has(cluster.metadata.uid ?? "") ||
    ["AddressDetached", "AddressTaken"].includes(reason)
  );
}

/** Two Clusters whose users gave them one address hear of it. */
function checkSaid(world: World, cluster: KubeObject, role: Role, all: () => unknown): void {
  const vip = vipOf(cluster, role);
  if (vip === undefined || isHandedBack(cluster, role)) return;
  const twin = world.server
    .list(CLUSTERS)
    .find((other) => other.metadata.uid !== cluster.metadata.uid && has(other, vip));
  const reason = decisionOf(world, cluster, role)?.verdict.reason ?? "";
  const isSaid = ["AddressTaken", "AddressDetached", "FormerVipKept"].includes(reason);
  const isHeld = noteOf(cluster, PAUSED) === OUR_PAUSE;
  law("who shares an address is told", twin === undefined || isSaid || isHeld, () => [
    all(),
    twin?.metadata.name,
  ]);
}

const poolsOf = (world: World): KubeObject[] => [
  ...world.server.list(POOLS),
  ...world.server.list(GLOBAL_POOLS),
];

/** A label says one, or "true" where the annotation of the same key lists them. */
function isFor(pool: KubeObject, key: string, name: string): boolean {
  const label = pool.metadata.labels?.[key];
  const listed = label === "true" ? noteOf(pool, key) : undefined;
  return (listed?.split(",").map((text) => text.trim()) ?? [label]).includes(name);
}

/** A held Cluster's endpoint comes first: its ingress takes nothing from a pool that serves both. */
function makesWay(cluster: KubeObject, role: Role, pool: KubeObject): boolean {
  const isWaiting = noteOf(cluster, PAUSED) === OUR_PAUSE && hostOf(cluster) === undefined;
  return !role.isEndpoint && isWaiting && isFor(pool, ROLE_LABEL, CONTROL_PLANE.name);
}

function hasFreeAddress(world: World, cluster: KubeObject, role: Role): boolean {
  return poolsOf(world).some((pool) => {
    const used = world.provider.addressesOf(pool);
    return (
      !makesWay(cluster, role, pool) &&
      isFor(pool, CLASS_LABEL, classNameOf(cluster)) &&
      isFor(pool, ROLE_LABEL, role.name) &&
      !isGoing(pool) &&
      noteOf(pool, DISABLED) !== "true" &&
      noteOf(pool, PAUSED) === undefined &&
      used.length < addressesOf(pool).length
    );
  });
}

/** Used is what a Cluster has, or waits with while somebody pauses it. */
function checkAddress(world: World, address: KubeObject): void {
  const { name: claim = "", labels } = address.metadata;
  if (labels?.[ROLE_LABEL] === PARKED) return checkParked(world, address);
  const role = ROLES.find(({ claimPrefix }) => claim.startsWith(claimPrefix)) ?? CONTROL_PLANE;
  const name = claim.slice(role.claimPrefix.length);
  const cluster = world.server.find(CLUSTERS, NAMESPACE, name);
  const all = (): unknown => [address, cluster, world.verdicts.get(verdictKey(name, role))?.row];
  const isOthers = world.strangers.has(claim) || world.provider.spokeNonsense.has(claim);
  if (isOthers) return;
  law("an address without a Cluster is given back", cluster !== undefined, all);
  const isLeft = cluster && (isUsersPause(cluster) || noteOf(cluster, DELETE_FOR_MOVE) !== undefined);
  if (!cluster || isLeft || isGoing(cluster)) return;
  const own = [vipOf(cluster, role), noteOf(cluster, role.annotation), noteOf(cluster, role.replaced)];
  const waits = vipOf(cluster, role) === undefined;
  law("an address that is not the Cluster's is given back", own.includes(textOf(address)) || waits, all);
}

/** Out of its pool for as long as the Cluster lives that came across it. */
function checkParked(world: World, address: KubeObject): void {
  const { namespace, name = "" } = address.metadata;
  const owners = world.server.find(CLAIMS, namespace, name)?.metadata.ownerReferences ?? [];
  const clusters = world.server.list(CLUSTERS).map(({ metadata }) => metadata.uid);
  // BROKEN 6: whoever deletes its Cluster and orphans what is owned leaves it there for good.
  if (owners.length === 0) return;
  const isOwned = owners.some(({ uid }) => clusters.includes(uid));
  law("an address is parked for a Cluster that lives", isOwned, () => address);
}
