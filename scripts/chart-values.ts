/** Answers: what can an installation decide about the webhook, and what does the webhook become by it? */
import { BuildFailure } from "./build-failure";
import type { KubeObject } from "./manifest";

/** The part of Pepr's values.yaml that the webhook configuration depends on. */
export interface WebhookValues {
  readonly uuid: string;
  readonly additionalIgnoredNamespaces: readonly string[];
  readonly admission: {
    readonly failurePolicy: string;
    readonly webhookTimeout: number | string;
    /** Ours, not Pepr's: are we asked before Cluster API? */
    readonly beforeClusterApi?: boolean;
  };
}

export interface WebhookConfiguration extends KubeObject {
  readonly webhooks: readonly Webhook[];
}

export interface Webhook {
  readonly name: string;
  readonly clientConfig: { readonly service: { readonly name: string; readonly path: string } };
  readonly namespaceSelector: {
    readonly matchExpressions: readonly { readonly values: readonly string[] }[];
  };
  readonly failurePolicy: string;
  readonly timeoutSeconds: number | string;
  readonly sideEffects: string;
  readonly rules: readonly Rule[];
  readonly matchConditions?: readonly unknown[];
}

export interface Rule {
  readonly operations: readonly string[];
  readonly [field: string]: unknown;
}

/** The same configuration, decided otherwise. */
export function underValues(
  configuration: WebhookConfiguration,
  from: WebhookValues,
  to: WebhookValues,
): WebhookConfiguration {
  return {
    ...configuration,
    metadata: { ...configuration.metadata, name: configuration.metadata.name.replace(from.uuid, to.uuid) },
    webhooks: configuration.webhooks.map((webhook) => webhookUnder(webhook, from, to)),
  };
}

function webhookUnder(webhook: Webhook, from: WebhookValues, to: WebhookValues): Webhook {
  const { name, clientConfig, namespaceSelector } = webhook;
  const always = (namespace: string): boolean => !from.additionalIgnoredNamespaces.includes(namespace);
  return {
    ...webhook,
    name: name.replace(from.uuid, to.uuid),
    clientConfig: { ...clientConfig, service: { ...clientConfig.service, name: to.uuid } },
    namespaceSelector: {
      ...namespaceSelector,
      matchExpressions: namespaceSelector.matchExpressions.map((expression) => ({
        ...expression,
        values: [...expression.values.filter(always), ...to.additionalIgnoredNamespaces],
      })),
    },
    failurePolicy: to.admission.failurePolicy,
    timeoutSeconds: to.admission.webhookTimeout,
  };
}

/** The value is there to be found and changed; the rest of the file keeps its bytes. */
export function withOrderSaid(valuesYaml: string): string {
  const [before, after, ...others] = valuesYaml.split(/^admission:\n/m);
  if (before === undefined || after === undefined || others.length > 0)
    throw new BuildFailure("values.yaml: expected one part admission");
  return `${before}admission:\n  beforeClusterApi: false\n${after}`;
}
