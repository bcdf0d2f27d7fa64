/** Answers: which pools are there, of every kind that counts as one? */
import type { KubeObject, Known, PoolFacts } from "../core/facts";
import { found, unread } from "../core/facts";
import { RequestFailed, type Client } from "./client";
import type { Resource } from "./kinds";
import { failureOf } from "./kube-failure";
import { poolFacts } from "./kube-objects";

/** All kinds or none: a pool of the kind that was not read may be the one to choose. */
export async function listPools(
  client: Pick<Client, "list">,
  kinds: readonly Resource[],
  signal?: AbortSignal,
): Promise<Known<readonly PoolFacts[]>> {
  const lists = await Promise.all(kinds.map((kind) => listOf(client, kind, signal)));
  const pools: PoolFacts[] = [];
  for (const list of lists) {
    if (list.state !== "found") return list;
    pools.push(...list.value);
  }
  return found(pools);
}

async function listOf(
  client: Pick<Client, "list">,
  kind: Resource,
  signal: AbortSignal | undefined,
): Promise<Known<readonly PoolFacts[]>> {
  try {
    const objects = await client.list(kind, {}, signal);
    const other = objects.find((object) => !isOf(kind, object));
    return other ? unread(wrongName(kind, other)) : found(objects.map((object) => poolFacts(object, kind)));
  } catch (error) {
    return unread(isNotServed(error) ? notServed(kind) : failureOf(error, "").why);
  }
}

/** Kinds come from a setting too, and a claim that names a kind which does not exist is never served. */
const isOf = ({ kind, namespaced }: Resource, object: KubeObject): boolean =>
  (object.kind ?? kind) === kind && (namespaced || object.metadata.namespace === undefined);

const wrongName = ({ plural, group, kind }: Resource, { kind: own }: KubeObject): string =>
  own === kind
    ? `${plural}.${group} live in namespaces, and are read as if they did not`
    : `${plural}.${group} are of the kind ${String(own)}, and are read as ${kind}`;

/** A list of nothing is no 404: it is the kind that is not there. */
const isNotServed = (error: unknown): boolean => error instanceof RequestFailed && error.code === 404;

const notServed = ({ plural, group, version }: Resource): string =>
  `the API server has no ${plural}.${group} in the version ${version}`;
