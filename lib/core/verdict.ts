/**
 * Answers: what is the state of a Cluster's VIP, why, and what can a user do about it?
 *
 * The one list of reasons. The hold annotation, warnings, refusals and logs take their words from
 * here; conditions, Events, metric labels and docs/reasons.md are to do the same.
 */

/** `good`: nothing is owed. `waiting`: we go on by ourselves. `attention`: somebody must act. `refusal`: the request is denied. */
type Class = "good" | "waiting" | "attention" | "refusal";

interface Meaning {
  readonly class: Class;
  /** `{}` stands for the particulars. */
  readonly says: string;
  readonly next: string;
}

export const REASONS = {
  Assigned: { class: "good", says: "The VIP {} is in place", next: "Nothing is to be done." },
  UserProvided: {
    class: "good",
    says: "The endpoint {} was given by the user and is kept",
    next: "Nothing is to be done.",
  },
  NotManaged: {
    class: "good",
    says: "The ClusterClass has no variable for a VIP and no pool matches it: {}",
    next: "To get a VIP, label a pool with the class and the role.",
  },
  NoTopology: {
    class: "good",
    says: "The Cluster has no topology",
    next: "Set spec.controlPlaneEndpoint by hand.",
  },
  OptedOut: {
    class: "good",
    says: "The Cluster opted out of this VIP",
    next: "Remove the annotation to opt in again.",
  },
  Moved: {
    class: "good",
    says: "The Cluster arrived with its infrastructure, by a move or a restore, and is left as it is",
    next: "Nothing is to be done.",
  },
  Gone: { class: "good", says: "The Cluster is gone", next: "Nothing is to be done." },
  Released: {
    class: "attention",
    says: "The hold was released by hand, without a VIP",
    next: "Set spec.controlPlaneEndpoint yourself, or remove the annotation vip.capi.gorizond.io/hold.",
  },
  Deleting: {
    class: "waiting",
    says: "The Cluster is being deleted; its address stays reserved until it is gone",
    next: "Wait until Cluster API has removed the infrastructure.",
  },
  Paused: {
    class: "waiting",
    says: "The Cluster is paused by its user; it is left alone until that ends",
    next: "Unpause the Cluster.",
  },
  WaitingForAddress: {
    class: "waiting",
    says: "The IPAM provider has not answered yet: {}",
    next: "The Cluster is completed by itself; if that takes long, look at the IPAM provider.",
  },
  Adopting: {
    class: "waiting",
    says: "The address {} is being secured for the Cluster",
    next: "Nothing is to be done.",
  },
  PreviousAddressReleasing: {
    class: "waiting",
    says: "A former owner of this name still holds its address: {}",
    next: "The Cluster is completed by itself once that is gone.",
  },
  ClaimOfOtherPool: {
    class: "waiting",
    says: "A left-over claim is for a pool that does not match: {}",
    next: "It is removed by itself after two minutes, then another is made.",
  },
  NameInUse: {
    class: "waiting",
    says: "A Cluster of this name exists already",
    next: "Wait until it is gone.",
  },
  ClassChanged: {
    class: "waiting",
    says: "The ClusterClass was changed in a way that dropped the VIP variable",
    next: "The variable is put back, or the hold lifted, as soon as the new class is read.",
  },
  VariableRestricted: {
    class: "waiting",
    says: "The ClusterClass restricts its variable, and Cluster API is asked first whether it allows the VIP {}",
    next: "The Cluster is completed by itself if so; if it stays held, let the variable's schema allow the address.",
  },
  ClassNotFound: {
    class: "attention",
    says: "ClusterClass {} does not exist",
    next: "Create the class, or name an existing one; the Cluster is completed by itself then.",
  },
  NoMatchingPool: {
    class: "attention",
    says: "The ClusterClass wants a VIP, but no pool matches: {}",
    next: "Label a pool with the class and the role; the Cluster is completed by itself then.",
  },
  PoolExhausted: {
    class: "attention",
    says: "No matching pool can give an address: {}",
    next: "Enlarge a pool, free an address or add a pool; the Cluster is completed by itself then.",
  },
  ClaimNotOurs: {
    class: "attention",
    says: "An object of the name we need exists and is not ours: {}",
    next: "Rename or delete it, or name the Cluster otherwise.",
  },
  AddressInvalid: {
    class: "attention",
    says: "The IPAM provider answered with something that is no IP address: {}",
    next: "Use a pool that gives single addresses, and delete the claim.",
  },
  AddressDetached: {
    class: "attention",
    says: "The claim of the running Cluster's VIP was deleted by hand; the address stays reserved: {}",
    next: "Nothing breaks while the Cluster lives; to repair it, recreate the Cluster.",
  },
  FormerVipKept: {
    class: "attention",
    says: "The VIP was changed by its user, and the former one stays reserved: {}",
    next: "Once nothing answers there any more, remove the annotation that ends in -vip-replaced to give it back.",
  },
  LateNotApplied: {
    class: "attention",
    says: "The VIP came when machines existed already, and writing it could replace them: {}",
    next: 'Annotate the Cluster with vip.capi.gorizond.io/apply-late: "true" to have it written.',
  },
  Unreachable: {
    class: "waiting",
    says: "The API server did not give an answer we can act on: {}",
    next: "It is tried again by itself.",
  },
  HostAndVariableDiffer: {
    class: "refusal",
    says: "spec.controlPlaneEndpoint.host and the VIP variable name different addresses: {}",
    next: "Give one of them, or the same in both.",
  },
  VipChange: {
    class: "refusal",
    says: "Machines run with the VIP, so it does not change from {}",
    next: "To change it all the same, put the new VIP into the annotation vip.capi.gorizond.io/allow-change and into the variable in the same request.",
  },
  VipKept: {
    class: "good",
    says: "The VIP was put back, it does not change from {}",
    next: "To change it all the same, put the new VIP into the annotation vip.capi.gorizond.io/allow-change and into the variable in the same request.",
  },
  VariableNotChanged: {
    class: "refusal",
    says: "The VIP changes to {}, but not the variable that carries it",
    next: "Change the variable in the same request, so that Cluster API checks the new value.",
  },
  AddressTaken: {
    class: "refusal",
    says: "The VIP has another owner: {}",
    next: "Give one of them another address.",
  },
  InsideOwnNetwork: {
    class: "refusal",
    says: "The VIP lies in the Cluster's own network of pods or services: {}",
    next: "Give another address, or another network in spec.clusterNetwork.",
  },
  PoolRequired: {
    class: "refusal",
    says: "The ClusterClass wants a VIP, but no pool matches: {}",
    next: "Label a pool with the class and the role, then create the Cluster again.",
  },
} as const satisfies Record<string, Meaning>;

