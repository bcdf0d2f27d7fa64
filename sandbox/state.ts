import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Child } from "./child";
import type { KubeObject } from "./kube-object";

/** What a sandbox's folder tells about it, so that any shell can find and end it. */
export interface SandboxState {
  readonly name: string;
  readonly capd: boolean;
  readonly port: number;
  readonly token: string;
}

/** How many ports a sandbox takes, counted from its first. */
export const portCount = 25;

export function prepareFolder(dir: string): void {
  rmSync(dir, { recursive: true, force: true });
  for (const part of ["logs", "processes", "certificates"]) {
    mkdirSync(join(dir, part), { recursive: true });
  }
}

export function writeState(dir: string, state: SandboxState): void {
  writeFileSync(join(dir, "sandbox.json"), JSON.stringify(state), { mode: 0o600 });
}

export function readState(dir: string): SandboxState | undefined {
  const file = join(dir, "sandbox.json");
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as SandboxState) : undefined;
}

/** Notes which objects the installed module consists of, so that any shell can remove them. */
export function rememberModule(dir: string, objects: readonly KubeObject[]): void {
  const names = objects.map(({ apiVersion, kind, metadata: { name, namespace } }) => ({
    apiVersion,
    kind,
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
  }));
  writeFileSync(join(dir, "module.json"), JSON.stringify(names));
}

export function rememberedModule(dir: string): KubeObject[] {
  const file = join(dir, "module.json");
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as KubeObject[]) : [];
}

/** All processes that the folder knows, in the order of their names. */
export function recordedChildren(dir: string): Child[] {
  const folder = join(dir, "processes");
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => file.endsWith(".json"))
    .sort()
    .map((file) => Child.recorded(dir, file.slice(0, -".json".length), () => undefined));
}

/** The folders of all sandboxes under a root. */
export function sandboxFolders(root: string): string[] {
  if (!existsSync(root)) return [];
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(root, entry.name));
}

/** Ends the given processes: first what talks to the API server, then the API server, then etcd. */
export async function endChildren(children: readonly Child[]): Promise<void> {
  for (const child of children) child.close();
  const last = ["apiserver", "etcd"];
  await Promise.all(
    children.filter((child) => !last.includes(child.name)).map((child) => child.stop("SIGTERM", 2000)),
  );
  for (const name of last) {
    // Their data is thrown away, so there is nothing to end gracefully for.
    await children.find((child) => child.name === name)?.stop("SIGKILL");
  }
}

/** Removes the logs of ended sandboxes nobody named (those of tests) once they are an hour old. */
export function forgetOldLogs(root: string): void {
  for (const dir of sandboxFolders(root).filter((folder) => /\/sandbox-\d+-\d+$/.test(folder))) {
    const ended = !existsSync(join(dir, "sandbox.json"));
    // Another process that starts at this moment may have removed it already.
    const since = statSync(dir, { throwIfNoEntry: false })?.mtimeMs ?? Infinity;
    if (ended && Date.now() - since > 3_600_000) rmSync(dir, { recursive: true, force: true });
  }
}

/** Removes what is large; logs stay for whoever wants to know what happened. */
export function dropData(dir: string): void {
  for (const part of ["etcd", "processes", "certificates", "sandbox.json", "admin.kubeconfig"]) {
    rmSync(join(dir, part), { recursive: true, force: true });
  }
}
