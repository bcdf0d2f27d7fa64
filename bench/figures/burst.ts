/**
 * What becomes of many Clusters at once, against what the IPAM provider can give?
 *
 * First the provider alone: so many bare claims at the same moment, until a watch has shown the last
 * addressRef. Then as many Clusters, each in a connection of its own, until the last one has its host and is
 * not held. Both with a pool of their own, after everybody has come to rest.
 */
import { ADDRESSES, CONTROL_PLANES, type Address, type Stored } from "../../test/integration/support/shapes";
import { isWrite } from "../audit-tail";
import { bareClaims, type BareClaims } from "../bare-claims";
import { Crowd } from "../crowd";
import {
  atMost,
  exactly,
  told,
  type Answer,
  type Bench,
  type Chart,
  type Figure,
  type Finding,
} from "../figure";
import { withLab, type Lab } from "../lab";
import { manyClusters, type ManyClusters } from "../many-clusters";
import { rssOf } from "../memory";
import { openRoom, type Room } from "../room";
import { median } from "../statistics";

/** How many at once, and how often. */
const ROUNDS = {
  full: [20, 20, 20, 100, 100, 500],
  quick: [20],
};
const GOAL = 1.15;

export const burst: Figure = {
  name: "burst",
  question: "How long do many creates at once take, against as many bare claims?",
  limitMinutes: 9,
  run: (bench) => withLab(bench, (lab) => measure(bench, lab)),
};

interface Round {
  readonly count: number;
  readonly bare: BareClaims;
  readonly ours: ManyClusters;
  readonly duplicates: number;
  readonly rolled: number;
}

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
  return answer(rounds, rssOf(lab.sandbox));
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

function answer(rounds: readonly Round[], rss: Readonly<Record<string, number>>): Answer {
  const sizes = [...new Set(rounds.map(({ count }) => count))];
  const all = rounds.reduce((sum, { count }) => sum + count, 0);
  const sum = (of: (round: Round) => number): number => rounds.reduce((total, one) => total + of(one), 0);
  return {
    findings: [
      ...sizes.flatMap((size) =>
        ofSize(
          size,
          rounds.filter(({ count }) => count === size),
        ),
      ),
      exactly(
        "refused",
        sum(({ ours }) => ours.refused.length),
        0,
        ` of ${all}`,
      ),
      exactly(
        "addresses given twice",
        sum(({ duplicates, ours }) => duplicates + ours.duplicates),
        0,
        ` of ${all}`,
      ),
      exactly(
        "rendered before the VIP was known",
        sum(({ ours }) => ours.renderedEmpty),
        0,
        ` of ${all}`,
      ),
      exactly(
        "control planes above generation 1",
        sum(({ rolled }) => rolled),
        0,
        ` of ${all}`,
      ),
      ...Object.entries(rss).map(([role, mebibytes]) =>
        told(`memory of ${role} afterwards`, mebibytes, " MiB"),
      ),
    ],
    charts: [sizesChart(rounds, sizes), progressChart(rounds)],
    data: { rounds, rss },
  };
}

function ofSize(size: number, rounds: readonly Round[]): Finding[] {
  const middle = (of: (round: Round) => number): number => median(rounds.map(of));
  const [bareWrites, ourWrites] = [
    middle(({ bare }) => bare.providerWrites / size),
    middle(({ ours }) => ours.providerWrites / size),
  ];
  const bound = `the provider writes ${ourWrites.toFixed(2)} times a Cluster, ${bareWrites.toFixed(2)} times a bare claim, at 20 requests a second`;
  const ratio = middle(({ ours, bare }) => ours.seconds / bare.seconds);
  return [
    atMost(`${size} at once, ours / provider alone`, ratio, GOAL, "", bound),
    told(
      `${size} at once, provider alone`,
      middle(({ bare }) => bare.seconds),
      " s",
    ),
    told(
      `${size} at once, ours`,
      middle(({ ours }) => ours.seconds),
      " s",
    ),
    told(
      `${size} at once, held meanwhile`,
      middle(({ ours }) => ours.held),
      ` of ${size}`,
    ),
    told(`${size} at once, provider's writes a bare claim`, bareWrites, ""),
    told(`${size} at once, provider's writes a Cluster`, ourWrites, ""),
  ];
}

const sizesChart = (rounds: readonly Round[], sizes: readonly number[]): Chart => {
  const line = (of: (round: Round) => number): (readonly [number, number])[] =>
    sizes.map((size) => [size, median(rounds.filter(({ count }) => count === size).map(of))] as const);
  return {
    file: "burst",
    title: "Until the last of so many at once is complete",
    x: { name: "Clusters at once" },
    y: { name: "seconds" },
    series: [
      { name: "provider alone, bare claims", points: line(({ bare }) => bare.seconds) },
      { name: "ours, Clusters", points: line(({ ours }) => ours.seconds) },
    ],
  };
};

/** The biggest burst, as it goes on. */
const progressChart = (rounds: readonly Round[]): Chart => {
  const [biggest] = [...rounds].sort((one, other) => other.count - one.count);
  const line = (completions: readonly number[]): (readonly [number, number])[] =>
    completions.map((seconds, index) => [seconds, index + 1] as const);
  return {
    file: "burst-progress",
    title: `${biggest?.count ?? 0} at once`,
    x: { name: "seconds" },
    y: { name: "complete" },
    series: [
      { name: "provider alone, bare claims", points: line(biggest?.bare.completions ?? []) },
      { name: "ours, Clusters", points: line(biggest?.ours.completions ?? []) },
    ],
  };
};
