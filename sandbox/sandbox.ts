/**
 * A real Cluster API management cluster on loopback, without containers: etcd, kube-apiserver,
 * the garbage collector, Cluster API with its webhooks, and the in-cluster IPAM provider.
 */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { ApiClient } from "./api-client";
import { auditLog, readAudit } from "./audit";
import type { AuditEntry, AuditFilter } from "./audit";
import { base64Of, createCertificate } from "./certificate";
import { Child, ChildCrash } from "./child";
import type { ChildSpec } from "./child";
import { apiServerSpec, controllerManagerSpec, etcdSpec, kubeconfigOf } from "./control-plane";
import type { Ground } from "./control-plane";
import { SandboxFailure } from "./failure";
import { createDefinitions, createWebhooks, providerObjects, untilServed } from "./install-providers";
import type { KubeObject } from "./kube-object";
import { runKubectl } from "./kubectl";
import type { KubectlOptions, KubectlResult } from "./kubectl";
import { holdLifeline } from "./lifeline";
import type { Lifeline } from "./lifeline";
import { withLocalWebhooks } from "./local-webhooks";
import { peprStoreDefinition, readModuleManifest } from "./module-manifest";
import { moduleProcessNames, moduleSpecs, moduleUrl } from "./module-processes";
import type { ModuleSurroundings } from "./module-processes";
import { projectRoot, stateRoot } from "./places";
import { freePorts, isFree } from "./ports";
import { providerSpec, type Pace } from "./providers";
import {
  dropData,
  endChildren,
  forgetOldLogs,
  portCount,
  prepareFolder,
  readState,
  recordedChildren,
  rememberedModule,
  rememberModule,
  writeState,
} from "./state";
import type { SandboxState } from "./state";
import { ensureToolchain } from "./toolchain";
import { kubeadmProviders, providerNames } from "./versions";
import type { ProviderName } from "./versions";

import { classyCluster, createProbeClass, plainCluster, untilCalled } from "./webhook-probe";

export type { AuditEntry, AuditFilter } from "./audit";
export { writeVerbs } from "./audit";
export { Child, ChildCrash } from "./child";
export type { ChildSpec } from "./child";
export type { KubectlOptions, KubectlResult } from "./kubectl";

export interface SandboxOptions extends Pace {
  /** Its folder and its name in `make status`; by default one that no other sandbox has. */
  readonly name?: string;
  /** With CAPD's in-memory machines. Its ports are fixed, so one such sandbox per machine. */
  readonly capd?: boolean;
  /**
   * False leaves out the processes of Cluster API's kubeadm providers: their kinds are there, and what is
   * rendered of them stays as it was rendered, as with the infrastructure.
   */
  readonly kubeadm?: boolean;
  readonly stateDir?: string;
  /** Gets a line for each step; silent without. */
  readonly log?: (line: string) => void;
  /** The processes outlive ours; ended by `openSandbox(name).stop()` or `make down`. */
  readonly detached?: boolean;
  /**
   * Told when a process ends that nobody stopped. Without it the crash is thrown where nothing
   * catches it, so that the test or program that relies on the process fails loudly.
   */
  readonly onCrash?: (crash: ChildCrash) => void;
  /** Ends a start halfway. */
  readonly signal?: AbortSignal;
}

export interface ModuleOptions extends ModuleSurroundings {
  /** The folder with `pepr-*.js` and `pepr-module-*.yaml`; the project's `dist` by default. */
  readonly dist?: string;
  /** Another manifest than the one in `dist`. */
  readonly manifest?: string;
}

