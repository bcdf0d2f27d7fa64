/** The queue that Pepr lacks: once at a time, again when asked, back off when it fails. */
import { KeyQueue } from "../../../lib/adapters/key-queue";
import { systemClock } from "../../../lib/adapters/system-clock";
import type { Interest } from "../../../lib/core/plan";
import type { Return } from "../../../lib/ports/queue";

const rest: Return = { kind: "rest", lookAgainMs: undefined, interests: [] };
const retry: Return = { kind: "retry", interests: [] };
const inAWhile = (lookAgainMs: number): Return => ({ ...rest, lookAgainMs });
const caringFor = (...interests: readonly Interest[]): Return => ({ ...rest, interests });
const ofClass = (name: string): Interest => ({ kind: "class", class: { namespace: "team-a", name } });
const isClass =
  (name: string) =>
  (interest: Interest): boolean =>
    interest.kind === "class" && interest.class.name === name;

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());
const pass = (ms = 0): Promise<void> => jest.advanceTimersByTimeAsync(ms);

/** Work that ends when the test says so. */
class Desk {
  readonly begun: string[] = [];
  readonly #open: { key: string; end: (back: Return) => void }[] = [];

  readonly work = (key: string): Promise<Return> => {
    this.begun.push(key);
    return new Promise((end) => this.#open.push({ key, end }));
  };

  async finish(key: string, back = rest): Promise<void> {
    const at = this.#open.findIndex((job) => job.key === key);
    this.#open.splice(at, 1)[0]?.end(back);
    await pass();
  }
}

/** A queue whose work is done at once, with the answers in their order, then at rest. */
function answering(...answers: readonly Return[]): { queue: KeyQueue; passes: number[] } {
  const left = [...answers];
  const start = Date.now();
  const passes: number[] = [];
  const work = (): Promise<Return> => {
    passes.push(Date.now() - start);
    return Promise.resolve(left.shift() ?? rest);
  };
  return { queue: new KeyQueue(work, 1, systemClock, () => 1), passes };
}

describe("The queue", () => {
  test("says how long the first key has waited, and nothing while none waits", async () => {
    const desk = new Desk();
    const queue = new KeyQueue(desk.work, 1, systemClock);
    queue.add("a");
    expect(queue.oldestMs).toBe(0);
    queue.add("b");
    await pass(300);
    queue.add("c");
    queue.add("b");
    await pass(200);
    expect(queue.oldestMs).toBe(500);
    await desk.finish("a");
    expect(queue.oldestMs).toBe(200);
    await desk.finish("b");
    await desk.finish("c");
    expect(queue.oldestMs).toBe(0);
  });

  test("looks at a key once, however often it is told before a worker is free", async () => {
    const desk = new Desk();
    const queue = new KeyQueue(desk.work, 1, systemClock);
    for (const key of ["a", "b", "b", "b"]) queue.add(key);
    expect(queue.depth).toBe(1);
    await desk.finish("a");
    await desk.finish("b");
    expect(desk.begun).toEqual(["a", "b"]);
    expect(queue.depth).toBe(0);
  });

  test("asks after a pass whether it has missed what was told meanwhile", async () => {
    const desk = new Desk();
    const queue = new KeyQueue(desk.work, 1, systemClock);
    queue.add("a");
    queue.add("a", () => false);
    await desk.finish("a", inAWhile(500));
    expect(desk.begun).toEqual(["a"]);
    await pass(500);
    expect(desk.begun).toEqual(["a", "a"]);
    let isOwed = false;
    queue.add("a", () => false);
    queue.add("a", () => isOwed);
    isOwed = true;
    await desk.finish("a");
    expect(desk.begun).toEqual(["a", "a", "a"]);
    await desk.finish("a");
    expect(desk.begun).toEqual(["a", "a", "a"]);
  });

  test("looks at a key that nobody looks at, whatever it is told for", async () => {
    const desk = new Desk();
    const queue = new KeyQueue(desk.work, 1, systemClock);
    queue.add("a");
    queue.add("b", () => false);
    await desk.finish("a");
    expect(desk.begun).toEqual(["a", "b"]);
  });

  test("never works on one key twice at the same time, and makes one more pass for all that came meanwhile", async () => {
    const desk = new Desk();
    const queue = new KeyQueue(desk.work, 8, systemClock);
    for (const key of ["a", "a", "a"]) queue.add(key);
    expect(desk.begun).toEqual(["a"]);
    await desk.finish("a");
    expect(desk.begun).toEqual(["a", "a"]);
    await desk.finish("a");
    expect(desk.begun).toEqual(["a", "a"]);
  });

  test("has no more keys in work than there are workers", async () => {
    const desk = new Desk();
    const queue = new KeyQueue(desk.work, 2, systemClock);
    for (const key of ["a", "b", "c", "d"]) queue.add(key);
    expect(desk.begun).toEqual(["a", "b"]);
    expect(queue.depth).toBe(2);
    await desk.finish("b");
    expect(desk.begun).toEqual(["a", "b", "c"]);
    await desk.finish("a");
    expect(desk.begun).toEqual(["a", "b", "c", "d"]);
  });

  test("comes back when a pass asked for it", async () => {
    const { queue, passes } = answering(inAWhile(5000));
    queue.add("a");
    await pass(4999);
    expect(passes).toEqual([0]);
    await pass(1);
    expect(passes).toEqual([0, 5000]);
    await pass(3_600_000);
    expect(passes).toHaveLength(2);
  });

  test("does not come back twice when an event was faster than the timer", async () => {
    const { queue, passes } = answering(inAWhile(5000));
    queue.add("a");
    await pass(1000);
    queue.add("a");
    await pass(60_000);
    expect(passes).toEqual([0, 1000]);
  });

  test("does not fire at once for a wait that no timer can take", async () => {
    const { queue, passes } = answering(inAWhile(2 ** 40));
    queue.add("a");
    await pass(60_000);
    expect(passes).toEqual([0]);
  });
});

describe("A key that fails", () => {
  test("is tried again after waits that double up to a minute", async () => {
    const { queue, passes } = answering(...Array.from({ length: 14 }, () => retry));
    queue.add("a");
    await pass(600_000);
    const waits = passes.slice(1).map((at, nth) => at - (passes[nth] ?? 0));
    expect(waits).toEqual([
      100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 60_000, 60_000, 60_000, 60_000,
    ]);
  });

  test("waits at least half of that, by the jitter", async () => {
    const begun: number[] = [];
    const start = Date.now();
    const work = (): Promise<Return> => {
      begun.push(Date.now() - start);
      return Promise.resolve(begun.length < 3 ? retry : rest);
    };
    new KeyQueue(work, 1, systemClock, () => 0).add("a");
    await pass(1000);
    expect(begun).toEqual([0, 50, 150]);
  });

  test("starts anew with the shortest wait after a pass that went well", async () => {
    const { queue, passes } = answering(retry, retry, rest, retry);
    queue.add("a");
    await pass(1000);
    queue.add("a");
    await pass(1000);
    expect(passes).toEqual([0, 100, 300, 1000, 1100]);
  });

  test("is tried again although the pass threw, and holds no worker", async () => {
    const work = jest.fn<Promise<Return>, [string]>().mockRejectedValueOnce(new Error("boom"));
    work.mockResolvedValue(rest);
    const queue = new KeyQueue(work, 1, systemClock);
    queue.add("a");
    queue.add("b");
    await pass(100);
    expect(work.mock.calls.flat()).toEqual(["a", "b", "a"]);
  });

  test("does not wait when an event comes", async () => {
    const { queue, passes } = answering(retry, retry, retry);
    queue.add("a");
    await pass(500);
    queue.add("a");
    await pass(60_000);
    expect(passes).toEqual([0, 100, 300, 500]);
  });
});

test("A key that may wait is looked at in a while, once, and at once when something tells to", async () => {
  const begun: string[] = [];
  const work = (key: string): Promise<Return> => {
    begun.push(key);
    return Promise.resolve(rest);
  };
  const queue = new KeyQueue(work, 8, systemClock);
  queue.addLater("a", 5000);
  queue.addLater("b", 5000);
  queue.addLater("b", 5000);
  await pass(4999);
  expect(begun).toEqual([]);
  queue.add("a");
  await pass();
  expect(begun).toEqual(["a"]);
  await pass(10_000);
  expect(begun).toEqual(["a", "b"]);
});

describe("An interest", () => {
  test("wakes exactly the keys that said so", async () => {
    const begun: string[] = [];
    const queue = new KeyQueue(
      (key) => {
        begun.push(key);
        return Promise.resolve(caringFor(ofClass(key === "a" ? "rke2" : "k3s")));
      },
      8,
      systemClock,
    );
    queue.add("a");
    queue.add("b");
    await pass();
    queue.wake(isClass("rke2"));
    queue.wake(isClass("kubeadm"));
    await pass();
    expect(begun).toEqual(["a", "b", "a"]);
  });

  test("is forgotten when the next pass no longer has it", async () => {
    const { queue, passes } = answering(caringFor(ofClass("rke2")), rest);
    queue.add("a");
    await pass();
    queue.add("a");
    await pass();
    queue.wake(isClass("rke2"));
    await pass();
    expect(passes).toHaveLength(2);
  });

  test("of the pass before still counts while the next one runs", async () => {
    const desk = new Desk();
    const queue = new KeyQueue(desk.work, 1, systemClock);
    queue.add("a");
    await desk.finish("a", caringFor(ofClass("rke2")));
    queue.add("a");
    queue.wake(isClass("rke2"));
    await desk.finish("a");
    expect(desk.begun).toEqual(["a", "a", "a"]);
  });

  test("is not missed when the class comes while the very first pass runs", async () => {
    const desk = new Desk();
    const queue = new KeyQueue(desk.work, 1, systemClock);
    queue.add("a");
    queue.wake(isClass("rke2"));
    await desk.finish("a", caringFor(ofClass("rke2")));
    expect(desk.begun).toEqual(["a", "a"]);
  });
});
