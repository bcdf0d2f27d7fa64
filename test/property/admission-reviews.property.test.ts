/**
 * What holds for the answer to any create, well-formed or not, whatever the API server does.
 *
 * The code of production from Pepr's processor down to the client; below it an API server in memory with
 * weather of its own, and time that passes only when nothing else is left to happen.
 */
import fc from "fast-check";
import { applyPatch, getValueByPointer, type Operation } from "fast-json-patch";
import { ClusterHook } from "../../capabilities/cluster-hook";
import { RequestFailed } from "../../lib/adapters/client";
import {
  ADDRESSES,
  CLAIMS,
  CLASSES,
  CLUSTERS,
  IN_CLUSTER_POOLS,
  type Resource,
} from "../../lib/adapters/kinds";
import { KubeExecutor } from "../../lib/adapters/kube-executor";
import { KubeInventory } from "../../lib/adapters/kube-inventory";
import { classFacts, clusterFacts } from "../../lib/adapters/kube-objects";
import { HOLD, OUR_PAUSE, PAUSED } from "../../lib/core/contract";
import { sameHost } from "../../lib/core/address";
import { applyEdit, hold, mergeEdits, type Edit } from "../../lib/core/edit";
import type { Facts, KubeObject, Rules } from "../../lib/core/facts";
import type { Plan } from "../../lib/core/plan";
import { choosePool } from "../../lib/core/pool-choice";
import { CONTROL_PLANE, ROLES, type Role } from "../../lib/core/roles";
import { hasOptedOut } from "../../lib/core/situation";
import { tidy } from "../../lib/core/tidy";
import { REASONS } from "../../lib/core/verdict";
import { FakeApiServer, FakeClient, type Request, type Turn } from "../fakes/api-server";
import { VirtualClock } from "../fakes/virtual-clock";
import { storedWorlds } from "../gen/arbitrary";
import { poolOf, RULES, Unread } from "../gen/facts";
import {
  address,
  cluster,
  clusterClass,
  NAMESPACE,
  NOW,
  free,
  globalPool,
  pool,
  put,
  variable,
  variables,
  VARIABLE,
  VIP,
  wantsVip,
} from "../gen/objects";
import {
  answerOf,
  brief,
  creates,
  isShaped,
  junk,
  junkCreates,
  mutatedCreates,
  NotAsked,
  Review,
  tenThousandVariables,
  type Answer,
} from "../gen/reviews";

const BUDGET_MS = 1000;
/** How long the API server takes when nothing is wrong. */
const PROMPT_MS = 20;

// ---- Time ----------------------------------------------------------------------------------------

/** Everything that needs no time has happened. */
const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

// ---- Weather -------------------------------------------------------------------------------------

type Behaviour =
  | { readonly does: "lingers"; readonly ms: number }
  | { readonly does: "is silent" }
  | { readonly does: "fails"; readonly code: number; readonly names: boolean; readonly causes: boolean }
  | { readonly does: "breaks" }
  /** It is done, and nobody hears of it. */
  | { readonly does: "loses" }
  | { readonly does: "says"; readonly what: unknown };

interface Spell {
  readonly on: string;
  readonly times: number;
  readonly behaviour: Behaviour;
}

const ASKED = [
  "get clusters",
  "get clusterclasses",
  "list inclusterippools",
  "list globalinclusterippools",
  "get ipaddressclaims",
  "get ipaddresses",
  "create ipaddressclaims",
  "patch ipaddressclaims",
  "watch ipaddressclaims",
];

const does = <B extends Behaviour>(behaviour: B): fc.Arbitrary<Behaviour> => fc.constant(behaviour);

const sane: fc.Arbitrary<Behaviour> = fc.oneof(
  { weight: 2, arbitrary: fc.nat(2 * BUDGET_MS).map((ms) => ({ does: "lingers" as const, ms })) },
  { weight: 2, arbitrary: does({ does: "is silent" }) },
  { weight: 1, arbitrary: does({ does: "breaks" }) },
  { weight: 1, arbitrary: does({ does: "loses" }) },
  {
    weight: 3,
    arbitrary: fc.record({
      does: fc.constant("fails" as const),
      code: fc.constantFrom(400, 401, 403, 404, 409, 410, 422, 429, 500, 503, 504, 0, 302),
      names: fc.boolean(),
      causes: fc.boolean(),
    }),
  },
);

