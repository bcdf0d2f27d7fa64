/**
 * The API server as a client sees it that reads every word: answers with their warnings, watches from a
 * given revision on, many requests at once over pooled connections. kubectl is for what users type.
 */
import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import { createInterface } from "node:readline";
import { parse } from "yaml";
import type { Resource, Stored } from "./shapes";

/** An answer that is not a success. */
export class Refused extends Error {
  constructor(
    readonly code: number,
    readonly reason: string,
    message: string,
  ) {
    super(message);
    this.name = "Refused";
  }
}

export interface Answer<T> {
  readonly object: T;
  /** What the API server would have kubectl print. */
  readonly warnings: readonly string[];
}

export interface WriteOptions {
  readonly dryRun?: boolean;
  readonly fieldManager?: string;
}

export interface ApplyOptions extends WriteOptions {
  readonly force?: boolean;
}

export type JsonPatch = readonly {
  readonly op: "add" | "remove" | "replace" | "test";
  readonly path: string;
  readonly value?: unknown;
}[];

export interface WatchEvent<T> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: T;
}

const TIMEOUT_MS = 60_000;

export class ApiServer {
  readonly #server: string;
  readonly #token: string;
  readonly #agent: Agent;

  constructor(kubeconfig: string) {
    const { clusters, users } = parse(readFileSync(kubeconfig, "utf8")) as Kubeconfig;
    const [cluster, user] = [clusters[0]?.cluster, users[0]?.user];
    if (!cluster || !user) throw new Error(`${kubeconfig} names no cluster or no user`);
    const ca = Buffer.from(cluster["certificate-authority-data"], "base64");
    this.#server = cluster.server;
    this.#token = user.token;
    this.#agent = new Agent({ ca, keepAlive: true, maxSockets: 64 });
  }

  async get<T>(of: Resource, namespace: string | undefined, name: string): Promise<T> {
    return (await this.#send<T>("GET", pathOf(of, namespace, name))).object;
  }

  /** The object, or undefined where there is none. */
  async find<T>(of: Resource, namespace: string | undefined, name: string): Promise<T | undefined> {
    try {
      return await this.get<T>(of, namespace, name);
    } catch (error) {
      if (error instanceof Refused && error.code === 404) return undefined;
      throw error;
    }
  }

  async list<T>(of: Resource, namespace?: string, labelSelector = ""): Promise<T[]> {
    const query = labelSelector === "" ? "" : `?labelSelector=${encodeURIComponent(labelSelector)}`;
    const { object } = await this.#send<{ items: T[] }>("GET", `${pathOf(of, namespace)}${query}`);
    return object.items;
  }

  create<T>(of: Resource, object: Writable, options?: WriteOptions): Promise<Answer<T>> {
    const path = pathOf(of, object.metadata.namespace);
    return this.#send<T>("POST", `${path}${queryOf(options)}`, { body: object });
  }

  /** PUT, as `kubectl replace` does. */
  replace<T>(of: Resource, object: Writable & { metadata: { name: string } }, options?: WriteOptions) {
    const path = pathOf(of, object.metadata.namespace, object.metadata.name);
    return this.#send<T>("PUT", `${path}${queryOf(options)}`, { body: object });
  }

  /** Server-side apply. */
  apply<T>(of: Resource, object: Writable & { metadata: { name: string } }, options: ApplyOptions = {}) {
    const path = pathOf(of, object.metadata.namespace, object.metadata.name);
    const query = queryOf({ fieldManager: "test", ...options });
    return this.#send<T>("PATCH", `${path}${query}`, { body: object, type: "apply-patch+yaml" });
  }

  merge<T>(of: Resource, { namespace, name }: Named, patch: unknown, options?: WriteOptions) {
    const path = `${pathOf(of, namespace, name)}${queryOf(options)}`;
    return this.#send<T>("PATCH", path, { body: patch, type: "merge-patch+json" });
  }

  patch<T>(of: Resource, { namespace, name }: Named, patch: JsonPatch, options?: WriteOptions) {
    const path = `${pathOf(of, namespace, name)}${queryOf(options)}`;
    return this.#send<T>("PATCH", path, { body: patch, type: "json-patch+json" });
  }

  /** As `status` is written by controllers. */
  mergeStatus<T>(of: Resource, { namespace, name }: Named, patch: unknown): Promise<Answer<T>> {
    const path = `${pathOf(of, namespace, name)}/status`;
    return this.#send<T>("PATCH", path, { body: patch, type: "merge-patch+json" });
  }

  async delete(of: Resource, { namespace, name }: Named, options: object = {}): Promise<void> {
    await this.#send("DELETE", pathOf(of, namespace, name), { body: options });
  }

  /**
   * Every revision of one object that was stored after `since`, oldest first. The history is read up to
   * the revision that the object has now, so nothing is missed and nothing is waited for.
   */
  async history<T extends Stored>(of: Resource, { namespace, name }: Named, since: string): Promise<T[]> {
    const now = await this.get<T>(of, namespace, name);
    const revisions: T[] = [];
    const query = `?watch=true&resourceVersion=${since}&fieldSelector=metadata.name%3D${name}`;
    for await (const { type, object } of this.#watch<T>(`${pathOf(of, namespace)}${query}`)) {
      if (type === "ERROR") throw new Error(`The history of ${name} cannot be read any more`);
      if (object.metadata.uid === now.metadata.uid) revisions.push(object);
      if (object.metadata.resourceVersion === now.metadata.resourceVersion) break;
    }
    return revisions;
  }

  close(): void {
    this.#agent.destroy();
  }

  async *#watch<T>(path: string): AsyncGenerator<WatchEvent<T>> {
    const response = await this.#call("GET", path, {});
    try {
      for await (const line of createInterface({ input: response, crlfDelay: Infinity }))
        yield JSON.parse(line) as WatchEvent<T>;
    } finally {
      response.destroy();
    }
  }

