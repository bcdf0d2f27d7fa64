/** Answers: which event wakes which Clusters? Between Pepr's watch callbacks and our queue. */
import type { KeyQueue } from "../lib/adapters/key-queue";
import { keyOfCluster, keyOfRemains } from "../lib/adapters/kube-inventory";
import { addressFacts, claimFacts, classFacts, clusterFacts, poolFacts } from "../lib/adapters/kube-objects";
import { POOL_KINDS } from "../lib/adapters/kinds";
import { addressPrint, claimPrint, classPrint, clusterPrint, News, poolPrint } from "../lib/adapters/news";
import { ROLE_LABEL } from "../lib/core/contract";
import type { Key, KubeObject } from "../lib/core/facts";
import type { Interest } from "../lib/core/plan";
import { serves } from "../lib/core/pool-choice";
import { ROLES } from "../lib/core/roles";

export const textOf = ({ namespace, name }: Key): string => `${namespace}/${name}`;

export function keyOf(text: string): Key {
  const slash = text.indexOf("/");
  return { namespace: text.slice(0, slash), name: text.slice(slash + 1) };
}

/** Pepr hands the phase of a watch event as the API server words it. */
const isGone = (phase: string): boolean => phase === "DELETED";

export class ClusterWatch {
  readonly #news = new News();

  constructor(private readonly queue: Pick<KeyQueue, "add" | "wake">) {}

  clusterChanged(object: KubeObject, phase: string): void {
    const key = keyOfCluster(object);
    if (!key) return;
    const print = clusterPrint(clusterFacts(object));
    if (this.#news.isNew(`Cluster ${textOf(key)}`, print, isGone(phase))) this.queue.add(textOf(key));
  }

  claimChanged(object: KubeObject, phase: string): void {
    const role = ROLES.find(({ name }) => name === object.metadata.labels?.[ROLE_LABEL]);
    // A label that names no role of ours is a change that a held Cluster must hear of as well.
    const print = role ? claimPrint(claimFacts(object, role, 0, 0)) : `${object.metadata.resourceVersion}`;
    this.#remainsChanged("claim", object, print, phase);
  }

  addressChanged(object: KubeObject, phase: string): void {
    this.#remainsChanged("address", object, addressPrint(addressFacts(object)), phase);
  }

  #remainsChanged(kind: string, object: KubeObject, print: string, phase: string): void {
    const key = keyOfRemains(object);
    const name = `${kind} ${object.metadata.namespace}/${object.metadata.name}`;
    if (key && this.#news.isNew(name, print, isGone(phase))) this.queue.add(textOf(key));
  }

  classChanged(object: KubeObject, phase: string): void {
    const { namespace, name } = object.metadata;
    const print = classPrint(classFacts(object));
    if (!this.#news.isNew(`class ${namespace}/${name}`, print, isGone(phase))) return;
    const isMeant = (interest: Interest): boolean =>
      interest.kind === "class" && interest.class.name === name && interest.class.namespace === namespace;
    this.queue.wake(isMeant);
  }

  poolChanged(object: KubeObject, phase: string): void {
    const kind = POOL_KINDS.find(({ kind: name }) => name === object.kind);
    if (!kind) return;
    const pool = poolFacts(object, kind);
    const name = `${kind.plural} ${object.metadata.namespace}/${object.metadata.name}`;
    if (!this.#news.isNew(name, poolPrint(pool), isGone(phase))) return;
    this.queue.wake((interest) => interest.kind === "pool" && serves(pool, interest));
  }
}