/** What looks like the object that was asked for, and is not. */
const wrongAnswers: fc.Arbitrary<unknown> = fc.oneof(
  junk,
  fc.constantFrom<unknown>(
    { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", code: 500 },
    { metadata: {} },
    { metadata: { name: "vip-cp-blue", labels: [] }, spec: null, status: { addressRef: "none" } },
    { metadata: { resourceVersion: "x", annotations: { __proto__: null } }, spec: { address: 10 } },
    [{ metadata: { name: "own" }, status: { ipAddresses: { free: "many" } } }],
    [null],
  ),
);

const spells = (behaviour: fc.Arbitrary<Behaviour>): fc.Arbitrary<readonly Spell[]> =>
  fc.array(fc.record({ on: fc.constantFrom(...ASKED), times: fc.constantFrom(1, 2, Infinity), behaviour }), {
    maxLength: 2,
  });

const rough = spells(sane);
const wild = spells(
  fc.oneof(
    sane,
    wrongAnswers.map((what) => ({ does: "says" as const, what })),
  ),
);

// ---- The world -----------------------------------------------------------------------------------

/** What the IPAM provider makes of a claim: an address after a while, or nothing. */
type Provider = { readonly after: number; readonly address: string } | undefined;

type Stored = readonly (readonly [Resource, KubeObject])[];

class Setting {
  constructor(
    readonly objects: Stored,
    readonly noPool: Rules["noPool"],
    readonly provider: Provider,
    readonly weather: readonly Spell[],
  ) {}

  [fc.toStringMethod](): string {
    const { objects, ...rest } = this;
    const stored = objects.map(
      ([{ kind }, { metadata, spec, status }]) => `${kind} ${brief({ metadata, spec, status })}`,
    );
    return [brief(rest), ...stored].join("\n");
  }
}

const POOL_OF_KIND = new Map(IN_CLUSTER_POOLS.map((kind) => [kind.kind, kind]));

/** A class that wants a VIP and a pool that has one, or any others. */
const surroundings = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      class: fc.constant(clusterClass(wantsVip)),
      pools: fc.constantFrom(
        [pool("own")],
        [pool("own", free(0)), globalPool("all")],
        [globalPool("all")],
        [pool("own", free(0))],
      ),
      claim: fc.constant(undefined),
      address: fc.constant(undefined),
    }),
  },
  { weight: 1, arbitrary: storedWorlds },
);

const settings = (weather: fc.Arbitrary<readonly Spell[]>): fc.Arbitrary<Setting> =>
  fc
    .record({
      world: surroundings,
      namesake: fc.constantFrom(false, false, false, false, false, false, false, true),
      noPool: fc.constantFrom("hold" as const, "hold" as const, "ignore" as const, "reject" as const),
      provider: fc.option(
        fc.record({
          after: fc.constantFrom(0, 0, 50, BUDGET_MS - 100, 2 * BUDGET_MS),
          address: fc.constantFrom(VIP, VIP, VIP, VIP, VIP, "2001:DB8::10", "none", ""),
        }),
        { nil: undefined, freq: 4 },
      ),
      weather,
    })
    .map(({ world, namesake, noPool, provider, weather }) => {
      const { pools: listed = [], class: aClass, claim, address: anAddress } = world;
      const some = (of: Resource, object: KubeObject | Unread | undefined): Stored =>
        object && !(object instanceof Unread) ? [[of, object]] : [];
      const objects: Stored = [
        ...some(CLASSES, aClass),
        ...(listed instanceof Unread
          ? []
          : listed.flatMap((one) => some(POOL_OF_KIND.get(one.kind ?? "") ?? CLASSES, one))),
        ...some(CLAIMS, claim),
        ...some(ADDRESSES, anAddress),
        ...(namesake ? some(CLUSTERS, cluster()) : []),
      ];
      return new Setting(objects, noPool, provider, weather);
    });

