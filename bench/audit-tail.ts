/** Who asked for what since a moment? Reads only the end of the audit log, which grows to 100 MB here. */
import { createReadStream, statSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { auditLog, parseEntry, writeVerbs, type AuditEntry } from "../sandbox/audit";

export interface Request extends Omit<AuditEntry, "time"> {
  /** When the request arrived, in milliseconds since the epoch. */
  readonly time: number;
  /** The webhook configurations that were called for it. */
  readonly webhooks: readonly string[];
}

/** A place in the log. */
export type Mark = number;

type Question = (request: Request) => boolean;

const WRITES: readonly string[] = writeVerbs;
export const isWrite: Question = ({ verb }) => WRITES.includes(verb);

/** The module's own ServiceAccount. */
export const isOfModule: Question = ({ user }) => user.startsWith("system:serviceaccount:pepr-system:");
export const isOfProvider: Question = ({ user }) => user === "ipam";
export const isOfClusterApi: Question = ({ user }) => user.startsWith("capi-");

const LOOK_EVERY_MS = 100;

export class AuditTail {
  readonly #file: string;

  constructor(sandbox: { readonly dir: string }) {
    this.#file = auditLog(sandbox.dir);
  }

  /** The end of the log as it is now: the API server writes an entry before it answers. */
  mark(): Mark {
    return statSync(this.#file).size;
  }

  async since(mark: Mark, question: Question): Promise<Request[]> {
    return (await this.#read(mark)).requests.filter(question);
  }

  /** Waits until for this long nothing has been asked for that matters; the last of it that was. */
  async quiet(
    matters: Question,
    { forMs, withinMs, what }: { forMs: number; withinMs: number; what: string },
  ): Promise<Request | undefined> {
    const deadline = Date.now() + withinMs;
    let [offset, since, last] = [this.mark(), Date.now(), undefined as Request | undefined];
    while (Date.now() - since < forMs) {
      if (Date.now() > deadline)
        throw new Error(`Waited ${withinMs / 1000} s for ${what} to be quiet, in vain`);
      await pause(LOOK_EVERY_MS);
      const { requests, end } = await this.#read(offset);
      const latest = requests.filter(matters).at(-1);
      if (latest) [since, last] = [Date.now(), latest];
      offset = end;
    }
    return last;
  }

  async #read(from: Mark): Promise<{ requests: Request[]; end: Mark }> {
    const requests: Request[] = [];
    let end = from;
    const size = this.mark();
    if (size <= from) return { requests, end };
    const input = createReadStream(this.#file, { start: from, end: size - 1 });
    for await (const line of createInterface({ input, crlfDelay: Infinity })) {
      const request = parse(line);
      // The last line may still be in the writing: it is read again with the next look.
      if (!request) break;
      requests.push(request);
      end += Buffer.byteLength(line) + 1;
    }
    return { requests, end };
  }
}

function parse(line: string): Request | undefined {
  const entry = parseEntry(line);
  return entry && { ...entry, time: Date.parse(entry.time), webhooks: webhooksOf(entry) };
}

function webhooksOf({ annotations }: AuditEntry): string[] {
  return Object.entries(annotations)
    .filter(([key]) => key.startsWith("mutation.webhook.admission.k8s.io/"))
    .map(([, text]) => (JSON.parse(text) as { configuration: string }).configuration);
}

/** How many of each kind, for example `patch ipaddresses`. */
export function tally(requests: readonly Request[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { verb, resource, subresource } of requests) {
    const key = `${verb} ${resource}${subresource ? `/${subresource}` : ""}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}
