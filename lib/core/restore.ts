/**
 * Answers: what must be put back into a Cluster that is being updated, and what may not be changed at all?
 *
 * A second `kubectl apply` of a manifest drops what admission wrote into a list; healing that later is a
 * race with the topology controller, so it happens inside the same request. A pure function of old and
 * new object: the same in a dry-run, and there is nothing here that could fail or wait.
 */
import { isIP } from "node:net";
import { sameHost } from "./address";
import { ALLOW_CHANGE, DELETE_FOR_MOVE, HOLD, LIFTED, OUR_PAUSE, PAUSED, RELEASED } from "./contract";
import { hold, isEmpty, mergeEdits, NO_EDIT, type Edit } from "./edit";
import type { ClusterFacts } from "./facts";
import { isInside } from "./ranges";
import { ROLES, type Role } from "./roles";
import { labelling } from "./placing";
import { hasOptedOut, isHeld, isNobodys } from "./situation";
import { verdict, type Verdict } from "./verdict";

export interface Restoration {
  readonly edit: Edit;
  readonly warnings: readonly Verdict[];
  /** The request is to be denied for it. */
  readonly refusal: Verdict | undefined;
}

const NOTHING: Restoration = { edit: NO_EDIT, warnings: [], refusal: undefined };
const edits = (...all: readonly Edit[]): Restoration => ({ ...NOTHING, edit: all.reduce(mergeEdits) });
const refused = (refusal: Verdict): Restoration => ({ ...NOTHING, refusal });

export function restore(old: ClusterFacts, wished: ClusterFacts): Restoration {
  if (wished.deleting || wished.annotations[DELETE_FOR_MOVE] !== undefined || !wished.class) return NOTHING;
  const all = ROLES.map((role) => restoreRole(role, old, wished));
  const { refusal } = all.find((one) => one.refusal) ?? NOTHING;
  if (refusal) return refused(refusal);
  return {
    edit: all.map(({ edit }) => edit).reduce(mergeEdits),
    warnings: all.flatMap(({ warnings }) => warnings),
    refusal: undefined,
  };
}

interface Update {
  readonly role: Role;
  readonly old: ClusterFacts;
  readonly wished: ClusterFacts;
}

/** Of a Cluster that has its VIP. */
interface UpdateOfVip extends Update {
  readonly vip: string;
}

function restoreRole(role: Role, old: ClusterFacts, wished: ClusterFacts): Restoration {
  const update = { role, old, wished };
  if (isWayOut(update)) return edits(role.isEndpoint ? withoutOurPause(wished) : NO_EDIT);
  const kept = keepsHold(update) ? stillHeld(old, wished) : NO_EDIT;
  const vip = vipOf(role, old);
  if (vip === undefined) return edits(kept, heldByNewClass(update));
  const { edit, ...said } = keptOrReplaced({ ...update, vip });
  return { ...said, edit: mergeEdits(kept, edit) };
}

/** Another VIP needs its user's word; without it the old one is put back, or, where machines run, the request denied. */
function keptOrReplaced(update: UpdateOfVip): Restoration {
  const { vip, old } = update;
  const other = otherVip(update);
  if (other === undefined) return edits(putBack(update));
  if (isAllowed(update, other)) return replaced(update, other);
  const change = `${vip} to ${other}`;
  if (old.started) return refused(verdict("VipChange", change));
  return { ...edits(putBack(update)), warnings: [verdict("VipKept", change)] };
}

/** One annotation for both roles, so it may name two. */
const isAllowed = ({ wished }: UpdateOfVip, other: string): boolean =>
  (wished.annotations[ALLOW_CHANGE] ?? "").split(",").some((word) => sameHost(word.trim(), other));

/**
 * A hold ends without a word only when the VIP comes with its annotation, as our completing write brings
 * both; a host that somebody else brings has no variable beside it yet. For Clusters that had their host
 * before see `endHold`.
 */
const keepsHold = ({ role, old, wished }: Update): boolean =>
  role.isEndpoint && isHeld(old) && (old.endpoint.host !== undefined || vipOf(role, wished) === undefined);

const isWayOut = (update: Update): boolean =>
  hasOptedOut(update.wished, update.role) || (update.role.isEndpoint ? endsHold(update) : makesWay(update));

/** The user's word stays, and means nothing any more once there is a VIP. */
const endsHold = ({ old, wished: { annotations } }: Update): boolean =>
  annotations[HOLD] === LIFTED || (annotations[HOLD] === RELEASED && old.endpoint.host === undefined);

/** The watch takes the record back while the endpoint waits for an address of the same pool. */
const makesWay = ({ role, old, wished }: Update): boolean =>
  [old, wished].every((cluster) => isHeld(cluster) && cluster.endpoint.host === undefined) &&
  !(role.annotation in wished.annotations);

const withoutOurPause = ({ annotations }: ClusterFacts): Edit =>
  annotations[PAUSED] === OUR_PAUSE ? { annotations: { [PAUSED]: null } } : NO_EDIT;

/** Reason and pause stand, where no other pause does. */
function stillHeld(old: ClusterFacts, wished: ClusterFacts): Edit {
  const reason = wished.annotations[HOLD] ?? old.annotations[HOLD] ?? "Unreachable";
  const { annotations = {} } = hold(wished.annotations, reason);
  const missing = Object.entries(annotations).filter(([key, value]) => wished.annotations[key] !== value);
  return missing.length > 0 ? { annotations: Object.fromEntries(missing) } : NO_EDIT;
}

