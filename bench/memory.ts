/** How much memory does each role of the module hold? */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
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

interface Deployment {
  readonly kind?: string;
  readonly metadata?: { readonly name?: string };
}

/** Mebibytes at which Kubernetes ends a pod of the role, as the built manifest says. */
export function memoryLimits(dist: string): { admission: number; watcher: number } {
  const [manifest] = readdirSync(dist).filter((file) => /^pepr-module-.*\.yaml$/.test(file));
  const documents = parseAllDocuments(readFileSync(join(dist, manifest ?? ""), "utf8"));
  const deployments = documents
    .map((document) => document.toJS() as Deployment)
    .filter(({ kind }) => kind === "Deployment");
  const isWatcher = ({ metadata }: Deployment): boolean => metadata?.name?.endsWith("-watcher") ?? false;
  return {
    admission: limitOf(deployments.find((deployment) => !isWatcher(deployment))),
    watcher: limitOf(deployments.find(isWatcher)),
  };
}

function limitOf(deployment: Deployment | undefined): number {
  const [, mebibytes] = /"limits":\{[^}]*"memory":"(\d+)Mi"/.exec(JSON.stringify(deployment)) ?? [];
  return mebibytes === undefined ? Infinity : Number(mebibytes);
}
