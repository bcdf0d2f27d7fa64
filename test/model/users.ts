/** What people do, as data: every command can be printed, and means something in every state of the world. */
import type { Resource } from "../../lib/adapters/kinds";
import {
  ALLOW_CHANGE,
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
import { claimName, CONTROL_PLANE, INGRESS, ROLES, type Role } from "../../lib/core/roles";
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
  variableOf,
  vipOf,
  type ClusterObject,
  type Shape,
} from "./kinds";
import type { World } from "./world";

export const NAMES = ["a", "b", "c"] as const;
export const CLASS_NAMES = ["c1", "c2"] as const;
export const POOL_NAMES = ["own", "global", "edge"] as const;
export const ROLE_NAMES = ["control-plane", "ingress"] as const;
/** What users give: addresses of pools, and one that the Cluster `a` has where it brings its own. */
export const ADDRESSES_GIVEN = [
  "10.0.0.10",
  "10.0.0.11",
  "10.0.0.12",
  "10.0.1.10",
  "10.0.2.10",
  "192.0.2.10",
] as const;

type Name = (typeof NAMES)[number];
type ClassName = (typeof CLASS_NAMES)[number];
type PoolName = (typeof POOL_NAMES)[number];
type RoleName = (typeof ROLE_NAMES)[number];

/** What a manifest says of the endpoint. "pool": an address that a pool may have, or somebody else. */
export type Given =
  | "nothing"
  | "host"
  | "variable"
  | "both"
  | "pool host"
  | "pool variable"
  | "pool both"
  | "two different"
  | "inside its own network"
  | "a list of variables"
  | "no topology"
  | "pool host, no topology";

/** What a manifest says of the ingress. */
export type GivenIngress = "nothing" | "variable" | "pool variable" | "the endpoint's" | "off";

export type UserCommand =
  | {
      readonly do: "create";
      readonly name: Name;
      readonly of: ClassName;
      readonly given: Given;
      readonly ingress: GivenIngress;
      /** Which address, where it is one of a pool. */
      readonly at: number;
      readonly by: number;
      readonly ends: "stored" | "refused" | "dry-run";
    }
  | { readonly do: "restore"; readonly name: Name; readonly by: number }
  | { readonly do: "apply"; readonly name: Name; readonly how: "client-side" | "server-side" | "replace" }
  | { readonly do: "rebase"; readonly name: Name; readonly to: ClassName; readonly how: "patch" | "apply" }
  | { readonly do: "pause"; readonly name: Name; readonly how: "field" | "annotation"; readonly on: boolean }
  | { readonly do: "delete"; readonly name: Name; readonly how: "Background" | "Foreground" | "Orphan" }
  | { readonly do: "note"; readonly name: Name; readonly what: keyof typeof NOTES }
  | {
      readonly do: "change";
      readonly name: Name;
      readonly what: keyof typeof CHANGES;
      readonly at: number;
      readonly allowed: boolean;
    }
  | { readonly do: "delete claim"; readonly name: Name; readonly of: RoleName }
  | { readonly do: "delete address"; readonly name: Name; readonly of: RoleName }
  | { readonly do: "write variable"; readonly name: Name }
  | {
      readonly do: "stranger";
      readonly name: Name;
      readonly of: RoleName;
      readonly what: "comes" | "goes";
    }
  | { readonly do: "pool"; readonly name: PoolName; readonly what: keyof typeof POOL_CHANGES }
  | ({ readonly do: "class"; readonly name: ClassName } & Shape)
  | { readonly do: "class goes"; readonly name: ClassName }
  | { readonly do: "nonsense"; readonly on: boolean };

const roleOf = (name: RoleName): Role => (name === INGRESS.name ? INGRESS : CONTROL_PLANE);

/** Annotations that people set and take away. */
export const NOTES = {
  release: { [HOLD]: RELEASED },
  "take the hold away": { [HOLD]: undefined },
  "take the pause away": { [PAUSED]: undefined },
  "apply late": { [APPLY_LATE]: "true" },
  "move away": { [DELETE_FOR_MOVE]: "" },
  "opt out": { [CONTROL_PLANE.optOut]: "false" },
  "opt in": { [CONTROL_PLANE.optOut]: undefined },
  "ingress off": { [INGRESS.optOut]: "false" },
  "ingress on": { [INGRESS.optOut]: undefined },
  "give the former VIP back": { [CONTROL_PLANE.replaced]: undefined },
  "give the former ingress back": { [INGRESS.replaced]: undefined },
  "forget the ingress": { [INGRESS.annotation]: undefined },
} as const;

type ClusterChange = (cluster: ClusterObject, address: string) => ClusterObject;
const withHost: ClusterChange = (cluster, host) => ({
  ...cluster,
  spec: { ...cluster.spec, controlPlaneEndpoint: { ...cluster.spec.controlPlaneEndpoint, host } },
});

