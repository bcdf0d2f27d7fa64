/** A management cluster for the tests of one file, with the module installed. */
import { join } from "node:path";
import { Gate } from "../../../sandbox/gate";
import type {
  AuditEntry,
  AuditFilter,
  KubectlOptions,
  KubectlResult,
  Sandbox,
} from "../../../sandbox/sandbox";
import { projectRoot } from "../../../sandbox/places";
import { startSandbox } from "../../../sandbox/sandbox";
import { ApiServer } from "./api-server";
import { Site } from "./site";

export interface ManagementClusterOptions {
  /** Settings of the module, on top of those of the build. */
  readonly env?: Readonly<Record<string, string>>;
  /** False leaves the module out, for tests that install it themselves. */
  readonly install?: boolean;
  /** Cluster API's kubeadm providers run too, for tests of what they make of a Cluster, or of their versions. */
  readonly kubeadm?: boolean;
  /**
   * Cluster API looks at an object at most once a second, as it is released. By default only so with kubeadm:
   * without, it renders as soon as it can, which is the harder race, and no test waits for it. Where many
   * Clusters are made at once, that costs a third more of the machine.
   */
  readonly rateLimited?: boolean;
  /** The module talks to the API server through a gate, on which tests set rules. */
  readonly gate?: boolean;
}

/** Usable from `beforeAll` of the file on. */
export interface ManagementCluster {
  readonly sandbox: Sandbox;
  readonly api: ApiServer;
  /** Between the module and the API server; only with the option `gate`. */
  readonly gate: Gate;
  /** A namespace that no other test has. */
  newSite(): Promise<Site>;
  /** Installs the module, instead of the installed one if there is one; by the default manifest or another. */
  installModule(env?: Readonly<Record<string, string>>, manifest?: string): Promise<void>;
  kubectl(args: readonly string[], options?: KubectlOptions): Promise<KubectlResult>;
  /** What the module asked the API server for, but for what it tells its users: conditions and Events. */
  requestsOfModule(filter?: Omit<AuditFilter, "user">): Promise<AuditEntry[]>;
  /** Its writes of conditions and Events. */
  toldByModule(filter?: Omit<AuditFilter, "user">): Promise<AuditEntry[]>;
  /** These processes are down while `work` runs, whatever comes of it; killed, unless they are asked to go. */
  without<T>(names: readonly string[], work: () => Promise<T>, signal?: NodeJS.Signals): Promise<T>;
  /** A process does nothing until the end of `work`, and goes on where it was. */
  whileAsleep<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** Every process of the module down while `work` runs, whatever comes of it. */
  whileModuleIsDown<T>(work: () => Promise<T>): Promise<T>;
  /** Nobody answers a claim until the end of `work`, whatever comes of it. */
  whileProviderIsDown<T>(work: () => Promise<T>): Promise<T>;
}

export const MODULE_PROCESSES = ["admission-1", "admission-2", "watcher"] as const;

/** A busy machine may take longer than half a second for the VIP of ingress. */
const UNHURRIED = { VIP_INGRESS_GRACE: "4000" };

const MODULE_USER = /^system:serviceaccount:pepr-system:/;
const START_MS = 240_000;
const TEST_MS = 90_000;

/** Call it once, at the top of a test file: it registers its own `beforeAll` and `afterAll`. */
export function managementCluster(options: ManagementClusterOptions = {}): ManagementCluster {
  jest.setTimeout(TEST_MS);
  const running = new RunningManagementCluster();
  beforeAll(async () => {
    await running.start(options);
    if (options.install ?? true) await running.installModule(options.env);
  }, START_MS);
  afterAll(() => running.end(), START_MS);
  return running;
}

const isTold = ({ resource, subresource }: AuditEntry): boolean =>
  resource === "events" || subresource === "status";

class RunningManagementCluster implements ManagementCluster {
  #sandbox: Sandbox | undefined;
  #api: ApiServer | undefined;
  #gate: Gate | undefined;
  #sites = 0;

  get sandbox(): Sandbox {
    if (!this.#sandbox) throw new Error("The management cluster runs from beforeAll on");
    return this.#sandbox;
  }

  get api(): ApiServer {
    if (!this.#api) throw new Error("The management cluster runs from beforeAll on");
    return this.#api;
  }

  get gate(): Gate {
    if (!this.#gate) throw new Error("The management cluster has a gate only with the option `gate`");
    return this.#gate;
  }

  async start({
    kubeadm = false,
    rateLimited = kubeadm,
    gate = false,
  }: ManagementClusterOptions): Promise<void> {
    this.#sandbox = await startSandbox({ kubeadm, rateLimited });
    this.#api = new ApiServer(this.#sandbox.kubeconfig);
    if (gate) this.#gate = new Gate(this.#sandbox);
  }

  /** A request that RBAC does not allow is a mistake of ours in every test. */
  async end(): Promise<void> {
    if (!this.#sandbox) return;
    const forbidden = await this.#sandbox.forbidden().finally(async () => {
      this.#api?.close();
      await this.#sandbox?.stop();
      await this.#gate?.close();
    });
    expect(forbidden.map(({ verb, uri }) => `${verb} ${uri}`)).toEqual([]);
  }

  async newSite(): Promise<Site> {
    const number = ++this.#sites;
    return Site.open(this, `team-${number}`, `10.${20 + (number >> 8)}.${number & 255}`);
  }

  async installModule(env: Readonly<Record<string, string>> = {}, manifest?: string): Promise<void> {
    // A module that still works while its permissions are taken away makes requests that are forbidden.
    for (const name of MODULE_PROCESSES) await this.sandbox.processes.get(name)?.stop();
    // A module that was built into another folder than the project's `dist`.
    const dist = process.env["MODULE_DIST"] ?? join(projectRoot, "dist");
    const gate = this.#gate;
    await this.sandbox.installModule({
      env: { ...UNHURRIED, ...env },
      dist,
      ...(manifest !== undefined && { manifest: join(dist, manifest) }),
      ...(gate && { apiServerOf: (name) => gate.urlOf(name) }),
    });
  }

  kubectl(args: readonly string[], options?: KubectlOptions): Promise<KubectlResult> {
    return this.sandbox.kubectl(args, options);
  }

  async requestsOfModule(filter: Omit<AuditFilter, "user"> = {}): Promise<AuditEntry[]> {
    const all = await this.sandbox.audit({ ...filter, user: MODULE_USER });
    return all.filter((entry) => !isTold(entry));
  }

  async toldByModule(filter: Omit<AuditFilter, "user"> = {}): Promise<AuditEntry[]> {
    return (await this.sandbox.audit({ ...filter, user: MODULE_USER })).filter(isTold);
  }

  whileModuleIsDown<T>(work: () => Promise<T>): Promise<T> {
    return this.without(MODULE_PROCESSES, work, "SIGTERM");
  }

  whileProviderIsDown<T>(work: () => Promise<T>): Promise<T> {
    return this.without(["ipam"], work);
  }

  async without<T>(
    names: readonly string[],
    work: () => Promise<T>,
    signal: NodeJS.Signals = "SIGKILL",
  ): Promise<T> {
    const processes = names.map((name) => this.sandbox.process(name));
    await Promise.all(processes.map((process) => process.stop(signal)));
    try {
      return await work();
    } finally {
      await Promise.all(processes.map((process) => process.start()));
    }
  }

  async whileAsleep<T>(name: string, work: () => Promise<T>): Promise<T> {
    const process = this.sandbox.process(name);
    await process.stop("SIGSTOP");
    try {
      return await work();
    } finally {
      process.resume();
    }
  }
}
