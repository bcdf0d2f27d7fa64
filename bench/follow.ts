/** What happens to the objects of a namespace, and when? One watch, told as it arrives. */
import { readFileSync } from "node:fs";
import type { ClientRequest, IncomingMessage } from "node:http";
import { request } from "node:https";
import { createInterface } from "node:readline";
import { parse } from "yaml";
import type { Resource, Stored } from "../test/integration/support/shapes";

interface Kubeconfig {
  readonly clusters: readonly {
    readonly cluster: { readonly server: string; readonly "certificate-authority-data": string };
  }[];
  readonly users: readonly { readonly user: { readonly token: string } }[];
}

interface Event<T> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: T;
}

export interface Wish<T> {
  readonly kubeconfig: string;
  readonly of: Resource;
  readonly namespace: string;
  /** The revision after which it begins. */
  readonly since: string;
  /** Tells of new objects alone. */
  readonly onlyAdded?: boolean;
  /** @param at by `performance.now()`, taken before anything is parsed */
  readonly told: (object: T, at: number) => void;
}

/** A watch that the API server ends goes on where it was; it ends those that are too slow for it, as on a busy machine. */
export class Follow {
  #call: ClientRequest | undefined;
  #ended = false;
  #broken: Error | undefined;
  #seen: string;

  private constructor(private readonly wish: Wish<never>) {
    this.#seen = wish.since;
  }

  /** Returns once the API server has taken the watch up. */
  static async open<T extends Stored>(wish: Wish<T>): Promise<Follow> {
    const follow = new Follow(wish);
    const response = await follow.#connect();
    void follow.#goOn(response, wish).catch((error: unknown) => (follow.#broken = error as Error));
    return follow;
  }

  get isBroken(): boolean {
    return this.#broken !== undefined;
  }

  /** A watch that broke has missed something; what relies on it would wait in vain. */
  check(): void {
    if (this.#broken) throw this.#broken;
  }

  close(): void {
    this.#ended = true;
    this.#call?.destroy();
  }

  async #goOn<T extends Stored>(first: IncomingMessage, wish: Wish<T>): Promise<void> {
    for (let response = first; ; response = await this.#connect()) {
      await this.#read(response, wish).catch((error: unknown) => {
        if (!isCutOff(error)) throw error;
      });
      if (this.#ended) return;
    }
  }

  async #connect(): Promise<IncomingMessage> {
    const { kubeconfig, of, namespace } = this.wish;
    const { clusters, users } = parse(readFileSync(kubeconfig, "utf8")) as Kubeconfig;
    const [cluster, user] = [clusters[0]?.cluster, users[0]?.user];
    if (!cluster || !user) throw new Error(`${kubeconfig} names no cluster or no user`);
    const path = `/apis/${of.group}/${of.version}/namespaces/${namespace}/${of.plural}`;
    const url = new URL(`${path}?watch=true&resourceVersion=${this.#seen}`, cluster.server);
    const options = {
      ca: Buffer.from(cluster["certificate-authority-data"], "base64"),
      headers: { authorization: `Bearer ${user.token}`, accept: "application/json", "user-agent": "bench" },
    };
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      this.#call = request(url, options, resolve).on("error", reject);
      this.#call.end();
    });
    if (response.statusCode === 200) return response;
    throw new Error(`Watching ${of.plural}: HTTP ${response.statusCode}`);
  }

  async #read<T extends Stored>(
    response: IncomingMessage,
    { of, onlyAdded = false, told }: Wish<T>,
  ): Promise<void> {
    for await (const line of createInterface({ input: response, crlfDelay: Infinity })) {
      const at = performance.now();
      const { type, object } = JSON.parse(line) as Event<T>;
      if (type === "ERROR") throw new Error(`The watch of ${of.plural} broke: ${JSON.stringify(object)}`);
      this.#seen = object.metadata.resourceVersion;
      if (type === "ADDED" || (type === "MODIFIED" && !onlyAdded)) told(object, at);
    }
  }
}

/** The connection ended, or its last line did not come whole. */
const isCutOff = (error: unknown): boolean =>
  error instanceof SyntaxError || /aborted|ECONNRESET|socket hang up/.test(String(error));
