import type { Role } from "../core/roles";
import type { ClaimFacts, ClusterFacts, Facts, Holder, Key, Known, RoleFacts } from "../core/facts";

/** Reads. May be stale, never partial: what could not be read says so in the facts. */
export interface Inventory {
  /**
   * Everything about a Cluster that is not stored yet. All reads at once; safe, because every write that
   * follows is create-if-absent or a compare-and-swap, and completing needs one of the two.
   */
  gatherForCreate(cluster: ClusterFacts, dryRun: boolean, signal: AbortSignal): Promise<Facts>;

  /**
   * Everything about a stored Cluster, or about what it left behind. Claims are read before the Cluster,
   * so that "no such Cluster" is younger than the claim it is held against.
   */
  gather(key: Key): Promise<Facts>;

  /**
   * The claim and its address once it has one; undefined when the signal ends the wait first.
   * Starts from the version that was written, so nothing can be missed in between.
   */
  awaitAddress(facts: RoleFacts, claim: ClaimFacts, signal: AbortSignal): Promise<RoleFacts | undefined>;

  /**
   * Everybody else who has an address: Clusters, and addresses that a claim was given. To a role that is no
   * endpoint what its own Cluster was given as the endpoint is another's; never the other way round, so that
   * only one of the two gives way.
   */
  holders(address: string, but: Key, role: Role, signal?: AbortSignal): Promise<Known<readonly Holder[]>>;

  /** The keys of every Cluster, claim and address there is, for a full pass. */
  keys(): Promise<readonly Key[]>;
}
