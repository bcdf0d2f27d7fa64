/** Objects for tests and the demo: pools, ClusterClasses with their templates, Clusters. */
import { readFileSync } from "node:fs";
import { stringify } from "yaml";
import type { KubeObject } from "./kube-object";
import { labApiVersion } from "./lab-infrastructure";
import { renderedManifests } from "./render";

export type { KubeObject } from "./kube-object";

/** A YAML stream of these objects, for `sandbox.apply`. */
export function toYaml(...objects: readonly KubeObject[]): string {
  // Kubernetes reads YAML 1.1, where a Cluster named `n` is a boolean unless it is quoted.
  return objects
    .map((object) => stringify(object, { version: "1.1", aliasDuplicateObjects: false }))
    .join("---\n");
}

export function namespace(name: string): KubeObject {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name } };
}

export interface PoolOptions {
  readonly name?: string;
  /** Makes it an InClusterIPPool; without, a GlobalInClusterIPPool. */
  readonly namespace?: string;
  readonly addresses?: readonly string[];
  readonly prefix?: number;
  readonly gateway?: string;
  /** The ClusterClass it serves; by default the lab class. */
  readonly clusterClass?: string;
  /** Also a word that no label can hold, to see it refused. */
  readonly role?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly allocateReservedIPAddresses?: boolean;
}

/** A pool of the in-cluster provider, labelled for the allocator. */
export function pool(options: PoolOptions = {}): KubeObject {
  const addresses = options.addresses ?? ["10.20.0.10-10.20.0.250"];
  const six = addresses.some((address) => address.includes(":"));
  return {
    apiVersion: "ipam.cluster.x-k8s.io/v1alpha2",
    kind: options.namespace === undefined ? "GlobalInClusterIPPool" : "InClusterIPPool",
    metadata: {
      name: options.name ?? "control-plane-vips",
      ...(options.namespace === undefined ? {} : { namespace: options.namespace }),
      labels: {
        "vip.capi.gorizond.io/cluster-class": options.clusterClass ?? "lab",
        "vip.capi.gorizond.io/role": options.role ?? "control-plane",
      },
      ...(options.annotations ? { annotations: { ...options.annotations } } : {}),
    },
    spec: {
      addresses: [...addresses],
      prefix: options.prefix ?? (six ? 64 : 16),
      ...(options.gateway === undefined ? {} : { gateway: options.gateway }),
      ...(options.allocateReservedIPAddresses ? { allocateReservedIPAddresses: true } : {}),
    },
  };
}

/** A claim that belongs to nobody, as the allocator creates them at admission. */
export function claim(options: {
  readonly name: string;
  readonly namespace: string;
  readonly pool: KubeObject;
}): KubeObject {
  return {
    apiVersion: "ipam.cluster.x-k8s.io/v1beta2",
    kind: "IPAddressClaim",
    metadata: { name: options.name, namespace: options.namespace },
    spec: {
      poolRef: {
        apiGroup: "ipam.cluster.x-k8s.io",
        kind: options.pool.kind,
        name: options.pool.metadata.name,
      },
    },
  };
}

/** How a class declares a VIP variable: not at all, with default "", with another one, without default, or required. */
export type VariableShape = "absent" | "empty-default" | "other-default" | "no-default" | "required";

const DEFAULTS: Partial<Record<VariableShape, string>> = { "empty-default": "", "other-default": "0.0.0.0" };

export interface ClassOptions {
  readonly name?: string;
  readonly namespace: string;
  /** `clusterVip`; by default with the empty default. */
  readonly clusterVip?: VariableShape;
  /** `ingressVip`; by default absent. */
  readonly ingressVip?: VariableShape;
}

/**
 * A ClusterClass on the lab infrastructure, templates included. The VIP goes into the
 * infrastructure cluster's endpoint and the API server's certificate, only while there is one.
 */
export function labClass(options: ClassOptions): KubeObject[] {
  const name = options.name ?? "lab";
  const inNamespace = (suffix: string): KubeObject["metadata"] => ({
    name: `${name}-${suffix}`,
    namespace: options.namespace,
  });
  const hasVip = (options.clusterVip ?? "empty-default") !== "absent";
  return [
    {
      apiVersion: labApiVersion,
      kind: "LabClusterTemplate",
      metadata: inNamespace("cluster"),
      spec: { template: { spec: {} } },
    },
    {
      apiVersion: labApiVersion,
      kind: "LabMachineTemplate",
      metadata: inNamespace("control-plane"),
      spec: { template: { spec: {} } },
    },
    {
      apiVersion: "controlplane.cluster.x-k8s.io/v1beta2",
      kind: "KubeadmControlPlaneTemplate",
      metadata: inNamespace("control-plane"),
      spec: {
        template: {
          spec: {
            kubeadmConfigSpec: {
              clusterConfiguration: { apiServer: { certSANs: ["localhost"] } },
            },
          },
        },
      },
    },
    {
      apiVersion: "cluster.x-k8s.io/v1beta2",
      kind: "ClusterClass",
      metadata: { name, namespace: options.namespace },
      spec: {
        infrastructure: {
          templateRef: {
            apiVersion: labApiVersion,
            kind: "LabClusterTemplate",
            name: `${name}-cluster`,
          },
        },
        controlPlane: {
          templateRef: {
            apiVersion: "controlplane.cluster.x-k8s.io/v1beta2",
            kind: "KubeadmControlPlaneTemplate",
            name: `${name}-control-plane`,
          },
          machineInfrastructure: {
            templateRef: {
              apiVersion: labApiVersion,
              kind: "LabMachineTemplate",
              name: `${name}-control-plane`,
            },
          },
        },
        ...vipVariables(options),
        ...(hasVip ? { patches: [infrastructureEndpointPatch, certificatePatch] } : {}),
      },
    },
  ];
}

