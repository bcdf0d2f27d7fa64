/**
 * Answers: what is to be done for a Cluster that is stored, or gone?
 *
 * First row that applies decides, so a row may count on the ones above it. A pass makes the world one
 * step better and is safe to repeat; the next event, or the look that follows a write, does the rest.
 */
import { APPLY_LATE, CLUSTER_API, DELETE_FOR_MOVE, HOLD, LIFTED, RELEASED } from "./contract";
import { isEmpty, NO_EDIT, unpause, type Edit } from "./edit";
import type { AddressFacts, ClaimFacts, Facts, OwnerReference, RoleFacts } from "./facts";
import { valueOf } from "./facts";
import type { Row, RolePlan, Step } from "./plan";
import { claimName } from "./roles";
import {
  claimWords,
  className,
  hasOptedOut,
  isHeld,
  isPausedByUser,
  isServedBy,
  passedOverWords,
  placeVip,
  wishWords,
  type Situation,
} from "./situation";
import { verdict, type Reason } from "./verdict";
import { canonicalAddress } from "./address";

/** No claim is taken away while a create that counted on it may still be on its way: 34 s, and much to spare. */
const NEVER_BEFORE_MS = 120_000;

/** Somebody else's write may have crossed ours; a moment later the reads agree. */
const SOON_MS = 250;

const says = (reason: Reason, detail = "", more: Omit<RolePlan, "verdict"> = {}): RolePlan => ({
  verdict: verdict(reason, detail),
  ...more,
});

/** A Cluster that cannot be completed: what its hold says is kept true, and nothing else is written. */
function waits(s: Situation, reason: Reason, detail: string, more: Omit<RolePlan, "verdict"> = {}): RolePlan {
  const stale = isHeld(s.cluster) && s.cluster.annotations[HOLD] !== reason && !isPausedByUser(s.cluster);
  return says(reason, detail, { ...(stale && { edit: { annotations: { [HOLD]: reason } } }), ...more });
}

const ownerOf = ({ cluster }: Situation): OwnerReference => ({
  apiVersion: `${CLUSTER_API}/v1beta2`,
  kind: "Cluster",
  name: cluster.key.name,
  uid: cluster.uid ?? "",
  controller: true,
  // Never blockOwnerDeletion: with a provider whose address is owned by the claim alone, foreground
  // deletion of the Cluster would wait for the claim, and the claim for the Cluster.
});

const remove = (claim: ClaimFacts): Step => ({ kind: "delete-claim", claim });

// ---- A Cluster that is gone --------------------------------------------------------------------

export interface Remains {
  readonly facts: Facts;
  readonly roleFacts: RoleFacts;
}

const isDetained = (address: AddressFacts | undefined): address is AddressFacts =>
  address !== undefined && address.deletingSince !== undefined && address.inUse;

/** Takes our finalizer off an address nobody can be at any more, after the quarantine. */
function release(address: AddressFacts, { now, rules }: Facts, reason: Reason): RolePlan {
  const left = (address.deletingSince ?? now) + rules.quarantineMs - now;
  return left > 0
    ? says(reason, address.text, { lookAgainMs: left })
    : says(reason, address.text, { steps: [{ kind: "release-address", address }] });
}

const orphan = ({ roleFacts }: Remains): ClaimFacts | undefined => {
  const claim = valueOf(roleFacts.claim);
  return claim?.ours && !claim.owner && !claim.deleting ? claim : undefined;
};

/** A claim whose Cluster never came, or was deleted and left it: removed when nobody can count on it any more. */
function sweep({ facts }: Remains, claim: ClaimFacts): RolePlan {
  const { rules, now } = facts;
  const grace = Math.max(claim.labelled ? rules.sweepLabelledMs : rules.sweepBareMs, NEVER_BEFORE_MS);
  const left = claim.youngest + grace - now;
  return left > 0
    ? says("Gone", claim.name, { lookAgainMs: left })
    : says("Gone", claim.name, { steps: [remove(claim)] });
}

export const goneTable: readonly Row<Remains>[] = [
  {
    name: "Cluster not read",
    when: ({ facts }) => facts.cluster.state === "unread",
    plan: ({ facts }) => says("Unreachable", facts.cluster.state === "unread" ? facts.cluster.why : ""),
  },
  {
    name: "claim or address not read",
    when: ({ roleFacts }) => roleFacts.claim.state === "unread" || roleFacts.address.state === "unread",
    plan: ({ roleFacts }) => says("Unreachable", whyUnread(roleFacts)),
  },
  {
    name: "release",
    when: ({ roleFacts }) => isDetained(valueOf(roleFacts.address)),
    plan: ({ facts, roleFacts }) => {
      const address = valueOf(roleFacts.address);
      return address ? release(address, facts, "Gone") : says("Gone");
    },
  },
  {
    name: "sweep",
    when: (remains) => orphan(remains) !== undefined,
    plan: (remains) => {
      const claim = orphan(remains);
      return claim ? sweep(remains, claim) : says("Gone");
    },
  },
  { name: "nothing left to do", when: () => true, plan: () => says("Gone") },
];