export type Reason = keyof typeof REASONS;

export interface Verdict {
  readonly reason: Reason;
  /** The particulars: names and values, without times or counters, so that the same state has the same words. */
  readonly detail: string;
}

export const verdict = (reason: Reason, detail = ""): Verdict => ({ reason, detail });

export const isRefusal = ({ reason }: Verdict): boolean => REASONS[reason].class === "refusal";

/** We cannot go on by ourselves. */
export const needsSomebody = (reason: Reason): boolean => REASONS[reason].class === "attention";

/** Nothing is owed, so nothing needs to be looked at again but what changes. */
export const isSettled = ({ reason }: Verdict): boolean => REASONS[reason].class === "good";

/** The API server cuts every warning to 256 letters once all of them have more than 4096 together. */
const MOST_DETAIL = 1000;

/** It also drops a warning that has a control character in it. */
const readable = (text: string): string => {
  const plain = text.replace(/\p{Cc}+/gu, " ");
  return plain.length > MOST_DETAIL ? `${plain.slice(0, MOST_DETAIL)} …` : plain;
};

/** Name of a Cluster, why, and what to do next, in one line. */
export function sentence(of: Verdict, cluster: string): string {
  const { says, next } = REASONS[of.reason];
  return `Cluster ${cluster}: ${says.replace("{}", () => readable(of.detail))} (${of.reason}). ${next}`;
}
