import { execFile } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { projectRoot } from "../sandbox/places";

const sources = ["package.json", "pepr.ts", "capabilities", "lib", "scripts"];

/** Whether a folder has a built module. */
export function hasModule(dist: string): boolean {
  return existsSync(join(dist, "pepr-module-capi-vip-allocator.yaml"));
}

/** Whether `dist/` is missing, or older than what it is built from. */
export function moduleIsStale(): boolean {
  const manifest = join(projectRoot, "dist", "pepr-module-capi-vip-allocator.yaml");
  if (!existsSync(manifest)) return true;
  const built = statSync(manifest).mtimeMs;
  return sources.some((source) => newest(join(projectRoot, source)) > built);
}

export async function buildModule(signal: AbortSignal): Promise<void> {
  await promisify(execFile)("npm", ["run", "--silent", "build"], { cwd: projectRoot, signal });
}

function newest(path: string): number {
  const { mtimeMs } = statSync(path);
  // A folder's own time says when something in it was removed or renamed.
  if (!statSync(path).isDirectory()) return mtimeMs;
  return Math.max(mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}
