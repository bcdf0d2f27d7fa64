/**
 * Answers: the questions that the rows of the tables ask about one role of one Cluster.
 *
 * Derived from the facts once, so that no row reads a fact in its own way.
 */
import { canonicalAddress, sameHost } from "./address";
import { HOLD, LIFTED, OUR_PAUSE, PAUSED, RELEASED } from "./contract";
import type {
  AddressFacts,
  ClaimFacts,
  ClassFacts,
  ClusterFacts,
  Facts,
  PoolFacts,
  RoleFacts,
} from "./facts";
import { keyText, valueOf } from "./facts";
import {
  choosePool,
  mayReserve,
  poolName,
  poolOf,
  poolWith,
  samePool,
  type PoolChoice,
  type PoolWish,
} from "./pool-choice";
import { isInside } from "./ranges";
import { CONTROL_PLANE, ROLES, type Role } from "./roles";
import type { Pin } from "./row";

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
  /** What is in place, or what its user gave in the variable alone. */
  readonly given: string | undefined;
  readonly wish: PoolWish;
  readonly pools: PoolChoice;
  /** The pool that the claim names. */
  readonly claimed: PoolFacts | undefined;
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
  const allPools = valueOf(facts.pools) ?? [];
  const pools = choosePool(allPools, wish);
  const claimed = claim && poolOf(claim.pool, wish.namespace, allPools);
  const host = hostOf(cluster, role);
  const variable = givenVariable(cluster, role, knownClass);
  const given = host ?? variable;
  const pin = pinOf(given, allPools, cluster, wish);
  const situation = {
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
    given,
    wish,
    pools,
    claimed,
    pin,
  };
  return { ...situation, ofMatchingPool: isOfMatchingPool(situation) };
}

function pinOf(
  given: string | undefined,
  pools: readonly PoolFacts[],
  cluster: ClusterFacts,
  wish: PoolWish,
): Pin | undefined {
  const address = canonicalAddress(given ?? "");
  const pool =
    address && !isEndpointToo(wish.role, cluster, address) ? poolWith(address, pools, wish) : undefined;
  return pool && address ? { address, pool } : undefined;
}

/** One address for both roles is reserved as the endpoint. */
function isEndpointToo(role: string, { endpoint, variables }: ClusterFacts, address: string): boolean {
  const variable = variables.get(CONTROL_PLANE.variable);
  const host = endpoint.host ?? (typeof variable === "string" ? variable : undefined);
  return role !== CONTROL_PLANE.name && sameHost(host, address);
}

/** Its user says that both roles have one address. */
export const isShared = ({ role, cluster, given }: Situation): boolean =>
  isEndpointToo(role.name, cluster, given ?? "");

export const ownNetwork = ({ given, cluster }: Situation): string | undefined =>
  isInside(given ?? "", cluster.networks);

function isOfMatchingPool(s: Omit<Situation, "ofMatchingPool">): boolean {
  const { claim, claimed, address, pin, wish, pools } = s;
  if (!claim) return false;
  if (!pin) return pools.matching.some((pool) => samePool(pool.ref, claim.pool));
  if (address && address.address !== pin.address) return false;
  return claimed !== undefined && mayReserve(claimed, { ...wish, address: pin.address });
}

/** Cluster API has a field for the endpoint; what it has none for is where we put it. */
export const hostOf = ({ endpoint, annotations }: ClusterFacts, role: Role): string | undefined =>
  (role.isEndpoint ? endpoint.host : annotations[role.annotation]) || undefined;

/** The roles that a pool could still give a VIP to. */
export const wanting = (cluster: ClusterFacts): readonly Role[] =>
  cluster.class === undefined
    ? []
    : ROLES.filter((role) => hostOf(cluster, role) === undefined && !hasOptedOut(cluster, role));

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

export const isServedBy = (s: Situation): boolean =>
  s.address?.address !== undefined && sameHost(s.host, s.address.address);

/** The host is the address of the claim of our name, and that claim is not a stranger's. */
export const isItsVip = (s: Situation): boolean => isServedBy(s) && s.claim?.ours !== false && !isPinnable(s);

export const isGoing = ({ claim, address }: Situation): boolean =>
  claim?.deleting === true || address?.deletingSince !== undefined;

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

/** Cluster API refuses every change of a stored Cluster whose class does not exist, but for its status. */
export const isChangeable = ({ cluster, facts }: Situation): boolean =>
  cluster.deleting || cluster.class === undefined || facts.class.state !== "absent";

export const hasNoPool = (s: Situation): boolean => !s.pin && s.pools.matching.length === 0;

export const className = ({ cluster }: Situation): string => (cluster.class ? keyText(cluster.class) : "");

/** The labels a pool would need, for messages. */
export const wishWords = ({ wish }: Situation): string =>
  `class ${wish.className}, role ${wish.role}, namespace ${wish.namespace} or global`;

export const passedOverWords = (s: Situation): string =>
  s.pools.passedOver.map(({ pool, why }) => `${pool}: ${why}`).join("; ");

export const claimWords = ({ claim }: Situation): string =>
  claim ? `IPAddressClaim ${claim.name} of ${poolName(claim.pool)}` : "";
