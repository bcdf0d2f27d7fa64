/** Who used the processor meanwhile? A burst that takes long because the machine has no core left says nothing of us. */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import type { Sandbox } from "../sandbox/sandbox";

/** Linux counts in ticks of 10 ms, whatever the kernel's own clock. */
const TICKS_A_SECOND = 100;

export interface Used {
  /** Share of the machine's cores that was busy with anything, from 0 to 1. */
  readonly busy: number;
  /** Share that was busy with what is no part of the sandbox or of this program. */
  readonly others: number;
  /** Seconds by process of the sandbox; `bench` is this program. */
  readonly seconds: Readonly<Record<string, number>>;
}

interface Look {
  readonly at: number;
  readonly busy: number;
  readonly seconds: Readonly<Record<string, number>>;
}

/** Call what is returned at the end. Where the kernel does not tell (not Linux) there is nothing to report. */
export function processorUse(sandbox: Sandbox): () => Used | undefined {
  const before = look(sandbox);
  return () => {
    const after = look(sandbox);
    return before && after && between(before, after);
  };
}

function between(before: Look, after: Look): Used {
  const all = ((after.at - before.at) / 1000) * availableParallelism();
  const seconds = Object.fromEntries(
    Object.entries(after.seconds).map(([name, used]) => [name, round(used - (before.seconds[name] ?? 0))]),
  );
  const own = Object.values(seconds).reduce((sum, used) => sum + used, 0);
  const busy = after.busy - before.busy;
  return { busy: round(busy / all), others: round(Math.max(0, busy - own) / all), seconds };
}

function look(sandbox: Sandbox): Look | undefined {
  try {
    const pids = [...sandbox.processes].flatMap(([name, { pid }]) => (pid ? [[name, pid] as const] : []));
    const entries = [...pids, ["bench", process.pid] as const].map(([name, pid]) => [name, secondsOf(pid)]);
    return { at: Date.now(), busy: busySeconds(), seconds: Object.fromEntries(entries) as Look["seconds"] };
  } catch {
    return undefined;
  }
}

/** User and system time of a process, with the children that it has waited for left out. */
function secondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The command name stands in parentheses and may hold spaces: count fields from its end.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}

/** Of all cores since the machine started: everything but idle and waiting for a disk. */
function busySeconds(): number {
  const [line = ""] = readFileSync("/proc/stat", "utf8").split("\n");
  const ticks = line.trim().split(/\s+/).slice(1, 9).map(Number);
  const waiting = (ticks[3] ?? 0) + (ticks[4] ?? 0);
  return (ticks.reduce((sum, one) => sum + one, 0) - waiting) / TICKS_A_SECOND;
}

const round = (value: number): number => Math.round(value * 1000) / 1000;