export interface Sandbox {
  readonly name: string;
  readonly dir: string;
  /** The administrator's. */
  readonly kubeconfig: string;
  readonly server: string;
  /** The kubectl program that this sandbox uses. */
  readonly kubectlPath: string;
  readonly processes: ReadonlyMap<string, Child>;
  process(name: string): Child;
  /** Starts one more process, which is the sandbox's own from then on. */
  run(spec: ChildSpec): Promise<void>;
  /** Runs kubectl; throws with its stderr unless `allowFailure`. */
  kubectl(args: readonly string[], options?: KubectlOptions): Promise<KubectlResult>;
  /** Server-side apply of a YAML stream. */
  apply(yaml: string): Promise<void>;
  /** Installs the built module and returns when its webhook is called and its watcher runs. */
  installModule(options?: ModuleOptions): Promise<void>;
  uninstallModule(): Promise<void>;
  /** Requests of the module's ServiceAccounts that RBAC did not allow. */
  forbidden(): Promise<AuditEntry[]>;
  audit(filter?: AuditFilter): Promise<AuditEntry[]>;
  /** From now on the processes outlive ours, as with `detached`. */
  detach(): void;
  /** Ends every process, and returns when they are gone. */
  stop(): Promise<void>;
}

/** Starts a sandbox. A failure, an abort or a crash on the way leaves no process behind. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const name = options.name ?? unusedName();
  const dir = resolve(options.stateDir ?? join(stateRoot(), name));
  const log = options.log ?? (() => undefined);
  const tools = await ensureToolchain({ log, signal: options.signal });
  await refuseCollisions(name, dir, options.capd ?? false);

  forgetOldLogs(stateRoot());
  prepareFolder(dir);
  const ports = await freePorts(portCount);
  const state: SandboxState = {
    name,
    capd: options.capd ?? false,
    port: ports[0] ?? 0,
    token: `admin-${Math.random().toString(36).slice(2)}`,
  };
  const certificate = await createCertificate(join(dir, "certificates"));
  writeState(dir, state);
  const server = `https://127.0.0.1:${state.port}`;
  const ground: Ground = { dir, tools, certificate, ports, server, token: state.token };
  const lifeline = holdLifeline(dir);
  const sandbox = new RunningSandbox(name, ground, options.onCrash, lifeline);
  try {
    await Promise.race([start(sandbox, options, log), sandbox.failed, aborted(options.signal)]);
  } catch (error) {
    await sandbox.stop();
    throw error;
  }
  sandbox.becomeReady();
  if (options.detached) sandbox.detach();
  return sandbox;
}

let counter = 0;

/** One process may start many, one after the other, and the logs of each are worth keeping for a while. */
function unusedName(): string {
  const name = (): string => `sandbox-${process.pid}-${counter}`;
  do counter += 1;
  while (existsSync(join(stateRoot(), name())));
  return name();
}

/** A sandbox that another process started and left running (`make up`). */
export async function openSandbox(
  name: string,
  options: Pick<SandboxOptions, "stateDir" | "onCrash"> = {},
): Promise<Sandbox> {
  const dir = resolve(options.stateDir ?? join(stateRoot(), name));
  const state = readState(dir);
  if (!state) throw new SandboxFailure(`No sandbox "${name}" runs: start one with "make up"`);
  const folder = join(dir, "certificates");
  const certificate = { folder, cert: join(folder, "tls.crt"), key: join(folder, "tls.key") };
  const ground: Ground = {
    dir,
    tools: await ensureToolchain(),
    certificate,
    ports: Array.from({ length: portCount }, (_, index) => state.port + index),
    server: `https://127.0.0.1:${state.port}`,
    token: state.token,
  };
  const sandbox = new RunningSandbox(name, ground, options.onCrash, undefined);
  sandbox.takeOver(recordedChildren(dir).map((child) => child.name));
  sandbox.becomeReady();
  return sandbox;
}

function providersOf({ capd = false, kubeadm = true }: SandboxOptions): ProviderName[] {
  const left: ProviderName[] = [...(capd ? [] : ["capd" as const]), ...(kubeadm ? [] : kubeadmProviders)];
  return providerNames.filter((name) => !left.includes(name));
}

