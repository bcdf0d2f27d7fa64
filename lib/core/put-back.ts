/** Answers: of which roles did an update lose something that was put back? */
import { HOLD, PAUSED } from "./contract";
import type { Edit } from "./edit";
import type { ClusterFacts } from "./facts";
import { ROLES, type Role } from "./roles";

/** What is written as it was before was put back; anything else in the edit is new. */
export const putBack = (old: ClusterFacts, edit: Edit): readonly Role[] =>
  ROLES.filter((role) =>
    places(role, old, edit).some(([now, before]) => now !== undefined && now === before),
  );

/** What the edit writes for a role, each beside what stood there. */
function places(role: Role, old: ClusterFacts, edit: Edit): readonly (readonly [unknown, unknown])[] {
  const { endpoint = {}, variables = {}, annotations = {}, labels = {} } = edit;
  const own = [
    [variables[role.variable], old.variables.get(role.variable)],
    [annotations[role.annotation], old.annotations[role.annotation]],
    ...(role.label === undefined ? [] : [[labels[role.label], old.labels[role.label]] as const]),
  ] as const;
  if (!role.isEndpoint) return own;
  return [
    ...own,
    [endpoint.host, old.endpoint.host],
    [endpoint.port, old.endpoint.port],
    ...[HOLD, PAUSED].map((key) => [annotations[key], old.annotations[key]] as const),
  ];
}
