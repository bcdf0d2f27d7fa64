/**
 * Answers: what does a Cluster look like once a wished change is made?
 *
 * The change is data. CREATE and UPDATE apply it to the request, the watch to the object it read, so
 * that all three can only ever write the same thing.
 */
import { HOLD, OUR_PAUSE, PAUSED } from "./contract";
import type { Endpoint, KubeObject } from "./facts";

export interface Edit {
  readonly name?: string;
  readonly endpoint?: Endpoint;
  /** Topology variables by name; null takes the entry away. */
  readonly variables?: Marks;
  readonly annotations?: Marks;
  readonly labels?: Marks;
}

/** Texts by their key; null takes the key away. */
export type Marks = Readonly<Record<string, string | null>>;

export const NO_EDIT: Edit = {};

/** Takes these keys away. */
export const taking = (of: "annotations" | "labels", keys: readonly string[]): Edit =>
  keys.length > 0 ? { [of]: Object.fromEntries(keys.map((key) => [key, null])) } : NO_EDIT;

export const isEmpty = (edit: object): boolean => Object.keys(edit).length === 0;

/** Both changes; where they name the same thing the second one counts. */
export function mergeEdits(one: Edit, other: Edit): Edit {
  return {
    ...one,
    ...other,
    ...both("endpoint", one.endpoint, other.endpoint),
    ...both("variables", one.variables, other.variables),
    ...both("annotations", one.annotations, other.annotations),
    ...both("labels", one.labels, other.labels),
  };
}

const both = <K extends string, T extends object>(key: K, one: T | undefined, other: T | undefined) =>
  one || other ? { [key]: { ...one, ...other } } : {};

type Annotations = Readonly<Record<string, string>>;

/** Marks a Cluster so that Cluster API renders nothing; a pause that stands already is left as it is. */
export const hold = (annotations: Annotations, reason: string): Edit => ({
  annotations: { [HOLD]: reason, ...(annotations[PAUSED] === undefined && { [PAUSED]: OUR_PAUSE }) },
});

/** Takes our pause off, and only ours; what becomes of the hold is the caller's word. */
export const unpause = (annotations: Annotations, holdBecomes: string | null): Edit => ({
  annotations: {
    ...(annotations[HOLD] !== (holdBecomes ?? undefined) && { [HOLD]: holdBecomes }),
    ...(annotations[PAUSED] === OUR_PAUSE && { [PAUSED]: null }),
  },
});

interface Variable {
  name: string;
  value: unknown;
}

/** The object with the change made; parents that are absent are created, nothing else is touched. */
export function applyEdit<T extends KubeObject>(object: T, edit: Edit): T {
  const next = structuredClone(object) as Mutable;
  if (edit.name !== undefined) (next.metadata ??= {}).name = edit.name;
  if (edit.annotations) applyMarks(next, "annotations", edit.annotations);
  if (edit.labels) applyMarks(next, "labels", edit.labels);
  if (edit.endpoint) applyEndpoint(next, edit.endpoint);
  if (edit.variables) applyVariables(next, edit.variables);
  return next as unknown as T;
}

interface Mutable {
  metadata?: { name?: string; annotations?: Record<string, string>; labels?: Record<string, string> };
  spec?: { controlPlaneEndpoint?: Endpoint; topology?: { variables?: Variable[] } };
}

/** What is no endpoint is left for the API server to refuse, in its own words. */
function applyEndpoint(next: Mutable, wished: Endpoint): void {
  const spec = (next.spec ??= {});
  const now: unknown = spec.controlPlaneEndpoint ?? {};
  if (typeof now === "object" && !Array.isArray(now)) spec.controlPlaneEndpoint = { ...now, ...wished };
}

function applyMarks(next: Mutable, of: "annotations" | "labels", wished: Marks): void {
  const metadata = (next.metadata ??= {});
  const { taken, set } = parted(wished);
  if (!metadata[of] && set.length === 0) return;
  const kept = Object.entries(metadata[of] ?? {}).filter(([key]) => !taken.includes(key));
  metadata[of] = Object.fromEntries([...kept, ...set]);
}

/** An entry that Cluster API has defaulted is replaced: a second one of the same name breaks the list. */
function applyVariables(next: Mutable, wished: Marks): void {
  const topology = ((next.spec ??= {}).topology ??= {});
  const { taken, set } = parted(wished);
  if (!topology.variables && set.length === 0) return;
  const variables = (topology.variables ?? []).filter(({ name }) => !taken.includes(name));
  for (const [name, value] of set) {
    const entry = variables.find((variable) => variable.name === name);
    if (entry) entry.value = value;
    else variables.push({ name, value });
  }
  topology.variables = variables;
}

const parted = (wished: Marks) => ({
  taken: Object.keys(wished).filter((key) => wished[key] === null),
  set: Object.entries(wished).filter((entry): entry is [string, string] => entry[1] !== null),
});
