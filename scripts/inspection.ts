/** Answers: does what was built say what it must, in the manifest and in the chart? */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { parse } from "yaml";
import { pepr } from "../package.json";
import type { Finding } from "./build-failure";
import type { WebhookConfiguration, WebhookValues } from "./chart-values";
import { saysTheSame } from "./chart-webhook";
import { objectIn, webhookIn } from "./completion";
import {
  CHART_TEMPLATES,
  checkFirstManifest,
  checkObjects,
  checkOrder,
  checkRules,
  checkStoreNames,
  checkWebhook,
  equal,
  nameOf,
  type Rule,
} from "./expectations";
import { objectsOf, type KubeObject } from "./manifest";
import { laterConditions } from "./match-conditions";
import { checkModule, encodedModule } from "./module-secret";
import {
  FIRST_MANIFEST,
  FIRST_TEMPLATE,
  MANIFEST,
  NAME,
  pathOf,
  read,
  SCRIPT,
  TEMPLATES,
  VALUES,
  WEBHOOK_TEMPLATE,
} from "./output";
import { furtherPools, withPoolRules } from "./pool-rules";
import { WEBHOOK_KIND } from "./webhook";

type Values = WebhookValues & { readonly hash: string; readonly rbac: readonly Rule[] };

const wantedRules = (): readonly Rule[] => withPoolRules(pepr.rbac, furtherPools());

const inFile = (file: string, checks: readonly Omit<Finding, "file">[]): Finding[] =>
  checks.map((check) => ({ file, ...check }));

export function inspect(objects: readonly KubeObject[]): Finding[] {
  return [
    ...inspectManifest(objects),
    ...inspectFirstManifest(objects),
    ...inspectValues(objects),
    ...inFile(TEMPLATES, equal("the templates", CHART_TEMPLATES, readdirSync(pathOf(TEMPLATES)).sort())),
    ...CHART_TEMPLATES.flatMap((file) => inspectTemplate(join(TEMPLATES, file), objects)),
  ];
}

function inspectManifest(objects: readonly KubeObject[]): Finding[] {
  const rules = objectIn(objects, `ClusterRole ${NAME}`)["rules"] as readonly Rule[];
  return inFile(MANIFEST, [
    ...checkObjects(objects, NAME),
    ...checkRules(rules, wantedRules()),
    ...checkStoreNames(rules, NAME),
    ...checkWebhook(webhookIn(objects).webhooks, NAME, pepr.webhookTimeout),
    ...checkModule(objectIn(objects, `Secret ${NAME}-module`), readFileSync(pathOf(SCRIPT))),
  ]);
}

function inspectFirstManifest(plain: readonly KubeObject[]): Finding[] {
  const objects = objectsOf(read(FIRST_MANIFEST));
  const configurations = objects.filter(({ kind }) => kind === WEBHOOK_KIND) as WebhookConfiguration[];
  const [first, later] = configurations;
  return inFile(FIRST_MANIFEST, [
    ...checkFirstManifest(objects, plain),
    ...checkOrder(configurations, NAME),
    ...checkWebhook(first?.webhooks ?? [], NAME, pepr.webhookTimeout),
    ...checkWebhook(later?.webhooks ?? [], NAME, pepr.webhookTimeout, ["UPDATE"], laterConditions()),
  ]);
}

function inspectValues(objects: readonly KubeObject[]): Finding[] {
  const values = parse(read(VALUES)) as Values;
  const { key } = encodedModule(objectIn(objects, `Secret ${NAME}-module`));
  const same = saysTheSame([FIRST_TEMPLATE, WEBHOOK_TEMPLATE].map(read), webhookIn(objects), values);
  return [
    ...inFile(VALUES, [
      ...equal("uuid", NAME, values.uuid),
      ...equal("hash", key, `module-${values.hash}.js.gz`),
      ...equal("failurePolicy", "Fail", values.admission.failurePolicy),
      ...equal("webhookTimeout", pepr.webhookTimeout, values.admission.webhookTimeout),
      ...equal("beforeClusterApi", false, values.admission.beforeClusterApi),
      ...checkRules(values.rbac, wantedRules()),
    ]),
    ...inFile(WEBHOOK_TEMPLATE, equal("in both orders, what the manifests say", true, same)),
  ];
}

/** A template with nothing open is an object of the manifest, or it is damaged. */
function inspectTemplate(file: string, objects: readonly KubeObject[]): Finding[] {
  const text = read(file);
  if (text.includes("{{")) return [];
  const object = parse(text) as KubeObject;
  const same = objects.some((each) => isDeepStrictEqual(each, object));
  return inFile(file, equal(`${nameOf(object)} is the one in ${MANIFEST}`, true, same));
}
