import type { ChildSpec } from "./child";
import { kubeconfigOf, portAt } from "./control-plane";
import type { Ground } from "./control-plane";
import type { SystemUser } from "./system-users";
import type { BinaryName, ProviderName } from "./versions";

/** A provider's process: the program, who it is to the API server, and its three ports. */
interface ProviderProcess {
  readonly binary: BinaryName & SystemUser;
  readonly firstPort: number;
  /** What it is told besides what all of them are. */
  readonly flags: readonly string[];
}

/** The kinds are as new as what migrates them, and each of its writes has the API server describe a kind anew. */
const NOTHING_TO_MIGRATE = "--skip-crd-migration-phases=StorageVersionMigration,CleanupManagedFields";

const WITH_TOPOLOGY = "--feature-gates=ClusterTopology=true";

const NOT_RATE_LIMITED = "--feature-gates=ReconcilerRateLimiting=false";

export const providerProcesses: Readonly<Record<ProviderName, ProviderProcess>> = {
  core: {
    binary: "capi-core",
    firstPort: 4,
    flags: [`${WITH_TOPOLOGY},RuntimeSDK=true`, NOTHING_TO_MIGRATE],
  },
  bootstrap: { binary: "capi-bootstrap", firstPort: 7, flags: [NOTHING_TO_MIGRATE] },
  "control-plane": {
    binary: "capi-control-plane",
    firstPort: 10,
    flags: [WITH_TOPOLOGY, NOTHING_TO_MIGRATE],
  },
  capd: { binary: "capd", firstPort: 13, flags: [WITH_TOPOLOGY] },
  ipam: { binary: "ipam", firstPort: 16, flags: [] },
};

/** Where the provider's webhooks are served. */
export function webhookUrl(ground: Pick<Ground, "ports">, provider: ProviderName): string {
  return `https://127.0.0.1:${portAt(ground, providerProcesses[provider].firstPort)}`;
}

export interface Pace {
  /**
   * By default Cluster API looks at an object at most once a second, however often it changes (since 1.13).
   * False takes that away: it renders as soon as it can, and its next look never waits.
   */
  readonly rateLimited?: boolean;
}

export function providerSpec(
  ground: Ground,
  provider: ProviderName,
  { rateLimited = true }: Pace = {},
): ChildSpec {
  const { binary, firstPort, flags } = providerProcesses[provider];
  const [webhook, health, metrics] = [0, 1, 2].map((offset) => portAt(ground, firstPort + offset));
  const common = [
    `--kubeconfig=${kubeconfigOf(ground, binary)}`,
    "--leader-elect=false",
    `--webhook-port=${webhook}`,
    `--webhook-cert-dir=${ground.certificate.folder}`,
  ];
  const own =
    provider === "ipam"
      ? [`--health-probe-bind-address=127.0.0.1:${health}`, `--metrics-bind-address=127.0.0.1:${metrics}`]
      : [
          `--health-addr=127.0.0.1:${health}`,
          `--diagnostics-address=127.0.0.1:${metrics}`,
          "--insecure-diagnostics",
          ...(rateLimited ? [] : [NOT_RATE_LIMITED]),
        ];
  return {
    name: binary,
    command: ground.tools.binaries[binary],
    args: [...common, ...own, ...flags],
    cwd: ground.dir,
    // The providers ask for the pod they would run in.
    env: {
      POD_IP: "127.0.0.1",
      POD_NAMESPACE: "capi-system",
      POD_NAME: binary,
      POD_UID: binary,
    },
    readyUrl: `http://127.0.0.1:${health}/readyz`,
    readyTimeoutMs: 60_000,
  };
}
