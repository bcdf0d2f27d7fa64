/**
 * Answers: what is taken out of, or added to, a manifest before it is judged?
 *
 * A manifest copied from a living Cluster carries what we wrote on that one. A Cluster that arrives with
 * its infrastructure is a move or a restore and keeps everything.
 */
import { HOLD, OUR_PAUSE, PAUSED } from "./contract";
import { taking, type Edit } from "./edit";
import type { ClusterFacts } from "./facts";
import { ROLES } from "./roles";

const ANNOTATIONS = [HOLD, ...ROLES.flatMap(({ annotation, replaced }) => [annotation, replaced])];
const LABELS = ROLES.flatMap(({ label }) => label ?? []);

/** The API server cuts the prefix of a generated name here, so that the whole fits a label. */
const LONGEST_PREFIX = 58;

/** @param suffix five characters of the alphabet that the API server uses for generated names */
export function tidy(cluster: ClusterFacts, suffix: string): Edit {
  const { metadata } = cluster.source;
  const annotations = cluster.hasRefs ? [] : ANNOTATIONS.filter((key) => key in cluster.annotations);
  const labels = cluster.hasRefs ? [] : LABELS.filter((key) => key in cluster.labels);
  const pause = !cluster.hasRefs && cluster.annotations[PAUSED] === OUR_PAUSE ? [PAUSED] : [];
  // The name is empty in a mutating hook, but the hook may set it; the claim's name needs it.
  const generate = !metadata.name && metadata.generateName && cluster.class;
  return {
    ...(generate && { name: `${metadata.generateName.slice(0, LONGEST_PREFIX)}${suffix}` }),
    ...taking("annotations", [...annotations, ...pause]),
    ...taking("labels", labels),
  };
}
