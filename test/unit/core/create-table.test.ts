/** The case table of create-table.ts, row by row, in its words. */
import { HOLD, OUR_PAUSE, PAUSED } from "../../../lib/core/contract";
import { createTable } from "../../../lib/core/create-table";
import type { Edit } from "../../../lib/core/edit";
import type { Holder } from "../../../lib/core/facts";
import { plan } from "../../../lib/core/plan";
import { INGRESS } from "../../../lib/core/roles";
import { everyRow, type Case } from "../../gen/decisions";
import { creating, Unread, type World } from "../../gen/facts";
import {
  address,
  annotated,
  bound,
  CLAIM,
  claim,
  type Change,
  cluster,
  clusterClass,
  clusterLabelled,
  defining,
  disabled,
  endpoint,
  forClass,
  FORMER_UID,
  free,
  fromPool,
  giving,
  globalPool,
  host,
  INGRESS_CLAIM,
  INGRESS_VARIABLE,
  INGRESS_VIP,
  ingressAddress,
  ingressBound,
  ingressClaim,
  ingressOptedOut,
  ingressPool,
  minutes,
  ofUnknownRanges,
  optedOut,
  OTHER_IP,
  owned,
  pausedByAnnotation,
  pausedByField,
  pinnedSince,
  pool,
  put,
  saying,
  secured,
  strangers,
  terminating,
  variable,
  variables,
  VARIABLE,
  VIP,
  VIP_ANNOTATION,
  wantsBoth,
  wantsVip,
  wantsVipWithDefault,
} from "../../gen/objects";

const RED: Holder = { kind: "Cluster", namespace: "team-b", name: "red" };
const holding = (reason: string): Edit => ({ annotations: { [HOLD]: reason, [PAUSED]: OUR_PAUSE } });
const placed = (vip = VIP, port = 6443): Edit => ({
  endpoint: { host: vip, port },
  variables: { [VARIABLE]: vip },
  annotations: { [VIP_ANNOTATION]: vip },
});
const noVariable = clusterClass(defining());
const bareAndBound = { claim: claim(bound), address: address() };

const nobodysBusiness: Case[] = [
  {
    row: "opted out",
    title: "a Cluster that opted out is left as it is",
    facts: creating({ cluster: cluster(optedOut) }),
    reason: "OptedOut",
  },
];

const troubles: Case[] = [
  {
    row: "name in use",
    title: "a name in use is held without a word, because AlreadyExists usually follows",
    facts: creating({ namesake: true }),
    reason: "NameInUse",
    edit: holding("NameInUse"),
  },
  {
    row: "name in use",
    title: "a name in use is held without a write, even if a bound claim lies there",
    facts: creating({ namesake: true, ...bareAndBound, class: undefined }),
    reason: "NameInUse",
    edit: holding("NameInUse"),
  },
  ...(["namesake", "class", "pools", "claim", "address"] as const).map(
    (read): Case => ({
      row: "a read failed",
      title: `a Cluster is held, with a warning, if the ${read} could not be read`,
      facts: creating({ [read]: new Unread("HTTP 503") }),
      reason: "Unreachable",
      detail: "HTTP 503",
      edit: holding("Unreachable"),
      warn: true,
    }),
  ),
  {
    row: "dry-run, class missing",
    title: "a dry-run of a Cluster whose class is missing is left as it is",
    facts: creating({ dryRun: true, class: undefined }),
    reason: "ClassNotFound",
  },
  {
    row: "class missing",
    title: "a Cluster whose class is missing is held and nothing is created",
    facts: creating({ class: undefined }),
    reason: "ClassNotFound",
    detail: "team-a/rke2",
    edit: holding("ClassNotFound"),
    warn: true,
  },
  {
    row: "class missing",
    title: "a user's host waits for the class as well, because the variable must follow it",
    facts: creating({ class: undefined, cluster: cluster(host(OTHER_IP, 6443)) }),
    reason: "ClassNotFound",
    edit: holding("ClassNotFound"),
    warn: true,
  },
];

const nobodyElse: readonly Holder[] = [];

