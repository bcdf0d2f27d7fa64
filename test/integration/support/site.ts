/** One namespace of a management cluster, in the words of those who work with it. */
import {
  claim as claimManifest,
  cluster as clusterManifest,
  labClass,
  namespace as namespaceManifest,
  pool as poolManifest,
  toYaml,
  type ClassOptions,
  type ClusterOptions,
  type KubeObject,
  type PoolOptions,
} from "../../../sandbox/fixtures";
import type { KubectlOptions, KubectlResult } from "../../../sandbox/sandbox";
import type { Answer, ApiServer, WriteOptions } from "./api-server";
import { eventually } from "./eventually";
import type { ManagementCluster } from "./management-cluster";
import {
  ADDRESSES,
  CLAIMS,
  CLASSES,
  CLUSTERS,
  CONTROL_PLANES,
  INFRA_CLUSTERS,
  POOLS,
  resourceOf,
  type Address,
  type Claim,
  type Cluster,
  type Condition,
  type InfraCluster,
  type KubeadmControlPlane,
  type Resource,
  type Stored,
} from "./shapes";

export const VIP_ANNOTATION = "vip.capi.gorizond.io/control-plane-vip";
export const HOLD_ANNOTATION = "vip.capi.gorizond.io/hold";
export const PAUSED_ANNOTATION = "cluster.x-k8s.io/paused";
export const CONTROL_PLANE_READY = "ControlPlaneVIPReady";
export const IN_USE = "vip.capi.gorizond.io/in-use";
export const OUR_PAUSE = "vip.capi.gorizond.io/hold";

/** Somebody else's finalizer; keeps an object terminating for as long as a test needs it. */
export const STAY = "test.example.com/stay";

/** What Cluster API made of a Cluster. */
export interface Rendered {
  readonly cluster: Cluster;
  readonly infrastructure: InfraCluster;
  readonly controlPlane: KubeadmControlPlane;
}

type ClusterWish = Omit<ClusterOptions, "namespace">;
type ClassWish = Omit<ClassOptions, "namespace">;

export class Site {
  private constructor(
    private readonly management: ManagementCluster,
    readonly namespace: string,
    /** The first three numbers of its own addresses: pools that overlap are a matter of their own. */
    private readonly range: string,
    /** The revision from which on histories are read. */
    private readonly since: string,
  ) {}

  static async open(management: ManagementCluster, namespace: string, range: string): Promise<Site> {
    const manifest = namespaceManifest(namespace);
    const { object } = await management.api.create<Stored>(resourceOf(manifest), manifest);
    return new Site(management, namespace, range, object.metadata.resourceVersion);
  }

  get api(): ApiServer {
    return this.management.api;
  }

  // ---- What an administrator prepares ----------------------------------------------------------

  /**
   * A ClusterClass, by default with a `clusterVip` whose default is ""; ready when this returns. It knows
   * an optional variable `region` too, so that a manifest can have a list of variables of its own, and its
   * infrastructure has a field besides the endpoint, as every real one has.
   */
  async hasClass(options: ClassWish = {}): Promise<void> {
    const objects = labClass({ ...options, namespace: this.namespace })
      .map(withRegion)
      .map(withZone);
    await Promise.all(objects.map((object) => this.api.apply(resourceOf(object), object, { force: true })));
    await this.classIsReady(options.name ?? "lab");
  }

  /** Cluster API checks variables only against a class that it has read. */
  async classIsReady(name: string): Promise<void> {
    await eventually(
      async () => {
        const { metadata, status } = await this.api.get<ReadClass>(CLASSES, this.namespace, name);
        return status?.observedGeneration === metadata.generation;
      },
      { withinMs: 30_000, what: `Cluster API to read the ClusterClass ${name}` },
    );
  }

  /** A pool in this namespace, by default for the class `lab` and the control plane. */
  async hasPool(options: Omit<PoolOptions, "namespace"> = {}): Promise<KubeObject> {
    const addresses = [this.span(10, 250)];
    return this.put(poolManifest({ clusterClass: "lab", addresses, ...options, namespace: this.namespace }));
  }

  async hasGlobalPool(options: Omit<PoolOptions, "namespace">): Promise<KubeObject> {
    return this.put(poolManifest(options));
  }

