/** What do the bursts say? Goals, what bounds them, and curves. */
import type { BareClaims } from "./bare-claims";
import type { ByHand } from "./by-hand";
import { atMost, exactly, noted, rounded, told, type Answer, type Chart, type Finding } from "./figure";
import type { ManyClusters } from "./many-clusters";
import { median } from "./statistics";

const GOAL = 1.15;

export interface Round {
  readonly count: number;
  readonly bare: BareClaims;
  readonly hand: ByHand | undefined;
  readonly ours: ManyClusters;
  readonly duplicates: number;
  readonly rolled: number;
}

export function burstAnswer(rounds: readonly Round[], rss: Readonly<Record<string, number>>): Answer {
  const sizes = [...new Set(rounds.map(({ count }) => count))];
  const ofCount = (size: number): Round[] => rounds.filter(({ count }) => count === size);
  const memory = Object.entries(rss);
  return {
    findings: [
      ...sizes.flatMap((size) => ofSize(size, ofCount(size))),
      ...never(rounds),
      ...memory.map(([role, mebibytes]) => told(`memory of ${role} afterwards`, mebibytes, " MiB")),
    ],
    charts: [sizesChart(rounds, sizes), progressChart(rounds)],
    data: { rounds, rss },
  };
}

/** What must happen to none of all. */
function never(rounds: readonly Round[]): Finding[] {
  const all = rounds.reduce((sum, { count }) => sum + count, 0);
  const none = (what: string, of: (round: Round) => number): Finding =>
    exactly(
      what,
      rounds.reduce((sum, one) => sum + of(one), 0),
      0,
      ` of ${all}`,
    );
  return [
    { ...none("refused", ({ ours }) => ours.refused.length), ...firstRefusal(rounds) },
    none("not complete in time", ({ ours }) => ours.incomplete),
    none("addresses given twice", ({ duplicates, ours }) => duplicates + ours.duplicates),
    none("rendered before the VIP was known", ({ ours }) => ours.renderedEmpty),
    none("not rendered in time", ({ ours }) => ours.unrendered),
    none("control planes above generation 1", ({ rolled }) => rolled),
  ];
}

function firstRefusal(rounds: readonly Round[]): Pick<Finding, "because"> {
  const [first] = rounds.flatMap(({ ours }) => ours.refused);
  return first === undefined ? {} : { because: first.slice(0, 400) };
}

function ofSize(size: number, rounds: readonly Round[]): Finding[] {
  const middle = (of: (round: Round) => number): number => median(rounds.map(of));
  const both = (what: string, unit: string, of: (side: BareClaims | ManyClusters) => number): Finding => {
    const [alone, ours] = [middle(({ bare }) => of(bare)), middle((round) => of(round.ours))];
    return noted(`${size} at once, ${what}`, `${rounded(alone)}${unit}`, `${rounded(ours)}${unit}`);
  };
  const hands = rounds.flatMap(({ hand, ours }) =>
    hand ? [{ hand: hand.seconds, ours: ours.seconds }] : [],
  );
  const ratio = middle(({ ours, bare }) => ours.seconds / bare.seconds);
  return [
    atMost(`${size} at once, ours / provider alone`, ratio, GOAL, "", bounds(rounds)),
    both("provider alone / ours", " s", ({ seconds }) => seconds),
    ...(hands.length > 0
      ? [told(`${size} at once, by hand`, median(hands.map(({ hand }) => hand)), " s")]
      : []),
    ...(hands.length > 0
      ? [told(`${size} at once, ours / by hand`, median(hands.map(({ hand, ours }) => ours / hand)), "")]
      : []),
    noted(
      `${size} at once, provider's writes each, alone / ours`,
      rounded(middle(({ bare }) => bare.providerWrites / size)),
      rounded(middle((round) => round.ours.providerWrites / storedOf(round))),
    ),
    told(`${size} at once, module's requests each`, middle(requestsEach), ""),
    told(
      `${size} at once, of them answered 429`,
      middle(({ ours }) => ours.throttled),
      "",
    ),
    both("cores busy, alone / ours", " %", ({ processor }) => percent(processor?.busy)),
    both("of them by others, alone / ours", " %", ({ processor }) => percent(processor?.others)),
    told(
      `${size} at once, held meanwhile`,
      middle(({ ours }) => ours.held),
      ` of ${size}`,
    ),
  ];
}

const storedOf = ({ count, ours }: Round): number => count - ours.refused.length;

const requestsEach = ({ count, ours }: Round): number =>
  Object.values(ours.moduleRequests).reduce((sum, one) => sum + one, 0) / count;

const percent = (share = Number.NaN): number => Math.round(share * 100);

/** Above this nobody waits for the provider's limit any more, but for a core. */
const SATURATED = 0.9;

function bounds(rounds: readonly Round[]): string {
  const busy = median(rounds.map(({ ours }) => ours.processor?.busy ?? 0));
  const writes = ({ writesByKind }: BareClaims | ManyClusters): number =>
    Object.entries(writesByKind).reduce((sum, [kind, count]) => sum + (/claims/.test(kind) ? count : 0), 0);
  const alone = median(rounds.map(({ bare, count }) => writes(bare) / count)).toFixed(2);
  const ours = median(rounds.map((one) => writes(one.ours) / storedOf(one))).toFixed(2);
  const provider = `of the provider's 20 requests a second a Cluster takes ${ours}, a bare claim ${alone}`;
  return busy > SATURATED ? `no core was free: ${percent(busy)} % busy; ${provider}` : provider;
}

const sizesChart = (rounds: readonly Round[], sizes: readonly number[]): Chart => {
  const line = (of: (round: Round) => number): (readonly [number, number])[] =>
    sizes.map((size) => [size, median(rounds.filter(({ count }) => count === size).map(of))] as const);
  const byHand = line(({ hand }) => hand?.seconds ?? Number.NaN).filter(([, seconds]) => seconds > 0);
  return {
    file: "burst",
    title: "Until the last of so many at once is complete",
    x: { name: "Clusters at once" },
    y: { name: "seconds" },
    series: [
      { name: "provider alone, bare claims", points: line(({ bare }) => bare.seconds) },
      { name: "by hand, Clusters", points: byHand },
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
      { name: "by hand, Clusters", points: line(biggest?.hand?.completions ?? []) },
      { name: "ours, Clusters", points: line(biggest?.ours.completions ?? []) },
    ],
  };
};