class World {
  readonly clock = new VirtualClock(NOW);
  readonly server = new FakeApiServer(() => this.clock.now());
  /** What was asked of the API server, carried out or not. */
  readonly asked: string[] = [];
  readonly #spent = new Map<Spell, number>();
  readonly #watchers = new Set<() => void>();
  readonly #served = new Set<string | undefined>();

  constructor(private readonly setting: Setting) {
    for (const [of, object] of setting.objects) this.#seed(of, object);
    this.#provide();
  }

  hook(heard: Heard, weather: readonly Spell[]): ClusterHook {
    const client = new FakeClient(this.server, this.#turn(weather));
    const rules = { ...RULES, noPool: this.setting.noPool };
    const ports = {
      inventory: new KubeInventory(client, rules, this.clock),
      executor: new KubeExecutor(client, this.clock),
      clock: this.clock,
      journal: { record: (facts: Facts, plan: Plan): void => void heard.records.push({ facts, plan }) },
    };
    return new ClusterHook(ports, BUDGET_MS, (_, error) => heard.failures.push(error));
  }

  #seed(of: Resource, object: KubeObject): void {
    const { deletionTimestamp, namespace, name = "", finalizers = [] } = object.metadata;
    const isGoing = deletionTimestamp !== undefined;
    const metadata = {
      ...object.metadata,
      ...(isGoing && { finalizers: [...finalizers, "example.org/stays"] }),
    };
    const made = this.server.create(of, namespace, { ...object, metadata });
    if (object["status"] !== undefined)
      this.server.updateStatus(of, { ...made, status: object["status"] } as KubeObject);
    if (isGoing) this.server.delete(of, namespace, name);
  }

  #turn(weather: readonly Spell[]): Turn {
    return <T>(request: Request<T>, signal?: AbortSignal) =>
      new Promise<T>((resolve, reject) => {
        const what = `${request.verb} ${request.of.plural}`;
        this.asked.push(what);
        const end = (): void => reject(signal?.reason as Error);
        const done = (answer: () => void): void => {
          signal?.removeEventListener("abort", end);
          answer();
        };
        if (signal?.aborted) return end();
        signal?.addEventListener("abort", end);
        this.#behave(
          request,
          this.#today(what, weather),
          (value) => done(() => resolve(value)),
          (error) => done(() => reject(error as Error)),
        );
      });
  }

  #today(what: string, weather: readonly Spell[]): Behaviour {
    const spell = weather.find((one) => one.on === what && (this.#spent.get(one) ?? 0) < one.times);
    if (!spell) return { does: "lingers", ms: PROMPT_MS };
    this.#spent.set(spell, (this.#spent.get(spell) ?? 0) + 1);
    return spell.behaviour;
  }

  #behave<T>(
    request: Request<T>,
    behaviour: Behaviour,
    resolve: (value: T) => void,
    reject: (error: unknown) => void,
  ): void {
    if (behaviour.does === "is silent") return;
    if (behaviour.does === "lingers" && request.isReady)
      return this.#watch(request, request.isReady, resolve);
    this.clock.after(behaviour.does === "lingers" ? behaviour.ms : PROMPT_MS, () => {
      try {
        resolve(this.#carryOut(request, behaviour));
      } catch (error) {
        reject(error);
      }
      this.#provide();
    });
  }

  #carryOut<T>(request: Request<T>, behaviour: Behaviour): T {
    if (behaviour.does === "says") return behaviour.what as T;
    if (behaviour.does === "fails") throw refusalOf(request.name, behaviour);
    if (behaviour.does === "breaks") throw new TypeError("fetch failed", { cause: new Error("ECONNRESET") });
    const done = request.run();
    if (behaviour.does === "loses") throw new TypeError("fetch failed", { cause: new Error("EPIPE") });
    return done;
  }

  #watch<T>(request: Request<T>, isReady: () => boolean, resolve: (value: T) => void): void {
    const look = (): void => {
      if (!isReady()) return;
      this.#watchers.delete(look);
      resolve(request.run());
    };
    this.#watchers.add(look);
    look();
  }

  /** Every claim that has no address yet gets one, where there is a provider. */
  #provide(): void {
    const { provider } = this.setting;
    for (const { metadata } of provider ? this.server.list(CLAIMS) : []) {
      if (this.#served.has(metadata.uid)) continue;
      this.#served.add(metadata.uid);
      this.clock.after(provider?.after ?? 0, () => this.#bind(metadata.name ?? "", provider?.address ?? ""));
    }
    this.#watchers.forEach((look) => look());
  }

  #bind(name: string, ip: string): void {
    const claim = this.server.find(CLAIMS, NAMESPACE, name);
    if (!claim || claim["status"] !== undefined || claim.metadata.deletionTimestamp !== undefined) return;
    const { metadata, ...rest } = address();
    const made = {
      ...rest,
      metadata: { ...metadata, name },
      spec: { ...(rest["spec"] as object), address: ip },
    };
    if (!this.server.find(ADDRESSES, NAMESPACE, name)) this.server.create(ADDRESSES, NAMESPACE, made);
    this.server.updateStatus(CLAIMS, { ...claim, status: { addressRef: { name } } } as KubeObject);
    this.#watchers.forEach((look) => look());
  }
}

