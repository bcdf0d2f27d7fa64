/**
 * Answers: what is to be done for a Cluster that is stored?
 *
 * First row that applies decides, so a row may count on the ones above it. A pass makes the world one
 * step better and is safe to repeat; the next event, or the look that follows a write, does the rest.
 */
import { adoption, isDetained, neverItsEndpoint, protection, releasing, retire, unpin } from "./adoption";
import { DELETE_FOR_MOVE, HOLD, LIFTED, OUR_PAUSE, PAUSED, RELEASED } from "./contract";
import { isEmpty, NO_EDIT, unpause, type Edit } from "./edit";
import { absent, whyUnread, type ClusterFacts } from "./facts";
import { ENDPOINT_FIRST_ROWS, SWITCHED_OFF_ROW } from "./give-back-rows";
import { HOST_ROWS } from "./host-rows";
import { LEFT_ALONE_ROWS } from "./left-alone-rows";
import { lifting, NO_HOST_ROWS } from "./no-host-rows";
import { samePool } from "./pool-choice";
import type { Row, Step } from "./row";
import { says, waits } from "./says";
import {
  claimWords,
  hasOptedOut,
  isChangeable,
  isHeld,
  isPausedByUser,
  isPinnable,
  isPinned,
  isServedBy,
  type Situation,
} from "./situation";

/** Of two creates of one name one made the address and the other the claim, for another pool: no provider joins them. */
const isCrossed = ({ claim, address }: Situation): boolean =>
  claim?.ours === true &&
  claim.addressName === undefined &&
  address?.pinnedAt !== undefined &&
  address.deletingSince === undefined &&
  !samePool(claim.pool, address.pool);

/** Somebody else's write may have crossed ours; a moment later the reads agree. */
const SOON_MS = 250;

const unread = ({ roleFacts, facts }: Situation): string[] =>
  whyUnread(roleFacts.claim, roleFacts.address, facts.class, facts.pools, roleFacts.holders ?? absent);

const ofAnother = (uid: string | undefined, s: Situation): boolean =>
  uid !== undefined && uid !== s.cluster.uid;

/** Frees what a former Cluster of the name left, whatever the state of the present one. */
const FORMER_ADDRESS_ROW: Row<Situation> = {
  name: "address of a former Cluster: release",
  when: (s) => isDetained(s.address) && ofAnother(s.address.clusterUid, s) && neverItsEndpoint(s),
  plan: releasing,
};

const isFormers = (s: Situation): boolean =>
  s.claim?.ours === true && ofAnother(s.claim.owner?.uid, s) && !isServedBy(s);

const unlabelling = ({ claim }: Situation): Step[] => (claim ? [{ kind: "unlabel-claim", claim }] : []);

const FORMER_CLAIM_ROWS: readonly Row<Situation>[] = [
  {
    // With the label the provider would find the new Cluster, which may be paused, and never release.
    name: "labelled claim of a former Cluster",
    when: (s) => isFormers(s) && s.claim?.labelled === true,
    plan: (s) =>
      waits(s, "PreviousAddressReleasing", claimWords(s), {
        steps: unlabelling(s),
      }),
  },
  {
    name: "claim of a former Cluster",
    when: isFormers,
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
    when: (s) =>
      s.role.isEndpoint &&
      s.cluster.deleting &&
      s.cluster.annotations[PAUSED] === OUR_PAUSE &&
      !s.cluster.specPaused,
    plan: (s) => says("Deleting", "", { ...retire(s), edit: unpause(s.cluster.annotations, wayOut(s)) }),
  },
  {
    // The address only: owning the claim again would undo a deletion that orphans its dependents.
    name: "being deleted",
    when: (s) => s.cluster.deleting,
    plan: (s) => says("Deleting", "", { steps: isServedBy(s) ? protection(s) : [] }),
  },
];

const GOING_CLAIM_ROW: Row<Situation> = {
  // The provider does not release a claim whose label leads to a paused Cluster, and a held one is paused.
  name: "labelled claim that goes, under a hold",
  when: ({ claim, cluster }) => claim?.ours === true && claim.deleting && claim.labelled && isHeld(cluster),
  plan: (s) => says("PreviousAddressReleasing", claimWords(s), { steps: unlabelling(s) }),
};

const PAUSED_ROWS: readonly Row<Situation>[] = [
  {
    // Claims and addresses are not the Cluster: securing them is allowed, and needed.
    name: "paused by the user, with a claim",
    when: (s) => isPausedByUser(s.cluster) && s.claim !== undefined && !ofAnother(s.claim.owner?.uid, s),
    plan: (s) => says("Paused", "", { steps: isServedBy(s) || s.host === undefined ? adoption(s) : [] }),
  },
  { name: "paused by the user", when: (s) => isPausedByUser(s.cluster), plan: () => says("Paused") },
];

/** The user's word stands; ours is said where there is none. */
const wayOut = ({ cluster }: Situation): string =>
  cluster.annotations[HOLD] === RELEASED ? RELEASED : LIFTED;

/** Our word of a lift, and a pause of ours that nothing stands behind any more. */
function tidied({ annotations }: ClusterFacts): Edit {
  const over = annotations[HOLD] === LIFTED ? null : (annotations[HOLD] ?? null);
  const { annotations: changed = {} } = unpause(annotations, over);
  return Object.keys(changed).length > 0 ? { annotations: changed } : NO_EDIT;
}

export const watchTable: readonly Row<Situation>[] = [
  {
    name: "a read failed",
    when: (s) => unread(s).length > 0,
    plan: (s) => says("Unreachable", unread(s).join("; ")),
  },
  FORMER_ADDRESS_ROW,
  ...DELETING_ROWS,
  ...FORMER_CLAIM_ROWS,
  GOING_CLAIM_ROW,
  ...PAUSED_ROWS,
  ...LEFT_ALONE_ROWS,
  {
    // A create died between the two writes of its reservation, and the Cluster came another way.
    name: "address pinned for nobody",
    when: (s) =>
      isCrossed(s) || (isPinned(s) && !(isPinnable(s) && s.cluster.class && !hasOptedOut(s.cluster, s.role))),
    plan: (s) => waits(s, "PreviousAddressReleasing", `IPAddress ${s.address?.name}`, unpin(s)),
  },
  {
    name: "no topology",
    when: (s) => s.cluster.class === undefined,
    plan: () => says("NoTopology"),
  },
  {
    name: "a hold that is over is tidied away",
    when: (s) => s.role.isEndpoint && isChangeable(s) && !isHeld(s.cluster) && !isEmpty(tidied(s.cluster)),
    plan: ({ cluster }) => says("Adopting", "", { edit: tidied(cluster), lookAgainMs: SOON_MS }),
  },
  SWITCHED_OFF_ROW,
  {
    name: "opted out",
    when: (s) => hasOptedOut(s.cluster, s.role),
    plan: (s) => says("OptedOut", "", { ...retire(s), ...lifting(s) }),
  },
  {
    name: "released by the user",
    when: (s) => s.role.isEndpoint && s.cluster.annotations[HOLD] === RELEASED && s.host === undefined,
    plan: (s) => says("Released", "", retire(s)),
  },
  ...ENDPOINT_FIRST_ROWS,
  ...HOST_ROWS,
  ...NO_HOST_ROWS,
];
