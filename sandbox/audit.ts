import { createReadStream, existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** One answered request, as the API server's audit log tells it. */
export interface AuditEntry {
  /** When the request arrived, RFC 3339. */
  readonly time: string;
  readonly user: string;
  readonly userAgent: string;
  readonly verb: string;
  readonly apiGroup: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly code: number;
  readonly uri: string;
  readonly dryRun: boolean;
  /** `allow` or `forbid`: what RBAC said. A webhook's refusal is 403 too, but `allow` here. */
  readonly decision: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Every field given must match; `verb` and `resource` take several. */
export interface AuditFilter {
  readonly user?: string | RegExp;
  readonly verb?: string | readonly string[];
  readonly resource?: string | readonly string[];
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly decision?: "allow" | "forbid";
  readonly code?: number;
  /** Only requests that arrived at or after this moment. */
  readonly since?: Date;
}

/** The verbs that change something. */
export const writeVerbs = ["create", "update", "patch", "delete", "deletecollection"] as const;

export function auditLog(dir: string): string {
  return join(dir, "audit.log");
}

/** The entries of a log that match, oldest first. */
export async function readAudit(file: string, filter: AuditFilter = {}): Promise<AuditEntry[]> {
  const entries: AuditEntry[] = [];
  if (!existsSync(file)) return entries;
  const lines = createInterface({ input: createReadStream(file), crlfDelay: Infinity });
  const needle = quickNeedle(filter);
  for await (const line of lines) {
    // Most lines are ruled out by their text alone; parsing all of them takes ten times as long.
    if (needle !== undefined && !line.includes(needle)) continue;
    const entry = parseEntry(line);
    if (entry && matches(entry, filter)) entries.push(entry);
  }
  return entries;
}

function quickNeedle({ user, decision, namespace }: AuditFilter): string | undefined {
  if (decision === "forbid") return '"forbid"';
  if (typeof user === "string") return JSON.stringify(user);
  return typeof namespace === "string" ? `"namespace":${JSON.stringify(namespace)}` : undefined;
}

interface RawEntry {
  readonly requestReceivedTimestamp: string;
  readonly user?: { readonly username?: string };
  readonly userAgent?: string;
  readonly verb: string;
  readonly requestURI: string;
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource?: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly responseStatus?: { readonly code?: number };
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Undefined where the line is not whole. */
export function parseEntry(line: string): AuditEntry | undefined {
  let raw: RawEntry;
  try {
    raw = JSON.parse(line) as RawEntry;
  } catch {
    // The last line may still be in the writing.
    return undefined;
  }
  const { objectRef: ref = {}, annotations = {} } = raw;
  return {
    time: raw.requestReceivedTimestamp,
    user: raw.user?.username ?? "",
    userAgent: raw.userAgent ?? "",
    verb: raw.verb,
    apiGroup: ref.apiGroup ?? "",
    resource: ref.resource ?? "",
    subresource: ref.subresource ?? "",
    namespace: ref.namespace ?? "",
    name: ref.name ?? "",
    code: raw.responseStatus?.code ?? 0,
    uri: raw.requestURI,
    dryRun: /[?&]dryRun=/.test(raw.requestURI),
    decision: annotations["authorization.k8s.io/decision"] ?? "",
    annotations,
  };
}

function matches(entry: AuditEntry, filter: AuditFilter): boolean {
  const { user, since } = filter;
  const oneOf = (value: string, wanted: string | readonly string[] | undefined): boolean =>
    wanted === undefined || (typeof wanted === "string" ? wanted === value : wanted.includes(value));
  return (
    (user instanceof RegExp ? user.test(entry.user) : oneOf(entry.user, user)) &&
    oneOf(entry.verb, filter.verb) &&
    oneOf(entry.resource, filter.resource) &&
    oneOf(entry.subresource, filter.subresource) &&
    oneOf(entry.namespace, filter.namespace) &&
    oneOf(entry.name, filter.name) &&
    oneOf(entry.decision, filter.decision) &&
    (filter.code === undefined || entry.code === filter.code) &&
    (since === undefined || new Date(entry.time) >= since)
  );
}
