import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { identify, isAlive } from "./process-table";
import type { ProcessId } from "./process-table";

/**
 * Runs the work while no other process builds into the same cache: two builds at once would only
 * slow each other down. The lock of a process that died is taken over.
 */
export async function withCacheLock<T>(
  folder: string,
  log: (line: string) => void,
  work: () => Promise<T>,
): Promise<T> {
  const path = join(folder, "building.json");
  mkdirSync(folder, { recursive: true });
  for (let told = false; !tryLock(path); told = true) {
    if (!told) log("Another process is building the toolchain; waiting for it");
    await sleep(500);
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

function tryLock(path: string): boolean {
  const own = `${path}.${process.pid}`;
  writeFileSync(own, JSON.stringify(identify(process.pid)));
  try {
    // A link appears with its content, so nobody ever reads a lock without a holder.
    linkSync(own, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    if (!holderLives(path)) rmSync(path, { force: true });
    return false;
  } finally {
    rmSync(own, { force: true });
  }
}

function holderLives(path: string): boolean {
  try {
    return isAlive(JSON.parse(readFileSync(path, "utf8")) as ProcessId);
  } catch {
    return false;
  }
}
