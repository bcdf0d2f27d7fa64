/**
 * A management cluster in memory that a test drives step by step: the API server, Cluster API, an IPAM
 * provider, the garbage collector, users, two admission processes and two watchers. Nothing happens by
 * itself; whatever can happen next, and in which order, is the test's choice.
 */
import { setImmediate } from "node:timers/promises";
import type { Resource } from "../../lib/adapters/kinds";
import { CLUSTER_UID, HOLD, RELEASED } from "../../lib/core/contract";
import { CONTROL_PLANE, ROLES, type Role } from "../../lib/core/roles";
import type { Facts, KubeObject, Rules } from "../../lib/core/facts";
import type { Decision } from "../../lib/core/plan";
import type { Journal } from "../../lib/ports/journal";
import { failed, FakeApiServer, type StoredEvent } from "../fakes/api-server";
import { VirtualClock } from "../fakes/virtual-clock";
import { ClusterApi, defaulted, validate } from "./cluster-api";
import { Collector } from "./collector";
import {
  checkAnswer,
  checkPromptness,
  checkRendering,
  checkState,
  checkUpdate,
  checkWrite,
  LawBroken,
} from "./laws";
import { Line, type Fate } from "./line";
import { ADDRESSES, classNameOf, CLUSTERS, NAMESPACE, textOf, variableOf, vipOf } from "./kinds";
import { Admission, Watcher, type Ground } from "./processes";
import { Provider } from "./provider";

/** One thing that somebody could do now. */
export interface Action {
  readonly words: string;
  readonly run: () => void;
}

/** A create that was answered by all hooks; nothing is stored later than the request lasts. */
interface PendingStore extends Action {
  readonly until: number;
}

const START = Date.parse("2026-06-01T12:00:00Z");
/** The API server gives up a request after 34 s with our two webhooks; what is not stored by then never is. */
const REQUEST_MS = 34_000;

/** Cluster writes pass the two webhooks, as they do in a real one. */
class GuardedApiServer extends FakeApiServer {
  constructor(
    now: () => number,
    private readonly hooked: (before: KubeObject, after: KubeObject) => KubeObject,
  ) {
    super(now);
  }

  override update(of: Resource, after: KubeObject): KubeObject {
    const { namespace, name = "", resourceVersion } = after.metadata;
    const before = of === CLUSTERS ? this.find(of, namespace, name) : undefined;
    if (!before || before.metadata.resourceVersion !== resourceVersion) return super.update(of, after);
    const admitted = this.hooked(before, defaulted(this, after));
    validate(this, admitted, before);
    return super.update(of, admitted);
  }
}

/** What the journal says of one role of a Cluster. */
export const verdictKey = (name: string, role: Role): string => `${name} ${role.name}`;

/** Which table decided. */
const tableOf = ({ cluster, occasion }: Facts): "create" | "watch" | "gone" =>
  cluster.state !== "found" ? "gone" : occasion === "admission" ? "create" : "watch";

/** Its user chose to go without a VIP, at least for a while. */
const isLetGo = ({ metadata }: KubeObject): boolean =>
  metadata.annotations?.[HOLD] === RELEASED || metadata.annotations?.[CONTROL_PLANE.optOut] === "false";

export class World {
  readonly clock = new VirtualClock(START);
  readonly server = new GuardedApiServer(
    () => this.clock.now(),
    (before, after) => this.#updateHook(before, after),
  );
  readonly line = new Line((sender, run) => this.as(sender, run));
  readonly provider = new Provider(this.server);
  readonly clusterApi = new ClusterApi(this.server, (cluster) => checkRendering(this, cluster));
  readonly #collector = new Collector(this.server);
  /** What happened, in words. */
  readonly story: string[] = [];
  /** The rows that decided, in the order they did. */
  readonly rows: string[] = [];
  /** The last decision for each Cluster and role by a watcher. */
  readonly verdicts = new Map<string, Decision>();
  /** UIDs of Clusters whose address somebody took away by hand, or that came without one of ours. */
  readonly tampered = new Set<string>();
  /** Names whose next Cluster comes with an address that nobody reserved for it. */
  readonly untouched = new Set<string>();
  /** UIDs of Clusters that came with what was rendered elsewhere. */
  readonly leftAlone = new Set<string>();
  /** By name of a Cluster, what users wrote there as a VIP. */
  readonly written = new Map<string, Set<string>>();
  /** What of it they wrote into a Cluster that was there: admission reads nothing then. */
  readonly rewritten = new Map<string, Set<string>>();
  /** By UID of a Cluster and role, VIPs of ours that their user replaced. */
  readonly former = new Map<string, string>();
  /** Names of Clusters whose claim's name a stranger has, or had. */
  readonly strangers = new Set<string>();
  /** By UID of a Cluster, the revision in which its create began. */
  readonly askedAt = new Map<string, number>();
  /** The revision in which a class became another one. */
  readonly classChanges = new Map<string, number>();
  readonly admissions: (Admission | undefined)[] = [];
  readonly watchers: (Watcher | undefined)[] = [];
  readonly #ground: Ground;
  readonly #stores: PendingStore[] = [];
  #checked = 0;
  #broken: Error | undefined;
  #actor = "somebody";
  #generation = 0;

