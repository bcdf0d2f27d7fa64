/** The case table of gone-table.ts, row by row, in their words. */
import { INGRESS } from "../../../lib/core/roles";
import { goneTable } from "../../../lib/core/gone-table";
import { everyRow, type Case } from "../../gen/decisions";
import { gone, Unread } from "../../gen/facts";
import {
  address,
  claim,
  CLAIM,
  clusterLabelled,
  created,
  FORMER_UID,
  hours,
  INGRESS_CLAIM,
  ingressAddress,
  ingressClaim,
  minutes,
  owned,
  pinnedSince,
  reservedSince,
  seconds,
  secured,
  strangers,
  terminating,
  VIP,
} from "../../gen/objects";
import { DELETE, RELEASE } from "./watch";

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
  {
    row: "sweep what was pinned",
    title: "an address that was pinned for a create that never came is removed after the grace",
    facts: gone({ address: address(pinnedSince(minutes(16))) }),
    reason: "Gone",
    detail: VIP,
    steps: [`delete address ${CLAIM}`],
  },
  {
    row: "sweep what was pinned",
    title: "an address that was pinned a moment ago is kept, for its claim may be on its way",
    facts: gone({ address: address(pinnedSince(minutes(14))) }),
    reason: "Gone",
    lookAgainMs: minutes(1),
  },
  {
    row: "sweep what was pinned",
    title: "no pinned address is removed within two minutes, whatever the installation says",
    facts: gone({ address: address(pinnedSince(seconds(119))), rules: { sweepBareMs: 0 } }),
    reason: "Gone",
    lookAgainMs: seconds(1),
  },
  {
    row: "sweep",
    title: "a pinned address with its claim goes with the claim",
    facts: gone({ claim: claim(created(minutes(16))), address: address(pinnedSince(minutes(16))) }),
    reason: "Gone",
    steps: [DELETE],
  },
  {
    row: "sweep what was pinned",
    title: "a pinned address whose claim went before any provider saw it, though a Cluster used it",
    facts: gone({ address: address(pinnedSince(hours(1)), secured(FORMER_UID)) }),
    reason: "Gone",
    steps: [`delete address ${CLAIM}`],
  },
  {
    row: "sweep",
    title: "the claim of the ingress role is swept as well",
    facts: gone({ role: INGRESS, claim: ingressClaim(created(minutes(16))) }),
    reason: "Gone",
    steps: [`delete ${INGRESS_CLAIM}`],
  },
  {
    row: "release",
    title: "and its terminating address is released",
    facts: gone({ role: INGRESS, address: ingressAddress(secured(), terminating()) }),
    reason: "Gone",
    steps: [`release ${INGRESS_CLAIM}`],
  },
];

describe("What a Cluster left behind", () => {
  everyRow([goneTable], afterTheEnd);
});