function refusalOf(name: string, { code, names, causes }: Behaviour & { does: "fails" }): RequestFailed {
  const details = { ...(names && { name }), ...(causes && { causes: [{ reason: "FieldValueInvalid" }] }) };
  return new RequestFailed(code, code === 0 ? undefined : { message: `no: ${code}`, details });
}

// ---- One review, answered ------------------------------------------------------------------------

interface Heard {
  readonly records: { readonly facts: Facts; readonly plan: Plan }[];
  readonly failures: unknown[];
}

interface Answered extends Heard {
  readonly review: Review;
  readonly setting: Setting;
  readonly world: World;
  readonly answer: Answer;
  /** The object of the request as the API server makes it of the answer. */
  readonly result: KubeObject;
}

/** What is not answered when its budget has passed, is never answered. */
async function ask(review: Review, setting: Setting, world = new World(setting)): Promise<Answered> {
  const heard: Heard = { records: [], failures: [] };
  const before = JSON.stringify(review);
  const end = world.clock.now() + BUDGET_MS;
  let answer: Answer | undefined;
  let crash: unknown;
  void answerOf(world.hook(heard, setting.weather), review).then(
    (given) => (answer = given),
    (error: unknown) => (crash = error),
  );
  await settled();
  for (; !answer && !crash && world.clock.next() <= end; await settled()) world.clock.step();
  fc.pre(!(crash instanceof NotAsked));
  if (crash) throw crash instanceof Error ? crash : new Error(String(crash));
  if (!answer) throw new Error("No answer when the budget has passed");
  if (JSON.stringify(review) !== before) throw new Error("The object of the request was changed in place");
  return { ...heard, review, setting, world, answer, result: patched(review.object, answer.patch) };
}

const patched = (object: KubeObject, patch: readonly Operation[]): KubeObject =>
  applyPatch(structuredClone(object), structuredClone(patch), true).newDocument;

/** A list or map that is null is not there, says the API server. */
const EMPTY =
  /^replace \/(metadata\/(annotations|labels)|spec\/controlPlaneEndpoint|spec\/topology\/variables)$/;