const given: Case[] = [
  {
    row: "host and variable differ",
    title: "two different addresses in host and variable are refused",
    facts: creating({ cluster: cluster(host(VIP), variable(OTHER_IP)) }),
    reason: "HostAndVariableDiffer",
    detail: "10.0.0.10 and 10.9.9.9",
  },
  {
    row: "given, inside the Cluster's own network",
    title: "a host in the Cluster's own network of services is refused",
    facts: creating({ cluster: cluster(host("10.96.0.9")) }),
    reason: "InsideOwnNetwork",
    detail: "10.96.0.9 in 10.96.0.0/16",
  },
  {
    row: "given, inside the Cluster's own network",
    title: "a variable in the Cluster's own network of pods is refused, before anybody looks who else has it",
    facts: creating({
      cluster: cluster(
        variable("fd00::9"),
        put("spec", "clusterNetwork", "pods")({ cidrBlocks: ["10.244.0.0/16", "fd00::/64"] }),
      ),
    }),
    reason: "InsideOwnNetwork",
    detail: "fd00::9 in fd00::/64",
  },
  {
    row: "given: who else has it?",
    title: "a host that the user wrote is looked for before it is kept",
    facts: creating({ cluster: cluster(host(OTHER_IP)) }),
    reason: "WaitingForAddress",
    lookFor: OTHER_IP,
  },
  {
    row: "given: who else has it?",
    title: "so is a variable, and a host that lies in a pool",
    facts: creating({ cluster: cluster(variable(VIP)) }),
    reason: "WaitingForAddress",
    lookFor: VIP,
  },
  {
    row: "given: who else has it?",
    title: "in a dry-run as well, because a look writes nothing",
    facts: creating({ dryRun: true, cluster: cluster(host(OTHER_IP)) }),
    reason: "WaitingForAddress",
    lookFor: OTHER_IP,
  },
  {
    row: "given: who else has it?",
    title: "an IPv6 address is looked for in the one spelling that is compared",
    facts: creating({ cluster: cluster(host("2001:0DB8:0::1")) }),
    reason: "WaitingForAddress",
    lookFor: "2001:db8::1",
  },
  {
    row: "given, and another has it",
    title: "an address that another Cluster has is refused, and the refusal names that Cluster",
    facts: creating({ cluster: cluster(host(OTHER_IP)), holders: [RED] }),
    reason: "AddressTaken",
    detail: "10.9.9.9 of Cluster team-b/red",
  },
  {
    row: "given, and another has it",
    title: "three holders are named, and that there are more",
    facts: creating({
      cluster: cluster(variable(VIP)),
      holders: ["vip-cp-a", "vip-cp-b", "vip-cp-c", "vip-cp-d"].map(
        (name): Holder => ({ kind: "IPAddress", namespace: "team-b", name }),
      ),
    }),
    reason: "AddressTaken",
    detail:
      "10.0.0.10 of IPAddress team-b/vip-cp-a, IPAddress team-b/vip-cp-b, IPAddress team-b/vip-cp-c and others",
  },
  {
    row: "given, and another has it",
    title: "a dry-run tells of another owner, too",
    facts: creating({ dryRun: true, cluster: cluster(host(OTHER_IP)), holders: [RED] }),
    reason: "AddressTaken",
  },
  {
    row: "a read failed",
    title: "a Cluster is held while nobody can say who else has its address",
    facts: creating({ cluster: cluster(host(OTHER_IP)), holders: new Unread("HTTP 503") }),
    reason: "Unreachable",
    detail: "HTTP 503",
    edit: holding("Unreachable"),
    warn: true,
  },
  {
    row: "given by the user",
    title: "a host that the user wrote is kept, its port filled, and the variable follows",
    facts: creating({ cluster: cluster(host(OTHER_IP)), holders: nobodyElse }),
    reason: "UserProvided",
    detail: OTHER_IP,
    edit: placed(OTHER_IP),
  },
  {
    row: "given by the user",
    title: "a port that the user wrote is kept",
    facts: creating({ cluster: cluster(host(OTHER_IP, 7443)), holders: nobodyElse }),
    reason: "UserProvided",
    edit: { variables: { [VARIABLE]: OTHER_IP }, annotations: { [VIP_ANNOTATION]: OTHER_IP } },
  },
  {
    row: "given by the user",
    title: "a variable that the user wrote becomes the host",
    facts: creating({ cluster: cluster(variable(OTHER_IP)), holders: nobodyElse }),
    reason: "UserProvided",
    edit: { endpoint: { host: OTHER_IP, port: 6443 }, annotations: { [VIP_ANNOTATION]: OTHER_IP } },
  },
  {
    row: "given by the user",
    title: "a DNS name is kept as the host, is not recorded as a VIP, and is looked for nowhere",
    facts: creating({ cluster: cluster(host("api.example.org", 443)) }),
    reason: "UserProvided",
    edit: { variables: { [VARIABLE]: "api.example.org" } },
  },
  {
    row: "given by the user",
    title: "one IPv6 address in two spellings is not taken for two addresses",
    facts: creating({
      cluster: cluster(host("2001:db8::1", 6443), variable("2001:0db8:0:0:0:0:0:1")),
      holders: nobodyElse,
    }),
    reason: "UserProvided",
    edit: { annotations: { [VIP_ANNOTATION]: "2001:db8::1" } },
  },
  {
    row: "given by the user",
    title: "a user's host in no pool never waits for a claim, even if one lies there",
    facts: creating({
      cluster: cluster(host(OTHER_IP, 6443)),
      holders: nobodyElse,
      ...bareAndBound,
      class: noVariable,
    }),
    reason: "UserProvided",
    edit: { annotations: { [VIP_ANNOTATION]: OTHER_IP } },
  },
  {
    row: "given by the user",
    title: "a pool of a kind that does not say what it can give reserves nothing",
    facts: creating({
      cluster: cluster(host(VIP)),
      pools: [pool("own", ofUnknownRanges)],
      holders: nobodyElse,
    }),
    reason: "UserProvided",
    edit: placed(),
  },
];

const PIN = `pin ${VIP} as ${CLAIM} in InClusterIPPool own`;
const BARE = `create ${CLAIM} from InClusterIPPool own bare`;
const pinnedAndBound = { reserved: true, claim: claim(bound), address: address(pinnedSince(0)) };

