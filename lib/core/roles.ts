/**
 * Answers: which VIPs can a Cluster have, and where does each one show?
 *
 * A new role is a new row; nothing else in `core` asks for a role by name.
 */
import { PREFIX } from "./contract";

export interface Role {
  /** The value of the label `vip.capi.gorizond.io/role` on pools, claims and addresses. */
  readonly name: string;
  /** The claim of Cluster `x` is `<claimPrefix>x`, in the Cluster's namespace. */
  readonly claimPrefix: string;
  /** The topology variable that carries the VIP, where the ClusterClass defines it as a string. */
  readonly variable: string;
  /** The Cluster annotation that carries the VIP, also for patches by `.builtin.cluster.metadata.annotations`. */
  readonly annotation: string;
  /** The Cluster annotation that switches the role off when it says "false". */
  readonly optOut: string;
}

export const CONTROL_PLANE: Role = {
  name: "control-plane",
  claimPrefix: "vip-cp-",
  variable: "clusterVip",
  annotation: `${PREFIX}control-plane-vip`,
  optOut: `${PREFIX}control-plane-enabled`,
};

export const ROLES: readonly Role[] = [CONTROL_PLANE];

/** The name of the claim, and so of the address, that serves a role of a Cluster. */
export const claimName = (role: Role, cluster: string): string => `${role.claimPrefix}${cluster}`;

/** The Cluster a claim of this name belongs to; undefined where the name is not one of ours. */
export function clusterOfClaim(name: string): string | undefined {
  const role = ROLES.find(({ claimPrefix }) => name.startsWith(claimPrefix));
  const cluster = role && name.slice(role.claimPrefix.length);
  return cluster || undefined;
}
