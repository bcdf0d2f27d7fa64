/** How long does a pure function take? One task a size, by tinybench. */
import { Bench as Tinybench } from "tinybench";
import type { Bench } from "./figure";

export interface Taken {
  readonly size: number;
  readonly p50: number;
  readonly p99: number;
  readonly samples: number;
}

const TIME_MS = { full: 1500, quick: 150 };

/** Milliseconds for each size; the function for a size is made before its clock starts. */
export async function take(
  { quick, signal }: Pick<Bench, "quick" | "signal">,
  sizes: readonly number[],
  taskOf: (size: number) => () => unknown,
): Promise<Taken[]> {
  const time = quick ? TIME_MS.quick : TIME_MS.full;
  const bench = new Tinybench({ time, warmupTime: time / 3, retainSamples: false, throws: true, signal });
  for (const size of sizes) bench.add(String(size), taskOf(size));
  const tasks = await bench.run();
  return tasks.map(({ name, result }) => {
    if (result.state !== "completed") throw new Error(`Measuring size ${name}: ${result.state}`);
    const { p50, p99, samplesCount } = result.latency;
    return { size: Number(name), p50, p99, samples: samplesCount };
  });
}

export const worst = (taken: readonly Taken[]): number => Math.max(...taken.map(({ p99 }) => p99));

/** Both lines of a growth curve. */
export const curvesOf = (
  label: string,
  taken: readonly Taken[],
): { name: string; points: (readonly [number, number])[] }[] => [
  { name: `${label}, p99`, points: taken.map(({ size, p99 }) => [size, p99] as const) },
  { name: `${label}, p50`, points: taken.map(({ size, p50 }) => [size, p50] as const) },
];
