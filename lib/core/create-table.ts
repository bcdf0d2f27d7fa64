/**
 * Answers: what happens to a Cluster that is being created?
 *
 * First row that applies decides. Until the request is answered nothing of the Cluster exists, so no row
 * may own anything, and every row must bear that the request is refused by somebody after us.
 *
 * | facts                                                        | outcome                          |
 * |--------------------------------------------------------------|----------------------------------|
 * | no topology, infrastructure or control plane set, opted out  | unchanged, nothing is read       |
 * | a Cluster of this name exists                                | held, without a word             |
 * | a read failed                                                | held                             |
 * | class missing                                                | held; dry-run: unchanged         |
 * | host and VIP variable differ                                 | refused                          |
 * | host, and a variable whose schema is restricted              | held; the watch's write is checked |
 * | given, and inside the Cluster's own pods or services         | refused                          |
 * | given, and another Cluster or claim has it                   | refused                          |
 * | host, or VIP variable alone, in no pool                      | kept; the other follows          |
 * | the same, in a pool                                          | reserved there like any other, as below |
 * | no VIP variable, no pool                                     | unchanged                        |
 * | VIP variable, no pool                                        | by setting: hold, ignore, reject |
 * | dry-run without a bound claim that could be used             | unchanged                        |
 * | claim or address of our name owned, going, not ours, alone   | held, nothing created            |
 * | left-over claim of another pool                              | held; the watch retires it       |
 * | the same, and a variable whose schema is restricted          | held; the watch's write is checked |
 * | our claim, bound, and counted on by this request             | completed                        |
 * | left-over claim of a matching pool                           | reserved, then looked at again   |
 * | nothing yet, a usable pool, time left                        | claim created                    |
 * | our claim without an address, time left                      | waits                            |
 * | all else                                                     | held; the claim is left to the watch |
 */
import { isIP } from "node:net";
import { canonicalAddress, sameHost } from "./address";
import { claiming } from "./adoption";
import { hold } from "./edit";
import { absent, whyUnread, type AddressFacts, type ClusterFacts } from "./facts";
import { ROLES } from "./roles";
import { mustBeChecked, placeVip } from "./placing";
import type { Row, RolePlan } from "./row";
import { isTaken, lacksLook, looking, mayBeShared, takenWords } from "./sharing";
import {
  claimWords,
  className,
  hasNoPool,
  hasOptedOut,
  isByHand,
  isPinnable,
  isShared,
  ownNetwork,
  passedOverWords,
  wishWords,
  type Situation,
} from "./situation";
import { needsSomebody, verdict, type Reason } from "./verdict";

const unchanged = (reason: Reason, detail = ""): RolePlan => ({ verdict: verdict(reason, detail) });

/** What only the endpoint may do; another role is left to the watch, and its user told what only he can mend. */
const held = (s: Situation, reason: Reason, detail: string, warn = true): RolePlan => ({
  verdict: verdict(reason, detail),
  ...(s.role.isEndpoint && { edit: hold(s.cluster.annotations, reason) }),
  warn: warn && (s.role.isEndpoint || needsSomebody(reason)),
});

const failedRead = ({ facts, roleFacts }: Situation): string | undefined =>
  whyUnread(
    facts.namesake,
    facts.class,
    facts.pools,
    roleFacts.claim,
    roleFacts.address,
    roleFacts.holders ?? absent,
  ).at(0);

/** Denies the request; for a role that is not worth that, its user is warned. */
const denied = ({ role }: Situation, reason: Reason, detail: string): RolePlan => ({
  verdict: verdict(reason, detail),
  ...(role.isEndpoint ? { denied: true } : { warn: true }),
});

/** A claim that this request may count on: of our shape, nobody's, alive, and so is its address. */
const isReusable = ({ claim, address, ofMatchingPool }: Situation): boolean =>
  claim !== undefined &&
  claim.ours &&
  !claim.owner &&
  !claim.deleting &&
  ofMatchingPool &&
  address?.deletingSince === undefined;

const isBound = (s: Situation): boolean =>
  s.claim?.addressName !== undefined && s.address?.address !== undefined;

