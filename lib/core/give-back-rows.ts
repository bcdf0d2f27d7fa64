/**
 * Answers: when does a role that is no endpoint give its address back while its Cluster lives?
 *
 * The record goes first: the address may only go once nothing on the Cluster says it any more.
 */
import { sameHost } from "./address";
import { retire } from "./adoption";
import { isEmpty, NO_EDIT, type Edit } from "./edit";
import { valueOf, type PoolFacts } from "./facts";
import { obstacle, poolOf, serves } from "./pool-choice";
import { CONTROL_PLANE } from "./roles";
import type { Row } from "./row";
import { says } from "./says";
import { hasOptedOut, isHeld, type Situation } from "./situation";

/** A running control plane keeps its endpoint; a role that is none can be switched off at any time. */
function takenBack({ role, cluster, host, variable }: Situation): Edit {
  if (role.isEndpoint) return NO_EDIT;
  const hasLabel = role.label !== undefined && role.label in cluster.labels;
  return {
    ...(role.annotation in cluster.annotations && { annotations: { [role.annotation]: null } }),
    ...(hasLabel && { labels: { [role.label]: null } }),
    ...(sameHost(variable, host) && { variables: { [role.variable]: null } }),
  };
}

export const SWITCHED_OFF_ROW: Row<Situation> = {
  name: "switched off: what was written is taken back",
  when: (s) => hasOptedOut(s.cluster, s.role) && !isEmpty(takenBack(s)),
  plan: (s) => says("OptedOut", "", { edit: takenBack(s) }),
};

/** The pool that the role has its claim from, or would have it from. */
const itsPool = ({ claim, facts, pools }: Situation): PoolFacts | undefined =>
  claim ? poolOf(claim.pool, facts.key.namespace, valueOf(facts.pools) ?? []) : pools.chosen;

/**
 * The endpoint waits for an address of a pool that serves both roles: nobody else must take the last one. In a
 * burst all Clusters could otherwise end with an address for ingress, and none for what they need first.
 */
function makesWay(s: Situation): boolean {
  const { role, cluster, facts, claim } = s;
  const isWaiting = !role.isEndpoint && isHeld(cluster) && cluster.endpoint.host === undefined;
  const pool = isWaiting ? itsPool(s) : undefined;
  const wish = {
    namespace: facts.key.namespace,
    className: cluster.class?.name ?? "",
    role: CONTROL_PLANE.name,
  };
  return pool !== undefined && serves(pool, wish) && !(claim && obstacle(pool) === undefined);
}

const ENDPOINT_FIRST = "the endpoint waits for an address of the same pool";

export const ENDPOINT_FIRST_ROWS: readonly Row<Situation>[] = [
  {
    name: "the endpoint comes first: what was written is taken back",
    when: (s) => makesWay(s) && s.claim !== undefined && !isEmpty(takenBack(s)),
    plan: (s) => says("WaitingForAddress", ENDPOINT_FIRST, { edit: takenBack(s) }),
  },
  {
    name: "the endpoint comes first",
    when: makesWay,
    plan: (s) => says("WaitingForAddress", ENDPOINT_FIRST, retire(s)),
  },
];
