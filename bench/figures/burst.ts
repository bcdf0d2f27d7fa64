/**
 * What becomes of many Clusters at once, against what the IPAM provider can give?
 *
 * First the provider alone: so many bare claims at the same moment, until a watch has shown the last
 * addressRef. Then as many Clusters, each in a connection of its own, until the last one has its host and is
 * not held. Each with a pool of its own, after everybody has come to rest. In between, up to a size, the same by
 * hand, which shows what Cluster API costs everybody.
 */
import { ADDRESSES, CONTROL_PLANES, type Address, type Stored } from "../../test/integration/support/shapes";
import { isWrite } from "../audit-tail";
import { bareClaims } from "../bare-claims";
import { burstAnswer, type Round } from "../burst-answer";
import { byHand } from "../by-hand";
import { Crowd } from "../crowd";
import type { Answer, Bench, Figure } from "../figure";
import { withLab, type Lab } from "../lab";
import { manyClusters } from "../many-clusters";
import { rssOf } from "../memory";
import { openRoom, type Room } from "../room";

/** How many at once; the same again, for a median, while there is time. */
const ROUNDS = {
  full: [20, 100, 500, 20, 20, 100],
  quick: [20],
};
const TIME_MS = 330_000;
/** Beside them a run by hand as well; more would take too long. */
const MOST_BY_HAND = 100;

export const burst: Figure = {
  name: "burst",
  question: "How long do many creates at once take, against as many bare claims?",
  limitMinutes: 9,
  run: (bench) => withLab(bench, (lab) => measure(bench, lab)),
};

async function measure(bench: Bench, lab: Lab): Promise<Answer> {
  const sizes = bench.atOnce ?? ROUNDS[bench.quick ? "quick" : "full"];
  const crowd = await Crowd.of(lab.sandbox.kubeconfig, Math.max(...sizes));
  try {
    return burstAnswer(await takeRounds(bench, lab, crowd, sizes), rssOf(lab.sandbox));
  } finally {
    crowd.close();
  }
}

async function takeRounds(bench: Bench, lab: Lab, crowd: Crowd, sizes: readonly number[]): Promise<Round[]> {
  const rounds: Round[] = [];
  const deadline = Date.now() + TIME_MS;
  for (const [index, count] of sizes.entries()) {
    const isRepeated = sizes.indexOf(count) < index;
    if (isRepeated && Date.now() > deadline) continue;
    rounds.push(await round(bench, lab, crowd, { index, count }));
  }
  return rounds;
}

async function round(
  bench: Bench,
  lab: Lab,
  crowd: Crowd,
  { index, count }: { index: number; count: number },
): Promise<Round> {
  const site = { bench, lab, crowd, count };
  const bareRoom = await restedRoom(lab, `bare-${index}`, `10.${100 + index}`);
  const bare = await bareClaims(site, bareRoom);
  const hand =
    count > MOST_BY_HAND
      ? undefined
      : await byHand(site, await restedRoom(lab, `hand-${index}`, `10.${150 + index}`));
  const room = await restedRoom(lab, `burst-${index}`, `10.${200 + index}`);
  const ours = await manyClusters(site, room);
  const ratio = (ours.seconds / bare.seconds).toFixed(2);
  bench.log(
    `${count} at once: ${bare.seconds.toFixed(1)} s of the provider alone, ${ours.seconds.toFixed(1)} s with us (${ratio}); ${ours.held} held meanwhile`,
  );
  return { count, bare, hand, ours, ...(await leftBehind(lab, room)) };
}

/** A room that is entered when all is quiet: the provider's bucket of 30 requests is full again after 1.5 s. */
async function restedRoom(lab: Lab, namespace: string, network: string): Promise<Room> {
  const room = await openRoom(lab, namespace, network);
  await lab.audit.quiet(isWrite, { forMs: 2000, withinMs: 180_000, what: "the management cluster" });
  return room;
}

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
