import type { KubeObject } from "./kube-object";

interface ClientConfig {
  service?: { path?: string };
  url?: string;
  caBundle?: string;
}

export interface LocalServer {
  readonly url: string;
  readonly caBundle: string;
}

/**
 * The same object with every webhook pointed from a Service to a local address. Nothing else
 * changes: names, rules, selectors and matchConditions stay the author's.
 */
export function withLocalWebhooks(object: KubeObject, server: LocalServer): KubeObject {
  const copy = structuredClone(object);
  if (isDefinition(copy)) {
    const { spec } = copy as unknown as {
      spec: { conversion?: { webhook?: { clientConfig?: ClientConfig } } };
    };
    if (spec.conversion?.webhook) {
      spec.conversion.webhook.clientConfig = local(spec.conversion.webhook.clientConfig, server);
    }
  }
  const { webhooks = [] } = copy as unknown as { webhooks?: { clientConfig: ClientConfig }[] };
  for (const webhook of webhooks) webhook.clientConfig = local(webhook.clientConfig, server);
  return copy;
}

/** The same CRD with its stored version alone, where nobody converts to others. */
export function ofOneVersion(definition: KubeObject): KubeObject {
  const copy = structuredClone(definition) as KubeObject & {
    spec: { conversion?: unknown; versions: { storage: boolean }[] };
  };
  delete copy.spec.conversion;
  copy.spec.versions = copy.spec.versions.filter(({ storage }) => storage);
  return copy;
}

function local(config: ClientConfig | undefined, server: LocalServer): ClientConfig {
  return {
    url: `${server.url}${config?.service?.path ?? "/convert"}`,
    caBundle: server.caBundle,
  };
}

export function isDefinition(object: KubeObject): boolean {
  return object.kind === "CustomResourceDefinition";
}

export function isWebhookConfiguration(object: KubeObject): boolean {
  return object.kind.endsWith("WebhookConfiguration");
}