const givenInAPool: Case[] = [
  {
    row: "given by the user",
    title: "a dry-run keeps a host that lies in a pool, and reserves nothing",
    facts: creating({ dryRun: true, cluster: cluster(host(VIP)), holders: nobodyElse }),
    reason: "UserProvided",
    edit: placed(),
  },
  {
    row: "nothing yet",
    title: "a host that lies in a pool is pinned there first, and then claimed",
    facts: creating({ cluster: cluster(host(VIP)), holders: nobodyElse }),
    reason: "WaitingForAddress",
    steps: [PIN, BARE],
  },
  {
    row: "nothing yet",
    title: "so is a variable, in the pool that has it, whomever that serves",
    facts: creating({
      cluster: cluster(variable("10.0.7.7")),
      holders: nobodyElse,
      pools: [pool("own"), globalPool("others", forClass("k3s"), giving("10.0.7.0/24"))],
    }),
    reason: "WaitingForAddress",
    steps: [
      `pin 10.0.7.7 as ${CLAIM} in GlobalInClusterIPPool others`,
      `create ${CLAIM} from GlobalInClusterIPPool others bare`,
    ],
  },
  {
    row: "nothing yet",
    title: "a disabled or full pool still reserves what its people gave",
    facts: creating({
      cluster: cluster(host(VIP)),
      holders: nobodyElse,
      pools: [pool("own", disabled, free(0))],
    }),
    reason: "WaitingForAddress",
    steps: [PIN, BARE],
  },
  {
    row: "nothing yet",
    title: "the address that a create pinned before it died is claimed, not pinned again",
    facts: creating({
      cluster: cluster(host(VIP)),
      holders: nobodyElse,
      address: address(pinnedSince(minutes(1))),
    }),
    reason: "WaitingForAddress",
    steps: [BARE],
  },
  {
    row: "name of the claim taken",
    title: "another address that a create pinned before it died is in the way",
    facts: creating({
      cluster: cluster(host("10.0.0.11")),
      holders: nobodyElse,
      address: address(pinnedSince(minutes(1))),
    }),
    reason: "PreviousAddressReleasing",
    edit: holding("PreviousAddressReleasing"),
    warn: true,
  },
  {
    row: "name of the claim taken",
    title: "so is one for a Cluster that gives no address",
    facts: creating({ address: address(pinnedSince(minutes(1))) }),
    reason: "PreviousAddressReleasing",
    edit: holding("PreviousAddressReleasing"),
    warn: true,
  },
  {
    row: "left-over claim of another pool",
    title: "a left-over claim with another address of the pool is not what the user gave",
    facts: creating({ cluster: cluster(host("10.0.0.11")), ...bareAndBound, holders: nobodyElse }),
    reason: "ClaimOfOtherPool",
    edit: holding("ClaimOfOtherPool"),
    warn: true,
  },
  {
    row: "left-over claim",
    title: "a left-over claim with the very address is reserved",
    facts: creating({ cluster: cluster(host(VIP)), ...bareAndBound, holders: nobodyElse }),
    reason: "WaitingForAddress",
    steps: [`reserve ${CLAIM}`],
  },
  {
    row: "waiting",
    title: "the claim of a pinned address is waited for",
    facts: creating({ cluster: cluster(host(VIP)), reserved: true, claim: claim() }),
    reason: "WaitingForAddress",
    waitFor: CLAIM,
  },
  {
    row: "bound: who else has it?",
    title: "whoever took the address meanwhile is found by a second look",
    facts: creating({ cluster: cluster(host(VIP)), ...pinnedAndBound }),
    reason: "WaitingForAddress",
    lookFor: VIP,
  },
  {
    row: "given, and another has it",
    title: "an address that its user gave is refused where somebody took it meanwhile",
    facts: creating({ cluster: cluster(host(VIP)), ...pinnedAndBound, holders: [RED] }),
    reason: "AddressTaken",
    detail: "10.0.0.10 of Cluster team-b/red",
  },
  {
    row: "bound",
    title: "a host that is reserved is the user's, and the variable follows",
    facts: creating({ cluster: cluster(host(VIP)), ...pinnedAndBound, holders: nobodyElse }),
    reason: "UserProvided",
    detail: VIP,
    edit: placed(),
  },
  {
    row: "bound",
    title: "a variable that is reserved becomes the host",
    facts: creating({ cluster: cluster(variable(VIP)), ...pinnedAndBound, holders: nobodyElse }),
    reason: "UserProvided",
    edit: { endpoint: { host: VIP, port: 6443 }, annotations: { [VIP_ANNOTATION]: VIP } },
  },
];

const overlapping = [pool("own"), globalPool("wide", forClass("k3s"), giving("10.0.0.0/16"))];

const shared: Case[] = [
  {
    row: "bound: who else has it?",
    title: "an address that another pool could have given as well is looked for",
    facts: creating({ reserved: true, ...bareAndBound, pools: overlapping }),
    reason: "WaitingForAddress",
    lookFor: VIP,
  },
  {
    row: "bound: who else has it?",
    title: "also where another pool does not say what it can give",
    facts: creating({
      reserved: true,
      ...bareAndBound,
      pools: [pool("own"), globalPool("unknown", ofUnknownRanges)],
    }),
    reason: "WaitingForAddress",
    lookFor: VIP,
  },
  {
    row: "bound, and another has it",
    title: "an address that two pools gave holds the Cluster, for it can have another one",
    facts: creating({ reserved: true, ...bareAndBound, pools: overlapping, holders: [RED] }),
    reason: "AddressTaken",
    edit: holding("AddressTaken"),
    warn: true,
  },
  {
    row: "bound",
    title: "an address that only this pool can have given is taken without a look",
    facts: creating({
      reserved: true,
      ...bareAndBound,
      pools: [pool("own"), globalPool("far", giving("10.7.0.0/16"))],
    }),
    reason: "Assigned",
    edit: placed(),
  },
];

