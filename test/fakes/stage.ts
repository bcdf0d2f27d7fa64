/**
 * One Cluster and what belongs to it, on the fake API server and behind the real ports, with a provider
 * that does its part at once, or never.
 */
import type { Ports } from "../../lib/flows/admit";
import { FirstSight } from "../../lib/adapters/first-sight";
import { KubeExecutor } from "../../lib/adapters/kube-executor";
import { KubeInventory } from "../../lib/adapters/kube-inventory";
import {
  ADDRESSES,
  CLAIMS,
  CLASSES,
  CLUSTERS,
  IN_CLUSTER_POOLS,
  type Resource,
} from "../../lib/adapters/kinds";
import { clusterFacts } from "../../lib/adapters/kube-objects";
import { IN_USE } from "../../lib/core/contract";
import type { Key, KubeObject } from "../../lib/core/facts";
import type { Plan } from "../../lib/core/plan";
import type { Step } from "../../lib/core/row";
import type { Outcome } from "../../lib/ports/executor";
import { words } from "../gen/decisions";
import { RULES, Unread, type World as Objects } from "../gen/facts";
import {
  address,
  bound,
  CLAIM,
  clusterClass,
  NAME,
  NAMESPACE,
  NOW,
  pool,
  put,
  stored,
  wantsVip,
} from "../gen/objects";
import { atOnce, failed, FakeApiServer, FakeClient, type Request } from "./api-server";
import { StandingClock } from "./standing-clock";

const KINDS = { cluster: CLUSTERS, claim: CLAIMS, address: ADDRESSES };
const NAMES = { cluster: NAME, claim: CLAIM, address: CLAIM };
type Kind = keyof typeof KINDS;
type Moment = "write" | "watch";

/** Nothing that is going is still there unless somebody holds it. */
const HELD_BY_SOMEBODY = "example.org/in-the-way";

export class Stage {
  static readonly key: Key = { namespace: NAMESPACE, name: NAME };

  readonly ports: Ports;
  /** The steps that were done, in the order they were, in words. */
  readonly writes: string[] = [];
  readonly records: { row: string | undefined; reason: string | undefined; outcome: Outcome["kind"] }[] = [];
  /** The names of what was followed. */
  readonly waits: string[] = [];
  /** How often everything was gathered. */
  reads = 0;
  /** Without it the provider is slow for ever. */
  provides = true;

  readonly #server = new FakeApiServer(() => NOW);
  readonly #unread = new Map<Resource, string>();
  readonly #failures: Error[] = [];
  readonly #meanwhile: Record<Moment, (() => void)[]> = { write: [], watch: [] };
  #written = 0;

  /** The class wants a VIP and one pool can give it, unless told otherwise. */
  constructor(objects: Objects) {
    const clock = new StandingClock(NOW);
    const client = new FakeClient(this.#server, (request, signal) => this.#turn(request, signal));
    // What is there at first was seen long ago.
    const sight = new FirstSight(new StandingClock(0));
    const executor = new KubeExecutor(client, clock);
    this.ports = {
      inventory: new KubeInventory(client, { ...RULES, ...objects.rules }, clock, { sight }),
      clock,
      executor: { carryOut: (steps, signal) => this.#counted(steps, () => executor.carryOut(steps, signal)) },
      journal: { record: (_facts, plan, outcome) => this.#record(plan, outcome) },
    };
    this.#place({ class: clusterClass(wantsVip), pools: [pool("own")], ...objects });
  }

  /** The next write is not made, and its sender hears this. */
  failNext(...errors: readonly Error[]): void {
    this.#failures.push(...errors);
  }

  /** Somebody does this just before our next request of the kind is carried out. */
  beforeNext(moment: Moment, what: () => void): void {
    this.#meanwhile[moment].push(what);
  }

  get(kind: Kind): KubeObject | undefined {
    return this.#server.find(KINDS[kind], NAMESPACE, NAMES[kind]);
  }

  set(kind: Kind, object: KubeObject): void {
    this.#restore(KINDS[kind], object);
  }

  delete(kind: Kind): void {
    this.#server.delete(KINDS[kind], NAMESPACE, NAMES[kind]);
  }

  // ---- What there is at first ------------------------------------------------------------------

  #place({ cluster, namesake, class: aClass, pools = [], claim, address: own }: Objects): void {
    this.#put(CLUSTERS, namesake === true ? stored() : (namesake ?? cluster));
    this.#put(CLASSES, aClass instanceof Unread ? aClass : aClass && whereNamed(aClass, cluster));
    this.#put(CLAIMS, claim);
    this.#put(ADDRESSES, own);
    for (const kind of IN_CLUSTER_POOLS)
      this.#put(kind, ...(pools instanceof Unread ? [pools] : pools.filter((one) => one.kind === kind.kind)));
  }

  #put(of: Resource, ...all: readonly (KubeObject | Unread | undefined)[]): void {
    for (const what of all)
      if (what instanceof Unread) this.#unread.set(of, what.why);
      else if (what) this.#restore(of, what);
  }

  #restore(of: Resource, object: KubeObject): void {
    const { deletionTimestamp, finalizers = [HELD_BY_SOMEBODY] } = object.metadata;
    const isGoing = deletionTimestamp !== undefined;
    this.#server.restore(of, isGoing ? put("metadata", "finalizers")(finalizers)(object) : object);
  }

