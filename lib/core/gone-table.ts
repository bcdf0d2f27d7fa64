/** Answers: what becomes of the claim and the address of a Cluster that is gone, or never came? */
import { isDetained, NEVER_BEFORE_MS, release, remove } from "./adoption";
import type { AddressFacts, ClaimFacts, Facts, RoleFacts } from "./facts";
import { valueOf, whyUnread } from "./facts";
import type { RolePlan, Row } from "./row";
import { onceOld, says, type More } from "./says";

export interface Remains {
  readonly facts: Facts;
  readonly roleFacts: RoleFacts;
}

const unread = ({ roleFacts }: Remains): string[] => whyUnread(roleFacts.claim, roleFacts.address);

const orphan = ({ roleFacts }: Remains): ClaimFacts | undefined => {
  const claim = valueOf(roleFacts.claim);
  return claim?.ours && !claim.owner && !claim.deleting ? claim : undefined;
};

/** A claim whose Cluster never came, or was deleted and left it: removed when nobody can count on it any more. */
function sweep({ facts }: Remains, claim: ClaimFacts): RolePlan {
  const { rules, now } = facts;
  const grace = Math.max(claim.labelled ? rules.sweepLabelledMs : rules.sweepBareMs, NEVER_BEFORE_MS);
  return says("Gone", claim.name, onceOld(claim.youngest, grace, now, { steps: [remove(claim)] }));
}

/** Pinned for a create that never came, and its claim was not made. */
const pinned = ({ roleFacts }: Remains): AddressFacts | undefined => {
  const address = valueOf(roleFacts.address);
  const isLeft = address?.deletingSince === undefined && address?.pinnedAt !== undefined;
  return isLeft && roleFacts.claim.state === "absent" ? address : undefined;
};

function sweepPinned({ facts }: Remains, address: AddressFacts): RolePlan {
  const grace = Math.max(facts.rules.sweepBareMs, NEVER_BEFORE_MS);
  const more: More = { steps: [{ kind: "delete-address", address }] };
  return says("Gone", address.text, onceOld(address.pinnedAt ?? facts.now, grace, facts.now, more));
}

export const goneTable: readonly Row<Remains>[] = [
  {
    name: "Cluster not read",
    when: ({ facts }) => facts.cluster.state === "unread",
    plan: ({ facts }) => says("Unreachable", whyUnread(facts.cluster).join("; ")),
  },
  {
    name: "claim or address not read",
    when: (remains) => unread(remains).length > 0,
    plan: (remains) => says("Unreachable", unread(remains).join("; ")),
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
  {
    name: "sweep what was pinned",
    when: (remains) => pinned(remains) !== undefined,
    plan: (remains) => {
      const address = pinned(remains);
      return address ? sweepPinned(remains, address) : says("Gone");
    },
  },
  { name: "nothing left to do", when: () => true, plan: () => says("Gone") },
];
