/**
 * Answers: who was seen with this address?
 *
 * What watch events told, in memory: a hint that is good enough to say that two have one address, and for
 * nothing else. What may be given is asked of the API server.
 */
import type { Holder, Key } from "../core/facts";

export interface Sighting extends Holder {
  /** The Cluster that it belongs to. */
  readonly key: Key;
}

export class Sightings {
  readonly #addresses = new Map<string, readonly string[]>();
  readonly #holders = new Map<string, Map<string, Sighting>>();

  /** @returns the keys of others that have one of the addresses it had before or has now, where that is news to them */
  see(who: Sighting, addresses: readonly string[]): readonly Key[] {
    const id = idOf(who);
    const before = this.#addresses.get(id) ?? [];
    const lost = before.filter((address) => !addresses.includes(address));
    const won = addresses.filter((address) => !before.includes(address));
    for (const address of lost) this.#forget(address, id);
    for (const address of won) this.#remember(address, id, who);
    if (addresses.length > 0) this.#addresses.set(id, addresses);
    else this.#addresses.delete(id);
    return [...lost, ...won].flatMap((address) => this.#of(address, who.key).map(({ key }) => key));
  }

  /** Everybody who was seen with it, but those of one Cluster. */
  of(address: string, but: Key): readonly Holder[] {
    return this.#of(address, but).map(({ kind, namespace, name }) => ({ kind, namespace, name }));
  }

  #of(address: string, but: Key): readonly Sighting[] {
    const all = [...(this.#holders.get(address)?.values() ?? [])];
    return all.filter(({ key }) => key.namespace !== but.namespace || key.name !== but.name);
  }

  #remember(address: string, id: string, who: Sighting): void {
    const holders = this.#holders.get(address) ?? new Map<string, Sighting>();
    this.#holders.set(address, holders.set(id, who));
  }

  #forget(address: string, id: string): void {
    const holders = this.#holders.get(address);
    holders?.delete(id);
    if (holders?.size === 0) this.#holders.delete(address);
  }
}

const idOf = ({ kind, namespace, name }: Holder): string => `${kind} ${namespace}/${name}`;
