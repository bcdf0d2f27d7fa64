import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { parseAllDocuments } from "yaml";
import { SandboxFailure, messageOf } from "./failure";
import { go, requireGo } from "./go";
import type { KubeObject } from "./kube-object";
import { cacheRoot, toolchainRoot } from "./places";
import { inMemoryClassSource, providerNames, providers } from "./versions";
import type { ProviderName, ProviderSource } from "./versions";

/** Files of the cache. JSON, because parsing a megabyte of YAML at every start takes a second. */
export interface RenderedManifests {
  readonly providers: Readonly<Record<ProviderName, string>>;
  readonly inMemoryClass: string;
}

// The managers run beside the API server, so their Deployments, Services, certificates and RBAC are
// of no use here; everything that shapes the API is.
const kept = new Set([
  "Namespace",
  "CustomResourceDefinition",
  "MutatingWebhookConfiguration",
  "ValidatingWebhookConfiguration",
]);

export function renderedManifests(): RenderedManifests {
  return {
    providers: Object.fromEntries(
      providerNames.map((name) => [name, cached(name, providers[name])]),
    ) as Record<ProviderName, string>,
    inMemoryClass: cached("clusterclass-in-memory", inMemoryClassSource),
  };
}

/** The manifests that the cache does not hold yet. */
export function missingManifests(): string[] {
  const all = renderedManifests();
  return [...Object.values(all.providers), all.inMemoryClass].filter((path) => !existsSync(path));
}

/** Renders what is missing from the providers' own kustomize folders. */
export async function renderManifests(
  kubectl: string,
  log: (line: string) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (missingManifests().length === 0) return;
  await requireGo(signal);
  mkdirSync(join(cacheRoot(), "manifests"), { recursive: true });
  for (const name of providerNames) {
    const source = providers[name];
    const target = cached(name, source);
    if (existsSync(target)) continue;
    log(`Rendering the manifests of ${name} ${source.version}`);
    const folder = join(await moduleFolder(source, signal), source.folder);
    const { stdout } = await promisify(execFile)(kubectl, ["kustomize", folder], {
      maxBuffer: 64 * 2 ** 20,
    }).catch((error: unknown) => {
      throw new SandboxFailure(`kubectl kustomize ${folder} failed: ${messageOf(error)}`);
    });
    save(
      target,
      parseObjects(stdout).filter((object) => kept.has(object.kind)),
    );
  }
  const { inMemoryClass } = renderedManifests();
  if (existsSync(inMemoryClass)) return;
  const text = readFileSync(
    join(await moduleFolder(inMemoryClassSource, signal), inMemoryClassSource.folder),
    "utf8",
  );
  save(inMemoryClass, parseObjects(text));
}

/** All objects of a YAML stream. */
export function parseObjects(yaml: string): KubeObject[] {
  return parseAllDocuments(yaml)
    .map((document) => document.toJS() as KubeObject | null)
    .filter((object) => object !== null);
}

function cached(name: string, source: ProviderSource): string {
  return join(cacheRoot(), "manifests", `${name}-${source.version}.json`);
}

function save(target: string, objects: readonly KubeObject[]): void {
  const partial = `${target}.${process.pid}.partial`;
  writeFileSync(partial, JSON.stringify(objects));
  renameSync(partial, target);
}

/** The module's folder; downloads it where only the built binary is left of it. */
async function moduleFolder(source: ProviderSource, signal: AbortSignal | undefined): Promise<string> {
  const cwd = join(toolchainRoot, source.module);
  const answer = JSON.parse(
    await go(["mod", "download", "-json", `${source.goModule}@${source.version}`], { cwd, signal }),
  ) as { Dir: string };
  return answer.Dir;
}