/** Another address, written by hand. */
export const CHANGES = {
  host: withHost,
  variable: (cluster, address) => withVariable(cluster, CONTROL_PLANE, address),
  both: (cluster, address) => withVariable(withHost(cluster, address), CONTROL_PLANE, address),
  "ingress variable": (cluster, address) => withVariable(cluster, INGRESS, address),
  "ingress annotation": (cluster, address) => withNotes(cluster, { [INGRESS.annotation]: address }),
} as const satisfies Record<string, ClusterChange>;

type PoolChange = (pool: KubeObject) => KubeObject;
const label =
  (key: string, value: string): PoolChange =>
  (pool) => ({ ...pool, metadata: { ...pool.metadata, labels: { ...pool.metadata.labels, [key]: value } } });
const annotate =
  (key: string, value: string | undefined): PoolChange =>
  (pool) =>
    withNotes(pool, { [key]: value });
const having =
  (addresses: (name: PoolName) => string[]): PoolChange =>
  (pool) => ({
    ...pool,
    spec: { ...(pool["spec"] as object), addresses: addresses(pool.metadata.name as PoolName) },
  });
const holding = (count: number): PoolChange => having((name) => addressesFor(name).slice(0, count));
const both =
  (...changes: readonly PoolChange[]): PoolChange =>
  (pool) =>
    changes.reduce((changed, change) => change(changed), pool);
/** A label that names many has them in the annotation of the same key. */
const listing = (key: string, names: string): PoolChange => both(label(key, "true"), annotate(key, names));

export const POOL_CHANGES = {
  comes: undefined,
  goes: undefined,
  "is emptied": holding(0),
  shrinks: holding(1),
  grows: holding(3),
  "serves c1": label(CLASS_LABEL, "c1"),
  "serves c2": label(CLASS_LABEL, "c2"),
  "serves both classes": listing(CLASS_LABEL, "c1, c2"),
  "serves control planes": label(ROLE_LABEL, CONTROL_PLANE.name),
  "serves the ingress": label(ROLE_LABEL, INGRESS.name),
  "serves both roles": listing(ROLE_LABEL, ROLES.map(({ name }) => name).join(",")),
  "has what the first one has": having(() => addressesFor("own")),
  "is disabled": annotate(DISABLED, "true"),
  "is enabled": annotate(DISABLED, undefined),
  "is paused": annotate(PAUSED, "true"),
  "is unpaused": annotate(PAUSED, undefined),
} as const;

const addressesFor = (name: PoolName): string[] =>
  [0, 1, 2].map((index) => `10.0.${POOL_NAMES.indexOf(name)}.${10 + index}`);

const poolKind = (name: PoolName): Resource => (name === "global" ? GLOBAL_POOLS : POOLS);
const place = (of: Resource): string | undefined => (of.namespaced ? NAMESPACE : undefined);

export function makePool(world: World, name: PoolName): void {
  const of = poolKind(name);
  const role = name === "edge" ? INGRESS : CONTROL_PLANE;
  const pool = poolObject(name, "c1", role, addressesFor(name).slice(0, name === "own" ? 2 : 1));
  world.as("user", () => world.try(() => world.server.create(of, place(of), pool)));
}

