/** `npx tsx sandbox/cli.ts <command>`; the Makefile's targets call it. */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { makeAvailable } from "./available";
import type { Child } from "./child";
import { clusterApis } from "./cluster-api";
import { SandboxFailure, messageOf } from "./failure";
import { stateRoot } from "./places";
import { aborted, openSandbox, startSandbox } from "./sandbox";
import { endChildren, dropData, readState, recordedChildren, sandboxFolders } from "./state";
import { ensurePrograms, ensureToolchain } from "./toolchain";
import { monitoringBinaries, movingBinaries } from "./versions";

const usage = `Usage: sandbox/cli.ts <command>

  up [--name NAME] [--capd] [--module]   start a sandbox that stays, by default "main"
      --capd     with Cluster API's in-memory machines, so that clusters really come up
      --module   with the built module (dist/), as in production
  module [--name NAME]                   install or replace the module in a running sandbox
  status                                 all sandboxes and their processes
  down [--name NAME | --all]             end a sandbox, by default "main"
  available NAMESPACE/CLUSTER [--name NAME]
                                         let an in-memory cluster whose endpoint is a VIP come up
  forbidden [--name NAME]                requests of the module that its RBAC did not allow
  toolchain                              build what the sandbox and the tests run, where it is missing

  --help     this text

Environment: KUBEBUILDER_ASSETS, CAPI_VIP_ALLOCATOR_CACHE (default ~/.cache/capi-vip-allocator),
CAPI_VIP_ALLOCATOR_STATE (default .sandbox in the checkout), CLUSTER_API (${Object.keys(clusterApis).join(" or ")}).`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    name: { type: "string", default: "main" },
    capd: { type: "boolean", default: false },
    module: { type: "boolean", default: false },
    all: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});

const print = (line: string): void => void process.stdout.write(`${line}\n`);

const commands: Record<string, (signal: AbortSignal) => Promise<number>> = {
  up,
  module: async () => {
    await (await openSandbox(values.name)).installModule();
    print("The module is installed; its webhook is called.");
    return 0;
  },
  status,
  down,
  available: async () => {
    const [namespace, cluster] = (positionals[1] ?? "").split("/");
    if (!namespace || !cluster) throw new SandboxFailure("Say which: available NAMESPACE/CLUSTER");
    await makeAvailable(await openSandbox(values.name), namespace, cluster, { log: print });
    return 0;
  },
  forbidden: async () => {
    const entries = await (await openSandbox(values.name)).forbidden();
    for (const { time, user, verb, uri } of entries) print(`${time} ${user} ${verb} ${uri}`);
    print(`${entries.length} forbidden requests`);
    return entries.length === 0 ? 0 : 1;
  },
  toolchain: async (signal) => {
    await ensureToolchain({ log: print, signal });
    await ensurePrograms([...monitoringBinaries, ...movingBinaries], { log: print, signal });
    print("Everything the sandbox runs is there.");
    return 0;
  },
};

async function up(signal: AbortSignal): Promise<number> {
  const { name, capd, module } = values;
  const sandbox = await startSandbox({ name, capd, log: print, signal });
  if (module) {
    try {
      await Promise.race([sandbox.installModule(), aborted(signal)]);
    } catch (error) {
      await sandbox.stop();
      throw error;
    }
    print("        module installed: two admission processes, one watcher");
  }
  sandbox.detach();
  const npx = "npx tsx sandbox/cli.ts";
  const named = name === "main" ? "" : ` --name ${name}`;
  print(`
export KUBECONFIG=${sandbox.kubeconfig}

Try:
  kubectl get clusters,ipaddressclaims,ipaddresses.ipam.cluster.x-k8s.io -A
  kubectl apply -f examples/pool-global.yaml -f examples/clusterclass-kubeadm.yaml -f examples/cluster.yaml   (with --capd)
  ${npx} available NAMESPACE/CLUSTER${named}   (with --capd: its control plane comes up)
  make status
  make down
kubectl is also here: ${sandbox.kubectlPath}
Logs: ${join(sandbox.dir, "logs")}`);
  return 0;
}

function describe(child: Child): string {
  const line = `  ${child.name.padEnd(20)}`;
  if (child.running) return `${line} pid ${child.pid ?? ""}`;
  if (!child.crashed) return `${line} stopped`;
  return `${line} DEAD, nobody stopped it\n${child.tail().replace(/^/gm, "      | ")}`;
}

async function status(): Promise<number> {
  let crashed = 0;
  let found = 0;
  for (const dir of sandboxFolders(stateRoot())) {
    const state = readState(dir);
    const children = recordedChildren(dir);
    if (!state || children.length === 0) continue;
    found++;
    print(`${state.name}   export KUBECONFIG=${join(dir, "admin.kubeconfig")}`);
    crashed += children.filter((child) => child.crashed).length;
    for (const child of children) print(describe(child));
  }
  if (found === 0) print('No sandbox runs: "make up" starts one.');
  return crashed === 0 ? 0 : 1;
}

async function down(): Promise<number> {
  const dirs = values.all ? sandboxFolders(stateRoot()) : [join(stateRoot(), values.name)];
  for (const dir of dirs) {
    const children = recordedChildren(dir);
    await endChildren(children);
    dropData(dir);
    if (children.length > 0) print(`Ended ${children.length} processes of ${dir}`);
    else if (!values.all) print(`No sandbox "${values.name}" runs.`);
  }
  return 0;
}

async function main(): Promise<number> {
  const command = commands[positionals[0] ?? ""];
  if (values.help || !command) {
    print(usage);
    return values.help ? 0 : 2;
  }
  const abort = new AbortController();
  let interrupted = 0;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      abort.abort();
      // Whoever insists is let go: the guard ends what is left.
      if (++interrupted > 1) process.exit(130);
    });
  }
  try {
    const code = await command(abort.signal);
    return abort.signal.aborted ? 130 : code;
  } catch (error) {
    const known = error instanceof SandboxFailure || !(error instanceof Error);
    process.stderr.write(`${known ? messageOf(error) : (error.stack ?? error.message)}\n`);
    return abort.signal.aborted ? 130 : 1;
  }
}

void main().then((code) => process.exit(code));