const withoutPool: Case[] = [
  {
    row: "no variable, no pool",
    title: "a class without variable and without pool is none of our business",
    facts: creating({ class: noVariable, pools: [] }),
    reason: "NotManaged",
  },
  {
    row: "no variable, no pool",
    title: "a variable that is no string is not ours to fill",
    facts: creating({ class: clusterClass(defining({ name: VARIABLE, type: "object" })), pools: [] }),
    reason: "NotManaged",
  },
  {
    row: "variable, no pool: ignore",
    title: "a missing pool is only warned of where the installation says ignore",
    facts: creating({ pools: [], rules: { noPool: "ignore" } }),
    reason: "NoMatchingPool",
    warn: true,
  },
  {
    row: "variable, no pool: reject",
    title: "a missing pool is refused where the installation says reject",
    facts: creating({ pools: [], rules: { noPool: "reject" } }),
    reason: "PoolRequired",
    detail: "class rke2, role control-plane, namespace team-a or global",
  },
  {
    row: "variable, no pool: hold",
    title: "a missing pool holds the Cluster with a warning",
    facts: creating({ pools: [pool("other", forClass("k3s"))] }),
    reason: "NoMatchingPool",
    edit: holding("NoMatchingPool"),
    warn: true,
  },
];

const dryRuns: Case[] = [
  {
    row: "dry-run, nothing to reuse",
    title: "a dry-run creates no claim",
    facts: creating({ dryRun: true }),
    reason: "WaitingForAddress",
  },
  {
    row: "dry-run, nothing to reuse",
    title: "a dry-run does not use a claim that belongs to somebody",
    facts: creating({ dryRun: true, claim: claim(bound, owned()), address: address() }),
    reason: "WaitingForAddress",
  },
  {
    row: "dry-run, nothing to reuse",
    title: "a dry-run does not use an address that is going",
    facts: creating({ dryRun: true, claim: claim(bound), address: address(terminating()) }),
    reason: "WaitingForAddress",
  },
  {
    row: "bound",
    title: "a dry-run shows the address of a left-over claim and writes nothing",
    facts: creating({ dryRun: true, ...bareAndBound }),
    reason: "Assigned",
    edit: placed(),
  },
];

const takenNames: Case[] = [
  ["an address of ours without a claim", { address: address(secured()) }, "PreviousAddressReleasing"],
  ["an address that somebody made by hand", { address: address() }, "ClaimNotOurs"],
  ["a claim that is going", { claim: claim(terminating()) }, "PreviousAddressReleasing"],
  [
    "a claim of a former Cluster",
    { claim: claim(bound, owned(FORMER_UID)), address: address(secured(FORMER_UID)) },
    "PreviousAddressReleasing",
  ],
  [
    "a claim whose address is going",
    { claim: claim(bound), address: address(terminating()) },
    "PreviousAddressReleasing",
  ],
  ["a claim that is not ours", { claim: claim(strangers) }, "ClaimNotOurs"],
].map(
  ([what, world, reason]): Case => ({
    row: "name of the claim taken",
    title: `${String(what)} is never reused; the Cluster is held and nothing is created`,
    facts: creating(world as object),
    reason: reason as Case["reason"],
    edit: holding(String(reason)),
    warn: true,
  }),
);

const restricted = clusterClass(defining({ name: VARIABLE, type: "string", pattern: "^10[.]" }));

const claims: Case[] = [
  {
    row: "host given, variable restricted",
    title: "a host of the user's is not put into a restricted variable that nobody checks any more",
    facts: creating({ cluster: cluster(host(OTHER_IP)), class: restricted, holders: nobodyElse }),
    reason: "VariableRestricted",
    edit: holding("VariableRestricted"),
    warn: true,
  },
  {
    row: "bound, variable restricted",
    title: "a variable for the other family is not filled with the VIP either",
    facts: creating({
      class: clusterClass(defining({ name: VARIABLE, type: "string", format: "ipv6" })),
      reserved: true,
      ...bareAndBound,
    }),
    reason: "VariableRestricted",
    edit: holding("VariableRestricted"),
    warn: true,
  },
  {
    row: "bound",
    title: "a variable for addresses of the VIP's family is filled at once",
    facts: creating({
      class: clusterClass(defining({ name: VARIABLE, type: "string", format: "ipv4" })),
      reserved: true,
      ...bareAndBound,
    }),
    reason: "Assigned",
    edit: placed(),
  },
  {
    row: "bound, variable restricted",
    title: "nor is the VIP: the watch writes it, and Cluster API checks that",
    facts: creating({ class: restricted, reserved: true, ...bareAndBound }),
    reason: "VariableRestricted",
    edit: holding("VariableRestricted"),
    warn: true,
  },
  ...takenNames,
  {
    row: "name of the claim taken",
    title: "the claim we made ourselves is not used once it is being deleted",
    facts: creating({ reserved: true, claim: claim(bound, terminating()), address: address() }),
    reason: "PreviousAddressReleasing",
    edit: holding("PreviousAddressReleasing"),
    warn: true,
  },
  {
    row: "left-over claim of another pool",
    title: "a left-over claim of a pool that does not match holds the Cluster",
    facts: creating({ claim: claim(bound, fromPool("elsewhere")), address: address() }),
    reason: "ClaimOfOtherPool",
    detail: "IPAddressClaim vip-cp-blue of InClusterIPPool elsewhere",
    edit: holding("ClaimOfOtherPool"),
    warn: true,
  },
  {
    row: "bound",
    title: "an address in time completes the Cluster before it is stored",
    facts: creating({ reserved: true, ...bareAndBound }),
    reason: "Assigned",
    detail: VIP,
    edit: placed(),
  },
  {
    row: "bound",
    title: "an address that came with the last second still completes the Cluster",
    facts: creating({ reserved: true, spent: "no time left", ...bareAndBound }),
    reason: "Assigned",
    edit: placed(),
  },
  {
    row: "left-over claim",
    title: "a left-over claim is reserved by compare-and-swap before it is used, however bound it is",
    facts: creating(bareAndBound),
    reason: "WaitingForAddress",
    steps: [`reserve ${CLAIM}`],
  },
  {
    row: "left-over claim",
    title: "a left-over claim that names its former Cluster is reserved too; the label goes with that write",
    facts: creating({ claim: claim(bound, clusterLabelled), address: address() }),
    reason: "WaitingForAddress",
    steps: [`reserve ${CLAIM}`],
  },
  {
    row: "nothing yet",
    title: "a bare claim is made from the first pool that can give an address",
    facts: creating({ pools: [pool("full", free(0)), pool("own"), globalPool("everybody")] }),
    reason: "WaitingForAddress",
    steps: [`create ${CLAIM} from InClusterIPPool own bare`],
  },
  {
    row: "nothing yet",
    title: "a class without a variable gets a VIP too, once a pool names it",
    facts: creating({ class: noVariable, pools: [globalPool("everybody")] }),
    reason: "WaitingForAddress",
    steps: [`create ${CLAIM} from GlobalInClusterIPPool everybody bare`],
  },
  {
    row: "nothing yet",
    title: "a variable at its class's default counts as empty",
    facts: creating({
      class: clusterClass(wantsVipWithDefault("0.0.0.0")),
      cluster: cluster(variable("0.0.0.0")),
    }),
    reason: "WaitingForAddress",
    steps: [`create ${CLAIM} from InClusterIPPool own bare`],
  },
  {
    row: "nothing yet",
    title: "a port alone is not an endpoint",
    facts: creating({ cluster: cluster(endpoint({ host: "", port: 6443 })) }),
    reason: "WaitingForAddress",
    steps: [`create ${CLAIM} from InClusterIPPool own bare`],
  },
  {
    row: "nothing yet",
    title: "a user's pause changes nothing at admission",
    facts: creating({ cluster: cluster(pausedByField, pausedByAnnotation) }),
    reason: "WaitingForAddress",
    steps: [`create ${CLAIM} from InClusterIPPool own bare`],
  },
  {
    row: "waiting",
    title: "our claim without an address is waited for",
    facts: creating({ reserved: true, claim: claim() }),
    reason: "WaitingForAddress",
    waitFor: CLAIM,
  },
  {
    row: "waiting",
    title: "an address that the claim does not name yet is not taken",
    facts: creating({ reserved: true, claim: claim(), address: address() }),
    reason: "WaitingForAddress",
    waitFor: CLAIM,
  },
];

