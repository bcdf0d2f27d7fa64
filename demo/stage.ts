import type { Sandbox } from "../sandbox/sandbox";
import type { Expected } from "./claims";
import type { Page } from "./page";
import { seconds } from "./page";
import { writesOn } from "./server-log";
import type { Terminal } from "./terminal";

/** What a scene plays on. */
export interface Stage {
  readonly page: Page;
  readonly terminal: Terminal;
  readonly sandbox: Sandbox;
  readonly signal: AbortSignal;
  check(claim: string, seen: unknown, expected: Expected, detail?: string): void;
}

export type Scene = (stage: Stage) => Promise<void>;

export interface ConditionView {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
}

/** What the demo looks at in a Cluster. */
export interface ClusterView {
  readonly metadata: {
    readonly name: string;
    readonly generation: number;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly controlPlaneEndpoint?: { readonly host?: string; readonly port?: number };
    readonly topology: {
      readonly variables?: readonly { readonly name: string; readonly value: unknown }[];
    };
  };
  readonly status?: { readonly conditions?: readonly ConditionView[] };
}

interface RenderedView {
  readonly metadata: { readonly generation: number };
  readonly spec: {
    readonly controlPlaneEndpoint?: { readonly host?: string };
    readonly kubeadmConfigSpec?: {
      readonly clusterConfiguration?: { readonly apiServer?: { readonly certSANs?: readonly string[] } };
    };
  };
}

export const HOLD = "vip.capi.gorizond.io/hold";
export const ADDRESSES = "ipaddresses.ipam.cluster.x-k8s.io";

export const hostOf = (cluster: ClusterView): string | undefined => cluster.spec.controlPlaneEndpoint?.host;

export const variableOf = (cluster: ClusterView, variable = "clusterVip"): unknown =>
  cluster.spec.topology.variables?.find(({ name }) => name === variable)?.value;

export const holdOf = (cluster: ClusterView): string | undefined => cluster.metadata.annotations?.[HOLD];

export const conditionOf = (cluster: ClusterView, type: string): ConditionView | undefined =>
  cluster.status?.conditions?.find((one) => one.type === type);

/** What Cluster API rendered for a Cluster, of one resource. */
export async function rendered(stage: Stage, resource: string, cluster: string): Promise<RenderedView[]> {
  const list = await stage.terminal.look<{ items: RenderedView[] }>(
    `get ${resource} -l cluster.x-k8s.io/cluster-name=${cluster}`,
  );
  return list.items;
}

/** The control plane was rendered once and for all: with the VIP, and not touched since. */
export async function checkControlPlane(stage: Stage, cluster: string, vip: string): Promise<void> {
  const [controlPlane] = await rendered(stage, "kubeadmcontrolplanes", cluster);
  const names = controlPlane?.spec.kubeadmConfigSpec?.clusterConfiguration?.apiServer?.certSANs;
  stage.check("the KubeadmControlPlane's certificate names the VIP", names?.at(-1), vip);
  stage.check("the KubeadmControlPlane is at generation 1", controlPlane?.metadata.generation, 1);
}

/** Like the control plane, for the infrastructure of the class "lab". */
export async function checkInfrastructure(stage: Stage, cluster: string, vip: string): Promise<void> {
  const [infrastructure] = await rendered(stage, "labclusters", cluster);
  stage.check("the InfraCluster's endpoint is the VIP", infrastructure?.spec.controlPlaneEndpoint?.host, vip);
  stage.check("the InfraCluster is at generation 1", infrastructure?.metadata.generation, 1);
}

/** How long the API server took to answer the create, webhooks included. */
export async function createTook(stage: Stage, cluster: string): Promise<string> {
  const writes = await writesOn(stage.sandbox.dir, "clusters", cluster);
  const create = writes.find(({ verb }) => verb === "create");
  return create === undefined ? "?" : seconds(create.answered - create.received);
}

/** The lines of a Cluster's YAML that matter here. */
export const telling =
  /^(metadata|spec):|^ {2}(name|generation|resourceVersion|controlPlaneEndpoint|annotations|topology|labels):|vip\.capi|paused|^ {4}(host|port|variables):|clusterVip|ingressVip|region|^ {6}value:/;
