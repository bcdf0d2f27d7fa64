/** What the watch does for a role that is no endpoint: the same rows, without a hold. */
import { HOLD } from "../../../lib/core/contract";
import { applyLate, ownedOnly, somebody } from "./watch";
import { CONTROL_PLANE, INGRESS } from "../../../lib/core/roles";
import type { Edit } from "../../../lib/core/edit";
import { plan, writesOf } from "../../../lib/core/plan";
import { valueOf } from "../../../lib/core/facts";
import { eachCase, words, type Case } from "../../gen/decisions";
import { Unread, watching, type World } from "../../gen/facts";
import {
  address,
  annotated,
  type Change,
  claim,
  CLAIM,
  clusterClass,
  clusterLabelled,
  complete,
  defining,
  FORMER_UID,
  free,
  giving,
  held,
  INGRESS_CLAIM,
  INGRESS_VIP,
  ingressAddress,
  ingressBound,
  ingressClaim,
  ingressOptedOut,
  ingressPool,
  markedHeld,
  minutes,
  movingAway,
  optedOut,
  OTHER_IP,
  ourPause,
  owned,
  pausedByField,
  pinnedSince,
  pool,
  put,
  rendered,
  replacedVip,
  running,
  saying,
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
  withIngress,
} from "../../gen/objects";
const pools = [ingressPool("web")];
const wanting = clusterClass(wantsBoth);
const note = (vip: string): Edit => ({
  annotations: { [INGRESS.annotation]: vip },
  labels: { [INGRESS.annotation]: vip },
});
const filled = (vip = INGRESS_VIP): Edit => ({ ...note(vip), variables: { [INGRESS.variable]: vip } });
const ingressVariable = (value: unknown): Change => variables({ [INGRESS.variable]: value });
const IN_PLACE = stored(
  complete(),
  withIngress(),
  variables({ [VARIABLE]: VIP, [INGRESS.variable]: INGRESS_VIP }),
);

const ingress = (world: World): ReturnType<typeof watching> =>
  watching({ role: INGRESS, cluster: stored(complete()), class: wanting, pools, ...world });

const bound = { claim: ingressClaim(ingressBound, owned()), address: ingressAddress(secured()) };
const adopted = {
  claim: ingressClaim(ingressBound, owned(), clusterLabelled),
  address: ingressAddress(secured()),
};
const bare = { claim: ingressClaim(ingressBound), address: ingressAddress() };
const PROTECT = `protect ${INGRESS_CLAIM} for ${UID}`;
const OWN = `own ${INGRESS_CLAIM} for ${UID}`;
const LABEL = `label ${INGRESS_CLAIM} with blue`;
const DELETE = `delete ${INGRESS_CLAIM}`;
const CREATE = `create ${INGRESS_CLAIM} from InClusterIPPool web owned by ${UID}`;
const PIN = `pin ${INGRESS_VIP} as ${INGRESS_CLAIM} in InClusterIPPool web`;