const lastWords: Case[] = [
  {
    row: "all else",
    title: "a slow provider holds the Cluster and the claim is left to the watch",
    facts: creating({ reserved: true, claim: claim(), spent: "no address in time" }),
    reason: "WaitingForAddress",
    edit: holding("WaitingForAddress"),
    warn: true,
  },
  {
    row: "all else",
    title: "a left-over claim that could not be reserved in time is not used",
    facts: creating({ ...bareAndBound, spent: "no time left" }),
    reason: "WaitingForAddress",
    edit: holding("WaitingForAddress"),
    warn: true,
  },
  {
    row: "all else",
    title: "full and disabled pools hold the Cluster, and the warning names each with its reason",
    facts: creating({ pools: [pool("a", free(0)), pool("b", disabled), globalPool("c", terminating())] }),
    reason: "PoolExhausted",
    detail:
      "InClusterIPPool a: it has no free address; " +
      'InClusterIPPool b: its annotation vip.capi.gorizond.io/disabled says "true"; ' +
      "GlobalInClusterIPPool c: it is being deleted",
    edit: holding("PoolExhausted"),
    warn: true,
  },
  {
    row: "all else",
    title: "a refused write holds the Cluster and says what the API server said",
    facts: creating({ spent: "create-claim vip-cp-blue: quota exceeded" }),
    reason: "Unreachable",
    detail: "create-claim vip-cp-blue: quota exceeded",
    edit: holding("Unreachable"),
    warn: true,
  },
  {
    row: "all else",
    title: "an answer that is no address holds the Cluster",
    facts: creating({ reserved: true, claim: claim(bound), address: address(saying("10.0.0.0/24")) }),
    reason: "AddressInvalid",
    detail: "10.0.0.0/24",
    edit: holding("AddressInvalid"),
    warn: true,
  },
];

