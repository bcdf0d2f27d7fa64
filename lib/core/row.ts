/** Answers: what can a row of a table come to? A verdict, and data: a change of the Cluster, writes, a wait. */
import type { Edit } from "./edit";
import type {
  AddressFacts,
  ClaimFacts,
  ClusterFacts,
  Condition,
  OwnerReference,
  PoolFacts,
  PoolRef,
} from "./facts";
import type { Role } from "./roles";
import type { Verdict } from "./verdict";

export interface RolePlan {
  readonly verdict: Verdict;
  readonly edit?: Edit;
  readonly steps?: readonly Step[];
  /** Admission only: the claim whose address would complete the Cluster within the request. */
  readonly waitFor?: ClaimFacts;
  /** Go on once it is known who else has this address. */
  readonly lookFor?: string;
  /** Look again after so many milliseconds even if nothing is heard. */
  readonly lookAgainMs?: number;
  /** Cluster API may refuse the edit, so nothing else is to depend on it. */
  readonly mayBeRefused?: boolean;
  /** Admission only: the request is to be denied, in the words of the verdict. */
  readonly denied?: boolean;
  /** The user is to be told by an admission warning. */
  readonly warn?: boolean;
}

/** One row of a table: the first whose `when` is true decides. */
export interface Row<S> {
  readonly name: string;
  readonly when: (situation: S) => boolean;
  readonly plan: (situation: S) => RolePlan;
}

/** One write. Together with what was read, each says all that is needed to make it, and to guard it. */
export type Step =
  | { readonly kind: "create-claim"; readonly claim: ClaimWish }
  /** Makes the address of a claim before the claim, so that the provider gives it that one and no other. */
  | { readonly kind: "pin-address"; readonly claim: ClaimWish; readonly pin: Pin }
  /** Takes an address out of a pool that would give it a second time; safe where it is out already. */
  | { readonly kind: "park-address"; readonly claim: ClaimWish; readonly pin: Pin }
  | { readonly kind: "delete-address"; readonly address: AddressFacts }
  | { readonly kind: "reserve-claim"; readonly role: Role; readonly claim: ClaimFacts }
  | {
      readonly kind: "adopt-claim";
      readonly claim: ClaimFacts;
      /** Where it has none yet. */
      readonly owner?: OwnerReference;
      /** The cluster-name label, where it may be given. */
      readonly cluster?: string;
    }
  | { readonly kind: "unlabel-claim"; readonly claim: ClaimFacts }
  | { readonly kind: "delete-claim"; readonly claim: ClaimFacts }
  | {
      readonly kind: "protect-address";
      readonly role: Role;
      readonly address: AddressFacts;
      readonly uid: string;
      readonly cluster: string;
    }
  | { readonly kind: "release-address"; readonly address: AddressFacts }
  | { readonly kind: "edit-cluster"; readonly cluster: ClusterFacts; readonly edit: Edit }
  /** All conditions of ours; one that is not among them is taken off. */
  | {
      readonly kind: "write-conditions";
      readonly cluster: ClusterFacts;
      readonly conditions: readonly Condition[];
    };

/** An address, and the pool that it lies in. */
export interface Pin {
  readonly address: string;
  readonly pool: PoolFacts;
}

export interface ClaimWish {
  readonly namespace: string;
  readonly name: string;
  /** The value of its role label. */
  readonly role: string;
  readonly pool: PoolRef;
  /** Absent in admission, where the Cluster has no UID yet. */
  readonly owner: OwnerReference | undefined;
}
