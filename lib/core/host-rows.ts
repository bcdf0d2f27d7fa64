/** Answers: what is to be done for a stored Cluster that has a host already? */
import {
  adoption,
  claiming,
  isFormerVip,
  isFresh,
  isProtected,
  keptFromThePool,
  NEVER_BEFORE_MS,
  ownerOf,
  remove,
  retire,
} from "./adoption";
import { canonicalAddress, sameHost } from "./address";
import { APPLY_LATE } from "./contract";
import { isEmpty, type Edit } from "./edit";
import type { RolePlan, Row, Step } from "./row";
import { says, UNHEARD_MS, waits } from "./says";
import {
  claimWords,
  className,
  isGoing,
  isItsVip,
  isPinnable,
  isServedBy,
  ownNetwork,
  type Situation,
} from "./situation";
import { mustBeAnnounced, mustBeChecked, placeVip } from "./placing";
import {
  holderWords,
  isTaken,
  keptFromThird,
  lacksLook,
  looking,
  mayBeShared,
  nextLookMs,
  takenWords,
} from "./sharing";
import type { Reason } from "./verdict";

export const isLate = ({ cluster, held }: Situation): boolean =>
  !held && cluster.started && cluster.annotations[APPLY_LATE] !== "true";

/** What belongs on a Cluster whose host is known: written only where it cannot roll machines. */
export function follow(s: Situation, host: string, reason: Reason, annotate: boolean): RolePlan {
  const edit = placeVip(s, host, annotate);
  const steps = reason === "Assigned" ? adoption(s) : [];
  const withheld = isLate(s) && edit.variables !== undefined;
  const wished = withheld ? withoutVariables(edit) : edit;
  const mayBeRefused = !s.role.isEndpoint && wished.variables !== undefined && mustBeChecked(s, host);
  const more = { steps, ...(!isEmpty(wished) && { edit: wished }), ...(mayBeRefused && { mayBeRefused }) };
  // Found when both were there already: it is said, and nobody loses anything for it.
  const { rivals } = s.roleFacts;
  if (rivals.length > 0) return says("AddressTaken", holderWords(host, rivals), more);
  return withheld ? says("LateNotApplied", `variable ${s.role.variable}`, more) : says(reason, host, more);
}

function withoutVariables(edit: Edit): Edit {
  const { variables: _, ...rest } = edit;
  return rest;
}

/** The recorded VIP is still reserved here: while it is, the record is what keeps its claim from being retired. */
const wasServed = ({ address, cluster, role }: Situation): boolean =>
  address?.address !== undefined && cluster.annotations[role.annotation] === address.address;

const isAddress = ({ host }: Situation): boolean => canonicalAddress(host ?? "") !== undefined;

/** A look is at every Cluster and address there is: only before something is written that depends on it. */
const isWorthALook = (s: Situation): boolean =>
  isAddress(s) && lacksLook(s) && !isItsVip(s) && (s.held ? !isComing(s) : isPinnable(s));

/** Nothing is changed on a Cluster that runs; one that is held stays so until its user decides. */
const taken = (s: Situation, steps: readonly Step[]): RolePlan =>
  waits(s, "AddressTaken", takenWords(s), { steps, lookAgainMs: nextLookMs(s) });

/** Nothing was ever rendered with it, so it can still be another one. */
const isUnseen = ({ held, cluster }: Situation): boolean => held && !cluster.hasRefs;

/** Its claim is there, and its address may still come; once it is there, it is in place like any other. */
const isComing = (s: Situation): boolean =>
  s.pin !== undefined &&
  s.claim?.ours === true &&
  !isGoing(s) &&
  s.ofMatchingPool &&
  !s.address &&
  (s.claim.addressName !== undefined || isFresh(s));

