/** The case tables of watch-table.ts, row by row, in their words. */
import { APPLY_LATE, HOLD, LIFTED, PAUSED, RELEASED } from "../../../lib/core/contract";
import type { Edit } from "../../../lib/core/edit";
import { plan } from "../../../lib/core/plan";
import { goneTable } from "../../../lib/core/gone-table";
import { watchTable } from "../../../lib/core/watch-table";
import { everyRow, words, type Case } from "../../gen/decisions";
import { gone, Unread, watching } from "../../gen/facts";
import {
  address,
  annotated,
  bound,
  CLAIM,
  claim,
  clusterClass,
  clusterLabelled,
  complete,
  created,
  defining,
  endpoint,
  FORMER_UID,
  forClass,
  free,
  fromPool,
  held,
  host,
  hours,
  initialized,
  markedHeld,
  minutes,
  movingAway,
  noTopology,
  optedOut,
  OTHER_IP,
  ourPause,
  owned,
  pausedByAnnotation,
  pausedByField,
  pool,
  rendered,
  reservedSince,
  put,
  running,
  saying,
  seconds,
  secured,
  stored,
  strangers,
  terminating,
  UID,
  variable,
  VARIABLE,
  VIP,
  VIP_ANNOTATION,
  wantsVipWithDefault,
  withVipNote,
} from "../../gen/objects";

const ended = { [HOLD]: null, [PAUSED]: null };
/** The end of a hold on a Cluster that had its host before: said first, tidied away next. */
const over = { [HOLD]: LIFTED, [PAUSED]: null };
const lifted: Edit = { annotations: { [HOLD]: LIFTED, [PAUSED]: null } };
const restricted = clusterClass(defining({ name: VARIABLE, type: "string", pattern: "^10[.]" }));
const saysNow = (reason: string): Edit => ({ annotations: { [HOLD]: reason } });
const placed = (annotations: Record<string, string | null> = {}): Edit => ({
  endpoint: { host: VIP, port: 6443 },
  variables: { [VARIABLE]: VIP },
  annotations: { [VIP_ANNOTATION]: VIP, ...annotations },
});
const noVariable = clusterClass(defining());
const applyLate = annotated(APPLY_LATE);

/** Everything is in place and adopted. */
const adopted = { claim: claim(bound, owned(), clusterLabelled), address: address(secured()) };
const ownedOnly = { claim: claim(bound, owned()), address: address(secured()) };
const bare = { claim: claim(bound), address: address() };
const former = { claim: claim(bound, owned(FORMER_UID)), address: address(secured(FORMER_UID)) };
const PROTECT = `protect ${CLAIM} for ${UID}`;
const OWN = `own ${CLAIM} for ${UID}`;
const LABEL = `label ${CLAIM} with blue`;
const DELETE = `delete ${CLAIM}`;
const RELEASE = `release ${CLAIM}`;
const CREATE = `create ${CLAIM} from InClusterIPPool own owned by ${UID}`;

