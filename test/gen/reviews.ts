/**
 * Answers: which requests could reach the hook, well-formed or not, and what does Pepr make of them?
 *
 * Input is not trusted: the API server validates a Cluster after the hook has seen it. Everything passes
 * through JSON once, as it does on the way here, so that `__proto__` is a key like any other.
 */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import type { Operation } from "fast-json-patch";
import type { mutateProcessor as MutateProcessor } from "pepr/dist/lib/processors/mutate-processor";
import type { ClusterHook } from "../../capabilities/cluster-hook";
import { CLUSTERS } from "../../lib/adapters/kinds";
import { INGRESS, ROLES } from "../../lib/core/roles";
import { ALLOW_CHANGE, HOLD, OUR_PAUSE, PAUSED } from "../../lib/core/contract";
import type { KubeObject } from "../../lib/core/facts";
import { pepr } from "../../package.json";
import { clusterChanges } from "./arbitrary";
import { type Change, cluster, NAMESPACE, put, stored } from "./objects";

// ---- Reviews -------------------------------------------------------------------------------------

/** What differs between two requests; fast-check prints it when a law is broken. */
export class Review {
  readonly object: KubeObject;
  readonly oldObject: KubeObject | undefined;

  constructor(
    readonly operation: "CREATE" | "UPDATE",
    object: unknown,
    oldObject: unknown,
    readonly dryRun: boolean,
  ) {
    this.object = wired(object) as KubeObject;
    this.oldObject = wired(oldObject) as KubeObject | undefined;
  }

  [fc.toStringMethod](): string {
    const { operation, dryRun, object, oldObject } = this;
    const old = oldObject === undefined ? "" : ` of ${brief(oldObject)}`;
    return `${operation}${dryRun ? " (dry-run)" : ""} ${brief(object)}${old}`;
  }
}

const wired = (value: unknown): unknown =>
  value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown);

/** JSON, with the greater part of what is long or deep left out. */
export const brief = (value: unknown): string =>
  cut(JSON.stringify(shortened(value, 10)) ?? "undefined", 3000);

const cut = (text: string, most: number): string =>
  text.length > most ? `${text.slice(0, most)}… (${text.length} characters)` : text;

function shortened(value: unknown, depth: number): unknown {
  if (typeof value === "string") return cut(value, 60);
  if (!isObject(value)) return value;
  if (depth === 0) return "…";
  const parts = Object.entries(value).map(([key, part]): [string, unknown] => [
    key,
    shortened(part, depth - 1),
  ]);
  if (!Array.isArray(value)) return Object.fromEntries(parts);
  const items = parts.map(([, part]) => part);
  return items.length > 8 ? [...items.slice(0, 3), `… (${items.length} items)`] : items;
}

// ---- Junk ----------------------------------------------------------------------------------------

const ADDRESS_SPELLINGS = [
  "2001:DB8:0:0:0:0:0:10",
  "2001:db8::10",
  "::ffff:10.0.0.10",
  "fe80::1%eth0",
  "[2001:db8::10]",
  "010.0.0.10",
  "10.10",
  "167772170",
];
const ODD_TEXTS = ["", " ", "false", "0", "6443", "\ud800", "\udc00x", "\u202eאבג", "a\u0000b", "\n", "{}"];
/** Names that every object in JavaScript has already, or that reach past it. */
export const INHERITED = ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf"];

const nested = (depth: number): unknown => JSON.parse(`${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`);
const POLLUTION = '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}';

const texts: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...ODD_TEXTS, ...ADDRESS_SPELLINGS, ...INHERITED),
  fc.array(fc.nat(0xffff), { maxLength: 8 }).map((codes) => String.fromCharCode(...codes)),
);

const manyVariables = (): unknown =>
  Array.from({ length: 10_000 }, (_, index) => ({ name: `variable-${index}`, value: String(index) }));