  constructor(readonly rules: Rules) {
    const journal: Journal = {
      record: (facts, { decisions }) => {
        for (const decision of decisions) {
          this.rows.push(`${tableOf(facts)}: ${decision.row}`);
          if (facts.occasion === "watch")
            this.verdicts.set(verdictKey(facts.key.name, decision.role), decision);
        }
      },
    };
    this.#ground = { server: this.server, clock: this.clock, line: this.line, rules, journal };
    for (const index of [0, 1]) this.startAdmission(index);
    this.startWatcher(0);
  }

  // ---- Our processes ---------------------------------------------------------------------------

  startAdmission(index: number): void {
    this.admissions[index] ??= new Admission(`admission-${index}.${(this.#generation += 1)}`, this.#ground);
  }

  startWatcher(index: number): void {
    if (this.watchers[index]) return;
    const watcher = new Watcher(`watcher-${index}.${(this.#generation += 1)}`, this.#ground);
    this.watchers[index] = watcher;
    watcher.begin();
  }

  /** @param landed what it had asked for is still carried out */
  killAdmission(index: number, landed: boolean): void {
    this.admissions[index]?.kill(landed);
    this.admissions[index] = undefined;
  }

  killWatcher(index: number, landed: boolean): void {
    this.watchers[index]?.kill(landed);
    this.watchers[index] = undefined;
  }

  // ---- The API server --------------------------------------------------------------------------

  /** With nobody there to be asked, a write that our hook would have changed is refused. */
  #updateHook(before: KubeObject, after: KubeObject): KubeObject {
    const wished = structuredClone(after);
    const admission = this.admissions.find((one) => one !== undefined);
    const hook = admission ?? new Admission("nobody", this.#ground);
    const { object, refusal } = hook.update(before, wished);
    const isChanged = refusal !== undefined || JSON.stringify(object) !== JSON.stringify(wished);
    if (!admission && isChanged)
      throw failed(500, "InternalError", "failed calling webhook", after.metadata.name ?? "");
    if (refusal !== undefined) {
      this.#note(() => checkAnswer(this, before, wished, refusal));
      throw failed(403, "Forbidden", refusal, after.metadata.name ?? "");
    }
    this.#note(() => checkUpdate(this, before, wished, object));
    return object;
  }

  /**
   * A create as the API server runs it: Cluster API's defaults, our hook, and then, whenever the test
   * says so, Cluster API's validation and the store.
   *
   * @param isRefused somebody after us says no
   */
  create(manifest: KubeObject, index: number, isRefused: boolean, isDryRun: boolean): void {
    const admission = this.admissions[index] ?? this.admissions.find((one) => one !== undefined);
    if (!admission) return this.tell("the create is refused: no webhook answers");
    this.try(() => this.#ask(admission, defaulted(this.server, manifest), isRefused, isDryRun));
  }

  #ask(admission: Admission, manifest: KubeObject, isRefused: boolean, isDryRun: boolean): void {
    const wished = structuredClone(manifest);
    const until = this.clock.now() + REQUEST_MS;
    const askedAt = this.server.revision;
    void admission.create(wished, isDryRun).then(({ object, refusal }) => {
      if (refusal !== undefined) {
        this.#note(() => checkAnswer(this, undefined, wished, refusal));
        return this.tell(`refused: ${refusal}`);
      }
      this.#note(() => checkWrite(this, "create", wished, object));
      if (isRefused || isDryRun || !admission.isAlive) return undefined;
      const run = (): void => {
        validate(this.server, object, undefined);
        const { uid = "" } = this.server.create(CLUSTERS, NAMESPACE, object).metadata;
        this.askedAt.set(uid, askedAt);
      };
      this.#stores.push({ words: `store Cluster ${object.metadata.name}`, until, run });
    });
  }

  as<T>(actor: string, run: () => T): T {
    const before = this.#actor;
    this.#actor = actor;
    try {
      return run();
    } finally {
      // Whoever called may take it for a failed request.
      this.#note(() => this.#newEvents());
      this.#actor = before;
    }
  }

  #newEvents(): void {
    const events = this.server.history.slice(this.#checked);
    this.#checked = this.server.history.length;
    for (const event of events) {
      this.tell(
        `  ${this.#actor}: ${event.type} ${event.of.kind} ${event.object.metadata.name} (${event.revision})`,
      );
      if (
        event.before &&
        event.type === "MODIFIED" &&
        event.of === CLUSTERS &&
        this.#actor.startsWith("watcher")
      )
        checkWrite(this, "watcher", event.before, event.object);
      for (const watcher of this.watchers) watcher?.hear(event);
      this.#remember(event);
    }
    if (events.length > 0) checkState(this);
  }

  #remember({ type, of, object, before }: StoredEvent): void {
    const { uid = "", name = "" } = object.metadata;
    if (of !== CLUSTERS) return;
    if (isLetGo(object) || (before && this.#isUnknowable(before, object))) this.leftAlone.add(uid);
    for (const role of ROLES) this.#rememberFormer(object, before, role);
    if (type === "DELETED") this.tampered.delete(uid);
    if (type !== "ADDED" || !this.untouched.delete(name)) return;
    this.tampered.add(uid);
    this.leftAlone.add(uid);
  }

  #rememberFormer(object: KubeObject, before: KubeObject | undefined, role: Role): void {
    const { uid = "", annotations = {} } = object.metadata;
    const former = annotations[role.replaced];
    const key = verdictKey(uid, role);
    if (former === undefined) return void this.former.delete(key);
    if (former === before?.metadata.annotations?.[role.replaced]) return;
    const wasOurs = this.server
      .list(ADDRESSES)
      .some((one) => textOf(one) === former && one.metadata.annotations?.[CLUSTER_UID] === uid);
    if (wasOurs && former === vipOf(before, role)) this.former.set(key, former);
  }

  /** A Cluster without a VIP that gets a class whose wish for one shows in no empty default: a hook that reads nothing cannot see it. */
  #isUnknowable(before: KubeObject, after: KubeObject): boolean {
    if (classNameOf(before) === classNameOf(after) || variableOf(after, CONTROL_PLANE) === "") return false;
    const notes = before.metadata.annotations ?? {};
    return notes[CONTROL_PLANE.annotation] === undefined && notes[HOLD] === undefined;
  }

  tell(words: string): undefined {
    this.story.push(words);
  }

  // ---- What can happen next --------------------------------------------------------------------

  /** The next writes of everybody who is not ours. */
  get actions(): Action[] {
    const stores = this.#stores.map((store) => ({ words: store.words, run: () => this.#storeNow(store) }));
    return [
      ...stores,
      ...this.clusterApi.actions(),
      ...this.provider.actions(),
      ...this.#collector.actions(),
    ];
  }

  #storeNow(store: PendingStore): void {
    this.#stores.splice(this.#stores.indexOf(store), 1);
    if (this.clock.now() <= store.until) store.run();
    else this.tell("too late");
  }

