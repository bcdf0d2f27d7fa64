/**
 * Answers: what is the state of a Cluster's VIP, why, and what can a user do about it?
 *
 * The one list of reasons. The hold annotation, conditions, Events, warnings, refusals, logs and
 * docs/reasons.md take their words from here.
 */

/** `good`: nothing is owed. `waiting`: we go on by ourselves. `attention`: somebody must act. `refusal`: the request is denied. */
type Class = "good" | "waiting" | "attention" | "refusal";

/**
 * What the Cluster's condition says then. `kept`: whatever it said before, and Unknown where it said nothing;
 * `none`: there is no condition, because there is no VIP of ours to speak of.
 */
export type Standing = "True" | "False" | "kept" | "none";

interface Meaning {
  readonly class: Class;
  readonly condition: Standing;
  /** `{}` stands for the particulars. */
  readonly says: string;
  readonly next: string;
}

export const REASONS = {
  Assigned: {
    class: "good",
    condition: "True",
    says: "The VIP {} is in place",
    next: "Nothing is to be done.",
  },
  UserProvided: {
    class: "good",
    condition: "True",
    says: "The endpoint {} was given by the user and is kept",
    next: "Nothing is to be done.",
  },
  NotManaged: {
    class: "good",
    condition: "none",
    says: "The ClusterClass has no variable for a VIP and no pool matches it: {}",
    next: "To get a VIP, label a pool with the class and the role.",
  },
  NoTopology: {
    class: "good",
    condition: "none",
    says: "The Cluster has no topology",
    next: "Set spec.controlPlaneEndpoint by hand.",
  },
  OptedOut: {
    class: "good",
    condition: "none",
    says: "The Cluster opted out of this VIP",
    next: "Remove the annotation to opt in again.",
  },
  Moved: {
    class: "good",
    condition: "kept",
    says: "The Cluster arrived with its infrastructure, by a move or a restore, and is left as it is",
    next: "Nothing is to be done.",
  },
  Gone: { class: "good", condition: "none", says: "The Cluster is gone", next: "Nothing is to be done." },
  Released: {
    class: "attention",
    condition: "False",
    says: "The hold was released by hand, without a VIP",
    next: "Set spec.controlPlaneEndpoint yourself, or remove the annotation vip.capi.gorizond.io/hold.",
  },
  Deleting: {
    class: "waiting",
    condition: "kept",
    says: "The Cluster is being deleted; its address stays reserved until it is gone",
    next: "Wait until Cluster API has removed the infrastructure.",
  },
  Paused: {
    class: "waiting",
    condition: "kept",
    says: "The Cluster is paused by its user; it is left alone until that ends",
    next: "Unpause the Cluster.",
  },
  WaitingForAddress: {
    class: "waiting",
    condition: "False",
    says: "The IPAM provider has not answered yet: {}",
    next: "The Cluster is completed by itself; if that takes long, look at the IPAM provider.",
  },
  Adopting: {
    class: "waiting",
    condition: "False",
    says: "The address {} is being secured for the Cluster",
    next: "Nothing is to be done.",
  },
  PreviousAddressReleasing: {
    class: "waiting",
    condition: "False",
    says: "A former owner of this name still holds its address: {}",
    next: "The Cluster is completed by itself once that is gone.",
  },
  ClaimOfOtherPool: {
    class: "waiting",
    condition: "False",
    says: "A left-over claim is for a pool that does not match: {}",
    next: "It is removed by itself after two minutes, then another is made.",
  },
  NameInUse: {
    class: "waiting",
    condition: "kept",
    says: "A Cluster of this name exists already",
    next: "Wait until it is gone.",
  },
  ClassChanged: {
    class: "waiting",
    condition: "False",
    says: "The ClusterClass was changed in a way that dropped the VIP variable",
    next: "The variable is put back, or the hold lifted, as soon as the new class is read.",
  },
  VariableRestricted: {
    class: "waiting",
    condition: "False",
    says: "The ClusterClass restricts its variable, and Cluster API is asked first whether it allows the VIP {}",
    next: "The Cluster is completed by itself if so; if it stays held, let the variable's schema allow the address.",
  },
  ClassNotFound: {
    class: "attention",
    condition: "False",
    says: "ClusterClass {} does not exist",
    next: "Create the class, or name an existing one; the Cluster is completed by itself then.",
  },
  NoMatchingPool: {
    class: "attention",
    condition: "False",
    says: "The ClusterClass wants a VIP, but no pool matches: {}",
    next: "Label a pool with the class and the role; the Cluster is completed by itself then.",
  },
  PoolExhausted: {
    class: "attention",
    condition: "False",
    says: "No matching pool can give an address: {}",
    next: "Enlarge a pool, free an address or add a pool; the Cluster is completed by itself then.",
  },
  ClaimNotOurs: {
    class: "attention",
    condition: "False",
    says: "An object of the name we need exists and is not ours: {}",
    next: "Rename or delete it, or name the Cluster otherwise.",
  },
  AddressInvalid: {
    class: "attention",
    condition: "False",
    says: "The IPAM provider answered with something that is no IP address: {}",
    next: "Use a pool that gives single addresses, and delete the claim.",
  },
  AddressDetached: {
    class: "attention",
    condition: "True",
    says: "The claim of the running Cluster's VIP was deleted by hand; the address stays reserved: {}",
    next: "Nothing breaks while the Cluster lives; to repair it, recreate the Cluster.",
  },
  FormerVipKept: {
    class: "attention",
    condition: "True",
    says: "The VIP was changed by its user, and the former one stays reserved: {}",
    next: "Once nothing answers there any more, remove the annotation that ends in -vip-replaced to give it back.",
  },
  LateNotApplied: {
    class: "attention",
    condition: "False",
    says: "The VIP came when machines existed already, and writing it could replace them: {}",
    next: 'Annotate the Cluster with vip.capi.gorizond.io/apply-late: "true" to have it written.',
  },
  Unreachable: {
    class: "waiting",
    condition: "kept",
    says: "The API server did not give an answer we can act on: {}",
    next: "It is tried again by itself.",
  },
  HostAndVariableDiffer: {
    class: "refusal",
    condition: "False",
    says: "spec.controlPlaneEndpoint.host and the VIP variable name different addresses: {}",
    next: "Give one of them, or the same in both.",
  },
  VipChange: {
    class: "refusal",
    condition: "kept",
    says: "Machines run with the VIP, so it does not change from {}",
    next: "To change it all the same, put the new VIP into the annotation vip.capi.gorizond.io/allow-change and into the variable in the same request.",
  },
  VipKept: {
    class: "good",
    condition: "kept",
    says: "The VIP was put back, it does not change from {}",
    next: "To change it all the same, put the new VIP into the annotation vip.capi.gorizond.io/allow-change and into the variable in the same request.",
  },
  VariableNotChanged: {
    class: "refusal",
    condition: "kept",
    says: "The VIP changes to {}, but not the variable that carries it",
    next: "Change the variable in the same request, so that Cluster API checks the new value.",
  },
  AddressTaken: {
    class: "refusal",
    condition: "False",
    says: "The VIP has another owner: {}",
    next: "Give one of them another address.",
  },
  InsideOwnNetwork: {
    class: "refusal",
    condition: "False",
    says: "The VIP lies in the Cluster's own network of pods or services: {}",
    next: "Give another address, or another network in spec.clusterNetwork.",
  },
  PoolRequired: {
    class: "refusal",
    condition: "kept",
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

export const standing = (reason: Reason): Standing => REASONS[reason].condition;

/** What an Event of this reason is to Kubernetes. */
export const eventType = (reason: Reason): "Normal" | "Warning" =>
  ["attention", "refusal"].includes(REASONS[reason].class) ? "Warning" : "Normal";

export const isReason = (text: string | undefined): text is Reason =>
  text !== undefined && Object.hasOwn(REASONS, text);

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

/** What it is about, why, and what to do next, in one line. */
export function words(of: Verdict, subject: string): string {
  const { says, next } = REASONS[of.reason];
  return `${subject}: ${says.replace("{}", () => readable(of.detail))} (${of.reason}). ${next}`;
}

/** The same of a Cluster, by its name. */
export const sentence = (of: Verdict, cluster: string): string => words(of, `Cluster ${cluster}`);
