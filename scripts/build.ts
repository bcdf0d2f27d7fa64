/**
 * Answers: what does `npm run build` do?
 *
 * Plain `pepr build`, and what it cannot generate: when our webhook is asked, and in which order. Pepr ends
 * with 0 on type errors and leaves old output beside new, so types are checked first, everything is made in a
 * folder of its own, and it moves to where an installation looks for it only after every assertion held.
 */
import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { readSettings, SettingsError } from "../lib/settings";
import { pepr } from "../package.json";
import { BuildFailure, textOf, type Finding } from "./build-failure";
import { complete, objectIn, type Completion } from "./completion";
import { CHART_TEMPLATES } from "./expectations";
import { inspect } from "./inspection";
import { objectsOf, type KubeObject } from "./manifest";
import { matchConditions } from "./match-conditions";
import { encodedModule, SECRET_LIMIT } from "./module-secret";
import {
  CHART,
  checkFresh,
  clear,
  DIST,
  FIRST_MANIFEST,
  MANIFEST,
  NAME,
  publish,
  read,
  SCRIPT,
  UNFINISHED,
} from "./output";
import { furtherPools } from "./pool-rules";
import { SIDE_EFFECTS } from "./webhook";

const USAGE = `Usage: npm run build

Makes in ${DIST}/:
  ${MANIFEST}
      the module, asked after Cluster API: what you want unless you know better
  ${FIRST_MANIFEST}
      the same, asked before Cluster API, for classes whose clusterVip is required
      and has no default. README, "Before Cluster API", says when to use which
  ${CHART}
      the same as a Helm chart; its value admission.beforeClusterApi, by default
      false, chooses between the two
  ${SCRIPT}
      the script that is in all of them

There is nothing to choose at a build: all of it is made, by what package.json says
under "pepr". Option: --help, this text.`;

/** An option that is silently ignored would make a manifest that somebody takes for another one. */
function wantsHelp(): boolean {
  try {
    return parseArgs({ options: { help: { type: "boolean", short: "h" } } }).values.help ?? false;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new BuildFailure(`${why}\n"npm run build -- --help" says what is made.`);
  }
}

function build(): void {
  const startedAt = Date.now();
  clear();
  readSettings(pepr.env, pepr.webhookTimeout);
  run("tsc", "--noEmit", "-p", "tsconfig.json");
  run("pepr", "build", "--output", UNFINISHED);
  refuse(checkFresh(startedAt));
  const completion = complete();
  const objects = objectsOf(read(MANIFEST));
  refuse(inspect(objects));
  publish();
  for (const line of summary(objects, completion)) process.stdout.write(`${line}\n`);
}

function run(command: string, ...args: readonly string[]): void {
  // "--no": never fetch what is not installed; the newest "pepr" of the registry is not Pepr 1.
  const { status, stdout, stderr } = spawnSync("npx", ["--no", "--", command, ...args], {
    encoding: "utf8",
    // Pepr lints and formats the whole checkout first, and goes on whatever it finds: `npm run check` does both.
    env: { ...process.env, UNLINTED: "true" },
  });
  if (status !== 0) throw new BuildFailure(`${command} ${args.join(" ")} failed:\n${stdout}${stderr}`);
}

function refuse(findings: readonly Finding[]): void {
  if (findings.length > 0) throw new BuildFailure(findings.map(textOf).join("\n"));
}

function summary(objects: readonly KubeObject[], { repaired }: Completion): readonly string[] {
  const script = statSync(join(DIST, SCRIPT)).size;
  const secret = encodedModule(objectIn(objects, `Secret ${NAME}-module`)).text.length;
  const conditions = matchConditions().map(({ name }) => name);
  return [
    `${join(DIST, MANIFEST)}   ${objects.length} objects`,
    `${join(DIST, FIRST_MANIFEST)}   the same, asked before Cluster API`,
    `${join(DIST, CHART)}   ${CHART_TEMPLATES.length} templates`,
    `${join(DIST, SCRIPT)}   ${script} bytes; in the module's Secret ${secret} of ${SECRET_LIMIT}`,
    `Added   sideEffects ${SIDE_EFFECTS}; matchConditions ${conditions.join(", ")}`,
    `        to the chart's schema: webhookTimeout from ${pepr.webhookTimeout} to 30`,
    ...furtherPools().map(({ plural, group }) => `        the right to read ${plural}.${group}`),
    ...(repaired
      ? ["Repaired   the chart's webhook template, where Pepr had replaced texts too widely"]
      : []),
  ];
}

/** What a person can act on; anything else is a fault of this script and keeps its stack. */
const isPlain = (error: unknown): error is Error =>
  error instanceof BuildFailure ||
  error instanceof SettingsError ||
  (error instanceof Error && "syscall" in error);

try {
  if (wantsHelp()) process.stdout.write(`${USAGE}\n`);
  else build();
} catch (error) {
  if (!isPlain(error)) throw error;
  process.stderr.write(`The build failed, and ${DIST} got nothing from it.\n${error.message}\n`);
  process.exitCode = 1;
}
