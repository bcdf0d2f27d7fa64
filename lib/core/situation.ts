/**
 * Answers: the questions that the rows of the tables ask about one role of one Cluster.
 *
 * Derived from the facts once, so that no row reads a fact in its own way.
 */
import { isIP } from "node:net";
import { canonicalAddress, sameHost } from "./address";
import { HOLD, LIFTED, OUR_PAUSE, PAUSED, RELEASED } from "./contract";
import { isEmpty, mergeEdits, NO_EDIT, unpause, type Edit } from "./edit";
import type { AddressFacts, ClaimFacts, ClassFacts, ClusterFacts, Facts, Holder, RoleFacts } from "./facts";
import { valueOf } from "./facts";
import {
  choosePool,
  isOfOtherPool,
  mayReserve,
  poolName,
  poolOf,
  poolWith,
  samePool,
  type PoolChoice,
  type PoolWish,
} from "./pool-choice";
import { CONTROL_PLANE, ROLES, type Role } from "./roles";
import type { Pin, RolePlan } from "./row";

export interface Situation {
  readonly facts: Facts;
  readonly role: Role;
  readonly roleFacts: RoleFacts;
  readonly cluster: ClusterFacts;
  /** What is in place: the host of the endpoint; for a role that is no endpoint, the VIP on record. */
  readonly host: string | undefined;
  /** Nothing is rendered until the VIP of this role is there. */
  readonly held: boolean;
  readonly claim: ClaimFacts | undefined;
  readonly address: AddressFacts | undefined;
  readonly class: ClassFacts | undefined;
  /** The class defines the role's variable as a string. */
  readonly wantsVariable: boolean;
  /** The VIP in the variable; undefined where it is absent, empty or the class's own default. */
  readonly variable: string | undefined;
  readonly pools: PoolChoice;
  /** The address that its user gave, where a pool has it: it is reserved there, and no other is taken. */
  readonly pin: Pin | undefined;
  /** The claim is for a pool that matches; for the very address, where one is given. */
  readonly ofMatchingPool: boolean;
}

export function situationOf(facts: Facts, roleFacts: RoleFacts, cluster: ClusterFacts): Situation {
  const { role } = roleFacts;
  const knownClass = valueOf(facts.class);
  const claim = valueOf(roleFacts.claim);
  const address = valueOf(roleFacts.address);
  const wish = { namespace: facts.key.namespace, className: cluster.class?.name ?? "", role: role.name };
  const pools = choosePool(valueOf(facts.pools) ?? [], wish);
  const host = hostOf(cluster, role);
  const variable = givenVariable(cluster, role, knownClass);
  const pin = pinOf(host ?? variable, facts, cluster, wish);
  return {
    facts,
    role,
    roleFacts,
    cluster,
    host,
    held: role.isEndpoint && isHeld(cluster),
    claim,
    address,
    class: knownClass,
    wantsVariable: knownClass?.strings.has(role.variable) ?? false,
    variable,
    pools,
    pin,
    ofMatchingPool: claim !== undefined && isOfMatchingPool(claim, address, pin, pools, facts),
  };
}

function pinOf(
  given: string | undefined,
  facts: Facts,
  cluster: ClusterFacts,
  wish: PoolWish & { readonly role: string },
): Pin | undefined {
  const address = canonicalAddress(given ?? "");
  const pool =
    address && !isEndpointToo(wish.role, cluster, address)
      ? poolWith(address, valueOf(facts.pools) ?? [], wish)
      : undefined;
  return pool && address ? { address, pool } : undefined;
}

/** One address for both roles is reserved as the endpoint. */
function isEndpointToo(role: string, { endpoint, variables }: ClusterFacts, address: string): boolean {
  const variable = variables.get(CONTROL_PLANE.variable);
  const host = endpoint.host ?? (typeof variable === "string" ? variable : undefined);
  return role !== CONTROL_PLANE.name && sameHost(host, address);
}

/** Its user says that both roles have one address. */
export const isShared = ({ role, cluster, host, variable }: Situation): boolean =>
  isEndpointToo(role.name, cluster, host ?? variable ?? "");

function isOfMatchingPool(
  { pool: claimed }: ClaimFacts,
  address: AddressFacts | undefined,
  pin: Pin | undefined,
  { matching }: PoolChoice,
  { key: { namespace }, pools }: Facts,
): boolean {
  if (!pin) return matching.some((pool) => samePool(pool.ref, claimed));
  if (address && address.address !== pin.address) return false;
  const own = poolOf(claimed, namespace, valueOf(pools) ?? []);
  return own !== undefined && mayReserve(own, { address: pin.address, namespace });
}

/** Cluster API has a field for the endpoint; what it has none for is where we put it. */
export const hostOf = ({ endpoint, annotations }: ClusterFacts, role: Role): string | undefined =>
  (role.isEndpoint ? endpoint.host : annotations[role.annotation]) || undefined;