/** Anything but what is expected, of any type. Costly pieces are rare. */
export const junk: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom<unknown>(null, {}, [], [null], [[]], [{}], true, false) },
  { weight: 6, arbitrary: fc.constantFrom<unknown>(0, -1, 0.5, 70_000, 1e308) },
  { weight: 12, arbitrary: texts },
  { weight: 3, arbitrary: fc.dictionary(texts, fc.oneof(texts, fc.constant(null)), { maxKeys: 3 }) },
  { weight: 2, arbitrary: fc.constant(POLLUTION).map((text) => JSON.parse(text) as unknown) },
  { weight: 2, arbitrary: fc.json({ maxDepth: 2 }).map((text) => JSON.parse(text) as unknown) },
  { weight: 1, arbitrary: fc.constant(100_000).map((length) => "x".repeat(length)) },
  { weight: 1, arbitrary: fc.constant(500).map(nested) },
);

// ---- Mutations -----------------------------------------------------------------------------------

type Path = readonly string[];

const META = ["metadata"];
const TOPOLOGY = ["spec", "topology"];

const ANNOTATIONS = [
  ...[HOLD, PAUSED, ALLOW_CHANGE],
  ...ROLES.flatMap(({ optOut, annotation, replaced }) => [optOut, annotation, replaced]),
];

/** What the hook reads, or writes, whether or not it is there. */
const READ: readonly Path[] = [
  ...[
    "name",
    "generateName",
    "namespace",
    "annotations",
    "labels",
    "deletionTimestamp",
    "uid",
    "finalizers",
  ].map((field) => [...META, field]),
  ...[...ANNOTATIONS, ...INHERITED].map((key) => [...META, "annotations", key]),
  [...META, "labels", INGRESS.annotation],
  ["spec"],
  ["spec", "paused"],
  ["spec", "clusterNetwork", "apiServerPort"],
  ["spec", "controlPlaneEndpoint"],
  ["spec", "controlPlaneEndpoint", "host"],
  ["spec", "controlPlaneEndpoint", "port"],
  ["spec", "controlPlaneRef"],
  ["spec", "infrastructureRef"],
  TOPOLOGY,
  [...TOPOLOGY, "classRef"],
  [...TOPOLOGY, "classRef", "name"],
  [...TOPOLOGY, "classRef", "namespace"],
  [...TOPOLOGY, "variables"],
  [...TOPOLOGY, "variables", "0"],
  [...TOPOLOGY, "variables", "0", "name"],
  [...TOPOLOGY, "variables", "0", "value"],
  ["status"],
];

type Mutate = (object: unknown) => unknown;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;

function pathsOf(value: unknown, before: Path = []): Path[] {
  if (!isObject(value)) return [];
  return Object.keys(value).flatMap((key) => [[...before, key], ...pathsOf(value[key], [...before, key])]);
}

/** In place, on a copy of its own; parents that are missing are made, others are what they are. */
function change(object: unknown, [key, ...rest]: Path, value: unknown): void {
  if (key === undefined || !isObject(object)) return;
  if (rest.length === 0 && value === undefined) return void Reflect.deleteProperty(object, key);
  const next = rest.length === 0 ? value : Object.hasOwn(object, key) ? object[key] : {};
  Object.defineProperty(object, key, { value: next, writable: true, enumerable: true, configurable: true });
  change(object[key], rest, value);
}

const at = (path: (object: unknown) => Path, value: unknown): Mutate => {
  return (object) => {
    const copy = wired(object);
    change(copy, path(copy), value);
    return copy;
  };
};

/** Some field at some depth becomes junk, or goes; a field that is not there may come. */
const mutation: fc.Arbitrary<Mutate> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.constantFrom(...READ), fc.oneof(junk, fc.constant(undefined)))
      .map(([path, value]) => at(() => path, value)),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.nat(60), fc.oneof(junk, fc.constant(undefined)))
      .map(([index, value]) =>
        at((object) => pathsOf(object)[index % Math.max(1, pathsOf(object).length)] ?? [], value),
      ),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(...ROLES.map(({ variable }) => variable), ...INHERITED), junk)
      .map(([name, value]) => at(() => [...TOPOLOGY, "variables"], [{ name, value }])),
  },
);