const afterTheEnd: Case[] = [
  {
    row: "Cluster not read",
    title: "nothing is released or swept while the Cluster cannot be read",
    facts: gone({
      cluster: new Unread("HTTP 500"),
      claim: claim(),
      address: address(secured(), terminating()),
    }),
    reason: "Unreachable",
    detail: "HTTP 500",
  },
  {
    row: "claim or address not read",
    title: "nothing is released while the claim cannot be read",
    facts: gone({ claim: new Unread("HTTP 500"), address: address(secured(), terminating()) }),
    reason: "Unreachable",
    detail: "HTTP 500",
  },
  {
    row: "claim or address not read",
    title: "nothing is swept while the address cannot be read",
    facts: gone({ claim: claim(), address: new Unread("timeout") }),
    reason: "Unreachable",
  },
  {
    row: "release",
    title: "a terminating address is released once its Cluster is gone",
    facts: gone({ address: address(secured(), terminating()) }),
    reason: "Gone",
    steps: [RELEASE],
  },
  {
    row: "release",
    title: "a terminating address rests for the quarantine first",
    facts: gone({
      address: address(secured(), terminating(minutes(4))),
      rules: { quarantineMs: minutes(10) },
    }),
    reason: "Gone",
    lookAgainMs: minutes(6),
  },
  {
    row: "release",
    title: "an address whose deletion time cannot be read is released, not kept for ever",
    facts: gone({
      address: address(secured(), (object) => ({
        ...object,
        metadata: { ...object.metadata, deletionTimestamp: "soon" },
      })),
    }),
    reason: "Gone",
    steps: [RELEASE],
  },
  {
    row: "sweep",
    title: "a bare claim whose Cluster never came is removed after the grace",
    facts: gone({ claim: claim(created(minutes(16))) }),
    reason: "Gone",
    steps: [DELETE],
  },
  {
    row: "sweep",
    title: "the youngest sign counts: an old claim that was just reserved is kept",
    facts: gone({ claim: claim(created(hours(48)), reservedSince(minutes(1))) }),
    reason: "Gone",
    lookAgainMs: minutes(14),
  },
  {
    row: "sweep",
    title: "the youngest sign counts: a restored claim keeps its whole grace from first sight",
    facts: gone({
      claim: claim(created(hours(48)), reservedSince(hours(47))),
      claimSeenAt: Date.parse("2026-06-01T11:59:00Z"),
    }),
    reason: "Gone",
    lookAgainMs: minutes(14),
  },
  {
    row: "sweep",
    title: "a claim that had a Cluster once waits for a restore for a day",
    facts: gone({ claim: claim(created(hours(23)), clusterLabelled) }),
    reason: "Gone",
    lookAgainMs: hours(1),
  },
  {
    row: "sweep",
    title: "no claim is swept within two minutes, whatever the installation says",
    facts: gone({ claim: claim(created(seconds(119))), rules: { sweepBareMs: 0 } }),
    reason: "Gone",
    lookAgainMs: seconds(1),
  },
  ...[
    { what: "a claim of a former Cluster", world: { claim: claim(owned(FORMER_UID)) } },
    { what: "a claim that is going", world: { claim: claim(terminating()) } },
    { what: "a claim of somebody else", world: { claim: claim(strangers) } },
    { what: "a live address of a Cluster that is gone", world: { address: address(secured(FORMER_UID)) } },
    { what: "a terminating address without our finalizer", world: { address: address(terminating()) } },
    { what: "an empty room", world: {} },
  ].map(
    ({ what, world }): Case => ({
      row: "nothing left to do",
      title: `${what} is left to others`,
      facts: gone(world),
      reason: "Gone",
    }),
  ),
];

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
    title: "a VIP is secured while the class is away, and the hold says what it waits for",
    facts: watching({
      cluster: stored(complete(), held("ClassChanged")),
      class: undefined,
      ...ownedOnly,
    }),
    reason: "ClassNotFound",
    edit: saysNow("ClassNotFound"),
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
    facts: watching({ cluster: stored(host(OTHER_IP, 6443), held("Unreachable")), class: restricted }),
    reason: "VariableRestricted",
    edit: saysNow("VariableRestricted"),
    lookAgainMs: 5000,
  },
  {
    row: "variable restricted: announce",
    title: "and so it does before it is filled with the VIP",
    facts: watching({ cluster: stored(held("NoMatchingPool")), class: restricted, ...adopted }),
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
    facts: watching({ cluster: stored(host(OTHER_IP, 6443), held("Unreachable")), class: undefined }),
    reason: "ClassNotFound",
    edit: saysNow("ClassNotFound"),
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
    facts: watching({ cluster: stored(host(OTHER_IP), held("NoMatchingPool")) }),
    reason: "UserProvided",
    edit: {
      endpoint: { host: OTHER_IP, port: 6443 },
      variables: { [VARIABLE]: OTHER_IP },
      annotations: { [VIP_ANNOTATION]: OTHER_IP, ...over },
    },
  },
];

const withoutHost: Case[] = [
  {
    row: "class missing",
    title: "a hold says its true reason: the class is missing",
    facts: watching({ cluster: stored(held("Unreachable")), class: undefined }),
    reason: "ClassNotFound",
    edit: saysNow("ClassNotFound"),
  },
  {
    row: "class missing",
    title: "what says its true reason already is not written again",
    facts: watching({ cluster: stored(held("ClassNotFound")), class: undefined }),
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
    title: "a variable given alone, in a create that could not be judged, becomes the endpoint",
    facts: watching({ cluster: stored(variable(OTHER_IP), held("ClassNotFound")) }),
    reason: "UserProvided",
    detail: OTHER_IP,
    edit: {
      endpoint: { host: OTHER_IP, port: 6443 },
      annotations: { [VIP_ANNOTATION]: OTHER_IP, [HOLD]: null, [PAUSED]: null },
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
];

describe("A Cluster that is stored, or gone", () => {
  everyRow(
    [watchTable, goneTable],
    [
      ...afterTheEnd,
      ...unread,
      ...formerOwners,
      ...deleting,
      ...pausedByUser,
      ...waysOut,
      ...withHost,
      ...withoutHost,
    ],
  );

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

  test("a Cluster that has its host no longer listens to pools", () => {
    const kinds = (facts = watching()): string[] => plan(facts).interests.map(({ kind }) => kind);
    expect(kinds()).toEqual(["class", "pool"]);
    expect(kinds(watching({ cluster: stored(complete()) }))).toEqual(["class"]);
    expect(kinds(watching({ cluster: stored(noTopology) }))).toEqual([]);
    expect(kinds(gone())).toEqual([]);
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
    expect(steps(watching({ cluster: stored(complete(), running), claim: claim(owned()) }))).not.toContain(
      DELETE,
    );
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
