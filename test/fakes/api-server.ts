/**
 * An API server in memory: objects with versions, guarded writes, finalizers, a history to watch.
 *
 * It knows what every object has in common and nothing of ours. Every call is one atomic step. The
 * contract suite runs on it and on the real API server, so that a world built on it cannot lie.
 */
import { isDeepStrictEqual } from "node:util";
import { applyPatch, compare, type Operation } from "fast-json-patch";
import { RequestFailed, type Client, type Status } from "../../lib/adapters/client";
import type { Resource } from "../../lib/adapters/kinds";
import type { KubeObject, Metadata } from "../../lib/core/facts";

export type EventType = "ADDED" | "MODIFIED" | "DELETED";

export interface StoredEvent {
  readonly revision: number;
  readonly type: EventType;
  readonly of: Resource;
  readonly object: KubeObject;
  readonly before: KubeObject | undefined;
}

export interface DeleteOptions {
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
  readonly propagation?: "Background" | "Foreground" | "Orphan";
}

/** Finalizers by which the garbage collector hears of the two special kinds of deletion. */
export const FOREGROUND = "foregroundDeletion";
export const ORPHAN = "orphan";

const SECOND = 1000;

/** What was before has been forgotten, as it is after a while. */
const OLDEST_REVISION = 100;

export class FakeApiServer {
  readonly history: StoredEvent[] = [];
  readonly #objects = new Map<string, KubeObject>();
  readonly #listeners = new Set<() => void>();
  /** By UID, the types of the conditions that were applied. */
  readonly #applied = new Map<string, readonly string[]>();
  #revision = OLDEST_REVISION;
  #uids = 0;

  constructor(private readonly now: () => number) {}

  /** The latest one; a list would carry it. */
  get revision(): number {
    return this.#revision;
  }

  find(of: Resource, namespace: string | undefined, name: string): KubeObject | undefined {
    return this.#objects.get(keyOf(of, namespace, name));
  }

  /** @throws RequestFailed with 404, naming the object as the real one does */
  get(of: Resource, namespace: string | undefined, name: string): KubeObject {
    const object = this.find(of, namespace, name);
    if (!object) throw failed(404, "NotFound", `${of.plural} "${name}" not found`, name);
    return object;
  }

  /** By namespace and name. */
  /** @param selector a label that must be there, or `label=value` */
  list(of: Resource, namespace?: string, selector = ""): KubeObject[] {
    const [label = "", value] = selector.split("=");
    const isSelected = (labels: Readonly<Record<string, string>> = {}): boolean =>
      value === undefined ? label in labels : labels[label] === value;
    const prefix = `${of.plural}.${of.group}/${namespace === undefined || !of.namespaced ? "" : `${namespace}/`}`;
    return [...this.#objects]
      .filter(([key]) => key.startsWith(prefix))
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([, object]) => object)
      .filter(({ metadata }) => label === "" || isSelected(metadata.labels));
  }