const allocated: Case[] = [
  {
    row: "no claim",
    title: "a Cluster whose pool for ingress is there gets a claim, beside that of its endpoint",
    facts: ingress({}),
    reason: "WaitingForAddress",
    steps: [CREATE],
  },
  {
    row: "no claim",
    title: "so does one whose control plane opted out",
    facts: ingress({ cluster: stored(optedOut) }),
    reason: "WaitingForAddress",
    steps: [CREATE],
  },
  {
    row: "no claim",
    title: "and one that is held, whose hold is not its business",
    facts: ingress({ cluster: stored(held("NoMatchingPool")) }),
    reason: "WaitingForAddress",
    steps: [CREATE],
  },
  {
    row: "no claim",
    title: "and one that runs already, for its record rolls no machine",
    facts: ingress({ cluster: stored(complete(), rendered, running) }),
    reason: "WaitingForAddress",
    steps: [CREATE],
  },
  {
    row: "claim without an address",
    title: "its claim is owned while the address is not there yet",
    facts: ingress({ claim: ingressClaim() }),
    reason: "WaitingForAddress",
    steps: [OWN],
  },
  {
    row: "the address is secured before it is written",
    title: "the finalizer stands before the VIP is on record",
    facts: ingress(bare),
    reason: "Adopting",
    steps: [PROTECT, `${OWN}, ${LABEL}`],
  },
  {
    row: "complete",
    title: "the record is an annotation, a label and the variable, and nothing of the endpoint",
    facts: ingress(adopted),
    reason: "Assigned",
    detail: INGRESS_VIP,
    edit: filled(),
  },
  {
    row: "complete",
    title: "a hold of the endpoint stays while the ingress VIP is written",
    facts: ingress({ cluster: stored(held("NoMatchingPool")), ...bound }),
    reason: "Assigned",
    edit: filled(),
  },
  {
    row: "complete",
    title: "a class without the variable gets the record alone",
    facts: ingress({ class: clusterClass(defining()), ...adopted }),
    reason: "Assigned",
    edit: note(INGRESS_VIP),
  },
  {
    row: "complete",
    title: "an IPv6 address is no label, so there is none",
    facts: ingress({
      pools: [ingressPool("web", giving("2001:db8::/64"))],
      claim: ingressClaim(ingressBound, owned(), clusterLabelled),
      address: ingressAddress(secured(), saying("2001:db8::10")),
    }),
    reason: "Assigned",
    edit: {
      annotations: { [INGRESS.annotation]: "2001:db8::10" },
      variables: { [INGRESS.variable]: "2001:db8::10" },
    },
  },
  {
    row: "complete",
    title: "a late variable is withheld, for it could replace machines; record and label are written",
    facts: ingress({ cluster: stored(complete(), rendered, running), ...adopted }),
    reason: "LateNotApplied",
    detail: "variable ingressVip",
    edit: note(INGRESS_VIP),
  },
  {
    row: "complete",
    title: "a late variable is written when the user says apply-late",
    facts: ingress({ cluster: stored(complete(), rendered, running, applyLate), ...adopted }),
    reason: "Assigned",
    edit: filled(),
  },
  {
    row: "the VIP is in place",
    title: "a Cluster that has everything is left as it is",
    facts: ingress({ cluster: IN_PLACE, ...adopted }),
    reason: "Assigned",
  },
  {
    row: "the VIP is in place",
    title: "a late variable stays withheld on the passes that follow",
    facts: ingress({ cluster: stored(complete(), withIngress(), rendered, running), ...adopted }),
    reason: "LateNotApplied",
  },
  {
    row: "the VIP is in place",
    title: "a label that was taken off is put back",
    facts: ingress({ cluster: put("metadata", "labels")({})(IN_PLACE), ...adopted }),
    reason: "Assigned",
    edit: { labels: { [INGRESS.annotation]: INGRESS_VIP } },
  },
  {
    row: "the VIP is in place",
    title: "a hold of the endpoint neither ends nor keeps the claim from being owned",
    facts: ingress({ cluster: ourPause(markedHeld("ClassChanged")(IN_PLACE)), ...bare }),
    reason: "Assigned",
    steps: [PROTECT, OWN],
  },
  {
    row: "the VIP is in place",
    title: "that another was seen with it is said, and nothing is changed",
    facts: ingress({ cluster: IN_PLACE, ...adopted, rivals: [somebody] }),
    reason: "AddressTaken",
    detail: `${INGRESS_VIP} of Cluster team-b/green`,
  },
];

