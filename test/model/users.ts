/** What people do, as data: every command can be printed, and means something in every state of the world. */
import type { Resource } from "../../lib/adapters/kinds";
import {
  APPLY_LATE,
  CLASS_LABEL,
  DELETE_FOR_MOVE,
  DISABLED,
  HOLD,
  IN_USE,
  PAUSED,
  RELEASED,
  ROLE_LABEL,
} from "../../lib/core/contract";
import type { KubeObject } from "../../lib/core/facts";
import { claimName, CONTROL_PLANE } from "../../lib/core/roles";
import {
  ADDRESSES,
  CLAIMS,
  CLASSES,
  classNameOf,
  classObject,
  CLUSTERS,
  GLOBAL_POOLS,
  NAMESPACE,
  poolObject,
  POOLS,
  VARIABLE,
  variableOf,
  type ClusterObject,
  type Variant,
} from "./kinds";
import type { World } from "./world";

export const NAMES = ["a", "b", "c"] as const;
export const CLASS_NAMES = ["c1", "c2"] as const;
export const POOL_NAMES = ["own", "global"] as const;

type Name = (typeof NAMES)[number];
type ClassName = (typeof CLASS_NAMES)[number];
type PoolName = (typeof POOL_NAMES)[number];

/** What a manifest says of the endpoint. */
export type Given =
  | "nothing"
  | "host"
  | "variable"
  | "both"
  | "two different"
  | "a list of variables"
  | "no topology";

export type UserCommand =
  | {
      readonly do: "create";
      readonly name: Name;
      readonly of: ClassName;
      readonly given: Given;
      readonly by: number;
      readonly ends: "stored" | "refused" | "dry-run";
    }
  | { readonly do: "restore"; readonly name: Name; readonly by: number }
  | { readonly do: "apply"; readonly name: Name; readonly how: "client-side" | "server-side" | "replace" }
  | { readonly do: "rebase"; readonly name: Name; readonly to: ClassName; readonly how: "patch" | "apply" }
  | { readonly do: "pause"; readonly name: Name; readonly how: "field" | "annotation"; readonly on: boolean }
  | { readonly do: "delete"; readonly name: Name; readonly how: "Background" | "Foreground" | "Orphan" }
  | { readonly do: "note"; readonly name: Name; readonly what: keyof typeof NOTES }
  | { readonly do: "delete claim"; readonly name: Name }
  | { readonly do: "delete address"; readonly name: Name }
  | { readonly do: "write variable"; readonly name: Name }
  | { readonly do: "stranger"; readonly name: Name; readonly what: "comes" | "goes" }
  | { readonly do: "pool"; readonly name: PoolName; readonly what: keyof typeof POOL_CHANGES }
  | { readonly do: "class"; readonly name: ClassName; readonly becomes: Variant }
  | { readonly do: "class goes"; readonly name: ClassName }
  | { readonly do: "nonsense"; readonly on: boolean };

/** Annotations that people set and take away. */
export const NOTES = {
  release: { [HOLD]: RELEASED },
  "take the hold away": { [HOLD]: undefined },
  "take the pause away": { [PAUSED]: undefined },
  "apply late": { [APPLY_LATE]: "true" },
  "move away": { [DELETE_FOR_MOVE]: "" },
  "opt out": { [CONTROL_PLANE.optOut]: "false" },
  "opt in": { [CONTROL_PLANE.optOut]: undefined },
} as const;

type PoolChange = (pool: KubeObject) => KubeObject;
const label =
  (key: string, value: string): PoolChange =>
  (pool) => ({ ...pool, metadata: { ...pool.metadata, labels: { ...pool.metadata.labels, [key]: value } } });
const annotate =
  (key: string, value: string | undefined): PoolChange =>
  (pool) =>
    withNotes(pool, { [key]: value });
const holding =
  (count: number): PoolChange =>
  (pool) => ({
    ...pool,
    spec: {
      ...(pool["spec"] as object),
      addresses: addressesFor(pool.metadata.name as PoolName).slice(0, count),
    },
  });

export const POOL_CHANGES = {
  comes: undefined,
  goes: undefined,
  "is emptied": holding(0),
  shrinks: holding(1),
  grows: holding(3),
  "serves c1": label(CLASS_LABEL, "c1"),
  "serves c2": label(CLASS_LABEL, "c2"),
  "is disabled": annotate(DISABLED, "true"),
  "is enabled": annotate(DISABLED, undefined),
  "is paused": annotate(PAUSED, "true"),
  "is unpaused": annotate(PAUSED, undefined),
} as const;

const addressesFor = (name: PoolName): string[] =>
  [0, 1, 2].map((index) => `10.0.${name === "own" ? 0 : 1}.${10 + index}`);

const poolKind = (name: PoolName): Resource => (name === "own" ? POOLS : GLOBAL_POOLS);
const place = (of: Resource): string | undefined => (of.namespaced ? NAMESPACE : undefined);

