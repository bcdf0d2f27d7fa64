/**
 * Answers: when does a role count as having got its VIP, and when as having failed to?
 *
 * Each is counted once: what a create is answered with by admission, what comes later by the watch.
 */
import { sameHost } from "./address";
import { HOLD, RESERVED_AT } from "./contract";
import type { Edit } from "./edit";
import { NO_ADDRESS_IN_TIME, valueOf, type ClusterFacts, type Facts, type RoleFacts } from "./facts";
import type { Step } from "./row";
import { hostOf, isHeld } from "./situation";
import { needsSomebody, type Reason, type Verdict } from "./verdict";

/** The words of the original, where they apply; else our own reasons. */
export type ErrorReason = "claim_creation_failed" | "ip_resolution_failed" | "cluster_patch_failed" | Reason;

/** A create is answered with an address that was reserved for it. */
export const isAllocated = ({ reason }: Verdict, { reserved, address }: RoleFacts): boolean =>
  (reason === "Assigned" || reason === "UserProvided") && reserved && address.state === "found";

/** Answers without a VIP that are no failure: another Cluster has the name, or Cluster API is asked first. */
const AS_IT_SHOULD_BE: readonly Reason[] = ["NameInUse", "VariableRestricted"];

/** Why a create is answered without a VIP that it wants. A role that is left to the watch did not fail. */
export function errorOfCreate({ reason }: Verdict, { spent }: Facts): ErrorReason | undefined {
  if (reason === "WaitingForAddress" || (reason === "Unreachable" && spent !== undefined)) {
    if (spent === undefined) return undefined;
    return spent === NO_ADDRESS_IN_TIME ? "ip_resolution_failed" : "claim_creation_failed";
  }
  return isFailure(reason) && !AS_IT_SHOULD_BE.includes(reason) ? reason : undefined;
}

/** Of a Cluster that has what it asked for, or asked for nothing. */
const OF_NO_FAILURE: readonly Reason[] = [
  "Assigned",
  "UserProvided",
  "NotManaged",
  "NoTopology",
  "OptedOut",
  "Moved",
  "Gone",
  "VipKept",
];

const isFailure = (reason: Reason): boolean => !OF_NO_FAILURE.includes(reason);

/** The watch waits, and goes on by itself, for all but these. */
const FAILURES_OF_WATCH: readonly Reason[] = ["AddressTaken", "Unreachable"];
const DECIDED_BY_USER: readonly Reason[] = ["Released"];

/**
 * Why a stored Cluster cannot get its VIP, where that is news.
 *
 * @param before the reason of the last decision, where this process made one
 */
export function errorOfWatch(
  { reason }: Verdict,
  { role }: RoleFacts,
  cluster: ClusterFacts,
  before: string | undefined,
): ErrorReason | undefined {
  const isWaiting = hostOf(cluster, role) === undefined;
  const stops =
    (needsSomebody(reason) && !DECIDED_BY_USER.includes(reason)) || FAILURES_OF_WATCH.includes(reason);
  // What a Cluster is held for was counted when it was: by admission, or by the pass that wrote it.
  const known = before ?? (role.isEndpoint ? cluster.annotations[HOLD] : undefined);
  return isWaiting && stops && known !== undefined && known !== reason ? reason : undefined;
}

const FAILED_WRITES: { readonly [K in Step["kind"]]?: ErrorReason } = {
  "create-claim": "claim_creation_failed",
  "pin-address": "claim_creation_failed",
  "reserve-claim": "claim_creation_failed",
  "edit-cluster": "cluster_patch_failed",
};

export const errorOfWrite = (step: Step["kind"] | undefined): ErrorReason | undefined =>
  step && FAILED_WRITES[step];

/** The edit brings a Cluster the VIP that it was without, or held for, and it is an address of its claim. */
export function bringsVip(edit: Edit, { role, address }: RoleFacts, cluster: ClusterFacts): boolean {
  const written = edit.annotations?.[role.annotation];
  const lacked = hostOf(cluster, role) === undefined || (role.isEndpoint && isHeld(cluster));
  return lacked && typeof written === "string" && sameHost(written, valueOf(address)?.address);
}

/**
 * When the wait for a VIP began. A Cluster is stored once admission has waited in vain, but its claim says since
 * when it was counted on; where none could be made the Cluster waits since it is there. A role that holds nothing
 * may be switched on at any time.
 */
export function waitingSince({ role, claim }: RoleFacts, cluster: ClusterFacts): number | undefined {
  const reserved = timesIn(valueOf(claim)?.source.metadata.annotations?.[RESERVED_AT]);
  const created = timesIn(cluster.source.metadata.creationTimestamp);
  const isHeldFor = role.isEndpoint && isHeld(cluster);
  const times = isHeldFor || reserved.length === 0 ? [...reserved, ...created] : reserved;
  return times.length === 0 ? undefined : Math.min(...times);
}

const timesIn = (stamp: string | undefined): number[] => {
  const time = Date.parse(stamp ?? "");
  return Number.isNaN(time) ? [] : [time];
};
