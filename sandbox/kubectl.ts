import { spawn } from "node:child_process";

export interface KubectlOptions {
  readonly input?: string;
  readonly kubeconfig?: string;
  /** Return the exit code instead of throwing. */
  readonly allowFailure?: boolean;
  readonly timeoutMs?: number;
}

export interface KubectlResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

/** Runs kubectl with the given kubeconfig and no other configuration of the user's. */
export function runKubectl(
  program: string,
  args: readonly string[],
  options: KubectlOptions & { readonly kubeconfig: string },
): Promise<KubectlResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ["--kubeconfig", options.kubeconfig, ...args], {
      stdio: ["pipe", "pipe", "pipe"],
      timeout: options.timeoutMs ?? 120_000,
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    // kubectl may end before it has read all of its input.
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.input ?? "");
    child.on("error", reject);
    child.on("close", (exitCode, signal) => {
      const code = exitCode ?? 1;
      if (code === 0 || options.allowFailure) {
        resolve({ stdout, stderr, code });
        return;
      }
      const how = signal === null ? `exit code ${code}` : `ended by ${signal}`;
      reject(new Error(`kubectl ${args.join(" ")} (${how}): ${stderr.trim()}`));
    });
  });
}