/** Where a create may be changed, by the operations of its patch. */
const OURS = [
  /^(add|replace) \/metadata\/name$/,
  /^add \/metadata\/annotations$/,
  /^(add|replace|remove) \/metadata\/annotations\/(vip\.capi\.gorizond\.io~1(hold|(control-plane|ingress)-vip(-replaced)?)|cluster\.x-k8s\.io~1paused)$/,
  /^add \/metadata\/labels$/,
  /^(add|replace|remove) \/metadata\/labels\/vip\.capi\.gorizond\.io~1ingress-vip$/,
  /^add \/spec\/controlPlaneEndpoint$/,
  /^(add|replace) \/spec\/controlPlaneEndpoint\/(host|port)$/,
  /^add \/spec\/topology\/variables$/,
  /^add \/spec\/topology\/variables\/\d+$/,
  /^(add|replace) \/spec\/topology\/variables\/\d+\/value$/,
];

/** As `expect`, and a hundred times faster where all is well. */
function must(holds: unknown, what: string): void {
  if (!holds) throw new Error(what);
}

/** The change that was decided on, as far as it can be told from outside. */
function decided({ review: { object }, result, records, failures }: Answered): Edit {
  if (failures.length > 0) return hold(object.metadata.annotations ?? {}, "Unreachable");
  const { name } = result.metadata;
  const tidied = tidy(clusterFacts(object, NAMESPACE), "");
  const named = name !== undefined && name !== object.metadata.name ? { name } : {};
  return ROLES.map((role) => lastOf(role, records)?.plan.edit ?? {}).reduce(mergeEdits, {
    ...tidied,
    ...named,
  });
}

/** Each role settles by itself. */
const lastOf = (role: Role, records: Heard["records"]): Heard["records"][number] | undefined =>
  records.filter(({ plan }) => plan.decisions[0]?.role === role).at(-1);

type Law = (answered: Answered) => void;

/** What holds for any create, be the request what it may. */
const alwaysHolds: Record<string, Law> = {
  "it is allowed, or refused in words that name the Cluster and the reason": ({ review, answer }) => {
    const { allowed, status, warnings, patch } = answer;
    const names = (text: string | undefined, reason: RegExp): boolean =>
      text?.startsWith(`Cluster ${clusterFacts(review.object, NAMESPACE).key.namespace}/`) === true &&
      reason.test(text);
    for (const warning of warnings) must(names(warning, / \(\w+\)\. /), `warned: ${warning}`);
    if (allowed) return must(status === undefined, "a status beside an allowed answer");
    must(patch.length === 0 && warnings.length === 0, "a refusal with a patch or warnings");
    const isClear = names(
      status?.message,
      / \((HostAndVariableDiffer|PoolRequired|InsideOwnNetwork|AddressTaken)\)\. /,
    );
    must(status?.code === 403 && isClear, `refused: ${brief(answer)}`);
  },
  "no mistake of ours is heard of where all is as it should be": ({ review, setting, failures }) => {
    const isForged = setting.weather.some(({ behaviour }) => behaviour.does === "says");
    must(isForged || !isShaped(review.object) || failures.length === 0, String(failures[0]));
  },
  "the patch gives exactly the change that was decided on": (answered) => {
    const { review, answer, result } = answered;
    const wished = answer.allowed ? applyEdit(review.object, decided(answered)) : review.object;
    if (JSON.stringify(result) !== JSON.stringify(wished)) expect(result).toEqual(wished);
  },
  "what the user wrote stays": ({ answer, review: { object }, result }) => {
    if (!isShaped(object)) return;
    for (const { op, path } of answer.patch) {
      const isOurs = OURS.some((ours) => ours.test(`${op} ${path}`));
      const isNull = EMPTY.test(`${op} ${path}`) && getValueByPointer(object, path) === null;
      must(isOurs || isNull, `${op} ${path}`);
      const was: unknown = path.endsWith("/value") ? getValueByPointer(object, path) : undefined;
      // The other one is the default of a class.
      must([null, undefined, "", "0.0.0.0"].includes(was as string), `${path} was ${brief(was)}`);
    }
    const { host } = clusterFacts(object, NAMESPACE).endpoint;
    must(host === undefined || hostOf(result) === host, `another host than ${host}`);
    const pause = object.metadata.annotations?.[PAUSED];
    const isTheirs = pause !== undefined && pause !== OUR_PAUSE;
    must(!isTheirs || result.metadata.annotations?.[PAUSED] === pause, "another pause than the user's");
  },
  "a dry-run writes nothing": ({ review, world }) => {
    const written = world.asked.filter((what) => !/^(get|list) /.test(what));
    must(!review.dryRun || written.length === 0, String(written));
  },
  "nothing is written but claims and what is pinned for them": ({ world }) => {
    const written = world.asked.filter((what) => !/^(get|list|watch) /.test(what));
    must(
      written.every((what) =>
        /^((create|patch|delete) ipaddressclaims|(create|delete) ipaddresses)$/.test(what),
      ),
      String(written),
    );
  },
  "no object of JavaScript's own is changed": () => {
    must(({} as { polluted?: unknown }).polluted === undefined, "({}).polluted is there");
    must(Object.keys(Object.prototype).length === 0, "every object has a new key");
  },
};

