/** Taking the module away again, in the order that the README names. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { projectRoot } from "../../sandbox/places";
import { typed } from "../support/readme";
import {
  ADDRESSES,
  CLAIMS,
  CLUSTERS,
  eventually,
  HOLD_ANNOTATION,
  isHeld,
  managementCluster,
  PAUSED_ANNOTATION,
  vipOf,
  type Cluster,
  type Site,
} from "./support";

const lab = managementCluster();

const IN_USE = "vip.capi.gorizond.io/in-use";
const dist = process.env["MODULE_DIST"] ?? join(projectRoot, "dist");

/** A step a paragraph. */
const steps = typed("uninstall").split(/\n\n/) as [string, string, string, string, string];
const [REMOVE_WEBHOOK, STOP_PODS, RELEASE_HOLDS, STRIP_FINALIZERS, REMOVE_MODULE] = steps;

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "kubectl-"));
  symlinkSync(lab.sandbox.kubectlPath, join(folder, "kubectl"));
  symlinkSync(dist, join(folder, "dist"));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a line as a shell does, and fails as the line does. */
async function shell(line: string): Promise<string> {
  const env = { PATH: `${folder}:${process.env["PATH"] ?? ""}`, KUBECONFIG: lab.sandbox.kubeconfig };
  const { stdout } = await promisify(execFile)("/bin/sh", ["-ec", line], { cwd: folder, env });
  return stdout;
}

const create = async (site: Site, name: string, annotations = {}): Promise<Cluster> =>
  (await site.createCluster({ name, annotations })).object;

const isInUse = async (site: Site, name: string): Promise<boolean> =>
  (await site.addressOf(name))?.metadata.finalizers?.includes(IN_USE) ?? false;

describe("The module is uninstalled in the documented order", () => {
  let site: Site;
  let before: Cluster;

  test("while Clusters run, are held, and are paused by their users", async () => {
    site = await lab.newSite();
    await site.hasClass();
    expect(isHeld(await create(site, "held"))).toBe(true);
    const users = { [PAUSED_ANNOTATION]: "maintenance" };
    await create(site, "paused", users);
    await site.hasClass({ name: "other" });
    await site.hasPool({ name: "vips", clusterClass: "other", addresses: ["10.71.0.10-10.71.0.19"] });
    for (const name of ["a", "b"]) await site.createCluster({ name, clusterClass: "other" });
    for (const name of ["a", "b"]) await eventually(() => isInUse(site, name));
    before = (await site.rendered("a")).cluster;
  });

  test("first its webhook configuration goes, so that nothing is asked any more", async () => {
    await shell(REMOVE_WEBHOOK);
  });

  test("then its watcher stops, because it protects every address again", async () => {
    await shell(STRIP_FINALIZERS);
    for (const name of ["a", "b"]) await eventually(() => isInUse(site, name));

    // There are no pods here: the processes stand for them.
    await shell(STOP_PODS);
    await lab.sandbox.process("watcher").stop();
  });

  test("then its holds end, and no pause of a user's does", async () => {
    await shell(RELEASE_HOLDS);
    const { annotations = {} } = (await site.clusterOf("held")).metadata;
    expect(annotations[HOLD_ANNOTATION]).toBeUndefined();
    expect(annotations[PAUSED_ANNOTATION]).toBeUndefined();
    expect((await site.clusterOf("paused")).metadata.annotations?.[PAUSED_ANNOTATION]).toBe("maintenance");
  });

  test("then its finalizers go, and no others", async () => {
    await shell(STRIP_FINALIZERS);
    for (const name of ["a", "b"]) {
      expect(await isInUse(site, name)).toBe(false);
      expect((await site.addressOf(name))?.metadata.finalizers).toEqual([
        "ipam.cluster.x-k8s.io/ProtectAddress",
      ]);
    }
  });

  test("then the rest of it", async () => {
    await shell(REMOVE_MODULE);
    await lab.sandbox.uninstallModule();
    await eventually(
      async () => (await lab.kubectl(["get", "namespaces"])).stdout.includes("pepr") === false,
    );
  });

  test("and running Clusters are as they were, can be changed and can be deleted", async () => {
    expect((await site.clusterOf("a")).spec).toEqual(before.spec);
    await site.label("a", { touched: "yes" });
    expect((await site.rendered("a")).controlPlane.metadata.generation).toBe(1);
    expect(vipOf(await site.clusterOf("a"))).toBe(vipOf(before));

    for (const propagationPolicy of ["Foreground", "Background"]) {
      const name = propagationPolicy === "Foreground" ? "a" : "b";
      await site.deleteCluster(name, { propagationPolicy });
      await site.gone(CLUSTERS, name);
      await site.gone(CLAIMS, `vip-cp-${name}`);
      await site.gone(ADDRESSES, `vip-cp-${name}`);
    }
    await site.deleteCluster("held");
    await site.gone(CLUSTERS, "held");
  });
});