  async hasClassAndPool(options: ClassWish & { readonly addresses?: readonly string[] } = {}): Promise<void> {
    const { addresses, ...wish } = options;
    const clusterClass = wish.name ?? "lab";
    await Promise.all([this.hasClass(wish), this.hasPool({ clusterClass, ...(addresses && { addresses }) })]);
  }

  /** What an administrator writes on a pool of this namespace later. */
  async markPool(name: string, marks: PoolMarks): Promise<void> {
    await this.api.merge(POOLS, this.at(name), { metadata: marks });
  }

  /** An address of the pool is taken by somebody who is no Cluster; waits until the provider has counted it. */
  async occupies(pool: KubeObject, name: string): Promise<void> {
    await this.put(claimManifest({ name, namespace: this.namespace, pool }));
    await eventually(() => this.api.find<Address>(ADDRESSES, this.namespace, name));
  }

  /** Waits until the IPAM provider has counted that so many addresses of a pool are free. */
  async hasFree(pool: string, free: number): Promise<void> {
    await eventually(
      async () => {
        const { status } = await this.api.get<ReadPool>(POOLS, this.namespace, pool);
        return status?.ipAddresses?.free === free;
      },
      { withinMs: 30_000, what: `${free} addresses to be free in the pool ${this.namespace}/${pool}` },
    );
  }

  /** Creates or changes any object. */
  async put(object: KubeObject): Promise<KubeObject> {
    await this.api.apply(resourceOf(object), object, { force: true });
    return object;
  }

  /** An address that no other namespace has; the pool of this one gives 10 to 250. */
  address(host: number): string {
    return `${this.range}.${host}`;
  }

  span(first: number, last: number): string {
    return `${this.address(first)}-${this.address(last)}`;
  }

  // ---- What a user does ------------------------------------------------------------------------

  manifest(wish: ClusterWish): KubeObject {
    return clusterManifest({ ...wish, namespace: this.namespace });
  }

  /** The answer of the API server is the first revision that is stored. */
  createCluster(wish: ClusterWish, options?: WriteOptions): Promise<Answer<Cluster>> {
    const manifest = this.manifest(wish);
    return this.api.create<Cluster>(resourceOf(manifest), manifest, options);
  }

  deleteCluster(name: string, options: object = {}): Promise<void> {
    return this.api.delete(CLUSTERS, this.at(name), options);
  }

  /** From now on the object, once it is deleted, goes only when `letGo` says so. */
  async lingers(name: string, of = CLUSTERS): Promise<void> {
    // Who puts the first finalizer there, Cluster API or the provider, writes the whole list.
    await eventually(
      async () => (await this.api.get<Stored>(of, this.namespace, name)).metadata.finalizers?.length,
      { withinMs: 30_000, what: `a finalizer on ${of.plural} ${this.namespace}/${name}` },
    );
    await this.api.patch(of, this.at(name), [{ op: "add", path: "/metadata/finalizers/-", value: STAY }]);
  }

  async letGo(name: string, of = CLUSTERS): Promise<void> {
    await eventually(
      async () => {
        const { metadata } = await this.api.get<Stored>(of, this.namespace, name);
        const { finalizers = [], resourceVersion } = metadata;
        const others = finalizers.filter((finalizer) => finalizer !== STAY);
        await this.api.merge(of, this.at(name), { metadata: { finalizers: others, resourceVersion } });
        return true;
      },
      { withinMs: 30_000, what: `the finalizers of ${of.plural} ${this.namespace}/${name} to be written` },
    );
  }

  annotate(name: string, annotations: Readonly<Record<string, string | null>>): Promise<Answer<Cluster>> {
    return this.api.merge<Cluster>(CLUSTERS, this.at(name), { metadata: { annotations } });
  }

  label(name: string, labels: Readonly<Record<string, string | null>>): Promise<Answer<Cluster>> {
    return this.api.merge<Cluster>(CLUSTERS, this.at(name), { metadata: { labels } });
  }

  /** kubectl with the manifests as its input. */
  kubectl(
    args: readonly string[],
    manifests: readonly KubeObject[] = [],
    options: KubectlOptions = {},
  ): Promise<KubectlResult> {
    return this.management.kubectl(["-n", this.namespace, ...args], {
      ...(manifests.length > 0 && { input: toYaml(...manifests) }),
      ...options,
    });
  }

