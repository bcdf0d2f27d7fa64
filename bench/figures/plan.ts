/**
 * How long does a decision take, and with what does it grow?
 *
 * `plan` is given one Cluster's own claim and address, never those of others: however many addresses a pool
 * has or has given away, of all of them the facts hold one number a pool. So plan is measured over pools, and
 * over what that number says, which must make no difference. What grows with the cluster's state is what is
 * read; the parsing of pools in `gather` is measured beside it, the reads themselves by `scale`.
 */
import { plan as planFor } from "../../lib/core/plan";
import type { Facts, KubeObject } from "../../lib/core/facts";
import { creating, poolOf, watching } from "../../test/gen/facts";
import { forClass, free, globalPool, pool, priority, put } from "../../test/gen/objects";
import { atMost, told, type Answer, type Bench, type Figure } from "../figure";
import { curvesOf, take, worst, type Taken } from "../micro";

const POOLS = [1, 2, 5, 10, 20, 50, 100];
const ADDRESSES = [10, 100, 1000, 10_000, 100_000];
const GOAL_MS = 1;

/** The namespace's own and global ones, of several priorities, every fourth for another class. */
const pools = (count: number): KubeObject[] =>
  Array.from({ length: count }, (_, index) => {
    const changes = [
      priority(String(index % 5)),
      ...(index % 4 === 3 ? [forClass("other")] : []),
      // All but the last are full, so that every one is looked at.
      ...(index < count - 1 ? [free(0)] : []),
    ];
    return index % 2 ? globalPool(`pool-${index}`, ...changes) : pool(`pool-${index}`, ...changes);
  });

const ofSize = (addresses: number): KubeObject =>
  pool("own", put("status", "ipAddresses")({ total: addresses, used: addresses - 1, free: 1 }));

/** Not frozen as the generators give them: production's facts are not. */
const thawed = (facts: Facts): Facts => structuredClone(facts);

const deciding = (facts: Facts) => (): unknown => planFor(facts);

function parsing(count: number): () => unknown {
  const text = JSON.stringify(pools(count));
  return () => (JSON.parse(text) as KubeObject[]).map(poolOf);
}

const growth = (taken: readonly Taken[]): number => (taken.at(-1)?.p50 ?? Number.NaN) / (taken[0]?.p50 ?? 1);

export const plan: Figure = {
  name: "plan",
  question: "How long does a decision take, and with what does it grow?",
  limitMinutes: 1.5,
  async run(bench: Bench): Promise<Answer> {
    const atCreate = await take(bench, POOLS, (n) => deciding(thawed(creating({ pools: pools(n) }))));
    const atWatch = await take(bench, POOLS, (n) => deciding(thawed(watching({ pools: pools(n) }))));
    const byAddresses = await take(bench, ADDRESSES, (n) =>
      deciding(thawed(creating({ pools: [ofSize(n)] }))),
    );
    const parse = await take(bench, POOLS, parsing);
    const bound = "the pools are sorted, and each comparison reads two priorities";
    return {
      findings: [
        atMost("p99 of plan at create, 1 to 100 pools", worst(atCreate), GOAL_MS, " ms", bound),
        atMost("p99 of plan in the watch, 1 to 100 pools", worst(atWatch), GOAL_MS, " ms", bound),
        atMost("p99 of plan, pools of 10 to 100,000 addresses", worst(byAddresses), GOAL_MS, " ms", bound),
        told("p50 of plan at 100 pools / at 1 pool", growth(atCreate), ""),
        told("p50 of plan at 100,000 addresses / at 10", growth(byAddresses), ""),
        told("p99 of parsing 100 pools in gather", parse.at(-1)?.p99 ?? Number.NaN, " ms"),
      ],
      charts: [
        {
          file: "plan",
          title: "One decision",
          x: { name: "pools", logarithmic: true },
          y: { name: "milliseconds" },
          series: [
            ...curvesOf("plan at create", atCreate),
            ...curvesOf("plan in the watch", atWatch),
            ...curvesOf("parsing of the pools", parse),
          ],
        },
      ],
      data: { atCreate, atWatch, byAddresses, parse },
    };
  },
};
