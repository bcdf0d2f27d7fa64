import { execFile } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync, statfsSync } from "node:fs";
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { withCacheLock } from "./cache-lock";
import { SandboxFailure, messageOf } from "./failure";
import { go, requireGo } from "./go";
import { cacheRoot, toolchainRoot } from "./places";
import { duration, ticker } from "./progress";
import { missingManifests, renderManifests, renderedManifests } from "./render";
import type { RenderedManifests } from "./render";
import { binaries, binaryNames, clusterBinaries, versions } from "./versions";
import type { BinaryName } from "./versions";

export interface Toolchain {
  readonly binaries: Readonly<Record<BinaryName, string>>;
  readonly manifests: RenderedManifests;
}

export interface ToolchainOptions {
  readonly log?: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Everything the sandbox runs, built where it is missing. With a full cache this only looks at
 * file names and needs no Go. What is complete stays, so an interrupted build goes on where it was.
 */
export async function ensureToolchain(options: ToolchainOptions = {}): Promise<Toolchain> {
  const { log = () => undefined, signal } = options;
  const paths = await ensurePrograms(clusterBinaries, options);
  if (missingManifests().length > 0) {
    await withCacheLock(cacheRoot(), log, () => renderManifests(paths.kubectl, log, signal));
  }
  return { binaries: paths, manifests: renderedManifests() };
}

/** Some of the programs, built where they are missing. */
export async function ensurePrograms(
  names: readonly BinaryName[],
  { log = () => undefined, signal }: ToolchainOptions = {},
): Promise<Readonly<Record<BinaryName, string>>> {
  const assets = await kubebuilderAssets(log);
  const paths = Object.fromEntries(
    binaryNames.map((name) => [name, assets.get(name) ?? cachedBinary(name)]),
  ) as Record<BinaryName, string>;
  const missing = (): BinaryName[] => names.filter((name) => !existsSync(paths[name]));

  if (missing().length > 0) {
    mkdirSync(join(cacheRoot(), "bin"), { recursive: true });
    await withCacheLock(cacheRoot(), log, async () => {
      // Asked again: whoever held the lock may have built it all.
      if (missing().length > 0) await buildAll(missing(), log, signal);
    });
  }
  return paths;
}

function cachedBinary(name: BinaryName): string {
  return join(cacheRoot(), "bin", `${name}-${binaries[name].version}`);
}

async function buildAll(
  names: readonly BinaryName[],
  log: (line: string) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  await requireGo(signal);
  await requireDisk(signal);
  log(
    `${names.length} of ${binaryNames.length} programs are built from their Go modules, once, into ${cacheRoot()}. An interrupted build goes on where it stopped.`,
  );
  const started = Date.now();
  let doneWeight = 0;
  const allWeight = names.reduce((sum, name) => sum + binaries[name].coldSeconds, 0);
  for (const [index, name] of names.entries()) {
    const { version, coldSeconds } = binaries[name];
    const label = `[${index + 1} of ${names.length}] ${name} ${version}`;
    const itemStarted = Date.now();
    const stopTicking = ticker(log, () => {
      const elapsed = (Date.now() - started) / 1000;
      const inItem = Math.min((Date.now() - itemStarted) / 1000, coldSeconds * 0.95);
      // The proportions are known, this machine's speed shows itself while it builds.
      const speed = index === 0 ? 1 : (itemStarted - started) / 1000 / doneWeight;
      const left = Math.max(0, (allWeight - doneWeight) * speed - inItem);
      return `${label}: ${duration(elapsed)} elapsed, about ${duration(left)} left`;
    });
    try {
      await build(name, signal);
    } finally {
      stopTicking();
    }
    doneWeight += coldSeconds;
    log(`${label}: built in ${duration((Date.now() - itemStarted) / 1000)}`);
  }
}

async function build(name: BinaryName, signal: AbortSignal | undefined): Promise<void> {
  const { module, package: goPackage, tags = "" } = binaries[name];
  const target = cachedBinary(name);
  const partial = `${target}.${process.pid}.partial`;
  try {
    await go(
      [
        "build",
        "-mod=readonly",
        "-buildvcs=false",
        "-trimpath",
        "-tags",
        tags,
        "-ldflags",
        linkerFlags(name),
        "-o",
        partial,
        goPackage,
      ],
      { cwd: join(toolchainRoot, module), signal },
    );
    await chmod(partial, 0o755);
    // Only a complete file ever bears the name that is looked for.
    renameSync(partial, target);
  } catch (error) {
    throw new SandboxFailure(
      `${name} could not be built: ${messageOf(error)}\nRun the same command again: what is built stays built.`,
    );
  } finally {
    rmSync(partial, { force: true });
  }
}

function linkerFlags(name: BinaryName): string {
  if (binaries[name].module !== "kubernetes") return "-s -w";
  // Cluster API and kubectl ask the server for its version, which a plain build leaves empty.
  const [major, minor] = versions.kubernetes.slice(1).split(".");
  const set = (key: string, value: string | undefined): string =>
    `-X k8s.io/component-base/version.${key}=${value ?? ""}`;
  return [
    "-s -w",
    set("gitVersion", versions.kubernetes),
    set("gitMajor", major),
    set("gitMinor", minor),
  ].join(" ");
}

/** What the modules, Go's build cache and the binaries take when all of it is cold. */
const neededGigabytes = { goCaches: 9, binaries: 1 };

async function requireDisk(signal: AbortSignal | undefined): Promise<void> {
  const caches = (await go(["env", "GOMODCACHE", "GOCACHE"], { signal })).trim().split("\n");
  const [modules = "", builds = ""] = caches;
  const cold = !existsSync(join(modules, "k8s.io", `kubernetes@${versions.kubernetes}`));
  const wishes: [string, number][] = [[cacheRoot(), neededGigabytes.binaries]];
  if (cold) wishes.push([builds, neededGigabytes.goCaches]);
  for (const [folder, gigabytes] of wishes) {
    mkdirSync(folder, { recursive: true });
    const { bavail, bsize } = statfsSync(folder);
    const free = (bavail * bsize) / 1e9;
    if (free < gigabytes) {
      throw new SandboxFailure(
        `Too little disk: ${folder} has ${free.toFixed(1)} GB free and the build needs about ${gigabytes} GB there. Free some, or point CAPI_VIP_ALLOCATOR_CACHE, GOCACHE and GOMODCACHE at a larger disk.`,
      );
    }
  }
}

/**
 * The programs that KUBEBUILDER_ASSETS offers in our version's minor release. Others are passed
 * over with a word, because a wrong API server would only show in odd test failures.
 */
async function kubebuilderAssets(log: (line: string) => void): Promise<Map<BinaryName, string>> {
  const found = new Map<BinaryName, string>();
  const folder = process.env["KUBEBUILDER_ASSETS"];
  if (!folder) return found;
  const asked: [BinaryName, string[], string][] = [
    ["kube-apiserver", ["--version"], versions.kubernetes],
    ["kubectl", ["version", "--client"], versions.kubernetes],
    ["etcd", ["--version"], versions.etcd],
  ];
  await Promise.all(
    asked.map(async ([name, args, version]) => {
      const path = join(folder, name);
      const answer = await promisify(execFile)(path, args).then(
        ({ stdout }) => stdout,
        () => "",
      );
      const minor = version.slice(1).split(".").slice(0, 2).join(".");
      if (new RegExp(`\\bv?${minor.replace(".", "\\.")}\\.\\d`).test(answer)) found.set(name, path);
      else log(`KUBEBUILDER_ASSETS: ${path} is not ${name} ${minor}.x, using our own ${version}`);
    }),
  );
  return found;
}
