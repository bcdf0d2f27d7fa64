/** The garbage collector: what is owned by nobody any more goes; foreground and orphan deletions are carried through. */
import type { KubeObject, OwnerReference } from "../../lib/core/facts";
import type { Resource } from "../../lib/adapters/kinds";
import { FOREGROUND, ORPHAN, type FakeApiServer } from "../fakes/api-server";
import type { Action } from "./world";
import { ADDRESSES, CLAIMS, CLUSTERS, GLOBAL_POOLS, isGoing, POOLS, withoutFinalizer } from "./kinds";

const OWNERS: readonly Resource[] = [CLUSTERS, CLAIMS, POOLS, GLOBAL_POOLS];
const DEPENDENTS: readonly Resource[] = [CLAIMS, ADDRESSES];

export class Collector {
  constructor(private readonly server: FakeApiServer) {}

  actions(): Action[] {
    return [
      ...DEPENDENTS.flatMap((of) => this.server.list(of).flatMap((object) => this.#collect(of, object))),
      ...[...OWNERS, ADDRESSES].flatMap((of) =>
        this.server
          .list(of)
          .filter(isGoing)
          .flatMap((owner) => this.#carryThrough(of, owner)),
      ),
    ];
  }

  #exists(ref: OwnerReference): KubeObject | undefined {
    return OWNERS.filter(({ kind }) => kind === ref.kind)
      .flatMap((of) => this.server.list(of))
      .find(({ metadata }) => metadata.uid === ref.uid);
  }

  #collect(of: Resource, object: KubeObject): Action[] {
    const { namespace, name = "", ownerReferences: refs = [], uid } = object.metadata;
    if (refs.length === 0 || isGoing(object)) return [];
    const living = refs.filter((ref) => this.#exists(ref) !== undefined);
    if (living.length === refs.length) return [];
    const words = `collector ${living.length > 0 ? "forgets an owner of" : "deletes"} ${of.kind} ${name}`;
    if (living.length === 0) return [{ words, run: () => this.server.delete(of, namespace, name, { uid }) }];
    const after = { ...object, metadata: { ...object.metadata, ownerReferences: living } };
    return [{ words, run: () => void this.server.update(of, after) }];
  }

  #carryThrough(of: Resource, owner: KubeObject): Action[] {
    const { finalizers = [], name } = owner.metadata;
    const done = (finalizer: string): Action => ({
      words: `collector ends the ${finalizer} of ${name}`,
      run: () => void this.server.update(of, withoutFinalizer(owner, finalizer)),
    });
    if (finalizers.includes(ORPHAN)) {
      const [next] = this.#dependentsOf(owner);
      return [next ? this.#orphan(next, owner) : done(ORPHAN)];
    }
    if (!finalizers.includes(FOREGROUND)) return [];
    const waiting = this.#dependentsOf(owner);
    const next = waiting.find(({ object }) => !isGoing(object));
    if (next) return [this.#delete(next)];
    const blocks = ({ object }: Dependent): boolean =>
      object.metadata.ownerReferences?.some(
        ({ uid, blockOwnerDeletion }) => uid === owner.metadata.uid && blockOwnerDeletion,
      ) ?? false;
    return waiting.some(blocks) ? [] : [done(FOREGROUND)];
  }

  #dependentsOf({ metadata }: KubeObject): Dependent[] {
    return DEPENDENTS.flatMap((of) => this.server.list(of).map((object) => ({ of, object }))).filter(
      ({ object }) => object.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid),
    );
  }

  #delete({ of, object }: Dependent): Action {
    const { namespace, name = "" } = object.metadata;
    return {
      words: `collector deletes ${of.kind} ${name} with its owner`,
      run: () => this.server.delete(of, namespace, name, { propagation: "Foreground" }),
    };
  }

  #orphan({ of, object }: Dependent, owner: KubeObject): Action {
    const ownerReferences =
      object.metadata.ownerReferences?.filter(({ uid }) => uid !== owner.metadata.uid) ?? [];
    const after = { ...object, metadata: { ...object.metadata, ownerReferences } };
    return {
      words: `collector orphans ${object.metadata.name}`,
      run: () => void this.server.update(of, after),
    };
  }
}

interface Dependent {
  readonly of: Resource;
  readonly object: KubeObject;
}
