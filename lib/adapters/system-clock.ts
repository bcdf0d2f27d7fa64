/** Answers: what time is it on this machine? */
import type { Clock } from "../ports/clock";

/** Timers take no more than 2^31-1 ms; who asks for more is called early, and looks again. */
const LONGEST_TIMER_MS = 2_000_000_000;

export const systemClock: Clock = {
  now: () => Date.now(),
  after: (ms, what) => {
    const timer = setTimeout(what, Math.min(ms, LONGEST_TIMER_MS));
    return () => clearTimeout(timer);
  },
};
