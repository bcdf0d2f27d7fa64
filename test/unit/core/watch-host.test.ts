/** The rows of host-rows.ts, one by one, in their words. */
import { plan } from "../../../lib/core/plan";
import { CONTROL_PLANE } from "../../../lib/core/roles";
import { HOST_ROWS } from "../../../lib/core/host-rows";
import { type Case, everyRow, words } from "../../gen/decisions";
import { watching } from "../../gen/facts";
import {
  address,
  bound,
  claim,
  CLAIM,
  clusterLabelled,
  complete,
  disabled,
  FORMER_UID,
  forRole,
  free,
  giving,
  globalPool,
  held,
  host,
  hours,
  minutes,
  OTHER_IP,
  owned,
  pausedByAnnotation,
  pinnedSince,
  pool,
  put,
  rendered,
  replacedVip,
  running,
  secured,
  movingAway,
  stored,
  terminating,
  UID,
  VARIABLE,
  variable,
  VIP,
  VIP_ANNOTATION,
  withVipNote,
  reservedSince,
  seconds,
  saying,
} from "../../gen/objects";
import {
  adopted,
  applyLate,
  bare,
  CREATE,
  DELETE,
  LABEL,
  noVariable,
  over,
  overlapping,
  OWN,
  ownedOnly,
  PIN,
  pinnedBare,
  PROTECT,
  restricted,
  saysNow,
  fleeting,
  somebody,
  PARK,
} from "./watch";