export function makePool(world: World, name: PoolName): void {
  const of = poolKind(name);
  const pool = poolObject(name, "c1", addressesFor(name).slice(0, name === "own" ? 2 : 1));
  world.as("user", () => world.try(() => world.server.create(of, place(of), pool)));
}

export function makeClass(world: World, name: ClassName, variant: Variant): void {
  const now = world.server.find(CLASSES, NAMESPACE, name);
  if (!now)
    return world.as("user", () => void world.server.create(CLASSES, NAMESPACE, classObject(name, variant)));
  // Cluster API refuses a class to forget a variable that a Cluster sets.
  const users = world.server.list(CLUSTERS).filter((cluster) => classNameOf(cluster) === name);
  if (
    (variant === "without" || variant === "odd") &&
    users.some((cluster) => variableOf(cluster) !== undefined)
  )
    return;
  world.as("user", () => {
    const after = world.server.update(CLASSES, { ...now, spec: classObject(name, variant)["spec"] });
    world.classChanges.set(name, Number(after.metadata.resourceVersion));
  });
}

/** Cluster API refuses that while a Cluster is of the class. */
function dropClass(world: World, name: ClassName): void {
  const isUsed = world.server.list(CLUSTERS).some((cluster) => classNameOf(cluster) === name);
  if (isUsed || !world.server.find(CLASSES, NAMESPACE, name)) return;
  world.as("user", () => world.server.delete(CLASSES, NAMESPACE, name));
  world.classChanges.set(name, world.server.revision);
}

// ---- Clusters ------------------------------------------------------------------------------------

/** Hosts that users bring, from no pool. */
const hostBy = (name: Name): string => `192.0.2.${10 + NAMES.indexOf(name)}`;

function manifestOf(name: Name, className: ClassName, given: Given): ClusterObject {
  const host = hostBy(name);
  const variables = {
    nothing: undefined,
    host: undefined,
    variable: [{ name: VARIABLE, value: host }],
    both: [{ name: VARIABLE, value: host }],
    "two different": [{ name: VARIABLE, value: "192.0.2.99" }],
    "a list of variables": [{ name: "region", value: "north" }],
    "no topology": undefined,
  }[given];
  const hasHost = ["host", "both", "two different"].includes(given);
  return {
    metadata: { namespace: NAMESPACE, name },
    spec: {
      ...(hasHost && { controlPlaneEndpoint: { host, port: 6443 } }),
      ...(given !== "no topology" && {
        topology: { classRef: { name: className }, ...(variables && { variables }) },
      }),
    },
  };
}

type Notes = Readonly<Record<string, string | undefined>>;

function withNotes<T extends KubeObject>(object: T, notes: Notes): T {
  const all = { ...object.metadata.annotations, ...notes };
  const annotations = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  return { ...object, metadata: { ...object.metadata, annotations } };
}

/** A second `kubectl apply`: what the manifest says counts, and a list counts as a whole. */
function applied(
  live: ClusterObject,
  manifest: ClusterObject,
  how: "client-side" | "server-side" | "replace",
): ClusterObject {
  const { topology, controlPlaneEndpoint } = manifest.spec;
  if (how === "server-side" || !live.spec.topology || !topology) return live;
  if (how === "client-side")
    return {
      ...live,
      spec: {
        ...live.spec,
        ...(controlPlaneEndpoint && { controlPlaneEndpoint }),
        topology: { ...live.spec.topology, ...topology },
      },
    };
  const { infrastructureRef, controlPlaneRef } = live.spec;
  const refs = {
    ...(infrastructureRef && { infrastructureRef }),
    ...(controlPlaneRef && { controlPlaneRef }),
  };
  return { ...live, metadata: { ...live.metadata, annotations: {} }, spec: { ...manifest.spec, ...refs } };
}

export class Users {
  readonly #manifests = new Map<string, ClusterObject>();
  /** The last state of each Cluster, as a backup has it. */
  readonly #backups = new Map<string, ClusterObject>();

  constructor(private readonly world: World) {}

  carryOut(command: UserCommand): void {
    this.world.tell(`user: ${JSON.stringify(command)}`);
    switch (command.do) {
      case "create":
        return this.#create(command);
      case "restore":
        return this.#restore(command);
      case "pool":
        return this.#pool(command);
      case "class goes":
        return dropClass(this.world, command.name);
      case "class":
        return makeClass(this.world, command.name, command.becomes);
      case "nonsense":
        this.world.provider.talksNonsense = command.on;
        return undefined;
      case "delete claim":
        return this.#deleteByHand(CLAIMS, command.name);
      case "delete address":
        return this.#deleteByHand(ADDRESSES, command.name);
      case "stranger":
        return this.#stranger(command);
      default:
        return this.#onCluster(command);
    }
  }

