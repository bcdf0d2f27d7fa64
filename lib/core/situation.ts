/**
 * Answers: the questions that the rows of the tables ask about one role of one Cluster.
 *
 * Derived from the facts once, so that no row reads a fact in its own way.
 */
import { isIP } from "node:net";
import { sameHost } from "./address";
import { HOLD, LIFTED, OUR_PAUSE, PAUSED, RELEASED } from "./contract";
import { isEmpty, mergeEdits, NO_EDIT, unpause, type Edit } from "./edit";
import type { AddressFacts, ClaimFacts, ClassFacts, ClusterFacts, Facts, RoleFacts } from "./facts";
import { valueOf } from "./facts";
import { choosePool, poolName, samePool, type PoolChoice } from "./pool-choice";
import type { Role } from "./roles";

export interface Situation {
  readonly facts: Facts;
  readonly role: Role;
  readonly roleFacts: RoleFacts;
  readonly cluster: ClusterFacts;
  readonly host: string | undefined;
  readonly claim: ClaimFacts | undefined;
  readonly address: AddressFacts | undefined;
  readonly class: ClassFacts | undefined;
  /** The class defines the role's variable as a string. */
  readonly wantsVariable: boolean;
  /** The VIP in the variable; undefined where it is absent, empty or the class's own default. */
  readonly variable: string | undefined;
  readonly pools: PoolChoice;
  /** The claim's pool is one that matches. */
  readonly ofMatchingPool: boolean;
}

export function situationOf(facts: Facts, roleFacts: RoleFacts, cluster: ClusterFacts): Situation {
  const { role } = roleFacts;
  const knownClass = valueOf(facts.class);
  const claim = valueOf(roleFacts.claim);
  const pools = choosePool(valueOf(facts.pools) ?? [], {
    namespace: facts.key.namespace,
    className: cluster.class?.name ?? "",
    role: role.name,
  });
  return {
    facts,
    role,
    roleFacts,
    cluster,
    host: cluster.endpoint.host,
    claim,
    address: valueOf(roleFacts.address),
    class: knownClass,
    wantsVariable: knownClass?.strings.has(role.variable) ?? false,
    variable: givenVariable(cluster, role, knownClass),
    pools,
    ofMatchingPool: claim !== undefined && pools.matching.some((pool) => samePool(pool.ref, claim.pool)),
  };
}

/** Nothing, and the addresses that mean nothing: the default of a former class may have stayed behind. */
const NOBODY = ["", "0.0.0.0", "::"];

/** Cluster API has put the class's default there before we are asked, so a default is nobody's wish. */
function givenVariable(
  cluster: ClusterFacts,
  role: Role,
  knownClass: ClassFacts | undefined,
): string | undefined {
  const value = cluster.variables.get(role.variable);
  if (typeof value !== "string" || NOBODY.includes(value)) return undefined;
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
  const complete: Edit = {
    ...((endpoint.host !== host || endpoint.port === undefined) && {
      endpoint: { host, port: portOf(cluster, facts) },
    }),
    ...(lacksVariable(s, host) && { variables: { [role.variable]: host } }),
    ...(annotate && annotations[role.annotation] !== host && { annotations: { [role.annotation]: host } }),
  };
  const ended = endHold(s);
  return isEmpty(ended) ? complete : mergeEdits(complete, ended);
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
function endHold({ cluster, facts }: Situation): Edit {
  if (!isHeld(cluster)) return NO_EDIT;
  const saysSo = facts.occasion === "watch" && cluster.endpoint.host !== undefined;
  return unpause(cluster.annotations, saysSo ? LIFTED : null);
}

/**
 * Before a write that Cluster API may refuse, the hold says what it may be refused for. While the class is
 * not reconciled, Cluster API checks nothing, so nothing is written.
 */
export const mustBeAnnounced = (s: Situation, host: string): boolean =>
  isHeld(s.cluster) &&
  mustBeChecked(s, host) &&
  (s.cluster.annotations[HOLD] !== "VariableRestricted" || s.class?.reconciled === false);

export const isServedBy = (s: Situation): boolean =>
  s.address?.address !== undefined && sameHost(s.host, s.address.address);

/** The host is the address of the claim of our name, and that claim is not a stranger's. */
export const isItsVip = (s: Situation): boolean => isServedBy(s) && s.claim?.ours !== false;

/** Live, without our finalizer and without a claim: somebody made it by hand. */
export const isByHand = ({ deletingSince, inUse }: AddressFacts): boolean =>
  deletingSince === undefined && !inUse;

export const hasNoPool = (s: Situation): boolean => s.pools.matching.length === 0;

export const className = ({ cluster }: Situation): string =>
  cluster.class ? `${cluster.class.namespace}/${cluster.class.name}` : "";

/** The labels a pool would need, for messages. */
export const wishWords = (s: Situation): string =>
  `class ${s.cluster.class?.name ?? ""}, role ${s.role.name}, namespace ${s.facts.key.namespace} or global`;

export const passedOverWords = (s: Situation): string =>
  s.pools.passedOver.map(({ pool, why }) => `${pool}: ${why}`).join("; ");

export const claimWords = ({ claim }: Situation): string =>
  claim ? `IPAddressClaim ${claim.name} of ${poolName(claim.pool)}` : "";
