/** What becomes of so many Clusters that are created at the same moment? */
import { eventually } from "../test/integration/support/eventually";
import {
  CLUSTERS,
  CONTROL_PLANES,
  INFRA_CLUSTERS,
  type Cluster,
  type InfraCluster,
  type KubeadmControlPlane,
  type Resource,
  type Stored,
} from "../test/integration/support/shapes";
import { ticker } from "../sandbox/progress";
import { isOfModule, isOfProvider, isWrite, tally } from "./audit-tail";
import { patienceMs, type Site } from "./bare-claims";
import { Follow } from "./follow";
import { processorUse, type Used } from "./processor";
import { clusterIn, hostOf, isComplete, type Room } from "./room";

export interface ManyClusters {
  readonly seconds: number;
  /** When each was complete, in seconds, in order. */
  readonly completions: readonly number[];
  /** Stored without a VIP, held, and completed later. */
  readonly held: number;
  /** What the API server said to those it did not store. */
  readonly refused: readonly string[];
  /** Without a VIP when nobody waits any longer. */
  readonly incomplete: number;
  /** Not rendered when nobody waits any longer. */
  readonly unrendered: number;
  readonly duplicates: number;
  /** Whose infrastructure or control plane had no VIP in its first revision. */
  readonly renderedEmpty: number;
  /** From the first create until the last Cluster was complete. */
  readonly providerWrites: number;
  readonly writesByKind: Readonly<Record<string, number>>;
  readonly moduleRequests: Readonly<Record<string, number>>;
  /** Requests of the module that the API server had no room for (429). */
  readonly throttled: number;
  readonly processor: Used | undefined;
}

const TOO_MANY = 429;

/** Cluster API renders as it comes to it, long after the VIPs are there. */
const RENDERED_WITHIN_MS = 180_000;

export async function manyClusters(site: Site, room: Room): Promise<ManyClusters> {
  const { bench, lab, count } = site;
  const mark = lab.audit.mark();
  const watched = await Watched.open(lab.sandbox.kubeconfig, room);
  const used = processorUse(lab.sandbox);
  const started = performance.now();
  const { held, refused } = await createAll(site, room, watched);
  const stored = count - refused.length;
  const words = (): string => `${watched.complete.size} of ${stored} complete, ${held} were held`;
  const silence = ticker(bench.log, words);
  try {
    await watched.until(() => watched.complete.size === stored, patienceMs(count));
  } finally {
    silence();
  }
  const [processor, waited] = [used(), (performance.now() - started) / 1000];
  const writes = await lab.audit.since(mark, (request) => isOfProvider(request) && isWrite(request));
  const own = writes.filter(({ namespace }) => namespace === room.namespace);
  const requests = await lab.audit.since(mark, isOfModule);
  await watched.until(() => watched.rendered === stored, RENDERED_WITHIN_MS);
  watched.close();
  const completions = [...watched.complete.values()].map((at) => (at - started) / 1000);
  return {
    seconds: watched.complete.size === stored ? Math.max(...completions) : waited,
    completions: completions.sort((one, other) => one - other),
    ...{ held, refused },
    incomplete: stored - watched.complete.size,
    unrendered: stored - watched.rendered,
    duplicates: watched.hosts.size - new Set(watched.hosts.values()).size,
    renderedEmpty: watched.renderedEmpty,
    providerWrites: own.length,
    writesByKind: tally(own),
    moduleRequests: tally(requests),
    throttled: requests.filter(({ code }) => code === TOO_MANY).length,
    processor,
  };
}

async function createAll(
  { crowd, count }: Site,
  room: Room,
  watched: Watched,
): Promise<{ held: number; refused: string[] }> {
  const refused: string[] = [];
  let held = 0;
  await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      try {
        const { object } = await crowd.at(index).create<Cluster>(CLUSTERS, clusterIn(room, `burst${index}`));
        watched.seen(object, performance.now());
        if (!isComplete(object)) held += 1;
      } catch (error) {
        refused.push(String(error));
      }
    }),
  );
  return { held, refused };
}

/** What the namespace's watches have shown so far. */
class Watched {
  /** When each Cluster was complete. */
  readonly complete = new Map<string, number>();
  readonly hosts = new Map<string, string>();
  readonly #empty = new Set<string>();
  readonly #infrastructure = new Set<string>();
  readonly #controlPlanes = new Set<string>();
  readonly #follows: Follow[] = [];

  static async open(kubeconfig: string, { namespace, since }: Room): Promise<Watched> {
    const watched = new Watched();
    const follow = async <T extends Stored>(
      of: Resource,
      onlyAdded: boolean,
      told: (object: T, at: number) => void,
    ): Promise<void> => {
      watched.#follows.push(await Follow.open<T>({ kubeconfig, of, namespace, since, onlyAdded, told }));
    };
    await Promise.all([
      follow<Cluster>(CLUSTERS, false, (cluster, at) => watched.seen(cluster, at)),
      follow<InfraCluster>(INFRA_CLUSTERS, true, (one) => watched.#infrastructureMade(one)),
      follow<KubeadmControlPlane>(CONTROL_PLANES, true, (one) => watched.#controlPlaneMade(one)),
    ]);
    return watched;
  }

  seen(cluster: Cluster, at: number): void {
    const { name } = cluster.metadata;
    const host = hostOf(cluster);
    if (host !== undefined) this.hosts.set(name, host);
    if (isComplete(cluster) && !this.complete.has(name)) this.complete.set(name, at);
  }

  get renderedEmpty(): number {
    return this.#empty.size;
  }

  /** Clusters of which both halves are there. */
  get rendered(): number {
    return [...this.#infrastructure].filter((name) => this.#controlPlanes.has(name)).length;
  }

  /** Until it holds, or until nobody waits any longer: what is lacking then is counted, and no reason to forget the rest. */
  async until(condition: () => boolean, withinMs: number): Promise<void> {
    const deadline = Date.now() + withinMs;
    const isOver = (): boolean => condition() || Date.now() > deadline || this.#isBroken();
    await eventually(isOver, { withinMs: withinMs + 10_000, what: "a burst to be through" });
    for (const follow of this.#follows) follow.check();
  }

  close(): void {
    for (const follow of this.#follows) follow.close();
  }

  #isBroken(): boolean {
    return this.#follows.some(({ isBroken }) => isBroken);
  }

  #infrastructureMade({ metadata, spec }: InfraCluster): void {
    const name = clusterOf(metadata);
    this.#infrastructure.add(name);
    if (!spec?.controlPlaneEndpoint?.host) this.#empty.add(name);
  }

  #controlPlaneMade({ metadata, spec }: KubeadmControlPlane): void {
    const name = clusterOf(metadata);
    this.#controlPlanes.add(name);
    const names = spec.kubeadmConfigSpec.clusterConfiguration?.apiServer?.certSANs ?? [];
    const hasAddress = names.some((one) => /^10\./.test(one));
    if (!hasAddress) this.#empty.add(name);
  }
}

const clusterOf = ({ name, labels }: Stored["metadata"]): string =>
  labels?.["cluster.x-k8s.io/cluster-name"] ?? name;
