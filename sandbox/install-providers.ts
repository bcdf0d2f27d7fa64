import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { ApiClient } from "./api-client";
import { base64Of } from "./certificate";
import type { Ground } from "./control-plane";
import { SandboxFailure } from "./failure";
import type { KubeObject } from "./kube-object";
import { labDefinitions } from "./lab-infrastructure";
import { isDefinition, isWebhookConfiguration, ofOneVersion, withLocalWebhooks } from "./local-webhooks";
import { webhookUrl } from "./providers";
import { kubeadmProviders } from "./versions";
import type { ProviderName } from "./versions";

/**
 * Reads the providers' manifests, with their webhooks pointed at the local processes; of the kubeadm providers
 * at least their kinds, for every ClusterClass is made of them.
 */
export function providerObjects(ground: Ground, running: readonly ProviderName[]): KubeObject[] {
  const caBundle = base64Of(ground.certificate.cert);
  const read = (name: ProviderName): KubeObject[] =>
    JSON.parse(readFileSync(ground.tools.manifests.providers[name], "utf8")) as KubeObject[];
  const idle = kubeadmProviders.filter((name) => !running.includes(name));
  return [
    ...running.flatMap((name) =>
      read(name).map((object) => withLocalWebhooks(object, { url: webhookUrl(ground, name), caBundle })),
    ),
    ...idle.flatMap((name) => read(name).filter(isDefinition).map(ofOneVersion)),
  ];
}

/** Creates namespaces and CRDs and waits until the API server serves them all. */
export async function createDefinitions(api: ApiClient, objects: readonly KubeObject[]): Promise<void> {
  const definitions = [...objects.filter(isDefinition), ...labDefinitions()];
  const namespaces = objects.filter((object) => object.kind === "Namespace");
  await Promise.all([...namespaces, ...definitions].map((object) => api.create(object)));
  await untilServed(api, definitions);
}

/** Creates the webhook configurations; the managers must be ready, or every write would fail. */
export async function createWebhooks(api: ApiClient, objects: readonly KubeObject[]): Promise<void> {
  await Promise.all(objects.filter(isWebhookConfiguration).map((object) => api.create(object)));
}

/** Waits until the resources of these CRDs stand in the API server's discovery. */
export async function untilServed(api: ApiClient, definitions: readonly KubeObject[]): Promise<void> {
  const wanted = new Map<string, Set<string>>();
  for (const { spec } of definitions as unknown as readonly Definition[]) {
    for (const { name } of spec.versions.filter((version) => version.served)) {
      const group = `${spec.group}/${name}`;
      wanted.set(group, (wanted.get(group) ?? new Set()).add(spec.names.plural));
    }
  }
  await Promise.all([...wanted].map(([group, plurals]) => untilGroupServes(api, group, plurals)));
}

async function untilGroupServes(api: ApiClient, group: string, plurals: ReadonlySet<string>): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const served = await resourcesOf(api, group);
    if ([...plurals].every((plural) => served.has(plural))) return;
    if (Date.now() > deadline) {
      throw new SandboxFailure(`The API server does not serve all of ${group} after 30 s`);
    }
    await sleep(50);
  }
}

interface Definition {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly plural: string };
    readonly versions: readonly { readonly name: string; readonly served: boolean }[];
  };
}

async function resourcesOf(api: ApiClient, group: string): Promise<Set<string>> {
  try {
    const { resources } = await api.get<{ resources: { name: string }[] }>(`/apis/${group}`);
    return new Set(resources.map((resource) => resource.name));
  } catch {
    // The group appears with its first resource.
    return new Set();
  }
}
