import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { SandboxFailure } from "./failure";
import { answersOk } from "./probe";
import { identify, isAlive, signalProcess } from "./process-table";
import type { ProcessId } from "./process-table";

/** All that is needed to start a process again, also from another shell. */
export interface ChildSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Answers 200 once the process does its work. */
  readonly readyUrl: string;
  readonly readyTimeoutMs: number;
}

interface ChildRecord {
  readonly spec: ChildSpec;
  /** Absent while nobody wants the process to run. */
  readonly id?: ProcessId;
}

/**
 * Go's processes collect garbage less often than by default while they are small: a tenth of the time goes into it.
 * And each works on one core: several sandboxes of several processes share the machine, and whatever is idle would
 * otherwise look for work on the others' cores, which is another tenth.
 */
const THRIFT = { GOGC: "300", GOMEMLIMIT: "1500MiB", GOMAXPROCS: "1" };

/** A process that ended although nobody asked it to. */
export class ChildCrash extends SandboxFailure {
  constructor(
    readonly child: string,
    how: string,
    logTail: string,
    logFile: string,
  ) {
    const hint = /address already in use/.test(logTail)
      ? "\nIts port is taken: end what listens there, or start again to get other ports."
      : "";
    super(`${child} ${how}.${hint}\nThe end of ${logFile}:\n${logTail}`);
    // Where we noticed says nothing about why it happened.
    this.stack = `${this.name}: ${this.message}`;
  }
}

/**
 * One process of a sandbox. It gets a process group of its own, so that Ctrl-C in the terminal
 * reaches only us and we end the processes in order. Its id is on disk before anything else
 * happens, so that it can be ended from another shell, or after we died.
 */
export class Child {
  readonly name: string;
  readonly logFile: string;
  readonly #recordFile: string;
  #id: ProcessId | undefined;
  #expectedToEnd = false;
  #closed = false;

  constructor(
    readonly spec: ChildSpec,
    dir: string,
    private readonly onCrash: (crash: ChildCrash) => void,
  ) {
    this.name = spec.name;
    this.logFile = join(dir, "logs", `${spec.name}.log`);
    this.#recordFile = join(dir, "processes", `${spec.name}.json`);
  }

  /** The child that another process, or an earlier run, has recorded. */
  static recorded(dir: string, name: string, onCrash: (crash: ChildCrash) => void): Child {
    const file = join(dir, "processes", `${name}.json`);
    const { spec, id } = JSON.parse(readFileSync(file, "utf8")) as ChildRecord;
    const child = new Child(spec, dir, onCrash);
    child.#id = id;
    return child;
  }

  get pid(): number | undefined {
    return this.running ? this.#id?.pid : undefined;
  }

  get running(): boolean {
    return this.#id !== undefined && isAlive(this.#id);
  }

  /** Recorded as running, but gone: it crashed. */
  get crashed(): boolean {
    return this.#id !== undefined && !this.running;
  }

  /** Starts the process and waits until it is ready. */
  async start(): Promise<void> {
    this.launch();
    await this.ready();
  }

  /** Starts the process without waiting for it. */
  launch(): void {
    if (this.#closed) throw new SandboxFailure(`${this.name} is not started: the sandbox ends`);
    if (this.running) return;
    const { command, args, cwd, env } = this.spec;
    const log = openSync(this.logFile, "a");
    const handle = spawn(command, [...args], {
      cwd,
      env: { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "/", ...THRIFT, ...env },
      stdio: ["ignore", log, log],
      detached: true,
    });
    closeSync(log);
    handle.unref();
    this.#expectedToEnd = false;
    this.#id = handle.pid === undefined ? undefined : identify(handle.pid);
    const own = this.#id;
    if (own) this.#record(own);
    handle.on("error", (error) => this.#crashed(`could not be started (${error.message})`));
    handle.on("exit", (code, signal) => {
      // A successor may already run under this name.
      if (this.#id !== own || this.#expectedToEnd) return;
      this.#crashed(`ended unexpectedly (${signal ?? `exit code ${String(code)}`})`);
    });
  }

  /** Waits until the process answers its health endpoint. */
  async ready(): Promise<void> {
    const { readyUrl, readyTimeoutMs } = this.spec;
    const deadline = Date.now() + readyTimeoutMs;
    while (!(await answersOk(readyUrl))) {
      if (this.#closed || this.#expectedToEnd) throw new SandboxFailure(`${this.name} was stopped`);
      if (!this.running) throw this.#crash("ended before it was ready");
      if (Date.now() > deadline) {
        throw this.#crash(`was not ready within ${readyTimeoutMs / 1000} s (${readyUrl})`);
      }
      await sleep(50);
    }
  }

  /**
   * Ends the process and waits until it is gone; SIGKILL after the grace. SIGSTOP only freezes it,
   * until `resume`, `stop` or `start`.
   */
  async stop(signal: NodeJS.Signals = "SIGTERM", graceMs = 5000): Promise<void> {
    const id = this.#id;
    if (id === undefined) return;
    if (signal === "SIGSTOP") {
      signalProcess(id, signal);
      return;
    }
    this.#expectedToEnd = true;
    signalProcess(id, signal);
    // A frozen process does not see SIGTERM before it goes on.
    signalProcess(id, "SIGCONT");
    const deadline = Date.now() + graceMs;
    while (isAlive(id)) {
      if (Date.now() > deadline) signalProcess(id, "SIGKILL");
      await sleep(10);
    }
    if (this.#id === id) this.#record(undefined);
  }

  /** Lets a process go on that was frozen by `stop("SIGSTOP")`. */
  resume(): void {
    if (this.#id) signalProcess(this.#id, "SIGCONT");
  }

  async restart(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    await this.stop(signal);
    await this.start();
  }

  /** From now on this child cannot be started: the sandbox ends. */
  close(): void {
    this.#closed = true;
  }

  /** The last lines of the log. */
  tail(lines = 15): string {
    if (!existsSync(this.logFile)) return "";
    const all = readFileSync(this.logFile, "utf8").trimEnd().split("\n");
    return all
      .slice(-lines)
      .map((line) => line.slice(0, 300))
      .join("\n");
  }

  #record(id: ProcessId | undefined): void {
    this.#id = id;
    const record: ChildRecord = id ? { spec: this.spec, id } : { spec: this.spec };
    const partial = `${this.#recordFile}.partial`;
    writeFileSync(partial, JSON.stringify(record), { mode: 0o600 });
    renameSync(partial, this.#recordFile);
  }

  #crash(how: string): ChildCrash {
    return new ChildCrash(this.name, how, this.tail(), this.logFile);
  }

  #crashed(how: string): void {
    if (!this.#closed) this.onCrash(this.#crash(how));
  }
}