function isHeld({ metadata }: KubeObject): boolean {
  const { [HOLD]: reason = "", [PAUSED]: pause } = metadata.annotations ?? {};
  return Object.hasOwn(REASONS, reason) && pause !== undefined;
}

interface Spec {
  readonly controlPlaneEndpoint?: { readonly host?: string; readonly port?: number };
  readonly topology?: { readonly variables?: readonly { readonly name: string; readonly value: unknown }[] };
}

const specOf = (object: KubeObject): Spec => (object["spec"] ?? {}) as Spec;
function hostOf(object: KubeObject): string | undefined {
  const { host } = specOf(object).controlPlaneEndpoint ?? {};
  return typeof host === "string" && host !== "" ? host : undefined;
}

function isOfConcern(object: KubeObject): boolean {
  const facts = clusterFacts(object, NAMESPACE);
  return facts.class !== undefined && !facts.hasRefs && !hasOptedOut(facts, CONTROL_PLANE);
}

/** None of its roles is of our concern. */
function isOfNoConcern(object: KubeObject): boolean {
  const facts = clusterFacts(object, NAMESPACE);
  return facts.class === undefined || facts.hasRefs || ROLES.every((role) => hasOptedOut(facts, role));
}

/** The API server refuses it whatever we say. */
const cannotBeStored = ({ metadata }: KubeObject): boolean =>
  (metadata.name ?? "").length > 63 || metadata.resourceVersion !== undefined;

/** Such an answer, or none, to each question of a kind, from the first one on. */
const always = ({ weather }: Setting, on: RegExp, behaviours: readonly Behaviour["does"][]): boolean =>
  weather
    .filter((one, index) => weather.findIndex((other) => other.on === one.on) === index)
    .some((one) => on.test(one.on) && one.times > 2 && behaviours.includes(one.behaviour.does));

const FAILURES = ["is silent", "fails", "breaks", "loses"] as const;

/** The truth, and not what the API server said of the class: it wants no VIP, or nobody insists on it. */
function mayGoWithout({ review, setting, world }: Answered): boolean {
  const { class: name, key } = clusterFacts(review.object, NAMESPACE);
  const aClass = world.server.find(CLASSES, name?.namespace, name?.name ?? "");
  if (!aClass || always(setting, /^(get clusterclasses|list .*pools)$/, FAILURES)) return false;
  if (classFacts(aClass).strings.has(VARIABLE) && setting.noPool !== "ignore") return false;
  // A listing that leaves some pools out is as good as any.
  if (setting.weather.some(({ on, behaviour }) => on.startsWith("list") && behaviour.does === "says"))
    return true;
  const listed = IN_CLUSTER_POOLS.flatMap((kind) => world.server.list(kind, key.namespace));
  const wish = { namespace: key.namespace, className: name?.name ?? "", role: CONTROL_PLANE.name };
  return choosePool(listed.map(poolOf), wish).matching.length === 0;
}

