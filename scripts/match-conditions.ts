/**
 * Answers: which requests does the API server send to the webhook at all?
 *
 * Under `failurePolicy: Fail` every request that reaches the webhook needs our processes to be up. So only
 * those come that it may change: a create that asks for a VIP, and an update that takes away what it gave.
 * All else passes beside it: status, labels, scaling, and above all the deletion of a Cluster.
 *
 * All conditions must be true. Each stands alone: none leans on another to keep it from an error.
 */
import { DELETE_FOR_MOVE, HOLD, PAUSED, PREFIX } from "../lib/core/contract";
import { ROLES } from "../lib/core/roles";

export interface MatchCondition {
  readonly name: string;
  readonly expression: string;
}

const OLD = "oldObject.metadata.annotations";
const NEW = "object.metadata.annotations";

const quoted = (text: string): string => `'${text}'`;
const listed = (texts: readonly string[]): string => `[${texts.map(quoted).join(", ")}]`;
const anyOf = (...terms: readonly string[]): string => terms.map((term) => `(${term})`).join("\n|| ");

/** `oldObject` is null in a create, so whatever reads it comes behind this. */
const onUpdate = (expression: string): string => `request.operation == 'CREATE'\n|| (${expression})`;
const onCreate = (expression: string): string => `request.operation != 'CREATE'\n|| (${expression})`;

/** A move or a restore brings its references along: such a Cluster has its VIP. */
const isNew = "!has(object.spec.infrastructureRef) && !has(object.spec.controlPlaneRef)";

const isOurs = `has(${OLD}) && ${listed([...ROLES.map(({ annotation }) => annotation), HOLD])}.exists(k, k in ${OLD})`;

const stays = `!has(object.metadata.deletionTimestamp) && !(has(${NEW}) && ${quoted(DELETE_FOR_MOVE)} in ${NEW})`;

/** A pause concerns us only while we hold the Cluster. */
const isOurKey = `k.startsWith(${quoted(PREFIX)}) || (k == ${quoted(PAUSED)} && ${quoted(HOLD)} in ${OLD})`;
/** Of a key that was there. */
const changed = (now: string, before: string): string =>
  `!(has(${now}) && k in ${now} && ${now}[k] == ${before}[k])`;
const annotationLost = `has(${OLD}) && ${OLD}.exists(k, (${isOurKey}) && ${changed(NEW, OLD)})`;

const LABELS = listed(ROLES.flatMap(({ label }) => label ?? []));
const labelLost =
  `has(oldObject.metadata.labels) && ${LABELS}.exists(k, k in oldObject.metadata.labels && ` +
  `${changed("object.metadata.labels", "oldObject.metadata.labels")})`;

/** A field that was there, and is gone or says something else. */
const fieldLost = (path: string): string =>
  `has(oldObject.${path}) && !(has(object.${path}) && object.${path} == oldObject.${path})`;

const hadTopology = "has(oldObject.spec.topology)";

const endpointLost = fieldLost("spec.controlPlaneEndpoint");

/** The inner loop runs only for a variable of ours, so the cost grows with the list, not with its square. */
const variableLost =
  `${hadTopology} && has(oldObject.spec.topology.variables) && oldObject.spec.topology.variables.exists(o, ` +
  `o.name in ${listed(ROLES.map(({ variable }) => variable))} && o.value != '' && ` +
  "!(has(object.spec.topology.variables) && " +
  "object.spec.topology.variables.exists(n, n.name == o.name && n.value == o.value)))";

/** The new class may define a variable that the old one did not: it must carry the VIP from the start. */
const classChanged = `${hadTopology} && ${fieldLost("spec.topology.classRef")}`;

/** Cluster API has just written the empty default of a class that wants a VIP, on a Cluster that has none. */
const askedByNewClass =
  `(${classChanged}) && has(object.spec.topology.variables) && ` +
  `object.spec.topology.variables.exists(n, n.name in ${listed(ROLES.map(({ variable }) => variable))} && n.value == '')`;

export function matchConditions(): readonly MatchCondition[] {
  return [
    { name: "has-topology", expression: "has(object.spec.topology)" },
    { name: "create-of-a-new-cluster", expression: onCreate(isNew) },
    { name: "update-of-a-cluster-of-ours", expression: onUpdate(anyOf(isOurs, askedByNewClass)) },
    { name: "update-of-a-cluster-that-stays", expression: onUpdate(stays) },
    {
      name: "update-that-takes-something-away",
      expression: onUpdate(anyOf(annotationLost, labelLost, endpointLost, variableLost, classChanged)),
    },
  ];
}

/**
 * After Cluster API, where a first turn was before it: only what shows by what Cluster API wrote. A change that
 * the first turn has let through, and whose permission it has used up, must not be judged again.
 */
export const laterConditions = (): readonly MatchCondition[] => [
  ...matchConditions().filter(({ name }) =>
    ["has-topology", "update-of-a-cluster-that-stays"].includes(name),
  ),
  { name: "update-to-a-class-that-wants-a-vip", expression: onUpdate(askedByNewClass) },
];
