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
  /** Reads only what is new: most events of a busy kind need not even be parsed. */
  readonly onlyAdded?: boolean;
  /** @param at by `performance.now()`, taken before anything is parsed */
  readonly told: (object: T, at: number) => void;
}

export class Follow {
  #call: ClientRequest | undefined;
  #ended = false;
  #broken: Error | undefined;

  /** Returns once the API server has taken the watch up. */
  static async open<T extends Stored>(wish: Wish<T>): Promise<Follow> {
    const follow = new Follow();
    const response = await follow.#connect(wish);
    if (response.statusCode !== 200)
      throw new Error(`Watching ${wish.of.plural}: HTTP ${response.statusCode}`);
    void follow.#read(response, wish).catch((error: unknown) => (follow.#broken = error as Error));
    return follow;
  }

  /** A watch that ended by itself has missed something; what relies on it would wait in vain. */
  check(): void {
    if (this.#broken) throw this.#broken;
  }

  close(): void {
    this.#ended = true;
    this.#call?.destroy();
  }

  #connect({ kubeconfig, of, namespace, since }: Wish<never>): Promise<IncomingMessage> {
    const { clusters, users } = parse(readFileSync(kubeconfig, "utf8")) as Kubeconfig;
    const [cluster, user] = [clusters[0]?.cluster, users[0]?.user];
    if (!cluster || !user) throw new Error(`${kubeconfig} names no cluster or no user`);
    const path = `/apis/${of.group}/${of.version}/namespaces/${namespace}/${of.plural}`;
    return new Promise((resolve, reject) => {
      this.#call = request(
        new URL(`${path}?watch=true&resourceVersion=${since}`, cluster.server),
        {
          ca: Buffer.from(cluster["certificate-authority-data"], "base64"),
          headers: {
            authorization: `Bearer ${user.token}`,
            accept: "application/json",
            "user-agent": "bench",
          },
        },
        resolve,
      );
      this.#call.on("error", reject);
      this.#call.end();
    });
  }

  async #read<T>(response: IncomingMessage, { of, onlyAdded = false, told }: Wish<T>): Promise<void> {
    response.on("error", () => undefined);
    for await (const line of createInterface({ input: response, crlfDelay: Infinity })) {
      const at = performance.now();
      if (onlyAdded && line.startsWith('{"type":"MODIFIED"')) continue;
      const { type, object } = JSON.parse(line) as Event<T>;
      if (type === "ERROR") throw new Error(`The watch of ${of.plural} broke: ${JSON.stringify(object)}`);
      if (type === "ADDED" || (type === "MODIFIED" && !onlyAdded)) told(object, at);
    }
    if (!this.#ended) throw new Error(`The watch of ${of.plural} ended by itself`);
  }
}
