/** Answers: who is told of what was decided and done? Everybody who keeps a journal, each what it has a use for. */
import type { Journal } from "../ports/journal";

export const together = (...all: readonly Journal[]): Required<Journal> => ({
  record: (...what) => all.forEach((journal) => journal.record(...what)),
  wrote: (...what) => all.forEach((journal) => journal.wrote?.(...what)),
  told: (...what) => all.forEach((journal) => journal.told?.(...what)),
  passed: (...what) => all.forEach((journal) => journal.passed?.(...what)),
  waited: (...what) => all.forEach((journal) => journal.waited?.(...what)),
  admitted: (...what) => all.forEach((journal) => journal.admitted?.(...what)),
  updated: (...what) => all.forEach((journal) => journal.updated?.(...what)),
  answered: (...what) => all.forEach((journal) => journal.answered?.(...what)),
});