const ROWS: readonly Row<Situation>[] = [
  {
    name: "the VIP may be another's too: who has it?",
    when: (s) => isItsVip(s) && isUnseen(s) && (!s.claim || mayBeShared(s)) && lacksLook(s),
    plan: looking,
  },
  {
    // Whoever sees another one gives way, also both: better than one address twice.
    name: "the VIP is another's too",
    when: (s) => isItsVip(s) && isUnseen(s) && isTaken(s),
    plan: (s) => taken(s, s.claim && !s.claim.deleting ? [remove(s.claim)] : []),
  },
  {
    name: "claim or address of the VIP deleted by hand",
    when: (s) => isItsVip(s) && (!s.held || s.class !== undefined) && (!s.claim || isGoing(s)),
    plan: (s) => {
      const { edit } = follow(s, s.host ?? "", "Assigned", true);
      return says("AddressDetached", s.host, edit && { edit });
    },
  },
  {
    name: "the VIP is pinned, and the provider has not confirmed it yet",
    when: (s) =>
      isItsVip(s) &&
      isUnseen(s) &&
      s.address?.pinnedAt !== undefined &&
      s.claim?.deleting === false &&
      s.claim.addressName === undefined,
    plan: (s) => waits(s, "WaitingForAddress", claimWords(s), { steps: adoption(s) }),
  },
  {
    name: "the VIP is secured before the hold ends",
    when: (s) => isItsVip(s) && s.held && !isProtected(s),
    plan: (s) => says("Adopting", s.host, { steps: adoption(s) }),
  },
  {
    name: "the VIP is in place, class missing",
    when: (s) => isItsVip(s) && !s.class,
    plan: (s) => waits(s, "ClassNotFound", className(s), { steps: adoption(s) }),
  },
  {
    // A create that says so is refused; one that could not be judged is held, and stays so until its user decides.
    name: "host and variable differ, held",
    when: (s) => s.held && s.variable !== undefined && !sameHost(s.host, s.variable),
    plan: (s) => waits(s, "HostAndVariableDiffer", `${s.host} and ${s.variable}`, retire(s)),
  },
  {
    name: "the former VIP stays reserved",
    when: (s) => s.claim?.ours !== false && isFormerVip(s) && !isServedBy(s),
    plan: (s) => {
      const { verdict, ...more } = follow(s, s.host ?? "", "UserProvided", isAddress(s));
      // The name of its claim is the former VIP's, so the new one is parked.
      const kept = says("FormerVipKept", s.address?.address, { ...more, steps: keptFromThePool(s) });
      return verdict.reason === "AddressTaken" ? { ...kept, verdict } : kept;
    },
  },
  {
    name: "host by somebody else, claim of ours",
    when: (s) => !isComing(s) && retire(s).steps !== undefined,
    plan: (s) => says("UserProvided", s.host, retire(s)),
  },
  {
    // A create that says so is refused; this one could not be judged, or the host came while it was held.
    name: "host by somebody else, inside the Cluster's own network",
    when: (s) => s.held && ownNetwork(s) !== undefined,
    plan: (s) => waits(s, "InsideOwnNetwork", `${s.host} in ${ownNetwork(s)}`),
  },
  {
    name: "host by somebody else: who has it?",
    when: isWorthALook,
    plan: looking,
  },
  {
    name: "host by somebody else, and another has it",
    when: (s) => !isItsVip(s) && isTaken(s),
    plan: (s) => taken(s, s.held || !s.role.isEndpoint ? [] : keptFromThird(s)),
  },
  {
    name: "host by somebody else, class missing",
    when: (s) => !s.class,
    plan: (s) => waits(s, "ClassNotFound", className(s)),
  },
  {
    name: "host by somebody else, in a pool: reserved there",
    when: isPinnable,
    plan: (s) => waits(s, "WaitingForAddress", s.host ?? "", { steps: claiming(s, ownerOf(s)) }),
  },
  {
    name: "host by somebody else, reservation not confirmed yet",
    when: isComing,
    plan: (s) =>
      waits(s, "WaitingForAddress", claimWords(s), { steps: adoption(s), lookAgainMs: NEVER_BEFORE_MS }),
  },
  {
    // Ended now, the hold would leave the address to whoever asks the pool next.
    name: "host by somebody else, its reservation waits for a former one",
    when: (s) => s.held && s.pin !== undefined && s.claim?.ours !== false && !isServedBy(s),
    plan: (s) =>
      waits(s, "PreviousAddressReleasing", claimWords(s) || `IPAddress ${s.address?.name}`, {
        lookAgainMs: UNHEARD_MS,
      }),
  },
  {
    name: "host, variable restricted: announce",
    when: (s) => mustBeAnnounced(s, s.host ?? ""),
    plan: (s) => waits(s, "VariableRestricted", s.host ?? "", { lookAgainMs: UNHEARD_MS }),
  },
  {
    name: "the VIP is in place",
    when: isItsVip,
    plan: (s) => follow(s, s.host ?? "", "Assigned", true),
  },
  {
    name: "host by somebody else",
    when: () => true,
    plan: (s) => ({
      ...(isFresh(s) && { lookAgainMs: NEVER_BEFORE_MS }),
      ...retire(s),
      ...follow(s, s.host ?? "", "UserProvided", isAddress(s) && !wasServed(s)),
    }),
  },
];

/** For all of them there is a host. */
export const HOST_ROWS: readonly Row<Situation>[] = ROWS.map((row) => ({
  ...row,
  when: (s) => s.host !== undefined && row.when(s),
}));
