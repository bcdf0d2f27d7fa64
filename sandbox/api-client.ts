import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import type { KubeObject } from "./kube-object";

/** An answer of the API server that is not a success. */
export class ApiFailure extends Error {
  constructor(
    readonly status: number,
    readonly reason: string,
    message: string,
  ) {
    super(message);
  }
}

/**
 * The few requests that starting a sandbox makes, over pooled connections: a kubectl process for
 * each of them would cost seconds.
 */
export class ApiClient {
  readonly #agent: Agent;

  constructor(
    readonly server: string,
    certificate: string,
    readonly token: string,
  ) {
    this.#agent = new Agent({ ca: readFileSync(certificate), keepAlive: true, maxSockets: 16 });
  }

  get<T = KubeObject>(path: string): Promise<T> {
    return this.#send<T>("GET", path);
  }

  create<T = KubeObject>(object: KubeObject, query = ""): Promise<T> {
    return this.#send<T>("POST", `${collection(object)}${query}`, object);
  }

  post<T>(path: string, body: unknown): Promise<T> {
    return this.#send<T>("POST", path, body);
  }

  /** Server-side apply. */
  apply<T = KubeObject>(object: KubeObject): Promise<T> {
    const path = `${collection(object)}/${object.metadata.name}?fieldManager=sandbox&force=true`;
    return this.#send<T>("PATCH", path, object, "application/apply-patch+yaml");
  }

  mergePatch<T = KubeObject>(path: string, patch: unknown): Promise<T> {
    return this.#send<T>("PATCH", path, patch, "application/merge-patch+json");
  }

  /** Deletes; an object that is not there is fine. */
  async delete(object: KubeObject): Promise<void> {
    try {
      await this.#send("DELETE", `${collection(object)}/${object.metadata.name}`);
    } catch (error) {
      if (!(error instanceof ApiFailure && error.status === 404)) throw error;
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  #send<T>(method: string, path: string, body?: unknown, type = "application/json"): Promise<T> {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const call = request(
        new URL(path, this.server),
        {
          method,
          agent: this.#agent,
          timeout: 60_000,
          headers: {
            authorization: `Bearer ${this.token}`,
            accept: "application/json",
            "user-agent": "sandbox",
            ...(payload === undefined
              ? {}
              : { "content-type": type, "content-length": Buffer.byteLength(payload) }),
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("error", reject);
          response.on("end", () => {
            const text = Buffer.concat(chunks).toString();
            const status = response.statusCode ?? 0;
            if (status < 300) resolve(parse(text) as T);
            else reject(failure(status, text, `${method} ${path}`));
          });
        },
      );
      call.on("timeout", () => call.destroy(new Error(`${method} ${path}: no answer in 60 s`)));
      call.on("error", reject);
      call.end(payload);
    });
  }
}

function parse(text: string): unknown {
  return text.startsWith("{") ? (JSON.parse(text) as unknown) : text;
}

function failure(status: number, text: string, call: string): ApiFailure {
  const answer = parse(text) as { message?: string; reason?: string } | string;
  const { message, reason } = typeof answer === "string" ? { message: answer } : answer;
  return new ApiFailure(status, reason ?? "", `${call}: ${status} ${message ?? ""}`);
}

/** The path of the collection that an object belongs to. */
export function collection(object: KubeObject): string {
  const root = object.apiVersion.includes("/") ? "apis" : "api";
  const { namespace } = object.metadata;
  const scope = namespace === undefined ? "" : `/namespaces/${namespace}`;
  return `/${root}/${object.apiVersion}${scope}/${plural(object.kind)}`;
}

function plural(kind: string): string {
  const lower = kind.toLowerCase();
  if (lower.endsWith("y")) return `${lower.slice(0, -1)}ies`;
  return /(s|x|ch)$/.test(lower) ? `${lower}es` : `${lower}s`;
}