const notAllocated: Case[] = [
  {
    row: "nothing asks for a VIP",
    title: "a Cluster without a pool and a variable for it is left as it is",
    facts: ingress({ class: clusterClass(wantsVip), pools: [pool("own")] }),
    reason: "NotManaged",
  },
  {
    row: "no pool matches",
    title: "a variable without a pool is said, and holds nothing",
    facts: ingress({ pools: [pool("own")] }),
    reason: "NoMatchingPool",
  },
  {
    row: "nothing asks for a VIP",
    title: "where a missing pool is no reason to hold, it lifts no hold either",
    facts: ingress({
      cluster: stored(held("NoMatchingPool")),
      pools: [pool("own")],
      rules: { noPool: "ignore" },
    }),
    reason: "NoMatchingPool",
  },
  {
    row: "no claim, no usable pool",
    title: "an exhausted pool is said, and holds nothing",
    facts: ingress({ cluster: stored(held("Unreachable")), pools: [ingressPool("web", free(0))] }),
    reason: "PoolExhausted",
    detail: "InClusterIPPool web: it has no free address",
  },
  {
    row: "class missing",
    title: "a missing class is said, and holds nothing",
    facts: ingress({ cluster: stored(held("Unreachable")), class: undefined }),
    reason: "ClassNotFound",
  },
  {
    row: "claim not ours",
    title: "a claim of a stranger is not touched",
    facts: ingress({ claim: ingressClaim(strangers) }),
    reason: "ClaimNotOurs",
    lookAgainMs: 5000,
  },
  {
    row: "claim of a former Cluster",
    title: "a claim of a former Cluster is never used",
    facts: ingress({
      claim: ingressClaim(ingressBound, owned(FORMER_UID)),
      address: ingressAddress(secured(FORMER_UID)),
    }),
    reason: "PreviousAddressReleasing",
  },
  {
    row: "paused by the user",
    title: "nothing is claimed for a Cluster that its user pauses",
    facts: ingress({ cluster: stored(pausedByField) }),
    reason: "Paused",
  },
  {
    row: "a read failed",
    title: "nothing is written while its claim cannot be read",
    facts: ingress({ claim: new Unread("HTTP 503") }),
    reason: "Unreachable",
  },
];

const given: Case[] = [
  {
    row: "variable given by the user",
    title: "an address given in the variable is put on record",
    facts: ingress({ cluster: stored(ingressVariable(OTHER_IP)) }),
    reason: "UserProvided",
    detail: OTHER_IP,
    edit: note(OTHER_IP),
  },
  {
    row: "host by somebody else: who has it?",
    title: "before it is reserved in its pool it is asked who has it",
    facts: ingress({ cluster: IN_PLACE }),
    reason: "WaitingForAddress",
    lookFor: INGRESS_VIP,
  },
  {
    row: "host by somebody else, in a pool: reserved there",
    title: "one that nobody has is reserved: the address first, then its claim",
    facts: ingress({ cluster: IN_PLACE, holders: [] }),
    reason: "WaitingForAddress",
    steps: [PIN, CREATE],
  },
  {
    row: "host by somebody else, and another has it",
    title: "one that another has is said, and nothing is changed",
    facts: ingress({ cluster: IN_PLACE, holders: [somebody] }),
    reason: "AddressTaken",
    lookAgainMs: minutes(5),
    detail: `${INGRESS_VIP} of Cluster team-b/green`,
  },
  {
    row: "host by somebody else, and another has it",
    title: "not even the reason of a hold",
    facts: ingress({ cluster: ourPause(markedHeld("Unreachable")(IN_PLACE)), holders: [somebody] }),
    reason: "AddressTaken",
    lookAgainMs: minutes(5),
  },
  {
    row: "host by somebody else",
    title: "one that lies in no pool is kept",
    facts: ingress({ cluster: stored(complete(), withIngress(OTHER_IP), ingressVariable(OTHER_IP)) }),
    reason: "UserProvided",
  },
  {
    row: "host by somebody else",
    title: "one address for both roles is reserved as the endpoint, and not twice",
    facts: ingress({
      cluster: stored(complete(), withIngress(VIP), ingressVariable(VIP)),
      pools: [pool("own"), ingressPool("web", giving(VIP))],
    }),
    reason: "UserProvided",
  },
  {
    row: "the address may be another's too: who has it?",
    title: "an address that another pool has too is not put on record before it is asked who has it",
    facts: ingress({ pools: [...pools, ingressPool("more")], ...bound }),
    reason: "WaitingForAddress",
    lookFor: INGRESS_VIP,
  },
  {
    row: "the address is another's too",
    title: "one that another has is kept out of the pool, and another claimed",
    facts: ingress({ pools: [...pools, ingressPool("more")], ...bound, holders: [somebody] }),
    reason: "AddressTaken",
    steps: [`park ${INGRESS_VIP} as vip-parked-10-0-1-10-inclusterippool-web in InClusterIPPool web`, DELETE],
  },
  {
    row: "the former VIP stays reserved",
    title: "a VIP that its user replaced stays reserved while its annotation stands",
    facts: ingress({
      cluster: stored(
        complete(),
        withIngress(OTHER_IP),
        ingressVariable(OTHER_IP),
        replacedVip(INGRESS_VIP, INGRESS),
      ),
      ...adopted,
    }),
    reason: "FormerVipKept",
    detail: INGRESS_VIP,
  },
  {
    row: "address pinned for nobody",
    title: "an address pinned for nobody is deleted after two minutes",
    facts: ingress({ address: ingressAddress(pinnedSince(minutes(2))) }),
    reason: "PreviousAddressReleasing",
    steps: [`delete address ${INGRESS_CLAIM}`],
  },
];

