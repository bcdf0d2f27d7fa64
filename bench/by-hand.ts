/**
 * How long do many creates at once take with everything but us?
 *
 * So many claims at the same moment; as soon as one is bound, its address is read and a complete Cluster is
 * created, in a namespace that our hook is not called for. Cluster API renders them meanwhile, as it does
 * ours: what this takes longer than bare claims is no cost of the module.
 */
import { eventually } from "../test/integration/support/eventually";
import { ADDRESSES, CLAIMS, CLUSTERS, type Address, type Claim } from "../test/integration/support/shapes";
import { patienceMs, type Site } from "./bare-claims";
import { Follow } from "./follow";
import { passHookBy } from "./pass-by";
import { processorUse, type Used } from "./processor";
import { claimIn, completeClusterIn, type Room } from "./room";

export interface ByHand {
  readonly seconds: number;
  /** When each was created, in seconds, in order. */
  readonly completions: readonly number[];
  readonly processor: Used | undefined;
}

export async function byHand({ bench, lab, crowd, count }: Site, room: Room): Promise<ByHand> {
  const { kubeconfig } = lab.sandbox;
  const { namespace, since } = room;
  await passHookBy(lab, room);
  const creates = new Map<string, Promise<void>>();
  const failures: unknown[] = [];
  const created: number[] = [];
  const createFor = async (name: string): Promise<void> => {
    const api = crowd.at(creates.size);
    const { spec } = await api.get<Address>(ADDRESSES, namespace, name);
    await api.create(CLUSTERS, completeClusterIn(room, name, spec.address));
    created.push(performance.now());
  };
  const told = ({ metadata: { name }, status }: Claim): void => {
    if (status?.addressRef && !creates.has(name))
      creates.set(
        name,
        createFor(name).catch((error: unknown) => void failures.push(error)),
      );
  };
  const follow = await Follow.open<Claim>({ kubeconfig, of: CLAIMS, namespace, since, told });
  const names = Array.from({ length: count }, (_, index) => `hand${index}`);
  const used = processorUse(lab.sandbox);
  const started = performance.now();
  await Promise.all(names.map((name, index) => crowd.at(index).create(CLAIMS, claimIn(room, name))));
  const withinMs = patienceMs(count);
  await eventually(() => follow.isBroken || creates.size === count, {
    withinMs,
    what: `${count} claims by hand`,
  });
  await Promise.all(creates.values());
  const processor = used();
  follow.check();
  follow.close();
  if (failures.length > 0) throw failures[0];
  bench.log(`${count} Clusters created by hand`);
  const completions = created.map((at) => (at - started) / 1000);
  return { seconds: Math.max(...completions), completions, processor };
}
