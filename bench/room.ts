/** What do Clusters need around them? A namespace with a class and a pool, and nobody else in it. */
import {
  claim,
  cluster,
  labClass,
  namespace as namespaceManifest,
  pool as poolManifest,
  type KubeObject,
} from "../sandbox/fixtures";
import { eventually } from "../test/integration/support/eventually";
import { CLASSES, resourceOf, type Cluster, type Stored } from "../test/integration/support/shapes";
import type { Lab } from "./lab";

export const VIP_ANNOTATION = "vip.capi.gorizond.io/control-plane-vip";
const HOLD_ANNOTATION = "vip.capi.gorizond.io/hold";
const PORT = 6443;

export interface Room {
  readonly namespace: string;
  readonly pool: KubeObject;
  /** The revision in which the namespace was made: watches begin here. */
  readonly since: string;
}

interface ReadClass extends Stored {
  readonly status?: { readonly observedGeneration?: number };
}

/** @param network the first two numbers of the pool's addresses: no two rooms may share them */
export async function openRoom({ api }: Lab, namespace: string, network: string): Promise<Room> {
  const home = namespaceManifest(namespace);
  const { object } = await api.create<Stored>(resourceOf(home), home);
  const pool = poolManifest({ namespace, addresses: [`${network}.0.10-${network}.9.250`] });
  const objects = [...labClass({ namespace }), pool];
  await Promise.all(objects.map((one) => api.apply(resourceOf(one), one, { force: true })));
  await eventually(
    async () => {
      const { metadata, status } = await api.get<ReadClass>(CLASSES, namespace, "lab");
      return status?.observedGeneration === metadata.generation;
    },
    { withinMs: 30_000, what: `Cluster API to read the class in ${namespace}` },
  );
  return { namespace, pool, since: object.metadata.resourceVersion };
}

export const claimIn = ({ namespace, pool }: Room, name: string): KubeObject =>
  claim({ name, namespace, pool });

/** As a user writes it: without a VIP. */
export const clusterIn = ({ namespace }: Room, name: string): KubeObject => cluster({ name, namespace });

/** The same with all that our hook would have written, as it is stored in the end. */
export const completeClusterIn = ({ namespace }: Room, name: string, host: string): KubeObject =>
  cluster({
    name,
    namespace,
    variables: { clusterVip: host },
    annotations: { [VIP_ANNOTATION]: host },
    spec: { controlPlaneEndpoint: { host, port: PORT } },
  });

export const hostOf = ({ spec }: Cluster): string | undefined => spec.controlPlaneEndpoint?.host || undefined;
export const isHeld = ({ metadata }: Cluster): boolean =>
  metadata.annotations?.[HOLD_ANNOTATION] !== undefined;
/** Has its VIP and may be rendered. */
export const isComplete = (stored: Cluster): boolean => hostOf(stored) !== undefined && !isHeld(stored);
