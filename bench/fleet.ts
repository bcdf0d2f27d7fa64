/**
 * How do thousands of Clusters come to be there in the state they have when all is settled?
 *
 * One real Cluster goes through module, Cluster API and provider. Then all controllers but the API server's
 * own end, their webhooks are taken away, and copies of the Cluster, its claim and its address are stored:
 * with names, addresses and UIDs of their own, owner references among them, status, finalizers and
 * annotations. Nobody can tell them from Clusters that came one after the other.
 */
import { eventually } from "../test/integration/support/eventually";
import {
  ADDRESSES,
  CLAIMS,
  CLUSTERS,
  resourceOf,
  type Address,
  type Claim,
  type Cluster,
  type Resource,
  type Stored,
} from "../test/integration/support/shapes";
import { isWrite } from "./audit-tail";
import { Crowd } from "./crowd";
import type { Lab } from "./lab";
import { clusterIn, hostOf, openRoom, type Room } from "./room";

export const MODEL = "model";
/** Requests that are under way at the same time. */
export const AT_ONCE = 64;

const CONTROLLERS = ["controller-manager", "capi-core", "capi-bootstrap", "capi-control-plane", "ipam"];
const LABEL = "cluster.x-k8s.io/cluster-name";

/** One Cluster and what we made for it, as stored. */
interface Family {
  readonly cluster: Cluster;
  readonly claim: Claim;
  readonly address: Address;
}

export class Fleet {
  #clusters = 1;
  #foreign = 0;

  private constructor(
    private readonly crowd: Crowd,
    private readonly room: Room,
    private readonly model: Family,
  ) {}

  /** The one Cluster that came by itself, and nobody left who would touch the copies. */
  static async found(lab: Lab): Promise<Fleet> {
    const room = await openRoom(lab, "fleet", "10.30");
    const model = await settledModel(lab, room);
    for (const name of CONTROLLERS) await lab.sandbox.process(name).stop();
    await removeWebhooks(lab);
    return new Fleet(await Crowd.of(lab.sandbox.kubeconfig, AT_ONCE), room, model);
  }

  get clusters(): number {
    return this.#clusters;
  }

  get foreign(): number {
    return this.#foreign;
  }

  async growTo(clusters: number): Promise<void> {
    await this.#each(this.#clusters, clusters, async (index) => {
      await this.#copy(index);
      this.#clusters += 1;
    });
  }

  /** IPAddresses that have nothing to do with us, in another namespace. */
  async addForeign(addresses: number, withinMs: number): Promise<void> {
    const { address } = this.model;
    const deadline = Date.now() + withinMs;
    await this.#each(this.#foreign, addresses, async (index) => {
      if (Date.now() > deadline) return;
      await this.crowd.at(index).create(ADDRESSES, foreignAddress(address, index));
      this.#foreign += 1;
    });
  }

  close(): void {
    this.crowd.close();
  }

  /** Every index from `from` to `to`, so many at once as there are connections. */
  async #each(from: number, to: number, work: (index: number) => Promise<void>): Promise<void> {
    let next = from;
    const worker = async (): Promise<void> => {
      while (next < to) await work(next++);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  }

  /** Owners before what they own: the UIDs are the API server's. */
  async #copy(index: number): Promise<void> {
    const api = this.crowd.at(index);
    const texts = textsOf(this.model, index);
    const cluster = await this.#store<Cluster>(CLUSTERS, texts(this.model.cluster), index);
    const owned = <T extends Stored>(object: T, owner: Stored): Copy =>
      ownedBy(texts(object), owner.metadata.uid, this.model);
    const claim = await this.#store<Claim>(CLAIMS, owned(this.model.claim, cluster), index);
    const address = owned(this.model.address, cluster);
    await api.create(ADDRESSES, withUid(address, this.model.claim.metadata.uid, claim.metadata.uid));
  }

  /** Status is a write of its own. */
  async #store<T extends Stored>(of: Resource, copy: Copy, index: number): Promise<T> {
    const api = this.crowd.at(index);
    const { status, ...object } = copy;
    const created = await api.create<T>(of, object);
    await api.mergeStatus(of, copy.metadata, { status });
    return created.object;
  }
}

