/**
 * Answers: how does an Event of ours get to the API server, without anybody who waits for it?
 *
 * Its name is made of what it says, so what is said again finds it there, and is counted in its series; that
 * holds for another process and after a restart as well. One after the other, so many a second, and no more
 * than so many that wait: whatever is too much, or cannot be written, is let go.
 */
import { createHash } from "node:crypto";
import type { EventWish, Named } from "../core/events";
import type { Clock } from "../ports/clock";
import { RequestFailed, type Client } from "./client";
import { CLAIMS, CLUSTERS, EVENTS, type Resource } from "./kinds";
import { failureOf } from "./kube-failure";

export const CONTROLLER = "vip.capi.gorizond.io/capi-vip-allocator";

/** Twenty a second: a provider makes about ten addresses in that time. */
const PAUSE_MS = 50;
const MOST_WAITING = 500;
/** Of a note; the API server refuses more than 1024 bytes. */
const MOST_BYTES = 1000;
/** Somebody else may count at the same time. */
const MOST_TRIES = 3;

interface Waiting {
  readonly wish: EventWish;
  times: number;
}

interface Surroundings {
  readonly poolKinds: readonly Resource[];
  /** The process that tells. */
  readonly instance: string;
  /** Hears why Events are lost, once until one is written again. */
  readonly lost: (why: string) => void;
}

export class KubeEvents {
  readonly #waiting = new Map<string, Waiting>();
  #isBusy = false;
  #isLosing = false;

  constructor(
    private readonly client: Pick<Client, "get" | "create" | "touch" | "patch">,
    private readonly clock: Clock,
    private readonly surroundings: Surroundings,
  ) {}

  /** Never throws; what it sets off comes after whatever its caller still has to do. */
  emit(...events: readonly EventWish[]): void {
    for (const wish of events) this.#take(wish);
    if (this.#isBusy || this.#waiting.size === 0) return;
    this.#isBusy = true;
    this.clock.after(0, () => this.#next());
  }

  #take(wish: EventWish): void {
    const name = nameOf(wish);
    const waiting = this.#waiting.get(name);
    if (waiting) waiting.times += 1;
    else if (this.#waiting.size < MOST_WAITING) this.#waiting.set(name, { wish, times: 1 });
    else this.#lose(`more than ${MOST_WAITING} wait`);
  }

  #next(): void {
    const [first] = this.#waiting;
    this.#isBusy = first !== undefined;
    if (!first) return;
    const [name, { wish, times }] = first;
    this.#waiting.delete(name);
    void this.#write(name, wish, times)
      .then(
        () => (this.#isLosing = false),
        (error: unknown) => this.#lose(failureOf(error, name).why),
      )
      .then(() => this.clock.after(PAUSE_MS, () => this.#next()));
  }

  #lose(why: string): void {
    if (!this.#isLosing) this.surroundings.lost(why);
    this.#isLosing = true;
  }

  async #write(name: string, wish: EventWish, times: number): Promise<void> {
    const { namespace, name: about } = wish.regarding;
    const kind = this.#kindOf(wish.regarding);
    const where = kind && !kind.namespaced ? "default" : namespace;
    const uid = wish.regarding.uid ?? (await this.#uidOf(kind, namespace, about));
    const now = microTime(this.clock);
    const body = {
      apiVersion: `${EVENTS.group}/${EVENTS.version}`,
      kind: EVENTS.kind,
      metadata: { namespace: where, name },
      eventTime: now,
      reportingController: CONTROLLER,
      reportingInstance: this.surroundings.instance,
      action: wish.action,
      reason: wish.reason,
      type: wish.type,
      note: short(wish.note),
      regarding: { ...this.#reference(wish.regarding), ...(uid !== undefined && { uid }) },
      ...(wish.related && { related: this.#reference(wish.related) }),
      ...(times > 1 && { series: { count: times, lastObservedTime: now } }),
    };
    try {
      await this.client.create(EVENTS, where, body);
    } catch (error) {
      if (!isThere(error)) throw error;
      await this.#count(where, name, times, MOST_TRIES);
    }
  }

  async #count(namespace: string, name: string, times: number, triesLeft: number): Promise<void> {
    const before = await this.client.touch(EVENTS, namespace, name);
    const { count = 1 } = (before["series"] ?? {}) as { count?: number };
    const series = { count: count + times, lastObservedTime: microTime(this.clock) };
    try {
      await this.client.patch(EVENTS, before, { ...before, series });
    } catch (error) {
      if (triesLeft <= 1 || failureOf(error, name).kind !== "conflict") throw error;
      await this.#count(namespace, name, times, triesLeft - 1);
    }
  }

  #kindOf({ group, kind }: Named): Resource | undefined {
    const kinds = [CLUSTERS, CLAIMS, ...this.surroundings.poolKinds];
    return kinds.find((one) => one.group === group && one.kind === kind);
  }

  /** `kubectl describe` finds the Events of an object by its UID. A Cluster that was refused has none. */
  async #uidOf(kind: Resource | undefined, namespace: string, name: string): Promise<string | undefined> {
    if (!kind || kind === CLUSTERS) return undefined;
    const object = await this.client.get(kind, namespace, name).catch(() => undefined);
    return object?.metadata.uid;
  }

  #reference(named: Named): object {
    const { group, kind: name, namespace } = named;
    const kind = this.#kindOf(named);
    return {
      ...(kind && { apiVersion: `${group}/${kind.version}` }),
      kind: name,
      name: named.name,
      ...((!kind || kind.namespaced) && { namespace }),
      ...(named.uid !== undefined && { uid: named.uid }),
    };
  }
}

const isThere = (error: unknown): boolean =>
  error instanceof RequestFailed && error.status?.reason === "AlreadyExists";

const LONGEST_NAME = 253;
const HASH = 16;

/** The object's name first, as of all Events. */
function nameOf({ regarding, action, reason, note }: EventWish): string {
  const { group, kind, namespace, name, uid } = regarding;
  const hash = createHash("sha256").update(
    JSON.stringify([group, kind, namespace, name, uid, action, reason, note]),
  );
  return `${name.slice(0, LONGEST_NAME - HASH - 1)}.${hash.digest("hex").slice(0, HASH)}`;
}

const microTime = (clock: Clock): string => new Date(clock.now()).toISOString().replace("Z", "000Z");

/** The first of two that make one. */
const HALF_A_LETTER = /[\uD800-\uDBFF]$/;

/** No letter is cut in two. */
function short(note: string): string {
  if (Buffer.byteLength(note) <= MOST_BYTES) return note;
  let cut = note.slice(0, MOST_BYTES);
  while (Buffer.byteLength(cut) > MOST_BYTES) cut = cut.slice(0, -1);
  return `${cut.replace(HALF_A_LETTER, "")} …`;
}
