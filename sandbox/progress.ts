/** Seconds as `m:ss`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/**
 * Shows a line that changes: in place on a terminal, every 15 seconds anywhere else, where each
 * line stays. Returns what ends it.
 */
export function ticker(log: (line: string) => void, line: () => string): () => void {
  if (!process.stderr.isTTY) {
    log(line());
    const timer = setInterval(() => log(line()), 15_000);
    return () => clearInterval(timer);
  }
  const draw = (): void => void process.stderr.write(`\r\x1b[K${line()}`);
  draw();
  const timer = setInterval(draw, 1000);
  return () => {
    clearInterval(timer);
    process.stderr.write("\r\x1b[K");
  };
}
