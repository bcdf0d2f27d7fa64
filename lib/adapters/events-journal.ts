/** Answers: what of all that is decided and done is worth an Event? */
import {
  eventOfRefusedCreate,
  eventsOfReleases,
  eventsOfTurns,
  eventsOfUpdate,
  type EventWish,
} from "../core/events";
import type { Turn } from "../core/conditions";
import type { ClusterFacts, Facts } from "../core/facts";
import type { Restoration } from "../core/restore";
import type { Role } from "../core/roles";
import type { Step } from "../core/row";
import type { Verdict } from "../core/verdict";
import type { Outcome } from "../ports/executor";
import type { Answered, Journal } from "../ports/journal";

export class EventsJournal implements Journal {
  constructor(private readonly events: { emit(...events: readonly EventWish[]): void }) {}

  /** A round is on its way to something; what it comes to, the conditions say. */
  record(): void {}

  told(facts: Facts, turns: readonly Turn[]): void {
    this.events.emit(...eventsOfTurns(facts, turns));
  }

  wrote(facts: Facts, _role: Role, steps: readonly Step[], outcome: Outcome): void {
    if (outcome.kind === "done") this.events.emit(...eventsOfReleases(facts, steps));
  }

  admitted([first]: readonly Answered[], refusal: Verdict | undefined): void {
    if (first && refusal && !first.facts.dryRun) this.events.emit(eventOfRefusedCreate(first.facts, refusal));
  }

  updated(old: ClusterFacts, restoration: Restoration, dryRun: boolean): void {
    if (!dryRun) this.events.emit(...eventsOfUpdate(old, restoration));
  }
}