  create(of: Resource, namespace: string | undefined, body: KubeObject): KubeObject {
    const { name = "" } = body.metadata;
    if (name === "") throw failed(422, "Invalid", "name or generateName is required", name, true);
    if (this.find(of, namespace, name)) throw failed(409, "AlreadyExists", `"${name}" already exists`, name);
    return this.#store(of, "ADDED", {
      ...withStatus(body, undefined),
      metadata: withoutEmpty({
        ...body.metadata,
        ...(of.namespaced && namespace !== undefined && { namespace }),
        uid: `uid-${(this.#uids += 1)}`,
        generation: 1,
        creationTimestamp: this.#stamp(),
        deletionTimestamp: undefined,
      }),
    });
  }

  /** Everything but the status, if `after` carries the version that is stored. */
  update(of: Resource, after: KubeObject): KubeObject {
    const now = this.#guarded(of, after.metadata);
    const { uid, creationTimestamp, deletionTimestamp } = now.metadata;
    const generation = later(now, isSameBeside(now, after));
    const added = (after.metadata.finalizers ?? []).filter(
      (name) => !now.metadata.finalizers?.includes(name),
    );
    if (deletionTimestamp !== undefined && added.length > 0)
      throw failed(
        422,
        "Invalid",
        "no new finalizers can be added if the object is being deleted",
        after.metadata.name ?? "",
        true,
      );
    return this.#replace(of, now, {
      ...withStatus(after, now["status"]),
      metadata: withoutEmpty({ ...after.metadata, uid, creationTimestamp, deletionTimestamp, generation }),
    });
  }

  /** Of all that can be applied, the conditions, which are a list with a key. One applier is all there is. */
  applyStatus(of: Resource, read: KubeObject, wished: object): KubeObject {
    const now = this.#guarded(of, read.metadata);
    const applied = conditionsOf({ metadata: {}, status: wished });
    const mine = [...(this.#applied.get(now.metadata.uid ?? "") ?? []), ...applied.map(({ type }) => type)];
    this.#applied.set(
      now.metadata.uid ?? "",
      applied.map(({ type }) => type),
    );
    const kept = conditionsOf(now).filter(({ type }) => !mine.includes(type));
    const there = conditionsOf(now).flatMap(({ type }) => applied.filter((one) => one.type === type));
    const added = applied.filter((one) => !there.includes(one));
    const conditions = [...kept, ...there, ...added];
    const status = { ...(now["status"] as object | undefined), conditions };
    return this.#replace(of, now, withStatus(now, conditions.length > 0 ? status : now["status"] && status));
  }

  updateStatus(of: Resource, after: KubeObject): KubeObject {
    const now = this.#guarded(of, after.metadata);
    return this.#replace(of, now, withStatus(now, after["status"]));
  }

  delete(of: Resource, namespace: string | undefined, name: string, options: DeleteOptions = {}): void {
    const now = this.get(of, namespace, name);
    const { uid, resourceVersion, propagation } = options;
    if (uid !== undefined && uid !== now.metadata.uid)
      throw failed(409, "Conflict", "the UID in the precondition does not match", name);
    if (resourceVersion !== undefined && resourceVersion !== now.metadata.resourceVersion)
      throw failed(409, "Conflict", "the ResourceVersion in the precondition does not match", name);
    const finalizers = deletedBy(propagation, now.metadata.finalizers ?? []);
    if (finalizers.length === 0) return this.#remove(of, now);
    const deletionTimestamp = now.metadata.deletionTimestamp ?? this.#stamp();
    // Its end is a change of what is wished, once.
    const generation = later(now, now.metadata.deletionTimestamp !== undefined);
    const metadata = { ...now.metadata, finalizers, deletionTimestamp, generation };
    this.#replace(of, now, { ...now, metadata: withoutEmpty(metadata) });
  }

  /** Stores an object as it is, times and UID included: it was there before anybody looked. */
  restore(of: Resource, object: KubeObject): KubeObject {
    return this.#store(of, "ADDED", object);
  }

  /** Calls back after every write; what is returned ends it. */
  onWrite(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  isForgotten(revision: number): boolean {
    return revision < OLDEST_REVISION;
  }

  #guarded(of: Resource, { namespace, name = "", uid, resourceVersion }: Metadata): KubeObject {
    const now = this.get(of, namespace, name);
    const isSame = uid === undefined || uid === now.metadata.uid;
    if (isSame && resourceVersion === now.metadata.resourceVersion) return now;
    throw failed(
      409,
      "Conflict",
      "the object has been modified; please apply your changes to the latest version",
      name,
    );
  }

  /** What is being deleted and waits for nobody is gone; what is as before is not written. */
  #replace(of: Resource, now: KubeObject, after: KubeObject): KubeObject {
    const { deletionTimestamp, finalizers = [] } = after.metadata;
    const { resourceVersion } = now.metadata;
    const isGoing = deletionTimestamp !== undefined && finalizers.length === 0;
    if (!isGoing) return isSame(now, after) ? now : this.#store(of, "MODIFIED", after);
    this.#remove(of, now);
    return frozen({ ...after, metadata: withoutEmpty({ ...after.metadata, resourceVersion }) });
  }

  /** The last that is heard of an object is how it was stored last. */
  #remove(of: Resource, now: KubeObject): void {
    this.#store(of, "DELETED", now);
  }

  #store(of: Resource, type: EventType, object: KubeObject): KubeObject {
    const revision = (this.#revision += 1);
    const metadata = withoutEmpty({ ...object.metadata, resourceVersion: String(revision) });
    const stored = frozen({ ...object, apiVersion: `${of.group}/${of.version}`, kind: of.kind, metadata });
    const key = keyOf(of, metadata.namespace, metadata.name ?? "");
    const before = this.#objects.get(key);
    if (type === "DELETED") this.#objects.delete(key);
    else this.#objects.set(key, stored);
    this.history.push({ revision, type, of, object: stored, before });
    for (const listener of [...this.#listeners]) listener();
    return stored;
  }

  /** Seconds, as the API server writes times. */
  #stamp(): string {
    return new Date(Math.floor(this.now() / SECOND) * SECOND).toISOString().replace(".000Z", "Z");
  }
}

