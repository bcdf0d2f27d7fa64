/** The rows of no-host-rows.ts, one by one, in their words. */
import type { Facts, Holder } from "../../../lib/core/facts";
import { plan } from "../../../lib/core/plan";
import { CONTROL_PLANE, INGRESS } from "../../../lib/core/roles";
import { NO_HOST_ROWS } from "../../../lib/core/no-host-rows";
import { everyRow, type Case } from "../../gen/decisions";
import { watching } from "../../gen/facts";
import {
  address,
  bound,
  claim,
  clusterClass,
  created,
  endpoint,
  forClass,
  FORMER_UID,
  forRole,
  free,
  fromPool,
  giving,
  held,
  ingressAddress,
  ingressBound,
  ingressClaim,
  initialized,
  minutes,
  OTHER_IP,
  owned,
  pausedByAnnotation,
  pool,
  put,
  reservedSince,
  running,
  saying,
  seconds,
  secured,
  stored,
  strangers,
  terminating,
  variable,
  VIP,
  VIP_ANNOTATION,
  wantsBoth,
  wantsVipWithDefault,
} from "../../gen/objects";
import {
  adopted,
  applyLate,
  bare,
  CREATE,
  DELETE,
  ended,
  fleeting,
  former,
  LABEL,
  lifted,
  noVariable,
  overlapping,
  OWN,
  ownedOnly,
  PARK,
  placed,
  PROTECT,
  RELEASE,
  restricted,
  saysNow,
  somebody,
  withUnknown,
} from "./watch";