const off = ingressOptedOut;

const switchedOff: Case[] = [
  {
    row: "switched off: what was written is taken back",
    title: "switched off, the VIP is first taken back from the Cluster",
    facts: ingress({ cluster: off(IN_PLACE), ...adopted }),
    reason: "OptedOut",
    edit: {
      annotations: { [INGRESS.annotation]: null },
      labels: { [INGRESS.annotation]: null },
      variables: { [INGRESS.variable]: null },
    },
  },
  {
    row: "switched off: what was written is taken back",
    title: "a variable with another value is its user's, and stays",
    facts: ingress({ cluster: stored(withIngress(), ingressVariable(OTHER_IP), off), ...adopted }),
    reason: "OptedOut",
    edit: { annotations: { [INGRESS.annotation]: null }, labels: { [INGRESS.annotation]: null } },
  },
  {
    row: "opted out",
    title: "then its claim is given back",
    facts: ingress({ cluster: stored(complete(), off), ...adopted }),
    reason: "OptedOut",
    steps: [DELETE],
  },
  {
    row: "opted out",
    title: "then its address is released",
    facts: ingress({ cluster: stored(complete(), off), address: ingressAddress(secured(), terminating()) }),
    reason: "OptedOut",
    steps: [`release ${INGRESS_CLAIM}`],
  },
  {
    row: "opted out",
    title: "after the quarantine",
    facts: ingress({
      cluster: stored(complete(), off),
      address: ingressAddress(secured(), terminating(minutes(4))),
      rules: { quarantineMs: minutes(10) },
    }),
    reason: "OptedOut",
    lookAgainMs: minutes(6),
  },
  {
    row: "opted out",
    title: "and nothing is left to do",
    facts: ingress({ cluster: stored(complete(), off) }),
    reason: "OptedOut",
  },
  {
    row: "opted out",
    title: "a hold of the endpoint is not lifted by it",
    facts: ingress({ cluster: stored(held("NoMatchingPool"), off) }),
    reason: "OptedOut",
  },
  {
    row: "no claim",
    title: "on again, it is allocated",
    facts: ingress({ cluster: stored(complete(), annotated(INGRESS.optOut, "true")) }),
    reason: "WaitingForAddress",
    steps: [CREATE],
  },
];

const deleting: Case[] = [
  {
    row: "being deleted",
    title: "a Cluster that is deleted keeps the address until it is gone",
    facts: ingress({ cluster: terminating()(IN_PLACE), ...bare }),
    reason: "Deleting",
    steps: [PROTECT],
  },
  {
    row: "being moved away",
    title: "a Cluster that is moved away is left alone",
    facts: ingress({ cluster: movingAway(terminating()(IN_PLACE)), ...bare }),
    reason: "Moved",
  },
];

