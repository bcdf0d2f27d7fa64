/**
 * Answers: does an event tell anything that a decision could depend on?
 *
 * Cluster API writes the status of a Cluster some twenty times while it comes up, and none of that
 * concerns us; a pass for each would cost more than all the rest. Nor does an event of our own write: the
 * look that follows the write has read what it tells. Only what was seen is kept, never what was decided:
 * an event that repeats it can be let go, because a pass that failed comes back by itself, and so does,
 * after a while, one that found something owed.
 */
import { DELETE_FOR_MOVE, PAUSED, PREFIX } from "../core/contract";
import { obstacle } from "../core/pool-choice";
import type {
  AddressFacts,
  ClaimFacts,
  ClassFacts,
  ClusterFacts,
  Facts,
  Known,
  PoolFacts,
} from "../core/facts";
import { rangeText } from "../core/ranges";
import { claimName, ROLES } from "../core/roles";

export type NewsKind = "Cluster" | "claim" | "address" | "class";

/** What an object is called here; each has the name of its kind before its own. */
export const newsName = (kind: NewsKind, namespace: string, name: string): string =>
  `${kind} ${namespace}/${name}`;

export class News {
  readonly #heard = new Map<string, string>();
  readonly #read = new Map<string, string>();

  /** It was heard of, and not that it is gone. */
  knows(object: string): boolean {
    return this.#heard.has(object);
  }

  /** @param gone the object was deleted, which is always news */
  isNew(object: string, print: string, gone: boolean): boolean {
    if (gone) {
      this.#heard.delete(object);
      this.#read.delete(object);
      return true;
    }
    const isKnown = this.#heard.get(object) === print || this.#read.get(object) === print;
    this.#heard.set(object, print);
    return !isKnown;
  }

  /** The last look has found what was last heard of the object. */
  hasRead(object: string): boolean {
    const heard = this.#heard.get(object);
    return heard !== undefined && heard === this.#read.get(object);
  }

  /** What a look has found of a Cluster, its claims and its addresses. */
  looked({ key: { namespace, name }, cluster, roles }: Facts): void {
    this.#note(newsName("Cluster", namespace, name), cluster, clusterPrint);
    for (const { role, claim, address } of roles) {
      const own = claimName(role, name);
      this.#note(newsName("claim", namespace, own), claim, claimPrint);
      const given = address.state === "found" ? address.value.name : own;
      this.#note(newsName("address", namespace, given), address, addressPrint);
    }
  }

  /** What is not there, or was not answered, is news whenever it is heard of. */
  #note<T>(object: string, known: Known<T>, print: (value: T) => string): void {
    if (known.state === "found") this.#read.set(object, print(known.value));
    else this.#read.delete(object);
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
