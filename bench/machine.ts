/** On what was it measured? Figures of two machines, or of two builds, are not to be compared unseen. */
import { execFileSync } from "node:child_process";
import { cpus, loadavg, platform, release, totalmem } from "node:os";
import { projectRoot } from "../sandbox/places";
import { versions } from "../sandbox/versions";

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  /** Of the last minute, before anything was started: above one, others were at work. */
  readonly loadBefore: number;
  readonly versions: Readonly<Record<string, string>>;
  /** Of the checkout. */
  readonly commit: string;
  /** The checkout has changes that are in no commit. */
  readonly changed: boolean;
}

const git = (...args: readonly string[]): string =>
  execFileSync("git", ["-C", projectRoot, ...args], { encoding: "utf8" }).trim();

export function machine(): Machine {
  const [first] = cpus();
  return {
    cpu: first?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()}`,
    loadBefore: Math.round((loadavg()[0] ?? 0) * 100) / 100,
    versions: { node: process.version, ...versions },
    commit: git("rev-parse", "--short=9", "HEAD"),
    changed: git("status", "--porcelain", "--", ":!bench/results") !== "",
  };
}
