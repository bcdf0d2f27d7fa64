/** What every client of an API server must do, request by request. */
import { RequestFailed, type Client } from "../../lib/adapters/client";
import { failureOf } from "../../lib/adapters/kube-failure";
import type { Resource } from "../../lib/adapters/kinds";
import type { KubeObject } from "../../lib/core/facts";
import { annotated, CLAIM, labelled, put, wantsVip, type Change } from "../gen/objects";
import {
  address,
  ADDRESSES,
  annotations,
  boundTo,
  claim,
  CLAIMS,
  CLASSES,
  cluster,
  clusterClass,
  CLUSTERS,
  content,
  essence,
  finalizers,
  globalPool,
  GLOBAL_POOLS,
  labels,
  named,
  OTHER_FINALIZER,
  ownerOf,
  pool,
  POOLS,
  PROTECT,
  versionOf,
} from "./objects";
import type { Site, World } from "./site";

interface Refusal {
  readonly code: number;
  readonly reason: string | undefined;
  readonly name: string | undefined;
  readonly namesAField: boolean;
}

/** What the API server said no with. */
async function refusal(request: Promise<unknown>): Promise<Refusal> {
  const error = await request.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof RequestFailed)) throw new Error(`Nothing was refused: ${String(error)}`);
  const { code, status } = error;
  const namesAField = (status?.details?.causes ?? []).length > 0;
  return { code, reason: status?.reason, name: status?.details?.name, namesAField };
}

const notFound = (name: string): Refusal => ({ code: 404, reason: "NotFound", name, namesAField: false });
const conflict = (name: string): Refusal => ({ code: 409, reason: "Conflict", name, namesAField: false });
const invalid = (name: string): Refusal => ({ code: 422, reason: "Invalid", name, namesAField: true });