async function start(
  sandbox: RunningSandbox,
  options: SandboxOptions,
  log: (line: string) => void,
): Promise<void> {
  const { ground, api } = sandbox;
  const names = providersOf(options);
  const started = Date.now();
  const step = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    const stepStarted = Date.now();
    const result = await work();
    log(`${seconds(stepStarted).padStart(6)}  ${what}`);
    return result;
  };
  kubeconfigOf(ground, "admin");
  await step("etcd", () => sandbox.run(etcdSpec(ground)));
  await step("kube-apiserver", () => sandbox.run(apiServerSpec(ground)));
  const objects = providerObjects(ground, names);
  await step("namespaces and CRDs", () => createDefinitions(api, objects));
  await step("kube-controller-manager, Cluster API, IPAM provider", () =>
    Promise.all([
      sandbox.run(controllerManagerSpec(ground)),
      ...names.map((name) => sandbox.run(providerSpec(ground, name, options))),
    ]),
  );
  await step("webhooks", async () => {
    await createWebhooks(api, objects);
    await untilCalled(api, auditLog(ground.dir), objects, plainCluster);
  });
  log(`${seconds(started).padStart(6)}  ready: ${sandbox.server}`);
}

class RunningSandbox implements Sandbox {
  readonly dir: string;
  readonly kubeconfig: string;
  readonly server: string;
  readonly kubectlPath: string;
  readonly api: ApiClient;
  readonly processes = new Map<string, Child>();
  /** Rejects with the first crash while the sandbox starts. */
  readonly failed: Promise<never>;
  #fail: (error: unknown) => void = () => undefined;
  #ready = false;
  #stopping: Promise<void> | undefined;

