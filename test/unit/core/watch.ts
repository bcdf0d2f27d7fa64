/** Answers: which words and objects do the tests of the watch share? */
import { Holder } from "../../../lib/core/facts";
import { APPLY_LATE, HOLD, LIFTED, PAUSED } from "../../../lib/core/contract";
import type { Edit } from "../../../lib/core/edit";
import {
  address,
  annotated,
  bound,
  claim,
  CLAIM,
  clusterClass,
  clusterLabelled,
  defining,
  FORMER_UID,
  forRole,
  giving,
  minutes,
  ofUnknownRanges,
  owned,
  pinnedSince,
  pool,
  secured,
  UID,
  VARIABLE,
  VIP,
  VIP_ANNOTATION,
} from "../../gen/objects";

export const ended = { [HOLD]: null, [PAUSED]: null };
/** The end of a hold on a Cluster that had its host before: said first, tidied away next. */
export const over = { [HOLD]: LIFTED, [PAUSED]: null };
export const lifted: Edit = { annotations: { [HOLD]: LIFTED, [PAUSED]: null } };
export const restricted = clusterClass(defining({ name: VARIABLE, type: "string", pattern: "^10[.]" }));
export const saysNow = (reason: string): Edit => ({ annotations: { [HOLD]: reason } });
export const placed = (annotations: Record<string, string | null> = {}): Edit => ({
  endpoint: { host: VIP, port: 6443 },
  variables: { [VARIABLE]: VIP },
  annotations: { [VIP_ANNOTATION]: VIP, ...annotations },
});
export const noVariable = clusterClass(defining());
export const applyLate = annotated(APPLY_LATE);

/** Everything is in place and adopted. */
export const adopted = { claim: claim(bound, owned(), clusterLabelled), address: address(secured()) };
export const ownedOnly = { claim: claim(bound, owned()), address: address(secured()) };
export const bare = { claim: claim(bound), address: address() };
export const former = { claim: claim(bound, owned(FORMER_UID)), address: address(secured(FORMER_UID)) };
export const PROTECT = `protect ${CLAIM} for ${UID}`;
export const OWN = `own ${CLAIM} for ${UID}`;
export const LABEL = `label ${CLAIM} with blue`;
export const DELETE = `delete ${CLAIM}`;
export const RELEASE = `release ${CLAIM}`;
export const CREATE = `create ${CLAIM} from InClusterIPPool own owned by ${UID}`;

/** What the user's address looks like once we made it and its claim. */
export const pinnedBare = { claim: claim(), address: address(pinnedSince(minutes(1))) };
/** The other pool has the VIP as well. */
export const overlapping = [pool("own"), pool("other", forRole("none"), giving(`${VIP}/31`))];
/** Nobody knows what it can give. */
export const withUnknown = [pool("own"), pool("other", forRole("none"), ofUnknownRanges)];
export const somebody: Holder = { kind: "Cluster", namespace: "team-b", name: "green" };
export const fleeting: Holder = {
  kind: "IPAddress",
  namespace: "team-b",
  name: "vip-cp-green",
  isFleeting: true,
};
export const PIN = `pin ${VIP} as ${CLAIM} in InClusterIPPool own`;
export const PARK = `park ${VIP} as vip-parked-10-0-0-10-inclusterippool-own in InClusterIPPool own`;