  act(n: number): void {
    const { actions } = this;
    const action = actions[n % Math.max(actions.length, 1)];
    if (action) this.perform(action);
  }

  perform({ words, run }: Action): void {
    this.tell(words);
    this.as("others", () => this.try(run));
  }

  /** What the API server refuses changes nothing. */
  try(run: () => void): void {
    try {
      run();
    } catch (error) {
      if (error instanceof LawBroken || (error as { code?: number }).code === undefined) throw error;
      this.tell(`  refused: ${(error as Error).message}`);
    }
  }

  deliver(n: number, fate: Fate): void {
    const { ready } = this.line;
    if (ready.length === 0) return;
    const words = ready[n % ready.length] ?? "";
    // Reads that go well are no news.
    if (fate !== "answered" || !/: (get|list) /.test(words)) this.tell(`${words} (${fate})`);
    this.line.deliver(n, fate);
  }

  /** It is there, or may come any moment. */
  isKnown(name: string): boolean {
    return (
      this.server.find(CLUSTERS, NAMESPACE, name) !== undefined ||
      this.#stores.some(({ words }) => words === `store Cluster ${name}`) ||
      this.admissions.some((one) => [...(one?.open ?? [])].some((create) => create.name === name))
    );
  }

  /** Creates wait for nothing but a role that is no endpoint. */
  get isInGrace(): boolean {
    return this.admissions.some((admission) =>
      [...(admission?.open ?? [])].some(({ name }) => admission?.decided.has(name)),
    );
  }

  /** As long as such a create may take. */
  waitOutGrace(): void {
    this.tell(`${this.rules.ingressGraceMs} ms pass`);
    this.clock.advance(this.rules.ingressGraceMs);
  }

  /** Whatever was set off runs up to its next request. @throws what went wrong meanwhile */
  async calm(): Promise<void> {
    await setImmediate();
    // What is due at once.
    this.clock.advance(0);
    await setImmediate();
    await setImmediate();
    this.#note(() => checkPromptness(this));
    if (this.#broken) throw this.#broken;
  }

  #note(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#broken ??= error as Error;
    }
  }
}
