/** The laws of the allocator, in a world where everything happens in any order and anything may fail. */
import fc from "fast-check";
import { createTable } from "../../lib/core/create-table";
import { goneTable } from "../../lib/core/gone-table";
import { watchTable } from "../../lib/core/watch-table";
import { lives, worlds } from "../model/commands";
import { STORIES } from "../model/stories";
import { live, type Tally } from "../model/live";

const LIVES = 2_000;
const tally: Tally = new Map();

test("Whatever happens in whatever order: no VIP is lost, given twice or freed early, and in the end all is well", async () => {
  const property = fc.asyncProperty(worlds, lives, (start, commands) => live(start, commands, tally));
  await fc.assert(property, {
    numRuns: LIVES,
    examples: STORIES.map(([start, commands]) => [start, commands]),
  });
}, 600_000);

const rows = Object.entries({ create: createTable, watch: watchTable, gone: goneTable }).flatMap(
  ([table, all]) => all.map(({ name }) => `${table}: ${name}`),
);

test.each(rows)("On the way this row decided, %s", (row) => {
  expect(tally.get(row) ?? 0).toBeGreaterThan(0);
});
