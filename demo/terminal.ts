/** Runs the command lines of the demo in a real shell, just as they stand on the page. */
import { spawn } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { SandboxFailure } from "../sandbox/failure";
import type { Sandbox } from "../sandbox/sandbox";
import type { Page } from "./page";

export interface Answer {
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

export interface Shown {
  /** Only these lines of the output; others leave a mark. */
  readonly only?: RegExp;
  /** Said while it runs. */
  readonly while?: string;
}

export class Terminal {
  readonly folder: string;
  readonly #env: NodeJS.ProcessEnv;

  constructor(
    private readonly page: Page,
    sandbox: Sandbox,
    private readonly signal: AbortSignal,
  ) {
    this.folder = join(sandbox.dir, "demo");
    const programs = join(this.folder, "bin");
    mkdirSync(programs, { recursive: true });
    symlinkSync(sandbox.kubectlPath, join(programs, "kubectl"));
    this.#env = {
      PATH: `${programs}:${process.env["PATH"] ?? ""}`,
      HOME: process.env["HOME"] ?? "/",
      KUBECONFIG: sandbox.kubeconfig,
      // What an earlier sandbox on the same port served would else be believed.
      KUBECACHEDIR: join(this.folder, "cache"),
    };
  }

  /** Shows a command line, runs it, and shows what it printed. */
  async run(line: string, shown: Shown = {}): Promise<Answer> {
    this.page.command(line);
    const running = this.#execute(line);
    const answer = await (shown.while === undefined ? running : this.page.during(shown.while, running));
    this.page.output(picked(answer.stdout.trimEnd().split("\n"), shown.only));
    for (const warning of lines(answer.stderr)) this.page.warning(warning);
    return answer;
  }

  /** Runs kubectl without a word on the page, for what a claim has to look at. */
  async look<T>(args: string): Promise<T> {
    const { stdout } = await this.#execute(`kubectl ${args} -o json`);
    return JSON.parse(stdout === "" ? "{}" : stdout) as T;
  }

  #execute(line: string): Promise<Answer> {
    const started = Date.now();
    return new Promise((resolve, reject) => {
      const child = spawn("/bin/sh", ["-c", line], {
        cwd: this.folder,
        env: this.#env,
        stdio: ["ignore", "pipe", "pipe"],
        signal: this.signal,
      });
      let stdout = "";
      let stderr = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
      child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
      child.on("error", reject);
      child.on("close", (code) => {
        if (code === 0) resolve({ stdout, stderr, ms: Date.now() - started });
        else reject(new SandboxFailure(`This failed: ${line}\n${stderr.trim()}`));
      });
    });
  }
}

function lines(text: string): string[] {
  return text.split("\n").filter((line) => line.trim() !== "");
}

function picked(all: readonly string[], only: RegExp | undefined): string[] {
  const kept: string[] = [];
  for (const line of all) {
    if (only === undefined || only.test(line)) kept.push(line);
    else if (kept.at(-1) !== "…") kept.push("…");
  }
  return kept.join("") === "" ? [] : kept;
}
