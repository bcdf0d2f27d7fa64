/** Our processes, made of the code of production from the client upwards. */
import type { PeprMutateRequest } from "pepr";
import { ClusterHook } from "../../capabilities/cluster-hook";
import { ClusterWatch, keyOf } from "../../capabilities/cluster-watch";
import type { Cluster } from "../../capabilities/kinds";
import { KeyQueue } from "../../lib/adapters/key-queue";
import { News } from "../../lib/adapters/news";
import { Sightings } from "../../lib/adapters/sightings";
import { KubeExecutor } from "../../lib/adapters/kube-executor";
import { KubeInventory } from "../../lib/adapters/kube-inventory";
import { ROLE_LABEL } from "../../lib/core/contract";
import { keyText, type Facts, type KubeObject, type Rules } from "../../lib/core/facts";
import type { Plan } from "../../lib/core/plan";
import type { Ports } from "../../lib/flows/admit";
import { reconcile } from "../../lib/flows/reconcile";
import type { Outcome } from "../../lib/ports/executor";
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
  protected readonly memory = { seen: new Sightings(), news: new News() };

  constructor(
    readonly name: string,
    protected readonly ground: Ground,
  ) {
    const { server, clock, line, rules, journal } = ground;
    const client = new FakeClient(server, line.turnOf(name));
    const own = clock.of(this);
    this.ports = {
      inventory: new KubeInventory(client, rules, own, this.memory),
      executor: new KubeExecutor(client, own),
      journal: {
        record: (...what) => {
          if (!this.isAlive) return;
          this.recorded(...what);
          journal.record(...what);
        },
      },
      clock: own,
    };
  }

  protected recorded(..._what: Parameters<Journal["record"]>): void {}

  kill(landed: boolean): void {
    this.isAlive = false;
    this.ground.line.bury(this.name, landed);
  }
}

interface Answer {
  readonly object: KubeObject;
  readonly refusal: string | undefined;
}

/** A create that is not answered yet. */
interface OpenCreate {
  readonly name: string;
  readonly since: number;
  /** Another one of the same name was open meanwhile, so that nobody can tell whose a decision is. */
  confused: boolean;
}

export class Admission extends Process {
  readonly #hook = new ClusterHook(this.ports, BUDGET_MS, (_operation, error) => {
    throw error;
  });
  readonly open = new Set<OpenCreate>();
  /** By name of a Cluster, when the create's last role with an endpoint was done. */
  readonly decided = new Map<string, number>();

  async create(object: KubeObject, dryRun: boolean): Promise<Answer> {
    const request = reviewOf("CREATE", object, undefined, dryRun);
    const create = { name: object.metadata.name ?? "", since: this.ground.clock.now(), confused: false };
    this.open.add(create);
    const all = [...this.open].filter(({ name }) => name === create.name);
    for (const one of all) one.confused ||= all.length > 1;
    this.decided.delete(create.name);
    const refusal = await this.#hook.admit(request).then(
      () => undefined,
      (error: Error) => error.message,
    );
    this.open.delete(create);
    this.#hook.complete({ uid: request.Request.uid, allowed: true });
    return { object: request.Raw as unknown as KubeObject, refusal };
  }

  /** Answers within the call: there is nothing in it to wait for. */
  update(before: KubeObject, object: KubeObject): Answer {
    const request = reviewOf("UPDATE", object, before, false);
    void this.#hook.admit(request).catch(() => undefined);
    const answer: { uid: string; allowed: boolean; status?: { message?: string } } = {
      uid: request.Request.uid,
      allowed: true,
    };
    this.#hook.complete(answer);
    const refusal = answer.allowed ? undefined : (answer.status?.message ?? "");
    return { object: request.Raw as unknown as KubeObject, refusal };
  }

  protected override recorded(facts: Facts, { decisions, waitFor, looks, steps }: Plan, outcome: Outcome) {
    const isLast = outcome.kind === "done" && !waitFor && looks.length === 0 && steps.length === 0;
    if (isLast && decisions.some(({ role }) => role.isEndpoint))
      this.decided.set(facts.key.name, this.ground.clock.now());
  }
}

let reviews = 0;

const reviewOf = (
  operation: "CREATE" | "UPDATE",
  object: KubeObject,
  oldObject: KubeObject | undefined,
  dryRun: boolean,
): PeprMutateRequest<Cluster> =>
  ({
    Request: { uid: `review-${(reviews += 1)}`, operation, namespace: NAMESPACE, object, oldObject },
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
  readonly #watch = new ClusterWatch(this.#queue, this.memory, () => undefined);
  readonly inbox: Event[] = [];
  readonly #known = new Map<string, Event>();

  /** Told of everything that is there, and looks at everything once. */
  begin(): void {
    this.relist();
    void this.#fullPass();
  }

  async #fullPass(): Promise<void> {
    try {
      for (const key of await this.ports.inventory.keys()) this.#queue.add(keyText(key));
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
