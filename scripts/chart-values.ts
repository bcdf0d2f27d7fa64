/** Answers: what can an installation decide about the webhook, and what does the webhook become by it? */
import type { KubeObject } from "./manifest";

/** The part of Pepr's values.yaml that the webhook configuration depends on. */
export interface WebhookValues {
  readonly uuid: string;
  readonly additionalIgnoredNamespaces: readonly string[];
  readonly admission: { readonly failurePolicy: string; readonly webhookTimeout: number | string };
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
  readonly rules: readonly unknown[];
  readonly matchConditions?: readonly unknown[];
}

/** The same configuration, decided otherwise. */
export function underValues(
  configuration: WebhookConfiguration,
  from: WebhookValues,
  to: WebhookValues,
): WebhookConfiguration {
  return {
    ...configuration,
    metadata: { ...configuration.metadata, name: to.uuid },
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