/** The roles that a pool could still give a VIP to. */
export const wanting = (cluster: ClusterFacts): readonly Role[] =>
  ROLES.filter((role) => hostOf(cluster, role) === undefined && !hasOptedOut(cluster, role));

/** An address that is in place, and that no claim of the Cluster's own stands for; a pool may have it. */
export function unreserved(cluster: ClusterFacts, { role, claim, address }: RoleFacts): string | undefined {
  const host = canonicalAddress(hostOf(cluster, role) ?? "");
  const isReserved = claim.state === "found" && sameHost(host, valueOf(address)?.address);
  return isReserved ? undefined : host;
}

/** A pool may have to give something yet, or to reserve what is there. */
export const needsPools = (cluster: ClusterFacts, roles: readonly RoleFacts[]): boolean =>
  wanting(cluster).length > 0 || roles.some((role) => unreserved(cluster, role) !== undefined);

/** Nothing, and the addresses that mean nothing: the default of a former class may have stayed behind. */
const NOBODY = ["", "0.0.0.0", "::"];

export const isNobodys = (value: string): boolean => NOBODY.includes(value);

/** Cluster API has put the class's default there before we are asked, so a default is nobody's wish. */
function givenVariable(
  cluster: ClusterFacts,
  role: Role,
  knownClass: ClassFacts | undefined,
): string | undefined {
  const value = cluster.variables.get(role.variable);
  if (typeof value !== "string" || isNobodys(value)) return undefined;
  return value === knownClass?.strings.get(role.variable)?.default ? undefined : value;
}

/** Holding, and not on one of the two ways out. Our pause alone is a hold whose reason somebody took away. */
export const isHeld = ({ annotations }: Pick<ClusterFacts, "annotations">): boolean => {
  const hold = annotations[HOLD];
  if (hold === RELEASED || hold === LIFTED) return false;
  return hold !== undefined || annotations[PAUSED] === OUR_PAUSE;
};

/** Paused by somebody else than us. */
export const isPausedByUser = (cluster: ClusterFacts): boolean =>
  cluster.specPaused ||
  (cluster.annotations[PAUSED] !== undefined && cluster.annotations[PAUSED] !== OUR_PAUSE);

export const hasOptedOut = (cluster: Pick<ClusterFacts, "annotations">, role: Role): boolean =>
  cluster.annotations[role.optOut] === "false";

/** The port that the user wrote, or the one the workload's API server is to listen on. */
const portOf = ({ endpoint, apiServerPort }: ClusterFacts, facts: Facts): number =>
  endpoint.port ?? apiServerPort ?? facts.rules.defaultPort;

/** Everything that makes a host the Cluster's VIP, as far as it is not so already; ends a hold of ours. */
export function placeVip(s: Situation, host: string, annotate: boolean): Edit {
  const { cluster, role, facts } = s;
  const { endpoint, annotations } = cluster;
  const lacksEndpoint = role.isEndpoint && (endpoint.host !== host || endpoint.port === undefined);
  const complete: Edit = {
    ...(lacksEndpoint && { endpoint: { host, port: portOf(cluster, facts) } }),
    ...(lacksVariable(s, host) && { variables: { [role.variable]: host } }),
    ...(annotate && annotations[role.annotation] !== host && { annotations: { [role.annotation]: host } }),
    ...labelling(role, cluster, host),
  };
  const ended = endHold(s);
  return isEmpty(ended) ? complete : mergeEdits(complete, ended);
}

/** The label of a role that has one says the VIP, and nothing where it cannot. */
export function labelling(role: Role, { labels }: ClusterFacts, host: string): Edit {
  if (role.label === undefined) return NO_EDIT;
  const value = isIP(host) === 4 ? host : undefined;
  return labels[role.label] === value ? NO_EDIT : { labels: { [role.label]: value ?? null } };
}

/** A default that happens to be the VIP counts as empty, but there is nothing to write; nor over what is no text. */
const lacksVariable = (s: Situation, host: string): boolean => {
  const value = s.cluster.variables.get(s.role.variable);
  const isText = value === undefined || typeof value === "string";
  return s.wantsVariable && s.variable === undefined && isText && value !== host;
};

/**
 * Cluster API checks variables before our hook and not after it: an address that the schema does not allow
 * would be stored, and then every update refused, deletion included. The watch's write is checked.
 */
export function mustBeChecked({ class: known, role, variable }: Situation, host: string): boolean {
  const definition = known?.strings.get(role.variable);
  if (!definition || variable !== undefined) return false;
  return definition.restricted || (definition.family !== undefined && definition.family !== isIP(host));
}

