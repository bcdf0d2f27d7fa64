/** Answers: how is each step of a plan written? One guarded request a step. */
import { applyEdit } from "../core/edit";
import { CLUSTER_NAME_LABEL, CLUSTER_UID, IN_USE, IPAM_API, RESERVED_AT, ROLE_LABEL } from "../core/contract";
import type { ClaimFacts, KubeObject, Metadata } from "../core/facts";
import type { ClaimWish, Step } from "../core/row";
import type { Executor, Outcome } from "../ports/executor";
import { ADDRESSES, CLAIMS, CLUSTERS, type Resource } from "./kinds";
import type { KubeClient } from "./kube-client";
import { failureOf } from "./kube-failure";
import { claimFacts } from "./kube-objects";

type StepOf<K extends Step["kind"]> = Extract<Step, { kind: K }>;
type Writers = {
  readonly [K in Step["kind"]]: (
    step: StepOf<K>,
    client: KubeClient,
    signal?: AbortSignal,
  ) => Promise<ClaimFacts | void>;
};

export class KubeExecutor implements Executor {
  constructor(private readonly client: KubeClient) {}

  async carryOut(steps: readonly Step[], signal?: AbortSignal): Promise<Outcome> {
    const claims: ClaimFacts[] = [];
    for (const step of steps) {
      const done = await this.#attempt(step, signal);
      if (done.kind !== "done") return done;
      claims.push(...done.claims);
    }
    return { kind: "done", claims };
  }

  async #attempt(step: Step, signal?: AbortSignal): Promise<Outcome> {
    try {
      const claim = await write(step, this.client, signal);
      return { kind: "done", claims: claim ? [claim] : [] };
    } catch (error) {
      const { kind, why } = failureOf(error, nameOf(step));
      // What is gone, or there already, was read wrongly: the same as a conflict.
      return { kind: kind === "absent" ? "conflict" : kind, why: `${step.kind} ${nameOf(step)}: ${why}` };
    }
  }
}

const write = <K extends Step["kind"]>(
  step: StepOf<K>,
  client: KubeClient,
  signal?: AbortSignal,
): Promise<ClaimFacts | void> => WRITERS[step.kind as K](step, client, signal);

function nameOf(step: Step): string {
  if (step.kind === "edit-cluster") return step.cluster.key.name;
  return "claim" in step ? step.claim.name : step.address.name;
}

const WRITERS: Writers = {
  "create-claim": async ({ claim }, client, signal) =>
    claimFacts(
      await client.create(CLAIMS, claim.namespace, claimObject(claim), signal),
      claim.role,
      Date.now(),
    ),
  "reserve-claim": async ({ claim, role }, client, signal) => {
    const reserved = await patch(client, CLAIMS, claim.source, reserve, signal);
    return claimFacts(reserved, role, Date.now());
  },
  "own-claim": async ({ claim, owner }, client) => {
    await patch(client, CLAIMS, claim.source, (metadata) => ({
      ...metadata,
      ownerReferences: [...(metadata.ownerReferences ?? []), owner],
    }));
  },
  "label-claim": async ({ claim, cluster }, client) => {
    await patch(client, CLAIMS, claim.source, (metadata) => ({
      ...metadata,
      labels: { ...metadata.labels, [CLUSTER_NAME_LABEL]: cluster },
    }));
  },
  "unlabel-claim": async ({ claim }, client) => {
    await patch(client, CLAIMS, claim.source, withoutClusterName);
  },
  "delete-claim": async ({ claim }, client) => client.delete(CLAIMS, claim.source),
  "protect-address": async ({ address, role, uid }, client) => {
    await patch(client, ADDRESSES, address.source, (metadata) => ({
      ...metadata,
      finalizers: [...new Set([...(metadata.finalizers ?? []), IN_USE])],
      annotations: { ...metadata.annotations, [CLUSTER_UID]: uid },
      labels: { ...metadata.labels, [ROLE_LABEL]: role.name },
    }));
  },
  "release-address": async ({ address }, client) => {
    await patch(client, ADDRESSES, address.source, (metadata) => ({
      ...metadata,
      finalizers: (metadata.finalizers ?? []).filter((finalizer) => finalizer !== IN_USE),
    }));
  },
  "edit-cluster": async ({ cluster, edit }, client) => {
    await client.patch(CLUSTERS, cluster.source, applyEdit(cluster.source, edit));
  },
};

const patch = (
  client: KubeClient,
  of: Resource,
  source: KubeObject,
  change: (metadata: Metadata) => Metadata,
  signal?: AbortSignal,
): Promise<KubeObject> => client.patch(of, source, { ...source, metadata: change(source.metadata) }, signal);

/** An old cluster-name label would keep the claim from being served before its Cluster exists. */
const reserve = (metadata: Metadata): Metadata => ({
  ...withoutClusterName(metadata),
  annotations: { ...metadata.annotations, [RESERVED_AT]: new Date().toISOString() },
});

function withoutClusterName(metadata: Metadata): Metadata {
  const { [CLUSTER_NAME_LABEL]: _, ...labels } = metadata.labels ?? {};
  return { ...metadata, labels };
}

/** Bare at admission: a claim that names a Cluster which does not exist yet is never served. */
function claimObject({ namespace, name, role, pool, owner }: ClaimWish): KubeObject {
  return {
    apiVersion: `${IPAM_API}/${CLAIMS.version}`,
    kind: CLAIMS.kind,
    metadata: {
      namespace,
      name,
      labels: { [ROLE_LABEL]: role.name },
      annotations: { [RESERVED_AT]: new Date().toISOString() },
      ...(owner && { ownerReferences: [owner] }),
    },
    spec: { poolRef: pool },
  };
}
