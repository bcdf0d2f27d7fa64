/**
 * Answers: does an event tell anything that a decision could depend on?
 *
 * Cluster API writes the status of a Cluster some twenty times while it comes up, and none of that
 * concerns us; a pass for each would cost more than all the rest. Only what was seen is kept, never what
 * was decided: an event that repeats it can be let go, because a pass that failed comes back by itself, and
 * so does, after a while, one that found something owed.
 */
import { DELETE_FOR_MOVE, PAUSED, PREFIX } from "../core/contract";
import type { AddressFacts, ClaimFacts, ClassFacts, ClusterFacts } from "../core/facts";
import { ROLES } from "../core/roles";

export class News {
  readonly #seen = new Map<string, string>();

  /** @param gone the object was deleted, which is always news */
  isNew(object: string, print: string, gone: boolean): boolean {
    const isKnown = !gone && this.#seen.get(object) === print;
    if (gone) this.#seen.delete(object);
    else this.#seen.set(object, print);
    return !isKnown;
  }
}

/** Everything that the tables read of a Cluster. */
export const clusterPrint = (cluster: ClusterFacts): string =>
  JSON.stringify([
    cluster.uid,
    cluster.deleting,
    cluster.class,
    ROLES.map(({ variable }) => cluster.variables.get(variable)),
    cluster.endpoint,
    cluster.apiServerPort,
    cluster.hasRefs,
    cluster.started,
    cluster.specPaused,
    Object.entries(cluster.annotations).filter(([key]) => isOurs(key)),
  ]);

const isOurs = (key: string): boolean => key.startsWith(PREFIX) || key === PAUSED || key === DELETE_FOR_MOVE;

export const claimPrint = ({ source: _source, youngest: _youngest, ...claim }: ClaimFacts): string =>
  JSON.stringify(claim);

export const addressPrint = ({ source: _source, ...address }: AddressFacts): string =>
  JSON.stringify(address);

export const classPrint = ({ strings }: ClassFacts): string => JSON.stringify([...strings]);
