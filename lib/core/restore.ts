/**
 * Answers: what must be put back into a Cluster that is being updated?
 *
 * A second `kubectl apply` of a manifest drops what admission wrote into a list; healing that later is a
 * race with the topology controller, so it happens inside the same request. A pure function of old and
 * new object: the same in a dry-run, and there is nothing here that could fail or wait.
 */
import { sameHost } from "./address";
import { DELETE_FOR_MOVE, HOLD, LIFTED, OUR_PAUSE, PAUSED, RELEASED } from "./contract";
import { hold, mergeEdits, NO_EDIT, type Edit } from "./edit";
import type { ClusterFacts } from "./facts";
import { ROLES, type Role } from "./roles";
import { hasOptedOut, isHeld } from "./situation";

export function restore(old: ClusterFacts, wished: ClusterFacts): Edit {
  if (wished.deleting || wished.annotations[DELETE_FOR_MOVE] !== undefined || !wished.class) return NO_EDIT;
  return ROLES.map((role) => restoreRole(role, old, wished)).reduce(mergeEdits);
}

function restoreRole(role: Role, old: ClusterFacts, wished: ClusterFacts): Edit {
  if (isWayOut(wished, role)) return withoutOurPause(wished);
  const kept = keepsHold(role, old, wished) ? stillHeld(old, wished) : NO_EDIT;
  const vip = vipOf(role, old);
  if (vip === undefined) return mergeEdits(kept, heldByNewClass(role, old, wished));
  return [kept, endpointAndAnnotation(role, vip, old, wished), variable(role, vip, old, wished)].reduce(
    mergeEdits,
  );
}

/**
 * A hold ends without a word only when the VIP comes with its annotation, as our completing write brings
 * both; a host that somebody else brings has no variable beside it yet. For Clusters that had their host
 * before see `endHold`.
 */
const keepsHold = (role: Role, old: ClusterFacts, wished: ClusterFacts): boolean =>
  isHeld(old) && (old.endpoint.host !== undefined || vipOf(role, wished) === undefined);

const isWayOut = ({ annotations }: ClusterFacts, role: Role): boolean =>
  annotations[HOLD] === RELEASED || annotations[HOLD] === LIFTED || hasOptedOut({ annotations }, role);

const withoutOurPause = ({ annotations }: ClusterFacts): Edit =>
  annotations[PAUSED] === OUR_PAUSE ? { annotations: { [PAUSED]: null } } : NO_EDIT;

/** Reason and pause stand, where no other pause does. */
function stillHeld(old: ClusterFacts, wished: ClusterFacts): Edit {
  const reason = wished.annotations[HOLD] ?? old.annotations[HOLD] ?? "Unreachable";
  const { annotations = {} } = hold(wished.annotations, reason);
  const missing = Object.entries(annotations).filter(([key, value]) => wished.annotations[key] !== value);
  return missing.length > 0 ? { annotations: Object.fromEntries(missing) } : NO_EDIT;
}

/** The VIP that we recorded: the host, when our annotation says the same. */
const vipOf = (role: Role, { endpoint, annotations }: ClusterFacts): string | undefined =>
  sameHost(endpoint.host, annotations[role.annotation]) ? endpoint.host : undefined;

function endpointAndAnnotation(role: Role, vip: string, old: ClusterFacts, wished: ClusterFacts): Edit {
  const { host, port } = wished.endpoint;
  if (host !== undefined && !sameHost(host, vip)) return NO_EDIT;
  const dropped = {
    ...(host === undefined && { host: vip }),
    ...(port === undefined && old.endpoint.port !== undefined && { port: old.endpoint.port }),
  };
  return {
    ...(Object.keys(dropped).length > 0 && { endpoint: dropped }),
    ...(wished.annotations[role.annotation] === undefined && { annotations: { [role.annotation]: vip } }),
  };
}

/**
 * The variable follows the endpoint, also one that the user changes. A text that is present has just been checked by Cluster API against
 * the class in force, so it may carry the VIP; whether it is the class's default or somebody's wish cannot
 * be told, and beside another endpoint both are wrong. Absent under a new class may mean that the class
 * does not know it: writing it would make every later write fail, deletion included, so the Cluster is
 * held until the class has been read.
 */
function variable(role: Role, vip: string, old: ClusterFacts, wished: ClusterFacts): Edit {
  const host = wished.endpoint.host ?? vip;
  const filled: Edit = { variables: { [role.variable]: host } };
  const value = wished.variables.get(role.variable);
  if (value === "") return filled;
  if (typeof value === "string")
    return sameHost(value, host) || isAsBefore(role, old, wished) ? NO_EDIT : filled;
  if (value !== undefined) return NO_EDIT;
  if (!sameClass(old, wished)) return hold(wished.annotations, "ClassChanged");
  return hasText(old.variables.get(role.variable)) ? filled : NO_EDIT;
}

/** Two that never agreed are not made to agree by somebody's change of something else: that could roll machines. */
const isAsBefore = (role: Role, old: ClusterFacts, wished: ClusterFacts): boolean =>
  old.endpoint.host === wished.endpoint.host &&
  old.variables.get(role.variable) === wished.variables.get(role.variable);

/** Without a VIP so far: a class that wants one has just had its empty default written by Cluster API. */
const heldByNewClass = (role: Role, old: ClusterFacts, wished: ClusterFacts): Edit =>
  !sameClass(old, wished) && !isHeld(old) && wished.variables.get(role.variable) === ""
    ? hold(wished.annotations, "ClassChanged")
    : NO_EDIT;

const hasText = (value: unknown): boolean => typeof value === "string" && value !== "";

const sameClass = (one: ClusterFacts, other: ClusterFacts): boolean =>
  one.class?.name === other.class?.name && one.class?.namespace === other.class?.namespace;
