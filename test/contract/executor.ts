/** What every step of a plan must come to, for fresh, old, lost and finished objects. */
import type { Client } from "../../lib/adapters/client";
import { KubeExecutor } from "../../lib/adapters/kube-executor";
import type { Resource } from "../../lib/adapters/kinds";
import { addressFacts, claimFacts, clusterFacts, poolFacts } from "../../lib/adapters/kube-objects";
import {
  CLUSTER_NAME_LABEL,
  CLUSTER_UID,
  HOLD,
  IN_USE,
  OUR_PAUSE,
  PAUSED,
  RESERVED_AT,
  ROLE_LABEL,
} from "../../lib/core/contract";
import type { Condition, KubeObject } from "../../lib/core/facts";
import { CONTROL_PLANE, INGRESS, PARKED } from "../../lib/core/roles";
import type { ClaimWish, Pin, Step } from "../../lib/core/row";
import type { Outcome } from "../../lib/ports/executor";
import { StandingClock } from "../fakes/standing-clock";
import {
  annotated,
  CLAIM,
  clusterLabelled,
  held,
  INGRESS_CLAIM,
  labelled,
  NAME,
  put,
  saying,
  variables,
  VIP,
  VIP_ANNOTATION,
  VARIABLE,
  type Change,
} from "../gen/objects";
import {
  address,
  ADDRESSES,
  annotations,
  claim,
  CLAIMS,
  cluster,
  CLUSTERS,
  content,
  essence,
  finalizers,
  labels,
  named,
  OTHER_FINALIZER,
  ownerOf,
  pool,
  POOLS,
  PROTECT,
} from "./objects";
import { NOW, type Site, type World } from "./site";

const claimOf = (source: KubeObject) => claimFacts(source, CONTROL_PLANE, NOW, NOW);
const POOL = { apiGroup: "ipam.cluster.x-k8s.io", kind: "InClusterIPPool", name: "own" };
const OWNER = {
  apiVersion: "cluster.x-k8s.io/v1beta2",
  kind: "Cluster",
  name: NAME,
  uid: "uid-blue",
  controller: true,
};
const STRANGER = { apiVersion: "v1", kind: "ConfigMap", name: "stranger", uid: "uid-stranger" };
const owners = put("metadata", "ownerReferences");

const all =
  (...changes: readonly Change[]): Change =>
  (object) =>
    changes.reduce((made, change) => change(made), object);

/** A write on something that was read. */
interface GuardedStep {
  readonly title: string;
  readonly of: Resource;
  /** What is there at first, in a namespace. */
  readonly before: (namespace: string) => KubeObject;
  readonly step: (read: KubeObject) => Step;
  /** What the step makes of it; undefined where nothing is left. */
  readonly makes: Change | undefined;
}

const pinOf = (ip: string, from: KubeObject): Pin => ({ address: ip, pool: poolFacts(from, POOLS) });

const reserve = (read: KubeObject): Step => ({
  kind: "reserve-claim",
  role: CONTROL_PLANE,
  claim: claimOf(read),
});
const protect = (read: KubeObject): Step => ({
  kind: "protect-address",
  role: CONTROL_PLANE,
  address: addressFacts(read),
  uid: "uid-blue",
  cluster: NAME,
});
const release = (read: KubeObject): Step => ({ kind: "release-address", address: addressFacts(read) });
const remove = (read: KubeObject): Step => ({ kind: "delete-claim", claim: claimOf(read) });
const unlabel = (read: KubeObject): Step => ({ kind: "unlabel-claim", claim: claimOf(read) });