describe("A Cluster that is being created", () => {
  everyRow(
    [createTable],
    [
      ...nobodysBusiness,
      ...troubles,
      ...given,
      ...givenInAPool,
      ...shared,
      ...withoutPool,
      ...dryRuns,
      ...claims,
      ...lastWords,
    ],
  );

  test("the port is the endpoint's own, else the API server's, else the setting", () => {
    const portFor = (...changes: Change[]): number | undefined =>
      plan(
        creating({
          reserved: true,
          ...bareAndBound,
          cluster: cluster(...changes),
          rules: { defaultPort: 9345 },
        }),
      ).edit.endpoint?.port;
    const apiServerPort = put("spec", "clusterNetwork", "apiServerPort");
    expect(portFor()).toBe(9345);
    expect(portFor(apiServerPort(8443))).toBe(8443);
    expect(portFor(apiServerPort(8443), endpoint({ port: 7443 }))).toBe(7443);
  });

  test("an entry that Cluster API defaulted to empty gets the VIP", () => {
    const facts = creating({ reserved: true, ...bareAndBound, cluster: cluster(variable("")) });
    expect(plan(facts).edit).toEqual(placed());
  });

  test("a defaulted variable gives way to the host that the user wrote", () => {
    const facts = creating({
      class: clusterClass(wantsVipWithDefault("0.0.0.0")),
      cluster: cluster(variable("0.0.0.0"), host(OTHER_IP, 6443)),
      holders: nobodyElse,
    });
    expect(plan(facts).edit.variables).toEqual({ [VARIABLE]: OTHER_IP });
  });

  test("other variables are nobody's wish for a VIP", () => {
    const facts = creating({ cluster: cluster(variables({ workers: 3, [VARIABLE]: { not: "text" } })) });
    expect(plan(facts).decisions[0]?.row).toBe("nothing yet");
  });

  test("a hold leaves a user's pause as it stands", () => {
    const facts = creating({ class: undefined, cluster: cluster(pausedByAnnotation) });
    expect(plan(facts).edit).toEqual({ annotations: { [HOLD]: "ClassNotFound" } });
  });

  test("an IPv6 address is written as RFC 5952 has it", () => {
    const facts = creating({
      reserved: true,
      claim: claim(bound),
      address: address(saying("2001:0DB8:0000::0010")),
    });
    expect(plan(facts).edit).toEqual(placed("2001:db8::10"));
  });

  test("a class without the variable gets endpoint and annotation only", () => {
    const facts = creating({ reserved: true, ...bareAndBound, class: noVariable });
    expect(plan(facts).edit).toEqual({
      endpoint: { host: VIP, port: 6443 },
      annotations: { [VIP_ANNOTATION]: VIP },
    });
  });

  test("definitions in spec count until the class has a status", () => {
    const young = clusterClass(
      put("spec", "variables")([{ name: VARIABLE, schema: { openAPIV3Schema: { type: "string" } } }]),
    );
    const facts = creating({ reserved: true, ...bareAndBound, class: young });
    expect(plan(facts).edit).toEqual(placed());
  });

  test("a Cluster hears of its class and of pools that could serve it in either role", () => {
    expect(
      plan(creating({ cluster: cluster(annotated("team", "a")), class: clusterClass(wantsVip) })).interests,
    ).toEqual([
      { kind: "class", class: { namespace: "team-a", name: "rke2" } },
      { kind: "pool", namespace: "team-a", className: "rke2", role: "control-plane" },
      { kind: "pool", namespace: "team-a", className: "rke2", role: "ingress" },
    ]);
  });

  test("a role that is switched off hears of no pool", () => {
    const { interests } = plan(creating({ cluster: cluster(ingressOptedOut) }));
    expect(interests.flatMap((interest) => (interest.kind === "pool" ? interest.role : []))).toEqual([
      "control-plane",
    ]);
  });
});

// ---- The ingress role ------------------------------------------------------------------------------

const wantsNeither = defining();
/** What a Cluster carries of its ingress VIP. */
const shown = (vip = INGRESS_VIP): Edit => ({
  variables: { [INGRESS_VARIABLE]: vip },
  annotations: { [INGRESS.annotation]: vip },
  labels: { [INGRESS.annotation]: vip },
});
const ingressVariable = (value: unknown): Change => variables({ [INGRESS_VARIABLE]: value });
const frontBound = { reserved: true, claim: ingressClaim(ingressBound), address: ingressAddress() };

/** A Cluster is being created, its class wants both VIPs, and each role has a pool; the ingress role is looked at. */
const creatingIngress = (world: World = {}): Case["facts"] =>
  creating({
    role: INGRESS,
    class: clusterClass(wantsBoth),
    pools: [pool("own"), ingressPool("web")],
    ...world,
  });

const restrictedIngress = clusterClass(
  defining({ name: INGRESS_VARIABLE, type: "string", pattern: "^10[.]" }),
);
const FRONT = `create ${INGRESS_CLAIM} from InClusterIPPool web bare`;