const withoutClaim = (address: AddressFacts): { reason: Reason; detail: string } => ({
  reason: isByHand(address) ? "ClaimNotOurs" : "PreviousAddressReleasing",
  detail: `IPAddress ${address.name} has no claim`,
});

/** Why the name we need is taken; undefined where it is free or its claim can be used. */
function squatter(s: Situation): { reason: Reason; detail: string } | undefined {
  const { claim, address } = s;
  if (!claim) return address && !isPinnable(s) ? withoutClaim(address) : undefined;
  if (!claim.ours) return { reason: "ClaimNotOurs", detail: claimWords(s) };
  if (claim.deleting || claim.owner || address?.deletingSince !== undefined)
    return { reason: "PreviousAddressReleasing", detail: claimWords(s) };
  return undefined;
}

/** Last row: control plane held, whatever the trouble was. */
function lastWord(s: Situation): RolePlan {
  if (s.address && s.address.address === undefined) return held(s, "AddressInvalid", s.address.text);
  if (!s.claim && !s.pin && !s.pools.chosen) return held(s, "PoolExhausted", passedOverWords(s));
  if (s.claim) return held(s, "WaitingForAddress", claimWords(s));
  return held(s, "Unreachable", s.facts.spent ?? "");
}

/** Nothing of ours could come of it, so not a single request is made for it. */
export const isNobodysBusiness = (cluster: ClusterFacts): boolean =>
  !cluster.class ||
  cluster.hasRefs ||
  cannotBeStored(cluster) ||
  ROLES.every((role) => hasOptedOut(cluster, role));

/** Cluster API allows no longer name: it becomes the value of a label. */
const LONGEST_NAME = 63;

/** The API server says no, but only after us: a claim would keep its address for nothing. */
const cannotBeStored = ({ key, source }: ClusterFacts): boolean =>
  key.name.length > LONGEST_NAME || Number(source.metadata.resourceVersion ?? 0) > 0;

