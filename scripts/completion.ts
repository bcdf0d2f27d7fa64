/** Answers: what is added to Pepr's output? */
import { parse, parseDocument, type Document } from "yaml";
import { pepr } from "../package.json";
import { BuildFailure } from "./build-failure";
import { withOrder, withTimeoutBounds } from "./chart-schema";
import { withOrderSaid, type WebhookConfiguration, type WebhookValues } from "./chart-values";
import { firstTemplate, saysTheSame, webhookTemplate } from "./chart-webhook";
import { nameOf, type Rule } from "./expectations";
import { changeObject, objectsOf, replaceObject, yamlOf, type KubeObject } from "./manifest";
import {
  FIRST_MANIFEST,
  FIRST_TEMPLATE,
  MANIFEST,
  NAME,
  read,
  SCHEMA,
  SCRIPT_MAP,
  VALUES,
  WEBHOOK_TEMPLATE,
  write,
} from "./output";
import { furtherPools, withPoolRules } from "./pool-rules";
import { completeWebhook, WEBHOOK_KIND } from "./webhook";
import { configurationsOf } from "./webhook-order";

export interface Completion {
  /** Had Pepr's text replacement damaged the chart? */
  readonly repaired: boolean;
}

export function complete(): Completion {
  const values = parse(read(VALUES)) as WebhookValues;
  const generated = webhookIn(objectsOf(read(MANIFEST)));
  const repaired = !saysTheSame([read(WEBHOOK_TEMPLATE)], generated, values, [false]);
  write(MANIFEST, changeObject(read(MANIFEST), WEBHOOK_KIND, completeWebhook));
  if (furtherPools().length > 0) allowPools();
  const plain = webhookIn(objectsOf(read(MANIFEST)));
  write(FIRST_MANIFEST, replaceObject(read(MANIFEST), WEBHOOK_KIND, configurationsOf(plain, true)));
  write(WEBHOOK_TEMPLATE, webhookTemplate(plain, values));
  write(FIRST_TEMPLATE, firstTemplate(plain, values));
  write(VALUES, withOrderSaid(read(VALUES)));
  const schema = withOrder(withTimeoutBounds(JSON.parse(read(SCHEMA)), pepr.webhookTimeout));
  write(SCHEMA, `${JSON.stringify(schema, null, 2)}\n`);
  // The map was made one folder deeper than where it will be.
  write(SCRIPT_MAP, read(SCRIPT_MAP).replaceAll('"../../', '"../'));
  return { repaired };
}

function allowPools(): void {
  const allow = (document: Document, field: string): void => {
    const rules = (document.toJS() as Record<string, readonly Rule[]>)[field] ?? [];
    document.set(field, document.createNode(withPoolRules(rules, furtherPools())));
  };
  write(
    MANIFEST,
    changeObject(read(MANIFEST), "ClusterRole", (document) => allow(document, "rules")),
  );
  const values = parseDocument(read(VALUES)) as Document;
  allow(values, "rbac");
  write(VALUES, yamlOf(values));
}

export const webhookIn = (objects: readonly KubeObject[]): WebhookConfiguration =>
  objectIn(objects, `${WEBHOOK_KIND} ${NAME}`) as WebhookConfiguration;

export function objectIn(objects: readonly KubeObject[], name: string): KubeObject {
  const object = objects.find((each) => nameOf(each) === name);
  if (object) return object;
  throw new BuildFailure(`${MANIFEST}: expected ${name}, found ${objects.map(nameOf).join(", ")}`);
}
