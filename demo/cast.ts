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

/** Of a class that wants a VIP for ingress too. */
export const WEB = "madrid";
/** Its user gives the endpoint; another one gives the same. */
export const BY_HAND = "lisbon";
export const DUPLICATE = "porto";
/** The first pool of their class has one address, the second has more. */
export const SPILLED = ["bern", "basel"] as const;

/** A single address for the class whose Clusters run: the second one must wait for it. */
export const ONLY_ADDRESS = "10.20.0.10";
const runningPool = pool({ name: "vips-in-memory", addresses: [ONLY_ADDRESS], clusterClass: "in-memory" });
const renderedPool = pool({
  name: "vips-lab",
  addresses: ["10.20.1.10-10.20.1.40"],
  clusterClass: "lab",
});

/** Who may use it is a list, which no label can hold: the label says "true", the annotation says who. */
const KEYS = { class: "vip.capi.gorizond.io/cluster-class", role: "vip.capi.gorizond.io/role" };
const sharedPool = pool({
  name: "vips-shared",
  addresses: ["10.20.2.10-10.20.2.40"],
  clusterClass: "true",
  role: "true",
  annotations: { [KEYS.class]: "web, web-large", [KEYS.role]: "control-plane, ingress" },
});

export const HAND_ADDRESS = "10.20.1.30";

const PRIORITY = "vip.capi.gorizond.io/priority";
const alpine = { clusterClass: "alpine", role: "control-plane" } as const;
export const SPILL_ADDRESSES = ["10.20.3.10", "10.20.4.10"] as const;
const [scarce, plenty] = SPILL_ADDRESSES;
const scarcePool = pool({
  ...alpine,
  name: "vips-first",
  addresses: [scarce],
  annotations: { [PRIORITY]: "10" },
});
const plentyPool = pool({ ...alpine, name: "vips-then", addresses: [`${plenty}-10.20.4.40`] });

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
  write("shared-pool.yaml", sharedPool);
  write("web-class.yaml", ...labClass({ namespace, name: "web", ingressVip: "empty-default" }));
  write(`${WEB}.yaml`, cluster({ name: WEB, namespace, clusterClass: "web" }));
  const spec = { controlPlaneEndpoint: { host: HAND_ADDRESS } };
  for (const name of [BY_HAND, DUPLICATE])
    write(`${name}.yaml`, cluster({ name, namespace, clusterClass: "lab", spec }));
  write("two-pools.yaml", scarcePool, plentyPool);
  write("alpine-class.yaml", ...labClass({ namespace, name: "alpine" }));
  for (const name of SPILLED) write(`${name}.yaml`, cluster({ name, namespace, clusterClass: "alpine" }));
  for (const name of [RENDERED, HELD, ...FLEET]) {
    write(`${name}.yaml`, cluster({ name, namespace, clusterClass: "lab" }));
  }
}
