import { posix } from "node:path";
import { clusterApis, clusterApiVersion } from "./cluster-api";
import type { ClusterApi } from "./cluster-api";

/**
 * Everything the sandbox runs, pinned. A change here names a new file in the cache, so old and new
 * versions live side by side; the go.mod files under toolchain/ must name the same versions.
 */
export const versions = {
  kubernetes: "v1.36.3",
  etcd: "v3.6.16",
  clusterApi: clusterApiVersion(process.env["CLUSTER_API"]),
  inClusterIpam: "v1.0.3",
  /** Prometheus 3.13.5: its Go module counts the second number as 300 and more. */
  prometheus: "v0.313.5",
} as const;

const clusterApi: ClusterApi = clusterApis[versions.clusterApi];

/** The oldest Go that the pinned modules compile with. */
export const minimumGo = "1.26";

export type ToolModule = "kubernetes" | "etcd" | "cluster-api" | "cluster-api-1.13" | "ipam" | "prometheus";

/** What every sandbox runs. */
export const clusterBinaries = [
  "kubectl",
  "kube-apiserver",
  "kube-controller-manager",
  "etcd",
  "ipam",
  "capi-core",
  "capi-bootstrap",
  "capi-control-plane",
  "capd",
] as const;

/** What only the tests of metrics and alerts run. */
export const monitoringBinaries = ["prometheus", "promtool"] as const;

/** What only the test of moving between management clusters runs. */
export const movingBinaries = ["clusterctl"] as const;

export const binaryNames = [...clusterBinaries, ...monitoringBinaries, ...movingBinaries] as const;
export type BinaryName = (typeof binaryNames)[number];

export interface Binary {
  readonly module: ToolModule;
  readonly package: string;
  readonly version: string;
  /** Seconds of a cold build on two cores; only their proportions matter, for the estimate. */
  readonly coldSeconds: number;
  /** Build tags. */
  readonly tags?: string;
}

export const binaries: Readonly<Record<BinaryName, Binary>> = {
  kubectl: kubernetesBinary("kubectl", 60),
  "kube-apiserver": kubernetesBinary("kube-apiserver", 150),
  "kube-controller-manager": kubernetesBinary("kube-controller-manager", 42),
  etcd: {
    module: "etcd",
    package: "go.etcd.io/etcd/server/v3",
    version: versions.etcd,
    coldSeconds: 21,
  },
  ipam: {
    module: "ipam",
    package: "sigs.k8s.io/cluster-api-ipam-provider-in-cluster",
    version: versions.inClusterIpam,
    coldSeconds: 60,
  },
  "capi-core": clusterApiBinary(clusterApi.core, 81),
  "capi-bootstrap": clusterApiBinary("bootstrap/kubeadm", 4),
  "capi-control-plane": clusterApiBinary("controlplane/kubeadm", 6),
  capd: { ...clusterApiBinary("test/infrastructure/docker", 25), version: clusterApi.capd },
  clusterctl: clusterApiBinary("cmd/clusterctl", 8),
  prometheus: prometheusBinary("prometheus", 90),
  promtool: prometheusBinary("promtool", 40),
};

export const providerNames = ["core", "bootstrap", "control-plane", "capd", "ipam"] as const;
export type ProviderName = (typeof providerNames)[number];

/** Their kinds are always there; their processes, only where somebody looks at what they do. */
export const kubeadmProviders = ["bootstrap", "control-plane"] as const satisfies readonly ProviderName[];

export interface ProviderSource {
  readonly module: ToolModule;
  /** The Go module whose folder holds the provider's own kustomize manifests. */
  readonly goModule: string;
  readonly folder: string;
  readonly version: string;
}

export const providers: Readonly<Record<ProviderName, ProviderSource>> = {
  core: clusterApiSource(posix.join(clusterApi.core, "config/default")),
  bootstrap: clusterApiSource("bootstrap/kubeadm/config/default"),
  "control-plane": clusterApiSource("controlplane/kubeadm/config/default"),
  capd: capdSource("infrastructure/docker/config/default"),
  ipam: {
    module: "ipam",
    goModule: "sigs.k8s.io/cluster-api-ipam-provider-in-cluster",
    folder: "config/default",
    version: versions.inClusterIpam,
  },
};

/** CAPD's own in-memory ClusterClass, which the fixtures extend. */
export const inMemoryClassSource: ProviderSource = capdSource(
  "infrastructure/docker/templates/clusterclass-in-memory.yaml",
);

function kubernetesBinary(command: string, coldSeconds: number): Binary {
  return {
    module: "kubernetes",
    package: `k8s.io/kubernetes/cmd/${command}`,
    version: versions.kubernetes,
    coldSeconds,
  };
}

function clusterApiBinary(folder: string, coldSeconds: number): Binary {
  return {
    module: clusterApi.module,
    package: posix.join("sigs.k8s.io/cluster-api", folder),
    version: versions.clusterApi,
    coldSeconds,
  };
}

function prometheusBinary(command: string, coldSeconds: number): Binary {
  return {
    module: "prometheus",
    package: `github.com/prometheus/prometheus/cmd/${command}`,
    version: versions.prometheus,
    coldSeconds,
    // Its targets are on loopback and listed by hand, so it needs none of the clouds' discoveries; the pages
    // of its own are built in only where a tag asks for them.
    tags: "remove_all_sd",
  };
}

function clusterApiSource(folder: string): ProviderSource {
  const { module } = clusterApi;
  return { module, goModule: "sigs.k8s.io/cluster-api", folder, version: versions.clusterApi };
}

function capdSource(folder: string): ProviderSource {
  const { module, capd: version } = clusterApi;
  return { module, goModule: "sigs.k8s.io/cluster-api/test", folder, version };
}
