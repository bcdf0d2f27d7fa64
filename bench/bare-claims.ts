/** How fast is the IPAM provider alone? So many bare claims at the same moment. */
import { eventually } from "../test/integration/support/eventually";
import { CLAIMS, type Claim } from "../test/integration/support/shapes";
import { isOfProvider, isWrite, tally } from "./audit-tail";
import type { Crowd } from "./crowd";
import type { Bench } from "./figure";
import { Follow } from "./follow";
import type { Lab } from "./lab";
import { processorUse, type Used } from "./processor";
import { claimIn, type Room } from "./room";

export interface Site {
  readonly bench: Bench;
  readonly lab: Lab;
  readonly crowd: Crowd;
  readonly count: number;
}

export interface BareClaims {
  readonly seconds: number;
  /** When each was there, in seconds, in order. */
  readonly completions: readonly number[];
  readonly providerWrites: number;
  readonly writesByKind: Readonly<Record<string, number>>;
  readonly processor: Used | undefined;
}

/** The slowest provider that is waited for: three claims a second. */
export const patienceMs = (count: number): number => 30_000 + count * 300;

export async function bareClaims({ bench, lab, crowd, count }: Site, room: Room): Promise<BareClaims> {
  const { sandbox, audit } = lab;
  const mark = audit.mark();
  const bound = new Map<string, number>();
  const follow = await Follow.open<Claim>({
    kubeconfig: sandbox.kubeconfig,
    of: CLAIMS,
    namespace: room.namespace,
    since: room.since,
    told: ({ metadata: { name }, status }, at) => {
      if (status?.addressRef && !bound.has(name)) bound.set(name, at);
    },
  });
  const names = Array.from({ length: count }, (_, index) => `bare${index}`);
  const used = processorUse(sandbox);
  const started = performance.now();
  await Promise.all(names.map((name, index) => crowd.at(index).create(CLAIMS, claimIn(room, name))));
  await eventually(() => follow.isBroken || bound.size === count, {
    withinMs: patienceMs(count),
    what: `${count} bare claims to be bound`,
  });
  const processor = used();
  follow.check();
  follow.close();
  bench.log(`${count} bare claims bound`);
  const completions = [...bound.values()].map((at) => (at - started) / 1000);
  const writes = await lab.audit.since(
    mark,
    (request) => isOfProvider(request) && isWrite(request) && request.namespace === room.namespace,
  );
  return {
    seconds: Math.max(...completions),
    completions: completions.sort((one, other) => one - other),
    providerWrites: writes.length,
    writesByKind: tally(writes),
    processor,
  };
}