describe("The ingress role of a stored Cluster", () => {
  eachCase([...allocated, ...notAllocated, ...given, ...switchedOff, ...deleting]);

  test("in the variable alone, though a pool has it, is put on record first", () => {
    const facts = ingress({ cluster: stored(complete(), ingressVariable(INGRESS_VIP)) });
    expect(plan(facts)).toMatchObject({ edit: note(INGRESS_VIP), steps: [], looks: [] });
  });
});

describe("A pass over both roles", () => {
  const both = watching({
    cluster: stored(held("WaitingForAddress")),
    class: wanting,
    pools: [pool("own"), ...pools],
    ...ownedOnly,
    ingress: bound,
  });

  test("edits the Cluster once for both, so that it is rendered once", () => {
    const writes = writesOf(plan(both), valueOf(both.cluster));
    expect(writes.map(({ steps }) => steps.map(words))).toEqual([["edit blue"]]);
    expect(writes.flatMap(({ steps }) => steps)).toMatchObject([
      {
        edit: {
          endpoint: { host: VIP },
          variables: { [VARIABLE]: VIP, [INGRESS.variable]: INGRESS_VIP },
          annotations: { [HOLD]: null, [INGRESS.annotation]: INGRESS_VIP },
        },
      },
    ]);
  });

  test("leaves out what Cluster API may refuse, and writes it alone once the endpoint is done", () => {
    const strict = clusterClass(
      defining(
        { name: VARIABLE, type: "string" },
        { name: INGRESS.variable, type: "string", pattern: "^192[.]" },
      ),
    );
    const world = { class: strict, pools: [pool("own"), ...pools], ingress: adopted };
    const first = watching({ ...world, cluster: stored(held("WaitingForAddress")), ...ownedOnly });
    const [write] = writesOf(plan(first), valueOf(first.cluster)).flatMap(({ steps }) => steps);
    expect(write).toMatchObject({ edit: { endpoint: { host: VIP }, variables: { [VARIABLE]: VIP } } });
    expect(write).not.toHaveProperty(["edit", "variables", INGRESS.variable]);
    const next = watching({ ...world, cluster: stored(complete()), ...ownedOnly });
    const writes = writesOf(plan(next), valueOf(next.cluster));
    expect(writes.flatMap(({ steps }) => steps)).toMatchObject([{ kind: "adopt-claim" }, { edit: filled() }]);
  });

  test("does for each role what is to be done with its claim", () => {
    const facts = watching({
      cluster: stored(held("WaitingForAddress")),
      class: wanting,
      pools: [pool("own"), ...pools],
      ingress: {},
    });
    const writes = writesOf(plan(facts), valueOf(facts.cluster));
    expect(writes.map(({ steps }) => steps.map(words))).toEqual([
      ["create vip-cp-blue from InClusterIPPool own owned by uid-blue"],
      [CREATE],
    ]);
  });

  test("edits it for the other role once the endpoint is done", () => {
    const facts = watching({
      cluster: stored(complete()),
      class: wanting,
      pools: [pool("own"), ...pools],
      claim: claim(put("status", "addressRef")({ name: CLAIM }), owned(), clusterLabelled),
      address: address(secured()),
      ingress: adopted,
    });
    const writes = writesOf(plan(facts), valueOf(facts.cluster));
    expect(writes.flatMap(({ steps }) => steps)).toMatchObject([{ kind: "edit-cluster", edit: filled() }]);
  });

  test("asks for each role by itself who has its address", () => {
    const facts = watching({
      cluster: IN_PLACE,
      class: wanting,
      pools: [pool("own"), ...pools],
      ingress: {},
    });
    expect(plan(facts).looks).toEqual([
      { role: CONTROL_PLANE, address: VIP },
      { role: INGRESS, address: INGRESS_VIP },
    ]);
  });
});
