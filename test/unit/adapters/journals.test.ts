import { together } from "../../../lib/adapters/journals";
import type { Journal } from "../../../lib/ports/journal";

const CALLS = ["record", "wrote", "told", "passed", "waited", "admitted", "updated", "answered"] as const;

const journalThat = (does: () => void): Required<Journal> =>
  Object.fromEntries(CALLS.map((call) => [call, does])) as unknown as Required<Journal>;

const BROKEN = journalThat(() => {
  throw new Error("broken");
});

test.each(CALLS)("a journal that fails at %s keeps it from nobody, and is heard of", (call) => {
  const told = jest.fn();
  const failed = jest.fn();
  const tell = together(failed, BROKEN, journalThat(told))[call] as () => void;
  expect(tell).not.toThrow();
  expect(told).toHaveBeenCalledTimes(1);
  expect(failed).toHaveBeenCalledWith(new Error("broken"));
});
