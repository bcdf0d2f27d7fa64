/**
 * Answers: which Cluster is looked at next, and when again?
 *
 * Pepr drops what a watch callback throws, never delivers it again, and keeps one queue per object for
 * ever; this is the queue it lacks. A key is worked on once at a time; what comes meanwhile makes one
 * more pass, not many. Failures back off with jitter, so that a provider that comes back is not met by
 * everybody at once. All of it is a hint: after a restart the full pass fills it again.
 */
import type { Interest } from "../core/plan";
import type { Clock } from "../ports/clock";
import type { Return } from "../ports/queue";

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 60_000;

/** Asked after a pass, by what it came to: has it missed what was told meanwhile? */
type HasMissed = (back: Return) => boolean;

export class KeyQueue {
  /** With the time since when. */
  readonly #waiting = new Map<string, number>();
  readonly #running = new Set<string>();
  readonly #timers = new Map<string, { readonly at: number; readonly callOff: () => void }>();
  readonly #failures = new Map<string, number>();
  readonly #interests = new Map<string, readonly Interest[]>();
  /** What was told while the key's pass was under way. */
  readonly #meanwhile = new Map<string, readonly HasMissed[]>();

  /**
   * @param work one pass; must not throw, but a throw counts as a failure
   * @param workers keys that are worked on at the same time
   * @param random from 0 to 1, for the jitter
   */
  constructor(
    private readonly work: (key: string) => Promise<Return>,
    private readonly workers: number,
    private readonly clock: Clock,
    private readonly random: () => number = Math.random,
  ) {}

  /** Keys that wait for a worker. */
  get depth(): number {
    return this.#waiting.size;
  }

  /** How long the first of them has waited. */
  get oldestMs(): number {
    // What is added last stands last.
    const [since] = this.#waiting.values();
    return since === undefined ? 0 : Math.max(this.clock.now() - since, 0);
  }

  /**
   * Look at the key as soon as a worker is free.
   *
   * @param isOwed asked only when the key is being looked at now: is another look owed after that?
   */
  add(key: string, isOwed: () => boolean = () => true): void {
    this.#cancel(key);
    if (this.#running.has(key)) this.#askAfter(key, isOwed);
    else if (!this.#waiting.has(key)) this.#waiting.set(key, this.clock.now());
    this.#dispatch();
  }

  /** Look at the key in a while, if nothing tells to look earlier. */
  addLater(key: string, ms: number): void {
    if (this.#running.has(key)) this.#askAfter(key, () => true);
    else if (!this.#waiting.has(key) && this.clock.now() + ms < this.#dueAt(key)) this.#later(key, ms);
  }

  /** Look at every key that said it cares for this. */
  wake(isMeant: (interest: Interest) => boolean): void {
    // A pass that is under way may have read the world from before this, and says only at its end what it cares for.
    for (const key of this.#running) this.#askAfter(key, ({ interests }) => interests.some(isMeant));
    for (const [key, interests] of this.#interests) if (interests.some(isMeant)) this.add(key);
  }

  #askAfter(key: string, hasMissed: HasMissed): void {
    this.#meanwhile.set(key, [...(this.#meanwhile.get(key) ?? []), hasMissed]);
  }

  #dispatch(): void {
    for (const key of this.#waiting.keys()) {
      if (this.#running.size >= this.workers) return;
      this.#waiting.delete(key);
      this.#running.add(key);
      void this.#run(key);
    }
  }

  async #run(key: string): Promise<void> {
    const back = await this.#attempt(key);
    this.#running.delete(key);
    if (back.interests.length > 0) this.#interests.set(key, back.interests);
    else this.#interests.delete(key);
    const delay = this.#delay(key, back);
    const meanwhile = this.#meanwhile.get(key) ?? [];
    this.#meanwhile.delete(key);
    if (meanwhile.some((hasMissed) => hasMissed(back))) this.add(key);
    else if (delay !== undefined) this.#later(key, delay);
    this.#dispatch();
  }

  async #attempt(key: string): Promise<Return> {
    try {
      return await this.work(key);
    } catch {
      return { kind: "retry", interests: [] };
    }
  }

  #delay(key: string, back: Return): number | undefined {
    if (back.kind === "rest") {
      this.#failures.delete(key);
      return back.lookAgainMs;
    }
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    const longest = Math.min(FIRST_RETRY_MS * 2 ** failures, LAST_RETRY_MS);
    return longest / 2 + (longest / 2) * this.random();
  }

  #later(key: string, delay: number): void {
    this.#cancel(key);
    const callOff = this.clock.after(delay, () => this.add(key));
    this.#timers.set(key, { at: this.clock.now() + delay, callOff });
  }

  #dueAt(key: string): number {
    return this.#timers.get(key)?.at ?? Infinity;
  }

  #cancel(key: string): void {
    this.#timers.get(key)?.callOff();
    this.#timers.delete(key);
  }
}
