/** Answers: which pools have addresses in common? Each pair is said once, for as long as it is so. */
import type { PoolFacts } from "../core/facts";
import { poolName } from "../core/pool-choice";
import { rangeText, sharedRange, type Range } from "../core/ranges";

interface Seen {
  readonly name: string;
  readonly ranges: readonly Range[];
}

export interface Overlap {
  readonly pools: readonly [string, string];
  /** The first range that both have. */
  readonly addresses: string;
}

export class Overlaps {
  readonly #pools = new Map<string, Seen>();
  readonly #said = new Map<string, string>();

  /** @returns what is new; a pool that is gone overlaps nothing */
  of(pool: PoolFacts, gone: boolean): readonly Overlap[] {
    const name = nameOf(pool);
    if (gone) this.#pools.delete(name);
    else this.#pools.set(name, { name, ranges: pool.ranges ?? [] });
    const ranges = gone ? [] : (pool.ranges ?? []);
    return [...this.#pools.values()]
      .filter((other) => other.name !== name)
      .flatMap((other) => this.#news(name, ranges, other));
  }

  #news(name: string, ranges: readonly Range[], other: Seen): Overlap[] {
    const pools = [name, other.name].sort() as [string, string];
    const pair = pools.join(" and ");
    const shared = sharedRange(ranges, other.ranges);
    const addresses = shared && rangeText(shared);
    if (addresses === undefined) this.#said.delete(pair);
    if (addresses === undefined || this.#said.get(pair) === addresses) return [];
    this.#said.set(pair, addresses);
    return [{ pools, addresses }];
  }
}

const nameOf = ({ ref, namespace }: PoolFacts): string =>
  namespace === undefined ? poolName(ref) : `${poolName(ref)} in ${namespace}`;