const withHost: Case[] = [
  ...[
    { what: "the claim", world: { address: address(secured()) } },
    {
      what: "the claim, still terminating,",
      world: { claim: claim(bound, owned(), terminating()), address: address(secured()) },
    },
    {
      what: "the address",
      world: { claim: claim(bound, owned()), address: address(secured(), terminating()) },
    },
  ].map(
    ({ what, world }): Case => ({
      row: "claim or address of the VIP deleted by hand",
      title: `${what} of the VIP deleted by hand leaves the address reserved, and no other is made`,
      facts: watching({ cluster: stored(complete(), running), ...world }),
      reason: "AddressDetached",
      detail: VIP,
    }),
  ),
  {
    row: "claim or address of the VIP deleted by hand",
    title: "a hold ends although the claim of its VIP is gone",
    facts: watching({
      cluster: stored(complete(), held("ClassChanged")),
      address: address(secured(), terminating()),
      holders: [],
    }),
    reason: "AddressDetached",
    edit: { annotations: over },
  },
  {
    row: "the VIP is secured before the hold ends",
    title: "the finalizer stands before a hold ends",
    facts: watching({ cluster: stored(complete(), held("ClassChanged")), ...bare }),
    reason: "Adopting",
    steps: [PROTECT, OWN],
  },
  {
    row: "the VIP is in place, class missing",
    title: "a VIP is secured while the class is away, and nothing is written on the Cluster",
    facts: watching({
      cluster: stored(complete(), held("ClassChanged")),
      class: undefined,
      ...ownedOnly,
    }),
    reason: "ClassNotFound",
  },
  {
    row: "the VIP is in place, class missing",
    title: "a VIP is adopted although the class is away",
    facts: watching({ cluster: stored(complete()), class: undefined, ...bare }),
    reason: "ClassNotFound",
    steps: [PROTECT, `${OWN}, ${LABEL}`],
  },
  {
    row: "the VIP is in place",
    title: "a Cluster that has everything is left as it is",
    facts: watching({ cluster: stored(complete(), running), ...adopted }),
    reason: "Assigned",
  },
  {
    row: "the VIP is in place",
    title: "the bare claim of a new Cluster is adopted: finalizer first, then the owner",
    facts: watching({ cluster: stored(complete()), ...bare }),
    reason: "Assigned",
    steps: [PROTECT, `${OWN}, ${LABEL}`],
  },
  {
    row: "the VIP is in place",
    title: "a claim that is owned already still gets its label",
    facts: watching({ cluster: stored(complete()), ...ownedOnly }),
    reason: "Assigned",
    steps: [LABEL],
  },
  {
    row: "the VIP is in place",
    title: "the label waits for the hold to end",
    facts: watching({ cluster: stored(complete(), held("ClassChanged")), ...ownedOnly }),
    reason: "Assigned",
    edit: { annotations: over },
  },
  {
    row: "the VIP is in place",
    title: "a live address of a moved Cluster is stamped anew, not released",
    facts: watching({
      cluster: stored(complete(), rendered, running),
      claim: claim(bound, owned(), clusterLabelled),
      address: address(secured(FORMER_UID)),
    }),
    reason: "Assigned",
    steps: [PROTECT],
  },
  {
    row: "the VIP is in place",
    title: "an address that clusterctl began to move away, and left, is stamped once its Cluster goes on",
    facts: watching({
      cluster: stored(complete(), running),
      ...adopted,
      address: address(secured(FORMER_UID), movingAway),
    }),
    reason: "Assigned",
    steps: [PROTECT],
  },
  {
    row: "the VIP is in place",
    title: "the end of a ClassChanged hold writes the variable that the new class wants",
    facts: watching({ cluster: stored(host(VIP, 6443), withVipNote(), held("ClassChanged")), ...adopted }),
    reason: "Assigned",
    edit: { variables: { [VARIABLE]: VIP }, annotations: over },
  },
  {
    row: "the VIP is in place",
    title: "the end of a ClassChanged hold writes no variable that the new class does not know",
    facts: watching({
      cluster: stored(host(VIP, 6443), withVipNote(), held("ClassChanged")),
      class: noVariable,
      ...adopted,
    }),
    reason: "Assigned",
    edit: { annotations: over },
  },
  {
    row: "the VIP is in place",
    title: "a variable that a running Cluster lacks is not written by itself, for it could replace machines",
    facts: watching({ cluster: stored(host(VIP, 6443), withVipNote(), running), ...adopted }),
    reason: "LateNotApplied",
  },
  {
    row: "the VIP is in place",
    title: "a late variable is written when the user says apply-late",
    facts: watching({
      cluster: stored(host(VIP, 6443), withVipNote(), running, applyLate),
      ...adopted,
    }),
    reason: "Assigned",
    edit: { variables: { [VARIABLE]: VIP } },
  },
  {
    row: "the VIP is in place",
    title: "a late variable is written by itself while no machine exists",
    facts: watching({ cluster: stored(host(VIP, 6443), withVipNote()), ...adopted }),
    reason: "Assigned",
    edit: { variables: { [VARIABLE]: VIP } },
  },
  {
    row: "host and variable differ, held",
    title: "and its claim, which was never the endpoint, is given back meanwhile",
    facts: watching({
      cluster: stored(host(OTHER_IP, 6443), variable(VIP), held("HostAndVariableDiffer")),
      ...ownedOnly,
    }),
    reason: "HostAndVariableDiffer",
    steps: [DELETE],
  },
  {
    row: "host, variable restricted: announce",
    title: "before a restricted variable is filled with a user's host, the hold says what it may wait for",
    facts: watching({
      cluster: stored(host(OTHER_IP, 6443), held("Unreachable")),
      class: restricted,
      holders: [],
    }),
    reason: "VariableRestricted",
    edit: saysNow("VariableRestricted"),
    lookAgainMs: 5000,
  },
  {
    row: "host and variable differ, held",
    title: "a create that could not be judged stays held while host and variable differ",
    facts: watching({ cluster: stored(host(OTHER_IP, 6443), variable(VIP), held("Unreachable")) }),
    reason: "HostAndVariableDiffer",
    edit: saysNow("HostAndVariableDiffer"),
  },
  {
    row: "host by somebody else, claim of ours",
    title: "a claim that was never the endpoint is given back when the host is somebody else's",
    facts: watching({ cluster: stored(host(OTHER_IP, 6443)), ...ownedOnly }),
    reason: "UserProvided",
    detail: OTHER_IP,
    steps: [DELETE],
  },
  {
    row: "host by somebody else, class missing",
    title: "a hold with a user's host waits for the class",
    facts: watching({
      cluster: stored(host(OTHER_IP, 6443), held("Unreachable")),
      class: undefined,
      holders: [],
    }),
    reason: "ClassNotFound",
  },
  {
    row: "host by somebody else",
    title: "a running Cluster with a host of its own and no claim is never allocated for",
    facts: watching({
      cluster: stored(host(OTHER_IP, 6443), withVipNote(OTHER_IP), running),
      class: noVariable,
    }),
    reason: "UserProvided",
  },
  {
    row: "host by somebody else",
    title: "a hold ends with the host that the user gave, in the variable too",
    facts: watching({ cluster: stored(host(OTHER_IP), held("NoMatchingPool")), holders: [] }),
    reason: "UserProvided",
    edit: {
      endpoint: { host: OTHER_IP, port: 6443 },
      variables: { [VARIABLE]: OTHER_IP },
      annotations: { [VIP_ANNOTATION]: OTHER_IP, ...over },
    },
  },
];

