/** The rows that watch-table.ts has before those of hosts, one by one, in their words. */
import { INGRESS } from "../../../lib/core/roles";
import type { Facts } from "../../../lib/core/facts";
import { HOLD, LIFTED, PAUSED, RELEASED, ROLE_LABEL } from "../../../lib/core/contract";
import { HOST_ROWS } from "../../../lib/core/host-rows";
import { NO_HOST_ROWS } from "../../../lib/core/no-host-rows";
import { plan } from "../../../lib/core/plan";
import { watchTable } from "../../../lib/core/watch-table";
import { everyRow, words, type Case } from "../../gen/decisions";
import { gone, Unread, watching } from "../../gen/facts";
import {
  annotated,
  address,
  bound,
  claim,
  CLAIM,
  clusterClass,
  clusterLabelled,
  complete,
  FORMER_UID,
  held,
  host,
  INGRESS_VIP,
  ingressAddress,
  ingressBound,
  ingressClaim,
  ingressOptedOut,
  ingressPool,
  markedHeld,
  minutes,
  movingAway,
  NAMESPACE,
  noTopology,
  optedOut,
  OTHER_IP,
  ourPause,
  owned,
  pausedByAnnotation,
  pausedByField,
  pinnedSince,
  rendered,
  running,
  seconds,
  secured,
  stored,
  strangers,
  terminating,
  UID,
  variable,
  variables,
  VIP,
  wantsBoth,
  wantsVipWithDefault,
  withIngress,
  withVipNote,
  type Change,
  forRole,
  free,
  fromPool,
  INGRESS_CLAIM,
  pool,
  created,
} from "../../gen/objects";
import {
  adopted,
  applyLate,
  bare,
  CREATE,
  DELETE,
  former,
  lifted,
  LABEL,
  noVariable,
  OWN,
  ownedOnly,
  PARK,
  PIN,
  PROTECT,
  RELEASE,
  saysNow,
  fleeting,
  somebody,
} from "./watch";

const unread: Case[] = (["claim", "address", "class", "pools"] as const).map((read) => ({
  row: "a read failed",
  title: `nothing is written while the ${read} cannot be read`,
  facts: watching({ cluster: stored(held("NoMatchingPool")), ...bare, [read]: new Unread("HTTP 503") }),
  reason: "Unreachable",
  detail: "HTTP 503",
}));

const formerOwners: Case[] = [
  {
    row: "address of a former Cluster: release",
    title: "the address of a former Cluster is released when a new Cluster has the name",
    facts: watching({
      cluster: stored(held("PreviousAddressReleasing")),
      address: address(secured(FORMER_UID), terminating()),
    }),
    reason: "PreviousAddressReleasing",
    detail: VIP,
    steps: [RELEASE],
  },
  {
    row: "address of a former Cluster: release",
    title: "the quarantine holds for a new Cluster of the name as well",
    facts: watching({
      cluster: stored(held("PreviousAddressReleasing")),
      address: address(secured(FORMER_UID), terminating(minutes(1))),
      rules: { quarantineMs: minutes(5) },
    }),
    reason: "PreviousAddressReleasing",
    lookAgainMs: minutes(4),
  },
  {
    row: "labelled claim of a former Cluster",
    title: "a labelled claim of a former Cluster loses the label first, or the provider never releases it",
    facts: watching({
      cluster: stored(held("NameInUse")),
      claim: claim(bound, owned(FORMER_UID), clusterLabelled),
      address: address(secured(FORMER_UID)),
    }),
    reason: "PreviousAddressReleasing",
    edit: saysNow("PreviousAddressReleasing"),
    steps: [`unlabel ${CLAIM}`],
  },
  {
    row: "claim of a former Cluster",
    title: "an owned claim of a former Cluster is never reused, not even for the Cluster of its name",
    facts: watching({ cluster: stored(held("PreviousAddressReleasing")), ...former }),
    reason: "PreviousAddressReleasing",
  },
  {
    row: "claim of a former Cluster",
    title: "a claim of a former Cluster that is going is waited for",
    facts: watching({ cluster: stored(), claim: claim(owned(FORMER_UID), terminating()) }),
    reason: "PreviousAddressReleasing",
  },
  {
    row: "labelled claim that goes, under a hold",
    title: "a claim that goes loses the label that leads the provider to a held, and so paused, Cluster",
    facts: watching({
      cluster: stored(held("PreviousAddressReleasing")),
      claim: claim(bound, clusterLabelled, terminating()),
      address: address(),
    }),
    reason: "PreviousAddressReleasing",
    steps: [`unlabel ${CLAIM}`],
  },
  {
    row: "labelled claim that goes, under a hold",
    title: "so does one that is given back while a host of the user's is disputed",
    facts: watching({
      cluster: stored(host(OTHER_IP, 6443), variable(VIP), held("HostAndVariableDiffer")),
      claim: claim(bound, clusterLabelled, terminating()),
      address: address(secured(FORMER_UID)),
    }),
    reason: "PreviousAddressReleasing",
    steps: [`unlabel ${CLAIM}`],
  },
];

