/** Answers: what could be true of a Cluster, its claim, its address, its class and its pools? All of it at once. */
import fc from "fast-check";
import { isNobodysBusiness } from "../../lib/core/create-table";
import { INGRESS } from "../../lib/core/roles";
import { APPLY_LATE, LIFTED, RELEASED } from "../../lib/core/contract";
import type { Facts, Holder, KubeObject } from "../../lib/core/facts";
import { creating, gone, Unread, watching, type World } from "./facts";
import {
  address,
  annotated,
  bound,
  type Change,
  claim,
  cluster,
  clusterClass,
  clusterLabelled,
  controlPlaneRendered,
  created,
  defining,
  disabled,
  endpoint,
  forClass,
  FORMER_UID,
  forRole,
  free,
  fromPool,
  giving,
  globalPool,
  host,
  hours,
  INGRESS_VIP,
  ingressAddress,
  ingressBound,
  ingressClaim,
  ingressOptedOut,
  initialized,
  markedHeld,
  movingAway,
  noTopology,
  ofClass,
  ofUnknownRanges,
  optedOut,
  OTHER_IP,
  ourPause,
  owned,
  pausedByAnnotation,
  pausedByField,
  pinnedSince,
  pool,
  priority,
  put,
  rendered,
  replacedVip,
  running,
  saying,
  seconds,
  secured,
  stored,
  strangers,
  terminating,
  UID,
  VARIABLE,
  variables,
  VIP,
  wantsBoth,
  wantsVip,
  wantsVipWithDefault,
  withIngress,
  withVipNote,
} from "./objects";

const asItIs: Change = (object) => object;
const oneOf = (...changes: readonly Change[]): fc.Arbitrary<Change> => fc.constantFrom(asItIs, ...changes);
/** Rare, so that most of what is built gets past the first rows. */
const seldom = (...changes: readonly Change[]): fc.Arbitrary<Change> =>
  fc.oneof(
    { weight: 7, arbitrary: fc.constant(asItIs) },
    { weight: 1, arbitrary: fc.constantFrom(...changes) },
  );

const IPV6 = "2001:db8::10";

const bothVariables: fc.Arbitrary<Change> = fc
  .tuple(
    fc.constantFrom<unknown>(undefined, "", VIP, OTHER_IP, { odd: true }),
    fc.constantFrom<unknown>(undefined, undefined, undefined, "", INGRESS_VIP, OTHER_IP),
  )
  .map(([vip, ingress]) => {
    const given = {
      ...(vip !== undefined && { [VARIABLE]: vip }),
      ...(ingress !== undefined && { [INGRESS.variable]: ingress }),
    };
    return Object.keys(given).length > 0 ? variables(given) : asItIs;
  });

export const clusterChanges: fc.Arbitrary<Change[]> = fc.tuple(
  oneOf(
    host(VIP),
    host(VIP, 6443),
    host(OTHER_IP, 7443),
    host("2001:DB8:0::10", 6443),
    host("api.example.org"),
    endpoint({ host: "", port: 6443 }),
  ),
  bothVariables,
  oneOf(...["NoMatchingPool", "ClassChanged", "PreviousAddressReleasing", LIFTED, RELEASED].map(markedHeld)),
  oneOf(ourPause),
  seldom(pausedByAnnotation),
  seldom(pausedByField),
  oneOf(withVipNote(), withVipNote(OTHER_IP), withVipNote(IPV6)),
  seldom(running, initialized),
  seldom(rendered, controlPlaneRendered),
  seldom(terminating()),
  seldom(movingAway),
  seldom(optedOut),
  oneOf(withIngress(), withIngress(OTHER_IP), withIngress(VIP), annotated(INGRESS.annotation, IPV6)),
  seldom(ingressOptedOut),
  seldom(replacedVip(VIP), replacedVip(OTHER_IP), replacedVip(INGRESS_VIP, INGRESS)),
  seldom(annotated(APPLY_LATE)),
  seldom(noTopology, ofClass("rke2-v2"), ofClass("rke2", "shared")),
);

const claimsOf = (make: typeof claim, bind: Change): fc.Arbitrary<KubeObject> =>
  fc
    .tuple(
      oneOf(bind, bind, bind),
      oneOf(owned(UID), owned(FORMER_UID)),
      oneOf(clusterLabelled),
      seldom(terminating()),
      seldom(strangers),
      seldom(fromPool("elsewhere")),
      oneOf(created(seconds(30))),
    )
    .map((changes) => make(...changes));