const withoutHost: Case[] = [
  {
    row: "class missing",
    title: "a hold says what it said, for Cluster API refuses every change while the class is missing",
    facts: watching({ cluster: stored(held("Unreachable")), class: undefined }),
    reason: "ClassNotFound",
  },
  {
    row: "variable restricted: announce",
    title: "while the class is not reconciled nothing is written, for nobody would check it",
    facts: watching({
      cluster: stored(held("VariableRestricted")),
      class: put("metadata", "generation")(2)(put("status", "observedGeneration")(1)(restricted)),
      ...adopted,
    }),
    reason: "VariableRestricted",
    lookAgainMs: 5000,
  },
  {
    row: "variable given by the user",
    title:
      "a variable given alone, in a create that could not be judged, becomes the endpoint; the hold ends when that is looked at",
    facts: watching({ cluster: stored(variable(OTHER_IP), held("ClassNotFound")) }),
    reason: "UserProvided",
    detail: OTHER_IP,
    edit: {
      endpoint: { host: OTHER_IP, port: 6443 },
      annotations: { [VIP_ANNOTATION]: OTHER_IP },
    },
  },
  {
    row: "nothing asks for a VIP",
    title: "a hold without a true reason is lifted",
    facts: watching({ cluster: stored(held("ClassNotFound")), class: noVariable, pools: [] }),
    reason: "NotManaged",
    edit: lifted,
  },
  {
    row: "no pool matches",
    title: "where a missing pool is to reject, a Cluster that was held for another reason stays held",
    facts: watching({ cluster: stored(held("Unreachable")), pools: [], rules: { noPool: "reject" } }),
    reason: "NoMatchingPool",
    edit: saysNow("NoMatchingPool"),
  },
  {
    row: "nothing asks for a VIP",
    title: "a hold is lifted where the installation now says that a missing pool is no reason",
    facts: watching({
      cluster: stored(held("NoMatchingPool")),
      pools: [],
      rules: { noPool: "ignore" },
    }),
    reason: "NoMatchingPool",
    edit: lifted,
  },
  {
    row: "nothing asks for a VIP",
    title: "an owned claim that nobody asks for any more is given back",
    facts: watching({ class: noVariable, pools: [], ...ownedOnly }),
    reason: "NotManaged",
    steps: [DELETE],
  },
  {
    row: "late, on a running Cluster",
    title: "a running Cluster without a host is told how to have the VIP written, and keeps its machines",
    facts: watching({ cluster: stored(running) }),
    reason: "LateNotApplied",
  },
  {
    row: "late, on a running Cluster",
    title: "an initialized control plane counts as running",
    facts: watching({ cluster: stored(initialized) }),
    reason: "LateNotApplied",
  },
  {
    row: "claim not ours",
    title: "an address that somebody made by hand is left as it is",
    facts: watching({ cluster: stored(held("PreviousAddressReleasing")), address: address() }),
    reason: "ClaimNotOurs",
    edit: saysNow("ClaimNotOurs"),
    lookAgainMs: 5000,
  },
  {
    row: "claim not ours",
    title: "a claim of a stranger is not touched",
    facts: watching({
      cluster: stored(held("NameInUse")),
      claim: claim(bound, strangers),
      address: address(),
    }),
    reason: "ClaimNotOurs",
    edit: saysNow("ClaimNotOurs"),
    lookAgainMs: 5000,
  },
  {
    row: "address that was never used: announce",
    title: "the hold says first that the address goes, so that nobody completes with it",
    facts: watching({
      cluster: stored(held("WaitingForAddress")),
      address: address(secured(), terminating()),
    }),
    reason: "PreviousAddressReleasing",
    edit: saysNow("PreviousAddressReleasing"),
  },
  {
    row: "address that was never used: release",
    title: "an address that was never used goes once that is said",
    facts: watching({
      cluster: stored(held("PreviousAddressReleasing")),
      address: address(secured(), terminating()),
    }),
    reason: "PreviousAddressReleasing",
    steps: [RELEASE],
  },
  ...[
    { what: "a claim that is going", world: { claim: claim(owned(), terminating()) } },
    { what: "an address of ours without a claim", world: { address: address(secured()) } },
  ].map(
    ({ what, world }): Case => ({
      row: "claim or address going, or address without claim",
      title: `no claim is made beside ${what}`,
      facts: watching({ cluster: stored(held("NameInUse")), ...world }),
      reason: "PreviousAddressReleasing",
      edit: saysNow("PreviousAddressReleasing"),
      lookAgainMs: 5000,
    }),
  ),
  {
    row: "claim or address going, or address without claim",
    title:
      "a claim whose address was deleted by hand goes too: the provider waits for it to let the address go",
    facts: watching({
      cluster: stored(held("PreviousAddressReleasing")),
      claim: claim(bound),
      address: address(terminating()),
    }),
    reason: "PreviousAddressReleasing",
    steps: [DELETE],
    lookAgainMs: 5000,
  },
  {
    row: "no pool matches",
    title: "a hold says its true reason: no pool matches",
    facts: watching({ cluster: stored(held("ClassNotFound")), pools: [pool("other", forClass("k3s"))] }),
    reason: "NoMatchingPool",
    edit: saysNow("NoMatchingPool"),
  },
  {
    row: "claim of another pool",
    title: "an unowned claim of another pool is kept for two minutes, as a create may count on it",
    facts: watching({
      cluster: stored(held("ClaimOfOtherPool")),
      claim: claim(bound, fromPool("elsewhere"), reservedSince(minutes(1))),
      address: address(),
    }),
    reason: "ClaimOfOtherPool",
    lookAgainMs: minutes(1),
  },
  {
    row: "claim of another pool",
    title: "an unowned claim of another pool is retired after two minutes",
    facts: watching({
      cluster: stored(held("ClaimOfOtherPool")),
      claim: claim(bound, fromPool("elsewhere")),
      address: address(),
    }),
    reason: "ClaimOfOtherPool",
    steps: [DELETE],
  },
  {
    row: "claim of another pool",
    title: "a Cluster's own claim is retired when its pool no longer matches",
    facts: watching({
      cluster: stored(held("WaitingForAddress")),
      claim: claim(owned(), created(seconds(1))),
      pools: [],
    }),
    reason: "ClaimOfOtherPool",
    edit: saysNow("ClaimOfOtherPool"),
    steps: [DELETE],
  },
  {
    row: "no claim, no usable pool",
    title: "a hold says its true reason: every pool is full",
    facts: watching({ cluster: stored(held("NoMatchingPool")), pools: [pool("own", free(0))] }),
    reason: "PoolExhausted",
    detail: "InClusterIPPool own: it has no free address",
    edit: saysNow("PoolExhausted"),
  },
  {
    row: "no claim",
    title: "a held Cluster whose claim was deleted by hand gets another, owned from the start",
    facts: watching({ cluster: stored(held("WaitingForAddress")) }),
    reason: "WaitingForAddress",
    steps: [CREATE],
  },
  {
    row: "no claim",
    title: "a pool that came late is used while no machine exists",
    facts: watching({ cluster: stored(endpoint({ port: 6443 })) }),
    reason: "WaitingForAddress",
    steps: [CREATE],
  },
  {
    row: "no claim",
    title: "a late VIP is fetched for a running Cluster when the user says apply-late",
    facts: watching({ cluster: stored(running, applyLate) }),
    reason: "WaitingForAddress",
    steps: [CREATE],
  },
  {
    row: "claim of a pool that gives nothing",
    title: "a claim that waits at an exhausted pool is made again where another one matches",
    facts: watching({
      cluster: stored(held("WaitingForAddress")),
      claim: claim(owned()),
      pools: [pool("own", free(0)), pool("more")],
    }),
    reason: "PoolExhausted",
    edit: saysNow("PoolExhausted"),
    steps: [DELETE],
  },
  {
    row: "claim of a pool that gives nothing",
    title: "a claim that waits at the only pool, and that is exhausted, stays and says so",
    facts: watching({
      cluster: stored(held("WaitingForAddress")),
      claim: claim(owned()),
      pools: [pool("own", free(0))],
    }),
    reason: "PoolExhausted",
    edit: saysNow("PoolExhausted"),
  },
  {
    row: "claim without an address",
    title: "a claim that waits for its address is owned meanwhile, but not labelled",
    facts: watching({ cluster: stored(held("Unreachable")), claim: claim() }),
    reason: "WaitingForAddress",
    edit: saysNow("WaitingForAddress"),
    steps: [OWN],
  },
  {
    row: "claim without an address",
    title: "an address whose claim does not name it yet is not secured: nobody has looked who else has it",
    facts: watching({ cluster: stored(held("WaitingForAddress")), claim: claim(), address: address() }),
    reason: "WaitingForAddress",
    steps: [OWN],
  },
  {
    row: "address that is none",
    title: "what is no address is never written",
    facts: watching({
      cluster: stored(held("WaitingForAddress")),
      claim: claim(bound, owned()),
      address: address(saying("none")),
    }),
    reason: "AddressInvalid",
    detail: "none",
    edit: saysNow("AddressInvalid"),
  },
  {
    row: "the address is secured before it is written",
    title: "the finalizer stands before a hold is completed",
    facts: watching({ cluster: stored(held("WaitingForAddress")), ...bare }),
    reason: "Adopting",
    detail: VIP,
    steps: [PROTECT, OWN],
  },
  {
    row: "complete",
    title: "a hold is completed: endpoint, variable, annotation, and our pause off, in one write",
    facts: watching({ cluster: stored(held("WaitingForAddress")), ...ownedOnly }),
    reason: "Assigned",
    detail: VIP,
    edit: placed(ended),
  },
  {
    row: "complete",
    title: "a late VIP is written on a running Cluster when the user says apply-late",
    facts: watching({ cluster: stored(running, applyLate), ...ownedOnly }),
    reason: "Assigned",
    edit: placed(),
    steps: [LABEL],
  },
  {
    row: "complete",
    title: "a VIP replaces the default that Cluster API wrote into the variable",
    facts: watching({
      cluster: stored(held("WaitingForAddress"), variable("0.0.0.0")),
      class: clusterClass(wantsVipWithDefault("0.0.0.0")),
      ...ownedOnly,
    }),
    reason: "Assigned",
    edit: placed(ended),
  },
  {
    row: "variable restricted: announce",
    title: "and so it does before it is filled with the VIP",
    facts: watching({ cluster: stored(held("NoMatchingPool")), class: restricted, ...adopted }),
    reason: "VariableRestricted",
    edit: saysNow("VariableRestricted"),
    lookAgainMs: 5000,
  },
];

