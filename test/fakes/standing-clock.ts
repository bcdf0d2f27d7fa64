import type { Clock } from "../../lib/ports/clock";

/** A clock that stands; what is to happen later does happen. */
export class StandingClock implements Clock {
  constructor(public at: number) {}

  now(): number {
    return this.at;
  }

  after(ms: number, what: () => void): () => void {
    const timer = setTimeout(what, ms);
    return () => clearTimeout(timer);
  }
}
