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
import type { ClaimFacts, Key, KubeObject } from "../../lib/core/facts";
import type { Plan } from "../../lib/core/plan";
import type { Step } from "../../lib/core/row";
import type { Outcome } from "../../lib/ports/executor";
import { CONTROL_PLANE } from "../../lib/core/roles";
import type { Clock } from "../../lib/ports/clock";
import { words } from "../gen/decisions";
import { RULES, Unread, type World as Objects } from "../gen/facts";
import {
  address,
  bound,
  CLAIM,
  clusterClass,
  INGRESS_CLAIM,
  ingressAddress,
  ingressBound,
  NAME,
  NAMESPACE,
  NOW,
  pool,
  put,
  stored,
  wantsVip,
  type Change,
} from "../gen/objects";
import { atOnce, failed, FakeApiServer, FakeClient, type Request } from "./api-server";
import { StandingClock } from "./standing-clock";

const KINDS = {
  cluster: CLUSTERS,
  claim: CLAIMS,
  address: ADDRESSES,
  ingressClaim: CLAIMS,
  ingressAddress: ADDRESSES,
};
const NAMES = {
  cluster: NAME,
  claim: CLAIM,
  address: CLAIM,
  ingressClaim: INGRESS_CLAIM,
  ingressAddress: INGRESS_CLAIM,
};
type Kind = keyof typeof KINDS;
type Moment = "write" | "watch";

interface Entry {
  readonly row: string | undefined;
  readonly reason: string | undefined;
  readonly outcome: Outcome["kind"];
}

/** Nothing that is going is still there unless somebody holds it. */
const HELD_BY_SOMEBODY = "example.org/in-the-way";

export class Stage {
  static readonly key: Key = { namespace: NAMESPACE, name: NAME };

  readonly ports: Ports;
  /** The steps that were done, in the order they were, in words. */
  readonly writes: string[] = [];
  /** The conditions that were written, in words, write by write. */
  readonly told: string[] = [];
  /** What was decided of the endpoint, and of the ingress role. */
  readonly records: Entry[] = [];
  readonly ingressRecords: Entry[] = [];
  /** The names of what was followed. */
  readonly waits: string[] = [];
  /** How often everything was gathered. */
  reads = 0;
  /** How often everybody was asked who else has an address. */
  looks = 0;
  /** Without it the provider is slow for ever. */
  provides = true;
  /** Nobody can be asked who else has an address. */
  blind = false;
  /** Claims that the provider never serves. */
  withheld: readonly string[] = [];

  readonly #server = new FakeApiServer(() => NOW);
  readonly #unread = new Map<Resource, string>();
  readonly #failures: Error[] = [];
  readonly #refused = new Map<string, Error>();
  readonly #meanwhile: Record<Moment, (() => void)[]> = { write: [], watch: [] };

