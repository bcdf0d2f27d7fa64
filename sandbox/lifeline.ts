import { spawn } from "node:child_process";
import { join } from "node:path";

/** Ties a sandbox's processes to the life of ours. */
export interface Lifeline {
  /** Lets the processes outlive us, or ends the watch once they are gone. */
  release(): void;
}

/** How to run one of our TypeScript files as a process of its own. */
export function nodeArguments(file: string): string[] {
  return ["--require", require.resolve("tsx/cjs"), join(__dirname, file)];
}

/**
 * Starts a shell that waits on a pipe from us. Whatever ends us, even SIGKILL, closes the pipe;
 * the shell then becomes the guard. Until then it costs a megabyte, not a Node process.
 */
export function holdLifeline(dir: string): Lifeline {
  const script = 'read -r word && exit 0; exec "$@"';
  const shell = spawn(
    "/bin/sh",
    ["-c", script, "sandbox-guard", process.execPath, ...nodeArguments("guard.ts"), dir],
    {
      stdio: ["pipe", "ignore", "ignore"],
      detached: true,
      env: { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "/" },
    },
  );
  shell.unref();
  // The pipe must not keep our event loop alive; its type does not tell that it is a socket.
  (shell.stdin as unknown as { unref(): void }).unref();
  shell.stdin.on("error", () => undefined);
  return { release: () => void shell.stdin.end("keep\n") };
}
