/** A failure whose message already says what to do; it is printed without a stack. */
export class SandboxFailure extends Error {
  override readonly name = "SandboxFailure";
}

/** The text of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