const deleting: Case[] = [
  {
    row: "being moved away",
    title: "a Cluster that clusterctl moves away is left alone",
    facts: watching({ cluster: stored(movingAway, terminating(), complete()), ...bare }),
    reason: "Moved",
  },
  {
    row: "held and being deleted",
    title: "a held Cluster that is being deleted gets our pause off and its claim deleted",
    facts: watching({
      cluster: stored(held("WaitingForAddress"), terminating()),
      class: undefined,
      ...ownedOnly,
    }),
    reason: "Deleting",
    edit: lifted,
    steps: [DELETE],
  },
  {
    row: "held and being deleted",
    title: "so is one whose user says released when it is deleted already; the word stays",
    facts: watching({ cluster: stored(held(RELEASED), terminating()), class: undefined }),
    reason: "Deleting",
    edit: { annotations: { [PAUSED]: null } },
  },
  {
    row: "held and being deleted",
    title: "a held Cluster that has its VIP keeps the claim until it is gone",
    facts: watching({ cluster: stored(complete(), held("ClassChanged"), terminating()), ...adopted }),
    reason: "Deleting",
    edit: lifted,
  },
  {
    row: "being deleted",
    title:
      "a Cluster that is deleted keeps its address; its claim is not owned again, for it may be orphaned",
    facts: watching({ cluster: stored(complete(), terminating()), class: undefined, ...bare }),
    reason: "Deleting",
    steps: [PROTECT],
  },
  {
    row: "being deleted",
    title: "a terminating address is not released while its Cluster is only going",
    facts: watching({
      cluster: stored(complete(), terminating()),
      address: address(secured(), terminating()),
    }),
    reason: "Deleting",
  },
];

const pausedByUser: Case[] = [
  {
    row: "paused by the user, with a claim",
    title: "a bare claim of a paused Cluster is secured and owned, but never labelled",
    facts: watching({ cluster: stored(pausedByField), ...bare }),
    reason: "Paused",
    steps: [PROTECT, OWN],
  },
  {
    row: "paused by the user, with a claim",
    title: "the label stays off as long as the user pauses",
    facts: watching({ cluster: stored(complete(), pausedByAnnotation), ...ownedOnly }),
    reason: "Paused",
  },
  {
    row: "paused by the user, with a claim",
    title: "a hold is not completed while the user pauses too",
    facts: watching({ cluster: stored(held("WaitingForAddress"), pausedByField), ...ownedOnly }),
    reason: "Paused",
  },
  {
    row: "paused by the user, with a claim",
    title: "a claim is not adopted for a host of the user's",
    facts: watching({ cluster: stored(host(OTHER_IP, 6443), pausedByField), ...bare }),
    reason: "Paused",
  },
  {
    row: "paused by the user, with a claim",
    title: "an address that clusterctl is moving away is left to it",
    facts: watching({
      cluster: stored(complete(), pausedByField),
      ...adopted,
      address: address(secured(FORMER_UID), movingAway),
    }),
    reason: "Paused",
  },
  {
    row: "paused by the user",
    title: "no claim is made for a Cluster that its user pauses",
    facts: watching({ cluster: stored(pausedByAnnotation) }),
    reason: "Paused",
  },
  {
    row: "paused by the user",
    title: "a hold's reason is not written over a user's pause",
    facts: watching({ cluster: stored(markedHeld("NoMatchingPool"), pausedByAnnotation), pools: [] }),
    reason: "Paused",
  },
];