export function clientContract(setUp: () => Promise<Site>): void {
  let client: Client;
  let world: World;
  let namespace: string;

  beforeEach(async () => {
    ({ client, world } = await setUp());
    namespace = await world.newNamespace();
  });

  const there = (...changes: readonly Change[]): Promise<KubeObject> =>
    world.create(CLAIMS, claim(namespace, ...changes));
  const now = (of: Resource = CLAIMS, name = CLAIM): Promise<KubeObject> => client.get(of, namespace, name);
  /** Our own write, of what was read. */
  const patch = (read: KubeObject, ...changes: readonly Change[]): Promise<KubeObject> =>
    client.patch(
      CLAIMS,
      read,
      changes.reduce((object, change) => change(object), read),
    );
  const terminating = async (...names: readonly string[]): Promise<KubeObject> => {
    const made = await there(finalizers(...names));
    await world.delete(CLAIMS, made);
    return now();
  };

  describe("A get", () => {
    test("gives what is stored, kind and version included", async () => {
      const made = await there(annotations({ key: "value" }), finalizers(PROTECT));
      const read = await now();
      expect(essence(read)).toEqual(essence(made));
      expect(content(read)).toEqual(claim(namespace, annotations({ key: "value" }), finalizers(PROTECT)));
    });

    test("of what is not there is a 404 that names it", async () => {
      await there();
      expect(await refusal(client.get(CLAIMS, namespace, "no-such"))).toEqual(notFound("no-such"));
      expect(await refusal(client.get(ADDRESSES, namespace, CLAIM))).toEqual(notFound(CLAIM));
      const elsewhere = await world.newNamespace();
      expect(await refusal(client.get(CLAIMS, elsewhere, CLAIM))).toEqual(notFound(CLAIM));
    });
  });

  describe("A create", () => {
    test("stores what was sent, with a UID, a version and the time", async () => {
      const wished = claim(namespace, annotations({ key: "value" }));
      const made = await client.create(CLAIMS, namespace, wished);
      expect(content(made)).toEqual(wished);
      expect(made.metadata).toMatchObject({
        uid: expect.stringMatching(/./) as string,
        resourceVersion: expect.stringMatching(/^\d+$/) as string,
        creationTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) as string,
      });
      expect(essence(await now())).toEqual(essence(made));
    });

    test("takes no UID, no times and no empty lists from the sender", async () => {
      const long = "2020-01-01T00:00:00Z";
      const given = {
        uid: "mine",
        creationTimestamp: long,
        deletionTimestamp: long,
        finalizers: [],
        labels: {},
      };
      const wished = claim(namespace);
      const sent = { ...wished, metadata: { ...wished.metadata, ...given } };
      const { metadata } = await client.create(CLAIMS, namespace, sent);
      expect(metadata.uid).not.toBe("mine");
      expect(metadata.creationTimestamp).not.toBe(long);
      expect(metadata.deletionTimestamp).toBeUndefined();
      expect(metadata).not.toHaveProperty("labels");
      expect(metadata).not.toHaveProperty("finalizers");
    });

    test("stores no status", async () => {
      expect(await client.create(CLAIMS, namespace, claim(namespace, boundTo("x")))).not.toHaveProperty(
        "status",
      );
    });

    test("of a name that is taken is a 409 that says so, and changes nothing", async () => {
      const first = await there();
      const second = client.create(CLAIMS, namespace, claim(namespace, labelled("second", "yes")));
      expect(await refusal(second)).toEqual({ ...conflict(CLAIM), reason: "AlreadyExists" });
      expect(essence(await now())).toEqual(essence(first));
    });

    test("of a name whose object is still going is a 409 as well", async () => {
      await terminating(PROTECT);
      const again = client.create(CLAIMS, namespace, claim(namespace));
      expect(await refusal(again)).toEqual({ ...conflict(CLAIM), reason: "AlreadyExists" });
    });

    test("of a name that is free again gives another UID", async () => {
      const first = await there();
      await world.delete(CLAIMS, first);
      const second = await client.create(CLAIMS, namespace, claim(namespace));
      expect(second.metadata.uid).not.toBe(first.metadata.uid);
      expect(versionOf(second)).toBeGreaterThan(versionOf(first));
    });
  });

  describe("A patch", () => {
    test("makes what was read into what is wished, in a new version", async () => {
      const read = await there(labels({ kept: "yes", dropped: "yes" }));
      const owner = { apiVersion: "v1", kind: "ConfigMap", name: "owner", uid: "uid-owner" };
      const changes = [
        labels({ kept: "yes", added: "yes" }),
        annotations({ "example.org/a": "b/c~d" }),
        finalizers(PROTECT),
        put("metadata", "ownerReferences")([owner]),
      ];
      const after = await patch(read, ...changes);
      expect(content(after)).toEqual(content(claim(namespace, ...changes)));
      expect(after.metadata.uid).toBe(read.metadata.uid);
      expect(versionOf(after)).toBeGreaterThan(versionOf(read));
      expect(essence(await now())).toEqual(essence(after));
    });

    test("takes the last label, annotation, finalizer and owner off", async () => {
      const owner = ownerOf(await world.create(CLUSTERS, cluster(namespace)));
      const read = await there(
        annotations({ key: "value" }),
        finalizers(PROTECT),
        put("metadata", "ownerReferences")([owner]),
      );
      const empty = [labels({}), annotations({}), finalizers(), put("metadata", "ownerReferences")([])];
      const { metadata } = essence(await patch(read, ...empty));
      expect(Object.keys(metadata).sort()).toEqual(
        ["creationTimestamp", "name", "namespace", "resourceVersion", "uid"].sort(),
      );
    });

    test("that changes nothing keeps the version", async () => {
      const read = await there(labels(undefined));
      expect(essence(await patch(read))).toEqual(essence(read));
      const empty = [labels({}), annotations({}), finalizers(), put("metadata", "ownerReferences")([])];
      expect(essence(await patch(read, ...empty))).toEqual(essence(read));
      expect(essence(await now())).toEqual(essence(read));
    });

    test.each([
      ["that changes something", labelled("our", "change")],
      ["that changes nothing", (object: KubeObject) => object],
      ["that somebody has made already", labelled("their", "change")],
    ])("of an old version, %s, is a 409 and changes nothing", async (_what, change) => {
      const read = await there();
      const theirs = await world.change(CLAIMS, read, labelled("their", "change"));
      expect(await refusal(patch(read, change))).toEqual(conflict(CLAIM));
      expect(essence(await now())).toEqual(essence(theirs));
    });

    test("of an old status is a 409 as well", async () => {
      const read = await there();
      await world.writeStatus(CLAIMS, boundTo(CLAIM)(read));
      expect(await refusal(patch(read, labelled("our", "change")))).toEqual(conflict(CLAIM));
    });

    test("of an old version that takes away what is gone is a 409 as well", async () => {
      const read = await there(labels({ gone: "soon", other: "stays" }));
      const theirs = await world.change(CLAIMS, read, labels({ other: "stays" }));
      expect((await refusal(patch(read, labels({ other: "stays" })))).code).toBe(409);
      expect(essence(await now())).toEqual(essence(theirs));
    });

    test("of what is gone is a 404 that names it", async () => {
      const read = await there();
      await world.delete(CLAIMS, read);
      expect(await refusal(patch(read, labelled("our", "change")))).toEqual(notFound(CLAIM));
      expect(await refusal(patch(read))).toEqual(notFound(CLAIM));
    });

    test("of what was deleted and made anew is a 409 and changes nothing", async () => {
      const read = await there();
      await world.delete(CLAIMS, read);
      const anew = await there();
      expect(await refusal(patch(read, labelled("our", "change")))).toEqual(conflict(CLAIM));
      expect(essence(await now())).toEqual(essence(anew));
    });

    test("writes no status, and a status write writes nothing else", async () => {
      const read = await there();
      expect(essence(await patch(read, boundTo("ours")))).toEqual(essence(read));
      const theirs = [boundTo("theirs"), labelled("theirs", "yes"), finalizers(PROTECT)];
      await world.writeStatus(
        CLAIMS,
        theirs.reduce((object, change) => change(object), read),
      );
      expect(content(await now())).toEqual(boundTo("theirs")(content(read)));
      const both = await patch(await now(), boundTo("ours"), labelled("our", "label"));
      expect(both["status"]).toEqual({ addressRef: { name: "theirs" } });
      expect(both.metadata.labels).toHaveProperty("our");
    });

    test("cannot change the UID, the birth or the death of an object", async () => {
      const read = await there(finalizers(PROTECT));
      const long = "2020-01-01T00:00:00Z";
      expect(await refusal(patch(read, put("metadata", "uid")("another")))).toEqual(invalid(CLAIM));
      expect(await refusal(patch(read, put("metadata", "deletionTimestamp")(long)))).toEqual(invalid(CLAIM));
      expect(essence(await patch(read, put("metadata", "creationTimestamp")(long)))).toEqual(essence(read));
      await world.delete(CLAIMS, read);
      const going = await now();
      const alive = put("metadata", "deletionTimestamp")(undefined);
      expect(essence(await patch(going, alive))).toEqual(essence(going));
    });

    const running = put("status", "controlPlane")({ replicas: 3 });
    const counted = put("status", "ipAddresses")({ total: 10, used: 3, free: 7, outOfRange: 0 });

    test.each([
      ["Cluster", CLUSTERS, cluster, running],
      ["ClusterClass", CLASSES, clusterClass, wantsVip],
      ["InClusterIPPool", POOLS, pool, counted],
      ["GlobalInClusterIPPool", GLOBAL_POOLS, (name: string) => globalPool(`${name}-pool`), counted],
    ] as const)(
      "of a kind with a status (%s) leaves it to its own writer",
      async (_kind, of, make, working) => {
        const made = await world.create(of, working(make(namespace)));
        expect(made).not.toHaveProperty("status");
        const told = await world.writeStatus(of, annotated("theirs")(working(made)));
        expect(content(told)).toEqual(content(working(made)));
        const after = await world.change(of, made, (object) => annotated("ours")(put("status")({})(object)));
        expect(content(after)).toEqual(annotated("ours")(content(told)));
      },
    );

    test("of an address gives it no status: there is none", async () => {
      const made = await world.create(ADDRESSES, boundTo("x")(address(namespace)));
      expect(made).not.toHaveProperty("status");
      expect(essence(await client.patch(ADDRESSES, made, boundTo("x")(made)))).toEqual(essence(made));
    });

    test("changes Clusters and addresses in the same way", async () => {
      const made = [
        [CLUSTERS, await world.create(CLUSTERS, cluster(namespace))],
        [ADDRESSES, await world.create(ADDRESSES, address(namespace))],
      ] as const;
      for (const [of, read] of made) {
        const after = await client.patch(of, read, annotations({ key: "value" })(read));
        expect(content(after)).toEqual(annotations({ key: "value" })(content(read)));
        expect(await refusal(client.patch(of, read, read))).toEqual(conflict(read.metadata.name ?? ""));
      }
    });
  });

  describe("A patch of nothing", () => {
    test("gives what is stored, and keeps the version", async () => {
      const read = await there(labelled("some", "label"));
      expect(essence(await client.touch(CLAIMS, namespace, CLAIM))).toEqual(essence(read));
      expect(essence(await now())).toEqual(essence(read));
    });

    test("of what is not there is a 404 that names it", async () => {
      expect(await refusal(client.touch(CLAIMS, namespace, "no-such"))).toEqual(notFound("no-such"));
    });
  });

  describe("Conditions that are applied", () => {
    const time = "2026-06-01T12:00:00Z";
    const condition = (type: string, reason = "Assigned"): object => ({
      type,
      reason,
      status: "True",
      message: "words",
      lastTransitionTime: time,
      observedGeneration: 1,
    });
    const OURS = condition("ControlPlaneVIPReady");
    const ALSO = condition("IngressVIPReady");
    const THEIRS = condition("Available");
    const apply = (read: KubeObject, ...conditions: readonly object[]): Promise<KubeObject> =>
      client.applyStatus(CLUSTERS, read, { conditions });
    const latest = (read: KubeObject): Promise<KubeObject> =>
      client.get(CLUSTERS, namespace, read.metadata.name ?? "");
    const made = (...changes: readonly Change[]): Promise<KubeObject> =>
      world.create(CLUSTERS, cluster(namespace, ...changes));
    const conditionsOf = async (read: KubeObject): Promise<readonly object[]> => {
      const { status } = await client.get(CLUSTERS, namespace, read.metadata.name ?? "");
      return (status as { conditions?: readonly object[] } | undefined)?.conditions ?? [];
    };

    test("are there, in a new version, and nothing else is changed", async () => {
      const read = await made(labelled("some", "label"));
      const after = await apply(read, OURS, ALSO);
      expect(await conditionsOf(read)).toEqual([OURS, ALSO]);
      expect(versionOf(after)).toBeGreaterThan(versionOf(read));
      const { status: _, ...rest } = content(after);
      expect(rest).toEqual(content(read));
    });

    test("a second time keep the version", async () => {
      const after = await apply(await made(), OURS);
      expect(versionOf(await apply(after, OURS))).toBe(versionOf(after));
    });

    test("leave those of others, whose writes leave ours", async () => {
      const read = await made();
      const both = await apply(
        await world.writeStatus(CLUSTERS, put("status", "conditions")([THEIRS])(read)),
        OURS,
      );
      const changed = (both["status"] as { conditions: { type: string }[] }).conditions.map((one) =>
        one.type === "Available" ? condition("Available", "NoMore") : one,
      );
      await world.writeStatus(CLUSTERS, put("status", "conditions")(changed)(both));
      expect(await conditionsOf(read)).toEqual([condition("Available", "NoMore"), OURS]);
    });

    test("are changed where they differ, and taken off where they are not said any more", async () => {
      const read = await made();
      await world.writeStatus(CLUSTERS, put("status", "conditions")([THEIRS])(read));
      await apply(await latest(read), OURS, ALSO);
      const other = condition("IngressVIPReady", "FormerVipKept");
      await apply(await latest(read), other);
      expect(await conditionsOf(read)).toEqual([THEIRS, other]);
      await apply(await latest(read));
      expect(await conditionsOf(read)).toEqual([THEIRS]);
    });

    test("are taken off also where there are no others", async () => {
      const read = await made();
      await apply(await apply(read, OURS));
      expect(await conditionsOf(read)).toEqual([]);
    });

    test("of an old version are a 409, and nothing is changed", async () => {
      const read = await made();
      const theirs = await world.change(CLUSTERS, read, labelled("their", "change"));
      expect((await refusal(apply(read, OURS))).code).toBe(409);
      expect(essence(await latest(read))).toEqual(essence(theirs));
    });

    test("are never those of a namesake: a 409, and nothing is changed", async () => {
      const read = await made();
      await world.delete(CLUSTERS, read);
      const anew = await made();
      expect((await refusal(apply(read, OURS))).code).toBe(409);
      expect(essence(await latest(read))).toEqual(essence(anew));
    });

    test("of what is gone are a 404 that names it", async () => {
      const read = await made();
      await world.delete(CLUSTERS, read);
      expect(await refusal(apply(read, OURS))).toEqual(notFound(read.metadata.name ?? ""));
    });
  });

  describe("The generation", () => {
    const generation = async (): Promise<number | undefined> =>
      (await client.get(CLUSTERS, namespace, "blue")).metadata.generation;

    test("counts what changes the spec, and the wish for its end, once", async () => {
      const read = await world.create(CLUSTERS, cluster(namespace, finalizers(PROTECT)));
      expect(await generation()).toBe(1);
      await world.change(CLUSTERS, read, put("spec", "paused")(true));
      expect(await generation()).toBe(2);
      await world.change(CLUSTERS, read, put("spec", "paused")(true));
      expect(await generation()).toBe(2);
      await world.delete(CLUSTERS, read);
      expect(await generation()).toBe(3);
      await world.delete(CLUSTERS, read);
      expect(await generation()).toBe(3);
    });

    test("does not count metadata and status", async () => {
      const read = await world.create(CLUSTERS, cluster(namespace));
      const labelledOne = await world.change(CLUSTERS, read, labelled("their", "change"));
      await world.writeStatus(CLUSTERS, put("status", "controlPlane")({ replicas: 3 })(labelledOne));
      expect(await generation()).toBe(1);
    });
  });

  describe("A delete", () => {
    test("takes away what nothing holds", async () => {
      await client.delete(CLAIMS, await there());
      expect(await refusal(now())).toEqual(notFound(CLAIM));
    });

    test("of an old version is a 409 and takes nothing", async () => {
      const read = await there();
      await world.change(CLAIMS, read, labelled("their", "change"));
      expect(await refusal(client.delete(CLAIMS, read))).toEqual(conflict(CLAIM));
      await now();
    });

    test("of what was deleted and made anew is a 409 and takes nothing", async () => {
      const read = await there();
      await world.delete(CLAIMS, read);
      const anew = await there();
      expect(await refusal(client.delete(CLAIMS, read))).toEqual(conflict(CLAIM));
      const { uid } = read.metadata;
      const former = { ...anew, metadata: { ...anew.metadata, uid } } as KubeObject;
      expect(await refusal(client.delete(CLAIMS, former))).toEqual(conflict(CLAIM));
      expect(essence(await now())).toEqual(essence(anew));
    });

    test("of what is gone is a 404 that names it", async () => {
      const read = await there();
      await world.delete(CLAIMS, read);
      expect(await refusal(client.delete(CLAIMS, read))).toEqual(notFound(CLAIM));
    });

    test("leaves what a finalizer holds as it is, but for the time of its death and its version", async () => {
      const read = await there(finalizers(PROTECT), annotations({ key: "value" }));
      await client.delete(CLAIMS, read);
      const going = await now();
      expect(versionOf(going)).toBeGreaterThan(versionOf(read));
      expect(going.metadata.deletionTimestamp).toMatch(/Z$/);
      const alive = put("metadata", "deletionTimestamp")(undefined);
      expect(content(alive(going))).toEqual(content(read));
    });

    test("of what is going already changes nothing", async () => {
      const going = await terminating(PROTECT);
      await client.delete(CLAIMS, going);
      expect(essence(await now())).toEqual(essence(going));
    });
  });

  describe("What is going", () => {
    test("can be changed, but gets no new finalizer", async () => {
      const going = await terminating(PROTECT);
      const more = patch(going, finalizers(PROTECT, OTHER_FINALIZER));
      expect(await refusal(more)).toEqual(invalid(CLAIM));
      expect(essence(await now())).toEqual(essence(going));
      const changed = await patch(going, labelled("our", "change"));
      expect(changed.metadata.labels).toHaveProperty("our");
      await world.writeStatus(CLAIMS, boundTo(CLAIM)(changed));
      expect(await now()).toHaveProperty("status", { addressRef: { name: CLAIM } });
    });

    test("stays until its last finalizer is taken off, and is gone with it", async () => {
      const going = await terminating(PROTECT, OTHER_FINALIZER);
      const held = await patch(going, finalizers(OTHER_FINALIZER));
      expect(essence(await now())).toEqual(essence(held));
      const last = await patch(held, finalizers(), labelled("last", "word"));
      expect(essence(last)).toEqual(
        essence(labelled("last", "word")(put("metadata", "finalizers")(undefined)(held))),
      );
      expect(await refusal(now())).toEqual(notFound(CLAIM));
    });
  });

  describe("A deletion in the foreground or with orphans", () => {
    const finalizersNow = async (): Promise<readonly string[] | undefined> =>
      (await now()).metadata.finalizers;

    test.each([
      ["Foreground", "foregroundDeletion"],
      ["Orphan", "orphan"],
    ] as const)(
      "(%s) waits for the garbage collector by the finalizer %s",
      async (propagation, finalizer) => {
        await world.delete(CLAIMS, await there(finalizers(PROTECT)), propagation);
        const going = await now();
        expect(going.metadata.finalizers).toEqual([PROTECT, finalizer]);
        expect(going.metadata.deletionTimestamp).toBeDefined();
        await patch(going, finalizers());
        expect(await refusal(now())).toEqual(notFound(CLAIM));
      },
    );

    test("is what was said last; no word leaves it, and Background ends it", async () => {
      const made = await there();
      await world.delete(CLAIMS, made, "Foreground");
      expect(await finalizersNow()).toEqual(["foregroundDeletion"]);
      await world.delete(CLAIMS, made);
      expect(await finalizersNow()).toEqual(["foregroundDeletion"]);
      await client.delete(CLAIMS, await now());
      expect(await finalizersNow()).toEqual(["foregroundDeletion"]);
      await world.delete(CLAIMS, made, "Orphan");
      expect(await finalizersNow()).toEqual(["orphan"]);
      await world.delete(CLAIMS, made, "Background");
      expect(await refusal(now())).toEqual(notFound(CLAIM));
    });
  });

  describe("A list", () => {
    const namesOf = (objects: readonly KubeObject[]): unknown[] =>
      objects.map(({ metadata }) => metadata.name);

    test("is of one namespace, by name, with kind and version", async () => {
      const elsewhere = await world.newNamespace();
      const made = [];
      for (const name of ["c", "a", "b"]) made.push(await there(named(name)));
      await world.create(CLAIMS, claim(elsewhere, named("d")));
      const listed = await client.list(CLAIMS, { namespace });
      expect(namesOf(listed)).toEqual(["a", "b", "c"]);
      const byName = [...made].sort((one, other) =>
        String(one.metadata.name) < String(other.metadata.name) ? -1 : 1,
      );
      expect(listed.map(essence)).toEqual(byName.map(essence));
    });

    test("is of all namespaces where none is given", async () => {
      const elsewhere = await world.newNamespace();
      await there();
      await world.create(CLAIMS, claim(elsewhere));
      const listed = await client.list(CLAIMS, {});
      const ours = listed.filter((object) =>
        [namespace, elsewhere].includes(object.metadata.namespace ?? ""),
      );
      expect(ours.map((object) => object.metadata.namespace)).toEqual([namespace, elsewhere].sort());
    });

    test("may ask for those that have a label, whatever it says", async () => {
      await there(named("a"), labels({ mark: "one" }));
      await there(named("b"), labels({ other: "one" }));
      await there(named("c"), labels({ mark: "" }));
      const listed = await client.list(CLAIMS, { namespace, labelSelector: "mark" });
      expect(namesOf(listed)).toEqual(["a", "c"]);
    });

    test("is empty where nothing is", async () => {
      expect(await client.list(CLAIMS, { namespace })).toEqual([]);
    });

    test("of cluster-scoped pools knows no namespace", async () => {
      const name = `${namespace}-pool`;
      await world.create(POOLS, pool(namespace));
      await world.create(GLOBAL_POOLS, globalPool(name));
      expect(namesOf(await client.list(GLOBAL_POOLS, { namespace }))).toContain(name);
      expect(namesOf(await client.list(GLOBAL_POOLS, {}))).toContain(name);
      expect(namesOf(await client.list(POOLS, { namespace }))).toEqual(["own"]);
    });
  });

  describe("Following an object", () => {
    const ENOUGH = labelled("enough", "yes");
    const isEnough = ({ metadata }: KubeObject): boolean => metadata.labels?.["enough"] !== undefined;
    const signal = new AbortController().signal;

    /** Everything that is told from here on, up to the first state that is enough. */
    async function toldFrom(from: KubeObject): Promise<KubeObject[]> {
      const told: KubeObject[] = [];
      const asked = (object: KubeObject): boolean => told.push(essence(object)) > 0 && isEnough(object);
      const last = await client.follow(CLAIMS, from, asked, signal);
      // What came with the last one may still be told.
      const all = told.slice(0, told.findIndex(isEnough) + 1);
      expect(last && essence(last)).toEqual(all.at(-1));
      return all;
    }

    test("tells every state after the version that was read, also those written before it was followed", async () => {
      const read = await there();
      const one = await world.change(CLAIMS, read, labelled("one", "yes"));
      const two = await world.writeStatus(CLAIMS, boundTo(CLAIM)(one));
      const three = await world.change(CLAIMS, read, ENOUGH);
      await world.change(CLAIMS, read, labelled("too", "late"));
      expect(await toldFrom(read)).toEqual([one, two, three].map(essence));
      expect(await toldFrom(two)).toEqual([essence(three)]);
    });

    test("tells what is written while it is followed", async () => {
      const read = await there();
      const told = toldFrom(read);
      const one = await world.writeStatus(CLAIMS, boundTo(CLAIM)(read));
      const two = await patch(one, ENOUGH);
      expect(await told).toEqual([one, two].map(essence));
    });

    test("tells nothing of a write that changed nothing", async () => {
      const read = await there();
      await patch(read);
      const after = await world.change(CLAIMS, read, ENOUGH);
      expect(await toldFrom(read)).toEqual([essence(after)]);
    });

    test("tells nothing of other names, namespaces and kinds", async () => {
      const elsewhere = await world.newNamespace();
      const read = await there();
      await there(named("other"), ENOUGH);
      await world.create(CLAIMS, claim(elsewhere, ENOUGH));
      await world.create(ADDRESSES, address(namespace, ENOUGH));
      const own = await world.change(CLAIMS, read, ENOUGH);
      expect(await toldFrom(read)).toEqual([essence(own)]);
    });

    test("ends with nothing when the object is gone, and does not take what is made anew for it", async () => {
      const read = await there(finalizers(PROTECT));
      await world.delete(CLAIMS, read);
      const going = await now();
      await patch(going, finalizers(), labelled("never", "stored"));
      await there(ENOUGH);
      const told: KubeObject[] = [];
      const asked = (object: KubeObject): boolean => told.push(object) > 0 && isEnough(object);
      expect(await client.follow(CLAIMS, read, asked, signal)).toBeUndefined();
      expect(told.map(content)).toEqual([going].map(content));
    });

    test("ends with nothing when the signal ends, before or while it is followed", async () => {
      const read = await there();
      const { metadata: _metadata } = await world.change(CLAIMS, read, labelled("one", "yes"));
      expect(await client.follow(CLAIMS, read, () => true, AbortSignal.abort())).toBeUndefined();
      const controller = new AbortController();
      const asked = (): boolean => {
        setImmediate(() => controller.abort());
        return false;
      };
      expect(await client.follow(CLAIMS, read, asked, controller.signal)).toBeUndefined();
      const silent = new AbortController();
      const nothing = client.follow(CLAIMS, await now(), () => true, silent.signal);
      setImmediate(() => silent.abort());
      expect(await nothing).toBeUndefined();
    });

    test("ends with nothing when its version is forgotten", async () => {
      const read = await there();
      const forgotten = put("metadata", "resourceVersion")("1")(read);
      expect(await client.follow(CLAIMS, forgotten, isEnough, signal)).toBeUndefined();
    });
  });

  test("A request whose signal has ended is not answered, and writes nothing", async () => {
    const read = await there();
    const ended = AbortSignal.abort();
    const requests = [
      client.get(CLAIMS, namespace, CLAIM, ended),
      client.list(CLAIMS, { namespace }, ended),
      client.create(ADDRESSES, namespace, address(namespace), ended),
      client.touch(CLAIMS, namespace, CLAIM, ended),
      client.patch(CLAIMS, read, labelled("our", "change")(read), ended),
      client.applyStatus(CLAIMS, read, {}, ended),
      client.delete(CLAIMS, read, ended),
    ];
    for (const answer of await Promise.allSettled(requests)) {
      expect(answer.status).toBe("rejected");
      const failure = failureOf((answer as PromiseRejectedResult).reason, CLAIM);
      expect(failure).toEqual({ kind: "unreachable", why: "there was no answer in time" });
    }
    expect(essence(await now())).toEqual(essence(read));
    expect(await client.list(ADDRESSES, { namespace })).toEqual([]);
  });
}
