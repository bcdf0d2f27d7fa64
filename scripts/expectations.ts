/** Answers: is what was built complete, and does it allow no more than it must? */
import { isDeepStrictEqual } from "node:util";
import { CLUSTERS } from "../lib/adapters/kinds";
import type { Finding } from "./build-failure";
import type { Webhook, WebhookConfiguration } from "./chart-values";
import type { KubeObject } from "./manifest";
import { matchConditions, type MatchCondition } from "./match-conditions";
import { SIDE_EFFECTS, WEBHOOK_KIND } from "./webhook";
import { CLUSTER_API_CONFIGURATION, FIRST } from "./webhook-order";

export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

type Check = Omit<Finding, "file">;

export const equal = (what: string, expected: unknown, found: unknown): Check[] =>
  isDeepStrictEqual(expected, found) ? [] : [{ what, expected, found }];

/** Everything an installation needs, and nothing that nobody has thought about. */
export function expectedObjects(name: string): readonly string[] {
  return [
    "Namespace pepr-system",
    `ClusterRole ${name}`,
    `ClusterRoleBinding ${name}`,
    `ServiceAccount ${name}`,
    `Secret ${name}-api-path`,
    `Secret ${name}-tls`,
    `Secret ${name}-module`,
    `Role ${name}-store`,
    `RoleBinding ${name}-store`,
    `Deployment ${name}-watcher`,
    `Deployment ${name}`,
    `Service ${name}`,
    `Service ${name}-watcher`,
    `${WEBHOOK_KIND} ${name}`,
  ];
}

export const nameOf = ({ kind, metadata }: KubeObject): string => `${kind} ${metadata.name}`;

export const checkObjects = (objects: readonly KubeObject[], name: string): Check[] =>
  equal("the objects", [...expectedObjects(name)].sort(), objects.map(nameOf).sort());

/** Templates with a condition around them are made by Pepr only for what the module has. */
export const CHART_TEMPLATES: readonly string[] = [
  "admission-deployment.yaml",
  "admission-service-monitor.yaml",
  "admission-service.yaml",
  "api-path-secret.yaml",
  "cluster-role-binding.yaml",
  "cluster-role.yaml",
  "module-secret.yaml",
  "mutation-webhook-before-cluster-api.yaml",
  "mutation-webhook.yaml",
  "namespace.yaml",
  "service-account.yaml",
  "store-role-binding.yaml",
  "store-role.yaml",
  "tls-secret.yaml",
  "watcher-deployment.yaml",
  "watcher-service-monitor.yaml",
  "watcher-service.yaml",
];

/**
 * Pepr adds to `pepr.rbac` what it thinks it needs. Where package.json already says all of it, by name,
 * there is nothing to add: the file that a reviewer reads is the whole truth.
 */
export function checkRules(found: readonly Rule[], wanted: readonly Rule[]): Check[] {
  const beyond = (some: readonly Rule[], others: readonly Rule[]): readonly Rule[] =>
    some.filter((rule) => !others.some((other) => isDeepStrictEqual(rule, other)));
  const wild = found.filter((rule) => Object.values(rule).some((values: string[]) => values.includes("*")));
  return [
    ...equal("rules of pepr.rbac in package.json that are missing", [], beyond(wanted, found)),
    ...equal("rules that pepr.rbac in package.json does not have", [], beyond(found, wanted)),
    ...equal("rules with a wildcard", [], wild),
  ];
}

/** Pepr's own objects are named after the uuid; the rules for them must be as well. */
export function checkStoreNames(rules: readonly Rule[], name: string): Check[] {
  const names = rules.filter(({ resources }) => resources.includes("peprstores"));
  return equal(
    "the stores that the module may use",
    [[`${name}-store`, `${name}-schedule`]],
    names.map(({ resourceNames }) => resourceNames),
  );
}

/** The same but for the webhook: whoever installs it has lost nothing by being asked first. */
export function checkFirstManifest(first: readonly KubeObject[], plain: readonly KubeObject[]): Check[] {
  const others = (objects: readonly KubeObject[]) => objects.filter(({ kind }) => kind !== WEBHOOK_KIND);
  return [
    ...equal("the other objects are the same", true, isDeepStrictEqual(others(plain), others(first))),
    ...equal("the number of objects", plain.length + 1, first.length),
  ];
}

/** What the API server goes by is the name, byte by byte. */
export function checkOrder(configurations: readonly WebhookConfiguration[], name: string): Check[] {
  const names = configurations.map(({ metadata }) => metadata.name);
  return [
    ...equal("the webhook configurations", [`${FIRST}${name}`, name], names),
    ...equal(
      "their order and Cluster API's",
      [`${FIRST}${name}`, CLUSTER_API_CONFIGURATION, name],
      [...names, CLUSTER_API_CONFIGURATION].sort((one, other) => Buffer.compare(bytes(one), bytes(other))),
    ),
  ];
}

const bytes = (text: string): Buffer => Buffer.from(text);

export function checkWebhook(
  webhooks: readonly Webhook[],
  name: string,
  webhookTimeout: number,
  operations: readonly string[] = ["CREATE", "UPDATE"],
  conditions: readonly MatchCondition[] = matchConditions(),
): Check[] {
  const [webhook] = webhooks;
  const rule = {
    apiGroups: [CLUSTERS.group],
    apiVersions: [CLUSTERS.version],
    operations,
    resources: [CLUSTERS.plural],
  };
  return [
    ...equal(
      "the webhooks",
      [`${name}.pepr.dev`],
      webhooks.map((each) => each.name),
    ),
    ...equal("rules", [rule], webhook?.rules),
    ...equal("failurePolicy", "Fail", webhook?.failurePolicy),
    ...equal("timeoutSeconds", webhookTimeout, webhook?.timeoutSeconds),
    ...equal("sideEffects", SIDE_EFFECTS, webhook?.sideEffects),
    ...equal("matchConditions", conditions, webhook?.matchConditions),
    ...equal("path", true, /^\/mutate\/[0-9a-f]{64}$/.test(webhook?.clientConfig.service.path ?? "")),
  ];
}
