/**
 * Requests on their way. Each is carried out when the world says so, in any order, and its sender may
 * hear of it, hear of a failure, or be dead by then.
 */
import { failed, type Request, type Turn } from "../fakes/api-server";

/** `lost`: nothing was done and the sender hears of a failure. `unheard`: it was done, and the sender hears of a failure all the same. */
export type Fate = "answered" | "lost" | "unheard";

interface Waiting {
  readonly sender: string;
  readonly request: Request<unknown>;
  readonly answer: (value: unknown) => void;
  readonly fail: (error: Error) => void;
  readonly forget: () => void;
}

export class Line {
  #waiting: Waiting[] = [];

  constructor(private readonly as: <T>(sender: string, run: () => T) => T) {}

  /** What a process hands to its client. */
  turnOf(sender: string): Turn {
    return <T>(request: Request<T>, signal?: AbortSignal): Promise<T> =>
      new Promise<T>((resolve, fail) => {
        if (signal?.aborted) return fail(timeOut());
        // The sender stops listening; a write may be on its way all the same.
        const stop = (): void => {
          if (request.verb === "watch") this.#take(waiting);
          fail(timeOut());
        };
        const forget = (): void => signal?.removeEventListener("abort", stop);
        const waiting: Waiting = { sender, request, answer: (value) => resolve(value as T), fail, forget };
        this.#waiting.push(waiting);
        signal?.addEventListener("abort", stop);
      });
  }

  /** What could be carried out now, in words. */
  get ready(): readonly string[] {
    return this.#ready().map(
      ({ sender, request }) => `${sender}: ${request.verb} ${request.of.kind} ${request.name}`,
    );
  }

  /** Watches that have nothing to say yet. */
  get silent(): number {
    return this.#waiting.length - this.#ready().length;
  }

  #ready(): Waiting[] {
    return this.#waiting.filter(({ request }) => request.isReady?.() ?? true);
  }

  /** Carries out the n-th that is ready. */
  deliver(n: number, fate: Fate): void {
    const ready = this.#ready();
    const waiting = ready[n % ready.length];
    if (!waiting) return;
    this.#take(waiting);
    if (fate === "lost") return waiting.fail(failed(503, "ServiceUnavailable", "the server is busy", ""));
    this.#carryOut(waiting, fate);
  }

  #carryOut({ sender, request, answer, fail }: Waiting, fate: Fate): void {
    try {
      const value = this.as(sender, () => request.run());
      if (fate === "answered") answer(value);
      else fail(new Error("socket hang up"));
    } catch (error) {
      fail(error as Error);
    }
  }

  /** A watch that ends without a word. */
  cut(): void {
    for (const waiting of this.#waiting.filter(({ request }) => request.verb === "watch")) {
      this.#take(waiting);
      waiting.fail(new Error("socket hang up"));
    }
  }

  /** Nobody hears of what the dead had asked for; their last write lands, or it does not. */
  bury(sender: string, landed: boolean): void {
    const left = this.#waiting.filter((waiting) => waiting.sender === sender);
    this.#waiting = this.#waiting.filter((waiting) => waiting.sender !== sender);
    if (!landed) return;
    for (const { request } of left)
      try {
        this.as(sender, () => request.run());
      } catch {
        // Refused, and nobody is there to hear it.
      }
  }

  #take(waiting: Waiting): void {
    this.#waiting = this.#waiting.filter((other) => other !== waiting);
    waiting.forget();
  }
}

const timeOut = (): Error => Object.assign(new Error("the budget ended"), { name: "AbortError" });