/** The VIP that we recorded; that of the endpoint counts while the endpoint says the same. */
function vipOf(role: Role, { endpoint, annotations }: ClusterFacts): string | undefined {
  const recorded = annotations[role.annotation] || undefined;
  if (!role.isEndpoint) return recorded;
  return sameHost(endpoint.host, recorded) ? endpoint.host : undefined;
}

/**
 * The other value that somebody asks for. What a variable says counts only where it is an address: a class's
 * default comes back in an entry that was dropped, and cannot be told from anybody's wish.
 */
function otherVip({ role, vip, old, wished }: UpdateOfVip): string | undefined {
  const { host } = wished.endpoint;
  if (role.isEndpoint && host !== undefined && !sameHost(host, vip)) return host;
  const value = addressIn(textOf(wished, role));
  return !sameHost(value, vip) && sameHost(textOf(old, role), vip) ? value : undefined;
}

/** The record goes along, and says what was there before. */
function replaced(update: UpdateOfVip, other: string): Restoration {
  const { role, vip, old, wished } = update;
  const refusal = obstacle(update, other);
  if (refusal) return refused(refusal);
  const former = old.annotations[role.replaced] ?? vip;
  const annotations = {
    [ALLOW_CHANGE]: null,
    [role.annotation]: isIP(other) === 0 ? null : other,
    [role.replaced]: sameHost(former, other) ? null : former,
  };
  return edits({ annotations }, endpointBack({ ...update, vip: other }), labelling(role, wished, other));
}

/** What a create would be refused for, as far as it can be seen without asking anybody. */
function obstacle(update: UpdateOfVip, other: string): Verdict | undefined {
  const { role, vip, wished } = update;
  const network = isInside(other, wished.networks);
  if (network !== undefined) return verdict("InsideOwnNetwork", `${other} in ${network}`);
  const third = addressIn(textOf(wished, role));
  const isThird = third !== undefined && !sameHost(third, vip) && !sameHost(third, other);
  if (isThird) return verdict("HostAndVariableDiffer", `${other} and ${third}`);
  return lacksVariable(update, other) ? verdict("VariableNotChanged", other) : undefined;
}

/** A text that names an address, and not the one that means nothing. */
const addressIn = (text: string | undefined): string | undefined =>
  text !== undefined && isIP(text) !== 0 && !isNobodys(text) ? text : undefined;

/**
 * Nobody checks what we would write here, and a class may allow some addresses only: with another one in the
 * variable Cluster API refuses every later write. So its user changes the variable, and Cluster API looks at it.
 */
const lacksVariable = ({ role, vip, old, wished }: UpdateOfVip, other: string): boolean =>
  sameHost(textOf(old, role), vip) && !sameHost(textOf(wished, role), other);

const putBack = (update: UpdateOfVip): Edit =>
  [endpointBack, recordBack, variableBack].map((back) => back(update)).reduce(mergeEdits);

function recordBack({ role, vip, wished }: UpdateOfVip): Edit {
  const isThere = sameHost(wished.annotations[role.annotation], vip);
  return mergeEdits(
    isThere ? NO_EDIT : { annotations: { [role.annotation]: vip } },
    labelling(role, wished, vip),
  );
}

function endpointBack({ role, vip, old, wished }: UpdateOfVip): Edit {
  const { host, port } = wished.endpoint;
  const dropped = {
    ...(!sameHost(host, vip) && { host: vip }),
    ...(port === undefined && old.endpoint.port !== undefined && { port: old.endpoint.port }),
  };
  return role.isEndpoint && !isEmpty(dropped) ? { endpoint: dropped } : NO_EDIT;
}

/**
 * What stood in the variable, and was lost, is put back: an absent or empty entry, and another text. Only
 * a text that this class has accepted before is written, because nobody checks it any more; where that is
 * not known, the Cluster is held, and the watch writes what Cluster API checks. What is not the endpoint is
 * left to the watch without a hold.
 */
function variableBack(update: UpdateOfVip): Edit {
  const { role, vip, old, wished } = update;
  const value = wished.variables.get(role.variable);
  if ((value !== undefined && typeof value !== "string") || sameHost(value, vip)) return NO_EDIT;
  if (!sameClass(old, wished)) return inNewClass(update, value);
  const before = textOf(old, role);
  if (before === undefined || (textOf(wished, role) !== undefined && !sameHost(before, vip))) return NO_EDIT;
  return sameHost(before, vip) ? { variables: { [role.variable]: vip } } : held(update, "VariableRestricted");
}

/**
 * The endpoint is held until the watch has asked. Another role cannot hold: an entry that is there and empty
 * Cluster API has just checked against the new class, and machines must not be rendered without what they had.
 */
function inNewClass(update: UpdateOfVip, value: string | undefined): Edit {
  const { role, vip, old } = update;
  if (role.isEndpoint) return held(update, "ClassChanged");
  const isLost = value === "" && sameHost(textOf(old, role), vip);
  return isLost ? { variables: { [role.variable]: vip } } : NO_EDIT;
}

const held = ({ role, wished }: Update, reason: string): Edit =>
  role.isEndpoint ? hold(wished.annotations, reason) : NO_EDIT;

function textOf({ variables }: ClusterFacts, role: Role): string | undefined {
  const value = variables.get(role.variable);
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Without a VIP so far: a class that wants one has just had its empty default written by Cluster API. */
const heldByNewClass = ({ role, old, wished }: Update): Edit =>
  role.isEndpoint && !sameClass(old, wished) && !isHeld(old) && wished.variables.get(role.variable) === ""
    ? hold(wished.annotations, "ClassChanged")
    : NO_EDIT;

const sameClass = (one: ClusterFacts, other: ClusterFacts): boolean =>
  one.class?.name === other.class?.name && one.class?.namespace === other.class?.namespace;