const earlier: Holder = { ...fleeting, namespace: "team-a", name: "vip-cp-amber" };
const later: Holder = { ...fleeting, namespace: "team-a", name: "vip-ingress-blue-2" };

/** Somebody has looked, and these have the address as well. */
const meeting = (holders: readonly Holder[]): Facts =>
  watching({ cluster: stored(held("AddressTaken")), ...bare, pools: overlapping, holders });

const sharedAddresses: Case[] = [
  ...[
    { what: "can give as well", pools: overlapping },
    { what: "may give, for all we know,", pools: withUnknown },
  ].map(
    ({ what, pools }): Case => ({
      row: "the address may be another's too: who has it?",
      title: `of an address that another pool ${what} it is asked first who else has it`,
      facts: watching({ cluster: stored(held("WaitingForAddress")), ...bare, pools }),
      reason: "WaitingForAddress",
      lookFor: VIP,
    }),
  ),
  {
    row: "the address may be another's too: who has it?",
    title: "of an address that somebody was seen with it is asked first who else has it",
    facts: watching({ cluster: stored(held("WaitingForAddress")), ...bare, rivals: [somebody] }),
    reason: "WaitingForAddress",
    lookFor: VIP,
  },
  {
    row: "the address is secured before it is written",
    title: "of an address that no other pool has nobody is asked",
    facts: watching({
      cluster: stored(held("WaitingForAddress")),
      ...bare,
      pools: [pool("own"), pool("other", forRole("none"), giving("10.0.2.0/24"))],
    }),
    reason: "Adopting",
    steps: [PROTECT, OWN],
  },
  {
    row: "the address is secured before it is written",
    title: "one that nobody else has is taken",
    facts: watching({ cluster: stored(held("WaitingForAddress")), ...bare, pools: overlapping, holders: [] }),
    reason: "Adopting",
    steps: [PROTECT, OWN],
  },
  {
    row: "the address is another's too",
    title: "one that another has is kept out of the pool, and its claim given back for another address",
    facts: watching({
      cluster: stored(held("WaitingForAddress")),
      ...ownedOnly,
      pools: overlapping,
      holders: [somebody],
    }),
    reason: "AddressTaken",
    detail: `${VIP} of Cluster team-b/green`,
    edit: saysNow("AddressTaken"),
    steps: [PARK, DELETE],
  },
  ...[
    { who: "one that was given to a later name at the same moment", holders: [fleeting] },
    { who: "one that was given to several later names at the same moment", holders: [fleeting, later] },
  ].map(
    ({ who, holders }): Case => ({
      row: "the address is another's too, who gives way",
      title: `${who} is kept until they have given it back`,
      facts: meeting(holders),
      reason: "AddressTaken",
      lookAgainMs: 5000,
    }),
  ),
  ...[
    { who: "an earlier name", holders: [earlier] },
    { who: "an earlier and a later name", holders: [fleeting, earlier] },
    { who: "a later name, and is somebody's already,", holders: [fleeting, somebody] },
  ].map(
    ({ who, holders }): Case => ({
      row: "the address is another's too",
      title: `one that was given to ${who} at the same moment is given back`,
      facts: meeting(holders),
      reason: "AddressTaken",
      steps: [PARK, DELETE],
    }),
  ),
  {
    row: "complete",
    title: "one that is secured is taken, for whoever was given it since gives way",
    facts: watching({
      cluster: stored(held("WaitingForAddress")),
      ...ownedOnly,
      pools: overlapping,
      holders: [earlier],
    }),
    reason: "Assigned",
    detail: VIP,
    edit: placed(ended),
  },
  {
    row: "no claim",
    title: "then another is claimed",
    facts: watching({ cluster: stored(held("AddressTaken")), pools: overlapping }),
    reason: "WaitingForAddress",
    edit: saysNow("WaitingForAddress"),
    steps: [CREATE],
  },
];

