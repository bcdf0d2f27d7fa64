/** Times as the API server's audit log has them: kubectl's own start does not count. */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { auditLog } from "../sandbox/audit";

export interface Write {
  readonly verb: string;
  readonly user: string;
  readonly userAgent: string;
  readonly received: number;
  readonly answered: number;
}

interface RawEntry {
  readonly verb: string;
  readonly user?: { readonly username?: string };
  readonly userAgent?: string;
  readonly objectRef?: { readonly resource?: string; readonly name?: string; readonly subresource?: string };
  readonly responseStatus?: { readonly code?: number };
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
}

const reading = new Set(["get", "list", "watch"]);

/** The successful writes on one object, its subresources left aside, oldest first. */
export async function writesOn(dir: string, resource: string, name: string): Promise<Write[]> {
  const found: Write[] = [];
  const needle = `"name":"${name}"`;
  const lines = createInterface({ input: createReadStream(auditLog(dir)), crlfDelay: Infinity });
  for await (const line of lines) {
    // The last line may still be in the writing.
    if (!line.includes(needle) || !line.endsWith("}")) continue;
    const entry = JSON.parse(line) as RawEntry;
    if (reading.has(entry.verb) || !isOn(entry, resource, name)) continue;
    found.push({
      verb: entry.verb,
      user: entry.user?.username ?? "",
      userAgent: entry.userAgent ?? "",
      received: Date.parse(entry.requestReceivedTimestamp),
      answered: Date.parse(entry.stageTimestamp),
    });
  }
  return found;
}

function isOn({ objectRef = {}, responseStatus = {} }: RawEntry, resource: string, name: string): boolean {
  return (
    objectRef.resource === resource &&
    objectRef.name === name &&
    objectRef.subresource === undefined &&
    (responseStatus.code ?? 0) < 300
  );
}
