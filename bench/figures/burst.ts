/**
 * What becomes of many Clusters at once, against what the IPAM provider can give?
 *
 * First the provider alone: so many bare claims at the same moment, until a watch has shown the last
 * addressRef. Then as many Clusters, each in a connection of its own, until the last one has its host and is
 * not held. Both with a pool of their own, after everybody has come to rest.
 */
import { ADDRESSES, CONTROL_PLANES, type Address, type Stored } from "../../test/integration/support/shapes";
import { isWrite } from "../audit-tail";
import { bareClaims } from "../bare-claims";
import { burstAnswer, type Round } from "../burst-answer";
import { Crowd } from "../crowd";
import type { Answer, Bench, Figure } from "../figure";
import { withLab, type Lab } from "../lab";
import { manyClusters } from "../many-clusters";
import { rssOf } from "../memory";
import { openRoom, type Room } from "../room";

/** How many at once, and how often. */
const ROUNDS = {
  full: [20, 20, 20, 100, 100, 500],
  quick: [20],
};

export const burst: Figure = {
  name: "burst",
  question: "How long do many creates at once take, against as many bare claims?",
  limitMinutes: 9,
  run: (bench) => withLab(bench, (lab) => measure(bench, lab)),
};

async function measure(bench: Bench, lab: Lab): Promise<Answer> {
  const sizes = bench.quick ? ROUNDS.quick : ROUNDS.full;
  const crowd = await Crowd.of(lab.sandbox.kubeconfig, Math.max(...sizes));
  const rounds: Round[] = [];
  try {
    for (const [index, count] of sizes.entries())
      rounds.push(await round(bench, lab, crowd, { index, count }));
  } finally {
    crowd.close();
  }
  return burstAnswer(rounds, rssOf(lab.sandbox));
}

async function round(
  bench: Bench,
  lab: Lab,
  crowd: Crowd,
  { index, count }: { index: number; count: number },
): Promise<Round> {
  const site = { bench, lab, crowd, count };
  const bareRoom = await openRoom(lab, `bare-${index}`, `10.${100 + index}`);
  await rest(lab);
  const bare = await bareClaims(site, bareRoom);
  const room = await openRoom(lab, `burst-${index}`, `10.${150 + index}`);
  await rest(lab);
  const ours = await manyClusters(site, room);
  const ratio = (ours.seconds / bare.seconds).toFixed(2);
  bench.log(
    `${count} at once: ${bare.seconds.toFixed(1)} s of the provider alone, ${ours.seconds.toFixed(1)} s with us (${ratio}); ${ours.held} held meanwhile`,
  );
  return { count, bare, ours, ...(await leftBehind(lab, room)) };
}

/** The provider's bucket of 30 requests is full again after 1.5 s. */
const rest = ({ audit }: Lab): Promise<unknown> =>
  audit.quiet(isWrite, { forMs: 2000, withinMs: 180_000, what: "the management cluster" });

async function leftBehind(
  { api }: Lab,
  { namespace }: Room,
): Promise<{ duplicates: number; rolled: number }> {
  const [addresses, planes] = await Promise.all([
    api.list<Address>(ADDRESSES, namespace),
    api.list<Stored>(CONTROL_PLANES, namespace),
  ]);
  return {
    duplicates: addresses.length - new Set(addresses.map(({ spec }) => spec.address)).size,
    rolled: planes.filter(({ metadata }) => metadata.generation !== 1).length,
  };
}
