/** Answers: which writes make a claim and its address a Cluster's own, and which give them back? */
import { sameHost } from "./address";
import { CLUSTER_API, DELETE_FOR_MOVE } from "./contract";
import type { AddressFacts, ClaimFacts, Facts, OwnerReference } from "./facts";
import { valueOf } from "./facts";
import { claimName, PARKED, parkedName } from "./roles";
import type { Pin, RolePlan, Step } from "./row";
import { onceOld, says, type More } from "./says";
import { isHeld, isPausedByUser, type Situation } from "./situation";
import type { Reason } from "./verdict";

/** No claim is taken away while a create that counted on it may still be on its way: 34 s, and much to spare. */
export const NEVER_BEFORE_MS = 120_000;

export const ownerOf = ({ cluster }: Situation): OwnerReference => ({
  apiVersion: `${CLUSTER_API}/v1beta2`,
  kind: "Cluster",
  name: cluster.key.name,
  uid: cluster.uid ?? "",
  controller: true,
  // Never blockOwnerDeletion: with a provider whose address is owned by the claim alone, foreground
  // deletion of the Cluster would wait for the claim, and the claim for the Cluster.
});

export const remove = (claim: ClaimFacts): Step => ({ kind: "delete-claim", claim });

/** Nobody will ever own what was reserved for a request that is refused. */
export const undoing = ({ roles }: Facts): Step[] =>
  roles.flatMap(({ reserved, claim }) =>
    reserved && claim.state === "found" && !claim.value.deleting ? [remove(claim.value)] : [],
  );

const isOurs = ({ claim }: Situation): boolean => claim !== undefined && claim.ours && !claim.deleting;

/** The steps that make claim and address the Cluster's own, as far as they are not. Address first. */
export const adoption = (s: Situation): Step[] => (isOurs(s) ? [...protection(s), ...ownership(s)] : []);

/** The claim alone: nobody has looked yet whether its address is another's too, and must be given back. */
export const claimAdoption = (s: Situation): Step[] => (isOurs(s) ? ownership(s) : []);

const isAlive = ({ address }: Situation): boolean =>
  address?.address !== undefined && address.deletingSince === undefined;

/** The claim that is made for a role; none where no pool can give an address. Nobody owns it before its Cluster is stored. */
export function claiming(s: Situation, owner: OwnerReference | undefined): Step[] {
  const { role, facts, pools, pin, address } = s;
  const pool = pin?.pool ?? pools.chosen;
  if (!pool) return [];
  const { namespace, name } = facts.key;
  const claim = { namespace, name: claimName(role, name), role: role.name, pool: pool.ref, owner };
  const pinning: Step[] = pin && !address ? [{ kind: "pin-address", claim, pin }] : [];
  return [...pinning, { kind: "create-claim", claim }];
}

/**
 * Somebody else has the address of our claim: another pool gave it, or a user. The provider would give it
 * again, so it is taken out of the pool, for as long as the Cluster lives that came across it; then the claim
 * goes, and the next one is given another.
 */
export function parking(s: Situation): Step[] {
  const { claim, claimed, address } = s;
  if (!claim || !claimed || address?.address === undefined) return [];
  return [park(s, { address: address.address, pool: claimed }), remove(claim)];
}

/** Keeps an address out of a pool for as long as the Cluster lives. */
export function park(s: Situation, pin: Pin): Step {
  const { address, pool } = pin;
  const { namespace } = s.facts.key;
  const name = parkedName(address, pool.ref);
  const claim = { namespace, name, role: PARKED, pool: pool.ref, owner: ownerOf(s) };
  return { kind: "park-address", claim, pin };
}

/** In a pool, and reserved there for nobody. */
export function keptFromThePool(s: Situation): Step[] {
  const { pin, roleFacts } = s;
  return pin && !roleFacts.parked.includes(pin.address) ? [park(s, pin)] : [];
}

/** Puts the finalizer on, or stamps a live address of a Cluster that was moved or restored. */
export const protection = (s: Situation): Step[] => {
  const { role, address, cluster } = s;
  if (!address || !isAlive(s) || isProtected(s) || isMovingAway(s)) return [];
  return [{ kind: "protect-address", role, address, uid: cluster.uid ?? "", cluster: cluster.key.name }];
};

/** clusterctl has taken all annotations off it, and deletes it next: it is the other management cluster's by now. */
const isMovingAway = ({ address, cluster }: Situation): boolean =>
  isPausedByUser(cluster) && address?.source.metadata.annotations?.[DELETE_FOR_MOVE] !== undefined;

