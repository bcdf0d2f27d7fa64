/** The writes of the module in words, so that those of one telling of a story can be found again in another. */
import { isWrite, type Gate, type Passing } from "../../../sandbox/gate";
import type { Site } from "./site";

export type Role = "watcher" | "admission";

export const roleOf = ({ process }: Passing): Role =>
  process.startsWith("watcher") ? "watcher" : "admission";

/** `watcher: patch ipaddresses vip-cp-a: add finalizers, add annotations.cluster-uid` */
export function wordsOf(write: Passing): string {
  const { verb, name, body } = write;
  const resource = [write.resource, ...(write.subresource ? [write.subresource] : [])].join("/");
  const changes = Array.isArray(body) ? (body as { op: string; path: string }[]) : [];
  const said = changes.filter(({ path }) => path !== "/metadata/resourceVersion").map(changeWords);
  return [
    `${roleOf(write)}: ${verb} ${resource} ${name}`,
    ...(said.length > 0 ? [said.join(", ")] : []),
  ].join(": ");
}

/** Places in lists and prefixes of keys left out. */
const changeWords = ({ op, path }: { op: string; path: string }): string =>
  `${op} ${path
    .split("/")
    .slice(2)
    .filter((part) => !/^[\d-]+$/.test(part))
    .map((part) => part.replace(/^.*~1/, ""))
    .join(".")}`;

/** The writes on what belongs to a site. Events are told at our best effort: nobody misses one. */
export const isWriteIn =
  ({ namespace }: Site) =>
  (passing: Passing): boolean =>
    passing.namespace === namespace && isWrite(passing) && passing.resource !== "events";

/** What was written in a site, in its order. */
export const writtenIn = (gate: Gate, site: Site): readonly string[] =>
  gate.writes(isWriteIn(site)).map(wordsOf);
