/** The rows of host-rows.ts, one by one, in their words. */
import { HOST_ROWS } from "../../../lib/core/host-rows";
import { everyRow, type Case } from "../../gen/decisions";
import { watching } from "../../gen/facts";
import {
  FORMER_UID,
  VARIABLE,
  VIP_ANNOTATION,
  VIP,
  OTHER_IP,
  terminating,
  stored,
  host,
  variable,
  rendered,
  running,
  withVipNote,
  held,
  complete,
  claim,
  bound,
  owned,
  clusterLabelled,
  address,
  secured,
} from "../../gen/objects";
import {
  adopted,
  applyLate,
  bare,
  DELETE,
  LABEL,
  noVariable,
  over,
  OWN,
  ownedOnly,
  PROTECT,
  restricted,
  saysNow,
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

describe("A stored Cluster with a host", () => {
  everyRow([HOST_ROWS], withHost);
});
