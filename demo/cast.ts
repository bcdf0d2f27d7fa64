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
/** Created when every address is taken. */
export const SUCCESSOR = "rome";
export const FLEET = Array.from({ length: 10 }, (_, index) => `edge-${index}`);

/** One address for each Cluster before the successor: it must wait for one that comes back. */
const firstHost = 10;
const addresses = 3 + FLEET.length;
export const isOfPool = {
  words: `an address of the pool, 10.20.0.${firstHost} to 10.20.0.${firstHost + addresses - 1}`,
  test: (seen: unknown): boolean => {
    const host = Number(/^10\.20\.0\.(\d+)$/.exec(String(seen))?.[1]);
    return host >= firstHost && host < firstHost + addresses;
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
  const last = firstHost + addresses - 1;
  write("pool.yaml", pool({ addresses: [`10.20.0.${firstHost}-10.20.0.${last}`] }));
  write("classes.yaml", ...[...inMemoryClass({ namespace }), ...labClass({ namespace })].map(withRegion));
  write(
    `${RUNNING}.yaml`,
    cluster({ name: RUNNING, namespace, clusterClass: "in-memory", variables: { region: "europe" } }),
  );
  for (const name of [RENDERED, HELD, SUCCESSOR, ...FLEET]) {
    write(`${name}.yaml`, cluster({ name, namespace, clusterClass: "lab" }));
  }
}