const waysOut: Case[] = [
  {
    row: "no topology",
    title: "a Cluster without a topology is left alone",
    facts: watching({ cluster: stored(noTopology), class: undefined }),
    reason: "NoTopology",
  },
  {
    row: "left alone, with a claim that nobody owns and that is not its endpoint's",
    title: "what a create has left that did not come to be is given back",
    facts: watching({ cluster: stored(noTopology, host(OTHER_IP)), class: undefined, ...bare }),
    reason: "NoTopology",
    steps: [DELETE],
  },
  {
    row: "left alone, its endpoint in a pool: who has it?",
    title: "whether the endpoint of a Cluster without a topology is reserved depends on who else has it",
    facts: watching({ cluster: stored(noTopology, host(VIP)), class: undefined }),
    reason: "NoTopology",
    lookFor: VIP,
  },
  {
    row: "left alone, its endpoint in a pool: reserved there",
    title:
      "the endpoint of a Cluster without a topology is reserved in its pool, and nothing is written on it",
    facts: watching({ cluster: stored(noTopology, host(VIP)), class: undefined, holders: [] }),
    reason: "NoTopology",
    steps: [PIN, CREATE],
  },
  {
    row: "left alone, its endpoint in a pool: reserved there",
    title: "so is that of a Cluster that opted out",
    facts: watching({ cluster: stored(optedOut, host(VIP)), holders: [] }),
    reason: "OptedOut",
    steps: [PIN, CREATE],
  },
  {
    row: "left alone, its endpoint reserved: adopted",
    title: "what was reserved for a Cluster without a topology is made its own",
    facts: watching({ cluster: stored(noTopology, host(VIP)), class: undefined, ...bare }),
    reason: "NoTopology",
    steps: [PROTECT, `${OWN}, ${LABEL}`],
  },
  {
    row: "no topology",
    title: "what is reserved and its own is left alone as well",
    facts: watching({ cluster: stored(noTopology, host(VIP)), class: undefined, ...adopted }),
    reason: "NoTopology",
  },
  {
    row: "left alone, its endpoint in a pool, and another has it",
    title: "an endpoint that another Cluster has too is reserved for neither, and given to no third",
    facts: watching({ cluster: stored(noTopology, host(VIP)), class: undefined, holders: [somebody] }),
    reason: "NoTopology",
    steps: [PARK],
    lookAgainMs: minutes(5),
  },
  {
    row: "left alone, its endpoint in a pool, and another has it",
    title: "what a claim of ours was given there is looked at soon again, for it may be given back unheard",
    facts: watching({ cluster: stored(noTopology, host(VIP)), class: undefined, holders: [fleeting] }),
    reason: "NoTopology",
    lookAgainMs: 5000,
  },
  {
    row: "left alone, its endpoint in a pool, and another has it",
    title: "which is done once",
    facts: watching({
      cluster: stored(noTopology, host(VIP)),
      class: undefined,
      holders: [somebody],
      parked: [VIP],
    }),
    reason: "NoTopology",
    lookAgainMs: minutes(5),
  },
  {
    row: "left alone, its endpoint in a pool, and another has it",
    title: "an endpoint that somebody's claim has is out of the pool already",
    facts: watching({
      cluster: stored(noTopology, host(VIP)),
      class: undefined,
      holders: [{ ...somebody, kind: "IPAddress" }],
    }),
    reason: "NoTopology",
    lookAgainMs: minutes(5),
  },
  {
    row: "no topology",
    title: "an endpoint in no pool is nobody's business",
    facts: watching({ cluster: stored(noTopology, host(OTHER_IP)), class: undefined }),
    reason: "NoTopology",
  },
  {
    row: "paused by the user",
    title: "while its user pauses it nothing is reserved: it may be on the move, and its claim to come",
    facts: watching({ cluster: stored(noTopology, host(VIP), pausedByField), class: undefined, holders: [] }),
    reason: "Paused",
  },
  {
    row: "a hold that is over is tidied away",
    title: "a hold that is over is tidied away on the next pass",
    facts: watching({ cluster: stored(markedHeld(LIFTED)), class: noVariable, pools: [] }),
    reason: "Adopting",
    edit: { annotations: { [HOLD]: null } },
    lookAgainMs: 250,
  },
  {
    row: "opted out",
    title: "a held Cluster that opts out is let go and its claim given back",
    facts: watching({ cluster: stored(held("WaitingForAddress"), optedOut), ...ownedOnly }),
    reason: "OptedOut",
    edit: lifted,
    steps: [DELETE],
  },
  {
    row: "opted out",
    title: "opting out does not take the VIP from a Cluster that answers there",
    facts: watching({ cluster: stored(complete(), optedOut), ...adopted }),
    reason: "OptedOut",
  },
  {
    row: "opted out",
    title: "a claim whose address is the host is kept even if the annotation was taken off",
    facts: watching({ cluster: stored(host(VIP, 6443), optedOut), ...adopted }),
    reason: "OptedOut",
  },
  {
    row: "released by the user",
    title: "a hold that the user released is not taken up again, and its claim is given back",
    facts: watching({ cluster: stored(markedHeld(RELEASED)), ...ownedOnly }),
    reason: "Released",
    steps: [DELETE],
  },
];