  async #send<T>(method: string, path: string, payload: Payload = {}): Promise<Answer<T>> {
    const response = await this.#call(method, path, payload);
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const object = JSON.parse(Buffer.concat(chunks).toString()) as T & { reason?: string; message?: string };
    const code = response.statusCode ?? 0;
    if (code >= 300) throw new Refused(code, object.reason ?? "", object.message ?? "");
    return { object, warnings: warningsOf(response) };
  }

  #call(method: string, path: string, { body, type = "json" }: Payload): Promise<IncomingMessage> {
    const text = body === undefined ? "" : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const call = request(
        new URL(path, this.#server),
        {
          method,
          agent: this.#agent,
          timeout: TIMEOUT_MS,
          headers: {
            authorization: `Bearer ${this.#token}`,
            accept: "application/json",
            "user-agent": "integration-test",
            ...(text && { "content-type": `application/${type}`, "content-length": Buffer.byteLength(text) }),
          },
        },
        resolve,
      );
      call.on("timeout", () => call.destroy(new Error(`${method} ${path}: no answer in ${TIMEOUT_MS} ms`)));
      call.on("error", reject);
      call.end(text);
    });
  }
}

export interface Named {
  readonly namespace?: string | undefined;
  readonly name: string;
}

interface Writable {
  readonly metadata: {
    readonly name?: string;
    readonly namespace?: string;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

interface Payload {
  readonly body?: unknown;
  readonly type?: string;
}

interface Kubeconfig {
  readonly clusters: readonly {
    readonly cluster: { readonly server: string; readonly "certificate-authority-data": string };
  }[];
  readonly users: readonly { readonly user: { readonly token: string } }[];
}

function pathOf({ group, version, plural }: Resource, namespace?: string, name?: string): string {
  const root = group === "" ? "/api" : `/apis/${group}`;
  const scope = namespace === undefined ? "" : `/namespaces/${namespace}`;
  return `${root}/${version}${scope}/${plural}${name === undefined ? "" : `/${name}`}`;
}

function queryOf({ dryRun, fieldManager, force }: ApplyOptions = {}): string {
  const query = new URLSearchParams({
    ...(dryRun && { dryRun: "All" }),
    ...(fieldManager !== undefined && { fieldManager }),
    ...(force !== undefined && { force: String(force) }),
  }).toString();
  return query === "" ? "" : `?${query}`;
}

/** `299 - "text"`, where the text may hold escaped quotes. */
function warningsOf({ headersDistinct }: IncomingMessage): string[] {
  return (headersDistinct["warning"] ?? []).flatMap((header) =>
    [...header.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, text = ""]) => text.replace(/\\(.)/g, "$1")),
  );
}
