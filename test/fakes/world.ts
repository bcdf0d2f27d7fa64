/**
 * A small management cluster in memory: objects with versions, guarded writes, a provider that binds
 * when the test says so. It honours what the real executor honours, and knows nothing of the tables.
 */
import { CLUSTER_NAME_LABEL, CLUSTER_UID, IN_USE, RESERVED_AT, ROLE_LABEL } from "../../lib/core/contract";
import { applyEdit } from "../../lib/core/edit";
import type {
  ClaimFacts,
  ClusterFacts,
  Facts,
  Key,
  KubeObject,
  Metadata,
  RoleFacts,
} from "../../lib/core/facts";
import { found, unread } from "../../lib/core/facts";
import type { Plan } from "../../lib/core/plan";
import type { Step } from "../../lib/core/row";
import { CONTROL_PLANE } from "../../lib/core/roles";
import { addressFacts, claimFacts } from "../../lib/adapters/kube-objects";
import type { Executor, Outcome } from "../../lib/ports/executor";
import type { Inventory } from "../../lib/ports/inventory";
import type { Journal } from "../../lib/ports/journal";
import { words } from "../gen/decisions";
import { creating, gone, watching, type World as Objects } from "../gen/facts";
import { address, bound, claim, deepFreeze, fromPool, NAME, NAMESPACE, NOW } from "../gen/objects";

type Kind = "cluster" | "claim" | "address";

export class World implements Inventory, Executor, Journal {
  /** What was written, in the order it was, in words. */
  readonly writes: string[] = [];
  readonly records: { row: string | undefined; reason: string | undefined; outcome: Outcome["kind"] }[] = [];
  readonly waits: string[] = [];
  reads = 0;
  /** Binds a claim as soon as it is there; without it the provider is slow for ever. */
  provides = true;
  #failures: Outcome[] = [];
  #meanwhile: (() => void)[] = [];
  #version = 1000;

  constructor(public objects: Objects) {}

  /** The next write ends like this, and nothing is written. */
  failNext(...outcomes: readonly Outcome[]): void {
    this.#failures.push(...outcomes);
  }

  /** Somebody else does this between our next read and the write after it. */
  afterNextRead(what: () => void): void {
    this.#meanwhile.push(what);
  }

  set(kind: Kind, object: KubeObject | undefined): void {
    this.objects = { ...this.objects, [kind]: object };
  }

  get(kind: Kind): KubeObject | undefined {
    return this.objects[kind] as KubeObject | undefined;
  }

  // ---- Inventory -------------------------------------------------------------------------------

  gatherForCreate(cluster: ClusterFacts, dryRun: boolean, _signal: AbortSignal): Promise<Facts> {
    return this.#read(creating({ ...this.objects, cluster: cluster.source, dryRun }));
  }

  gather(_key: Key): Promise<Facts> {
    return this.#read(this.objects.cluster ? watching(this.objects) : gone(this.objects));
  }

