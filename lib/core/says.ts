/** Answers: how does a row of a table say what it decided? */
import { HOLD } from "./contract";
import type { RolePlan } from "./row";
import { isPausedByUser, type Situation } from "./situation";
import { verdict, type Reason } from "./verdict";

export type More = Omit<RolePlan, "verdict">;

export const says = (reason: Reason, detail = "", more: More = {}): RolePlan => ({
  verdict: verdict(reason, detail),
  ...more,
});

/** Not before it is so old; until then it is only looked at again. Times in milliseconds. */
export function onceOld(since: number, age: number, now: number, more: More): More {
  const left = since + age - now;
  return left > 0 ? { lookAgainMs: left } : more;
}

/** Some changes send us no event; nothing but a look tells of them. */
export const UNHEARD_MS = 5000;

/** While something is owed, the world is looked at now and then even if no event tells to: one may be lost. */
export const LONGEST_REST_MS = 300_000;

/** A Cluster that cannot be completed: what its hold says is kept true, and nothing else is written. */
export function waits(s: Situation, reason: Reason, detail: string, more: More = {}): RolePlan {
  const stale = s.held && s.cluster.annotations[HOLD] !== reason && !isPausedByUser(s.cluster);
  return says(reason, detail, { ...(stale && { edit: { annotations: { [HOLD]: reason } } }), ...more });
}