const given: Case[] = [
  {
    row: "host by somebody else: who has it?",
    title: "before a user's address is reserved in its pool, it is asked who has it",
    facts: watching({ cluster: stored(host(VIP, 6443)) }),
    reason: "WaitingForAddress",
    lookFor: VIP,
  },
  {
    row: "host by somebody else: who has it?",
    title: "it is asked so for a running Cluster, too: its address is reserved like any other",
    facts: watching({ cluster: stored(complete(), rendered, running) }),
    reason: "WaitingForAddress",
    lookFor: VIP,
  },
  {
    row: "host by somebody else: who has it?",
    title: "and before a hold ends with a user's address that lies in no pool",
    facts: watching({ cluster: stored(host(OTHER_IP, 6443), held("Unreachable")) }),
    reason: "WaitingForAddress",
    lookFor: OTHER_IP,
  },
  {
    row: "host by somebody else",
    title: "nobody is asked for an address in no pool, where nothing is held",
    facts: watching({ cluster: stored(host(OTHER_IP, 6443), withVipNote(OTHER_IP), variable(OTHER_IP)) }),
    reason: "UserProvided",
  },
  {
    row: "host by somebody else",
    title: "nor for the name of a host",
    facts: watching({ cluster: stored(host("api.example.org", 6443), variable("api.example.org")) }),
    reason: "UserProvided",
  },
  {
    row: "host by somebody else, in a pool: reserved there",
    title:
      "an address that nobody has is reserved in the pool that has it: the address first, then its claim",
    facts: watching({ cluster: stored(complete()), holders: [] }),
    reason: "WaitingForAddress",
    detail: VIP,
    steps: [PIN, CREATE],
  },
  {
    row: "host by somebody else, in a pool: reserved there",
    title: "so is that of a running Cluster, and nothing of the Cluster is changed for it",
    facts: watching({ cluster: stored(host(VIP, 6443), rendered, running), holders: [] }),
    reason: "WaitingForAddress",
    steps: [PIN, CREATE],
  },
  {
    row: "host by somebody else, in a pool: reserved there",
    title: "so it is in a pool that serves another role, where no other has it",
    facts: watching({
      cluster: stored(complete()),
      pools: [pool("own", giving("10.0.2.0/24")), pool("spare", forRole("none"), giving("10.0.0.0/24"))],
      holders: [],
    }),
    reason: "WaitingForAddress",
    steps: [
      `pin ${VIP} as ${CLAIM} in InClusterIPPool spare`,
      `create ${CLAIM} from InClusterIPPool spare owned by ${UID}`,
    ],
  },
  {
    row: "host by somebody else, in a pool: reserved there",
    title: "a pool that matches comes before one that does not, be it full or out of use for new VIPs",
    facts: watching({
      cluster: stored(complete()),
      pools: [pool("a", forRole("none")), globalPool("own", free(0), disabled)],
      holders: [],
    }),
    reason: "WaitingForAddress",
    steps: [
      `pin ${VIP} as ${CLAIM} in GlobalInClusterIPPool own`,
      `create ${CLAIM} from GlobalInClusterIPPool own owned by ${UID}`,
    ],
  },
  {
    row: "host by somebody else, in a pool: reserved there",
    title: "a held Cluster stays held until its user's address is reserved, and says so",
    facts: watching({ cluster: stored(host(VIP, 6443), held("Unreachable")), holders: [] }),
    reason: "WaitingForAddress",
    edit: saysNow("WaitingForAddress"),
    steps: [PIN, CREATE],
  },
  ...[
    { what: "is paused", change: pausedByAnnotation },
    { what: "is being deleted", change: terminating() },
    { what: "is of another namespace", change: put("metadata", "namespace")("team-b") },
    { what: "has everything but this address", change: put("spec", "excludedAddresses")([VIP]) },
  ].map(
    ({ what, change }): Case => ({
      row: "host by somebody else",
      title: `nothing is reserved in a pool that ${what}`,
      facts: watching({ cluster: stored(complete()), pools: [pool("own", change)] }),
      reason: "UserProvided",
    }),
  ),
  {
    row: "host by somebody else, and another has it",
    title: "an address that another has is said, and a running Cluster keeps it",
    facts: watching({ cluster: stored(complete(), rendered, running), holders: [somebody] }),
    reason: "AddressTaken",
    lookAgainMs: minutes(5),
    detail: `${VIP} of Cluster team-b/green`,
    steps: [PARK],
  },
  {
    row: "host by somebody else, and another has it",
    title: "what is kept from a third already is not kept again",
    facts: watching({ cluster: stored(complete()), holders: [somebody], parked: [VIP] }),
    reason: "AddressTaken",
    lookAgainMs: minutes(5),
  },
  {
    row: "host by somebody else, and another has it",
    title: "what somebody's claim has no pool can give to a third",
    facts: watching({ cluster: stored(complete()), holders: [{ ...somebody, kind: "IPAddress" }] }),
    reason: "AddressTaken",
    lookAgainMs: minutes(5),
  },
  {
    row: "host by somebody else, and another has it",
    title: "what a claim of ours was given there is looked at soon again, for it may be given back unheard",
    facts: watching({ cluster: stored(complete()), holders: [fleeting] }),
    reason: "AddressTaken",
    lookAgainMs: 5000,
  },
  {
    row: "host by somebody else, and another has it",
    title: "no more than three of many are named",
    facts: watching({
      cluster: stored(complete()),
      holders: ["a", "b", "c", "d"].map((name) => ({ ...somebody, name })),
    }),
    reason: "AddressTaken",
    lookAgainMs: minutes(5),
    detail: `${VIP} of Cluster team-b/a, Cluster team-b/b, Cluster team-b/c and others`,
    steps: [PARK],
  },
  {
    row: "host by somebody else, and another has it",
    title: "a held Cluster stays held while another has its address, and says so",
    facts: watching({ cluster: stored(host(VIP, 6443), held("Unreachable")), holders: [somebody] }),
    reason: "AddressTaken",
    lookAgainMs: minutes(5),
    edit: saysNow("AddressTaken"),
  },
  {
    row: "host by somebody else, reservation not confirmed yet",
    title: "the claim of a user's address is adopted while the address is not there yet",
    facts: watching({ cluster: stored(complete()), claim: claim(reservedSince(seconds(5))) }),
    reason: "WaitingForAddress",
    steps: [OWN],
    lookAgainMs: minutes(2),
  },
  {
    row: "host by somebody else, claim of ours",
    title:
      "a claim that was never bound is given back after two minutes, so that the address can be reserved",
    facts: watching({ cluster: stored(complete()), claim: claim() }),
    reason: "UserProvided",
    steps: [DELETE],
  },
  {
    row: "the VIP is pinned, and the provider has not confirmed it yet",
    title: "a hold does not end before the provider has bound the claim to the address",
    facts: watching({
      cluster: stored(complete(), held("WaitingForAddress")),
      claim: claim(owned()),
      address: address(pinnedSince(minutes(1)), secured()),
      holders: [],
    }),
    reason: "WaitingForAddress",
  },
  {
    row: "host by somebody else, inside the Cluster's own network",
    title: "a host that came while nobody could judge it is judged before the hold ends",
    facts: watching({ cluster: stored(host("10.96.0.9"), held("Unreachable")) }),
    reason: "InsideOwnNetwork",
    detail: "10.96.0.9 in 10.96.0.0/16",
    edit: saysNow("InsideOwnNetwork"),
  },
  {
    row: "host by somebody else, its reservation waits for a former one",
    title: "a hold does not end while the name of its reservation is a former claim's",
    facts: watching({
      cluster: stored(host(VIP, 6443), held("Unreachable")),
      claim: claim(bound, terminating()),
      address: address(saying("10.0.0.11"), terminating()),
      holders: [],
    }),
    reason: "PreviousAddressReleasing",
    edit: saysNow("PreviousAddressReleasing"),
    lookAgainMs: 5000,
  },
  {
    row: "the VIP is in place",
    title: "once address and claim are there they are adopted like any other",
    facts: watching({ cluster: stored(complete(), rendered, running), ...pinnedBare }),
    reason: "Assigned",
    steps: [PROTECT, `${OWN}, ${LABEL}`],
  },
  {
    row: "the VIP may be another's too: who has it?",
    title: "before a hold ends with an address that a user gave, it is asked who else has it",
    facts: watching({ cluster: stored(complete(), held("WaitingForAddress")), ...pinnedBare }),
    reason: "WaitingForAddress",
    lookFor: VIP,
  },
  {
    row: "the VIP may be another's too: who has it?",
    title: "so it is with one that another pool can give as well",
    facts: watching({ cluster: stored(complete(), held("Unreachable")), pools: overlapping, ...bare }),
    reason: "WaitingForAddress",
    lookFor: VIP,
  },
  {
    row: "the VIP is secured before the hold ends",
    title: "one that nobody else can have is not asked for",
    facts: watching({
      cluster: stored(complete(), held("ClassChanged"), rendered),
      pools: overlapping,
      ...bare,
    }),
    reason: "Adopting",
    steps: [PROTECT, OWN],
  },
  {
    row: "the VIP is another's too",
    title: "a held Cluster gives its claim back when another has the address, and stays held",
    facts: watching({
      cluster: stored(complete(), held("WaitingForAddress")),
      ...pinnedBare,
      holders: [somebody],
    }),
    reason: "AddressTaken",
    lookAgainMs: minutes(5),
    detail: `${VIP} of Cluster team-b/green`,
    edit: saysNow("AddressTaken"),
    steps: [DELETE],
  },
  {
    row: "the VIP is in place",
    title: "that another was seen with the VIP of a running Cluster is said, and nothing is changed",
    facts: watching({ cluster: stored(complete(), running), ...adopted, rivals: [somebody] }),
    reason: "AddressTaken",
    detail: `${VIP} of Cluster team-b/green`,
  },
  {
    row: "the former VIP stays reserved",
    title: "a VIP that its user replaced stays reserved while its annotation stands",
    facts: watching({
      cluster: stored(complete(OTHER_IP), replacedVip(VIP), rendered, running),
      ...adopted,
    }),
    reason: "FormerVipKept",
    detail: VIP,
  },
  {
    row: "the former VIP stays reserved",
    title: "the record of the new one is written meanwhile, and nothing is claimed for it",
    facts: watching({
      cluster: stored(host(OTHER_IP, 6443), replacedVip(VIP), variable(OTHER_IP)),
      ...adopted,
      pools: [pool("own", giving("10.0.0.0/8"))],
    }),
    reason: "FormerVipKept",
    edit: { annotations: { [VIP_ANNOTATION]: OTHER_IP } },
    steps: [`park ${OTHER_IP} as vip-parked-10-9-9-9-inclusterippool-own in InClusterIPPool own`],
  },
  {
    row: "the former VIP stays reserved",
    title: "a new one that is kept out of its pool already is not once more",
    facts: watching({
      cluster: stored(complete(OTHER_IP), replacedVip(VIP)),
      ...adopted,
      pools: [pool("own", giving("10.0.0.0/8"))],
      parked: [OTHER_IP],
    }),
    reason: "FormerVipKept",
  },
  {
    row: "host by somebody else, claim of ours",
    title: "it is given back once its user takes the annotation off",
    facts: watching({ cluster: stored(complete(OTHER_IP), rendered, running), ...adopted }),
    reason: "UserProvided",
    steps: [DELETE],
  },
];

