import { setTimeout as sleep } from "node:timers/promises";
import { ApiFailure } from "./api-client";
import type { ApiClient } from "./api-client";
import { readAudit } from "./audit";
import { SandboxFailure } from "./failure";
import type { KubeObject } from "./kube-object";
import { labApiVersion } from "./lab-infrastructure";

/**
 * Waits until the API server really calls these webhooks: it takes up a new configuration only
 * after a moment, and a test that begins earlier would see writes pass by the module. Dry-run
 * creates are sent until the audit log names each configuration; nothing is stored.
 */
export async function untilCalled(
  api: ApiClient,
  auditFile: string,
  configurations: readonly KubeObject[],
  /** What the Clusters of the probe say; conditions of the webhook may look at it. */
  spec: Record<string, unknown>,
): Promise<void> {
  const wanted = configurations.filter(seesClusterCreates).map(({ metadata }) => metadata.name);
  if (wanted.length === 0) return;
  const deadline = Date.now() + 30_000;
  for (let round = 0; ; round++) {
    const name = `sandbox-probe-${Date.now()}-${round}`;
    const answer = await api.create(probe(name, spec), "?dryRun=All").catch((error: unknown) => {
      // A refusal is an answer too.
      if (error instanceof ApiFailure) return error.message;
      throw error;
    });
    const [entry] = await readAudit(auditFile, { resource: "clusters", verb: "create", name });
    const called = Object.values(entry?.annotations ?? {});
    if (wanted.every((webhook) => called.some((text) => text.includes(`"${webhook}"`)))) return;
    if (Date.now() > deadline) {
      throw new SandboxFailure(
        `The API server does not call ${wanted.join(", ")} after 30 s. Its last answer: ${JSON.stringify(answer).slice(0, 500)}`,
      );
    }
    await sleep(100);
  }
}

/** Mutating ones alone: a validating call leaves no trace in the audit log. */
function seesClusterCreates(configuration: KubeObject): boolean {
  if (configuration.kind !== "MutatingWebhookConfiguration") return false;
  const { webhooks = [] } = configuration as unknown as {
    webhooks?: { rules?: { resources?: string[]; operations?: string[] }[] }[];
  };
  return webhooks.some(({ rules = [] }) =>
    rules.some(
      ({ resources = [], operations = [] }) =>
        resources.some((resource) => resource === "clusters" || resource === "*") &&
        operations.some((operation) => operation === "CREATE" || operation === "*"),
    ),
  );
}

/** A Cluster of no topology: nobody has anything to look up for it. */
export const plainCluster = { clusterNetwork: {} };

/** A Cluster of the probe class, so that a module with matchConditions on the topology sees it. */
export const classyCluster = {
  topology: { classRef: { name: "sandbox-probe" }, version: "v1.36.0" },
};

/**
 * Creates a ClusterClass for the probes: Cluster API waits 2 s for a class that is missing, at
 * every write. Returns what removes it.
 */
export async function createProbeClass(api: ApiClient): Promise<() => Promise<void>> {
  const metadata = { name: "sandbox-probe", namespace: "default" };
  const template: KubeObject = {
    apiVersion: labApiVersion,
    kind: "LabClusterTemplate",
    metadata,
    spec: { template: { spec: {} } },
  };
  const templateRef = { apiVersion: labApiVersion, kind: template.kind, name: metadata.name };
  const clusterClass: KubeObject = {
    apiVersion: "cluster.x-k8s.io/v1beta2",
    kind: "ClusterClass",
    metadata,
    spec: { infrastructure: { templateRef }, controlPlane: { templateRef } },
  };
  await api.apply(template);
  await api.apply(clusterClass);
  return async () => {
    await api.delete(clusterClass);
    await api.delete(template);
  };
}

function probe(name: string, spec: Record<string, unknown>): KubeObject {
  return {
    apiVersion: "cluster.x-k8s.io/v1beta2",
    kind: "Cluster",
    metadata: { name, namespace: "default" },
    spec,
  };
}