  async #read(facts: Facts): Promise<Facts> {
    this.reads += 1;
    this.#meanwhile.shift()?.();
    return Promise.resolve(facts);
  }

  /** Ends with the signal, as the port says, unless the provider has an address. */
  async awaitAddress(
    facts: RoleFacts,
    waited: ClaimFacts,
    signal: AbortSignal,
  ): Promise<RoleFacts | undefined> {
    this.waits.push(waited.name);
    if (!this.provides)
      return new Promise((resolve) => {
        if (signal.aborted) resolve(undefined);
        else signal.addEventListener("abort", () => resolve(undefined));
      });
    this.#provide();
    const [after, made] = [this.get("claim"), this.get("address")];
    return {
      ...facts,
      claim: after ? found(claimFacts(after, facts.role, NOW, NOW)) : facts.claim,
      address: made ? found(addressFacts(made)) : unread("no such address"),
    };
  }

  keys(): Promise<readonly Key[]> {
    return Promise.resolve([{ namespace: NAMESPACE, name: NAME }]);
  }

  #provide(): void {
    const here = this.get("claim");
    if (!here || !this.provides) return;
    this.#store("claim", bound(here));
    if (!this.get("address")) this.#store("address", address());
  }

  // ---- Executor --------------------------------------------------------------------------------

  async carryOut(steps: readonly Step[], signal?: AbortSignal): Promise<Outcome> {
    const claims: ClaimFacts[] = [];
    for (const step of steps) {
      const failure = signal?.aborted
        ? ({ kind: "unreachable", why: "the budget ended" } as const)
        : (this.#failures.shift() ?? this.#guard(step));
      if (failure) return Promise.resolve(failure);
      this.writes.push(words(step));
      this.#write(step);
      const after = this.get("claim");
      if (after && /^(create|reserve)-claim$/.test(step.kind))
        claims.push(claimFacts(after, CONTROL_PLANE, NOW, NOW));
    }
    return Promise.resolve({ kind: "done", claims });
  }

  /** A write on anything but the version that was read is a conflict, and so is a second create. */
  #guard(step: Step): Outcome | undefined {
    const conflict = (why: string): Outcome => ({ kind: "conflict", why });
    if (step.kind === "create-claim") return this.get("claim") ? conflict("already exists") : undefined;
    const [kind, read] = targetOf(step);
    const now = this.get(kind);
    return now?.metadata.resourceVersion === read.metadata.resourceVersion ? undefined : conflict("too old");
  }

  #write(step: Step): void {
    if (step.kind === "create-claim") {
      const { pool, owner } = step.claim;
      const made = fromPool(pool.name, pool.kind)(claim());
      return this.#store("claim", withMeta(made, owner ? { ownerReferences: [owner] } : {}));
    }
    if (step.kind === "edit-cluster")
      return this.#store("cluster", applyEdit(step.cluster.source, step.edit));
    const [kind, { metadata }] = targetOf(step);
    if (step.kind === "delete-claim") return this.#delete(kind);
    const now = this.get(kind);
    if (now) this.#store(kind, withMeta(now, changeOf(step, metadata)));
    if (step.kind === "release-address") this.#collect();
  }

  /** The provider deletes the address with its claim; our finalizer keeps it in sight. */
  #delete(kind: Kind): void {
    this.set(kind, undefined);
    const left = this.get("address");
    if (left) this.#store("address", withMeta(left, { deletionTimestamp: new Date(NOW).toISOString() }));
    this.#collect();
  }

  #collect(): void {
    const { metadata } = this.get("address") ?? {};
    if (metadata?.deletionTimestamp && !metadata.finalizers?.includes(IN_USE)) this.set("address", undefined);
  }

  #store(kind: Kind, object: KubeObject): void {
    const resourceVersion = String((this.#version += 1));
    this.set(kind, deepFreeze(structuredClone(withMeta(object, { resourceVersion }))));
  }

  // ---- Journal ---------------------------------------------------------------------------------

  record(_facts: Facts, { decisions: [decision] }: Plan, outcome: Outcome): void {
    this.records.push({ row: decision?.row, reason: decision?.verdict.reason, outcome: outcome.kind });
  }
}

type GuardedStep = Exclude<Step, { kind: "create-claim" }>;

function targetOf(step: GuardedStep): [Kind, KubeObject] {
  if (step.kind === "edit-cluster") return ["cluster", step.cluster.source];
  return "claim" in step ? ["claim", step.claim.source] : ["address", step.address.source];
}

const withMeta = (object: KubeObject, changes: Partial<Metadata>): KubeObject => ({
  ...object,
  metadata: { ...object.metadata, ...changes },
});

function changeOf(step: GuardedStep, metadata: Metadata): Partial<Metadata> {
  const { [CLUSTER_NAME_LABEL]: _, ...unlabelled } = metadata.labels ?? {};
  switch (step.kind) {
    case "reserve-claim":
      return {
        labels: unlabelled,
        annotations: { ...metadata.annotations, [RESERVED_AT]: new Date(NOW).toISOString() },
      };
    case "adopt-claim":
      return {
        ...(step.owner && { ownerReferences: [step.owner] }),
        ...(step.cluster !== undefined && {
          labels: { ...metadata.labels, [CLUSTER_NAME_LABEL]: step.cluster },
        }),
      };
    case "unlabel-claim":
      return { labels: unlabelled };
    case "protect-address":
      return {
        finalizers: [...new Set([...(metadata.finalizers ?? []), IN_USE])],
        annotations: { ...metadata.annotations, [CLUSTER_UID]: step.uid },
        labels: {
          ...metadata.labels,
          [ROLE_LABEL]: step.role.name,
          [CLUSTER_NAME_LABEL]: step.cluster,
        },
      };
    case "release-address":
      return { finalizers: (metadata.finalizers ?? []).filter((finalizer) => finalizer !== IN_USE) };
    default:
      return {};
  }
}
