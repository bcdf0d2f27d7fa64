/** Answers: what is to be done for a stored Cluster that has no host yet? */
import { canonicalAddress, sameHost } from "./address";
import {
  adoption,
  claimAdoption,
  claiming,
  isDetained,
  isProtected,
  neverItsEndpoint,
  ownerOf,
  parking,
  releasing,
  retire,
  retireAged,
} from "./adoption";
import { HOLD, LIFTED } from "./contract";
import { isEmpty, NO_EDIT, unpause, type Edit } from "./edit";
import { follow, isLate } from "./host-rows";
import { obstacle, samePool } from "./pool-choice";
import { mustBeAnnounced, placeVip } from "./placing";
import type { Row } from "./row";
import { says, UNHEARD_MS, waits, type More } from "./says";
import { goesFirst, isTaken, lacksLook, looking, mayBeShared, nextLookMs, takenWords } from "./sharing";
import {
  claimWords,
  className,
  hasNoPool,
  isByHand,
  isGoing,
  passedOverWords,
  wishWords,
  type Situation,
} from "./situation";

/** No pool is asked for, or the installation says that a missing one is no reason to hold. Too late to reject: that is held. */
const needsNoPool = (s: Situation): boolean =>
  hasNoPool(s) && (!s.wantsVariable || s.facts.rules.noPool === "ignore");

const lift = (s: Situation): Edit => (s.held ? unpause(s.cluster.annotations, LIFTED) : NO_EDIT);

export const lifting = (s: Situation): More => {
  const edit = lift(s);
  return isEmpty(edit) ? {} : { edit };
};

const isStuck = ({ claim, pools }: Situation): boolean =>
  pools.matching.some((pool) => claim && samePool(pool.ref, claim.pool) && obstacle(pool) !== undefined);

/** A late endpoint could roll machines by itself; what another role renders is its variable alone. */
const isTooLate = (s: Situation): boolean => s.role.isEndpoint && isLate(s);

export const NO_HOST_ROWS: readonly Row<Situation>[] = [
  {
    name: "class missing",
    when: (s) => !s.class,
    plan: (s) => waits(s, "ClassNotFound", className(s)),
  },
  {
    // Of a create that could not be judged: the endpoint follows, as it would have done then. A hold stays
    // until the host is looked at like any other.
    name: "variable given by the user",
    when: (s) => s.variable !== undefined && !isTooLate(s),
    plan: (s) => {
      const host = s.variable ?? "";
      const edit = placeVip({ ...s, held: false }, host, canonicalAddress(host) !== undefined);
      const isItsOwn = sameHost(host, s.address?.address);
      return says("UserProvided", host, { ...(!isItsOwn && retireAged(s)), edit });
    },
  },
  {
    name: "nothing asks for a VIP",
    when: needsNoPool,
    plan: (s) =>
      says(s.wantsVariable ? "NoMatchingPool" : "NotManaged", wishWords(s), {
        ...retireAged(s),
        ...lifting(s),
      }),
  },
  {
    name: "late, on a running Cluster",
    when: isTooLate,
    plan: (s) => says("LateNotApplied", "the endpoint", retireAged(s)),
  },
  {
    name: "claim not ours",
    when: (s) => (s.claim !== undefined ? !s.claim.ours : s.address !== undefined && isByHand(s.address)),
    plan: (s) =>
      waits(s, "ClaimNotOurs", claimWords(s) || `IPAddress ${s.address?.name} has no claim`, {
        lookAgainMs: UNHEARD_MS,
      }),
  },
  {
    // The hold says so first: whoever still wants to complete the Cluster with this address then fails
    // on the resourceVersion, and only then the address may go.
    name: "address that was never used: announce",
    when: (s) =>
      isDetained(s.address) &&
      neverItsEndpoint(s) &&
      s.held &&
      s.cluster.annotations[HOLD] !== "PreviousAddressReleasing",
    plan: (s) => waits(s, "PreviousAddressReleasing", s.address?.text ?? ""),
  },
  {
    name: "address that was never used: release",
    when: (s) => isDetained(s.address) && neverItsEndpoint(s),
    plan: releasing,
  },
  {
    name: "claim or address going, or address without claim",
    when: (s) => isGoing(s) || (!s.claim && s.address !== undefined),
    plan: (s) =>
      waits(s, "PreviousAddressReleasing", claimWords(s) || `IPAddress ${s.address?.name}`, {
        lookAgainMs: UNHEARD_MS,
        ...(s.address?.deletingSince !== undefined && retireAged(s)),
      }),
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
        steps: claiming(s, ownerOf(s)),
      }),
  },
  {
    // Two pools match and a burst emptied one: what waits there is made again elsewhere, at once, for nobody has
    // got an address by it. A claim that is bound meanwhile has another resourceVersion, and is not deleted.
    name: "claim of a pool that gives nothing",
    when: (s) => s.claim?.addressName === undefined && !s.address && isStuck(s),
    plan: (s) =>
      waits(s, "PoolExhausted", passedOverWords(s), s.pools.chosen ? retire(s) : { steps: adoption(s) }),
  },
  {
    name: "claim without an address",
    when: (s) => s.claim?.addressName === undefined || !s.address,
    plan: (s) => waits(s, "WaitingForAddress", claimWords(s), { steps: claimAdoption(s) }),
  },
  {
    name: "address that is none",
    when: (s) => s.address?.address === undefined,
    plan: (s) => waits(s, "AddressInvalid", s.address?.text ?? ""),
  },
  {
    name: "the address may be another's too: who has it?",
    when: (s) => (mayBeShared(s) || s.roleFacts.rivals.length > 0) && lacksLook(s),
    plan: looking,
  },
  {
    name: "the address is another's too, who gives way",
    when: goesFirst,
    plan: (s) => waits(s, "AddressTaken", takenWords(s), { lookAgainMs: nextLookMs(s) }),
  },
  {
    name: "the address is another's too",
    when: isTaken,
    plan: (s) => waits(s, "AddressTaken", takenWords(s), { steps: parking(s) }),
  },
  {
    name: "the address is secured before it is written",
    when: (s) => !isProtected(s),
    plan: (s) => says("Adopting", s.address?.text, { steps: adoption(s) }),
  },
  {
    name: "variable restricted: announce",
    when: (s) => mustBeAnnounced(s, s.address?.address ?? ""),
    plan: (s) => waits(s, "VariableRestricted", s.address?.address ?? "", { lookAgainMs: UNHEARD_MS }),
  },
  {
    name: "complete",
    when: () => true,
    plan: (s) => follow(s, s.address?.address ?? "", "Assigned", true),
  },
];