const addressesOf = (make: typeof address): fc.Arbitrary<KubeObject> =>
  fc
    .tuple(
      fc.constantFrom(asItIs, asItIs, saying(OTHER_IP), saying(IPV6), saying("none")),
      seldom(pinnedSince(seconds(30)), pinnedSince(hours(1))),
      oneOf(secured(UID), secured(FORMER_UID)),
      seldom(terminating()),
    )
    .map((changes) => make(...changes));

/** Somebody else who has an address. */
const others: readonly Holder[] = [{ kind: "Cluster", namespace: "team-b", name: "green" }];
const holders = fc.constantFrom(undefined, undefined, [], [], others, new Unread("HTTP 503"));

const classes = fc.constantFrom(
  clusterClass(),
  clusterClass(wantsVip),
  clusterClass(wantsBoth),
  clusterClass(wantsVipWithDefault("0.0.0.0")),
  clusterClass(defining({ name: VARIABLE, type: "object" })),
);

const poolChanges = fc.tuple(
  seldom(free(0)),
  seldom(disabled),
  seldom(terminating()),
  seldom(forClass("k3s")),
  oneOf(forRole(INGRESS.name)),
  seldom(giving("10.0.1.0/24"), giving("10.0.0.0/8"), giving("2001:db8::/64"), ofUnknownRanges),
  oneOf(priority("1"), priority("-3"), priority("soon")),
);

/** Pools as a listing gives them: no two of one kind and name in a namespace. */
export const pools: fc.Arbitrary<KubeObject[]> = fc.uniqueArray(
  fc
    .record({
      name: fc.constantFrom("own", "a", "b", "c"),
      global: fc.boolean(),
      namespace: seldom(put("metadata", "namespace")("team-b")),
      changes: poolChanges,
    })
    .map(({ name, global, namespace, changes }) =>
      global ? globalPool(name, ...changes) : pool(name, namespace, ...changes),
    ),
  { maxLength: 4, selector: ({ kind, metadata }) => `${kind}/${metadata.namespace}/${metadata.name}` },
);

const read = <T>(value: fc.Arbitrary<T>, present = 12): fc.Arbitrary<T | Unread | undefined> =>
  fc.oneof(
    { weight: present, arbitrary: value },
    { weight: 4, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constant(new Unread("HTTP 503")) },
  );

const surroundings = {
  class: read(classes, 24),
  pools: fc.oneof(
    { weight: 12, arbitrary: pools },
    { weight: 1, arbitrary: fc.constant(new Unread("HTTP 503")) },
  ),
  claim: read(claimsOf(claim, bound)),
  address: read(addressesOf(address)),
  holders,
  rivals: fc.constantFrom([], [], [], others),
  rules: fc.record({
    noPool: fc.constantFrom("hold" as const, "ignore" as const, "reject" as const),
    quarantineMs: fc.constantFrom(0, seconds(600)),
  }),
};

/** What there is of the ingress role beside it. */
const ingress = fc.record({
  claim: read(claimsOf(ingressClaim, ingressBound)),
  address: read(addressesOf(ingressAddress)),
  holders,
  rivals: fc.constantFrom([], [], [], others),
});

export const storedWorlds: fc.Arbitrary<World> = fc.record({
  ...surroundings,
  ingress,
  cluster: clusterChanges.map((changes) => stored(...changes)),
});

export const storedFacts: fc.Arbitrary<Facts> = storedWorlds.map(watching);

export const goneFacts: fc.Arbitrary<Facts> = fc
  .record({
    ...surroundings,
    ingress,
    cluster: fc.constantFrom(undefined, undefined, new Unread("HTTP 500")),
  })
  .map(gone);

export const createFacts: fc.Arbitrary<Facts> = fc
  .record({
    ...surroundings,
    ingress: fc.tuple(ingress, fc.boolean()).map(([one, reserved]) => ({ ...one, reserved })),
    cluster: clusterChanges.map((changes) => cluster(...changes)),
    namesake: fc.constantFrom(undefined, undefined, undefined, true as const, new Unread("HTTP 503")),
    reserved: fc.boolean(),
    dryRun: fc.boolean(),
    late: fc.boolean(),
  })
  .map(({ late, ...world }) => creating({ ...world, ...(late && { spent: "no time left" }) }))
  // For others nothing is read, and so nothing planned.
  .filter(({ cluster }) => cluster.state === "found" && !isNobodysBusiness(cluster.value));

export const anyFacts: fc.Arbitrary<Facts> = fc.oneof(storedFacts, goneFacts, createFacts);