export const createTable: readonly Row<Situation>[] = [
  {
    name: "opted out",
    when: (s) => hasOptedOut(s.cluster, s.role),
    plan: () => unchanged("OptedOut"),
  },
  {
    // Usually AlreadyExists follows; if the old one vanishes meanwhile, the watch takes the held one up.
    name: "name in use",
    when: (s) => s.facts.namesake.state === "found",
    plan: (s) => held(s, "NameInUse", "", false),
  },
  {
    name: "a read failed",
    when: (s) => failedRead(s) !== undefined,
    plan: (s) => held(s, "Unreachable", failedRead(s) ?? ""),
  },
  {
    name: "dry-run, class missing",
    when: (s) => s.facts.dryRun && !s.class,
    plan: (s) => unchanged("ClassNotFound", className(s)),
  },
  {
    // Also with a host of the user's: once the class comes, its variable must follow before anything is rendered.
    name: "class missing",
    when: (s) => !s.class,
    plan: (s) => held(s, "ClassNotFound", className(s)),
  },
  {
    name: "host and variable differ",
    when: (s) => s.host !== undefined && s.variable !== undefined && !sameHost(s.host, s.variable),
    plan: (s) => denied(s, "HostAndVariableDiffer", `${s.host} and ${s.variable}`),
  },
  {
    name: "given, inside the Cluster's own network",
    when: (s) => ownNetwork(s) !== undefined,
    plan: (s) => denied(s, "InsideOwnNetwork", `${s.given} in ${ownNetwork(s)}`),
  },
  {
    name: "given: who else has it?",
    when: (s) =>
      canonicalAddress(s.given ?? "") !== undefined && !isShared(s) && lacksLook(s) && !s.roleFacts.reserved,
    plan: looking,
  },
  {
    name: "given, and another has it",
    when: (s) => s.given !== undefined && isTaken(s),
    plan: (s) => denied(s, "AddressTaken", takenWords(s)),
  },
  {
    name: "host given, variable restricted",
    when: (s) => s.host !== undefined && mustBeChecked(s, s.host),
    plan: (s) => held(s, "VariableRestricted", s.host ?? ""),
  },
  {
    name: "given by the user",
    when: (s) => s.given !== undefined && (!s.pin || s.facts.dryRun),
    plan: (s) => {
      const host = s.given ?? "";
      return { verdict: verdict("UserProvided", host), edit: placeVip(s, host, isIP(host) !== 0) };
    },
  },
  {
    name: "no variable, no pool",
    when: (s) => hasNoPool(s) && !s.wantsVariable,
    plan: (s) => unchanged("NotManaged", wishWords(s)),
  },
  {
    name: "variable, no pool: ignore",
    when: (s) => hasNoPool(s) && s.facts.rules.noPool === "ignore",
    plan: (s) => ({ ...unchanged("NoMatchingPool", wishWords(s)), warn: true }),
  },
  {
    name: "variable, no pool: reject",
    when: (s) => s.role.isEndpoint && hasNoPool(s) && s.facts.rules.noPool === "reject",
    plan: (s) => denied(s, "PoolRequired", wishWords(s)),
  },
  {
    name: "variable, no pool: hold",
    when: hasNoPool,
    plan: (s) => held(s, "NoMatchingPool", wishWords(s)),
  },
  {
    name: "dry-run, nothing to reuse",
    when: (s) => s.facts.dryRun && !(isReusable(s) && isBound(s)),
    plan: () => unchanged("WaitingForAddress", "a dry-run reserves nothing"),
  },
  {
    name: "name of the claim taken",
    when: (s) => squatter(s) !== undefined,
    plan: (s) => {
      const { reason, detail } = squatter(s) ?? { reason: "ClaimNotOurs", detail: "" };
      return held(s, reason, detail);
    },
  },
  {
    name: "left-over claim of another pool",
    when: (s) => s.claim !== undefined && !s.ofMatchingPool,
    plan: (s) => held(s, "ClaimOfOtherPool", claimWords(s)),
  },
  {
    name: "bound, variable restricted",
    when: (s) =>
      (s.roleFacts.reserved || s.facts.dryRun) && isBound(s) && mustBeChecked(s, s.address?.address ?? ""),
    plan: (s) => held(s, "VariableRestricted", s.address?.address ?? ""),
  },
  {
    name: "bound: who else has it?",
    when: (s) =>
      (s.roleFacts.reserved || s.facts.dryRun) && isBound(s) && (s.pin || mayBeShared(s)) && lacksLook(s),
    plan: looking,
  },
  {
    // Another address can be had instead, but not within this request.
    name: "bound, and another has it",
    when: (s) => (s.roleFacts.reserved || s.facts.dryRun) && isBound(s) && isTaken(s),
    plan: (s) => held(s, "AddressTaken", takenWords(s)),
  },
  {
    name: "bound",
    when: (s) => (s.roleFacts.reserved || s.facts.dryRun) && isBound(s),
    plan: (s) => {
      const vip = s.given ?? s.address?.address ?? "";
      const reason = s.pin ? "UserProvided" : "Assigned";
      return { verdict: verdict(reason, vip), edit: placeVip(s, vip, true) };
    },
  },
  {
    // Read, then stored later: without this write a sweep in between hands the address out twice.
    name: "left-over claim",
    when: (s) => s.claim !== undefined && !s.roleFacts.reserved && s.facts.spent === undefined,
    plan: (s) => ({
      verdict: verdict("WaitingForAddress", claimWords(s)),
      steps: s.claim ? [{ kind: "reserve-claim", role: s.role, claim: s.claim }] : [],
    }),
  },
  {
    name: "nothing yet",
    when: (s) => !s.claim && claiming(s, undefined).length > 0 && s.facts.spent === undefined,
    plan: (s) => ({
      verdict: verdict("WaitingForAddress", ""),
      steps: claiming(s, undefined),
    }),
  },
  {
    // A role that is no endpoint is worth a wait only where it comes too late for its variable otherwise.
    name: "waiting",
    when: (s) =>
      (s.role.isEndpoint || s.wantsVariable) &&
      s.claim !== undefined &&
      s.facts.spent === undefined &&
      (s.address === undefined || s.address.address !== undefined),
    plan: (s) => ({
      verdict: verdict("WaitingForAddress", claimWords(s)),
      ...(s.claim && { waitFor: s.claim }),
    }),
  },
  { name: "all else", when: () => true, plan: lastWord },
];