describe("A stored Cluster without a host", () => {
  everyRow([NO_HOST_ROWS], [...withoutHost, ...sharedAddresses]);
});

test.each([CONTROL_PLANE, INGRESS])(
  "GB14 pools that are deleted, paused, or out of addresses are skipped, and it says why: $name",
  (role) => {
    const full = [pool("a", terminating()), pool("b", pausedByAnnotation), pool("c", free(0))];
    const pools = full.map(forRole(role.name));
    const world = { role, cluster: stored(), class: clusterClass(wantsBoth) };
    const [none] = plan(watching({ ...world, pools })).decisions;
    expect(none?.verdict).toEqual({
      reason: "PoolExhausted",
      detail:
        "InClusterIPPool a: it is being deleted; InClusterIPPool b: it is paused; InClusterIPPool c: it has no free address",
    });
    expect(none?.steps ?? []).toEqual([]);
    const { steps } = plan(watching({ ...world, pools: [...pools, forRole(role.name)(pool("d"))] }));
    expect(steps).toMatchObject([{ kind: "create-claim", claim: { pool: { name: "d" } } }]);
  },
);

test.each([
  [CONTROL_PLANE, former],
  [
    INGRESS,
    {
      claim: ingressClaim(ingressBound, owned(FORMER_UID)),
      address: ingressAddress(secured(FORMER_UID)),
    },
  ],
])("GB2 the claim of a former Cluster of the name is never used: $name", (role, world) => {
  const { edit, steps } = plan(
    watching({ role, cluster: stored(), class: clusterClass(wantsBoth), ...world }),
  );
  expect([edit, steps]).toEqual([{}, []]);
});

test.each([CONTROL_PLANE, INGRESS])("GB17 a Cluster that is being deleted gets no claim: $name", (role) => {
  const cluster = stored(terminating());
  const { edit, steps } = plan(watching({ role, cluster, class: clusterClass(wantsBoth) }));
  expect([edit, steps]).toEqual([{}, []]);
});

describe("Another pool", () => {
  test("of the same name, in another namespace, has addresses of its own", () => {
    const facts = watching({
      cluster: stored(held("WaitingForAddress")),
      ...bare,
      pools: [pool("own"), pool("own", put("metadata", "namespace")("team-b"))],
    });
    expect(plan(facts).looks).toEqual([{ role: CONTROL_PLANE, address: VIP }]);
  });
});