  // ---- What happens to a request ---------------------------------------------------------------

  async #turn<T>(request: Request<T>, signal?: AbortSignal): Promise<T> {
    const { verb, of, name } = request;
    if (verb === "get" || verb === "list") {
      if (of === CLUSTERS) this.reads += 1;
      const why = this.#unread.get(of);
      if (why !== undefined) throw failed(503, "ServiceUnavailable", why, name);
      return atOnce(this.#server)(request, signal);
    }
    const moment = verb === "watch" ? "watch" : "write";
    this.#meanwhile[moment].shift()?.();
    if (moment === "write") return this.#write(request, signal);
    this.waits.push(name);
    if (this.provides) this.#bind();
    return atOnce(this.#server)(request, signal);
  }

  async #write<T>(request: Request<T>, signal?: AbortSignal): Promise<T> {
    const failure = this.#failures.shift();
    if (failure) throw failure;
    const answer = await atOnce(this.#server)(request, signal);
    this.#written += 1;
    this.#takeBack(request);
    return answer;
  }

  /** One request a step. */
  async #counted(steps: readonly Step[], carryOut: () => Promise<Outcome>): Promise<Outcome> {
    const before = this.#written;
    const outcome = await carryOut();
    this.writes.push(...steps.slice(0, this.#written - before).map(words));
    return outcome;
  }

  #record({ decisions: [decision] }: Plan, outcome: Outcome): void {
    this.records.push({ row: decision?.row, reason: decision?.verdict.reason, outcome: outcome.kind });
  }

  // ---- The provider ----------------------------------------------------------------------------

  #bind(): void {
    const claim = this.get("claim");
    if (!claim || claim.metadata.deletionTimestamp) return;
    this.#server.updateStatus(CLAIMS, bound(claim));
    if (!this.get("address")) this.#server.create(ADDRESSES, NAMESPACE, address());
  }

  /** The address goes with its claim; our finalizer keeps it in sight. */
  #takeBack({ verb, of }: Request<unknown>): void {
    if (verb === "delete" && of === CLAIMS && this.get("address")) this.delete("address");
    const left = this.get("address");
    if (!left?.metadata.deletionTimestamp || left.metadata.finalizers?.includes(IN_USE)) return;
    this.#server.update(ADDRESSES, put("metadata", "finalizers")([])(left));
  }
}

/** The class that a Cluster names, whatever that is. */
function whereNamed(aClass: KubeObject, cluster: Objects["cluster"]): KubeObject {
  const name = cluster && !(cluster instanceof Unread) ? clusterFacts(cluster).class : undefined;
  return name ? { ...aClass, metadata: { ...aClass.metadata, ...name } } : aClass;
}
