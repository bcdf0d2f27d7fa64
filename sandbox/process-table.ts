import { readFileSync } from "node:fs";
import { execFileSync } from "node:child_process";

/** A process that can be told from a later one that got the same number. */
export interface ProcessId {
  readonly pid: number;
  /** When the process started, as the kernel tells it: clock ticks since boot on Linux. */
  readonly started: string;
}

/** Identifies a running process, or nothing when it is gone or only waits to be reaped. */
export function identify(pid: number): ProcessId | undefined {
  const started = process.platform === "linux" ? startedOnLinux(pid) : startedByPs(pid);
  return started === undefined ? undefined : { pid, started };
}

/** Whether exactly this process, and no successor with a recycled number, still runs. */
export function isAlive(id: ProcessId): boolean {
  return identify(id.pid)?.started === id.started;
}

/** Signals exactly this process; false when it is gone. */
export function signalProcess(id: ProcessId, signal: NodeJS.Signals): boolean {
  if (!isAlive(id)) return false;
  try {
    process.kill(id.pid, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
}

function startedOnLinux(pid: number): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  // The command name stands in parentheses and may hold spaces: count fields from its end.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const state = fields[0];
  return state === "Z" || state === "X" ? undefined : fields[19];
}

function startedByPs(pid: number): string | undefined {
  try {
    const [state = "Z", ...started] = execFileSync(
      "ps",
      ["-o", "state=", "-o", "lstart=", "-p", String(pid)],
      { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] },
    )
      .trim()
      .split(/\s+/);
    return state.startsWith("Z") ? undefined : started.join(" ");
  } catch {
    return undefined;
  }
}