  // ---- What there is ---------------------------------------------------------------------------

  at(name: string): { readonly namespace: string; readonly name: string } {
    return { namespace: this.namespace, name };
  }

  clusterOf(name: string): Promise<Cluster> {
    return this.api.get<Cluster>(CLUSTERS, this.namespace, name);
  }

  claimOf(name: string): Promise<Claim | undefined> {
    return this.api.find<Claim>(CLAIMS, this.namespace, claimName(name));
  }

  addressOf(name: string): Promise<Address | undefined> {
    return this.api.find<Address>(ADDRESSES, this.namespace, claimName(name));
  }

  /** Waits until claim and address are the Cluster's own and nothing is left to be written on them. */
  adopted(name: string): Promise<Claim> {
    return eventually(
      async () => {
        const [claim, address] = await Promise.all([this.claimOf(name), this.addressOf(name)]);
        const labelled = claim?.metadata.labels?.["cluster.x-k8s.io/cluster-name"] === name;
        return labelled && address?.metadata.finalizers?.includes(IN_USE) ? claim : undefined;
      },
      { withinMs: 30_000, what: `the claim of ${this.namespace}/${name} to be adopted` },
    );
  }

  /** Its control plane answers: whatever is rendered anew from now on replaces machines. */
  async starts(name: string): Promise<void> {
    await this.rendered(name);
    await this.api.mergeStatus(CLUSTERS, this.at(name), {
      status: { initialization: { controlPlaneInitialized: true } },
    });
  }

  claims(): Promise<Claim[]> {
    return this.api.list<Claim>(CLAIMS, this.namespace);
  }

  addresses(): Promise<Address[]> {
    return this.api.list<Address>(ADDRESSES, this.namespace);
  }

  async infrastructureOf(name: string): Promise<InfraCluster | undefined> {
    const ref = (await this.clusterOf(name)).spec.infrastructureRef;
    return ref && this.api.find<InfraCluster>(INFRA_CLUSTERS, this.namespace, ref.name);
  }

  async controlPlaneOf(name: string): Promise<KubeadmControlPlane | undefined> {
    const ref = (await this.clusterOf(name)).spec.controlPlaneRef;
    return ref && this.api.find<KubeadmControlPlane>(CONTROL_PLANES, this.namespace, ref.name);
  }

  /** Waits until Cluster API has rendered the Cluster as it is now, and is through with it. */
  rendered(name: string, withinMs = 30_000): Promise<Rendered> {
    return eventually(
      async () => {
        const cluster = await this.clusterOf(name);
        expectTopologyReconciled(cluster);
        const [infrastructure, controlPlane] = await Promise.all([
          this.infrastructureOf(name),
          this.controlPlaneOf(name),
        ]);
        return infrastructure && controlPlane && { cluster, infrastructure, controlPlane };
      },
      { withinMs, what: `Cluster API to render ${this.namespace}/${name}` },
    );
  }

  /** Waits until nothing keeps the Cluster from being rendered any more, and it has a VIP. */
  completed(name: string, withinMs = 30_000): Promise<Cluster> {
    return eventually(
      async () => {
        const cluster = await this.clusterOf(name);
        if (isHeld(cluster)) throw new Error(`it is held: ${annotationOf(cluster, HOLD_ANNOTATION)}`);
        return vipOf(cluster) === undefined ? undefined : cluster;
      },
      { withinMs, what: `the hold of ${this.namespace}/${name} to end with a VIP` },
    );
  }

  /** Waits until the Cluster is held for this reason. */
  held(name: string, reason: string, withinMs = 30_000): Promise<Cluster> {
    return eventually(
      async () => {
        const cluster = await this.clusterOf(name);
        expect(cluster.metadata.annotations).toMatchObject({
          [HOLD_ANNOTATION]: reason,
          [PAUSED_ANNOTATION]: OUR_PAUSE,
        });
        return cluster;
      },
      { withinMs, what: `${this.namespace}/${name} to be held for ${reason}` },
    );
  }

  /** Waits until one of our conditions says this of the Cluster as it is now. */
  says(name: string, status: string, reason: string, type = CONTROL_PLANE_READY): Promise<Condition> {
    return eventually(
      async () => {
        const cluster = await this.clusterOf(name);
        const condition = conditionOf(cluster, type);
        expect(condition).toMatchObject({
          status,
          reason,
          observedGeneration: cluster.metadata.generation,
        });
        return condition;
      },
      { withinMs: 30_000, what: `${type} of ${this.namespace}/${name} to be ${status} for ${reason}` },
    );
  }