/** One pool with no free address left, for both roles, and a Cluster that is held for want of one. */
const scarce = (...changes: readonly Change[]): Facts =>
  watching({
    role: INGRESS,
    cluster: stored(held("PoolExhausted"), ...changes),
    class: clusterClass(wantsBoth),
    pools: [pool("own", annotated(ROLE_LABEL, "control-plane, ingress"), forRole("true"), free(0))],
    claim: ingressClaim(ingressBound, owned(), fromPool("own")),
    address: ingressAddress(secured()),
  });

const endpointFirst: Case[] = [
  {
    row: "the endpoint comes first: what was written is taken back",
    title: "of the last address of a shared pool the ingress VIP is taken back from a held Cluster",
    facts: scarce(withIngress(), variables({ [INGRESS.variable]: INGRESS_VIP })),
    reason: "WaitingForAddress",
    edit: {
      annotations: { [INGRESS.annotation]: null },
      labels: { [INGRESS.annotation]: null },
      variables: { [INGRESS.variable]: null },
    },
  },
  {
    row: "the endpoint comes first",
    title: "and then its claim is given back, so that the endpoint can have the address",
    facts: scarce(),
    reason: "WaitingForAddress",
    steps: [`delete ${INGRESS_CLAIM}`],
  },
];

const switchedOff: Case[] = [
  {
    row: "switched off: what was written is taken back",
    title: "an ingress VIP is first taken back from its Cluster, with label and variable",
    facts: watching({
      role: INGRESS,
      cluster: stored(
        ingressOptedOut,
        withIngress(),
        variables({ [INGRESS.variable]: INGRESS_VIP }),
        running,
      ),
      class: clusterClass(wantsBoth),
      claim: ingressClaim(ingressBound, owned(), clusterLabelled),
      address: ingressAddress(secured()),
      pools: [ingressPool("web")],
    }),
    reason: "OptedOut",
    edit: {
      annotations: { [INGRESS.annotation]: null },
      labels: { [INGRESS.annotation]: null },
      variables: { [INGRESS.variable]: null },
    },
  },
];

const pinnedForNobody: Case[] = [
  {
    row: "address pinned for nobody",
    title: "an address pinned for a create that never came is kept for two minutes",
    facts: watching({
      cluster: stored(held("PreviousAddressReleasing")),
      address: address(pinnedSince(seconds(119))),
    }),
    reason: "PreviousAddressReleasing",
    lookAgainMs: seconds(1),
  },
  {
    row: "address pinned for nobody",
    title: "then it is deleted, for the Cluster came another way",
    facts: watching({ cluster: stored(), address: address(pinnedSince(minutes(2))) }),
    reason: "PreviousAddressReleasing",
    detail: `IPAddress ${CLAIM}`,
    steps: [`delete address ${CLAIM}`],
  },
  {
    row: "address pinned for nobody",
    title: "so is one that was pinned for another host than the Cluster came with",
    facts: watching({ cluster: stored(complete("10.0.0.11")), address: address(pinnedSince(minutes(2))) }),
    reason: "PreviousAddressReleasing",
    steps: [`delete address ${CLAIM}`],
  },
];

const others = new Set([...HOST_ROWS, ...NO_HOST_ROWS].map(({ name }) => name));

