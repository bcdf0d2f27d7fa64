/** Answers: how is one object read or written? Thin words over the client library, all on pooled connections. */
import { CustomObjectsApi, Watch, type RequestContext } from "@kubernetes/client-node";
import { compare } from "fast-json-patch";
import type { KubeObject } from "../core/facts";
import type { Resource } from "./kinds";
import { PooledKubeConfig } from "./pooled-kube-config";

type Options = NonNullable<Parameters<CustomObjectsApi["getNamespacedCustomObject"]>[1]>;

/** A request that never ends would hold its key for ever. */
const MOST_MS = 30_000;

const FIELD_MANAGER = "capi-vip-allocator";

export class KubeClient {
  readonly #config: PooledKubeConfig;
  readonly #api: CustomObjectsApi;

  /** Reads KUBECONFIG, else ~/.kube/config, else the pod's ServiceAccount; opens no connection. */
  constructor() {
    this.#config = new PooledKubeConfig();
    this.#config.loadFromDefault();
    this.#api = this.#config.makeApiClient(CustomObjectsApi);
  }

  async get(of: Resource, namespace: string, name: string, signal?: AbortSignal): Promise<KubeObject> {
    return this.#api.getNamespacedCustomObject({ ...path(of), namespace, name }, this.#options(signal));
  }

  /** One namespace, or all of them; cluster-scoped kinds know no namespace. */
  async list(
    of: Resource,
    where: { namespace?: string; labelSelector?: string },
    signal?: AbortSignal,
  ): Promise<readonly KubeObject[]> {
    const { namespace, ...selector } = where;
    const answer = (await (of.namespaced && namespace !== undefined
      ? this.#api.listNamespacedCustomObject({ ...path(of), namespace, ...selector }, this.#options(signal))
      : this.#api.listClusterCustomObject({ ...path(of), ...selector }, this.#options(signal)))) as {
      items: readonly KubeObject[];
    };
    return answer.items;
  }

  async create(of: Resource, namespace: string, body: KubeObject, signal?: AbortSignal): Promise<KubeObject> {
    return this.#api.createNamespacedCustomObject(
      { ...path(of), namespace, body, fieldManager: FIELD_MANAGER },
      this.#options(signal),
    );
  }

  /**
   * Makes `before` into `after`, if nobody wrote since. Replacing the resourceVersion turns a stale guard
   * into a clean 409; a failed `test` operation would look like any refusal.
   */
  async patch(
    of: Resource,
    before: KubeObject,
    after: KubeObject,
    signal?: AbortSignal,
  ): Promise<KubeObject> {
    const { namespace = "", name = "", resourceVersion } = before.metadata;
    const guard = { op: "replace", path: "/metadata/resourceVersion", value: resourceVersion };
    const body = [guard, ...compare(before, after)];
    return this.#api.patchNamespacedCustomObject(
      { ...path(of), namespace, name, body, fieldManager: FIELD_MANAGER },
      this.#options(signal),
    );
  }

  /** Deletes exactly what was read: same UID, same version. */
  async delete(of: Resource, read: KubeObject, signal?: AbortSignal): Promise<void> {
    const { namespace = "", name = "", uid, resourceVersion } = read.metadata;
    const preconditions = { ...(uid && { uid }), ...(resourceVersion && { resourceVersion }) };
    await this.#api.deleteNamespacedCustomObject(
      { ...path(of), namespace, name, body: { preconditions } },
      this.#options(signal),
    );
  }

  /** The library signs every request by `authMethods`, the one place where a request can be given a limit. */
  #options(signal?: AbortSignal): Options {
    const limit = AbortSignal.timeout(MOST_MS);
    const ends = signal ? AbortSignal.any([signal, limit]) : limit;
    const applySecurityAuthentication = async (context: RequestContext): Promise<void> => {
      await this.#config.applySecurityAuthentication(context);
      context.setSignal(ends);
    };
    return {
      authMethods: { default: { getName: () => this.#config.getName(), applySecurityAuthentication } },
    };
  }

  /** Follows one object from the version given; resolves with the first state that satisfies, or undefined when the signal or the stream ends. */
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
      const end = (object: KubeObject | undefined): void => {
        signal.removeEventListener("abort", onAbort);
        resolve(object);
        void stream.then((controller) => controller?.abort());
      };
      const onAbort = (): void => end(undefined);
      const onEvent = (_phase: string, object: KubeObject): void => {
        if (isEnough(object)) end(object);
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