const whyUnread = ({ claim, address }: RoleFacts): string =>
  [claim, address].flatMap((known) => (known.state === "unread" ? known.why : [])).join("; ");

// ---- A Cluster that is stored ------------------------------------------------------------------

const ofAnother = (uid: string | undefined, s: Situation): boolean =>
  uid !== undefined && uid !== s.cluster.uid;

const isLate = ({ cluster }: Situation): boolean =>
  !isHeld(cluster) && cluster.started && cluster.annotations[APPLY_LATE] !== "true";

/** The steps that make claim and address the Cluster's own, as far as they are not. Address first. */
function adoption(s: Situation): Step[] {
  const { claim } = s;
  return claim?.ours && !claim.deleting ? [...protection(s), ...ownership(s, claim)] : [];
}

const isAlive = ({ address }: Situation): boolean =>
  address?.address !== undefined && address.deletingSince === undefined;

const protection = (s: Situation): Step[] =>
  s.address && isAlive(s) && !isProtected(s)
    ? [{ kind: "protect-address", role: s.role, address: s.address, uid: s.cluster.uid ?? "" }]
    : [];

/** The label last, and never on a paused Cluster: the provider then neither serves nor releases the claim. */
function ownership(s: Situation, claim: ClaimFacts): Step[] {
  const { cluster } = s;
  if (!claim.owner) return [{ kind: "own-claim", claim, owner: ownerOf(s) }];
  const ready = isAlive(s) && !claim.labelled && !isHeld(cluster) && !isPausedByUser(cluster);
  return ready ? [{ kind: "label-claim", claim, cluster: cluster.key.name }] : [];
}

const isProtected = ({ address, cluster }: Situation): boolean =>
  address !== undefined && address.inUse && address.labelled && address.clusterUid === cluster.uid;

const neverItsEndpoint = (s: Situation): boolean =>
  !isServedBy(s) &&
  (s.address?.address === undefined || s.cluster.annotations[s.role.annotation] !== s.address.address);

/** Gives a claim back that was never the endpoint; the address follows it, see "release what was never used". */
const retire = (s: Situation): Step[] =>
  s.claim && s.claim.ours && !s.claim.deleting && neverItsEndpoint(s) ? [remove(s.claim)] : [];

const lift = (s: Situation): Edit => (isHeld(s.cluster) ? unpause(s.cluster.annotations, LIFTED) : NO_EDIT);

/** What belongs on a Cluster that has its host already: written only where it cannot roll machines. */
function follow(s: Situation, reason: Reason, annotate: boolean): RolePlan {
  const host = s.host ?? "";
  const edit = placeVip(s, host, annotate);
  const steps = reason === "Assigned" ? adoption(s) : [];
  const withheld = isLate(s) && edit.variables !== undefined;
  const wished = withheld ? withoutVariables(edit) : edit;
  return says(withheld ? "LateNotApplied" : reason, withheld ? `variable ${s.role.variable}` : host, {
    steps,
    ...(!isEmpty(wished) && { edit: wished }),
  });
}

function withoutVariables(edit: Edit): Edit {
  const { variables: _, ...rest } = edit;
  return rest;
}

const hasNoPool = (s: Situation): boolean => s.pools.matching.length === 0;

/** No pool is asked for, or the installation says that a missing one is no reason to hold. */
const needsNoPool = (s: Situation): boolean =>
  hasNoPool(s) && (!s.wantsVariable || s.facts.rules.noPool !== "hold");

const PAUSED_ROWS: readonly Row<Situation>[] = [
  {
    // Claims and addresses are not the Cluster: securing them is allowed, and needed.
    name: "paused by the user, with a claim",
    when: (s) => isPausedByUser(s.cluster) && s.claim !== undefined && !ofAnother(s.claim.owner?.uid, s),
    plan: (s) => says("Paused", "", { steps: isServedBy(s) || s.host === undefined ? adoption(s) : [] }),
  },
  { name: "paused by the user", when: (s) => isPausedByUser(s.cluster), plan: () => says("Paused") },
];