/** Never the label on a paused Cluster: the provider then neither serves nor releases the claim. */
function ownership(s: Situation): Step[] {
  const { cluster, claim } = s;
  if (!claim) return [];
  const owned = !claim.owner && { owner: ownerOf(s) };
  const mayBeLabelled = isAlive(s) && !isHeld(cluster) && !isPausedByUser(cluster);
  const labelled = mayBeLabelled && !claim.labelled && { cluster: cluster.key.name };
  return owned || labelled ? [{ kind: "adopt-claim", claim, ...owned, ...labelled }] : [];
}

export const isProtected = ({ address, cluster }: Situation): boolean =>
  address !== undefined && address.inUse && address.labelled && address.clusterUid === cluster.uid;

/** Its user put another VIP in its place; machines may still answer there. */
export const isFormerVip = ({ address, cluster, role }: Situation): boolean =>
  sameHost(cluster.annotations[role.replaced], address?.address);

/** A create or a restore that counts on the claim may still be on its way. */
export const isFresh = ({ claim, facts }: Situation): boolean =>
  claim !== undefined && claim.youngest + NEVER_BEFORE_MS > facts.now;

/** The address was never on the Cluster; where it cannot be read, no VIP was ever recorded there. */
export function neverItsEndpoint(s: Situation): boolean {
  const { address, cluster, role } = s;
  const recorded = cluster.annotations[role.annotation];
  if (!address) return recorded === undefined || isUnused(s);
  const inPlace = [reservedHere(s), cluster.annotations[role.replaced], s.host];
  if (inPlace.some((host) => sameHost(host, address.address))) return false;
  return address.address === undefined ? recorded === undefined : recorded !== address.address;
}

/** The endpoint, where nothing else keeps it reserved: its user may have put another role's address there. */
function reservedHere({ cluster, facts }: Situation): string | undefined {
  const { host } = cluster.endpoint;
  const isElsewhere = facts.roles.some(
    ({ role, address, parked }) =>
      parked.includes(host ?? "") || (role.isEndpoint && sameHost(valueOf(address)?.address, host)),
  );
  return isElsewhere ? undefined : host;
}

/** Nothing was ever given by the claim; a restore brings it first, and then its address. */
const isUnused = (s: Situation): boolean => s.claim?.addressName === undefined && !isFresh(s);

/**
 * Gives back what was never the endpoint: the claim, and then the address that our finalizer keeps. Only
 * for rows in which the Cluster itself rules out that anybody still completes it with this address:
 * such a write carries the resourceVersion from before, and fails.
 */
export function retire(s: Situation): More {
  const { claim, address } = s;
  if (!neverItsEndpoint(s)) return {};
  if (claim?.ours && !claim.deleting) return { steps: [remove(claim)] };
  return isDetained(address) && address.clusterUid === s.cluster.uid ? freeing(address, s.facts) : {};
}

/** What was pinned for a create that never came goes like its claim would. */
export function unpin({ address, facts }: Situation): More {
  if (address?.pinnedAt === undefined) return {};
  const steps: Step[] = [{ kind: "delete-address", address }];
  return onceOld(address.pinnedAt, NEVER_BEFORE_MS, facts.now, { steps });
}

/** An unowned claim may be a create's that is on its way; an owned one is this Cluster's alone. */
export function retireAged(s: Situation): More {
  const { claim, facts } = s;
  const more = retire(s);
  const mayBeCounted = claim !== undefined && !claim.owner && !claim.deleting;
  return more.steps && mayBeCounted ? onceOld(claim.youngest, NEVER_BEFORE_MS, facts.now, more) : more;
}

export const isDetained = (address: AddressFacts | undefined): address is AddressFacts =>
  address !== undefined && address.deletingSince !== undefined && address.inUse;

/** Takes our finalizer off an address nobody can be at any more, after the quarantine. */
export const release = (address: AddressFacts, facts: Facts, reason: Reason): RolePlan =>
  says(reason, address.text, freeing(address, facts));

/** The same for a stored Cluster, in rows that have seen that its address is detained. */
export const releasing = ({ address, facts }: Situation): RolePlan =>
  address ? release(address, facts, "PreviousAddressReleasing") : says("Unreachable");

function freeing(address: AddressFacts, { now, rules }: Facts): More {
  const steps: Step[] = [{ kind: "release-address", address }];
  return onceOld(address.deletingSince ?? now, rules.quarantineMs, now, { steps });
}
