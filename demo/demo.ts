/** `npx tsx demo/demo.ts`: the allocator on a real management cluster, each claim checked. */
import { mkdirSync } from "node:fs";
import { parseArgs } from "node:util";
import { SandboxFailure, messageOf } from "../sandbox/failure";
import { startSandbox } from "../sandbox/sandbox";
import type { Sandbox } from "../sandbox/sandbox";
import { writeFiles } from "./cast";
import { ClaimFailed, Claims } from "./claims";
import { buildModule, hasModule, moduleIsStale } from "./module-build";
import { Page } from "./page";
import { byHand } from "./scenes/by-hand";
import { birth, comingUp } from "./scenes/birth";
import { deletion } from "./scenes/deletion";
import { ingress } from "./scenes/ingress";
import { fleet } from "./scenes/fleet";
import { noProvider } from "./scenes/no-provider";
import { poolAndClass } from "./scenes/pool-and-class";
import { running } from "./scenes/running";
import { secondApply } from "./scenes/second-apply";
import { spillOver } from "./scenes/spill-over";
import type { Stage } from "./stage";
import { Terminal } from "./terminal";

const usage = `Usage: npx tsx demo/demo.ts [--dist FOLDER]     (or: make demo)

Shows on a real Cluster API management cluster, without containers, how a
Cluster gets its VIP. Takes about two minutes, checks every claim it makes, and
exits with 1 when one is false.

  --dist FOLDER   the built module, by default dist/, built anew when it is
                  missing or older than the sources
  --help          this text

Environment:
  KEEP=1          leave the sandbox up at the end, also when a claim was false
  NO_COLOR=1      no colour, also on a terminal`;

const NAME = "demo";

const { values } = parseArgs({
  options: { dist: { type: "string" }, help: { type: "boolean", short: "h", default: false } },
});
const keep = !["", "0"].includes(process.env["KEEP"] ?? "");
const page = new Page();
const claims = new Claims(page);

/** A machine that does much else may take longer than half a second for the second VIP. */
const UNHURRIED = { VIP_INGRESS_GRACE: "5000" };

async function play(stage: Stage): Promise<void> {
  page.scene("A pool and two ClusterClasses");
  await poolAndClass(stage);
  page.scene("A Cluster is born with its VIP");
  await birth(stage);
  const coming = comingUp(stage);
  page.scene("Ten at once");
  await fleet(stage);
  page.scene("A shared pool, and a VIP for ingress");
  await ingress(stage);
  page.scene("A VIP given by hand");
  await byHand(stage);
  page.scene("A pool that is used up");
  await spillOver(stage);
  page.scene("No IPAM provider");
  await noProvider(stage);
  page.scene("The first cluster runs");
  await running(coming)(stage);
  page.scene("A second kubectl apply");
  await secondApply(stage);
  page.scene("Deletion");
  await deletion(stage);
}

async function prepare(signal: AbortSignal): Promise<void> {
  page.line("capi-vip-allocator: a Cluster never exists without its VIP", "bold");
  if (values.dist === undefined && moduleIsStale()) {
    await page.during("building the module", buildModule(signal));
  }
  if (values.dist !== undefined && !hasModule(values.dist)) {
    throw new SandboxFailure(`${values.dist} has no built module: "npm run build" makes one in dist/`);
  }
  page.say("Starting etcd, kube-apiserver, Cluster API and an IPAM provider on loopback:");
}

async function perform(signal: AbortSignal): Promise<void> {
  await prepare(signal);
  const crash: { happen: (error: Error) => void } = { happen: () => undefined };
  const crashed = new Promise<never>((_, reject) => (crash.happen = reject));
  crashed.catch(() => undefined);
  const log = (line: string): void => page.line(`  ${line}`, "dim");
  const onCrash = (error: Error): void => crash.happen(error);
  const sandbox = await startSandbox({ name: NAME, capd: true, detached: keep, log, signal, onCrash });
  try {
    const act = async (): Promise<void> => {
      await page.during(
        "installing the module",
        sandbox.installModule({ ...(values.dist !== undefined && { dist: values.dist }), env: UNHURRIED }),
      );
      const terminal = new Terminal(page, sandbox, signal);
      mkdirSync(terminal.folder, { recursive: true });
      writeFiles(terminal.folder);
      await play({ page, terminal, sandbox, signal, check: claims.check.bind(claims) });
    };
    await Promise.race([act(), crashed, aborted(signal)]);
  } finally {
    await leave(sandbox, signal);
  }
}

async function leave(sandbox: Sandbox, signal: AbortSignal): Promise<void> {
  if (!keep || signal.aborted) {
    await sandbox.stop();
    return;
  }
  page.line();
  page.line("The sandbox stays up. To look around, and to end it:");
  page.line();
  page.line(`  export KUBECONFIG=${sandbox.kubeconfig}`);
  page.line("  kubectl get clusters,ipaddressclaims");
  page.line(`  make down NAME=${NAME}`);
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(new SandboxFailure("Interrupted")), { once: true });
  });
}

function explain(error: unknown): void {
  page.line();
  if (error instanceof ClaimFailed) {
    page.line(`Claim ${claims.count} is false: ${error.message}`, "red");
  } else {
    const known = error instanceof SandboxFailure || !(error instanceof Error);
    process.stderr.write(`${known ? messageOf(error) : (error.stack ?? error.message)}\n`);
  }
}

async function main(): Promise<number> {
  if (values.help) {
    page.line(usage);
    return 0;
  }
  const abort = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      // Whoever insists is let go: the sandbox's guard ends what is left.
      if (abort.signal.aborted) process.exit(130);
      abort.abort();
    });
  }
  try {
    await perform(abort.signal);
  } catch (error) {
    explain(error);
    return abort.signal.aborted ? 130 : 1;
  }
  page.line();
  page.line(`${claims.count} claims checked, all true. (${page.elapsed()})`, "bold");
  return 0;
}

void main().then((code) => process.exit(code));
