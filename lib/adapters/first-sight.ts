/**
 * Answers: since when does this process know a claim in its present version?
 *
 * A hint that only ever delays a sweep: a claim that somebody has just written to, or that was restored
 * with an old creation time, gets its whole grace from here on.
 */
import type { KubeObject } from "../core/facts";
import type { Clock } from "../ports/clock";

export class FirstSight {
  readonly #seen = new Map<string, { version: string; at: number }>();

  constructor(private readonly clock: Clock) {}

  of(name: string, { metadata }: KubeObject): number {
    const version = `${metadata.uid}/${metadata.resourceVersion}`;
    const known = this.#seen.get(name);
    if (known?.version === version) return known.at;
    const at = this.clock.now();
    this.#seen.set(name, { version, at });
    return at;
  }

  forget(name: string): void {
    this.#seen.delete(name);
  }
}