/** The API server as one of our processes sees it. Every request is one turn, taken when `turn` says so. */
export class FakeClient implements Client {
  constructor(
    private readonly server: FakeApiServer,
    private readonly turn: Turn,
  ) {}

  get(of: Resource, namespace: string, name: string, signal?: AbortSignal): Promise<KubeObject> {
    const run = (): KubeObject => this.server.get(of, namespace, name);
    return this.turn({ verb: "get", of, name, run }, signal);
  }

  list(
    of: Resource,
    { namespace, labelSelector }: { namespace?: string; labelSelector?: string },
    signal?: AbortSignal,
  ): Promise<readonly KubeObject[]> {
    const run = (): KubeObject[] => this.server.list(of, namespace, labelSelector);
    return this.turn({ verb: "list", of, name: "", run }, signal);
  }

  create(of: Resource, namespace: string, body: KubeObject, signal?: AbortSignal): Promise<KubeObject> {
    const run = (): KubeObject => this.server.create(of, namespace, body);
    return this.turn({ verb: "create", of, name: body.metadata.name ?? "", run }, signal);
  }

  /** A JSON patch, which may fail before its guard is compared. */
  patch(of: Resource, before: KubeObject, after: KubeObject, signal?: AbortSignal): Promise<KubeObject> {
    const { namespace, name = "", resourceVersion } = before.metadata;
    const guard = { op: "replace" as const, path: "/metadata/resourceVersion", value: resourceVersion };
    const operations = [guard, ...compare(before, after)];
    const run = (): KubeObject =>
      this.server.update(of, patched(this.server.get(of, namespace, name), operations));
    return this.turn({ verb: "patch", of, name, run }, signal);
  }

  touch(of: Resource, namespace: string, name: string, signal?: AbortSignal): Promise<KubeObject> {
    const run = (): KubeObject => this.server.get(of, namespace, name);
    return this.turn({ verb: "patch", of, name, run }, signal);
  }

  applyStatus(of: Resource, read: KubeObject, status: object, signal?: AbortSignal): Promise<KubeObject> {
    const run = (): KubeObject => this.server.applyStatus(of, read, status);
    const { name = "" } = read.metadata;
    return this.turn({ verb: "apply", of, name, run }, signal);
  }

  async delete(of: Resource, read: KubeObject, signal?: AbortSignal): Promise<void> {
    const { namespace, name = "", uid, resourceVersion } = read.metadata;
    const run = (): void => this.server.delete(of, namespace, name, { uid, resourceVersion });
    await this.turn({ verb: "delete", of, name, run }, signal);
  }

  async follow(
    of: Resource,
    { metadata: { namespace, name = "", resourceVersion } }: KubeObject,
    isEnough: (object: KubeObject) => boolean,
    signal: AbortSignal,
  ): Promise<KubeObject | undefined> {
    const from = Number(resourceVersion);
    const isMeant = ({ revision, of: kind, object }: StoredEvent): boolean =>
      revision > from &&
      kind === of &&
      object.metadata.name === name &&
      object.metadata.namespace === namespace;
    let told = 0;
    let last: StoredEvent | undefined;
    // Every event is told once; what is gone says nothing more.
    const isReady = (): boolean => {
      for (; !last && told < this.server.history.length; told += 1) {
        const event = this.server.history[told];
        if (event && isMeant(event) && (event.type === "DELETED" || isEnough(event.object))) last = event;
      }
      return last !== undefined || this.server.isForgotten(from);
    };
    const run = (): KubeObject | undefined =>
      isReady() && last?.type !== "DELETED" ? last?.object : undefined;
    return this.turn({ verb: "watch", of, name, run, isReady }, signal).catch(() => undefined);
  }
}

export interface Request<T> {
  readonly verb: "get" | "list" | "create" | "patch" | "apply" | "delete" | "watch";
  readonly of: Resource;
  readonly name: string;
  /** Carries the request out; throws as the client does. */
  readonly run: () => T;
  /** A watch has nothing to say until something happens. */
  readonly isReady?: () => boolean;
}

/** Who is asked when a request is carried out, and what its sender hears of it. */
export type Turn = <T>(request: Request<T>, signal?: AbortSignal) => Promise<T>;

