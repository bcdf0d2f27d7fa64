/**
 * What does a user wait longer for because of us, one Cluster at a time?
 *
 * Two ways to the same stored Cluster, in turn, in one management cluster:
 *
 * - ours: create a Cluster without a VIP; the clock stops when the create answers, with its VIP.
 * - by hand: create a bare claim and wait until a watch, open already, shows its addressRef; then create the
 *   Cluster with host, variable and annotation in it. Both times added. Reading the address between the two
 *   is not counted, though nobody could do without.
 *
 * By hand happens in a namespace that our webhook's namespaceSelector leaves out, so that the API server
 * passes our hook by entirely (opting out by annotation would still call it). Nothing else differs: Cluster
 * API's hooks run for both, and the stored objects are the same, so the watcher finds nothing to write.
 * Each begins when nobody has written anything for a while: rendering and adoption of the one before are
 * over, and the provider has its burst of requests back.
 */
import {
  ADDRESSES,
  CLAIMS,
  resourceOf,
  type Address,
  type Claim,
  type Cluster,
} from "../../test/integration/support/shapes";
import { isOfProvider, isWrite } from "../audit-tail";
import { atMost, exactly, told, type Answer, type Bench, type Figure } from "../figure";
import { Follow } from "../follow";
import { withLab, type Lab } from "../lab";
import { claimIn, clusterIn, completeClusterIn, isComplete, openRoom, type Room } from "../room";
import { calledFor, passHookBy } from "../pass-by";
import { median, percentile } from "../statistics";

const PAIRS = { full: 48, quick: 5 };
/** Connections are opened and caches filled. */
const WARM_UP = 2;
const GOAL = 1.3;
/** Enough for the provider's bucket, which fills at 20 requests a second, after the three that one claim takes. */
const QUIET_MS = 400;

interface Taken {
  readonly ours: number[];
  readonly claim: number[];
  readonly create: number[];
  incomplete: number;
}

export const single: Figure = {
  name: "single",
  question: "What does one create cost, against a bare claim and a create without our hook?",
  limitMinutes: 5,
  run: (bench) => withLab(bench, (lab) => measure(bench, lab)),
};

async function measure(bench: Bench, lab: Lab): Promise<Answer> {
  const ours = await openRoom(lab, "with-hook", "10.61");
  const byHand = await openRoom(lab, "by-hand", "10.62");
  await passHookBy(lab, byHand);
  const start = lab.audit.mark();
  const claims = await ClaimWatch.open(lab, byHand);
  const taken: Taken = { ours: [], claim: [], create: [], incomplete: 0 };
  const pairs = bench.quick ? PAIRS.quick : PAIRS.full;
  for (let pair = -WARM_UP; pair < pairs; pair++) {
    const sides = [
      (): Promise<void> => takeOurs(lab, ours, pair, taken),
      () => takeByHand(lab, claims, pair, taken),
    ];
    // Who goes first changes, so that neither always finds what the other has left.
    for (const side of pair % 2 ? sides : sides.reverse()) {
      await lab.audit.quiet(isWrite, { forMs: QUIET_MS, withinMs: 30_000, what: "the management cluster" });
      await side();
    }
    if (pair % 10 === 9) bench.log(`${pair + 1} of ${pairs} pairs`);
  }
  claims.close();
  return answer(taken, await checks(lab, start, { ours, byHand }));
}

async function takeOurs({ api }: Lab, room: Room, pair: number, taken: Taken): Promise<void> {
  const manifest = clusterIn(room, `single${pair + WARM_UP}`);
  const { took, answer } = await timed(() => api.create<Cluster>(resourceOf(manifest), manifest));
  if (!isComplete(answer.object)) taken.incomplete += 1;
  if (pair >= 0) taken.ours.push(took);
}

async function takeByHand({ api }: Lab, claims: ClaimWatch, pair: number, taken: Taken): Promise<void> {
  const { room } = claims;
  const name = `single${pair + WARM_UP}`;
  const claim = claimIn(room, name);
  const bound = claims.bound(name);
  const started = performance.now();
  await api.create<Claim>(CLAIMS, claim);
  const claimTook = (await bound) - started;
  const { spec } = await api.get<Address>(ADDRESSES, room.namespace, name);
  const manifest = completeClusterIn(room, name, spec.address);
  const { took } = await timed(() => api.create<Cluster>(resourceOf(manifest), manifest));
  if (pair < 0) return;
  taken.claim.push(claimTook);
  taken.create.push(took);
}

async function timed<T>(work: () => Promise<T>): Promise<{ took: number; answer: T }> {
  const started = performance.now();
  const answer = await work();
  return { took: performance.now() - started, answer };
}

/** Tells when the claim of a name has its address. */
class ClaimWatch {
  readonly #wanted = new Map<string, (at: number) => void>();
  #follow: Follow | undefined;

  private constructor(readonly room: Room) {}

  static async open({ sandbox: { kubeconfig } }: Lab, room: Room): Promise<ClaimWatch> {
    const watch = new ClaimWatch(room);
    const told = ({ metadata: { name }, status }: Claim, at: number): void => {
      if (status?.addressRef) watch.#wanted.get(name)?.(at);
    };
    const { namespace, since } = room;
    watch.#follow = await Follow.open<Claim>({ kubeconfig, of: CLAIMS, namespace, since, told });
    return watch;
  }

  bound(name: string): Promise<number> {
    this.#follow?.check();
    return new Promise((resolve) => this.#wanted.set(name, resolve));
  }

  close(): void {
    this.#follow?.close();
  }
}

interface Checks {
  readonly calledByHand: number;
  readonly calledOurs: number;
  readonly providerWrites: number;
}

async function checks({ audit }: Lab, start: number, rooms: { ours: Room; byHand: Room }): Promise<Checks> {
  const writes = await audit.since(start, (request) => isOfProvider(request) && isWrite(request));
  return {
    calledOurs: await calledFor(audit, start, rooms.ours),
    calledByHand: await calledFor(audit, start, rooms.byHand),
    providerWrites: writes.length,
  };
}

function answer({ ours, claim, create, incomplete }: Taken, seen: Checks): Answer {
  const byHand = claim.map((took, pair) => took + (create[pair] ?? Number.NaN));
  const above = (median(ours) - median(byHand)).toFixed(0);
  const bound = `${above} ms above by hand: the call of the hook, its reads, and the watch of the one claim`;
  return {
    findings: [
      atMost("p50, ours / by hand", median(ours) / median(byHand), GOAL, "", bound),
      told("p50, ours", median(ours), " ms"),
      told("p50, by hand: claim to addressRef", median(claim), " ms"),
      told("p50, by hand: create without our hook", median(create), " ms"),
      told("p90, ours / by hand", percentile(ours, 0.9) / percentile(byHand, 0.9), ""),
      exactly("answered without a VIP", incomplete, 0, ` of ${ours.length + WARM_UP}`),
      exactly("creates by hand that our hook was called for", seen.calledByHand, 0),
    ],
    charts: [
      {
        file: "single",
        title: "One create after the other",
        x: { name: "pairs, sorted" },
        y: { name: "milliseconds" },
        series: [
          { name: "ours", points: sorted(ours) },
          { name: "by hand", points: sorted(byHand) },
          { name: "by hand, the claim alone", points: sorted(claim) },
        ],
      },
    ],
    data: { ours, claim, create, ...seen },
  };
}

const sorted = (samples: readonly number[]): (readonly [number, number])[] =>
  [...samples].sort((one, other) => one - other).map((took, index) => [index + 1, took] as const);
