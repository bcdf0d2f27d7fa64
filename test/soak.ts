/** The laws, for as long as one likes: npm run soak -- --minutes 10 --seed 1 */
import { parseArgs } from "node:util";
import fc from "fast-check";
import { lives, worlds, type Command, type Start } from "./model/commands";
import { live } from "./model/live";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "5" },
    seed: { type: "string" },
    batch: { type: "string", default: "500" },
    help: { type: "boolean", short: "h", default: false },
  },
});
const until = Date.now() + Number(values.minutes) * 60_000;
const first = Number(values.seed ?? Date.now() % 1_000_000);
const tally = new Map<string, number>();

const HELP = `The laws of the model world, with other seeds, for as long as one likes.

  npm run soak -- [--minutes 5] [--seed N] [--batch 500]

  --minutes  how long
  --seed     the first seed; the next batch has the next one (default: of the moment, printed)
  --batch    lives for each seed
`;

async function main(): Promise<void> {
  let runs = 0;
  for (let seed = first; Date.now() < until; seed += 1) {
    const property = fc.asyncProperty(worlds, lives, (start: Start, all: Command[]) =>
      live(start, all, tally),
    );
    const result = await fc.check(property, { seed, numRuns: Number(values.batch) });
    runs += result.numRuns;
    process.stdout.write(`seed ${seed}: ${runs} lives, ${tally.size} rows\n`);
    if (!result.failed) continue;
    process.stdout.write(
      `${JSON.stringify(result.counterexample)}\n${(result.errorInstance as Error).message}\n`,
    );
    process.exitCode = 1;
    return;
  }
  for (const [row, count] of [...tally].sort(([, one], [, other]) => one - other))
    process.stdout.write(`${String(count).padStart(8)} ${row}\n`);
}

if (values.help) process.stdout.write(HELP);
else void main();
