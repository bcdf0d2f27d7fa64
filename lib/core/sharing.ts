/** Answers: may somebody else have the address that is about to be the VIP, and who has it? */
import { canonicalAddress, sameHost } from "./address";
import { isProtected, keptFromThePool } from "./adoption";
import { valueOf, type Holder } from "./facts";
import { isOfOtherPool } from "./pool-choice";
import type { RolePlan, Step } from "./row";
import { LONGEST_REST_MS, says, UNHEARD_MS } from "./says";
import { isShared, type Situation } from "./situation";

/** The address that is about to be the VIP. */
const comingVip = ({ address, given }: Situation): string | undefined =>
  canonicalAddress(given ?? "") ?? address?.address;

/** Only where somebody else can have it at all, because the look is at every Cluster and address there is. */
export function mayBeShared({ claim, claimed, facts, address }: Situation): boolean {
  if (!claim || address?.address === undefined) return false;
  return (
    address.pinnedAt !== undefined || isOfOtherPool(address.address, claimed, valueOf(facts.pools) ?? [])
  );
}

/** Nobody looked yet who else has the address. */
export const lacksLook = ({ roleFacts }: Situation): boolean => roleFacts.holders === undefined;

export function looking(s: Situation): RolePlan {
  const address = comingVip(s);
  const look = address === undefined ? {} : { lookFor: address };
  return says("WaitingForAddress", "who else has the address is not known yet", look);
}

export const isTaken = (s: Situation): boolean => holdersOf(s).length > 0;

/** What a look has seen, and the Cluster's own endpoint, which must not be another role's VIP unless its user says so. */
function holdersOf(s: Situation): readonly Holder[] {
  const { role, cluster, host, address, facts } = s;
  const isItsEndpoint =
    !role.isEndpoint &&
    host === undefined &&
    !isShared(s) &&
    sameHost(cluster.endpoint.host, address?.address);
  const own: Holder[] = isItsEndpoint ? [{ kind: "Cluster", ...facts.key }] : [];
  return [...seenHolders(s), ...own];
}

/** An address is secured once a look saw nobody else: who was given it since sees us in turn, and gives way. */
function seenHolders(s: Situation): readonly Holder[] {
  const { holders } = s.roleFacts;
  const seen = (holders && valueOf(holders)) ?? [];
  return isProtected(s) ? seen.filter(({ isFleeting }) => !isFleeting) : seen;
}

/** Others answer there already; reserved for none of them, it would be given to one more. */
export const keptFromThird = (s: Situation): Step[] =>
  holdersOf(s).every(({ kind }) => kind === "Cluster") ? keptFromThePool(s) : [];

/**
 * Of all who were given one address at the same moment the first by name goes first: it gives nothing back until
 * a look sees nobody else. If all gave way at once, they would meet again at the next address, and each time keep
 * one more out of their pools, until nothing is left there.
 */
export const goesFirst = (s: Situation): boolean => {
  const own = `${s.facts.key.namespace}/${s.address?.name}`;
  const others = holdersOf(s);
  return (
    others.length > 0 &&
    others.every(({ isFleeting, namespace, name }) => isFleeting && own < `${namespace}/${name}`)
  );
};

/** How long it is until somebody may have given the address back of whom we do not hear. */
export const nextLookMs = (s: Situation): number =>
  holdersOf(s).some(({ isFleeting }) => isFleeting) ? UNHEARD_MS : LONGEST_REST_MS;

const MOST_HOLDERS = 3;

export const holderWords = (address: string, holders: readonly Holder[]): string => {
  const names = holders
    .slice(0, MOST_HOLDERS)
    .map(({ kind, namespace, name }) => `${kind} ${namespace}/${name}`);
  return `${address} of ${names.join(", ")}${holders.length > MOST_HOLDERS ? " and others" : ""}`;
};

export const takenWords = (s: Situation): string => holderWords(comingVip(s) ?? "", holdersOf(s));