export function makeClass(world: World, name: ClassName, shape: Shape): void {
  const now = world.server.find(CLASSES, NAMESPACE, name);
  if (!now)
    return world.as("user", () => void world.server.create(CLASSES, NAMESPACE, classObject(name, shape)));
  // Cluster API refuses a class to forget a variable that a Cluster sets.
  const users = world.server.list(CLUSTERS).filter((cluster) => classNameOf(cluster) === name);
  const forgets = ROLES.filter((role) =>
    ["without", "odd"].includes(role.isEndpoint ? shape.endpoint : shape.ingress),
  );
  if (users.some((cluster) => forgets.some((role) => variableOf(cluster, role) !== undefined))) return;
  world.as("user", () => {
    const after = world.server.update(CLASSES, { ...now, spec: classObject(name, shape)["spec"] });
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

/** Addresses that users bring, from no pool. */
const hostBy = (name: Name): string => `192.0.2.${10 + NAMES.indexOf(name)}`;
const ingressBy = (name: Name): string => `192.0.2.${20 + NAMES.indexOf(name)}`;
const given = (at: number): string => ADDRESSES_GIVEN[at % ADDRESSES_GIVEN.length] ?? "";

const HOSTS: readonly Given[] = [
  "host",
  "both",
  "two different",
  "pool host",
  "pool both",
  "pool host, no topology",
  "inside its own network",
];

type Creation = UserCommand & { readonly do: "create" };
interface Variable {
  readonly name: string;
  readonly value: unknown;
}

function variablesFor(host: string, { given: what, name, ingress, at }: Creation): Variable[] {
  const endpoint = {
    variable: host,
    both: host,
    "pool variable": host,
    "pool both": host,
    "two different": "192.0.2.99",
  }[what as string];
  const other = { variable: ingressBy(name), "pool variable": given(at + 1), "the endpoint's": host }[
    ingress as string
  ];
  return [
    ...(endpoint === undefined ? [] : [{ name: CONTROL_PLANE.variable, value: endpoint }]),
    ...(other === undefined ? [] : [{ name: INGRESS.variable, value: other }]),
    ...(what === "a list of variables" ? [{ name: "region", value: "north" }] : []),
  ];
}

function manifestOf(command: Creation): ClusterObject {
  const { name, of, given: what, ingress, at } = command;
  const host = what.startsWith("pool") ? given(at) : hostBy(name);
  const variables = variablesFor(host, command);
  const isInside = what === "inside its own network";
  return {
    metadata: {
      namespace: NAMESPACE,
      name,
      ...(ingress === "off" && { annotations: { [INGRESS.optOut]: "false" } }),
    },
    spec: {
      ...(isInside && { clusterNetwork: { pods: { cidrBlocks: ["192.0.2.0/24"] } } }),
      ...(HOSTS.includes(what) && { controlPlaneEndpoint: { host, port: 6443 } }),
      ...(!what.endsWith("no topology") && {
        topology: { classRef: { name: of }, ...(variables.length > 0 && { variables }) },
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

/** Every address that a Cluster says somewhere. */
const vipsOf = (cluster: ClusterObject): string[] =>
  ROLES.flatMap((role) => [vipOf(cluster, role), variableOf(cluster, role)]).filter(
    (address) => typeof address === "string" && address !== "",
  ) as string[];

function remember(all: Map<string, Set<string>>, name: Name, addresses: readonly string[]): void {
  all.set(name, new Set([...(all.get(name) ?? []), ...addresses]));
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
        return makeClass(this.world, command.name, command);
      case "nonsense":
        this.world.provider.talksNonsense = command.on;
        return undefined;
      case "delete claim":
        return this.#deleteByHand(CLAIMS, command);
      case "delete address":
        return this.#deleteByHand(ADDRESSES, command);
      case "stranger":
        return this.#stranger(command);
      default:
        return this.#onCluster(command);
    }
  }

  #create(command: Creation): void {
    const { name, by, ends } = command;
    const { written, rewritten } = this.world;
    const manifest = manifestOf(command);
    this.#manifests.set(name, manifest);
    if (!this.world.isKnown(name)) for (const told of [written, rewritten]) told.delete(name);
    remember(written, name, vipsOf(manifest));
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
    const before = vipsOf(live);
    const isNews = (address: string): boolean => !before.includes(address);
    const news = command.do === "change" ? [given(command.at)] : vipsOf(after).filter(isNews);
    for (const told of [this.world.written, this.world.rewritten]) remember(told, command.name, news);
    this.world.as("user", () => this.world.try(() => server.update(CLUSTERS, after)));
  }

  #changed(
    live: ClusterObject,
    command: UserCommand & { do: "apply" | "rebase" | "pause" | "note" | "change" | "write variable" },
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
      case "change": {
        const address = given(command.at);
        const changed = CHANGES[command.what](live, address);
        return command.allowed ? withNotes(changed, { [ALLOW_CHANGE]: address }) : changed;
      }
      case "write variable":
        return withVariable(live, CONTROL_PLANE, hostBy(command.name));
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
  #deleteByHand(of: Resource, { name, of: role }: { name: Name; of: RoleName }): void {
    const { server } = this.world;
    const claim = claimName(roleOf(role), name);
    const address = server.find(ADDRESSES, NAMESPACE, claim);
    const cluster = server.find(CLUSTERS, NAMESPACE, name);
    if (!address?.metadata.finalizers?.includes(IN_USE)) {
      this.world.untouched.add(name);
      if (cluster) this.world.tampered.add(cluster.metadata.uid ?? "");
    }
    this.world.as("user", () => this.world.try(() => server.delete(of, NAMESPACE, claim)));
  }

  /** A claim of the name we need, by somebody who does not speak our contract. */
  #stranger({ name, of, what }: UserCommand & { do: "stranger" }): void {
    const { server } = this.world;
    const claim = claimName(roleOf(of), name);
    const now = server.find(CLAIMS, NAMESPACE, claim);
    this.world.as("user", () => {
      if (what === "comes" && !now) {
        this.world.strangers.add(claim);
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

function withVariable(cluster: ClusterObject, { variable }: Role, value: string): ClusterObject {
  const { topology } = cluster.spec;
  if (!topology) return cluster;
  const others = topology.variables?.filter(({ name }) => name !== variable) ?? [];
  const variables = [...others, { name: variable, value }];
  return { ...cluster, spec: { ...cluster.spec, topology: { ...topology, variables } } };
}

const withClass = (cluster: ClusterObject, name: ClassName): ClusterObject =>
  cluster.spec.topology
    ? { ...cluster, spec: { ...cluster.spec, topology: { ...cluster.spec.topology, classRef: { name } } } }
    : cluster;
