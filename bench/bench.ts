/** How fast is it, and what bounds it? `npm run bench`: the figures on a real management cluster. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { messageOf } from "../sandbox/failure";
import { projectRoot } from "../sandbox/places";
import { ensureToolchain } from "../sandbox/toolchain";
import type { Bench, Figure } from "./figure";
import { bundle, bundleIn } from "./figures/bundle";
import { burst } from "./figures/burst";
import { plan } from "./figures/plan";
import { scale } from "./figures/scale";
import { single } from "./figures/single";
import { update } from "./figures/update";
import { machine } from "./machine";
import { isGood, keep, machineLines, table, type Run, type Taken } from "./report";

const FIGURES: readonly Figure[] = [bundle, update, plan, single, burst, scale];

const usage = `Usage: npm run bench -- [--quick] [--only NAME[,NAME...]] [--dist FOLDER]     (or: make bench)

Measures the built module on a real management cluster of its own: API server, Cluster API and IPAM
provider. Figures that depend on the machine are ratios within the run. About 20 minutes.

${FIGURES.map(({ name, question }) => `  ${name.padEnd(8)} ${question}`).join("\n")}

  --only NAMES    these figures alone
  --quick         small sizes, about 2 minutes: does everything run?
  --dist FOLDER   the built module, by default dist/ (or the environment's MODULE_DIST)
  --help          this text

Results go to bench/results/ (with --quick to bench/results/quick/): JSON for each run, latest.json
after a whole one, and the growth curves as SVG. Exits with 1 when a goal is missed or a figure failed.`;

const print = (line: string): void => void process.stdout.write(`${line}\n`);

function options(): { quick: boolean; dist: string; figures: readonly Figure[] } | undefined {
  const { values } = parseArgs({
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string" },
      dist: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return undefined;
  const names = values.only?.split(",") ?? FIGURES.map(({ name }) => name);
  const figures = names.map((name) => {
    const figure = FIGURES.find((known) => known.name === name);
    if (!figure) throw new Error(`There is no figure "${name}": see --help`);
    return figure;
  });
  const dist = resolve(values.dist ?? process.env["MODULE_DIST"] ?? join(projectRoot, "dist"));
  if (!existsSync(dist) || bundleIn(dist) === undefined)
    throw new Error(`${dist} has no built module: run "npm run build" first`);
  return { quick: values.quick, dist, figures };
}

async function take(figure: Figure, around: Omit<Bench, "log">): Promise<Taken> {
  const { name, question, limitMinutes } = figure;
  const started = Date.now();
  const seconds = (): number => Math.round((Date.now() - started) / 100) / 10;
  const log = (line: string): void => print(`${seconds().toFixed(1).padStart(7)} s  ${line}`);
  print(`\n${name}: ${question} (at most ${limitMinutes} minutes)`);
  const limit = new AbortController();
  const outOfTime = (): void => limit.abort(new Error(`not done after ${limitMinutes} minutes`));
  const timer = setTimeout(outOfTime, limitMinutes * 60_000);
  try {
    const signal = AbortSignal.any([around.signal, limit.signal]);
    const answer = await figure.run({ ...around, signal, log });
    log("done");
    return { question, seconds: seconds(), answer };
  } catch (error) {
    const failed = limit.signal.aborted ? messageOf(limit.signal.reason) : messageOf(error);
    log(`failed: ${failed}`);
    return { question, seconds: seconds(), failed };
  } finally {
    clearTimeout(timer);
  }
}

async function main(signal: AbortSignal): Promise<number> {
  const wish = options();
  if (!wish) {
    print(usage);
    return 0;
  }
  const { quick, dist, figures } = wish;
  const about = machine();
  print(machineLines(about));
  // Building it may take minutes, and is no part of any figure.
  await ensureToolchain({ log: print, signal });
  const taken: Record<string, Taken> = {};
  for (const figure of figures) {
    taken[figure.name] = await take(figure, { quick, dist, signal });
    if (signal.aborted) return 130;
  }
  const whole = figures.length === FIGURES.length;
  const run: Run = { date: new Date().toISOString(), quick, whole, machine: about, figures: taken };
  const folder = join(projectRoot, "bench", "results", ...(quick ? ["quick"] : []));
  const file = keep(run, folder);
  print(`\n${machineLines(about)}\n\n${table(run)}\n\n${file}`);
  return isGood(run) ? 0 : 1;
}

const interrupt = new AbortController();
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(name, () => {
    // Whoever insists is let go: the sandbox's guard ends what is left.
    if (interrupt.signal.aborted) process.exit(130);
    interrupt.abort(new Error("interrupted"));
  });

void main(interrupt.signal)
  .catch((error: unknown) => {
    process.stderr.write(`${messageOf(error)}\n`);
    return 1;
  })
  .then((code) => process.exit(code));
