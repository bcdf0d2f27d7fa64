/** Answers: how is one object read or written? Thin words over the client library, all on pooled connections. */
import { setTimeout } from "node:timers/promises";
import {
  ApiException,
  CustomObjectsApi,
  PatchStrategy,
  Watch,
  type RequestContext,
} from "@kubernetes/client-node";
import { compare } from "fast-json-patch";
import type { KubeObject } from "../core/facts";
import { RequestFailed, type Client, type Status } from "./client";
import type { Resource } from "./kinds";
import { PooledKubeConfig } from "./pooled-kube-config";

type Options = NonNullable<Parameters<CustomObjectsApi["getNamespacedCustomObject"]>[1]>;

/** A request that never ends would hold its key for ever. */
const MOST_MS = 30_000;

const FIELD_MANAGER = "capi-vip-allocator";

export class KubeClient implements Client {
  readonly #config: PooledKubeConfig;
  readonly #api: CustomObjectsApi;

  /** Reads KUBECONFIG, else ~/.kube/config, else the pod's ServiceAccount; opens no connection. */
  constructor() {
    this.#config = new PooledKubeConfig();
    this.#config.loadFromDefault();
    this.#api = this.#config.makeApiClient(CustomObjectsApi);
  }

  async get(of: Resource, namespace: string, name: string, signal?: AbortSignal): Promise<KubeObject> {
    const where = { ...path(of), namespace, name };
    return answerOf(() => this.#api.getNamespacedCustomObject(where, this.#options(signal)), signal);
  }

  async list(
    of: Resource,
    where: { namespace?: string; labelSelector?: string },
    signal?: AbortSignal,
  ): Promise<readonly KubeObject[]> {
    const { namespace, ...selector } = where;
    const list = (): Promise<unknown> => {
      const options = this.#options(signal);
      return of.namespaced && namespace !== undefined
        ? this.#api.listNamespacedCustomObject({ ...path(of), namespace, ...selector }, options)
        : this.#api.listClusterCustomObject({ ...path(of), ...selector }, options);
    };
    return (await answerOf<{ items: readonly KubeObject[] }>(list, signal)).items;
  }

  async create(of: Resource, namespace: string, body: KubeObject, signal?: AbortSignal): Promise<KubeObject> {
    const what = { ...path(of), namespace, body, fieldManager: FIELD_MANAGER };
    return answerOf(() => this.#api.createNamespacedCustomObject(what, this.#options(signal)), signal);
  }

  async touch(of: Resource, namespace: string, name: string, signal?: AbortSignal): Promise<KubeObject> {
    const what = { ...path(of), namespace, name, body: [], fieldManager: FIELD_MANAGER };
    return answerOf(() => this.#api.patchNamespacedCustomObject(what, this.#options(signal)), signal);
  }

  /** Replacing the resourceVersion turns a stale guard into a clean 409; a failed `test` operation would look like any refusal. */
  async patch(
    of: Resource,
    before: KubeObject,
    after: KubeObject,
    signal?: AbortSignal,
  ): Promise<KubeObject> {
    const { namespace = "", name = "", resourceVersion } = before.metadata;
    const guard = { op: "replace", path: "/metadata/resourceVersion", value: resourceVersion };
    const body = [guard, ...compare(before, after)];
    const what = { ...path(of), namespace, name, body, fieldManager: FIELD_MANAGER };
    const patch = (): Promise<unknown> => this.#api.patchNamespacedCustomObject(what, this.#options(signal));
    return answerOf<KubeObject>(patch, signal).catch(asStale);
  }

  async applyStatus(
    of: Resource,
    read: KubeObject,
    status: object,
    signal?: AbortSignal,
  ): Promise<KubeObject> {
    const { namespace = "", name = "", resourceVersion } = read.metadata;
    const body = {
      apiVersion: `${of.group}/${of.version}`,
      kind: of.kind,
      metadata: { namespace, name, resourceVersion },
      status,
    };
    const what = { ...path(of), namespace, name, body, fieldManager: FIELD_MANAGER, force: true };
    const options = this.#options(signal, PatchStrategy.ServerSideApply);
    return answerOf(() => this.#api.patchNamespacedCustomObjectStatus(what, options), signal);
  }

  async delete(of: Resource, read: KubeObject, signal?: AbortSignal): Promise<void> {
    const { namespace = "", name = "", uid, resourceVersion } = read.metadata;
    const preconditions = { ...(uid && { uid }), ...(resourceVersion && { resourceVersion }) };
    const what = { ...path(of), namespace, name, body: { preconditions } };
    await answerOf(() => this.#api.deleteNamespacedCustomObject(what, this.#options(signal)), signal);
  }

  /** The library signs every request by `authMethods`, the one place where a request can be given a limit or another type of content. */
  #options(signal?: AbortSignal, contentType?: string): Options {
    const limit = AbortSignal.timeout(MOST_MS);
    const ends = signal ? AbortSignal.any([signal, limit]) : limit;
    const applySecurityAuthentication = async (context: RequestContext): Promise<void> => {
      await this.#config.applySecurityAuthentication(context);
      context.setSignal(ends);
      if (contentType !== undefined) context.setHeaderParam("Content-Type", contentType);
    };
    return {
      authMethods: { default: { getName: () => this.#config.getName(), applySecurityAuthentication } },
    };
  }

  async follow(
    of: Resource,
    from: KubeObject,
    isEnough: (object: KubeObject) => boolean,
    signal: AbortSignal,
  ): Promise<KubeObject | undefined> {
    const { namespace = "", name = "", resourceVersion = "" } = from.metadata;
    const url = `/apis/${of.group}/${of.version}/namespaces/${namespace}/${of.plural}`;
    const selector = { fieldSelector: `metadata.name=${name}`, resourceVersion };
    return new Promise((resolve) => {
      let hasEnded = false;
      const end = (object: KubeObject | undefined): void => {
        hasEnded = true;
        signal.removeEventListener("abort", onAbort);
        resolve(object);
        void stream.then((controller) => controller?.abort());
      };
      const onAbort = (): void => end(undefined);
      // What is gone says nothing more; an error has no object; and events may follow after the last one.
      const onEvent = (phase: string, object: KubeObject): void => {
        if (hasEnded) return;
        if (phase === "DELETED" || phase === "ERROR") end(undefined);
        else if (isEnough(object)) end(object);
      };
      const stream = new Watch(this.#config)
        .watch(url, selector, onEvent, () => end(undefined))
        .catch(() => end(undefined));
      if (signal.aborted) end(undefined);
      else signal.addEventListener("abort", onAbort);
    });
  }
}

const path = ({ group, version, plural }: Resource): { group: string; version: string; plural: string } => ({
  group,
  version,
  plural,
});

/** "Too many requests" is no answer but a request for patience; the caller's signal ends it. */
const BUSY = 429;
const MOST_TRIES = 4;
const SECOND_MS = 1000;

/** The library's answers and exceptions in our words. */
async function answerOf<T = KubeObject>(
  request: () => Promise<unknown>,
  signal: AbortSignal | undefined,
): Promise<T> {
  for (let triesLeft = MOST_TRIES - 1; ; triesLeft -= 1)
    try {
      return (await request()) as T;
    } catch (error) {
      await patience(error, triesLeft, signal);
    }
}

/** @throws in our words, unless the API server only asked to come back */
async function patience(error: unknown, triesLeft: number, signal: AbortSignal | undefined): Promise<void> {
  if (!(error instanceof ApiException)) throw error;
  if (error.code !== BUSY || triesLeft === 0) throw new RequestFailed(error.code, statusOf(error.body));
  const seconds = Number(error.headers["retry-after"]) || 1;
  await setTimeout(seconds * SECOND_MS, undefined, signal ? { signal } : {});
}

/**
 * A JSON patch that takes away what is gone already fails before its guard is compared; unlike an invalid
 * object, it names no field.
 */
function asStale(error: unknown): never {
  throw isStale(error) ? new RequestFailed(409, error.status) : error;
}

/** A webhook that denies with the same code is no conflict: it will say so again. */
const isStale = (error: unknown): error is RequestFailed =>
  error instanceof RequestFailed &&
  error.code === 422 &&
  !error.status?.details?.causes?.length &&
  !error.message.startsWith("admission webhook");

function statusOf(body: unknown): Status | undefined {
  if (typeof body !== "string") return body as Status | undefined;
  try {
    return JSON.parse(body) as Status;
  } catch {
    return undefined;
  }
}
