/** From the checkout to a module that serves: what is built, deployed and started. */
import { X509Certificate } from "node:crypto";
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseObjects } from "../../sandbox/render";
import { writeVerbs } from "../../sandbox/sandbox";
import { projectRoot } from "../../sandbox/places";
import { typed } from "../support/readme";
import {
  eventually,
  expectRenderedOnceWith,
  managementCluster,
  vipOf,
  type KubeObject,
  type Site,
} from "./support";

const lab = managementCluster({ install: false, kubeadm: true });

const MANIFEST = "pepr-module-capi-vip-allocator.yaml";
const SCRIPT = "pepr-capi-vip-allocator.js";
const NAMESPACE = "pepr-system";
const WEBHOOKS = "MutatingWebhookConfiguration";
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

/** Runs a line of the README as a shell does, where `dist` is what was built. */
async function shell(line: string): Promise<string> {
  const { kubectlPath, kubeconfig, dir } = lab.sandbox;
  const typedLine = line.replace(/^kubectl/, kubectlPath).replace(/-f dist\//, `-f ${built}/`);
  const { code, output } = await run("/bin/sh", ["-ec", typedLine], {
    cwd: dir,
    env: { KUBECONFIG: kubeconfig },
  });
  expect({ code, output }).toMatchObject({ code: 0 });
  return output;
}

async function servesACreate(addresses: string, first: string): Promise<Site> {
  const site = await lab.newSite();
  await Promise.all([
    site.hasClass(),
    site.hasPool({ name: "vips", clusterClass: "lab", addresses: [addresses] }),
  ]);
  const { object } = await site.createCluster({ name: "a" });
  expect(vipOf(object)).toBe(first);
  expectRenderedOnceWith(first, await site.rendered("a"));
  return site;
}

interface Deployment {
  readonly metadata: { readonly generation: number };
  readonly spec: { readonly replicas: number };
}

const DEPLOYMENTS = ["pepr-capi-vip-allocator", "pepr-capi-vip-allocator-watcher"];

/** Says what a cluster with nodes would say. */
const becomesReady = (deployment: string) =>
  eventually(
    async () => {
      const find = ["get", "deployment", deployment, "-n", NAMESPACE, "-o", "json"];
      const { metadata, spec } = JSON.parse((await lab.kubectl(find)).stdout) as Deployment;
      const { replicas } = spec;
      const status = {
        observedGeneration: metadata.generation,
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

describe("`npx pepr deploy`", () => {
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
  const manifestIn = (dist: string): string => join(dist, MANIFEST);
  const former = (): string => join(copy, "dist");
  const apply = (dist: string) => lab.kubectl(["apply", "-f", manifestIn(dist)]);
  let site: Site;

  test("by plain `npx pepr build` ends with the build, and serves a create", async () => {
    const { code, output } = await pepr(["build"]);
    expect(output).not.toMatch(/Server listening|Looking at everything/);
    expect(code).toBe(0);
    expect(readFileSync(manifestIn(former()), "utf8")).not.toContain("matchConditions");

    await lab.sandbox.installModule({ dist: former() });
    site = await servesACreate("10.61.0.10-10.61.0.19", "10.61.0.10");
    await site.hasClass({ name: "late" });
    await site.createCluster({ name: "waiting", clusterClass: "late" });
    await Promise.all([site.adopted("a"), site.held("waiting", "NoMatchingPool")]);
  });

  test("by `npm run build` is applied over another build: creates fail, and all else goes on, until its pods run", async () => {
    const [make, ...rest] = typed("upgrade").split(/^(?=kubectl)/m);
    expect(make).toBe("npm ci\nnpm run build\n");
    const [applied = "", ...rollouts] = rest;
    // The webhook of the sandbox makes way for those of the manifests, which no pod answers.
    await lab.kubectl(["delete", WEBHOOKS, "pepr-capi-vip-allocator"]);
    await apply(former());
    await shell(applied);
    await expectInstalled(built);

    await expect(site.createCluster({ name: "b" })).rejects.toThrow(/failed calling webhook "pepr-capi/);
    await site.label("a", { touched: "yes" });

    // There are no pods here: the processes stand for them.
    await Promise.all(DEPLOYMENTS.map(becomesReady));
    for (const rollout of rollouts) expect(await shell(rollout)).toContain("successfully rolled out");
    expect(rollouts).toHaveLength(DEPLOYMENTS.length);
  });

  test("and then what is complete is left as it is, and what is held is completed", async () => {
    const before = await site.clusterOf("a");
    const since = new Date();
    await lab.installModule();
    await site.held("waiting", "NoMatchingPool");

    await site.hasPool({ name: "late", clusterClass: "late", addresses: ["10.61.0.30-10.61.0.39"] });
    expect(vipOf(await site.completed("waiting"))).toBe("10.61.0.30");

    const { namespace } = site;
    const writes = await lab.requestsOfModule({ verb: writeVerbs, namespace, since });
    expect(writes.filter(({ name }) => !name.endsWith("waiting")).map(({ uri }) => uri)).toEqual([]);
    const after = await site.clusterOf("a");
    expect([after.spec, after.metadata.annotations]).toEqual([before.spec, before.metadata.annotations]);
    expectRenderedOnceWith("10.61.0.10", await site.rendered("a"));
  });

  test("by `npm run build` serves a create, and leaves what it has no say in to others", async () => {
    expect(readFileSync(manifestIn(built), "utf8")).toContain("matchConditions");
    await servesACreate("10.61.1.10-10.61.1.19", "10.61.1.10");
  });

  test("has a certificate of its own, for a year; the former manifest brings back the former one", async () => {
    const [, end = ""] = /^notAfter=(.*)$/m.exec(await shell(typed("certificate"))) ?? [];
    const days = (Date.parse(end) - Date.now()) / 86_400_000;
    expect(Math.round(days)).toBeGreaterThan(300);
    expect(Math.round(days)).toBeLessThanOrEqual(366);

    await lab.sandbox.uninstallModule();
    await apply(former());
    await expectInstalled(former());
    await lab.kubectl(["delete", WEBHOOKS, "pepr-capi-vip-allocator"]);
  });

  interface Part extends KubeObject {
    readonly data?: Readonly<Record<string, string>>;
    readonly spec?: { readonly template?: object };
    readonly webhooks?: readonly { readonly clientConfig: { readonly caBundle: string } }[];
  }

  const partsOf = (dist: string): Part[] => parseObjects(readFileSync(manifestIn(dist), "utf8"));

  const nameOf = ({ kind, metadata }: KubeObject): string =>
    [kind, metadata.namespace ?? "", metadata.name].join(" ");

  const part = (parts: readonly Part[], name: string): Part => {
    const found = parts.find((one) => nameOf(one) === name);
    if (!found) throw new Error(`There is no ${name}`);
    return found;
  };

  /** Secrets, webhook and pods are those of one build, fit each other, and nothing of another is left. */
  async function expectInstalled(dist: string): Promise<void> {
    const [parts, others] = [dist, dist === built ? former() : built].map(partsOf) as [Part[], Part[]];
    expect(parts.map(nameOf).sort()).toEqual(others.map(nameOf).sort());
    const found = await lab.kubectl(["get", "-f", manifestIn(dist), "-o", "json"]);
    const { items } = JSON.parse(found.stdout) as { items: Part[] };
    for (const own of parts.filter(isOfABuild)) {
      const live = part(items, nameOf(own));
      expect(live).toMatchObject(ofABuild(own));
      expect(Object.keys(live.data ?? {})).toEqual(Object.keys(own.data ?? {}));
      // The script is the same in both.
      if (!own.metadata.name.endsWith("-module"))
        expect(live).not.toMatchObject(ofABuild(part(others, nameOf(own))));
    }
    const [webhook] = part(items, `${WEBHOOKS}  pepr-capi-vip-allocator`).webhooks ?? [];
    const { "tls.crt": certificate } =
      part(items, `Secret ${NAMESPACE} pepr-capi-vip-allocator-tls`).data ?? {};
    const [authority, served] = [webhook?.clientConfig.caBundle, certificate].map(
      (text = "") => new X509Certificate(Buffer.from(text, "base64")),
    ) as [X509Certificate, X509Certificate];
    expect(served.verify(authority.publicKey)).toBe(true);
  }

  const isOfABuild = ({ kind }: Part): boolean => ["Secret", "Deployment", WEBHOOKS].includes(kind);

  /** What every build makes anew. */
  const ofABuild = ({ data, spec, webhooks }: Part): object => ({
    ...(data && { data }),
    ...(spec?.template && { spec: { template: spec.template } }),
    ...(webhooks && { webhooks: webhooks.map(({ clientConfig }) => ({ clientConfig })) }),
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
