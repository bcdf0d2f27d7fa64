/**
 * Answers: does an event tell anything that a decision could depend on?
 *
 * Cluster API writes the status of a Cluster some twenty times while it comes up, and none of that
 * concerns us; a pass for each would cost more than all the rest. Only what was seen is kept, never what
 * was decided: an event that repeats it can be let go, because a pass that failed comes back by itself, and
 * so does, after a while, one that found something owed.
 */
import { DELETE_FOR_MOVE, PAUSED, PREFIX } from "../core/contract";
import { obstacle } from "../core/pool-choice";
import type { AddressFacts, ClaimFacts, ClassFacts, ClusterFacts, PoolFacts } from "../core/facts";
import { rangeText } from "../core/ranges";
import { ROLES } from "../core/roles";

export class News {
  readonly #seen = new Map<string, string>();

  /** It was seen, and not seen going. */
  knows(object: string): boolean {
    return this.#seen.has(object);
  }

  /** @param gone the object was deleted, which is always news */
  isNew(object: string, print: string, gone: boolean): boolean {
    const isKnown = !gone && this.#seen.get(object) === print;
    if (gone) this.#seen.delete(object);
    else this.#seen.set(object, print);
    return !isKnown;
  }
}

/** Everything that the tables read of a Cluster, and the generation that our conditions speak of; what these say is no news. */
export const clusterPrint = (cluster: ClusterFacts): string =>
  JSON.stringify([
    cluster.uid,
    cluster.generation,
    cluster.deleting,
    cluster.class,
    ROLES.map(({ variable }) => cluster.variables.get(variable)),
    cluster.endpoint,
    cluster.apiServerPort,
    cluster.hasRefs,
    cluster.started,
    cluster.specPaused,
    Object.entries(cluster.annotations).filter(([key]) => isOurs(key)),
    ROLES.map(({ label }) => label && cluster.labels[label]),
  ]);

const isOurs = (key: string): boolean => key.startsWith(PREFIX) || key === PAUSED || key === DELETE_FOR_MOVE;

export const claimPrint = ({ source: _source, youngest: _youngest, ...claim }: ClaimFacts): string =>
  JSON.stringify(claim);

export const addressPrint = ({ source: _source, ...address }: AddressFacts): string =>
  JSON.stringify(address);

/**
 * Every address that is taken changes the pool's status; only whether it can give one matters. That it can
 * no longer is news as well: who waits there is served elsewhere.
 */
export const poolPrint = (pool: PoolFacts): string =>
  JSON.stringify([
    Object.entries(pool.labels).filter(([key]) => key.startsWith(PREFIX)),
    Object.entries(pool.annotations).filter(([key]) => isOurs(key)),
    obstacle(pool),
    pool.ranges?.map(rangeText),
  ]);

export const classPrint = ({ strings, reconciled }: ClassFacts): string =>
  JSON.stringify([...strings, reconciled]);
