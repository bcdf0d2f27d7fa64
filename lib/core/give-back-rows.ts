/**
 * Answers: when does a role that is no endpoint give its address back, or take none, while its Cluster lives?
 *
 * The record goes first: the address may only go once nothing on the Cluster says it any more.
 */
import { sameHost } from "./address";
import { retire } from "./adoption";
import { isEmpty, NO_EDIT, taking, type Edit } from "./edit";
import { obstacle, serves } from "./pool-choice";
import { CONTROL_PLANE } from "./roles";
import type { Row } from "./row";
import { says } from "./says";
import { hasOptedOut, isHeld, isServedBy, type Situation } from "./situation";

/** A running control plane keeps its endpoint; a role that is none can be switched off at any time. */
function takenBack(s: Situation): Edit {
  const { role, cluster } = s;
  if (role.isEndpoint) return NO_EDIT;
  const annotations = [role.annotation, role.replaced].filter((key) => key in cluster.annotations);
  const labels = role.label !== undefined && role.label in cluster.labels ? [role.label] : [];
  return {
    ...taking("annotations", annotations),
    ...taking("labels", labels),
    ...(isOurVariable(s) && { variables: { [role.variable]: null } }),
  };
}

/** What its user wrote there stays: it is a VIP that no pool gave, or one that was pinned for him. */
const isOurVariable = (s: Situation): boolean =>
  isServedBy(s) && s.address?.pinnedAt === undefined && sameHost(s.variable, s.host);

export const SWITCHED_OFF_ROW: Row<Situation> = {
  name: "switched off: what was written is taken back",
  when: (s) => hasOptedOut(s.cluster, s.role) && !isEmpty(takenBack(s)),
  // A class may require the variable; then Cluster API refuses this.
  plan: (s) => says("OptedOut", "", { edit: takenBack(s), mayBeRefused: isOurVariable(s) }),
};

/**
 * The endpoint waits for an address of a pool that serves both roles: nobody else must take the last one. In a
 * burst all Clusters could otherwise end with an address for ingress, and none for what they need first.
 */
function makesWay(s: Situation): boolean {
  if (!isBehind(s)) return false;
  const pool = s.claim ? s.claimed : s.pools.chosen;
  const servesBoth = pool !== undefined && serves(pool, { ...s.wish, role: CONTROL_PLANE.name });
  return servesBoth && !(s.claim && obstacle(pool) === undefined);
}

/** The Cluster waits for its endpoint, and this role for a pool: what its user gave is not taken from him. */
function isBehind(s: Situation): boolean {
  const { role, cluster } = s;
  const isItsUsers = s.variable !== undefined && !isOurVariable(s);
  return !role.isEndpoint && !isItsUsers && isHeld(cluster) && cluster.endpoint.host === undefined;
}

const ENDPOINT_FIRST = "the endpoint waits for an address of the same pool";

export const ENDPOINT_FIRST_ROWS: readonly Row<Situation>[] = [
  {
    name: "the endpoint comes first: what was written is taken back",
    when: (s) => makesWay(s) && isServedBy(s) && !isEmpty(takenBack(s)),
    plan: (s) => says("WaitingForAddress", ENDPOINT_FIRST, { edit: takenBack(s) }),
  },
  {
    name: "the endpoint comes first",
    when: makesWay,
    plan: (s) => says("WaitingForAddress", ENDPOINT_FIRST, retire(s)),
  },
];
