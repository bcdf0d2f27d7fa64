/**
 * Answers: what does `npm run build` do?
 *
 * Plain `pepr build`, and what it cannot generate. Pepr ends with 0 on type errors and leaves old output
 * beside new, so types are checked first, everything is made in a folder of its own, and it moves to where
 * an installation looks for it only after every assertion held.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { parse } from "yaml";
import { readSettings, SettingsError } from "../lib/settings";
import { pepr } from "../package.json";
import { BuildFailure, textOf, type Finding } from "./build-failure";
import { withTimeoutBounds } from "./chart-schema";
import type { WebhookConfiguration, WebhookValues } from "./chart-values";
import { saysTheSame, webhookTemplate } from "./chart-webhook";
import {
  CHART_TEMPLATES,
  checkObjects,
  checkRules,
  checkStoreNames,
  checkWebhook,
  equal,
  nameOf,
  type Rule,
} from "./expectations";
import { changeObject, objectsOf, type KubeObject } from "./manifest";
import { matchConditions } from "./match-conditions";
import { checkModule, encodedModule } from "./module-secret";
import { completeWebhook, SIDE_EFFECTS, WEBHOOK_KIND } from "./webhook";

const DIST = "dist";
/** Inside dist, so that nothing outside of it is ever left behind, and git never sees it. */
const UNFINISHED = join(DIST, ".unfinished");

const NAME = `pepr-${pepr.uuid}`;
const SCRIPT = `${NAME}.js`;
const MANIFEST = `pepr-module-${pepr.uuid}.yaml`;
const CHART = `${pepr.uuid}-chart`;
const TEMPLATES = join(CHART, "templates");
const WEBHOOK_TEMPLATE = join(TEMPLATES, "mutation-webhook.yaml");
const VALUES = join(CHART, "values.yaml");
const SCHEMA = join(CHART, "values.schema.json");
/** The manifest comes last: whoever waits for it finds everything else there. */
const FINISHED = [SCRIPT, `${SCRIPT}.map`, `${SCRIPT}.LEGAL.txt`, "zarf.yaml", CHART, MANIFEST];

type Values = WebhookValues & { readonly hash: string; readonly rbac: readonly Rule[] };

const fileOf = (name: string): string => join(UNFINISHED, name);
const read = (name: string): string => readFileSync(fileOf(name), "utf8");
const write = (name: string, text: string): void => writeFileSync(fileOf(name), text);
const print = (line: string): void => void process.stdout.write(`${line}\n`);

function run(command: string, ...args: readonly string[]): void {
  // "--no": never fetch what is not installed, "pepr" on the registry is another major version.
  const { status, stdout, stderr } = spawnSync("npx", ["--no", "--", command, ...args], { encoding: "utf8" });
  if (status !== 0) throw new BuildFailure(`${command} ${args.join(" ")} failed:\n${stdout}${stderr}`);
}

/** Before anything is built: what is asked for must make sense. */
function checkSettings(): void {
  readSettings(pepr.env, pepr.webhookTimeout);
}

function checkFresh(startedAt: number): Finding[] {
  return FINISHED.flatMap((file): Finding[] => {
    const changedAt = statSync(fileOf(file), { throwIfNoEntry: false })?.mtimeMs;
    return changedAt !== undefined && changedAt >= startedAt - 1000
      ? []
      : [{ file, what: "must be made by this build", expected: "a new file", found: changedAt ?? "none" }];
  });
}

function complete(): string {
  write(MANIFEST, changeObject(read(MANIFEST), WEBHOOK_KIND, completeWebhook));
  write(
    SCHEMA,
    `${JSON.stringify(withTimeoutBounds(JSON.parse(read(SCHEMA)), pepr.webhookTimeout), null, 2)}\n`,
  );
  // The map was made one folder deeper than where it will be.
  write(`${SCRIPT}.map`, read(`${SCRIPT}.map`).replaceAll('"../../', '"../'));
  return completeTemplate();
}

function completeTemplate(): string {
  const values = parse(read(VALUES)) as Values;
  const plain = webhookIn(objectsOf(read(MANIFEST)));
  const asMadeByPepr = { ...plain, webhooks: plain.webhooks.map(withoutCompletion) };
  const damaged = !saysTheSame(read(WEBHOOK_TEMPLATE), asMadeByPepr, values);
  write(WEBHOOK_TEMPLATE, webhookTemplate(plain, values));
  return damaged
    ? "Pepr's template was damaged by its text replacement: repaired"
    : "Pepr's template was sound";
}

function withoutCompletion(webhook: WebhookConfiguration["webhooks"][number]): typeof webhook {
  const { matchConditions: _, ...rest } = webhook;
  return { ...rest, sideEffects: "None" };
}

