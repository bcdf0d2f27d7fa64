/** Answers: which versions of Cluster API can a sandbox run, and what differs between them? */
import { SandboxFailure } from "./failure";
import type { ToolModule } from "./versions";

export interface ClusterApi {
  readonly module: ToolModule;
  /** Where its core is in its Go module; "" is the root. */
  readonly core: string;
  /** Its test provider is a Go module of its own. */
  readonly capd: string;
}

/** The first is the usual one. */
export const clusterApis = {
  "v1.14.0": { module: "cluster-api", core: "core", capd: "v1.14.0" },
  // The newest CAPD of 1.13 that the Go module proxy has; it is built with the libraries of v1.13.6.
  "v1.13.6": { module: "cluster-api-1.13", core: "", capd: "v1.13.4" },
} as const satisfies Readonly<Record<string, ClusterApi>>;

export type ClusterApiVersion = keyof typeof clusterApis;

/** The version that is asked for; the usual one where nobody asks. */
export function clusterApiVersion(asked: string | undefined): ClusterApiVersion {
  const known = Object.keys(clusterApis) as ClusterApiVersion[];
  const found = known.find((version) => version === (asked || known[0]));
  if (found) return found;
  throw new SandboxFailure(
    `CLUSTER_API is ${asked ?? ""}, but the sandbox knows only ${known.join(" and ")}`,
  );
}