/** What holds for a create that Cluster API would not refuse by itself. */
const holdsForClusters: Record<string, Law> = {
  "a Cluster of nobody's concern costs no request, and is left as it is": ({ review, world, answer }) => {
    if (!isOfNoConcern(review.object) || cannotBeStored(review.object)) return;
    must(world.asked.length === 0, String(world.asked));
    must(
      answer.patch.every(({ op, path }) => op === "remove" || path === "/metadata/name"),
      brief(answer.patch),
    );
  },
  "a Cluster of our concern has its VIP, or is held, or may go without": (answered) => {
    const { review, answer, result } = answered;
    if (!isOfConcern(review.object) || cannotBeStored(review.object)) return;
    if (review.dryRun || !answer.allowed) return;
    must(hostOf(result) ?? (isHeld(result) || mayGoWithout(answered)), brief(result));
  },
  "a VIP is the user's, or the address of the claim of its name": ({ review, result, world, setting }) => {
    const host = hostOf(result);
    const isForged = setting.weather.some(({ behaviour }) => behaviour.does === "says");
    if (host === undefined || isForged) return;
    const { endpoint, variables } = clusterFacts(review.object, NAMESPACE);
    if ([endpoint.host, variables.get(VARIABLE)].includes(host)) return;
    const name = `vip-cp-${result.metadata.name}`;
    const stored = world.server.find(ADDRESSES, NAMESPACE, name);
    must(world.server.find(CLAIMS, NAMESPACE, name), `no claim ${name}`);
    must(sameHost(host, (stored?.["spec"] as { address?: string }).address), `another address than ${host}`);
    must(stored?.metadata.deletionTimestamp === undefined, "an address that is going");
  },
};

/** The API server may ask twice in one request, when a hook after us has changed the object. */
async function askedAgain({ review, setting, world, result }: Answered): Promise<Answered> {
  const { objects, noPool, provider } = setting;
  const calm = new Setting(objects, noPool, provider, []);
  return ask(new Review("CREATE", result, undefined, review.dryRun), calm, world);
}

const contradictsNothing = (first: Answered, second: Answered): void => {
  const { endpoint, variables } = clusterFacts(first.review.object, NAMESPACE);
  const wereTwo = endpoint.host !== undefined && variables.has(VARIABLE);
  const mayRefuse = wereTwo || first.setting.noPool === "reject";
  must(second.answer.allowed || mayRefuse, `refused when asked again: ${brief(second.answer)}`);
  if (!second.answer.allowed) return;
  const before = specOf(first.result).controlPlaneEndpoint;
  const after = specOf(second.result).controlPlaneEndpoint;
  must(!before?.host || before.host === after?.host, `another host when asked again: ${brief(after)}`);
  must(!before?.port || before.port === after?.port, `another port when asked again: ${brief(after)}`);
  must(first.result.metadata.name === second.result.metadata.name, "another name when asked again");
  staysDone(first, second);
};

function staysDone(first: Answered, second: Answered): void {
  const isDone = lastOf(CONTROL_PLANE, first.records)?.plan.decisions[0]?.verdict.reason === "Assigned";
  const { namespace, name } = first.result.metadata;
  // One that was said to be absent, and is not, is found when the weather is calm.
  const isTaken = first.world.server.find(CLUSTERS, namespace, name ?? "") !== undefined;
  if (isDone && !isTaken) expect(second.result).toEqual(first.result);
}