const STEPS: readonly GuardedStep[] = [
  {
    title: "reserving a claim stamps it and takes an old cluster name off",
    of: CLAIMS,
    before: (namespace) => claim(namespace, clusterLabelled, annotated("other")),
    step: reserve,
    makes: all(
      annotated(RESERVED_AT, new Date(NOW).toISOString()),
      labels({ [ROLE_LABEL]: "control-plane" }),
    ),
  },
  {
    title: "adopting a claim makes it the Cluster's and names the Cluster",
    of: CLAIMS,
    before: (namespace) => claim(namespace, labelled("other", "label")),
    step: (read) => ({ kind: "adopt-claim", claim: claimOf(read), owner: OWNER, cluster: NAME }),
    makes: all(owners([OWNER]), labelled(CLUSTER_NAME_LABEL, NAME)),
  },
  {
    title: "adopting a claim leaves its other owners",
    of: CLAIMS,
    before: (namespace) => claim(namespace, owners([STRANGER])),
    step: (read) => ({ kind: "adopt-claim", claim: claimOf(read), owner: OWNER }),
    makes: owners([STRANGER, OWNER]),
  },
  {
    title: "naming the Cluster on a claim changes nothing else",
    of: CLAIMS,
    before: (namespace) => claim(namespace, labels(undefined), owners([OWNER])),
    step: (read) => ({ kind: "adopt-claim", claim: claimOf(read), cluster: NAME }),
    makes: labelled(CLUSTER_NAME_LABEL, NAME),
  },
  {
    title: "taking the Cluster's name off a claim leaves the other labels",
    of: CLAIMS,
    before: (namespace) => claim(namespace, clusterLabelled),
    step: unlabel,
    makes: labels({ [ROLE_LABEL]: "control-plane" }),
  },
  {
    title: "deleting a claim leaves nothing",
    of: CLAIMS,
    before: (namespace) => claim(namespace),
    step: remove,
    makes: undefined,
  },
  {
    title: "deleting an address that was pinned for nobody leaves nothing",
    of: ADDRESSES,
    before: (namespace) => address(namespace, annotated(RESERVED_AT, new Date(NOW).toISOString())),
    step: (read) => ({ kind: "delete-address", address: addressFacts(read) }),
    makes: undefined,
  },
  {
    title: "protecting an address of the ingress role names that role",
    of: ADDRESSES,
    before: (namespace) => address(namespace),
    step: (read) => ({ ...protect(read), role: INGRESS }) as Step,
    makes: all(
      finalizers(IN_USE),
      annotated(CLUSTER_UID, "uid-blue"),
      labels({ [ROLE_LABEL]: "ingress", [CLUSTER_NAME_LABEL]: NAME }),
    ),
  },
  {
    title: "protecting an address says by whom and for whom, beside the provider's finalizer",
    of: ADDRESSES,
    before: (namespace) =>
      address(namespace, finalizers(PROTECT), annotated("other"), labelled("other", "label")),
    step: protect,
    makes: all(
      finalizers(PROTECT, IN_USE),
      annotated(CLUSTER_UID, "uid-blue"),
      labels({ other: "label", [ROLE_LABEL]: "control-plane", [CLUSTER_NAME_LABEL]: NAME }),
    ),
  },
  {
    title: "protecting a former Cluster's address stamps it anew",
    of: ADDRESSES,
    before: (namespace) =>
      address(namespace, finalizers(IN_USE, PROTECT), annotated(CLUSTER_UID, "uid-former")),
    step: protect,
    makes: all(
      annotated(CLUSTER_UID, "uid-blue"),
      labels({ [ROLE_LABEL]: "control-plane", [CLUSTER_NAME_LABEL]: NAME }),
    ),
  },
  {
    title: "releasing an address takes our finalizer off, and only that",
    of: ADDRESSES,
    before: (namespace) => address(namespace, finalizers(PROTECT, IN_USE, OTHER_FINALIZER)),
    step: release,
    makes: finalizers(PROTECT, OTHER_FINALIZER),
  },
  {
    title: "editing a Cluster writes endpoint, variable and annotations, and takes our pause off",
    of: CLUSTERS,
    before: (namespace) =>
      cluster(
        namespace,
        held("NoMatchingPool"),
        annotated("other"),
        variables({ region: "eu", [VARIABLE]: "" }),
      ),
    step: (read) => ({
      kind: "edit-cluster",
      cluster: clusterFacts(read),
      edit: {
        endpoint: { host: VIP, port: 6443 },
        variables: { [VARIABLE]: VIP },
        annotations: { [VIP_ANNOTATION]: VIP, [HOLD]: null, [PAUSED]: null },
      },
    }),
    makes: all(
      put("spec", "controlPlaneEndpoint")({ host: VIP, port: 6443 }),
      variables({ region: "eu", [VARIABLE]: VIP }),
      annotations({ other: "true", [VIP_ANNOTATION]: VIP }),
    ),
  },
  {
    title: "editing a Cluster writes and takes labels, and takes a variable away",
    of: CLUSTERS,
    before: (namespace) =>
      cluster(
        namespace,
        labels({ team: "a", [INGRESS.annotation]: "10.0.1.10" }),
        variables({ region: "eu", [INGRESS.variable]: "10.0.1.10" }),
      ),
    step: (read) => ({
      kind: "edit-cluster",
      cluster: clusterFacts(read),
      edit: { variables: { [INGRESS.variable]: null }, labels: { [INGRESS.annotation]: null, new: "1" } },
    }),
    makes: all(variables({ region: "eu" }), labels({ team: "a", new: "1" })),
  },
  {
    title: "editing a Cluster that has neither annotations nor variables makes both",
    of: CLUSTERS,
    before: (namespace) => cluster(namespace),
    step: (read) => ({
      kind: "edit-cluster",
      cluster: clusterFacts(read),
      edit: {
        variables: { [VARIABLE]: VIP },
        annotations: { [HOLD]: "NoMatchingPool", [PAUSED]: OUR_PAUSE },
      },
    }),
    makes: all(variables({ [VARIABLE]: VIP }), held("NoMatchingPool")),
  },
];

