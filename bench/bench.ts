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

const usage = `Usage: npm run bench -- [OPTIONS]     (or: make bench ARGS="OPTIONS")

Measures the built module on a real management cluster of its own: API server, Cluster API and IPAM
provider. Figures that depend on the machine are ratios within the run. About 20 minutes.

${FIGURES.map(({ name, question }) => `  ${name.padEnd(8)} ${question}`).join("\n")}

  --only NAMES     these figures alone, for example single,burst
  --at-once SIZES  other sizes for burst, for example 20,20,100
  --quick          small sizes, about 4 minutes: does everything run? Its figures say little
  --dist FOLDER    the built module, by default dist/ (or the environment's MODULE_DIST)
  --help           this text

A whole run leaves JSON, latest.json and the growth curves as SVG in bench/results/; with any of the first
three options they go to bench/results/partial/, which git ignores. Exits with 1 when a goal is missed or a
figure failed.`;

const print = (line: string): void => void process.stdout.write(`${line}\n`);

interface Wish extends Pick<Bench, "quick" | "dist" | "atOnce"> {
  readonly figures: readonly Figure[];
  /** Every figure in its own sizes: what may be compared with other runs. */
  readonly whole: boolean;
}

function options(): Wish | undefined {
  const { values } = parseArgs({
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string" },
      "at-once": { type: "string" },
      dist: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return undefined;
  const { quick } = values;
  const dist = moduleIn(values.dist ?? process.env["MODULE_DIST"] ?? join(projectRoot, "dist"));
  const atOnce = values["at-once"]?.split(",").map(sizeOf);
  const figures = values.only?.split(",").map(figureOf) ?? FIGURES;
  return { quick, dist, atOnce, figures, whole: !quick && !atOnce && !values.only };
}

function moduleIn(folder: string): string {
  const dist = resolve(folder);
  if (existsSync(dist) && bundleIn(dist) !== undefined) return dist;
  throw new Error(`${dist} has no built module: run "npm run build" first`);
}

function figureOf(name: string): Figure {
  const figure = FIGURES.find((known) => known.name === name);
  if (!figure) throw new Error(`There is no figure "${name}": see --help`);
  return figure;
}

function sizeOf(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new Error(`"${text}" is no size for a burst: 1 to 9999`);
  return Number(text);
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
  const { figures, whole, ...around } = wish;
  const about = machine();
  print(machineLines(about));
  // Building it may take minutes, and is no part of any figure.
  await ensureToolchain({ log: print, signal });
  const taken: Record<string, Taken> = {};
  for (const figure of figures) {
    taken[figure.name] = await take(figure, { ...around, signal });
    if (signal.aborted) return 130;
  }
  const { quick } = around;
  const run: Run = { date: new Date().toISOString(), quick, whole, machine: about, figures: taken };
  const folder = join(projectRoot, "bench", "results", ...(whole ? [] : ["partial"]));
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
