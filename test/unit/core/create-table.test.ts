/** The case table of create-table.ts, row by row, in its words. */
import { HOLD, OUR_PAUSE, PAUSED } from "../../../lib/core/contract";
import { createTable } from "../../../lib/core/create-table";
import type { Edit } from "../../../lib/core/edit";
import { plan } from "../../../lib/core/plan";
import { everyRow, type Case } from "../../gen/decisions";
import { creating, Unread } from "../../gen/facts";
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
  globalPool,
  host,
  optedOut,
  OTHER_IP,
  owned,
  pausedByAnnotation,
  pausedByField,
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
  wantsVip,
  wantsVipWithDefault,
} from "../../gen/objects";

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

const given: Case[] = [
  {
    row: "host and variable differ",
    title: "two different addresses in host and variable are refused",
    facts: creating({ cluster: cluster(host(VIP), variable(OTHER_IP)) }),
    reason: "HostAndVariableDiffer",
    detail: "10.0.0.10 and 10.9.9.9",
  },
  {
    row: "given by the user",
    title: "a host that the user wrote is kept, its port filled, and the variable follows",
    facts: creating({ cluster: cluster(host(OTHER_IP)) }),
    reason: "UserProvided",
    detail: OTHER_IP,
    edit: placed(OTHER_IP),
  },
  {
    row: "given by the user",
    title: "a port that the user wrote is kept",
    facts: creating({ cluster: cluster(host(OTHER_IP, 7443)) }),
    reason: "UserProvided",
    edit: { variables: { [VARIABLE]: OTHER_IP }, annotations: { [VIP_ANNOTATION]: OTHER_IP } },
  },
  {
    row: "given by the user",
    title: "a variable that the user wrote becomes the host",
    facts: creating({ cluster: cluster(variable(OTHER_IP)) }),
    reason: "UserProvided",
    edit: { endpoint: { host: OTHER_IP, port: 6443 }, annotations: { [VIP_ANNOTATION]: OTHER_IP } },
  },
  {
    row: "given by the user",
    title: "a DNS name is kept as the host and is not recorded as a VIP",
    facts: creating({ cluster: cluster(host("api.example.org", 443)) }),
    reason: "UserProvided",
    edit: { variables: { [VARIABLE]: "api.example.org" } },
  },
  {
    row: "given by the user",
    title: "one IPv6 address in two spellings is not taken for two addresses",
    facts: creating({ cluster: cluster(host("2001:db8::1", 6443), variable("2001:0db8:0:0:0:0:0:1")) }),
    reason: "UserProvided",
    edit: { annotations: { [VIP_ANNOTATION]: "2001:db8::1" } },
  },
  {
    row: "given by the user",
    title: "a user's host never waits for a claim, even if one lies there",
    facts: creating({ cluster: cluster(host(OTHER_IP, 6443)), ...bareAndBound, class: noVariable }),
    reason: "UserProvided",
    edit: { annotations: { [VIP_ANNOTATION]: OTHER_IP } },
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
    facts: creating({ cluster: cluster(host(OTHER_IP)), class: restricted }),
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
    [...nobodysBusiness, ...troubles, ...given, ...withoutPool, ...dryRuns, ...claims, ...lastWords],
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

  test("a Cluster hears of its class and of pools that could serve it", () => {
    expect(
      plan(creating({ cluster: cluster(annotated("team", "a")), class: clusterClass(wantsVip) })).interests,
    ).toEqual([
      { kind: "class", class: { namespace: "team-a", name: "rke2" } },
      { kind: "pool", namespace: "team-a", className: "rke2", role: "control-plane" },
    ]);
  });
});
