/**
 * A reverse proxy between the module's processes and the API server, in our own process: a test sees every
 * request before it is forwarded and after it has landed, and decides what becomes of it. With it a process
 * dies exactly there, and the product needs no hook for that.
 */
import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Agent, createServer, request, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { writeVerbs } from "./audit";

/** One request of the module. */
export interface Passing {
  /** Who sends it, by its name in the sandbox. */
  readonly process: string;
  /** As the audit log has it: `get`, `list`, `watch`, `create`, `patch`, `delete`, ... */
  readonly verb: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly body: unknown;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** What becomes of a request: it goes on, its connection is cut, or the sender is answered by the gate. */
export type Fate = void | "drop" | Answer;

type Matches = (passing: Passing) => boolean;
/** Until it is through, the request waits. */
type Act = (passing: Passing) => Fate | Promise<Fate>;

interface Rule {
  readonly matches: Matches;
  readonly act: Act;
}

/** The whole stream of a watch whose resource version is too old. */
export const EXPIRED: Answer = {
  status: 200,
  body: {
    type: "ERROR",
    object: {
      kind: "Status",
      apiVersion: "v1",
      status: "Failure",
      reason: "Expired",
      message: "too old",
      code: 410,
    },
  },
};

export class Gate {
  readonly #agent: Agent;
  readonly #certificate: { readonly cert: Buffer; readonly key: Buffer };
  readonly #upstream: URL;
  readonly #servers = new Map<string, Promise<Server>>();
  readonly #before = new Set<Rule>();
  readonly #after = new Set<Rule>();
  readonly #landed: Passing[] = [];
  readonly #streams = new Map<ServerResponse, Passing>();

  constructor({ dir, server }: { readonly dir: string; readonly server: string }) {
    const folder = join(dir, "certificates");
    const [cert, key] = [readFileSync(join(folder, "tls.crt")), readFileSync(join(folder, "tls.key"))];
    this.#certificate = { cert, key };
    this.#upstream = new URL(server);
    this.#agent = new Agent({ ca: cert, keepAlive: true });
  }

  /** Where this process is to look for the API server: each has a door of its own, which tells who sends. */
  async urlOf(process: string): Promise<string> {
    const known = this.#servers.get(process) ?? this.#listen(process);
    this.#servers.set(process, known);
    return `https://127.0.0.1:${((await known).address() as AddressInfo).port}`;
  }

  /** Acts on matching requests before they are forwarded; what is returned ends the rule. */
  before(matches: Matches, act: Act): () => void {
    return added(this.#before, { matches, act });
  }

  /** Acts on matching requests that have succeeded, before their sender is told. */
  after(matches: Matches, act: Act): () => void {
    return added(this.#after, { matches, act });
  }

  /** The writes that have succeeded, in their order. */
  writes(matches: Matches = () => true): readonly Passing[] {
    return this.#landed.filter(matches);
  }

  /** Cuts the watch streams that match; says how many. */
  cut(matches: Matches = () => true): number {
    const streams = [...this.#streams].filter(([, passing]) => matches(passing));
    for (const [response] of streams) response.destroy();
    return streams.length;
  }

  async close(): Promise<void> {
    for (const server of await Promise.all(this.#servers.values())) {
      server.close();
      server.closeAllConnections();
    }
    this.#agent.destroy();
  }

  #listen(process: string): Promise<Server> {
    const server = createServer(this.#certificate, (call, response) => {
      this.#pass(process, call, response).catch(() => response.destroy());
    });
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", () => resolve(server));
    });
  }

  async #pass(process: string, call: IncomingMessage, response: ServerResponse): Promise<void> {
    const payload = await contentOf(call);
    const passing = passingOf(process, call, payload);
    if (!this.#isSettled(await fateOf(this.#before, passing), response)) return;
    const answer = await this.#forward(call, payload, response);
    if (passing.verb === "watch") return this.#stream(passing, answer, response);
    const content = await contentOf(answer);
    const { statusCode: status = 0, headers } = answer;
    if (status < 300) {
      if (isWrite(passing)) this.#landed.push(passing);
      if (!this.#isSettled(await fateOf(this.#after, passing), response)) return;
    }
    response.writeHead(status, headers).end(content);
  }

  #forward(call: IncomingMessage, payload: Buffer, response: ServerResponse): Promise<IncomingMessage> {
    const { method, url, headers } = call;
    return new Promise((resolve, reject) => {
      const upstream = request(
        new URL(url ?? "/", this.#upstream),
        { method, agent: this.#agent, headers: { ...headers, host: this.#upstream.host } },
        resolve,
      );
      upstream.on("error", reject);
      // A sender that gives up, or dies, ends its watch at the API server too.
      response.on("close", () => response.writableFinished || upstream.destroy());
      upstream.end(payload);
    });
  }

  #stream(passing: Passing, answer: IncomingMessage, response: ServerResponse): void {
    this.#streams.set(response, passing);
    response.on("close", () => this.#streams.delete(response));
    answer.on("error", () => response.destroy());
    response.writeHead(answer.statusCode ?? 0, answer.headers);
    response.flushHeaders();
    answer.pipe(response);
  }

  /** Whether the request goes on. */
  #isSettled(fate: Fate, response: ServerResponse): boolean {
    if (fate === undefined) return true;
    if (fate === "drop") response.destroy();
    else response.writeHead(fate.status, { "content-type": "application/json" }).end(textOf(fate));
    return false;
  }
}

const textOf = ({ body }: Answer): string => `${JSON.stringify(body)}\n`;

export const isWrite = ({ verb }: Passing): boolean => (writeVerbs as readonly string[]).includes(verb);

function added(rules: Set<Rule>, rule: Rule): () => void {
  rules.add(rule);
  return () => void rules.delete(rule);
}

/** Every rule that matches acts, until one decides. */
async function fateOf(rules: ReadonlySet<Rule>, passing: Passing): Promise<Fate> {
  for (const { matches, act } of rules) {
    const fate = matches(passing) ? await act(passing) : undefined;
    if (fate !== undefined) return fate;
  }
}

async function contentOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const PATH = /^\/(?:api|apis\/[^/]+)\/[^/]+(?:\/namespaces\/([^/]+))?\/([^/]+)(?:\/([^/]+))?(?:\/([^/]+))?$/;

function passingOf(
  process: string,
  { method = "GET", url = "/" }: IncomingMessage,
  payload: Buffer,
): Passing {
  const { pathname, searchParams } = new URL(url, "https://gate");
  const [, namespace = "", resource = "", named = "", subresource = ""] = PATH.exec(pathname) ?? [];
  const body = parsed(payload);
  // A create names its object only in its body.
  const name = named || ((body as { metadata?: { name?: string } } | undefined)?.metadata?.name ?? "");
  const verb = verbOf(method, name, searchParams.get("watch"));
  return { process, verb, resource, subresource, namespace, name, body };
}

function verbOf(method: string, name: string, watch: string | null): string {
  if (method === "GET") return watch === "true" || watch === "1" ? "watch" : name ? "get" : "list";
  if (method === "POST") return "create";
  if (method === "PUT") return "update";
  if (method === "DELETE") return name ? "delete" : "deletecollection";
  return method.toLowerCase();
}

function parsed(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString());
  } catch {
    return undefined;
  }
}