  /** Waits until Cluster API has seen that the Cluster is paused: from then on it leaves it alone. */
  seenPaused(name: string): Promise<Cluster> {
    return eventually(
      async () => {
        const cluster = await this.clusterOf(name);
        expect(cluster.status?.conditions).toContainEqual(
          expect.objectContaining({ type: "Paused", status: "True" }),
        );
        return cluster;
      },
      { withinMs: 30_000, what: `Cluster API to see that ${this.namespace}/${name} is paused` },
    );
  }

  gone(of: Resource, name: string, withinMs = 30_000): Promise<true> {
    return eventually(
      async () => (await this.api.find<Stored>(of, this.namespace, name)) === undefined || undefined,
      { withinMs, what: `${of.plural} ${this.namespace}/${name} to be gone` },
    ) as Promise<true>;
  }

  /** Every revision of an object that was ever stored, oldest first. */
  history<T extends Stored>(of: Resource, name: string): Promise<T[]> {
    return this.api.history<T>(of, this.at(name), this.since);
  }
}

function withRegion(object: KubeObject): KubeObject {
  if (object.kind !== "ClusterClass") return object;
  const spec = object["spec"] as { variables?: unknown[] };
  const region = { name: "region", required: false, schema: { openAPIV3Schema: { type: "string" } } };
  return { ...object, spec: { ...spec, variables: [...(spec.variables ?? []), region] } };
}

/** Without it a rebase that takes the endpoint out would leave a spec of null, which is invalid. */
const withZone = (object: KubeObject): KubeObject =>
  object.kind === "LabClusterTemplate"
    ? { ...object, spec: { template: { spec: { zone: "one" } } } }
    : object;

interface ReadPool extends Stored {
  readonly status?: { readonly ipAddresses?: { readonly free: number } };
}

/** Null takes one off. */
interface PoolMarks {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string | null>>;
}

interface ReadClass extends Stored {
  readonly status?: { readonly observedGeneration?: number };
}

export const claimName = (cluster: string): string => `vip-cp-${cluster}`;

/** The VIP of a Cluster: the host of its endpoint. */
export const vipOf = ({ spec }: Cluster): string | undefined => spec.controlPlaneEndpoint?.host || undefined;

/** What the topology variable says. */
export const variableOf = ({ spec }: Cluster, name = "clusterVip"): unknown =>
  spec.topology?.variables?.find((variable) => variable.name === name)?.value;

export const annotationOf = ({ metadata }: Stored, key: string): string | undefined =>
  metadata.annotations?.[key];

export const conditionOf = ({ status }: Cluster, type = CONTROL_PLANE_READY): Condition | undefined =>
  status?.conditions?.find((one) => one.type === type);

/** Held by us and paused for it, as admission writes it. */
export const isHeld = ({ metadata: { annotations = {} } }: Cluster): boolean => {
  const hold = annotations[HOLD_ANNOTATION];
  return (hold !== undefined && hold !== "released") || annotations[PAUSED_ANNOTATION] === OUR_PAUSE;
};

/** The names in the API server's certificate, where the class puts the VIP. */
export const certificateNames = ({ spec }: KubeadmControlPlane): readonly string[] =>
  spec.kubeadmConfigSpec.clusterConfiguration?.apiServer?.certSANs ?? [];

export function expectTopologyReconciled({ metadata, status }: Cluster): void {
  const condition = status?.conditions?.find(({ type }) => type === "TopologyReconciled");
  const { generation } = metadata;
  expect(condition).toMatchObject({ status: "True", observedGeneration: generation });
}

/** Rendered once, and with the VIP from the first revision on. */
export function expectRenderedOnceWith(vip: string, { infrastructure, controlPlane }: Rendered): void {
  expect(infrastructure.spec?.controlPlaneEndpoint).toEqual({ host: vip, port: 6443 });
  expect(certificateNames(controlPlane)).toContain(vip);
  expect([infrastructure.metadata.generation, controlPlane.metadata.generation]).toEqual([1, 1]);
}