  /** The class wants a VIP and one pool can give it, unless told otherwise. */
  constructor(objects: Objects, clock: Clock = new StandingClock(NOW)) {
    const client = new FakeClient(this.#server, (request, signal) => this.#turn(request, signal));
    // What is there at first was seen long ago.
    const sight = new FirstSight(new StandingClock(0));
    const executor = new KubeExecutor(client, clock);
    this.ports = {
      inventory: new KubeInventory(client, { ...RULES, ...objects.rules }, clock, { sight }),
      clock,
      executor: {
        carryOut: (steps, signal) => this.#told(steps, (step) => executor.carryOut([step], signal)),
      },
      journal: { record: (_facts, plan, outcome) => this.#record(plan, outcome) },
    };
    this.#place({ class: clusterClass(wantsVip), pools: [pool("own")], ...objects });
  }

  /** The next write is not made, and its sender hears this. */
  failNext(...errors: readonly Error[]): void {
    this.#failures.push(...errors);
  }

  /** No write on objects of this name is made, and every sender hears this. */
  refuse(name: string, error: Error): void {
    this.#refused.set(name, error);
  }

  /** Somebody else has this. */
  add(of: Resource, object: KubeObject): void {
    this.#restore(of, object);
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

  /** The provider says this of a claim. */
  answer(kind: "claim" | "ingressClaim", status: Change): void {
    const claim = this.get(kind);
    if (claim) this.#server.updateStatus(CLAIMS, status(claim));
  }

  delete(kind: Kind): void {
    this.#server.delete(KINDS[kind], NAMESPACE, NAMES[kind]);
  }

  // ---- What there is at first ------------------------------------------------------------------

  #place({ cluster, namesake, class: aClass, pools = [], claim, address: own, ingress }: Objects): void {
    this.#put(CLUSTERS, namesake === true ? stored() : (namesake ?? cluster));
    this.#put(CLASSES, aClass instanceof Unread ? aClass : aClass && whereNamed(aClass, cluster));
    this.#put(CLAIMS, claim, ingress?.claim);
    this.#put(ADDRESSES, own, ingress?.address);
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

  /** Why a read is not answered; undefined where it is. */
  #deafness({ verb, of }: Pick<Request<unknown>, "verb" | "of">): string | undefined {
    return this.blind && of === CLUSTERS && verb === "list" ? "HTTP 503" : this.#unread.get(of);
  }

  async #turn<T>(request: Request<T>, signal?: AbortSignal): Promise<T> {
    const { verb, of, name } = request;
    if (verb === "get" || verb === "list") {
      if (of === CLUSTERS && verb === "get") this.reads += 1;
      if (of === CLUSTERS && verb === "list") this.looks += 1;
      const why = this.#deafness(request);
      if (why !== undefined) throw failed(503, "ServiceUnavailable", why, name);
      return atOnce(this.#server)(request, signal);
    }
    const moment = verb === "watch" ? "watch" : "write";
    this.#meanwhile[moment].shift()?.();
    if (moment === "write") return this.#write(request, signal);
    this.waits.push(name);
    if (this.provides && !this.withheld.includes(name)) this.#bind(name);
    return atOnce(this.#server)(request, signal);
  }

  async #write<T>(request: Request<T>, signal?: AbortSignal): Promise<T> {
    const failure = this.#refused.get(request.name) ?? this.#failures.shift();
    if (failure) throw failure;
    const answer = await atOnce(this.#server)(request, signal);
    this.#takeBack(request);
    return answer;
  }

  /** In order, as the executor does it; what was done is told. */
  async #told(steps: readonly Step[], carryOut: (step: Step) => Promise<Outcome>): Promise<Outcome> {
    const claims: ClaimFacts[] = [];
    for (const step of steps) {
      const outcome = await carryOut(step);
      if (outcome.kind !== "done") return outcome;
      if (step.kind === "write-conditions") this.told.push(words(step));
      else this.writes.push(words(step));
      claims.push(...outcome.claims);
    }
    return { kind: "done", claims };
  }

  #record({ decisions }: Plan, outcome: Outcome): void {
    for (const { role, row, verdict } of decisions) {
      const records = role === CONTROL_PLANE ? this.records : this.ingressRecords;
      records.push({ row, reason: verdict.reason, outcome: outcome.kind });
    }
  }

  // ---- The provider ----------------------------------------------------------------------------

  /** An address that somebody made for the claim is the answer. */
  #bind(name: string): void {
    const claim = this.#server.find(CLAIMS, NAMESPACE, name);
    if (!claim || claim.metadata.deletionTimestamp) return;
    const [given, said] = name === INGRESS_CLAIM ? [ingressAddress(), ingressBound] : [address(), bound];
    this.#server.updateStatus(CLAIMS, said(claim));
    if (!this.#server.find(ADDRESSES, NAMESPACE, name)) this.#server.create(ADDRESSES, NAMESPACE, given);
  }

  /** The address goes with its claim; our finalizer keeps it in sight. */
  #takeBack({ verb, of, name }: Request<unknown>): void {
    if (of !== CLAIMS && of !== ADDRESSES) return;
    const there = this.#server.find(ADDRESSES, NAMESPACE, name);
    if (verb === "delete" && of === CLAIMS && there) this.#server.delete(ADDRESSES, NAMESPACE, name);
    const left = this.#server.find(ADDRESSES, NAMESPACE, name);
    if (!left?.metadata.deletionTimestamp || left.metadata.finalizers?.includes(IN_USE)) return;
    this.#server.update(ADDRESSES, put("metadata", "finalizers")([])(left));
  }
}

/** The class that a Cluster names, whatever that is. */
function whereNamed(aClass: KubeObject, cluster: Objects["cluster"]): KubeObject {
  const name = cluster && !(cluster instanceof Unread) ? clusterFacts(cluster).class : undefined;
  return name ? { ...aClass, metadata: { ...aClass.metadata, ...name } } : aClass;
}