describe("A stored Cluster with a host", () => {
  everyRow([HOST_ROWS], [...withHost, ...given]);
});

/** A user's address is reserved pass by pass, and whatever dies in between is taken up again. */
describe("An address that a user gave", () => {
  const decide = (facts: Parameters<typeof plan>[0]) => plan(facts).decisions[0];

  test("that was pinned before the process died still gets its claim", () => {
    const pinned = { cluster: stored(complete()), address: address(pinnedSince(minutes(1))) };
    expect(plan(watching(pinned)).looks).toEqual([{ role: CONTROL_PLANE, address: VIP }]);
    expect(plan(watching({ ...pinned, holders: [] })).steps.map(words)).toEqual([CREATE]);
  });

  test("does not end a hold while its claim goes because another has it", () => {
    const facts = watching({
      cluster: stored(complete(), held("AddressTaken")),
      claim: claim(bound, owned(), terminating()),
      address: address(pinnedSince(minutes(1))),
    });
    expect(plan(facts).edit).toEqual({});
  });

  test("keeps the very claim that admission made for it, whichever pool it is from", () => {
    const facts = watching({
      cluster: stored(host(VIP, 6443)),
      pools: [pool("first"), pool("own")],
      claim: claim(owned(), reservedSince(seconds(5))),
    });
    expect(plan(facts).steps.map(words)).not.toContain(DELETE);
  });

  test("in the variable alone becomes the endpoint, though a pool has it", () => {
    const facts = watching({ cluster: stored(variable(VIP), held("ClassNotFound")) });
    expect(decide(facts)?.row).toBe("variable given by the user");
    expect(plan(facts)).toMatchObject({ edit: { endpoint: { host: VIP } }, steps: [] });
  });

  test("in the variable alone becomes the endpoint, though admission had claimed it already", () => {
    const facts = watching({
      cluster: stored(variable(VIP), held("Unreachable")),
      claim: claim(bound),
      address: address(pinnedSince(hours(1))),
    });
    expect(decide(facts)?.row).toBe("variable given by the user");
    expect(plan(facts).steps.map(words)).not.toContain(DELETE);
  });
});