/** Parsing ten thousand of them takes its time, so this is a case of its own. */
export const tenThousandVariables: Change = put(...TOPOLOGY, "variables")(manyVariables());

const mutated = (object: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc
    .tuple(object, fc.array(mutation, { minLength: 1, maxLength: 3 }))
    .map(([whole, changes]) => changes.reduce((value, mutate) => mutate(value), whole))
    .filter((object) => isMap(object) && isMap(object["metadata"]));

/** Every list and map that we may write into is one, or is not there. Others Cluster API itself refuses. */
export function isShaped(object: KubeObject): boolean {
  const { metadata, spec = {} } = object as { metadata: Record<string, unknown>; spec?: unknown };
  if (!isMap(spec) || !areTexts(metadata["annotations"]) || !areTexts(metadata["labels"])) return false;
  const { name, generateName, namespace } = metadata;
  if ([name, generateName, namespace].some((text) => typeof (text ?? "") !== "string")) return false;
  const { controlPlaneEndpoint, topology } = spec;
  const { variables } = isMap(topology) ? topology : {};
  const entries = Array.isArray(variables) ? variables : [variables ?? { name: "" }];
  return (
    isEndpoint(controlPlaneEndpoint ?? {}) &&
    isMap(topology ?? {}) &&
    entries.every((entry) => isMap(entry) && typeof entry["name"] === "string")
  );
}

const areTexts = (value: unknown): boolean =>
  isMap(value ?? {}) && Object.values(value ?? {}).every((text) => typeof text === "string");

const isEndpoint = (value: unknown): boolean =>
  isMap(value) && typeof (value["host"] ?? "") === "string" && typeof (value["port"] ?? 0) === "number";

export const isMap = (value: unknown): value is Record<string, unknown> =>
  isObject(value) && !Array.isArray(value);

// ---- Clusters as they arrive ---------------------------------------------------------------------

const generated: Change = (object) =>
  put("metadata", "generateName")("blue-")(put("metadata", "name")(undefined)(object));
const copied: Change = (object) => {
  const annotations = { ...object.metadata.annotations, [HOLD]: "NoMatchingPool", [PAUSED]: OUR_PAUSE };
  return put("metadata", "annotations")(annotations)(object);
};
const asItIs: Change = (object) => object;

const arriving: fc.Arbitrary<unknown> = fc
  .tuple(clusterChanges, fc.constantFrom(asItIs, asItIs, asItIs, asItIs, generated, copied))
  .map(([changes, more]) => more(cluster(...changes)));

/** Nothing that would be decided without a single request: what is asked for is a VIP. */
const wanting: fc.Arbitrary<unknown> = fc
  .constantFrom(asItIs, asItIs, asItIs, generated, copied, put("metadata", "annotations", PAUSED)("true"))
  .map((more) => more(cluster()));

const living: fc.Arbitrary<unknown> = clusterChanges.map((changes) => stored(...changes));

const dryRun = fc.constantFrom(false, false, false, false, true);

const create = (objects: fc.Arbitrary<unknown>): fc.Arbitrary<Review> =>
  fc.tuple(objects, dryRun).map(([object, dry]) => new Review("CREATE", object, undefined, dry));

const update = (olds: fc.Arbitrary<unknown>, objects: fc.Arbitrary<unknown>): fc.Arbitrary<Review> =>
  fc.tuple(olds, objects, dryRun).map(([old, object, dry]) => new Review("UPDATE", object, old, dry));

/** Pepr itself asks for an object that is there, and nothing is what else `metadata` could be lacking. */
const wholeJunk: fc.Arbitrary<unknown> = fc
  .tuple(fc.oneof(junk, fc.constant({})), fc.oneof(junk, fc.constant({})))
  .map(([metadata, spec]) => ({ metadata: isMap(metadata) ? metadata : {}, spec }));

export const creates = create(
  fc.oneof({ weight: 1, arbitrary: arriving }, { weight: 3, arbitrary: wanting }),
);
export const mutatedCreates = create(fc.oneof(mutated(arriving), mutated(wanting)));
export const junkCreates = create(wholeJunk);
export const updates = update(living, living);
export const mutatedUpdates = fc.oneof(
  update(living, mutated(living)),
  update(mutated(living), living),
  update(mutated(living), mutated(living)),
);
export const junkUpdates = update(fc.oneof(junk, living), wholeJunk);

// ---- Pepr ----------------------------------------------------------------------------------------

export interface Answer {
  readonly allowed: boolean;
  readonly warnings: readonly string[];
  readonly status: { readonly code?: number; readonly message?: string } | undefined;
  readonly patch: readonly Operation[];
  /** What Pepr's copy of the object has lost: every key of the name `__proto__`. */
  readonly lost: readonly Operation[];
}

/** The JSON text of an answer as Pepr sends it. */
interface Response {
  readonly allowed: boolean;
  readonly warnings?: string[];
  readonly status?: { code?: number; message?: string };
  readonly patch?: string;
}

/**
 * Pepr's own processor, from the very file that runs in production. It is not exported, and Pepr's client
 * library cannot be loaded here (ESM only); the processor uses nothing of it.
 */
const mutateProcessor = ((): typeof MutateProcessor => {
  const file = require.resolve("pepr");
  const nothing: unknown = new Proxy(() => undefined, {
    get: (_, key) => (key === "GenericKind" ? class {} : nothing),
  });
  const load = (id: string): unknown =>
    id.startsWith("kubernetes-fluent-client") ? nothing : (jest.requireActual(id) as unknown);
  const module = { exports: {} as { mutateProcessor: typeof MutateProcessor; Log: { level: string } } };
  const code = `${readFileSync(file, "utf8")}\nmodule.exports.mutateProcessor = mutateProcessor;`;
  new Function("require", "module", "exports", code)(load, module, module.exports);
  module.exports.Log.level = "silent";
  return module.exports.mutateProcessor;
})();

type Capability = Parameters<typeof MutateProcessor>[1][number];

/** Our one binding as Pepr keeps it, see capabilities/cluster-vip.ts. */
const capabilityOf = (mutateCallback: ClusterHook["admit"]): Capability =>
  ({
    name: "cluster-vip",
    namespaces: [],
    bindings: [
      {
        isMutate: true,
        event: "CREATEORUPDATE",
        kind: CLUSTERS,
        filters: {
          name: "",
          namespaces: [],
          regexName: "",
          regexNamespaces: [],
          labels: {},
          annotations: {},
          deletionTimestamp: false,
        },
        mutateCallback,
      },
    ],
  }) as unknown as Capability;

/** Such a key sets the prototype of Pepr's copy, so that its patch takes the key away from the original. */
const isPeprsLoss = (path: string): boolean => path.endsWith("/__proto__");

/** Pepr broke down before anybody asked us: the API server hears HTTP 500. */
export class NotAsked extends Error {}

/** From a review to what the API server reads of the answer. */
export async function answerOf(hook: ClusterHook, review: Review): Promise<Answer> {
  const { group, version, kind, plural: resource } = CLUSTERS;
  const request = {
    uid: "1",
    kind: { group, version, kind },
    resource: { group, version, resource },
    name: "",
    namespace: NAMESPACE,
    userInfo: {},
    ...review,
  } as unknown as Parameters<typeof MutateProcessor>[2];
  const config = pepr as unknown as Parameters<typeof MutateProcessor>[0];
  let asked = false;
  const capability = capabilityOf((wrapped) => {
    asked = true;
    return hook.admit(wrapped);
  });
  const answer = await mutateProcessor(config, [capability], request, {}).catch((error: unknown) => {
    throw asked ? error : new NotAsked(String(error));
  });
  hook.complete(answer);
  const { allowed, warnings = [], status, patch: coded } = JSON.parse(JSON.stringify(answer)) as Response;
  const text = coded === undefined ? "[]" : Buffer.from(coded, "base64").toString("utf8");
  const all = JSON.parse(text) as Operation[];
  const [patch, lost] = [
    all.filter(({ path }) => !isPeprsLoss(path)),
    all.filter(({ path }) => isPeprsLoss(path)),
  ];
  return { allowed, warnings, status, patch, lost };
}
