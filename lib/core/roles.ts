/**
 * Answers: which VIPs can a Cluster have, and where does each one show?
 *
 * A new role is a new row; what differs between roles is here.
 */
import { Address6 } from "ip-address";
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
  /** The Cluster annotation with the VIP that its user replaced; it stays reserved while this stands. */
  readonly replaced: string;
  /** The Cluster label that carries the VIP as well; a label can hold an IPv4 address, and no IPv6 one. */
  readonly label: string | undefined;
  /** The type of the Cluster's condition that says whether the VIP is in place. */
  readonly condition: string;
  /** The Cluster annotation that switches the role off when it says "false". */
  readonly optOut: string;
  /**
   * The VIP is `spec.controlPlaneEndpoint`, without which nothing may be rendered. Only such a role holds a
   * Cluster or refuses a create; whatever goes wrong with another one must not keep the Cluster from coming up.
   */
  readonly isEndpoint: boolean;
}

export const CONTROL_PLANE: Role = {
  name: "control-plane",
  claimPrefix: "vip-cp-",
  variable: "clusterVip",
  annotation: `${PREFIX}control-plane-vip`,
  replaced: `${PREFIX}control-plane-vip-replaced`,
  label: undefined,
  condition: "ControlPlaneVIPReady",
  optOut: `${PREFIX}control-plane-enabled`,
  isEndpoint: true,
};

export const INGRESS: Role = {
  name: "ingress",
  claimPrefix: "vip-ingress-",
  variable: "ingressVip",
  annotation: `${PREFIX}ingress-vip`,
  replaced: `${PREFIX}ingress-vip-replaced`,
  label: `${PREFIX}ingress-vip`,
  condition: "IngressVIPReady",
  optOut: `${PREFIX}ingress-enabled`,
  isEndpoint: false,
};

/** In the order in which their writes matter. */
export const ROLES: readonly Role[] = [CONTROL_PLANE, INGRESS];

/** The name of the claim, and so of the address, that serves a role of a Cluster. */
export const claimName = (role: Role, cluster: string): string => `${role.claimPrefix}${cluster}`;

/** Of the claim that keeps an address out of a pool because somebody else has it. */
export const PARKED = "parked";

const LONGEST_NAME = 253;

/** One for each address and pool: two pools of a namespace may have to be kept from giving the same one. */
export function parkedName(address: string, pool: { readonly kind: string; readonly name: string }): string {
  const plain = address.includes(":") ? new Address6(address).canonicalForm() : address;
  const name = `vip-parked-${plain.replace(/[.:]/g, "-")}-${pool.kind.toLowerCase()}-${pool.name}`;
  return name.slice(0, LONGEST_NAME).replace(/[^0-9a-z]+$/, "");
}

/** The Cluster a claim of this name belongs to; undefined where the name is not one of ours. */
export function clusterOfClaim(name: string): string | undefined {
  const role = ROLES.find(({ claimPrefix }) => name.startsWith(claimPrefix));
  const cluster = role && name.slice(role.claimPrefix.length);
  return cluster || undefined;
}