const FORMER_OWNER_ROWS: readonly Row<Situation>[] = [
  {
    name: "address of a former Cluster: release",
    when: (s) => isDetained(s.address) && ofAnother(s.address.clusterUid, s) && !isServedBy(s),
    plan: (s) => {
      const { address, facts } = s;
      return address ? release(address, facts, "PreviousAddressReleasing") : says("Unreachable");
    },
  },
  {
    // With the label the provider would find the new Cluster, which may be paused, and never release.
    name: "labelled claim of a former Cluster",
    when: (s) => ofAnother(s.claim?.owner?.uid, s) && s.claim?.labelled === true,
    plan: (s) =>
      waits(s, "PreviousAddressReleasing", claimWords(s), {
        steps: s.claim ? [{ kind: "unlabel-claim", claim: s.claim }] : [],
      }),
  },
  {
    name: "claim of a former Cluster",
    when: (s) => ofAnother(s.claim?.owner?.uid, s),
    plan: (s) => waits(s, "PreviousAddressReleasing", claimWords(s)),
  },
];

const DELETING_ROWS: readonly Row<Situation>[] = [
  {
    name: "being moved away",
    when: (s) => s.cluster.annotations[DELETE_FOR_MOVE] !== undefined,
    plan: () => says("Moved"),
  },
  {
    // Cluster API does not delete what is paused.
    name: "held and being deleted",
    when: (s) => s.cluster.deleting && isHeld(s.cluster),
    plan: (s) => says("Deleting", "", { steps: retire(s), edit: unpause(s.cluster.annotations, LIFTED) }),
  },
  {
    name: "being deleted",
    when: (s) => s.cluster.deleting,
    plan: (s) => says("Deleting", "", { steps: isServedBy(s) ? adoption(s) : [] }),
  },
];

const HOST_ROWS: readonly Row<Situation>[] = [
  {
    name: "claim or address of the VIP deleted by hand",
    when: (s) => isServedBy(s) && (!s.claim || s.claim.deleting || s.address?.deletingSince !== undefined),
    plan: (s) => says("AddressDetached", s.host, endingHold(s)),
  },
  {
    name: "the VIP is secured before the hold ends",
    when: (s) => isServedBy(s) && isHeld(s.cluster) && !isProtected(s),
    plan: (s) => says("Adopting", s.host, { steps: adoption(s) }),
  },
  {
    name: "the VIP is in place, class missing",
    when: (s) => isServedBy(s) && !s.class,
    plan: (s) => waits(s, "ClassNotFound", className(s), { steps: adoption(s) }),
  },
  {
    name: "the VIP is in place",
    when: isServedBy,
    plan: (s) => follow(s, "Assigned", true),
  },
  {
    name: "host by somebody else, claim of ours",
    when: (s) => s.host !== undefined && retire(s).length > 0,
    plan: (s) => says("UserProvided", s.host, { steps: retire(s) }),
  },
  {
    name: "host by somebody else, class missing",
    when: (s) => s.host !== undefined && !s.class,
    plan: (s) => waits(s, "ClassNotFound", className(s)),
  },
  {
    name: "host by somebody else",
    when: (s) => s.host !== undefined,
    plan: (s) => follow(s, "UserProvided", canonicalAddress(s.host ?? "") !== undefined),
  },
];

const endingHold = (s: Situation): Omit<RolePlan, "verdict"> =>
  isHeld(s.cluster) ? { edit: placeVip(s, s.host ?? "", true) } : {};

