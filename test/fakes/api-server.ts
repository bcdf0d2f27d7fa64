/**
 * An API server in memory: objects with versions, guarded writes, finalizers, a history to watch.
 *
 * It knows what every object has in common and nothing of ours. Every call is one atomic step. The
 * contract suite runs on it and on the real API server, so that a world built on it cannot lie.
 */
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

/** Kinds whose status can be written only by itself. */
const WITH_STATUS = [
  "clusters",
  "clusterclasses",
  "ipaddressclaims",
  "inclusterippools",
  "globalinclusterippools",
];

const SECOND = 1000;

export class FakeApiServer {
  readonly history: StoredEvent[] = [];
  readonly #objects = new Map<string, KubeObject>();
  #revision = 100;
  #uids = 0;

  constructor(private readonly now: () => number) {}

  find(of: Resource, namespace: string | undefined, name: string): KubeObject | undefined {
    return this.#objects.get(keyOf(of, namespace, name));
  }

  /** @throws RequestFailed with 404, naming the object as the real one does */
  get(of: Resource, namespace: string | undefined, name: string): KubeObject {
    const object = this.find(of, namespace, name);
    if (!object) throw failed(404, "NotFound", `${of.plural} "${name}" not found`, name);
    return object;
  }

  list(of: Resource, namespace?: string, labelKey?: string): KubeObject[] {
    const prefix = `${of.plural}.${of.group}/${namespace === undefined || !of.namespaced ? "" : `${namespace}/`}`;
    return [...this.#objects]
      .filter(([key]) => key.startsWith(prefix))
      .map(([, object]) => object)
      .filter(({ metadata }) => labelKey === undefined || metadata.labels?.[labelKey] !== undefined);
  }

  create(of: Resource, namespace: string | undefined, body: KubeObject): KubeObject {
    const { name = "" } = body.metadata;
    if (name === "") throw failed(422, "Invalid", "name or generateName is required", name, true);
    if (this.find(of, namespace, name)) throw failed(409, "AlreadyExists", `"${name}" already exists`, name);
    const { status: _, ...stored } = WITH_STATUS.includes(of.plural) ? body : { ...body, status: undefined };
    return this.#store(of, "ADDED", {
      ...stored,
      metadata: withoutEmpty({
        ...body.metadata,
        ...(of.namespaced && namespace !== undefined && { namespace }),
        uid: `uid-${(this.#uids += 1)}`,
        creationTimestamp: this.#stamp(),
        deletionTimestamp: undefined,
      }),
    });
  }

  /** Everything but the status, if `after` carries the version that is stored. */
  update(of: Resource, after: KubeObject): KubeObject {
    const now = this.#guarded(of, after.metadata);
    const { uid, creationTimestamp, deletionTimestamp } = now.metadata;
    const added = (after.metadata.finalizers ?? []).filter(
      (name) => !now.metadata.finalizers?.includes(name),
    );
    if (deletionTimestamp !== undefined && added.length > 0)
      throw failed(422, "Invalid", "no new finalizers can be added if the object is being deleted", "", true);
    return this.#replace(of, now, {
      ...after,
      ...(WITH_STATUS.includes(of.plural) && { status: now["status"] }),
      metadata: withoutEmpty({ ...after.metadata, uid, creationTimestamp, deletionTimestamp }),
    });
  }

  updateStatus(of: Resource, after: KubeObject): KubeObject {
    const now = this.#guarded(of, after.metadata);
    return this.#replace(of, now, { ...now, status: after["status"] });
  }

  delete(of: Resource, namespace: string | undefined, name: string, options: DeleteOptions = {}): void {
    const now = this.get(of, namespace, name);
    const { uid, resourceVersion, propagation } = options;
    if (uid !== undefined && uid !== now.metadata.uid)
      throw failed(409, "Conflict", "the UID in the precondition does not match", name);
    if (resourceVersion !== undefined && resourceVersion !== now.metadata.resourceVersion)
      throw failed(409, "Conflict", "the ResourceVersion in the precondition does not match", name);
    const asked = { Foreground: [FOREGROUND], Orphan: [ORPHAN], Background: [] }[propagation ?? "Background"];
    const finalizers = [...new Set([...(now.metadata.finalizers ?? []), ...asked])];
    const going = {
      ...now.metadata,
      finalizers,
      deletionTimestamp: now.metadata.deletionTimestamp ?? this.#stamp(),
    };
    this.#replace(of, now, { ...now, metadata: going });
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
    if (deletionTimestamp !== undefined && finalizers.length === 0) return this.#store(of, "DELETED", after);
    return isSame(now, after) ? now : this.#store(of, "MODIFIED", after);
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

  /** A JSON patch guarded by the version that was read comes to the same object, or to a conflict. */
  patch(of: Resource, before: KubeObject, after: KubeObject, signal?: AbortSignal): Promise<KubeObject> {
    const { resourceVersion, name = "" } = before.metadata;
    const wished = { ...after, metadata: { ...after.metadata, resourceVersion } };
    const run = (): KubeObject => this.server.update(of, wished as KubeObject);
    return this.turn({ verb: "patch", of, name, run }, signal);
  }

  async delete(of: Resource, read: KubeObject, signal?: AbortSignal): Promise<void> {
    const { namespace, name = "", uid, resourceVersion } = read.metadata;
    const run = (): void => this.server.delete(of, namespace, name, { uid, resourceVersion });
    await this.turn({ verb: "delete", of, name, run }, signal);
  }

  async follow(
    of: Resource,
    { metadata }: KubeObject,
    isEnough: (object: KubeObject) => boolean,
    signal: AbortSignal,
  ): Promise<KubeObject | undefined> {
    const seen = (): KubeObject | undefined =>
      this.server.history.find(
        (event) =>
          event.revision > Number(metadata.resourceVersion) &&
          event.of === of &&
          event.object.metadata.name === metadata.name &&
          event.object.metadata.namespace === metadata.namespace &&
          isEnough(event.object),
      )?.object;
    const isReady = (): boolean => seen() !== undefined;
    const turn = { verb: "watch" as const, of, name: metadata.name ?? "", run: seen, isReady };
    return this.turn(turn, signal).catch(() => undefined);
  }
}

export interface Request<T> {
  readonly verb: "get" | "list" | "create" | "patch" | "delete" | "watch";
  readonly of: Resource;
  readonly name: string;
  /** Carries the request out; throws as the client does. */
  readonly run: () => T;
  /** A watch has nothing to say until something happens. */
  readonly isReady?: () => boolean;
}

/** Who is asked when a request is carried out, and what its sender hears of it. */
export type Turn = <T>(request: Request<T>, signal?: AbortSignal) => Promise<T>;

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
  const status: Status = { message, reason, details: { name, ...causes } };
  return new RequestFailed(code, status);
}

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
const isSame = (one: KubeObject, other: KubeObject): boolean =>
  plain(one) === plain(other) || sorted(one) === sorted(other);

const sorted = (object: KubeObject): string =>
  JSON.stringify(JSON.parse(plain(object)), (_, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
