/** Answers: what do we know when these objects are there? Built by the parser that runs in production. */
import {
  addressFacts,
  claimFacts,
  classFacts,
  clusterFacts,
  poolFacts,
} from "../../lib/adapters/kube-objects";
import { IPAM_API } from "../../lib/core/contract";
import {
  absent,
  found,
  unread,
  type Facts,
  type Holder,
  type Known,
  type KubeObject,
  type PoolFacts,
  type RoleFacts,
  type Rules,
} from "../../lib/core/facts";
import { CONTROL_PLANE, INGRESS, type Role } from "../../lib/core/roles";
import * as make from "./objects";

/** A read that failed, with what the API server said. */
export class Unread {
  constructor(readonly why: string) {}
}

type Read<T> = T | Unread | undefined;

/** What there is of one role. */
export interface RoleWorld {
  readonly claim?: Read<KubeObject>;
  readonly address?: Read<KubeObject>;
  readonly reserved?: boolean;
  /** Who else has the address; nobody looked yet unless told. */
  readonly holders?: readonly Holder[] | Unread | undefined;
  /** Who else was seen with the VIP. */
  readonly rivals?: readonly Holder[];
  /** What is kept out of the pools. */
  readonly parked?: readonly string[];
}

export interface World extends RoleWorld {
  readonly cluster?: Read<KubeObject>;
  /** Another Cluster of the name is stored already. */
  readonly namesake?: Read<true>;
  readonly class?: Read<KubeObject>;
  readonly pools?: readonly KubeObject[] | Unread;
  /** The one role that is looked at; the control plane unless told. */
  readonly role?: Role;
  /** Beside it the ingress role, where told. */
  readonly ingress?: RoleWorld;
  readonly dryRun?: boolean;
  readonly spent?: string;
  readonly rules?: Partial<Rules>;
  /** When this process first saw the claim in this version; long ago unless told. */
  readonly claimSeenAt?: number;
}

export const RULES: Rules = {
  defaultPort: 6443,
  noPool: "hold",
  sweepBareMs: make.minutes(15),
  sweepLabelledMs: make.hours(24),
  quarantineMs: 0,
  ingressGraceMs: 500,
};

const known = <T, U>(read: Read<T>, to: (value: T) => U): Known<U> => {
  if (read instanceof Unread) return unread(read.why);
  return read === undefined ? absent : found(to(read));
};

export const poolOf = (object: KubeObject): PoolFacts =>
  poolFacts(object, {
    group: IPAM_API,
    kind: object.kind ?? "",
    namespaced: object.kind === "InClusterIPPool",
  });

const roleFacts = (
  role: Role,
  { claim, address, reserved, holders, rivals, parked }: RoleWorld,
  { claimSeenAt }: World,
): RoleFacts => ({
  role,
  claim: known(claim, (object) => claimFacts(object, role, claimSeenAt ?? 0, make.NOW)),
  address: known(address, addressFacts),
  reserved: reserved ?? false,
  holders: holders && known<readonly Holder[], readonly Holder[]>(holders, (some) => some),
  rivals: rivals ?? [],
  parked: parked ?? [],
});

function facts(occasion: Facts["occasion"], world: World): Facts {
  const role = world.role ?? CONTROL_PLANE;
  const built: Facts = {
    occasion,
    dryRun: world.dryRun ?? false,
    now: make.NOW,
    rules: { ...RULES, ...world.rules },
    key: { namespace: make.NAMESPACE, name: make.NAME },
    cluster: known(world.cluster, (object) => clusterFacts(object)),
    namesake: known(world.namesake, (is) => is),
    class: known(world.class, classFacts),
    pools: known(world.pools ?? [], (pools) => pools.map(poolOf)),
    roles: [
      roleFacts(role, world, world),
      ...(world.ingress ? [roleFacts(INGRESS, world.ingress, world)] : []),
    ],
    spent: world.spent,
  };
  return make.deepFreeze(built);
}

/** A Cluster is being created; its class wants a VIP and one pool can give it, unless told otherwise. */
export const creating = (world: World = {}): Facts =>
  facts("admission", {
    cluster: make.cluster(),
    class: make.clusterClass(make.wantsVip),
    pools: [make.pool("own")],
    ...world,
  });

/** A Cluster is stored, of the same class and with the same pool, unless told otherwise. */
export const watching = (world: World = {}): Facts =>
  facts("watch", {
    cluster: make.stored(),
    class: make.clusterClass(make.wantsVip),
    pools: [make.pool("own")],
    ...world,
  });

/** No Cluster of the name is stored; what it left behind may be. */
export const gone = (world: World = {}): Facts => facts("watch", world);
