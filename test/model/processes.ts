/** Our processes, made of the code of production from the client upwards. */
import type { PeprMutateRequest } from "pepr";
import { ClusterHook } from "../../capabilities/cluster-hook";
import { ClusterWatch, keyOf, textOf } from "../../capabilities/cluster-watch";
import type { Cluster } from "../../capabilities/kinds";
import { KeyQueue } from "../../lib/adapters/key-queue";
import { Sightings } from "../../lib/adapters/sightings";
import { KubeExecutor } from "../../lib/adapters/kube-executor";
import { KubeInventory } from "../../lib/adapters/kube-inventory";
import { ROLE_LABEL } from "../../lib/core/contract";
import type { KubeObject, Rules } from "../../lib/core/facts";
import type { Ports } from "../../lib/flows/admit";
import { reconcile } from "../../lib/flows/reconcile";
import type { Journal } from "../../lib/ports/journal";
import { FakeClient, type FakeApiServer, type StoredEvent } from "../fakes/api-server";
import type { VirtualClock } from "../fakes/virtual-clock";
import type { Line } from "./line";
import { ADDRESSES, CLAIMS, CLASSES, CLUSTERS, GLOBAL_POOLS, NAMESPACE, POOLS } from "./kinds";

export interface Ground {
  readonly server: FakeApiServer;
  readonly clock: VirtualClock;
  readonly line: Line;
  readonly rules: Rules;
  readonly journal: Journal;
}

export const BUDGET_MS = 10_000;

abstract class Process {
  isAlive = true;
  protected readonly ports: Ports;

  constructor(
    readonly name: string,
    protected readonly ground: Ground,
  ) {
    const { server, clock, line, rules, journal } = ground;
    const client = new FakeClient(server, line.turnOf(name));
    const own = clock.of(this);
    this.ports = {
      inventory: new KubeInventory(client, rules, own),
      executor: new KubeExecutor(client, own),
      journal: { record: (...what) => this.isAlive && journal.record(...what) },
      clock: own,
    };
  }

  kill(landed: boolean): void {
    this.isAlive = false;
    this.ground.line.bury(this.name, landed);
  }
}

interface Answer {
  readonly object: KubeObject;
  readonly refusal: string | undefined;
}

export class Admission extends Process {
  readonly #hook = new ClusterHook(this.ports, BUDGET_MS, (_operation, error) => {
    throw error;
  });

  async create(object: KubeObject, dryRun: boolean): Promise<Answer> {
    const request = reviewOf("CREATE", object, undefined, dryRun);
    const refusal = await this.#hook.admit(request).then(
      () => undefined,
      (error: Error) => error.message,
    );
    return { object: request.Raw as unknown as KubeObject, refusal };
  }

  /** Answers within the call: there is nothing in it to wait for. */
  update(before: KubeObject, object: KubeObject): KubeObject {
    const request = reviewOf("UPDATE", object, before, false);
    void this.#hook.admit(request);
    return request.Raw as unknown as KubeObject;
  }
}

const reviewOf = (
  operation: "CREATE" | "UPDATE",
  object: KubeObject,
  oldObject: KubeObject | undefined,
  dryRun: boolean,
): PeprMutateRequest<Cluster> =>
  ({
    Request: { uid: "review", operation, namespace: NAMESPACE, object, oldObject },
    IsDryRun: dryRun,
    Raw: object,
  }) as unknown as PeprMutateRequest<Cluster>;

type Event = Pick<StoredEvent, "type" | "of" | "object">;

export class Watcher extends Process {
  readonly #queue = new KeyQueue(
    (key) => reconcile(keyOf(key), this.ports),
    2,
    this.ground.clock.of(this),
    () => 1,
  );
  readonly #watch = new ClusterWatch(this.#queue, new Sightings(), () => undefined);
  readonly inbox: Event[] = [];
  readonly #known = new Map<string, Event>();

  /** Told of everything that is there, and looks at everything once. */
  begin(): void {
    this.relist();
    void this.#fullPass();
  }

  async #fullPass(): Promise<void> {
    try {
      for (const key of await this.ports.inventory.keys()) this.#queue.add(textOf(key));
    } catch {
      if (this.isAlive) this.ground.clock.of(this).after(2000, () => void this.#fullPass());
    }
  }

  /** What Pepr's watcher does now and then by itself: what was lost is told again. */
  relist(): void {
    const { server } = this.ground;
    for (const { of, object } of this.#known.values())
      if (!server.find(of, object.metadata.namespace, object.metadata.name ?? ""))
        this.hear({ type: "DELETED", of, object });
    for (const kind of [CLUSTERS, CLASSES, POOLS, GLOBAL_POOLS, CLAIMS, ADDRESSES])
      for (const object of server.list(kind)) this.hear({ type: "MODIFIED", of: kind, object });
  }

  hear({ type, of, object, before }: Event & { readonly before?: KubeObject | undefined }): void {
    const name = `${of.kind} ${object.metadata.name}`;
    if (type === "DELETED") this.#known.delete(name);
    else this.#known.set(name, { type, of, object });
    if (of !== CLAIMS && of !== ADDRESSES) return void this.inbox.push({ type, of, object });
    const [is, was] = [object, before].map((one) => one?.metadata.labels?.[ROLE_LABEL] !== undefined);
    if (is) this.inbox.push({ type, of, object });
    else if (was) this.inbox.push({ type: "DELETED", of, object });
  }

  /** Hands over the n-th event that waits; it may come again. */
  tell(n: number, again: boolean): void {
    const at = n % this.inbox.length;
    const event = this.inbox[at];
    if (!event) return;
    if (!again) this.inbox.splice(at, 1);
    const { of, object, type } = event;
    if (of === CLUSTERS) this.#watch.clusterChanged(object, type);
    else if (of === CLASSES) this.#watch.classChanged(object, type);
    else if (of === CLAIMS) this.#watch.claimChanged(object, type);
    else if (of === ADDRESSES) this.#watch.addressChanged(object, type);
    else this.#watch.poolChanged(object, type);
  }

  lose(n: number): void {
    this.inbox.splice(n % Math.max(this.inbox.length, 1), 1);
  }
}
