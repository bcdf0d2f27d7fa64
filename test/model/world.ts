/**
 * A management cluster in memory that a test drives step by step: the API server, Cluster API, an IPAM
 * provider, the garbage collector, users, two admission processes and two watchers. Nothing happens by
 * itself; whatever can happen next, and in which order, is the test's choice.
 */
import { setImmediate } from "node:timers/promises";
import type { Resource } from "../../lib/adapters/kinds";
import { HOLD, RELEASED } from "../../lib/core/contract";
import { CONTROL_PLANE } from "../../lib/core/roles";
import type { Facts, KubeObject, Rules } from "../../lib/core/facts";
import type { Decision } from "../../lib/core/plan";
import type { Journal } from "../../lib/ports/journal";
import { failed, FakeApiServer, type StoredEvent } from "../fakes/api-server";
import { VirtualClock } from "../fakes/virtual-clock";
import { ClusterApi, defaulted, validate } from "./cluster-api";
import { Collector } from "./collector";
import { checkRendering, checkState, checkWrite, LawBroken } from "./laws";
import { Line, type Fate } from "./line";
import { classNameOf, CLUSTERS, NAMESPACE, variableOf, VIP_NOTE } from "./kinds";
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
  /** The last decision for each Cluster by a watcher. */
  readonly verdicts = new Map<string, Decision>();
  /** UIDs of Clusters whose address somebody took away by hand, or that came without one of ours. */
  readonly tampered = new Set<string>();
  /** Names whose next Cluster comes with an address that nobody reserved for it. */
  readonly untouched = new Set<string>();
  /** UIDs of Clusters that came with what was rendered elsewhere. */
  readonly leftAlone = new Set<string>();
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
          if (facts.occasion === "watch") this.verdicts.set(facts.key.name, decision);
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
    const answer = hook.update(before, wished);
    if (!admission && JSON.stringify(answer) !== JSON.stringify(wished))
      throw failed(500, "InternalError", "failed calling webhook", after.metadata.name ?? "");
    this.#note(() => checkWrite(this, "update", wished, answer));
    return answer;
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
      if (refusal !== undefined) return this.tell(`refused: ${refusal}`);
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
    if (type === "DELETED") this.tampered.delete(uid);
    if (type !== "ADDED" || !this.untouched.delete(name)) return;
    this.tampered.add(uid);
    this.leftAlone.add(uid);
  }

  /** A Cluster without a VIP that gets a class whose wish for one shows in no empty default: a hook that reads nothing cannot see it. */
  #isUnknowable(before: KubeObject, after: KubeObject): boolean {
    if (classNameOf(before) === classNameOf(after) || variableOf(after) === "") return false;
    const notes = before.metadata.annotations ?? {};
    return notes[VIP_NOTE] === undefined && notes[HOLD] === undefined;
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

  /** Whatever was set off runs up to its next request. @throws what went wrong meanwhile */
  async calm(): Promise<void> {
    await setImmediate();
    await setImmediate();
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
