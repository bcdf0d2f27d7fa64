/** Time, as far as anything depends on it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls back once, after so many milliseconds; what is returned calls it off. */
  after(ms: number, what: () => void): () => void;
}