const ingress: Case[] = [
  {
    row: "opted out",
    title: "a Cluster that switched its ingress off gets nothing",
    facts: creatingIngress({ cluster: cluster(ingressOptedOut) }),
    reason: "OptedOut",
  },
  {
    row: "name in use",
    title: "a name in use is the endpoint's to hold for",
    facts: creatingIngress({ namesake: true }),
    reason: "NameInUse",
  },
  ...(["class", "pools", "claim", "address"] as const).map(
    (read): Case => ({
      row: "a read failed",
      title: `the ${read} that could not be read is left to the watch, without a word`,
      facts: creatingIngress({ [read]: new Unread("HTTP 503") }),
      reason: "Unreachable",
    }),
  ),
  {
    row: "dry-run, class missing",
    title: "a dry-run of a Cluster whose class is missing comes to nothing",
    facts: creatingIngress({ dryRun: true, class: undefined }),
    reason: "ClassNotFound",
  },
  {
    row: "class missing",
    title: "a missing class is warned of and held for by the endpoint alone",
    facts: creatingIngress({ class: undefined }),
    reason: "ClassNotFound",
    warn: true,
  },
  {
    row: "host and variable differ",
    title: "a VIP on record that differs from the variable is only warned of",
    facts: creatingIngress({
      cluster: cluster(annotated(INGRESS.annotation, INGRESS_VIP), ingressVariable(OTHER_IP)),
    }),
    reason: "HostAndVariableDiffer",
    warn: true,
  },
  {
    row: "given, inside the Cluster's own network",
    title: "a variable in the Cluster's own network is only warned of",
    facts: creatingIngress({ cluster: cluster(ingressVariable("10.96.0.9")) }),
    reason: "InsideOwnNetwork",
    detail: "10.96.0.9 in 10.96.0.0/16",
    warn: true,
  },
  {
    row: "given: who else has it?",
    title: "a variable that the user wrote is looked for",
    facts: creatingIngress({ cluster: cluster(ingressVariable(OTHER_IP)) }),
    reason: "WaitingForAddress",
    lookFor: OTHER_IP,
  },
  {
    row: "given, and another has it",
    title: "a variable that another has is only warned of, and is not recorded",
    facts: creatingIngress({ cluster: cluster(ingressVariable(OTHER_IP)), holders: [RED] }),
    reason: "AddressTaken",
    detail: "10.9.9.9 of Cluster team-b/red",
    warn: true,
  },
  {
    row: "given by the user",
    title: "a variable that the user wrote shows in annotation and label, and in no endpoint",
    facts: creatingIngress({ cluster: cluster(ingressVariable(OTHER_IP)), holders: nobodyElse }),
    reason: "UserProvided",
    detail: OTHER_IP,
    edit: { annotations: { [INGRESS.annotation]: OTHER_IP }, labels: { [INGRESS.annotation]: OTHER_IP } },
  },
  {
    row: "given by the user",
    title: "GB6 an IPv6 address that the user wrote shows in the annotation, and in no label",
    facts: creatingIngress({ cluster: cluster(ingressVariable("2001:db8::20")), holders: nobodyElse }),
    reason: "UserProvided",
    edit: { annotations: { [INGRESS.annotation]: "2001:db8::20" } },
  },
  {
    row: "given by the user",
    title: "a DNS name in the variable is nobody's address",
    facts: creatingIngress({ cluster: cluster(ingressVariable("web.example.org")) }),
    reason: "UserProvided",
  },
  {
    row: "given by the user",
    title: "one address for both roles is reserved as the endpoint, and not a second time",
    facts: creatingIngress({
      cluster: cluster(host(VIP, 6443), ingressVariable(VIP)),
      holders: nobodyElse,
    }),
    reason: "UserProvided",
    edit: { annotations: { [INGRESS.annotation]: VIP }, labels: { [INGRESS.annotation]: VIP } },
  },
  {
    row: "nothing yet",
    title: "a variable that lies in a pool is pinned there, and claimed",
    facts: creatingIngress({ cluster: cluster(ingressVariable(INGRESS_VIP)), holders: nobodyElse }),
    reason: "WaitingForAddress",
    steps: [`pin ${INGRESS_VIP} as ${INGRESS_CLAIM} in InClusterIPPool web`, FRONT],
  },
  {
    row: "host given, variable restricted",
    title: "a restricted variable is left to the watch, whose write is checked",
    facts: creatingIngress({
      class: restrictedIngress,
      cluster: cluster(annotated(INGRESS.annotation, OTHER_IP)),
      holders: nobodyElse,
    }),
    reason: "VariableRestricted",
  },
  {
    row: "no variable, no pool",
    title: "GB4 a class without an ingress pool is none of this role's business",
    facts: creatingIngress({ class: clusterClass(wantsVip), pools: [pool("own")] }),
    reason: "NotManaged",
    detail: "class rke2, role ingress, namespace team-a or global",
  },
  {
    row: "variable, no pool: ignore",
    title: "a missing pool is warned of where the installation says ignore",
    facts: creatingIngress({ pools: [pool("own")], rules: { noPool: "ignore" } }),
    reason: "NoMatchingPool",
    warn: true,
  },
  ...(["hold", "reject"] as const).map(
    (noPool): Case => ({
      row: "variable, no pool: hold",
      title: `GB4 a missing pool neither holds nor refuses where the installation says ${noPool}; it is warned of`,
      facts: creatingIngress({ pools: [pool("own")], rules: { noPool } }),
      reason: "NoMatchingPool",
      warn: true,
    }),
  ),
  {
    row: "dry-run, nothing to reuse",
    title: "a dry-run creates no claim",
    facts: creatingIngress({ dryRun: true }),
    reason: "WaitingForAddress",
  },
  {
    row: "name of the claim taken",
    title: "a claim that is not ours is warned of, for only its user can mend that",
    facts: creatingIngress({ claim: ingressClaim(strangers) }),
    reason: "ClaimNotOurs",
    warn: true,
  },
  {
    row: "name of the claim taken",
    title: "a claim that is going is not worth a word",
    facts: creatingIngress({ claim: ingressClaim(terminating()) }),
    reason: "PreviousAddressReleasing",
  },
  {
    row: "left-over claim of another pool",
    title: "a left-over claim of a pool that does not match is left to the watch",
    facts: creatingIngress({ claim: ingressClaim(ingressBound, fromPool("own")), address: ingressAddress() }),
    reason: "ClaimOfOtherPool",
  },
  {
    row: "bound, variable restricted",
    title: "the VIP is not put into a restricted variable either",
    facts: creatingIngress({ class: restrictedIngress, ...frontBound }),
    reason: "VariableRestricted",
  },
  {
    row: "bound: who else has it?",
    title: "an address that another pool could have given as well is looked for",
    facts: creatingIngress({
      ...frontBound,
      pools: [ingressPool("web"), pool("wide", giving("10.0.0.0/16"))],
    }),
    reason: "WaitingForAddress",
    lookFor: INGRESS_VIP,
  },
  {
    row: "bound, and another has it",
    title: "an address that two pools gave is left to the watch, which gets another",
    facts: creatingIngress({
      ...frontBound,
      pools: [ingressPool("web"), pool("wide", giving("10.0.0.0/16"))],
      holders: [RED],
    }),
    reason: "AddressTaken",
  },
  {
    row: "given, and another has it",
    title: "an address that its user gave and somebody took meanwhile is only warned of",
    facts: creatingIngress({
      cluster: cluster(ingressVariable(INGRESS_VIP)),
      ...frontBound,
      address: ingressAddress(pinnedSince(0)),
      holders: [RED],
    }),
    reason: "AddressTaken",
    warn: true,
  },
  {
    row: "bound",
    title: "an address in time shows in variable, annotation and label",
    facts: creatingIngress(frontBound),
    reason: "Assigned",
    detail: INGRESS_VIP,
    edit: shown(),
  },
  {
    row: "bound",
    title: "GB6 an IPv6 address in time shows in variable and annotation, and in no label",
    facts: creatingIngress({ ...frontBound, address: ingressAddress(saying("2001:0db8:0::20")) }),
    reason: "Assigned",
    edit: {
      variables: { [INGRESS_VARIABLE]: "2001:db8::20" },
      annotations: { [INGRESS.annotation]: "2001:db8::20" },
    },
  },
  {
    row: "bound",
    title: "a class without the variable gets annotation and label",
    facts: creatingIngress({ ...frontBound, class: clusterClass(wantsNeither) }),
    reason: "Assigned",
    edit: {
      annotations: { [INGRESS.annotation]: INGRESS_VIP },
      labels: { [INGRESS.annotation]: INGRESS_VIP },
    },
  },
  {
    row: "left-over claim",
    title: "a left-over claim is reserved before it is used",
    facts: creatingIngress({ claim: ingressClaim(ingressBound), address: ingressAddress() }),
    reason: "WaitingForAddress",
    steps: [`reserve ${INGRESS_CLAIM}`],
  },
  {
    row: "nothing yet",
    title: "a claim is made from the pool of this role",
    facts: creatingIngress(),
    reason: "WaitingForAddress",
    steps: [FRONT],
  },
  {
    row: "nothing yet",
    title: "also for a class without the variable, once a pool names it",
    facts: creatingIngress({ class: clusterClass(wantsVip) }),
    reason: "WaitingForAddress",
    steps: [FRONT],
  },
  {
    row: "waiting",
    title: "the claim is waited for where the class defines the variable",
    facts: creatingIngress({ reserved: true, claim: ingressClaim() }),
    reason: "WaitingForAddress",
    waitFor: INGRESS_CLAIM,
  },
  {
    row: "all else",
    title: "the claim is not waited for where no variable could come too late",
    facts: creatingIngress({ class: clusterClass(wantsVip), reserved: true, claim: ingressClaim() }),
    reason: "WaitingForAddress",
  },
  {
    row: "all else",
    title: "a slow provider is left to the watch, without a word",
    facts: creatingIngress({ reserved: true, claim: ingressClaim(), spent: "no address in time" }),
    reason: "WaitingForAddress",
  },
  {
    row: "all else",
    title: "GB4 a full pool holds nothing, and is warned of",
    facts: creatingIngress({ pools: [pool("own"), ingressPool("web", free(0))] }),
    reason: "PoolExhausted",
    detail: "InClusterIPPool web: it has no free address",
    warn: true,
  },
];

