/** Time that passes when the test says so. */
import type { Clock } from "../../lib/ports/clock";

interface Alarm {
  readonly at: number;
  readonly what: () => void;
}

export class VirtualClock implements Clock {
  readonly #alarms = new Set<Alarm>();
  #now: number;

  constructor(start: number) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  after(ms: number, what: () => void): () => void {
    const alarm = { at: this.#now + ms, what };
    this.#alarms.add(alarm);
    return () => void this.#alarms.delete(alarm);
  }

  /** The clock of one process: it is silent once the process is dead. */
  of(process: { readonly isAlive: boolean }): Clock {
    return {
      now: () => this.#now,
      after: (ms, what) => this.after(ms, () => process.isAlive && what()),
    };
  }

  /** When the next thing is due; Infinity where nothing is. */
  next(): number {
    return Math.min(...[...this.#alarms].map(({ at }) => at));
  }

  /** Time goes on to the next thing that is due, and that happens, alone. */
  step(): void {
    this.#now = this.next();
    const alarm = [...this.#alarms].find(({ at }) => at === this.#now);
    if (alarm && this.#alarms.delete(alarm)) alarm.what();
  }

  /** Everything that is due by then happens, in its order; what that sets off is due later. */
  advance(ms: number): void {
    this.#now += ms;
    const due = [...this.#alarms].filter(({ at }) => at <= this.#now).sort((one, other) => one.at - other.at);
    for (const alarm of due) if (this.#alarms.delete(alarm)) alarm.what();
  }
}
