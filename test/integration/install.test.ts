/** From the checkout to a module that serves: what is built, deployed and started. */
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { projectRoot } from "../../sandbox/places";
import { eventually, expectRenderedOnceWith, managementCluster, vipOf } from "./support";

const lab = managementCluster({ install: false });

const MANIFEST = "pepr-module-capi-vip-allocator.yaml";
const SCRIPT = "pepr-capi-vip-allocator.js";
const NAMESPACE = "pepr-system";
const built = process.env["MODULE_DIST"] ?? join(projectRoot, "dist");

/** A copy of the checkout, so that what is built here disturbs nobody. */
let copy: string;

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), "capi-vip-allocator-"));
  for (const part of ["package.json", "tsconfig.json", "pepr.ts", "lib", "capabilities"])
    cpSync(join(projectRoot, part), join(copy, part), { recursive: true });
  symlinkSync(join(projectRoot, "node_modules"), join(copy, "node_modules"));
});

afterAll(() => rmSync(copy, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** Runs a program to its end, with nothing of our environment but the path. */
function run(
  command: string,
  args: readonly string[],
  { cwd = copy, env = {} }: { cwd?: string; env?: Record<string, string> } = {},
): Promise<Ended> {
  const { PATH = "", HOME = "/" } = process.env;
  const child = spawn(command, [...args], { cwd, env: { PATH, HOME, ...env }, timeout: 80_000 });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output }));
  });
}

/** What `npx pepr` runs, without a process between us and it. */
const pepr = (args: readonly string[], env: Record<string, string> = {}): Promise<Ended> =>
  run(process.execPath, [join(copy, "node_modules/.bin/pepr"), ...args], { env });

async function servesACreate(addresses: string, first: string): Promise<void> {
  const site = await lab.newSite();
  await Promise.all([
    site.hasClass(),
    site.hasPool({ name: "vips", clusterClass: "lab", addresses: [addresses] }),
  ]);
  const { object } = await site.createCluster({ name: "a" });
  expect(vipOf(object)).toBe(first);
  expectRenderedOnceWith(first, await site.rendered("a"));
}

describe("`npx pepr deploy`", () => {
  const DEPLOYMENTS = ["pepr-capi-vip-allocator", "pepr-capi-vip-allocator-watcher"];

  /** Says what a cluster with nodes would say. */
  const becomesReady = (deployment: string) =>
    eventually(
      async () => {
        const find = ["get", "deployment", deployment, "-n", NAMESPACE, "-o", "jsonpath={.spec.replicas}"];
        const replicas = Number((await lab.kubectl(find)).stdout);
        const status = {
          replicas,
          readyReplicas: replicas,
          updatedReplicas: replicas,
          availableReplicas: replicas,
        };
        const patch = ["--subresource=status", "--type=merge", "-p", JSON.stringify({ status })];
        await lab.kubectl(["patch", "deployment", deployment, "-n", NAMESPACE, ...patch]);
        return true;
      },
      { withinMs: 80_000, what: `${deployment} to be deployed` },
    );

  test("installs everything, and ends when the Deployments are ready", async () => {
    const deploying = pepr(["deploy", "--yes"], { KUBECONFIG: lab.sandbox.kubeconfig });
    try {
      const ready = Promise.all(DEPLOYMENTS.map(becomesReady));
      const { code, output } = await deploying;
      expect({ code, output }).toMatchObject({ code: 0 });
      await ready;
      const kinds = ["deployments,services,secrets,serviceaccounts", "-n", NAMESPACE, "-o", "name"];
      const { stdout } = await lab.kubectl(["get", ...kinds]);
      expect(stdout).toContain("deployment.apps/pepr-capi-vip-allocator-watcher");
      expect(stdout).toContain("service/pepr-capi-vip-allocator\n");
      expect(stdout).toContain("secret/pepr-capi-vip-allocator-tls");
      const get = ["get", "mutatingwebhookconfiguration", "pepr-capi-vip-allocator", "-o", "json"];
      const { webhooks } = JSON.parse((await lab.kubectl(get)).stdout) as { webhooks: unknown[] };
      expect(webhooks).toMatchObject([{ clientConfig: { service: { namespace: NAMESPACE } } }]);
    } finally {
      const everywhere = "mutatingwebhookconfigurations,clusterroles,clusterrolebindings";
      await lab.kubectl(["delete", everywhere, "pepr-capi-vip-allocator", "--ignore-not-found"]);
      await lab.kubectl(["delete", "namespace", NAMESPACE, "--ignore-not-found"]);
    }
  });
});

describe("What is built", () => {
  test("by plain `npx pepr build` ends with the build, and serves a create", async () => {
    const { code, output } = await pepr(["build"]);
    expect(output).not.toMatch(/Server listening|Looking at everything/);
    expect(code).toBe(0);
    const dist = join(copy, "dist");
    expect(readFileSync(join(dist, MANIFEST), "utf8")).not.toContain("matchConditions");

    await lab.sandbox.installModule({ dist });
    await servesACreate("10.61.0.10-10.61.0.19", "10.61.0.10");
    await lab.sandbox.uninstallModule();
  });

  test("by `npm run build` serves a create, and leaves what it has no say in to others", async () => {
    expect(readFileSync(join(built, MANIFEST), "utf8")).toContain("matchConditions");
    await lab.installModule();
    await servesACreate("10.61.1.10-10.61.1.19", "10.61.1.10");
    await lab.sandbox.uninstallModule();
  });
});

describe("A setting that makes no sense", () => {
  const start = (env: Record<string, string>): Promise<Ended> => {
    const script = readdirSync(built).find((file) => basename(file) === SCRIPT) ?? SCRIPT;
    const { kubeconfig } = lab.sandbox;
    const always = { NODE_PATH: join(projectRoot, "node_modules"), KUBECONFIG: kubeconfig };
    return run(process.execPath, [join(built, script)], { env: { ...always, ...env } });
  };

  test.each([
    ["VIP_NO_POOL", "sometimes", "one of hold, ignore, reject"],
    ["VIP_DEFAULT_PORT", "https", "a whole number from 1 to 65535"],
    ["VIP_SWEEP_BARE", "5", "a whole number from 120 to 604800"],
  ])("stops the process at start: %s=%s", async (name, value, allowed) => {
    for (const watches of ["true", "false"]) {
      const { code, output } = await start({ [name]: value, PEPR_WATCH_MODE: watches });
      expect(output.split("\n")).toContain(`${name} is "${value}", but must be ${allowed}`);
      expect(code).toBe(1);
    }
  });

  test("stops the process at start also where it is wrong only beside another", async () => {
    const { code, output } = await start({ VIP_ADMISSION_BUDGET: "20", PEPR_WATCH_MODE: "false" });
    expect(output).toMatch(/^VIP_ADMISSION_BUDGET is "20", but .*webhookTimeout.* at most \d+ is allowed/m);
    expect(code).toBe(1);
  });
});