describe("The ingress VIP of a Cluster that is being created", () => {
  const onlyOfTheEndpoint = ["variable, no pool: reject"];
  everyRow([createTable.filter(({ name }) => !onlyOfTheEndpoint.includes(name))], ingress);

  test.each(ingress)(
    "GB4 never keeps the Cluster from coming up, and is no endpoint: $title",
    ({ facts }) => {
      const { edit } = plan(facts);
      for (const key of [HOLD, PAUSED]) expect(edit.annotations ?? {}).not.toHaveProperty([key]);
      expect(edit.endpoint).toBeUndefined();
    },
  );
});

describe("GB1 A manual VIP takes no second address", () => {
  const stepsFor = (world: World) => plan(creating({ holders: nobodyElse, ...world })).steps;

  test.each([
    ["host", cluster(host(OTHER_IP))],
    ["variable", cluster(variable(OTHER_IP))],
    ["DNS name", cluster(host("api.example.org"))],
  ])("in no pool: no claim is made for the %s", (_what, given) => {
    expect(stepsFor({ cluster: given })).toEqual([]);
  });

  test.each([
    ["host", cluster(host("10.0.0.15"))],
    ["variable", cluster(variable("10.0.0.15"))],
  ])("in a pool: what is claimed is the very address of the %s", (_what, given) => {
    expect(stepsFor({ cluster: given })).toMatchObject([
      { kind: "pin-address", pin: { address: "10.0.0.15" }, claim: { name: CLAIM } },
      { kind: "create-claim", claim: { name: CLAIM } },
    ]);
  });
});

describe("GB8 The variable follows a manual host", () => {
  test("in no pool, and in one", () => {
    const free = creating({ cluster: cluster(host(OTHER_IP)), holders: nobodyElse });
    const reserved = creating({ cluster: cluster(host(VIP)), ...pinnedAndBound, holders: nobodyElse });
    expect(plan(free).edit.variables).toEqual({ [VARIABLE]: OTHER_IP });
    expect(plan(reserved).edit.variables).toEqual({ [VARIABLE]: VIP });
  });
});

describe("Found by review: create", () => {
  /** The look is for the address of the left-over claim. */
  test("a given address in no pool is looked for also where a left-over claim lies", () => {
    expect(plan(creating({ cluster: cluster(host(OTHER_IP)), ...bareAndBound })).looks).toMatchObject([
      { address: OTHER_IP },
    ]);
  });

  test("a given address in a pool is looked for again where a left-over claim that was reserved has it", () => {
    const facts = creating({ cluster: cluster(host(VIP)), reserved: true, ...bareAndBound });
    expect(plan(facts).looks).toMatchObject([{ address: VIP }]);
  });

  /** Only a host counts so far: with two variables, one address is pinned twice. */
  test("one address in both variables is reserved as the endpoint, and not a second time", () => {
    const given = variables({ [VARIABLE]: VIP, [INGRESS_VARIABLE]: VIP });
    expect(plan(creatingIngress({ cluster: cluster(given), holders: nobodyElse })).steps).toEqual([]);
  });
});