/**
 * With a host that is new, the hook on UPDATE sees that the hold is over. With one that was there before
 * (the class was changed) it cannot tell us from somebody who takes the hold away, so we say it.
 */
function endHold({ cluster, facts, held }: Situation): Edit {
  if (!held) return NO_EDIT;
  const saysSo = facts.occasion === "watch" && cluster.endpoint.host !== undefined;
  return unpause(cluster.annotations, saysSo ? LIFTED : null);
}

/**
 * Before a write that Cluster API may refuse, the hold says what it may be refused for. While the class is
 * not reconciled, Cluster API checks nothing, so nothing is written.
 */
export const mustBeAnnounced = (s: Situation, host: string): boolean =>
  s.held &&
  mustBeChecked(s, host) &&
  (s.cluster.annotations[HOLD] !== "VariableRestricted" || s.class?.reconciled === false);

export const isServedBy = (s: Situation): boolean =>
  s.address?.address !== undefined && sameHost(s.host, s.address.address);

/** The host is the address of the claim of our name, and that claim is not a stranger's. */
export const isItsVip = (s: Situation): boolean => isServedBy(s) && s.claim?.ours !== false && !isPinnable(s);

/** Live, without our finalizer and without a claim: somebody made it by hand. */
export const isByHand = ({ deletingSince, inUse, pinnedAt }: AddressFacts): boolean =>
  deletingSince === undefined && !inUse && pinnedAt === undefined;

/** Made by us for a claim that did not come: the process died between the two writes. */
export const isPinned = ({ claim, address, cluster }: Situation): boolean =>
  !claim &&
  address?.pinnedAt !== undefined &&
  address.deletingSince === undefined &&
  (!address.inUse || address.clusterUid !== cluster.uid);

/** The name is free for it, or has it already. */
export const isPinnable = (s: Situation): boolean =>
  s.pin !== undefined && !s.claim && (!s.address || (isPinned(s) && s.address.address === s.pin.address));

export const hasNoPool = (s: Situation): boolean => !s.pin && s.pools.matching.length === 0;

/** The address that is about to be the VIP. */
const comingVip = ({ address, host, variable }: Situation): string | undefined =>
  canonicalAddress(host ?? variable ?? "") ?? address?.address;

/** Only where somebody else can have it at all, because the look is at every Cluster and address there is. */
export function mayBeShared({ claim, facts, address }: Situation): boolean {
  if (!claim || address?.address === undefined) return false;
  const pools = valueOf(facts.pools) ?? [];
  const own = poolOf(claim.pool, facts.key.namespace, pools);
  return address.pinnedAt !== undefined || isOfOtherPool(address.address, own, pools);
}

/** Nobody looked yet who else has the address. */
export const lacksLook = ({ roleFacts }: Situation): boolean => roleFacts.holders === undefined;

export const look = (s: Situation): Pick<RolePlan, "lookFor"> => {
  const address = comingVip(s);
  return address === undefined ? {} : { lookFor: address };
};

export const isTaken = (s: Situation): boolean => holdersOf(s).length > 0;

/** What a look has seen, and the Cluster's own endpoint, which must not be another role's VIP unless its user says so. */
function holdersOf(s: Situation): readonly Holder[] {
  const { role, cluster, host, address, roleFacts, facts } = s;
  const isItsEndpoint =
    !role.isEndpoint &&
    host === undefined &&
    !isShared(s) &&
    sameHost(cluster.endpoint.host, address?.address);
  const own: Holder[] = isItsEndpoint ? [{ kind: "Cluster", ...facts.key }] : [];
  return [...((roleFacts.holders && valueOf(roleFacts.holders)) ?? []), ...own];
}

const MOST_HOLDERS = 3;

export const holderWords = (address: string, holders: readonly Holder[]): string => {
  const names = holders
    .slice(0, MOST_HOLDERS)
    .map(({ kind, namespace, name }) => `${kind} ${namespace}/${name}`);
  return `${address} of ${names.join(", ")}${holders.length > MOST_HOLDERS ? " and others" : ""}`;
};

export const takenWords = (s: Situation): string => holderWords(comingVip(s) ?? "", holdersOf(s));

export const className = ({ cluster }: Situation): string =>
  cluster.class ? `${cluster.class.namespace}/${cluster.class.name}` : "";

/** The labels a pool would need, for messages. */
export const wishWords = (s: Situation): string =>
  `class ${s.cluster.class?.name ?? ""}, role ${s.role.name}, namespace ${s.facts.key.namespace} or global`;

export const passedOverWords = (s: Situation): string =>
  s.pools.passedOver.map(({ pool, why }) => `${pool}: ${why}`).join("; ");

export const claimWords = ({ claim }: Situation): string =>
  claim ? `IPAddressClaim ${claim.name} of ${poolName(claim.pool)}` : "";