/**
 * CAPD's own in-memory ClusterClass, extended by the VIP variable. The VIP reaches the control
 * plane's certificate but not the DevCluster, which writes its own listener as its endpoint.
 */
export function inMemoryClass(options: ClassOptions): KubeObject[] {
  const name = options.name ?? "in-memory";
  const hasVip = (options.clusterVip ?? "empty-default") !== "absent";
  const text = readFileSync(renderedManifests().inMemoryClass, "utf8");
  return (JSON.parse(text) as KubeObject[]).map((object) => {
    const placed = {
      ...object,
      metadata: { ...object.metadata, namespace: options.namespace },
    };
    if (object.kind !== "ClusterClass") return placed;
    return {
      ...placed,
      metadata: { ...placed.metadata, name },
      spec: {
        ...(object["spec"] as object),
        ...vipVariables(options),
        ...(hasVip ? { patches: [certificatePatch] } : {}),
      },
    };
  });
}

export interface ClusterOptions {
  readonly name: string;
  readonly namespace: string;
  readonly clusterClass?: string;
  readonly classNamespace?: string;
  /** The form of the manifest; v1beta2 by default. */
  readonly version?: "v1beta1" | "v1beta2";
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly kubernetesVersion?: string;
  readonly controlPlaneReplicas?: number;
  /** Workers of the in-memory class; none by default. */
  readonly workerReplicas?: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** Merged into the spec, for example an endpoint or `paused`. */
  readonly spec?: Readonly<Record<string, unknown>>;
}

/** A Cluster as a user writes it: without any VIP, unless `variables` or `spec` name one. */
export function cluster(options: ClusterOptions): KubeObject {
  const version = options.version ?? "v1beta2";
  const name = options.clusterClass ?? "lab";
  const variables = Object.entries(options.variables ?? {});
  const inNamespace = options.classNamespace;
  return {
    apiVersion: `cluster.x-k8s.io/${version}`,
    kind: "Cluster",
    metadata: {
      name: options.name,
      namespace: options.namespace,
      ...(options.labels ? { labels: { ...options.labels } } : {}),
      ...(options.annotations ? { annotations: { ...options.annotations } } : {}),
    },
    spec: {
      clusterNetwork: {
        services: { cidrBlocks: ["10.128.0.0/12"] },
        pods: { cidrBlocks: ["192.168.0.0/16"] },
        serviceDomain: "cluster.local",
      },
      topology: {
        ...(version === "v1beta1"
          ? { class: name, ...(inNamespace === undefined ? {} : { classNamespace: inNamespace }) }
          : {
              classRef: { name, ...(inNamespace === undefined ? {} : { namespace: inNamespace }) },
            }),
        version: options.kubernetesVersion ?? "v1.35.0",
        controlPlane: { replicas: options.controlPlaneReplicas ?? 1 },
        ...(options.workerReplicas === undefined
          ? {}
          : {
              workers: {
                machineDeployments: [
                  { class: "default-worker", name: "md-0", replicas: options.workerReplicas },
                ],
              },
            }),
        ...(variables.length === 0
          ? {}
          : { variables: variables.map(([variable, value]) => ({ name: variable, value })) }),
      },
      ...options.spec,
    },
  };
}

function vipVariables(options: ClassOptions): { variables?: unknown[] } {
  const wanted: [string, VariableShape][] = [
    ["clusterVip", options.clusterVip ?? "empty-default"],
    ["ingressVip", options.ingressVip ?? "absent"],
  ];
  const variables = wanted
    .filter(([, shape]) => shape !== "absent")
    .map(([name, shape]) => ({
      name,
      required: shape === "required",
      schema: {
        openAPIV3Schema: { type: "string", ...(shape in DEFAULTS && { default: DEFAULTS[shape] }) },
      },
    }));
  return variables.length === 0 ? {} : { variables };
}

const whileVipIsSet = "{{ if .clusterVip }}true{{ end }}";

const infrastructureEndpointPatch = {
  name: "vip-as-endpoint",
  enabledIf: whileVipIsSet,
  definitions: [
    {
      selector: {
        apiVersion: labApiVersion,
        kind: "LabClusterTemplate",
        matchResources: { infrastructureCluster: true },
      },
      jsonPatches: [
        {
          op: "add",
          path: "/spec/template/spec/controlPlaneEndpoint",
          valueFrom: { template: 'host: "{{ .clusterVip }}"\nport: 6443\n' },
        },
      ],
    },
  ],
};

const certificatePatch = {
  name: "vip-in-certificate",
  enabledIf: whileVipIsSet,
  definitions: [
    {
      selector: {
        apiVersion: "controlplane.cluster.x-k8s.io/v1beta2",
        kind: "KubeadmControlPlaneTemplate",
        matchResources: { controlPlane: true },
      },
      jsonPatches: [
        {
          op: "add",
          path: "/spec/template/spec/kubeadmConfigSpec/clusterConfiguration/apiServer/certSANs/-",
          valueFrom: { variable: "clusterVip" },
        },
      ],
    },
  ],
};
