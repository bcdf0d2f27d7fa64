/** Answers: which further kinds of pool does the text of a setting name, and what is wrong with it? */
import * as v from "valibot";
import { IN_CLUSTER_POOLS, type Resource } from "./adapters/kinds";
import { IPAM_API } from "./core/contract";

export const FORM =
  "a comma separated list of group/version/Kind/plural/Namespaced, or the same with Cluster at its end";

const ENTRY =
  /^(?<group>[a-z0-9-]+(\.[a-z0-9-]+)+)\/(?<version>[a-z][a-z0-9-]*)\/(?<kind>[A-Z][A-Za-z0-9]*)\/(?<plural>[a-z][a-z0-9-]*)\/(?<scope>Namespaced|Cluster)$/;

const PREFIX_POOLS = ["InClusterPrefixPool", "GlobalInClusterPrefixPool"];

/** The issue is the rest of a sentence: "VIP_POOL_KINDS is "...", but ...". */
export const PoolKinds = v.pipe(
  v.string(),
  v.rawTransform<string, readonly Resource[]>(({ dataset, addIssue, NEVER }) => {
    const kinds = entriesOf(dataset.value).map(resourceOf);
    const wrong = kinds.map(mistake).find((what) => what !== undefined);
    if (wrong === undefined) return Object.freeze(kinds.flatMap((kind) => kind ?? []));
    addIssue({ message: wrong });
    return NEVER;
  }),
);

const entriesOf = (text: string): string[] =>
  text === "" ? [] : text.split(",").map((entry) => entry.trim());

function resourceOf(entry: string): Resource | undefined {
  const { group, version, kind, plural, scope } = ENTRY.exec(entry)?.groups ?? {};
  if (!group || !version || !kind || !plural) return undefined;
  return { group, version, kind, plural, namespaced: scope === "Namespaced" };
}

function mistake(
  kind: Resource | undefined,
  at: number,
  all: readonly (Resource | undefined)[],
): string | undefined {
  if (!kind) return `must be ${FORM}`;
  const name = `${kind.kind} of ${kind.group}`;
  if (kind.group === IPAM_API && PREFIX_POOLS.includes(kind.kind))
    return `${name} gives prefixes, and a prefix is no address: it cannot be a VIP`;
  if (IN_CLUSTER_POOLS.some(isSame(kind))) return `${name} is always a kind of pool: leave it out`;
  return all.slice(0, at).some((other) => other && isSame(kind)(other))
    ? `it names ${name} twice`
    : undefined;
}

/** Two versions of one kind list the same objects, and a pool must not be there twice. */
const isSame =
  (one: Resource) =>
  (other: Resource): boolean =>
    one.group === other.group && (one.kind === other.kind || one.plural === other.plural);
