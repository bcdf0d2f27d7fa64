/**
 * Answers: who is told of what was decided and done? Everybody who keeps a journal, each what it has a use for.
 *
 * One that fails must change neither an answer nor a pass, and keep nothing from the others.
 */
import type { Journal } from "../ports/journal";

/** @param failed hears of a journal that threw */
export function together(failed: (error: unknown) => void, ...all: readonly Journal[]): Required<Journal> {
  const tellAll = (tell: (journal: Journal) => void): void =>
    all.forEach((journal) => {
      try {
        tell(journal);
      } catch (error) {
        failed(error);
      }
    });
  return {
    record: (...what) => tellAll((journal) => journal.record(...what)),
    wrote: (...what) => tellAll((journal) => journal.wrote?.(...what)),
    told: (...what) => tellAll((journal) => journal.told?.(...what)),
    passed: (...what) => tellAll((journal) => journal.passed?.(...what)),
    waited: (...what) => tellAll((journal) => journal.waited?.(...what)),
    admitted: (...what) => tellAll((journal) => journal.admitted?.(...what)),
    updated: (...what) => tellAll((journal) => journal.updated?.(...what)),
    answered: (...what) => tellAll((journal) => journal.answered?.(...what)),
  };
}