export function executorContract(setUp: () => Promise<Site>): void {
  let client: Client;
  let world: World;
  let namespace: string;

  beforeEach(async () => {
    ({ client, world } = await setUp());
    namespace = await world.newNamespace();
  });

  const carryOut = (...steps: readonly Step[]): Promise<Outcome> =>
    new KubeExecutor(client, new StandingClock(NOW)).carryOut(steps);
  /** What is there now of an object, without telling whether it is the same one. */
  const find = async (
    of: Resource,
    { metadata: { name = "" } }: KubeObject,
  ): Promise<KubeObject | undefined> =>
    (await client.list(of, { namespace })).find((object) => object.metadata.name === name);

  describe.each(STEPS)("$title", ({ of, before, step, makes }) => {
    let read: KubeObject;
    let planned: Step;
    const CONFLICT = {
      kind: "conflict",
      why: expect.stringMatching(/^[a-z]+-[a-z]+ (vip-cp-)?blue: ./) as string,
      step: expect.stringMatching(/^[a-z]+-[a-z]+$/) as string,
    };
    const now = (): Promise<KubeObject | undefined> => find(of, read);

    beforeEach(async () => {
      read = await world.create(of, before(namespace));
      planned = step(read);
    });

    test("and is done", async () => {
      expect(await carryOut(planned)).toMatchObject({ kind: "done" });
      const after = await now();
      expect(after && content(after)).toEqual(makes && makes(content(read)));
      expect(after?.metadata.uid).toBe(makes && read.metadata.uid);
    });

    test("once: the second time is a conflict, or changes nothing", async () => {
      await carryOut(planned);
      const after = await now();
      expect(await carryOut(planned)).toEqual(CONFLICT);
      expect(await now()).toEqual(after);
    });

    test("unless somebody wrote since", async () => {
      const theirs = await world.change(of, read, labelled("their", "change"));
      expect(await carryOut(planned)).toEqual(CONFLICT);
      expect(await now()).toEqual(theirs);
    });

    test("unless somebody has done the same", async () => {
      const theirs = makes ? await world.change(of, read, makes) : await world.delete(of, read);
      expect(await carryOut(planned)).toEqual(CONFLICT);
      expect(await now()).toEqual(theirs);
    });

    test("unless it is gone", async () => {
      await world.change(of, read, finalizers());
      await world.delete(of, read);
      expect(await carryOut(planned)).toEqual(CONFLICT);
      expect(await now()).toBeUndefined();
    });

    test("unless it was made anew", async () => {
      await world.change(of, read, finalizers());
      await world.delete(of, read);
      const anew = await world.create(of, before(namespace));
      expect(await carryOut(planned)).toEqual(CONFLICT);
      expect(await now()).toEqual(anew);
    });
  });

  describe("A claim that is made", () => {
    const wish = (owner?: ClaimWish["owner"]): Step => ({
      kind: "create-claim",
      claim: { namespace, name: CLAIM, role: CONTROL_PLANE.name, pool: POOL, owner },
    });
    const bare = (): KubeObject =>
      claim(namespace, annotations({ [RESERVED_AT]: new Date(NOW).toISOString() }));

    test("is bare at admission, and is told as it was stored", async () => {
      const outcome = await carryOut(wish());
      const stored = await client.get(CLAIMS, namespace, CLAIM);
      expect(content(stored)).toEqual(bare());
      expect(outcome).toEqual({ kind: "done", claims: [claimOf(stored)] });
      expect(claimOf(stored)).toMatchObject({ ours: true, owner: undefined, labelled: false, youngest: NOW });
    });

    test("is owned from the start where the Cluster has a UID", async () => {
      const owner = ownerOf(await world.create(CLUSTERS, cluster(namespace)));
      await carryOut(wish(owner));
      expect(content(await client.get(CLAIMS, namespace, CLAIM))).toEqual(owners([owner])(bare()));
    });

    test("is a conflict where there is one, also one that is going, and nothing changes", async () => {
      const made = await world.create(CLAIMS, claim(namespace, finalizers(PROTECT)));
      const why = expect.stringMatching(/^create-claim vip-cp-blue: .*already exists/) as string;
      expect(await carryOut(wish())).toEqual({ kind: "conflict", why, step: "create-claim" });
      expect(await find(CLAIMS, made)).toEqual(made);
      await world.delete(CLAIMS, made);
      const going = await find(CLAIMS, made);
      expect(await carryOut(wish())).toEqual({ kind: "conflict", why, step: "create-claim" });
      expect(await find(CLAIMS, made)).toEqual(going);
    });
  });

  describe("An address that is pinned", () => {
    const stamped = annotated(RESERVED_AT, new Date(NOW).toISOString());
    const own = () => pool(namespace);
    const pin = (ip = VIP, from = own()): Step => ({
      kind: "pin-address",
      claim: wishOf(),
      pin: pinOf(ip, from),
    });
    const wishOf = (): ClaimWish => ({
      namespace,
      name: INGRESS_CLAIM,
      role: INGRESS.name,
      pool: POOL,
      owner: undefined,
    });
    const pinned = (...changes: readonly Change[]): KubeObject =>
      address(
        namespace,
        named(INGRESS_CLAIM),
        put("spec", "claimRef")({ name: INGRESS_CLAIM }),
        labels({ [ROLE_LABEL]: INGRESS.name }),
        stamped,
        ...changes,
      );

    test("is what the provider would make for the claim of its name, with our label and the time", async () => {
      expect(await carryOut(pin())).toEqual({ kind: "done", claims: [] });
      const stored = await client.get(ADDRESSES, namespace, INGRESS_CLAIM);
      expect(content(stored)).toEqual(pinned());
      expect(addressFacts(stored)).toMatchObject({
        address: VIP,
        inUse: false,
        labelled: true,
        pinnedAt: NOW,
      });
    });

    test.each([
      [VIP, 32],
      ["2001:db8::10", 128],
    ])("of a pool without prefix and gateway is alone in its network: %s", async (ip, prefix) => {
      const bare = put("spec")({ addresses: [ip] })(own());
      expect(await carryOut(pin(ip, bare))).toMatchObject({ kind: "done" });
      const { spec } = pinned(saying(ip)) as KubeObject & { spec: object };
      const { gateway: _, ...rest } = spec as { gateway: string };
      expect((await client.get(ADDRESSES, namespace, INGRESS_CLAIM))["spec"]).toEqual({ ...rest, prefix });
    });

    test("is a conflict where there is one of the name, and nothing changes", async () => {
      const there = await world.create(ADDRESSES, pinned(saying("10.0.0.11")));
      const why = expect.stringMatching(/^pin-address vip-ingress-blue: .*already exists/) as string;
      expect(await carryOut(pin())).toEqual({ kind: "conflict", why, step: "pin-address" });
      expect(await find(ADDRESSES, there)).toEqual(there);
    });

    test("is a conflict where there is one that is going", async () => {
      const there = await world.create(ADDRESSES, pinned(finalizers(PROTECT)));
      await world.delete(ADDRESSES, there);
      const going = await find(ADDRESSES, there);
      expect(await carryOut(pin())).toMatchObject({ kind: "conflict" });
      expect(await find(ADDRESSES, there)).toEqual(going);
    });

    test("comes before its claim: where it is not made, no claim is", async () => {
      await world.create(ADDRESSES, pinned());
      const outcome = await carryOut(pin(), { kind: "create-claim", claim: wishOf() });
      expect(outcome).toMatchObject({ kind: "conflict" });
      expect(await client.list(CLAIMS, { namespace })).toEqual([]);
    });
  });

  describe("An address that is parked", () => {
    const NAMED = "vip-parked-10-0-0-10";
    const parked = (owner: ClaimWish["owner"]): ClaimWish => ({
      namespace,
      name: NAMED,
      role: PARKED,
      pool: POOL,
      owner,
    });
    const park = (owner: ClaimWish["owner"] = OWNER): Step => ({
      kind: "park-address",
      claim: parked(owner),
      pin: pinOf(VIP, pool(namespace)),
    });
    const now = async (): Promise<readonly KubeObject[]> => [
      await client.get(ADDRESSES, namespace, NAMED),
      await client.get(CLAIMS, namespace, NAMED),
    ];
    const stamped = annotated(RESERVED_AT, new Date(NOW).toISOString());
    const ours = [named(NAMED), labels({ [ROLE_LABEL]: PARKED }), stamped];

    test("is out of its pool by a claim that goes with the Cluster which came across it", async () => {
      expect(await carryOut(park())).toEqual({ kind: "done", claims: [] });
      const [made, claimed] = await now();
      // Owned from the start: a claim that never comes must not leave it behind for ever.
      const held = owners([{ ...OWNER, controller: false }]);
      expect(made && content(made)).toEqual(
        address(namespace, put("spec", "claimRef")({ name: NAMED }), ...ours, held),
      );
      expect(claimed && content(claimed)).toEqual(claim(namespace, ...ours, owners([OWNER])));
    });

    test("a second time changes nothing", async () => {
      await carryOut(park());
      const first = await now();
      expect(await carryOut(park({ ...OWNER, uid: "uid-green" }))).toEqual({ kind: "done", claims: [] });
      expect(await now()).toEqual(first);
    });

    test("by one that was cut off in the middle gets its claim", async () => {
      const half = await world.create(
        ADDRESSES,
        address(namespace, put("spec", "claimRef")({ name: NAMED }), ...ours),
      );
      expect(await carryOut(park())).toEqual({ kind: "done", claims: [] });
      const [made, claimed] = await now();
      expect(made).toEqual(half);
      expect(claimed?.metadata.ownerReferences).toHaveLength(1);
    });

    test("is parked before the claim that has it goes, and not at all where nothing can be written", async () => {
      const read = await world.create(CLAIMS, claim(namespace));
      const steps = [park(), remove(read)];
      const late = await new KubeExecutor(client, new StandingClock(NOW)).carryOut(
        steps,
        AbortSignal.abort(),
      );
      const why = `park-address ${NAMED}: there was no answer in time`;
      expect(late).toEqual({ kind: "unreachable", why, step: "park-address" });
      expect(await find(CLAIMS, read)).toEqual(read);
      expect(await client.list(ADDRESSES, { namespace })).toEqual([]);
      expect(await carryOut(...steps)).toMatchObject({ kind: "done" });
      expect(await find(CLAIMS, read)).toBeUndefined();
      expect(await client.list(ADDRESSES, { namespace })).toHaveLength(1);
    });
  });

  describe("What is held by finalizers", () => {
    const goingFrom = async (of: Resource, object: KubeObject): Promise<KubeObject> => {
      const made = await world.create(of, object);
      await world.delete(of, made);
      return client.get(of, namespace, made.metadata.name ?? "");
    };

    test("is deleted by beginning it, and once it is going that changes nothing", async () => {
      const read = await world.create(CLAIMS, claim(namespace, finalizers(PROTECT)));
      expect(await carryOut(remove(read))).toMatchObject({ kind: "done" });
      const going = await client.get(CLAIMS, namespace, CLAIM);
      expect(going.metadata).toMatchObject({
        deletionTimestamp: expect.any(String) as string,
        finalizers: [PROTECT],
      });
      expect(await carryOut(remove(read))).toMatchObject({ kind: "conflict" });
      expect(await carryOut(remove(going))).toMatchObject({ kind: "done" });
      expect(await find(CLAIMS, read)).toEqual(going);
    });

    test("a released address that is going is gone with our finalizer, unless the provider holds it too", async () => {
      const ours = await goingFrom(ADDRESSES, address(namespace, finalizers(IN_USE)));
      expect(await carryOut(release(ours))).toMatchObject({ kind: "done" });
      expect(await find(ADDRESSES, ours)).toBeUndefined();
      const both = await goingFrom(ADDRESSES, address(namespace, finalizers(PROTECT, IN_USE)));
      expect(await carryOut(release(both))).toMatchObject({ kind: "done" });
      expect((await find(ADDRESSES, both))?.metadata.finalizers).toEqual([PROTECT]);
    });

    test("an address that is going can be stamped anew, but not protected: that is refused", async () => {
      const former = annotated(CLUSTER_UID, "uid-former");
      const stamped = await goingFrom(ADDRESSES, address(namespace, finalizers(IN_USE), former));
      expect(await carryOut(protect(stamped))).toMatchObject({ kind: "done" });
      expect((await find(ADDRESSES, stamped))?.metadata.annotations).toEqual({ [CLUSTER_UID]: "uid-blue" });
      const bare = await goingFrom(ADDRESSES, address(namespace, named("vip-cp-green"), finalizers(PROTECT)));
      const why = expect.stringMatching(/^protect-address vip-cp-green: .*no new finalizers/) as string;
      expect(await carryOut(protect(bare))).toEqual({ kind: "refused", why, step: "protect-address" });
      expect(await find(ADDRESSES, bare)).toEqual(bare);
    });

    test("a claim that is going can be reserved and unlabelled; a Cluster that is going can be edited", async () => {
      const going = await goingFrom(CLAIMS, claim(namespace, finalizers(PROTECT), clusterLabelled));
      expect(await carryOut(unlabel(going))).toMatchObject({ kind: "done" });
      const unlabelled = await client.get(CLAIMS, namespace, CLAIM);
      expect(unlabelled.metadata.labels).toEqual({ [ROLE_LABEL]: "control-plane" });
      const outcome = await carryOut(reserve(unlabelled));
      expect(outcome).toMatchObject({ kind: "done", claims: [{ name: CLAIM, deleting: true }] });
      const paused = await goingFrom(
        CLUSTERS,
        cluster(namespace, finalizers(PROTECT), held("NoMatchingPool")),
      );
      const unpause = { annotations: { [HOLD]: null, [PAUSED]: null } };
      const edit: Step = { kind: "edit-cluster", cluster: clusterFacts(paused), edit: unpause };
      expect(await carryOut(edit)).toMatchObject({ kind: "done" });
      expect((await find(CLUSTERS, paused))?.metadata).not.toHaveProperty("annotations");
    });
  });

  describe("What is as it should be already", () => {
    test("is done, and keeps its version", async () => {
      const unlabelled = await world.create(CLAIMS, claim(namespace));
      const bare = await world.create(CLAIMS, claim(namespace, named("vip-cp-green"), labels(undefined)));
      const own = await world.create(ADDRESSES, address(namespace));
      const steps = [unlabel(unlabelled), unlabel(bare), release(own)];
      for (const step of steps) expect(await carryOut(step)).toEqual({ kind: "done", claims: [] });
      expect(await find(CLAIMS, unlabelled)).toEqual(unlabelled);
      expect(await find(CLAIMS, bare)).toEqual(bare);
      expect(await find(ADDRESSES, own)).toEqual(own);
      await carryOut(protect(own));
      const secured = await client.get(ADDRESSES, namespace, CLAIM);
      expect(await carryOut(protect(secured))).toMatchObject({ kind: "done" });
      expect(await find(ADDRESSES, own)).toEqual(secured);
    });
  });

  describe("The conditions of a Cluster", () => {
    const condition = (status: "True" | "False", since?: string): Condition => ({
      type: "ControlPlaneVIPReady",
      status,
      reason: "Assigned",
      message: "words",
      observedGeneration: 1,
      since,
    });
    const write = (read: KubeObject, ...conditions: readonly Condition[]): Promise<Outcome> =>
      carryOut({ kind: "write-conditions", cluster: clusterFacts(read), conditions });
    const latest = (): Promise<KubeObject> => client.get(CLUSTERS, namespace, NAME);
    const there = async (): Promise<readonly Condition[]> => clusterFacts(await latest()).conditions;

    test("are written with the time where they turn, and read as they were written", async () => {
      const read = await world.create(CLUSTERS, cluster(namespace));
      expect(await write(read, condition("False"))).toEqual({ kind: "done", claims: [] });
      const [written] = await there();
      expect(written).toEqual(condition("False", new Date(NOW).toISOString().replace(".000", "")));
      await write(await latest(), condition("True", "2026-01-01T00:00:00Z"));
      expect(await there()).toEqual([condition("True", "2026-01-01T00:00:00Z")]);
      await write(await latest());
      expect(await there()).toEqual([]);
    });

    test("are a conflict for a namesake, and for a Cluster that is gone", async () => {
      const read = await world.create(CLUSTERS, cluster(namespace));
      await world.delete(CLUSTERS, read);
      expect(await write(read, condition("True"))).toMatchObject({ kind: "conflict" });
      await world.create(CLUSTERS, cluster(namespace));
      expect(await write(read, condition("True"))).toMatchObject({ kind: "conflict" });
      expect(await there()).toEqual([]);
    });
  });

  describe("Several steps", () => {
    test("are done in their order, and the claims are told as they are after them", async () => {
      const left = await world.create(CLAIMS, claim(namespace, named("vip-cp-green"), clusterLabelled));
      const own = await world.create(ADDRESSES, address(namespace));
      const create: Step = {
        kind: "create-claim",
        claim: { namespace, name: CLAIM, role: CONTROL_PLANE.name, pool: POOL, owner: undefined },
      };
      const outcome = await carryOut(reserve(left), protect(own), create);
      const [green, blue] = [
        await client.get(CLAIMS, namespace, "vip-cp-green"),
        await client.get(CLAIMS, namespace, CLAIM),
      ];
      expect(outcome).toEqual({ kind: "done", claims: [claimOf(green), claimOf(blue)] });
    });

    test("end with the first that is not done", async () => {
      const [one, other] = [
        await world.create(CLAIMS, claim(namespace)),
        await world.create(CLAIMS, claim(namespace, named("vip-cp-green"))),
      ];
      await world.change(CLAIMS, other, labelled("their", "change"));
      const own = await world.create(ADDRESSES, address(namespace));
      expect(await carryOut(remove(one), remove(other), protect(own))).toMatchObject({ kind: "conflict" });
      expect(await find(CLAIMS, one)).toBeUndefined();
      expect(await find(CLAIMS, other)).toBeDefined();
      expect(await find(ADDRESSES, own)).toEqual(own);
    });

    test("that are none are done", async () => {
      expect(await carryOut()).toEqual({ kind: "done", claims: [] });
    });

    test("get no answer once the signal has ended, and nothing is written", async () => {
      const read = await world.create(CLAIMS, claim(namespace));
      const executor = new KubeExecutor(client, new StandingClock(NOW));
      const outcome = await executor.carryOut([remove(read)], AbortSignal.abort());
      const why = "delete-claim vip-cp-blue: there was no answer in time";
      expect(outcome).toEqual({ kind: "unreachable", why, step: "delete-claim" });
      expect(await find(CLAIMS, read)).toEqual(read);
    });
  });

  test("A claim's status is nobody's to lose: no step touches it", async () => {
    const made = await world.create(CLAIMS, claim(namespace));
    const read = await world.writeStatus(CLAIMS, put("status", "addressRef")({ name: CLAIM })(made));
    await carryOut(reserve(read));
    const reserved = await client.get(CLAIMS, namespace, CLAIM);
    const adopt: Step = { kind: "adopt-claim", claim: claimOf(reserved), owner: OWNER, cluster: NAME };
    await carryOut(adopt);
    expect(essence(await client.get(CLAIMS, namespace, CLAIM))["status"]).toEqual({
      addressRef: { name: CLAIM },
    });
  });
}