function webhookIn(objects: readonly KubeObject[]): WebhookConfiguration {
  return only(objects, `${WEBHOOK_KIND} ${NAME}`) as WebhookConfiguration;
}

function only(objects: readonly KubeObject[], name: string): KubeObject {
  const object = objects.find((each) => nameOf(each) === name);
  if (!object)
    throw new BuildFailure(`${MANIFEST}: expected ${name}, found ${objects.map(nameOf).join(", ")}`);
  return object;
}

const inFile = (file: string, checks: readonly Omit<Finding, "file">[]): Finding[] =>
  checks.map((check) => ({ file, ...check }));

function checkManifest(objects: readonly KubeObject[]): Finding[] {
  const rules = only(objects, `ClusterRole ${NAME}`)["rules"] as readonly Rule[];
  return inFile(MANIFEST, [
    ...checkObjects(objects, NAME),
    ...checkRules(rules, pepr.rbac),
    ...checkStoreNames(rules, NAME),
    ...checkWebhook(webhookIn(objects).webhooks, NAME, pepr.webhookTimeout),
    ...checkModule(only(objects, `Secret ${NAME}-module`), readFileSync(fileOf(SCRIPT))),
  ]);
}

function checkChart(objects: readonly KubeObject[]): Finding[] {
  const values = parse(read(VALUES)) as Values;
  const template = read(WEBHOOK_TEMPLATE);
  const { key } = encodedModule(only(objects, `Secret ${NAME}-module`));
  return [
    ...inFile(TEMPLATES, equal("the templates", CHART_TEMPLATES, readdirSync(fileOf(TEMPLATES)).sort())),
    ...inFile(VALUES, [
      ...equal("uuid", NAME, values.uuid),
      ...equal("hash", key, `module-${values.hash}.js.gz`),
      ...equal("failurePolicy", "Fail", values.admission.failurePolicy),
      ...equal("webhookTimeout", pepr.webhookTimeout, values.admission.webhookTimeout),
      ...checkRules(values.rbac, pepr.rbac),
    ]),
    ...inFile(
      WEBHOOK_TEMPLATE,
      equal(`says what ${MANIFEST} says`, true, saysTheSame(template, webhookIn(objects), values)),
    ),
    ...CHART_TEMPLATES.flatMap((file) => checkFixedTemplate(join(TEMPLATES, file), objects)),
  ];
}

/** A template with nothing open is an object of the manifest, or it is damaged. */
function checkFixedTemplate(file: string, objects: readonly KubeObject[]): Finding[] {
  const text = read(file);
  if (text.includes("{{")) return [];
  const object = parse(text) as KubeObject;
  const same = objects.some((each) => isDeepStrictEqual(each, object));
  return inFile(file, equal(`${nameOf(object)} is the one in ${MANIFEST}`, true, same));
}

function publish(): void {
  for (const file of FINISHED) renameSync(fileOf(file), join(DIST, file));
  rmSync(UNFINISHED, { recursive: true });
}

function summary(objects: readonly KubeObject[], template: string): void {
  const script = statSync(join(DIST, SCRIPT)).size;
  const secret = encodedModule(only(objects, `Secret ${NAME}-module`)).text.length;
  print(`${join(DIST, MANIFEST)}: ${objects.length} objects`);
  print(`${join(DIST, CHART)}: ${CHART_TEMPLATES.length} templates; ${template}`);
  print(`${join(DIST, SCRIPT)}: ${script} bytes, ${secret} of 1048576 in the module's Secret`);
  print(
    `Added: sideEffects ${SIDE_EFFECTS}; matchConditions ${matchConditions()
      .map(({ name }) => name)
      .join(", ")};`,
  );
  print(`       in the chart webhookTimeout from ${pepr.webhookTimeout} to 30 only`);
}

function build(): void {
  const startedAt = Date.now();
  rmSync(DIST, { recursive: true, force: true });
  checkSettings();
  run("tsc", "--noEmit", "-p", "tsconfig.json");
  mkdirSync(UNFINISHED, { recursive: true });
  run("pepr", "build", "--output", UNFINISHED);
  refuse(checkFresh(startedAt));
  const template = complete();
  const objects = objectsOf(read(MANIFEST));
  refuse([...checkManifest(objects), ...checkChart(objects)]);
  publish();
  summary(objects, template);
}

function refuse(findings: readonly Finding[]): void {
  if (findings.length > 0) throw new BuildFailure(findings.map(textOf).join("\n"));
}

try {
  build();
} catch (error) {
  if (!(error instanceof BuildFailure) && !(error instanceof SettingsError)) throw error;
  process.stderr.write(`The build failed, ${DIST} holds nothing to install.\n${error.message}\n`);
  process.exitCode = 1;
}
