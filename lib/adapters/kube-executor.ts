/** Answers: how is each step of a plan written? One guarded request a step. */
import { isIP } from "node:net";
import { applyEdit } from "../core/edit";
import { CLUSTER_NAME_LABEL, CLUSTER_UID, IN_USE, IPAM_API, RESERVED_AT, ROLE_LABEL } from "../core/contract";
import type { ClaimFacts, Condition, KubeObject, Metadata, OwnerReference } from "../core/facts";
import type { ClaimWish, Pin, Step } from "../core/row";
import type { Clock } from "../ports/clock";
import type { Executor, Outcome } from "../ports/executor";
import { RequestFailed, type Client } from "./client";
import { ADDRESSES, CLAIMS, CLUSTERS, type Resource } from "./kinds";
import { failureOf } from "./kube-failure";
import { claimFacts } from "./kube-objects";

type StepOf<K extends Step["kind"]> = Extract<Step, { kind: K }>;

/** What a write needs besides its step. */
interface Desk {
  readonly client: Client;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
}

type Writers = {
  readonly [K in Step["kind"]]: (step: StepOf<K>, desk: Desk) => Promise<ClaimFacts | void>;
};

export class KubeExecutor implements Executor {
  constructor(
    private readonly client: Client,
    private readonly clock: Clock,
  ) {}

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
      const claim = await write(step, { client: this.client, clock: this.clock, signal });
      return { kind: "done", claims: claim ? [claim] : [] };
    } catch (error) {
      const { kind, why } = failureOf(error, nameOf(step));
      // What is gone, or there already, was read wrongly: the same as a conflict.
      const outcome = kind === "absent" ? "conflict" : kind;
      return { kind: outcome, why: `${step.kind} ${nameOf(step)}: ${why}`, step: step.kind };
    }
  }
}

const write = <K extends Step["kind"]>(step: StepOf<K>, desk: Desk): Promise<ClaimFacts | void> =>
  WRITERS[step.kind as K](step, desk);

function nameOf(step: Step): string {
  if (step.kind === "edit-cluster" || step.kind === "write-conditions") return step.cluster.key.name;
  return "claim" in step ? step.claim.name : step.address.name;
}

const WRITERS: Writers = {
  "create-claim": async ({ claim }, { client, clock, signal }) => {
    const body = claimObject(claim, stamp(clock));
    const created = await client.create(CLAIMS, claim.namespace, body, signal);
    return claimFacts(created, { name: claim.role }, clock.now(), clock.now());
  },
  "pin-address": async ({ claim, pin }, { client, clock, signal }) => {
    await client.create(ADDRESSES, claim.namespace, addressObject(claim, pin, stamp(clock)), signal);
  },
  "park-address": async ({ claim, pin }, { client, clock, signal }) => {
    const address = ownedBy(claim.owner, addressObject(claim, pin, stamp(clock)));
    await client.create(ADDRESSES, claim.namespace, address, signal).catch(unlessThere);
    await client.create(CLAIMS, claim.namespace, claimObject(claim, stamp(clock)), signal).catch(unlessThere);
  },
  "delete-address": async ({ address }, { client, signal }) =>
    client.delete(ADDRESSES, address.source, signal),
  "reserve-claim": async ({ claim, role }, desk) => {
    const reserved = await patch(desk, CLAIMS, claim.source, reserve(stamp(desk.clock)));
    return claimFacts(reserved, role, desk.clock.now(), desk.clock.now());
  },
  "adopt-claim": async ({ claim, owner, cluster }, desk) => {
    await patch(desk, CLAIMS, claim.source, (metadata) => ({
      ...metadata,
      ...(owner && { ownerReferences: [...(metadata.ownerReferences ?? []), owner] }),
      ...(cluster !== undefined && { labels: { ...metadata.labels, [CLUSTER_NAME_LABEL]: cluster } }),
    }));
  },
  "unlabel-claim": async ({ claim }, desk) => {
    await patch(desk, CLAIMS, claim.source, withoutClusterName);
  },
  "delete-claim": async ({ claim }, { client, signal }) => client.delete(CLAIMS, claim.source, signal),
  "protect-address": async ({ address, role, uid, cluster }, desk) => {
    await patch(desk, ADDRESSES, address.source, (metadata) => ({
      ...metadata,
      finalizers: [...new Set([...(metadata.finalizers ?? []), IN_USE])],
      annotations: { ...metadata.annotations, [CLUSTER_UID]: uid },
      // A provider copies the cluster's name from the claim; doing it here spares it a write for each claim.
      labels: { ...metadata.labels, [ROLE_LABEL]: role.name, [CLUSTER_NAME_LABEL]: cluster },
    }));
  },
  "release-address": async ({ address }, desk) => {
    await patch(desk, ADDRESSES, address.source, (metadata) => ({
      ...metadata,
      finalizers: (metadata.finalizers ?? []).filter((finalizer) => finalizer !== IN_USE),
    }));
  },
  "edit-cluster": async ({ cluster, edit }, { client, signal }) => {
    await client.patch(CLUSTERS, cluster.source, applyEdit(cluster.source, edit), signal);
  },
  "write-conditions": async ({ cluster, conditions }, { client, clock, signal }) => {
    const status = { conditions: conditions.map((one) => conditionObject(one, clock)) };
    await client.applyStatus(CLUSTERS, cluster.source, status, signal);
  },
};

