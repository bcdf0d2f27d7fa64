/**
 * Answers: what is taken out of, or added to, a manifest before it is judged?
 *
 * A manifest copied from a living Cluster carries what we wrote on that one. A Cluster that arrives with
 * its infrastructure is a move or a restore and keeps everything.
 */
import { HOLD, OUR_PAUSE, PAUSED, PREFIX } from "./contract";
import type { Edit } from "./edit";
import type { ClusterFacts } from "./facts";
import { ROLES } from "./roles";

const WRITTEN_BY_US = [HOLD, `${PREFIX}ingress-vip`, ...ROLES.map(({ annotation }) => annotation)];

/** The API server cuts the prefix of a generated name here, so that the whole fits a label. */
const LONGEST_PREFIX = 58;

/** @param suffix five characters of the alphabet that the API server uses for generated names */
export function tidy(cluster: ClusterFacts, suffix: string): Edit {
  const { metadata } = cluster.source;
  const ours = cluster.hasRefs ? [] : WRITTEN_BY_US.filter((key) => key in cluster.annotations);
  const pause = !cluster.hasRefs && cluster.annotations[PAUSED] === OUR_PAUSE ? [PAUSED] : [];
  const dropped = [...ours, ...pause];
  // The name is empty in a mutating hook, but the hook may set it; the claim's name needs it.
  const generate = !metadata.name && metadata.generateName && cluster.class;
  return {
    ...(generate && { name: `${metadata.generateName.slice(0, LONGEST_PREFIX)}${suffix}` }),
    ...(dropped.length > 0 && { annotations: Object.fromEntries(dropped.map((key) => [key, null])) }),
  };
}
