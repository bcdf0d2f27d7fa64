/** Answers: what of facts and plan may be logged? Names and states; never an object, nor what a user wrote in one. */
import { HOLD } from "../core/contract";
import { isEmpty, NO_EDIT } from "../core/edit";
import { keyText, type Facts, type Known, type RoleFacts } from "../core/facts";
import type { Decision, Plan } from "../core/plan";
import { poolName } from "../core/pool-choice";

/** The value where it was found, else whether it is absent or unread, and why. */
function stated<T>(known: Known<T>, words: (value: T) => unknown): unknown {
  if (known.state === "found") return words(known.value);
  return known.state === "unread" ? { unread: known.why } : known.state;
}

export const factsInWords = (facts: Facts): object => ({
  occasion: facts.occasion,
  ...(facts.dryRun && { dryRun: true }),
  cluster: stated(facts.cluster, (cluster) => ({
    class: cluster.class && keyText(cluster.class),
    host: cluster.endpoint.host,
    hold: cluster.annotations[HOLD],
    deleting: cluster.deleting,
    hasRefs: cluster.hasRefs,
    started: cluster.started,
  })),
  class: stated(facts.class, ({ strings, reconciled }) => ({ strings: [...strings.keys()], reconciled })),
  pools: stated(facts.pools, (pools) => pools.map(({ ref, free }) => ({ pool: poolName(ref), free }))),
  roles: facts.roles.map(roleInWords),
  ...(facts.spent !== undefined && { spent: facts.spent }),
});

const roleInWords = ({ role, claim, address, reserved, holders }: RoleFacts): object => ({
  role: role.name,
  claim: stated(claim, ({ name, ours, deleting, owner, addressName }) => ({
    name,
    ours,
    deleting,
    owner: owner && `${owner.kind} ${owner.name}`,
    addressName,
  })),
  address: stated(address, ({ name, text, inUse, deletingSince, pinnedAt }) => ({
    name,
    address: text,
    inUse,
    deleting: deletingSince !== undefined,
    pinned: pinnedAt !== undefined,
  })),
  ...(reserved && { reserved }),
  ...(holders && { holders: stated(holders, (all) => all.length) }),
});

export const planInWords = ({ decisions, waitFor, lookAgainMs, interests }: Plan): object => ({
  decisions: decisions.map(decisionInWords),
  ...(waitFor && { waitFor: waitFor.name }),
  // How long is told by the clock, and would make every line a new one.
  ...(lookAgainMs !== undefined && { looksAgain: true }),
  interests: interests.length,
});

const decisionInWords = ({ role, row, verdict, steps = [], edit = NO_EDIT }: Decision): object => ({
  role: role.name,
  row,
  reason: verdict.reason,
  ...(steps.length > 0 && { steps: steps.map(({ kind }) => kind) }),
  ...(!isEmpty(edit) && { edit: Object.keys(edit) }),
});
