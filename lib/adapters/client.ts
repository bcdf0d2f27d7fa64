/**
 * Answers: what do we ask of an API server? Its words and nothing else: inventory and executor are made
 * of these, and the contract suite holds every implementation to them.
 */
import type { KubeObject } from "../core/facts";
import type { Resource } from "./kinds";

/** Every method throws `RequestFailed` for an answer that is no success, and any other error for none at all. */
export interface Client {
  get(of: Resource, namespace: string, name: string, signal?: AbortSignal): Promise<KubeObject>;

  /** One namespace, or all of them; cluster-scoped kinds know no namespace. */
  list(
    of: Resource,
    where: { readonly namespace?: string; readonly labelSelector?: string },
    signal?: AbortSignal,
  ): Promise<readonly KubeObject[]>;

  create(of: Resource, namespace: string, body: KubeObject, signal?: AbortSignal): Promise<KubeObject>;

  /** Reads by a patch of nothing: for a kind that we may write, and not read. */
  touch(of: Resource, namespace: string, name: string, signal?: AbortSignal): Promise<KubeObject>;

  /** Makes `before` into `after`, if nobody wrote since `before` was read; else 409. */
  patch(of: Resource, before: KubeObject, after: KubeObject, signal?: AbortSignal): Promise<KubeObject>;

  /**
   * Makes our part of a status so, and leaves what others write there: server-side apply, if nobody wrote since
   * `read` was read; else 409. A UID would be no guard: the API server does not look at it here.
   */
  applyStatus(of: Resource, read: KubeObject, status: object, signal?: AbortSignal): Promise<KubeObject>;

  /** Deletes exactly what was read: same UID, same version; else 409. */
  delete(of: Resource, read: KubeObject, signal?: AbortSignal): Promise<void>;

  /**
   * Follows one object from the version given; the first later state that is enough, or undefined when
   * the object is gone, or the signal or the stream ends. Never throws.
   */
  follow(
    of: Resource,
    from: KubeObject,
    isEnough: (object: KubeObject) => boolean,
    signal: AbortSignal,
  ): Promise<KubeObject | undefined>;
}

/** What an API server says when it does not do what it was asked. */
export interface Status {
  readonly message?: string;
  readonly reason?: string;
  readonly details?: { readonly name?: string; readonly causes?: readonly { readonly reason?: string }[] };
}

export class RequestFailed extends Error {
  constructor(
    readonly code: number,
    readonly status: Status | undefined,
  ) {
    super(status?.message ?? `HTTP ${code}`);
  }
}
