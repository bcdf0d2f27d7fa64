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
 * What stood in the variable, and was lost, is put back: an absent or empty entry, and another text beside an
 * endpoint that stays, for a class's default comes back that way and cannot be told from anybody's wish. Only
 * a text that this class has accepted before is written, because nobody checks it any more; where that is
 * not known, the Cluster is held, and the watch writes what Cluster API checks.
 */
function variable(role: Role, vip: string, old: ClusterFacts, wished: ClusterFacts): Edit {
  const host = wished.endpoint.host ?? vip;
  const value = wished.variables.get(role.variable);
  if ((value !== undefined && typeof value !== "string") || sameHost(value, host)) return NO_EDIT;
  if (!sameClass(old, wished)) return hold(wished.annotations, "ClassChanged");
  const before = old.variables.get(role.variable);
  if (!isText(before) || (isText(value) && !isAssigned(vip, host, before))) return NO_EDIT;
  const known: Edit = { variables: { [role.variable]: host } };
  return sameHost(before, host) ? known : hold(wished.annotations, "VariableRestricted");
}

/** Endpoint and variable both had the VIP, and the endpoint keeps it; with another one, a text beside it is the user's. */
const isAssigned = (vip: string, host: string, before: string): boolean =>
  sameHost(host, vip) && sameHost(before, vip);

const isText = (value: unknown): value is string => typeof value === "string" && value !== "";

/** Without a VIP so far: a class that wants one has just had its empty default written by Cluster API. */
const heldByNewClass = (role: Role, old: ClusterFacts, wished: ClusterFacts): Edit =>
  !sameClass(old, wished) && !isHeld(old) && wished.variables.get(role.variable) === ""
    ? hold(wished.annotations, "ClassChanged")
    : NO_EDIT;

const sameClass = (one: ClusterFacts, other: ClusterFacts): boolean =>
  one.class?.name === other.class?.name && one.class?.namespace === other.class?.namespace;