const conditionObject = ({ since, observedGeneration, ...said }: Condition, clock: Clock): object => ({
  ...said,
  lastTransitionTime: since ?? inSeconds(clock),
  ...(observedGeneration !== undefined && { observedGeneration }),
});

/** As all times of conditions are written. */
const inSeconds = (clock: Clock): string => stamp(clock).replace(/\.\d+/, "");

const patch = (
  { client, signal }: Desk,
  of: Resource,
  source: KubeObject,
  change: (metadata: Metadata) => Metadata,
): Promise<KubeObject> => client.patch(of, source, { ...source, metadata: change(source.metadata) }, signal);

const stamp = (clock: Clock): string => new Date(clock.now()).toISOString();

/** An old cluster-name label would keep the claim from being served before its Cluster exists. */
const reserve =
  (now: string) =>
  (metadata: Metadata): Metadata => ({
    ...withoutClusterName(metadata),
    annotations: { ...metadata.annotations, [RESERVED_AT]: now },
  });

function withoutClusterName(metadata: Metadata): Metadata {
  const { [CLUSTER_NAME_LABEL]: _, ...labels } = metadata.labels ?? {};
  return { ...metadata, labels };
}

/** Bare at admission: a claim that names a Cluster which does not exist yet is never served. */
function claimObject({ namespace, name, role, pool, owner }: ClaimWish, now: string): KubeObject {
  return {
    apiVersion: `${IPAM_API}/${CLAIMS.version}`,
    kind: CLAIMS.kind,
    metadata: {
      namespace,
      name,
      labels: { [ROLE_LABEL]: role },
      annotations: { [RESERVED_AT]: now },
      ...(owner && { ownerReferences: [owner] }),
    },
    spec: { poolRef: pool },
  };
}

/** As the in-cluster provider makes it: it takes one of the claim's name for the answer, and completes it. */
function addressObject(
  { namespace, name, role }: ClaimWish,
  { address, pool }: Pin,
  now: string,
): KubeObject {
  return {
    apiVersion: `${IPAM_API}/${ADDRESSES.version}`,
    kind: ADDRESSES.kind,
    metadata: { namespace, name, labels: { [ROLE_LABEL]: role }, annotations: { [RESERVED_AT]: now } },
    spec: {
      address,
      prefix: pool.prefix ?? (isIP(address) === 6 ? 128 : 32),
      ...(pool.gateway !== undefined && { gateway: pool.gateway }),
      claimRef: { name },
      poolRef: pool.ref,
    },
  };
}

/** Until the provider makes it the claim's; it refuses to do that for an object with another controller. */
const ownedBy = (owner: OwnerReference | undefined, object: KubeObject): KubeObject =>
  owner
    ? { ...object, metadata: { ...object.metadata, ownerReferences: [{ ...owner, controller: false }] } }
    : object;

const EXISTS = "AlreadyExists";

/** Another pass made it, or one that was cut off in the middle. */
function unlessThere(error: unknown): void {
  if (!(error instanceof RequestFailed) || error.status?.reason !== EXISTS) throw error;
}
