/** Answers: what is to be done for a stored Cluster that has a host already? */
import { adoption, isProtected, retire } from "./adoption";
import { canonicalAddress, sameHost } from "./address";
import { APPLY_LATE } from "./contract";
import { isEmpty, type Edit } from "./edit";
import type { RolePlan, Row } from "./row";
import { says, UNHEARD_MS, waits, type More } from "./says";
import { className, isHeld, isItsVip, mustBeAnnounced, placeVip, type Situation } from "./situation";
import type { Reason } from "./verdict";

export const isLate = ({ cluster }: Situation): boolean =>
  !isHeld(cluster) && cluster.started && cluster.annotations[APPLY_LATE] !== "true";

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

const endingHold = (s: Situation): More =>
  isHeld(s.cluster) ? { edit: placeVip(s, s.host ?? "", true) } : {};

/** The recorded VIP is still reserved here: while it is, the record is what keeps its claim from being retired. */
const wasServed = ({ address, cluster, role }: Situation): boolean =>
  address?.address !== undefined && cluster.annotations[role.annotation] === address.address;

export const HOST_ROWS: readonly Row<Situation>[] = [
  {
    name: "claim or address of the VIP deleted by hand",
    when: (s) =>
      isItsVip(s) &&
      (!isHeld(s.cluster) || s.class !== undefined) &&
      (!s.claim || s.claim.deleting || s.address?.deletingSince !== undefined),
    plan: (s) => says("AddressDetached", s.host, endingHold(s)),
  },
  {
    name: "the VIP is secured before the hold ends",
    when: (s) => isItsVip(s) && isHeld(s.cluster) && !isProtected(s),
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
    when: (s) =>
      isHeld(s.cluster) && s.host !== undefined && s.variable !== undefined && !sameHost(s.host, s.variable),
    plan: (s) => waits(s, "HostAndVariableDiffer", `${s.host} and ${s.variable}`, retire(s)),
  },
  {
    name: "host, variable restricted: announce",
    when: (s) => s.host !== undefined && mustBeAnnounced(s, s.host),
    plan: (s) => waits(s, "VariableRestricted", s.host ?? "", { lookAgainMs: UNHEARD_MS }),
  },
  {
    name: "the VIP is in place",
    when: isItsVip,
    plan: (s) => follow(s, "Assigned", true),
  },
  {
    name: "host by somebody else, claim of ours",
    when: (s) => s.host !== undefined && retire(s).steps !== undefined,
    plan: (s) => says("UserProvided", s.host, retire(s)),
  },
  {
    name: "host by somebody else, class missing",
    when: (s) => s.host !== undefined && !s.class,
    plan: (s) => waits(s, "ClassNotFound", className(s)),
  },
  {
    name: "host by somebody else",
    when: (s) => s.host !== undefined,
    plan: (s) => ({
      ...retire(s),
      ...follow(s, "UserProvided", canonicalAddress(s.host ?? "") !== undefined && !wasServed(s)),
    }),
  },
];