function holdAll(laws: Record<string, Law>, answered: Answered): void {
  for (const [title, law] of Object.entries(laws))
    try {
      law(answered);
    } catch (error) {
      throw new Error(`${title}: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
}

/** For a test of a few thousand reviews, also while the machine is busy. */
const LONG_MS = 120_000;

function law(
  title: string,
  reviews: fc.Arbitrary<Review>,
  weather: fc.Arbitrary<readonly Spell[]>,
  numRuns: number,
  holds: (answered: Answered) => void | Promise<void>,
): void {
  const scenes = fc.asyncProperty(reviews, settings(weather), async (review, setting) =>
    holds(await ask(review, setting)),
  );
  test(title, () => fc.assert(scenes, { numRuns }), LONG_MS);
}

describe("A create", () => {
  law("is answered in time, whatever the API server does", creates, rough, 2500, (answered) => {
    holdAll({ ...alwaysHolds, ...holdsForClusters }, answered);
  });

  law("is answered in time, whatever the API server says", creates, wild, 1000, (answered) =>
    holdAll({ ...alwaysHolds, ...holdsForClusters }, answered),
  );

  law("of a mutated Cluster is answered like any other", mutatedCreates, wild, 2000, (answered) => {
    holdAll({ ...alwaysHolds, ...(isShaped(answered.review.object) && holdsForClusters) }, answered);
  });

  law("is answered in the same sense when the API server asks again", creates, rough, 1000, async (first) => {
    if (!first.answer.allowed) return;
    const second = await askedAgain(first);
    holdAll({ ...alwaysHolds, ...holdsForClusters }, second);
    contradictsNothing(first, second);
  });

  law("of junk is answered like any other", junkCreates, rough, 500, (answered) =>
    holdAll(alwaysHolds, answered),
  );
});

const POOLS: Stored = [[POOL_OF_KIND.get("InClusterIPPool") ?? CLASSES, pool("own")]];

const ready = (...weather: readonly Spell[]): Setting =>
  new Setting([[CLASSES, clusterClass(wantsVip)], ...POOLS], "hold", { after: 0, address: VIP }, weather);

const created = (object: unknown): Review => new Review("CREATE", object, undefined, false);

describe("An odd create", () => {
  test(
    "with ten thousand variables is completed",
    async () => {
      const answered = await ask(created(tenThousandVariables(cluster())), ready());
      holdAll({ ...alwaysHolds, ...holdsForClusters }, answered);
      expect(specOf(answered.result).topology?.variables).toHaveLength(10_001);
      expect(hostOf(answered.result)).toBe(VIP);
    },
    LONG_MS,
  );

  test("is held when the API server answers with something that is not its class", async () => {
    const weather: Spell = {
      on: "get clusterclasses",
      times: Infinity,
      behaviour: { does: "says", what: {} },
    };
    const { objects } = new Setting([[CLASSES, clusterClass(wantsVip)]], "hold", undefined, []);
    const { result } = await ask(created(cluster()), new Setting(objects, "hold", undefined, [weather]));
    expect(isHeld(result)).toBe(true);
  });

  test("whose claim somebody refuses for good does not ask for it until its time is up", async () => {
    const behaviour = { does: "fails" as const, code: 422, names: false, causes: false };
    const { world } = await ask(
      created(cluster()),
      ready({ on: "create ipaddressclaims", times: Infinity, behaviour }),
    );
    expect(world.asked.filter((what) => what === "create ipaddressclaims").length).toBeLessThan(5);
  });

  test("without metadata is answered without a mistake of ours in its words", async () => {
    const { answer } = await ask(created({ spec: cluster()["spec"] }), ready());
    expect(answer).toMatchObject({ allowed: true });
  });

  test.each(["10.0.0.5", ["10.0.0.5"]])(
    "whose endpoint is %j keeps it, for the API server to refuse",
    async (odd) => {
      const { result } = await ask(created(put("spec", "controlPlaneEndpoint")(odd)(cluster())), ready());
      expect(specOf(result).controlPlaneEndpoint).toEqual(odd);
    },
  );

  test("whose variable is no text keeps it, for Cluster API to refuse", async () => {
    const { result } = await ask(created(variable({ ip: "10.0.0.5" })(cluster())), ready());
    expect(specOf(result).topology?.variables).toEqual([{ name: VARIABLE, value: { ip: "10.0.0.5" } }]);
  });

  // Pepr's copy loses the key, and its patch takes it from the Cluster, also where nothing was to be changed.
  test.failing("keeps a key of the name __proto__ in a variable's value", async () => {
    const value: unknown = JSON.parse('{"__proto__": "text"}');
    const { answer } = await ask(created(variables({ other: value })(cluster())), ready());
    expect(answer.lost).toEqual([]);
  });
});