describe("A stored Cluster", () => {
  everyRow(
    [watchTable.filter(({ name }) => !others.has(name))],
    [
      ...unread,
      ...formerOwners,
      ...deleting,
      ...pausedByUser,
      ...waysOut,
      ...switchedOff,
      ...endpointFirst,
      ...pinnedForNobody,
    ],
  );

  test("is judged by rows of different names", () => {
    expect(new Set(watchTable.map(({ name }) => name)).size).toBe(watchTable.length);
  });

  test("an owner never blocks deletion, or a foreground delete waits for ever", () => {
    const [step] = plan(
      watching({ cluster: stored(complete()), claim: claim(bound), address: address(secured()) }),
    ).steps;
    expect(step).toMatchObject({
      kind: "adopt-claim",
      owner: {
        apiVersion: "cluster.x-k8s.io/v1beta2",
        kind: "Cluster",
        name: "blue",
        uid: UID,
        controller: true,
      },
    });
    expect(step).not.toHaveProperty("owner.blockOwnerDeletion");
  });

  test("a Cluster listens to its class, and to pools that could give what it lacks", () => {
    const heard = (facts = watching()): string[] =>
      plan(facts).interests.map((interest) => (interest.kind === "pool" ? interest.role : interest.kind));
    expect(heard()).toEqual(["class", "control-plane", "ingress"]);
    expect(heard(watching({ cluster: stored(complete()), ...adopted }))).toEqual(["class", "ingress"]);
    const all = stored(complete(), withIngress());
    expect(heard(watching({ cluster: all, ...adopted }))).toEqual(["class"]);
    expect(heard(watching({ cluster: stored(optedOut, ingressOptedOut) }))).toEqual(["class"]);
    expect(heard(watching({ cluster: stored(noTopology) }))).toEqual([]);
    expect(heard(gone())).toEqual([]);
  });

  test("a Cluster with an address that nothing reserves listens to pools that have it", () => {
    const { interests } = plan(watching({ cluster: stored(complete(OTHER_IP)) }));
    expect(interests).toContainEqual({ kind: "address", namespace: NAMESPACE, address: OTHER_IP });
  });

  test("a user's pause beside our hold is left standing when the hold ends", () => {
    const facts = watching({
      cluster: stored(held("NoMatchingPool"), ourPause, host(OTHER_IP, 6443), pausedByField),
    });
    expect(plan(facts)).toMatchObject({ edit: {}, steps: [] });
  });
});

/** What the design asks for and the tables do not do yet. Each one that starts to pass must be moved up. */
describe("Found by review: watch", () => {
  const steps = (facts: Parameters<typeof plan>[0]): string[] => plan(facts).steps.map(words);

  test("nothing is written on a held Cluster that is deleted while its user pauses it", () => {
    const cluster = stored(held("NoMatchingPool"), pausedByField, terminating());
    expect(plan(watching({ cluster })).edit).toEqual({});
  });

  test("a VIP that equals its class's default is in place, and is not written for ever", () => {
    const facts = watching({
      cluster: stored(complete()),
      class: clusterClass(wantsVipWithDefault(VIP)),
      ...adopted,
    });
    expect(plan(facts).edit).toEqual({});
  });

  test("a restored claim of our VIP is kept while its address is not there yet", () => {
    const restored = claim(owned(), created(seconds(5)));
    expect(steps(watching({ cluster: stored(complete(), running), claim: restored }))).not.toContain(DELETE);
  });

  test("an address that the Cluster's own annotation names is not released while it lives", () => {
    const facts = watching({
      cluster: stored(withVipNote(), running, applyLate),
      address: address(secured(), terminating()),
    });
    expect(steps(facts)).not.toContain(RELEASE);
  });

  test("the live address of a restored Cluster is stamped anew although its claim names the old one", () => {
    const facts = watching({ cluster: stored(complete(), rendered, running), ...former });
    expect(steps(facts)).toContain(PROTECT);
  });

  test("a labelled claim of a former Cluster loses the label although the new one is paused", () => {
    const facts = watching({
      cluster: stored(pausedByField),
      claim: claim(bound, owned(FORMER_UID), clusterLabelled),
      address: address(secured(FORMER_UID)),
    });
    expect(steps(facts)).toEqual([`unlabel ${CLAIM}`]);
  });

  test.each([
    ["a stranger's claim", { claim: claim(strangers) }],
    ["an address that was never labelled and is going", { address: address(terminating()) }],
  ])("%s is looked at again, because nobody hears when it goes", (_what, world) => {
    expect(plan(watching({ cluster: stored(held("NameInUse")), ...world })).lookAgainMs).toBeDefined();
  });

  test("a pause of ours without a hold is taken off", () => {
    const facts = watching({ cluster: stored(complete(), ourPause), ...adopted });
    expect(plan(facts).edit).toEqual(lifted);
  });
});