type Copy = {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly status?: unknown;
  readonly [field: string]: unknown;
};

async function settledModel(lab: Lab, room: Room): Promise<Family> {
  const { api, audit } = lab;
  const { namespace } = room;
  const manifest = clusterIn(room, MODEL);
  await api.create(resourceOf(manifest), manifest);
  const claimName = `vip-cp-${MODEL}`;
  await eventually(
    async () => {
      const claim = await api.find<Claim>(CLAIMS, namespace, claimName);
      const cluster = await api.get<Cluster>(CLUSTERS, namespace, MODEL);
      return claim?.metadata.labels?.[LABEL] === MODEL && cluster.spec.controlPlaneRef !== undefined;
    },
    { withinMs: 60_000, what: "the model to be adopted and rendered" },
  );
  await audit.quiet(isWrite, { forMs: 2000, withinMs: 60_000, what: "the model" });
  const [cluster, claim, address] = await Promise.all([
    api.get<Cluster>(CLUSTERS, namespace, MODEL),
    api.get<Claim>(CLAIMS, namespace, claimName),
    api.get<Address>(ADDRESSES, namespace, claimName),
  ]);
  return { cluster, claim, address };
}

/** They would be called, and nobody is left to answer. Ours stay: their conditions leave Clusters out that have been rendered. */
async function removeWebhooks({ api }: Lab): Promise<void> {
  for (const plural of ["mutatingwebhookconfigurations", "validatingwebhookconfigurations"]) {
    const of: Resource = { group: "admissionregistration.k8s.io", version: "v1", plural };
    const all = await api.list<Stored>(of);
    const others = all.filter(({ metadata }) => !metadata.name.startsWith("pepr-"));
    await Promise.all(others.map(({ metadata }) => api.delete(of, { name: metadata.name })));
  }
}

/** The object with the copy's names and address, and without what only the API server may say. */
function textsOf({ cluster }: Family, index: number): (object: Stored) => Copy {
  const name = `fleet${index}`;
  const host = hostOf(cluster) ?? "";
  const address = addressOf(31, index);
  return (object) => {
    const { metadata, ...rest } = object;
    const { uid: _u, resourceVersion: _r, generation: _g, managedFields: _m, ...kept } = metadata;
    const text = JSON.stringify({ ...rest, metadata: kept });
    // The model's name also begins the names of its infrastructure and control plane, as it would for the copy.
    const pattern = new RegExp(`\\b${MODEL}\\b`, "g");
    return JSON.parse(text.replace(pattern, name).replaceAll(`"${host}"`, `"${address}"`)) as Copy;
  };
}

/** Everything that named the model Cluster's UID names the owner's now: owner reference and annotation. */
const ownedBy = (copy: Copy, uid: string, model: Family): Copy =>
  withUid(copy, model.cluster.metadata.uid, uid);

const withUid = (copy: Copy, from: string, to: string): Copy =>
  JSON.parse(JSON.stringify(copy).replaceAll(from, to)) as Copy;

/** In a pool of 65,000, so that 50,000 fit beside each other. */
const addressOf = (second: number, index: number): string =>
  `10.${second + Math.floor(index / 60_000)}.${Math.floor((index % 60_000) / 250)}.${(index % 250) + 1}`;

function foreignAddress({ apiVersion, kind, spec }: Address, index: number): Copy {
  const name = `foreign${index}`;
  const poolRef = { ...spec.poolRef, name: "foreign" };
  return {
    apiVersion,
    kind,
    metadata: { name, namespace: "foreign" },
    spec: { ...spec, address: addressOf(40, index), claimRef: { name }, poolRef },
  };
}
