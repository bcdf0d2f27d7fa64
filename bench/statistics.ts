/** Which one number stands for many? */

/** The value that this share of the samples does not exceed: no interpolation, it was really seen. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((one, other) => one - other);
  const at = Math.min(sorted.length - 1, Math.max(0, Math.ceil(sorted.length * share) - 1));
  return sorted[at] ?? Number.NaN;
}

export const median = (samples: readonly number[]): number => percentile(samples, 0.5);
