/** Answers: what is written on a Cluster so that a host is its VIP, and what must Cluster API be asked first? */
import { isIP } from "node:net";
import { HOLD, LIFTED } from "./contract";
import { isEmpty, mergeEdits, NO_EDIT, unpause, type Edit } from "./edit";
import type { ClusterFacts, Facts } from "./facts";
import type { Role } from "./roles";
import type { Situation } from "./situation";

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