  #create({ name, of, given, by, ends }: UserCommand & { do: "create" }): void {
    const manifest = manifestOf(name, of, given);
    this.#manifests.set(name, manifest);
    this.world.create(manifest, by, ends === "refused", ends === "dry-run");
  }

  #restore({ name, by }: UserCommand & { do: "restore" }): void {
    const backup = this.#backups.get(name);
    if (!backup || this.world.server.find(CLUSTERS, NAMESPACE, name)) return;
    this.world.untouched.add(name);
    this.world.create(backup, by, false, false);
  }

  #onCluster(
    command: Exclude<
      UserCommand,
      {
        do:
          | "create"
          | "restore"
          | "pool"
          | "class"
          | "class goes"
          | "nonsense"
          | "delete claim"
          | "delete address"
          | "stranger";
      }
    >,
  ): void {
    const { server } = this.world;
    const live = server.find(CLUSTERS, NAMESPACE, command.name) as ClusterObject | undefined;
    if (!live) return;
    const { metadata, spec } = live;
    this.#backups.set(command.name, {
      metadata: { namespace: NAMESPACE, name: command.name, annotations: metadata.annotations ?? {} },
      spec,
    });
    if (command.do === "delete")
      return this.world.as("user", () =>
        this.world.try(() => server.delete(CLUSTERS, NAMESPACE, command.name, { propagation: command.how })),
      );
    const after = this.#changed(live, command);
    this.world.as("user", () => this.world.try(() => server.update(CLUSTERS, after)));
  }

  #changed(
    live: ClusterObject,
    command: UserCommand & { do: "apply" | "rebase" | "pause" | "note" | "write variable" },
  ): ClusterObject {
    const manifest = this.#manifests.get(command.name) ?? live;
    switch (command.do) {
      case "apply":
        return applied(live, manifest, command.how);
      case "rebase": {
        const rebased = withClass(manifest, command.to);
        if (command.how === "patch") return withClass(live, command.to);
        this.#manifests.set(command.name, rebased);
        return applied(live, rebased, "client-side");
      }
      case "pause":
        if (command.how === "field") return { ...live, spec: { ...live.spec, paused: command.on } };
        return withNotes(live, { [PAUSED]: command.on ? "by-user" : undefined });
      case "note":
        return withNotes(live, NOTES[command.what]);
      case "write variable":
        return withVariable(live, hostBy(command.name));
    }
  }

  #pool({ name, what }: UserCommand & { do: "pool" }): void {
    const of = poolKind(name);
    const { server } = this.world;
    const pool = server.find(of, place(of), name);
    if (what === "comes") return makePool(this.world, name);
    if (!pool) return;
    this.world.as("user", () =>
      this.world.try(() => {
        if (what === "goes") server.delete(of, place(of), name);
        else server.update(of, POOL_CHANGES[what](pool));
      }),
    );
  }

  /** An address that is not secured yet goes with its claim; nobody can help that. */
  #deleteByHand(of: Resource, name: Name): void {
    const { server } = this.world;
    const address = server.find(ADDRESSES, NAMESPACE, claimName(CONTROL_PLANE, name));
    const cluster = server.find(CLUSTERS, NAMESPACE, name);
    if (!address?.metadata.finalizers?.includes(IN_USE)) {
      this.world.untouched.add(name);
      if (cluster) this.world.tampered.add(cluster.metadata.uid ?? "");
    }
    this.world.as("user", () =>
      this.world.try(() => server.delete(of, NAMESPACE, claimName(CONTROL_PLANE, name))),
    );
  }

  /** A claim of the name we need, by somebody who does not speak our contract. */
  #stranger({ name, what }: UserCommand & { do: "stranger" }): void {
    const { server } = this.world;
    const claim = claimName(CONTROL_PLANE, name);
    const now = server.find(CLAIMS, NAMESPACE, claim);
    this.world.as("user", () => {
      if (what === "comes" && !now) {
        this.world.strangers.add(name);
        server.create(CLAIMS, NAMESPACE, {
          metadata: { namespace: NAMESPACE, name: claim },
          spec: { poolRef: { apiGroup: POOLS.group, kind: POOLS.kind, name: "own" } },
        });
      } else if (what === "goes" && now && now.metadata.labels?.[ROLE_LABEL] === undefined) {
        server.delete(CLAIMS, NAMESPACE, claim);
      }
    });
  }
}

function withVariable(cluster: ClusterObject, value: string): ClusterObject {
  const { topology } = cluster.spec;
  if (!topology) return cluster;
  const others = topology.variables?.filter(({ name }) => name !== VARIABLE) ?? [];
  const variables = [...others, { name: VARIABLE, value }];
  return { ...cluster, spec: { ...cluster.spec, topology: { ...topology, variables } } };
}

const withClass = (cluster: ClusterObject, name: ClassName): ClusterObject =>
  cluster.spec.topology
    ? { ...cluster, spec: { ...cluster.spec, topology: { ...cluster.spec.topology, classRef: { name } } } }
    : cluster;