const NO_HOST_ROWS: readonly Row<Situation>[] = [
  {
    name: "class missing",
    when: (s) => !s.class,
    plan: (s) => waits(s, "ClassNotFound", className(s)),
  },
  {
    name: "nothing asks for a VIP",
    when: needsNoPool,
    plan: (s) =>
      says(s.wantsVariable ? "NoMatchingPool" : "NotManaged", wishWords(s), {
        steps: retireAged(s).steps ?? [],
        ...lifting(s),
      }),
  },
  {
    name: "late, on a running Cluster",
    when: isLate,
    plan: (s) => says("LateNotApplied", "the endpoint", { steps: retireAged(s).steps ?? [] }),
  },
  {
    name: "claim not ours",
    when: (s) => s.claim !== undefined && !s.claim.ours,
    plan: (s) => waits(s, "ClaimNotOurs", claimWords(s)),
  },
  {
    // The hold says so first: whoever still wants to complete the Cluster with this address then fails
    // on the resourceVersion, and only then the address may go.
    name: "address that was never used: announce",
    when: (s) =>
      isDetained(s.address) &&
      isHeld(s.cluster) &&
      s.cluster.annotations[HOLD] !== "PreviousAddressReleasing",
    plan: (s) => waits(s, "PreviousAddressReleasing", s.address?.text ?? ""),
  },
  {
    name: "address that was never used: release",
    when: (s) => isDetained(s.address),
    plan: (s) => {
      const { address, facts } = s;
      return address ? release(address, facts, "PreviousAddressReleasing") : says("Unreachable");
    },
  },
  {
    name: "claim or address going, or address without claim",
    when: (s) =>
      s.claim?.deleting === true ||
      s.address?.deletingSince !== undefined ||
      (!s.claim && s.address !== undefined),
    plan: (s) => waits(s, "PreviousAddressReleasing", claimWords(s) || `IPAddress ${s.address?.name}`),
  },
  {
    name: "no pool matches",
    when: (s) => hasNoPool(s) && !s.claim,
    plan: (s) => waits(s, "NoMatchingPool", wishWords(s)),
  },
  {
    name: "claim of another pool",
    when: (s) => s.claim !== undefined && !s.ofMatchingPool,
    plan: (s) => waits(s, "ClaimOfOtherPool", claimWords(s), retireAged(s)),
  },
  {
    name: "no claim, no usable pool",
    when: (s) => !s.claim && !s.pools.chosen,
    plan: (s) => waits(s, "PoolExhausted", passedOverWords(s)),
  },
  {
    name: "no claim",
    when: (s) => !s.claim,
    plan: (s) =>
      waits(s, "WaitingForAddress", "", {
        steps: s.pools.chosen
          ? [
              {
                kind: "create-claim",
                claim: {
                  namespace: s.facts.key.namespace,
                  name: claimName(s.role, s.facts.key.name),
                  role: s.role,
                  pool: s.pools.chosen.ref,
                  owner: ownerOf(s),
                },
              },
            ]
          : [],
      }),
  },
  {
    name: "claim without an address",
    when: (s) => s.claim?.addressName === undefined || !s.address,
    plan: (s) => waits(s, "WaitingForAddress", claimWords(s), { steps: adoption(s) }),
  },
  {
    name: "address that is none",
    when: (s) => s.address?.address === undefined,
    plan: (s) => waits(s, "AddressInvalid", s.address?.text ?? ""),
  },
  {
    name: "the address is secured before it is written",
    when: (s) => !isProtected(s),
    plan: (s) => says("Adopting", s.address?.text, { steps: adoption(s) }),
  },
  {
    name: "complete",
    when: () => true,
    plan: (s) => says("Assigned", s.address?.address, { edit: placeVip(s, s.address?.address ?? "", true) }),
  },
];

const lifting = (s: Situation): Omit<RolePlan, "verdict"> => {
  const edit = lift(s);
  return isEmpty(edit) ? {} : { edit };
};

/** An unowned claim may be a create's that is on its way; an owned one is this Cluster's alone. */
function retireAged(s: Situation): Omit<RolePlan, "verdict"> {
  const { claim, facts } = s;
  if (!claim || retire(s).length === 0) return {};
  const left = claim.owner ? 0 : claim.youngest + NEVER_BEFORE_MS - facts.now;
  return left > 0 ? { lookAgainMs: left } : { steps: retire(s) };
}

export const watchTable: readonly Row<Situation>[] = [
  {
    name: "a read failed",
    when: (s) =>
      [s.roleFacts.claim, s.roleFacts.address, s.facts.class, s.facts.pools].some(
        (k) => k.state === "unread",
      ),
    plan: (s) => says("Unreachable", unreadWords(s)),
  },
  ...FORMER_OWNER_ROWS.slice(0, 1),
  ...DELETING_ROWS,
  ...PAUSED_ROWS,
  {
    name: "no topology",
    when: (s) => s.cluster.class === undefined,
    plan: () => says("NoTopology"),
  },
  {
    name: "a lifted hold is tidied away",
    when: (s) => s.cluster.annotations[HOLD] === LIFTED,
    plan: () => says("Adopting", "", { edit: { annotations: { [HOLD]: null } }, lookAgainMs: SOON_MS }),
  },
  {
    name: "opted out",
    when: (s) => hasOptedOut(s.cluster, s.role),
    plan: (s) => says("OptedOut", "", { steps: retire(s), ...lifting(s) }),
  },
  {
    name: "released by the user",
    when: (s) => s.cluster.annotations[HOLD] === RELEASED && s.host === undefined,
    plan: (s) => says("Released", "", { steps: retire(s) }),
  },
  ...FORMER_OWNER_ROWS.slice(1),
  ...HOST_ROWS,
  ...NO_HOST_ROWS,
];

const unreadWords = ({ roleFacts, facts }: Situation): string =>
  [roleFacts.claim, roleFacts.address, facts.class, facts.pools]
    .flatMap((known) => (known.state === "unread" ? known.why : []))
    .join("; ");