/** Every request at once; a watch as soon as it has something to say. */
export const atOnce =
  (server: FakeApiServer): Turn =>
  <T>({ run, isReady = () => true }: Request<T>, signal?: AbortSignal): Promise<T> =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(aborted());
      if (isReady()) return resolve(run());
      const onWrite = (): void => {
        if (isReady()) end(() => resolve(run()));
      };
      const onAbort = (): void => end(() => reject(aborted()));
      const stop = server.onWrite(onWrite);
      const end = (answer: () => void): void => {
        stop();
        signal?.removeEventListener("abort", onAbort);
        answer();
      };
      signal?.addEventListener("abort", onAbort);
    });

/** As the client library words it. */
const aborted = (): Error => Object.assign(new Error("The user aborted a request."), { name: "AbortError" });

const keyOf = (of: Resource, namespace: string | undefined, name: string): string =>
  `${of.plural}.${of.group}/${of.namespaced ? `${namespace ?? ""}/` : ""}${name}`;

export function failed(
  code: number,
  reason: string,
  message: string,
  name: string,
  isInvalid = false,
): RequestFailed {
  const causes = isInvalid ? { causes: [{ reason: "FieldValueInvalid" }] } : {};
  const status: Status = { message, reason, details: { ...(name && { name }), ...causes } };
  return new RequestFailed(code, status);
}

/** A word on propagation replaces the one that was said before; no word leaves it. */
function deletedBy(propagation: DeleteOptions["propagation"], finalizers: readonly string[]): string[] {
  if (propagation === undefined) return [...finalizers];
  const others = finalizers.filter((name) => name !== FOREGROUND && name !== ORPHAN);
  return [...others, ...{ Foreground: [FOREGROUND], Orphan: [ORPHAN], Background: [] }[propagation]];
}

/** @throws RequestFailed with 409 where an operation finds nothing to work on: the patch is of an old version */
function patched(now: KubeObject, operations: readonly Operation[]): KubeObject {
  const after = applied(now, operations);
  const { uid, deletionTimestamp, name = "" } = now.metadata;
  const isKept =
    uid === after.metadata.uid &&
    (deletionTimestamp ?? after.metadata.deletionTimestamp) === deletionTimestamp;
  if (isKept) return after;
  throw failed(422, "Invalid", "field is immutable", name, true);
}

function applied(now: KubeObject, operations: readonly Operation[]): KubeObject {
  try {
    return applyPatch(structuredClone(now), operations, true).newDocument;
  } catch {
    throw failed(409, "Conflict", "the patch takes away what is gone", "");
  }
}

/** Whatever has a status has it written only by itself; an address has none. */
function withStatus({ status: _, ...rest }: KubeObject, status: unknown): KubeObject {
  return { ...rest, ...(status !== undefined && { status }) } as KubeObject;
}

interface Condition {
  readonly type: string;
}

const conditionsOf = ({ status }: KubeObject): readonly Condition[] =>
  (status as { conditions?: readonly Condition[] } | undefined)?.conditions ?? [];

/** Of what came with one. */
const later = ({ metadata: { generation } }: KubeObject, isSame: boolean): number | undefined =>
  generation === undefined ? undefined : generation + Number(!isSame);

/** In all but metadata and status. */
const isSameBeside = (one: KubeObject, other: KubeObject): boolean => {
  const beside = (object: KubeObject): KubeObject => ({ ...withStatus(object, undefined), metadata: {} });
  return isSame(beside(one), beside(other));
};

/** Fields that are not there are not stored as `undefined` or empty. */
function withoutEmpty(metadata: {
  readonly [field in keyof Metadata]: Metadata[field] | undefined;
}): Metadata {
  const isSaid = ([, value]: [string, unknown]): boolean =>
    value !== undefined && !(typeof value === "object" && value !== null && Object.keys(value).length === 0);
  return Object.fromEntries(Object.entries(metadata).filter(isSaid));
}

function frozen<T>(value: T): T {
  const copy = structuredClone(value);
  freeze(copy);
  return copy;
}

function freeze(value: unknown): void {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  Object.values(value).forEach(freeze);
}

const plain = (object: KubeObject): string =>
  JSON.stringify({ ...object, metadata: withoutEmpty({ ...object.metadata, resourceVersion: "" }) });

/** Key order does not count. */
const isSame = (one: KubeObject, other: KubeObject): boolean => {
  const [first, second] = [plain(one), plain(other)];
  return first === second || isDeepStrictEqual(JSON.parse(first), JSON.parse(second));
};
