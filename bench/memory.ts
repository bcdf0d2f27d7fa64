/** How much memory does each role of the module hold? */
import { readFileSync } from "node:fs";
import type { Sandbox } from "../sandbox/sandbox";

export const ROLES = ["admission-1", "admission-2", "watcher"] as const;

/** Mebibytes that are resident, by process; where the kernel does not tell (not Linux), nothing. */
export function rssOf(sandbox: Sandbox): Record<string, number> {
  const sizes = ROLES.flatMap((role) => {
    const pid = sandbox.processes.get(role)?.pid;
    const size = pid === undefined ? undefined : residentOf(pid);
    return size === undefined ? [] : [[role, size] as const];
  });
  return Object.fromEntries(sizes);
}

function residentOf(pid: number): number | undefined {
  try {
    const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return kibibytes === undefined ? undefined : Math.round(Number(kibibytes) / 1024);
  } catch {
    return undefined;
  }
}
