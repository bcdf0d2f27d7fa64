import { spawn } from "node:child_process";
import { SandboxFailure } from "./failure";
import { minimumGo } from "./versions";

export interface GoRun {
  readonly cwd?: string;
  readonly signal?: AbortSignal | undefined;
}

/** Runs `go` and returns its stdout; a failure carries the end of its stderr. */
export function go(args: readonly string[], options: GoRun = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn("go", [...args], {
      cwd: options.cwd,
      env: { ...process.env, CGO_ENABLED: "0" },
      stdio: ["ignore", "pipe", "pipe"],
      // SIGINT lets go remove its work folder and keep what is already compiled.
      killSignal: "SIGINT",
      ...(options.signal ? { signal: options.signal } : {}),
    });
    const out: Buffer[] = [];
    let err = "";
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => (err = (err + chunk.toString()).slice(-8000)));
    child.on("error", (error) => {
      const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
      const interrupted = options.signal?.aborted ?? false;
      if (interrupted) reject(new SandboxFailure("interrupted"));
      else reject(missing ? new SandboxFailure(`${installGo} No "go" was found in PATH.`) : error);
    });
    child.on("close", (code) => {
      if (code === 0) resolve(Buffer.concat(out).toString());
      else reject(new SandboxFailure(`go ${args.slice(0, 2).join(" ")} failed:\n${err.trim()}`));
    });
  });
}

const installGo = `Go ${minimumGo} or newer is needed once, to build the sandbox's binaries: install it from https://go.dev/dl/ and run the command again.`;

/** Refuses a Go that cannot compile the pinned modules, before minutes are spent on finding out. */
export async function requireGo(signal?: AbortSignal): Promise<void> {
  // From the root, because inside a module `go` may answer for a toolchain it would download.
  const found = (await go(["env", "GOVERSION"], { cwd: "/", signal })).trim();
  if (!isRecentEnough(found)) throw new SandboxFailure(`${installGo} Found ${found}.`);
}

/** Whether a version such as `go1.26.8` is at least the minimum. */
export function isRecentEnough(found: string): boolean {
  const [major = 0, minor = 0] = found.replace(/^go/, "").split(".").map(Number);
  const [needMajor = 0, needMinor = 0] = minimumGo.split(".").map(Number);
  return major > needMajor || (major === needMajor && minor >= needMinor);
}