  constructor(
    readonly name: string,
    readonly ground: Ground,
    private readonly onCrash: ((crash: ChildCrash) => void) | undefined,
    private readonly lifeline: Lifeline | undefined,
  ) {
    this.dir = ground.dir;
    this.kubeconfig = join(ground.dir, "admin.kubeconfig");
    this.server = ground.server;
    this.kubectlPath = ground.tools.binaries.kubectl;
    this.api = new ApiClient(ground.server, ground.certificate.cert, ground.token);
    this.failed = new Promise((_, reject) => (this.#fail = reject));
    // Once the start is over nobody waits for it any more.
    this.failed.catch(() => undefined);
  }

  becomeReady(): void {
    this.#ready = true;
  }

  takeOver(names: readonly string[]): void {
    for (const name of names) {
      this.processes.set(
        name,
        Child.recorded(this.dir, name, (crash) => this.#crashed(crash)),
      );
    }
  }

  async run(spec: ChildSpec): Promise<void> {
    if (this.#stopping) throw new SandboxFailure(`${spec.name} is not started: the sandbox ends`);
    const child = new Child(spec, this.dir, (crash) => this.#crashed(crash));
    this.processes.set(spec.name, child);
    await child.start();
  }

  process(name: string): Child {
    const child = this.processes.get(name);
    if (!child) {
      const known = [...this.processes.keys()].join(", ");
      throw new SandboxFailure(`The sandbox has no process "${name}"; it has ${known}`);
    }
    return child;
  }

  kubectl(args: readonly string[], options: KubectlOptions = {}): Promise<KubectlResult> {
    return runKubectl(this.ground.tools.binaries.kubectl, args, {
      kubeconfig: this.kubeconfig,
      ...options,
    });
  }

  async apply(yaml: string): Promise<void> {
    await this.kubectl(["apply", "--server-side", "--force-conflicts", "-f", "-"], { input: yaml });
  }

  async installModule(options: ModuleOptions = {}): Promise<void> {
    const dist = resolve(options.dist ?? join(projectRoot, "dist"));
    const manifest = readModuleManifest(dist, options.manifest);
    const server = { url: moduleUrl(this.ground), caBundle: base64Of(this.ground.certificate.cert) };
    const webhooks = manifest.webhooks.map((object) => withLocalWebhooks(object, server));
    if (moduleProcessNames.some((name) => this.processes.has(name))) await this.uninstallModule();

    const isNamespace = (object: KubeObject): boolean => object.kind === "Namespace";
    await Promise.all(manifest.installed.filter(isNamespace).map((object) => this.api.apply(object)));
    await Promise.all([
      ...manifest.installed.filter((object) => !isNamespace(object)).map((o) => this.api.apply(o)),
      this.api.apply(peprStoreDefinition),
    ]);
    await untilServed(this.api, [peprStoreDefinition]);
    rememberModule(this.dir, [...webhooks, ...manifest.installed.filter((object) => !isNamespace(object))]);

    const specs = await moduleSpecs(this.ground, this.api, manifest, options);
    try {
      // Before the webhooks, and beside the processes, while the machine has to wait anyway.
      const [removeProbeClass] = await Promise.all([
        createProbeClass(this.api),
        ...specs.map((spec) => this.run(spec)),
      ]);
      await Promise.all(webhooks.map((object) => this.api.apply(object)));
      await untilCalled(this.api, auditLog(this.dir), webhooks, classyCluster);
      await removeProbeClass();
    } catch (error) {
      await this.uninstallModule();
      throw error;
    }
  }

  async uninstallModule(): Promise<void> {
    // The webhooks go first: with their processes gone, every write would be refused. Then the processes:
    // what still works without its permissions is refused what it had a right to.
    const objects = rememberedModule(this.dir);
    const isWebhook = ({ kind }: KubeObject): boolean => kind.endsWith("WebhookConfiguration");
    for (const object of objects.filter(isWebhook)) await this.api.delete(object);
    await Promise.all(
      moduleProcessNames.map(async (name) => {
        await this.processes.get(name)?.stop();
        this.processes.delete(name);
      }),
    );
    for (const object of objects.filter((other) => !isWebhook(other))) await this.api.delete(object);
    rememberModule(this.dir, []);
  }

  forbidden(): Promise<AuditEntry[]> {
    return this.audit({ decision: "forbid", user: /^system:serviceaccount:pepr-system:/ });
  }

  audit(filter: AuditFilter = {}): Promise<AuditEntry[]> {
    return readAudit(auditLog(this.dir), filter);
  }

  detach(): void {
    this.lifeline?.release();
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#end();
    return this.#stopping;
  }

  async #end(): Promise<void> {
    this.api.close();
    await endChildren([...this.processes.values()]);
    dropData(this.dir);
    this.lifeline?.release();
  }

  #crashed(crash: ChildCrash): void {
    if (this.#stopping) return;
    if (!this.#ready) {
      this.#fail(crash);
    } else if (this.onCrash) {
      this.onCrash(crash);
    } else {
      setImmediate(() => {
        throw crash;
      });
    }
  }
}

async function refuseCollisions(name: string, dir: string, capd: boolean): Promise<void> {
  if (recordedChildren(dir).some((child) => child.running)) {
    throw new SandboxFailure(`Sandbox "${name}" already runs: "make status" shows it, "make down" ends it.`);
  }
  if (!capd) return;
  for (const port of [19_000, 20_000]) {
    if (await isFree(port, "0.0.0.0")) continue;
    throw new SandboxFailure(
      `Port ${port} is taken, and CAPD's in-memory clusters need it: another sandbox with CAPD runs ("make status", "make down"), or some other program listens there.`,
    );
  }
}

/** Rejects once the signal is given, and never settles otherwise. */
export function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    const refuse = (): void => reject(new SandboxFailure("Interrupted"));
    if (signal?.aborted) refuse();
    else signal?.addEventListener("abort", refuse, { once: true });
  });
}

function seconds(since: number): string {
  return `${((Date.now() - since) / 1000).toFixed(1)} s`;
}
