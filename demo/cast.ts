/** Who appears in the demo: the objects, and the files that a user would have written. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { cluster, inMemoryClass, labClass, pool, toYaml } from "../sandbox/fixtures";
import type { KubeObject } from "../sandbox/fixtures";

const namespace = "default";

/** The cluster that comes up, and the one on an infrastructure that shows just what was rendered. */
export const RUNNING = "paris";
export const RENDERED = "vienna";
/** Created while the IPAM provider is down. */
export const HELD = "oslo";
/** Created while the only address is taken. */
export const SUCCESSOR = "rome";
export const FLEET = Array.from({ length: 10 }, (_, index) => `edge-${index}`);

/** A single address for the class whose Clusters run: the second one must wait for it. */
export const ONLY_ADDRESS = "10.20.0.10";
const runningPool = pool({ name: "vips-in-memory", addresses: [ONLY_ADDRESS], clusterClass: "in-memory" });
const renderedPool = pool({
  name: "vips-lab",
  addresses: ["10.20.1.10-10.20.1.40"],
  clusterClass: "lab",
});

export const isOfLabPool = {
  words: "an address of the pool vips-lab, 10.20.1.10 to 10.20.1.40",
  test: (seen: unknown): boolean => {
    const host = Number(/^10\.20\.1\.(\d+)$/.exec(String(seen))?.[1]);
    return host >= 10 && host <= 40;
  },
};

/** A variable of the user's own: it makes `variables` a list that a second apply replaces. */
const region = {
  name: "region",
  required: false,
  schema: { openAPIV3Schema: { type: "string" } },
};

function withRegion(object: KubeObject): KubeObject {
  if (object.kind !== "ClusterClass") return object;
  const spec = object["spec"] as { variables?: unknown[] };
  return { ...object, spec: { ...spec, variables: [...(spec.variables ?? []), region] } };
}

export function writeFiles(folder: string): void {
  const write = (file: string, ...objects: readonly KubeObject[]): void =>
    writeFileSync(join(folder, file), toYaml(...objects));
  write("pools.yaml", runningPool, renderedPool);
  write("classes.yaml", ...[...inMemoryClass({ namespace }), ...labClass({ namespace })].map(withRegion));
  const running = { namespace, clusterClass: "in-memory", variables: { region: "europe" } };
  for (const name of [RUNNING, SUCCESSOR]) write(`${name}.yaml`, cluster({ name, ...running }));
  for (const name of [RENDERED, HELD, ...FLEET]) {
    write(`${name}.yaml`, cluster({ name, namespace, clusterClass: "lab" }));
  }
}
