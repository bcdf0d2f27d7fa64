/** What is told of an API server: found, absent or unread, and in which order it was looked at. */
import { RequestFailed, type Client } from "../../lib/adapters/client";
import { Sightings } from "../../lib/adapters/sightings";
import { KubeInventory } from "../../lib/adapters/kube-inventory";
import type { Resource } from "../../lib/adapters/kinds";
import { addressFacts, claimFacts, classFacts, clusterFacts } from "../../lib/adapters/kube-objects";
import { IPAM_API, ROLE_LABEL } from "../../lib/core/contract";
import {
  absent,
  found,
  unread,
  valueOf,
  type ClaimFacts,
  type Facts,
  type Holder,
  type Key,
  type KubeObject,
  type RoleFacts,
} from "../../lib/core/facts";
import { CONTROL_PLANE, INGRESS, PARKED, type Role } from "../../lib/core/roles";
import { StandingClock } from "../fakes/standing-clock";
import { RULES } from "../gen/facts";
import {
  annotated,
  CLAIM,
  CLASS,
  host,
  INGRESS_CLAIM,
  INGRESS_VARIABLE,
  ingressOptedOut,
  labelled,
  NAME,
  noTopology,
  ofClass,
  put,
  saying,
  VARIABLE,
  VIP,
  wantsBoth,
  wantsVip,
  withIngress,
  type Change,
} from "../gen/objects";
import {
  address,
  ADDRESSES,
  boundTo,
  claim,
  CLAIMS,
  CLASSES,
  cluster,
  clusterClass,
  CLUSTERS,
  finalizers,
  globalPool,
  GLOBAL_POOLS,
  labels,
  named,
  pool,
  POOLS,
  PROTECT,
} from "./objects";
import { NOW, type Site, type World } from "./site";

const claimOf = (source: KubeObject, role: Role = CONTROL_PLANE) => claimFacts(source, role, NOW, NOW);
/** The same of the ingress role. */
const ofIngress = [named(INGRESS_CLAIM), labels({ [ROLE_LABEL]: INGRESS.name })];
const forClaim = (name: string) => put("spec", "claimRef")({ name });
const counted = put("status", "ipAddresses")({ total: 10, used: 3, free: 7, outOfRange: 0 });
const unhurried = new AbortController().signal;
const inTime = (withinMs: number): AbortSignal => AbortSignal.timeout(withinMs);

/** The same client, but for how it gets. */
const getting = (client: Client, get: Client["get"]): Client => ({
  get,
  list: client.list.bind(client),
  create: client.create.bind(client),
  touch: client.touch.bind(client),
  patch: client.patch.bind(client),
  applyStatus: client.applyStatus.bind(client),
  delete: client.delete.bind(client),
  follow: client.follow.bind(client),
});

export function inventoryContract(setUp: () => Promise<Site>): void {
  let client: Client;
  let world: World;
  let namespace: string;
  let clock: StandingClock;
  let inventory: KubeInventory;

  beforeEach(async () => {
    ({ client, world } = await setUp());
    namespace = await world.newNamespace();
    clock = new StandingClock(NOW);
    inventory = new KubeInventory(client, RULES, clock);
  });

  const key = () => ({ namespace, name: NAME });
  const frame = () => ({ now: NOW, rules: RULES, key: key(), spent: undefined });
  const role = (facts: Partial<RoleFacts> = {}): RoleFacts => ({
    role: CONTROL_PLANE,
    claim: absent,
    address: absent,
    reserved: false,
    rivals: [],
    parked: [],
    ...facts,
  });
  /** What is told of both roles. */
  const roles = (endpoint: Partial<RoleFacts> = {}, ingress: Partial<RoleFacts> = {}): RoleFacts[] => [
    role(endpoint),
    role({ role: INGRESS, ...ingress }),
  ];
  const readyClass = async (where = namespace): Promise<KubeObject> =>
    world.writeStatus(CLASSES, wantsVip(await world.create(CLASSES, clusterClass(where))));
  const boundClaim = async (name = CLAIM): Promise<KubeObject> =>
    world.writeStatus(CLAIMS, boundTo(name)(await world.create(CLAIMS, claim(namespace))));
  /** The pools of a test; cluster-scoped ones are everybody's. */
  const ownPools = ({ pools }: Facts) =>
    valueOf(pools)?.filter(
      (one) =>
        one.namespace === namespace || (one.namespace === undefined && one.ref.name === `${namespace}-pool`),
    );

  describe("What is told of a Cluster that is being created", () => {
    const arriving = () => clusterFacts(cluster(namespace));
    const look = (facts = arriving(), signal = unhurried): Promise<Facts> =>
      inventory.gatherForCreate(facts, true, signal);

    test("is that all is absent where nothing is", async () => {
      const facts = await look();
      expect({ ...facts, pools: ownPools(facts) }).toEqual({
        ...frame(),
        occasion: "admission",
        dryRun: true,
        cluster: found(arriving()),
        namesake: absent,
        class: absent,
        pools: [],
        roles: roles(),
      });
    });

    test("is everything that is there: namesake, class, pools, claim and address", async () => {
      await world.create(CLUSTERS, cluster(namespace));
      const aClass = await readyClass();
      await world.writeStatus(POOLS, counted(await world.create(POOLS, pool(namespace))));
      await world.create(GLOBAL_POOLS, globalPool(`${namespace}-pool`));
      const [bound, made] = [await boundClaim(), await world.create(ADDRESSES, address(namespace))];
      const facts = await look();
      const { labels: poolLabels } = pool(namespace).metadata;
      const poolFacts = {
        annotations: {},
        deleting: false,
        labels: poolLabels,
        ranges: [{ family: 4, first: 0x0a00000an, last: 0x0a000013n }],
        prefix: 24,
        gateway: "10.0.0.1",
      };
      expect({ ...facts, pools: ownPools(facts) }).toEqual({
        ...frame(),
        occasion: "admission",
        dryRun: true,
        cluster: found(arriving()),
        namesake: found(true),
        class: found(classFacts(aClass)),
        pools: [
          {
            ...poolFacts,
            ref: { apiGroup: IPAM_API, kind: "InClusterIPPool", name: "own" },
            namespace,
            free: 7,
          },
          {
            ...poolFacts,
            ref: { apiGroup: IPAM_API, kind: "GlobalInClusterIPPool", name: `${namespace}-pool` },
            namespace: undefined,
            free: undefined,
          },
        ],
        roles: roles({ claim: found(claimOf(bound)), address: found(addressFacts(made)) }),
      });
      expect(valueOf(facts.class)?.strings).toEqual(
        new Map([[VARIABLE, { default: undefined, family: undefined, restricted: false }]]),
      );
    });

    test("is claim and address of either role, each under its own name", async () => {
      const [front, endpoint] = [
        await world.create(CLAIMS, claim(namespace, ...ofIngress)),
        await world.create(CLAIMS, claim(namespace)),
      ];
      const made = await world.create(
        ADDRESSES,
        address(namespace, named(INGRESS_CLAIM), forClaim(INGRESS_CLAIM)),
      );
      const facts = await look();
      expect(facts.roles).toEqual(
        roles(
          { claim: found(claimOf(endpoint)) },
          { claim: found(claimOf(front, INGRESS)), address: found(addressFacts(made)) },
        ),
      );
      expect(facts.roles.map((one) => valueOf(one.claim)?.ours)).toEqual([true, true]);
    });

    test("is that a claim with the label of the other role is not ours", async () => {
      await world.create(CLAIMS, claim(namespace, named(INGRESS_CLAIM)));
      expect((await look()).roles).toMatchObject([
        { claim: absent },
        { claim: { state: "found", value: { name: INGRESS_CLAIM, ours: false } } },
      ]);
    });

    test("is what the class says of the variables of both roles", async () => {
      await world.writeStatus(CLASSES, wantsBoth(await world.create(CLASSES, clusterClass(namespace))));
      expect([...(valueOf((await look()).class)?.strings.keys() ?? [])]).toEqual([
        VARIABLE,
        INGRESS_VARIABLE,
      ]);
    });

    test("is nothing of other namespaces, but for their pools, and the class that it names there", async () => {
      const elsewhere = await world.newNamespace();
      await world.create(POOLS, pool(elsewhere));
      await world.create(CLAIMS, claim(elsewhere));
      await world.create(ADDRESSES, address(elsewhere));
      await world.create(CLUSTERS, cluster(elsewhere));
      await readyClass(elsewhere);
      const facts = await look();
      expect(valueOf(facts.pools)).toContainEqual(
        expect.objectContaining({
          namespace: elsewhere,
          ref: expect.objectContaining({ name: "own" }) as unknown,
        }),
      );
      expect(ownPools(facts)).toEqual([]);
      expect(facts).toMatchObject({ namesake: absent, class: absent, roles: roles() });
      const there = await look(clusterFacts(cluster(namespace, ofClass(CLASS, elsewhere))));
      expect(there.class.state).toBe("found");
    });

    test("is that nothing is known, not that nothing is there, once the time is over", async () => {
      await boundClaim();
      const late = unread("there was no answer in time");
      expect(await look(arriving(), AbortSignal.abort())).toMatchObject({
        namesake: late,
        class: late,
        pools: late,
        roles: roles({ claim: late, address: late }, { claim: late, address: late }),
      });
    });
  });

  describe("What is told of a stored Cluster", () => {
    test("is the Cluster, its class, its pools, its claim and its address", async () => {
      const stored = await world.create(CLUSTERS, cluster(namespace));
      const aClass = await readyClass();
      await world.create(POOLS, pool(namespace));
      const [bound, made] = [await boundClaim(), await world.create(ADDRESSES, address(namespace))];
      const facts = await inventory.gather(key());
      expect({ ...facts, pools: ownPools(facts) }).toEqual({
        ...frame(),
        occasion: "watch",
        dryRun: false,
        cluster: found(clusterFacts(stored)),
        namesake: absent,
        class: found(classFacts(aClass)),
        pools: [expect.objectContaining({ namespace })],
        roles: roles({ claim: found(claimOf(bound)), address: found(addressFacts(made)) }),
      });
    });

    test("is no class and no pool where none matters: no topology, or its end", async () => {
      await readyClass();
      await world.create(POOLS, pool(namespace));
      const stored = await world.create(CLUSTERS, cluster(namespace, finalizers(PROTECT)));
      await world.delete(CLUSTERS, stored);
      expect(await inventory.gather(key())).toMatchObject({
        cluster: { state: "found", value: { deleting: true } },
        class: absent,
        pools: found([]),
      });
      const plain = await world.create(CLUSTERS, cluster(namespace, named("plain"), noTopology));
      expect(await inventory.gather({ namespace, name: plain.metadata.name ?? "" })).toMatchObject({
        cluster: { state: "found" },
        class: absent,
        pools: found([]),
      });
    });

    test("is no pool where every VIP that is wanted has its address", async () => {
      await readyClass();
      await world.create(POOLS, pool(namespace));
      await world.create(CLAIMS, claim(namespace));
      await world.create(ADDRESSES, address(namespace, saying(VIP)));
      await world.create(CLUSTERS, cluster(namespace, host(VIP, 6443), ingressOptedOut));
      expect(await inventory.gather(key())).toMatchObject({ class: { state: "found" }, pools: found([]) });
    });

    test.each([
      ["the ingress VIP is still wanted", [host(VIP, 6443)]],
      ["a host has no address of its own: a pool may have it", [host("10.9.9.9", 6443), ingressOptedOut]],
      ["its address has no claim yet", [host(VIP, 6443), ingressOptedOut]],
      ["the ingress VIP on record has none", [host(VIP, 6443), withIngress()]],
    ])("is the pools where %s", async (_what, changes) => {
      await readyClass();
      await world.create(POOLS, pool(namespace));
      await world.create(ADDRESSES, address(namespace, saying(VIP)));
      await world.create(CLUSTERS, cluster(namespace, ...changes));
      expect(ownPools(await inventory.gather(key()))).toHaveLength(1);
    });

    test("is who else was seen with its VIPs, role by role, and never itself", async () => {
      const seen = new Sightings();
      const sighting = (of: Key, address: string, kind = "Cluster") =>
        seen.see({ kind, ...of, key: of }, [address]);
      const red = { namespace: "team-red", name: "red" };
      const green = { namespace: "team-green", name: "green" };
      sighting(key(), VIP);
      sighting(red, VIP);
      sighting(green, "2001:db8::20", "IPAddress");
      sighting(red, "10.9.9.9", "IPAddress");
      await world.create(
        CLUSTERS,
        cluster(namespace, host(VIP, 6443), annotated(INGRESS.annotation, "2001:DB8:0::20")),
      );
      const facts = await new KubeInventory(client, RULES, clock, { seen }).gather(key());
      expect(facts.roles.map(({ rivals }) => rivals)).toEqual([
        [{ kind: "Cluster", ...red }],
        [{ kind: "IPAddress", ...green }],
      ]);
    });

    test("is what it left behind once it is gone", async () => {
      const stored = await world.create(CLUSTERS, cluster(namespace));
      await world.delete(CLUSTERS, stored);
      await boundClaim();
      await world.create(ADDRESSES, address(namespace));
      expect(await inventory.gather(key())).toMatchObject({
        cluster: absent,
        class: absent,
        pools: found([]),
        roles: [
          { claim: { state: "found" }, address: { state: "found" } },
          { claim: absent, address: absent },
        ],
      });
    });

    test("is the address that the claim names, where that is another one", async () => {
      await boundClaim("elsewhere");
      await world.create(ADDRESSES, address(namespace));
      const [before] = (await inventory.gather(key())).roles;
      expect(before?.address).toEqual(absent);
      const other = await world.create(ADDRESSES, address(namespace, named("elsewhere")));
      const [after] = (await inventory.gather(key())).roles;
      expect(after?.address).toEqual(found(addressFacts(other)));
    });

    test("is a claim as young as this process's first sight of its version", async () => {
      const youngest = async (): Promise<number | undefined> => {
        const [only] = (await inventory.gather(key())).roles;
        return only && valueOf(only.claim)?.youngest;
      };
      const made = await world.create(CLAIMS, claim(namespace));
      expect(await youngest()).toBe(NOW);
      clock.at = NOW + 1000;
      expect(await youngest()).toBe(NOW);
      await world.change(CLAIMS, made, labelled("their", "change"));
      expect(await youngest()).toBe(NOW + 1000);
      clock.at = NOW + 2000;
      await world.delete(CLAIMS, made);
      await world.create(CLAIMS, claim(namespace));
      expect(await youngest()).toBe(NOW + 2000);
    });
  });

  describe("A read that fails", () => {
    test.each([
      ["Cluster", CLUSTERS, "cluster"],
      ["class", CLASSES, "class"],
    ] as const)("leaves the %s unread, and tells all else", async (_what, of, field) => {
      await world.create(CLUSTERS, cluster(namespace));
      await readyClass();
      await boundClaim();
      const facts = await new KubeInventory(failing(of), RULES, clock).gather(key());
      expect(facts[field]).toEqual(unread("the server is busy"));
      expect(facts.roles).toMatchObject([
        { claim: { state: "found" }, address: absent },
        { claim: absent, address: absent },
      ]);
    });

    test.each([
      ["claim", CLAIMS, "claim"],
      ["address", ADDRESSES, "address"],
    ] as const)("leaves the %s unread, and tells all else", async (_what, of, field) => {
      await world.create(CLUSTERS, cluster(namespace));
      const facts = await new KubeInventory(failing(of), RULES, clock).gather(key());
      expect(facts.cluster.state).toBe("found");
      const busyRole = { [field]: unread("the server is busy") };
      expect(facts.roles).toEqual(roles(busyRole, busyRole));
    });

    test("by a 404 that does not name what was asked for leaves it unread: nobody said that it is gone", async () => {
      const nobody = new RequestFailed(404, undefined);
      const other = new RequestFailed(404, { message: "no such namespace", details: { name: namespace } });
      for (const error of [nobody, other]) {
        const facts = await new KubeInventory(failing(CLUSTERS, error), RULES, clock).gather(key());
        expect(facts.cluster).toEqual(unread(error.message));
      }
    });

    const busy = new RequestFailed(503, { message: "the server is busy" });
    const failing = (kind: Resource, error = busy): Client =>
      getting(client, async (of, ...rest) => {
        if (of === kind) throw error;
        return client.get(of, ...rest);
      });
  });

  describe("The claim is read before the Cluster", () => {
    /** Somebody does this as soon as the claim has been read, and before anybody hears of it. */
    const afterClaim = (what: () => Promise<unknown>): KubeInventory => {
      const get: Client["get"] = async (of, where, name, signal) => {
        const answer = client.get(of, where, name, signal);
        if (of === CLAIMS && name === CLAIM) await answer.catch(() => undefined).then(what);
        return answer;
      };
      return new KubeInventory(getting(client, get), RULES, clock);
    };

    test("so that a Cluster which is stored in between is found", async () => {
      await world.create(CLAIMS, claim(namespace));
      const facts = await afterClaim(() => world.create(CLUSTERS, cluster(namespace))).gather(key());
      expect(facts.cluster.state).toBe("found");
      expect(facts.roles).toMatchObject([{ claim: { state: "found" } }, { claim: absent }]);
    });

    test("so that a Cluster which goes in between is absent", async () => {
      const stored = await world.create(CLUSTERS, cluster(namespace));
      await world.create(CLAIMS, claim(namespace));
      const facts = await afterClaim(() => world.delete(CLUSTERS, stored)).gather(key());
      expect(facts.cluster).toEqual(absent);
      expect(facts.roles).toMatchObject([{ claim: { state: "found" } }, { claim: absent }]);
    });
  });

  describe("Waiting for an address", () => {
    const LONG_MS = 30_000;

    const wait = (made: KubeObject, signal = inTime(LONG_MS)): Promise<RoleFacts | undefined> => {
      const facts: ClaimFacts = claimOf(made);
      return inventory.awaitAddress(role({ claim: found(facts), reserved: true }), facts, signal);
    };
    const forgotten = put("metadata", "resourceVersion")("1");

    test("tells claim and address that were there before it began", async () => {
      const made = await world.create(CLAIMS, claim(namespace));
      const own = await world.create(ADDRESSES, address(namespace));
      const bound = await world.writeStatus(CLAIMS, boundTo(CLAIM)(made));
      await world.change(CLAIMS, made, labelled("after", "that"));
      expect(await wait(made)).toEqual(
        role({ claim: found(claimOf(bound)), address: found(addressFacts(own)), reserved: true }),
      );
    });

    test("tells claim and address that come meanwhile", async () => {
      const made = await world.create(CLAIMS, claim(namespace));
      const told = wait(made);
      const finalized = await world.change(CLAIMS, made, finalizers(PROTECT));
      const own = await world.create(ADDRESSES, address(namespace));
      const bound = await world.writeStatus(CLAIMS, boundTo(CLAIM)(finalized));
      expect(await told).toEqual(
        role({ claim: found(claimOf(bound)), address: found(addressFacts(own)), reserved: true }),
      );
    });

    test("tells the address that the claim names, and that it is absent where it is", async () => {
      const made = await world.create(CLAIMS, claim(namespace));
      await world.create(ADDRESSES, address(namespace));
      await world.writeStatus(CLAIMS, boundTo("elsewhere")(made));
      expect(await wait(made)).toMatchObject({ claim: { state: "found" }, address: absent });
      const other = await world.create(ADDRESSES, address(namespace, named("elsewhere")));
      expect(await wait(made)).toMatchObject({ address: found(addressFacts(other)) });
    });

    test("ends when the claim begins to go", async () => {
      const made = await world.create(CLAIMS, claim(namespace, finalizers(PROTECT)));
      const told = wait(made);
      await world.delete(CLAIMS, made);
      expect(await told).toMatchObject({
        claim: { state: "found", value: { deleting: true } },
        address: absent,
      });
    });

    test("begins anew where the version has been forgotten", async () => {
      const made = await world.create(CLAIMS, claim(namespace));
      const told = wait(forgotten(made));
      await world.create(ADDRESSES, address(namespace));
      const bound = await world.writeStatus(CLAIMS, boundTo(CLAIM)(made));
      expect(await told).toMatchObject({ claim: found(claimOf(bound)), address: { state: "found" } });
      expect(await wait(forgotten(made))).toMatchObject({ claim: found(claimOf(bound)) });
    });

    test("ends with nothing where the version has been forgotten and the claim is gone", async () => {
      const made = await world.create(CLAIMS, claim(namespace));
      await world.delete(CLAIMS, made);
      expect(await wait(forgotten(made))).toBeUndefined();
    });

    test("ends with nothing when the signal does, before it begins or later", async () => {
      const made = await world.create(CLAIMS, claim(namespace));
      expect(await wait(made, AbortSignal.abort())).toBeUndefined();
      expect(await wait(made, inTime(50))).toBeUndefined();
    });
  });

  describe("Who else has an address", () => {
    let elsewhere: string;

    beforeEach(async () => {
      elsewhere = await world.newNamespace();
    });

    /** Those of this test; others may have the address from before. */
    const holders = async (ip: string, role = CONTROL_PLANE): Promise<readonly Holder[] | undefined> =>
      valueOf(await inventory.holders(ip, key(), role))?.filter((one) =>
        [namespace, elsewhere].includes(one.namespace),
      );

    test("is a Cluster by its endpoint, of any namespace, and in any spelling", async () => {
      await world.create(CLUSTERS, cluster(elsewhere, named("red"), host("2001:DB8:0::10", 6443)));
      await world.create(
        CLUSTERS,
        cluster(namespace, named("green"), host("2001:db8::10", 6443), noTopology),
      );
      await world.create(CLUSTERS, cluster(namespace, named("other"), host("2001:db8::11", 6443)));
      expect(await holders("2001:db8::10")).toEqual([
        { kind: "Cluster", namespace, name: "green" },
        { kind: "Cluster", namespace: elsewhere, name: "red" },
      ]);
    });

    test("is an address that a claim was given, whatever that claim is called", async () => {
      const given = (name: string, ip: string) => [named(name), forClaim(name), saying(ip)] as const;
      await world.create(ADDRESSES, address(elsewhere, ...given("machine-0", "2001:DB8:0::10")));
      await world.create(ADDRESSES, address(namespace, ...given("vip-cp-green", "2001:db8::10")));
      await world.create(ADDRESSES, address(namespace, ...given("vip-cp-red", "2001:db8::11")));
      expect(await holders("2001:db8::10")).toEqual([
        { kind: "IPAddress", namespace, name: "vip-cp-green" },
        { kind: "IPAddress", namespace: elsewhere, name: "machine-0" },
      ]);
    });

    describe("is fleeting, for no event tells when it goes", () => {
      const ours = labelled(ROLE_LABEL, CONTROL_PLANE.name);

      async function isFleeting(ageMs: number, name: string, ...more: Change[]): Promise<unknown> {
        const { metadata } = await world.create(
          ADDRESSES,
          address(namespace, named(name), forClaim(name), ...more),
        );
        clock = new StandingClock(Date.parse(metadata.creationTimestamp ?? "") + ageMs);
        inventory = new KubeInventory(client, RULES, clock);
        return (await holders(VIP))?.[0]?.isFleeting;
      }

      test("while our claim has just been given it", async () => {
        expect(await isFleeting(59_000, "vip-cp-green")).toBe(true);
      });

      test("but not once it is a minute old", async () => {
        expect(await isFleeting(61_000, "vip-cp-green")).toBeUndefined();
      });

      test("nor when our claim has made it its own, for then we hear of it", async () => {
        expect(await isFleeting(0, "vip-cp-green", ours)).toBeUndefined();
      });

      test("nor when it is not of a claim of ours", async () => {
        expect(await isFleeting(0, "machine-0")).toBeUndefined();
      });
    });

    test("is not the Cluster itself, nor what either of its claims was given", async () => {
      await world.create(CLUSTERS, cluster(namespace, host(VIP, 6443)));
      await world.create(ADDRESSES, address(namespace));
      await world.create(ADDRESSES, address(namespace, named(INGRESS_CLAIM), forClaim(INGRESS_CLAIM)));
      await world.create(ADDRESSES, address(namespace, named("by-another-name")));
      expect(await holders(VIP)).toEqual([]);
    });

    test("is to the ingress role also what its own Cluster was given as the endpoint", async () => {
      await world.create(CLUSTERS, cluster(namespace, host(VIP, 6443)));
      await world.create(ADDRESSES, address(namespace));
      await world.create(ADDRESSES, address(namespace, named(INGRESS_CLAIM), forClaim(INGRESS_CLAIM)));
      expect(await holders(VIP, INGRESS)).toEqual([{ kind: "IPAddress", namespace, name: CLAIM }]);
    });

    test("is the Cluster of the same name in another namespace, and its claim", async () => {
      await world.create(CLUSTERS, cluster(elsewhere, host(VIP, 6443)));
      await world.create(ADDRESSES, address(elsewhere));
      expect(await holders(VIP)).toEqual([
        { kind: "Cluster", namespace: elsewhere, name: NAME },
        { kind: "IPAddress", namespace: elsewhere, name: CLAIM },
      ]);
    });

    test("is not an address that is parked: that is out of its pool because somebody else has it", async () => {
      const parked = labelled(ROLE_LABEL, PARKED);
      const name = "vip-parked-10-0-0-10";
      await world.create(ADDRESSES, address(elsewhere, named(name), forClaim(name), parked));
      expect(await holders(VIP)).toEqual([]);
    });

    test("is nobody where nobody has it, though there are names and texts that are no address", async () => {
      await world.create(CLUSTERS, cluster(namespace, named("named"), host("api.example.org", 443)));
      await world.create(CLUSTERS, cluster(namespace, named("none")));
      await world.create(ADDRESSES, address(namespace, named("odd"), forClaim("odd"), saying("10.0.0.0/24")));
      expect(await holders(VIP)).toEqual([]);
    });

    test.each([
      ["Clusters", CLUSTERS],
      ["addresses", ADDRESSES],
    ] as const)("is not known where the %s could not be read", async (_what, kind) => {
      const list: Client["list"] = async (of, ...rest) => {
        if (of === kind) throw new RequestFailed(503, { message: "the server is busy" });
        return client.list(of, ...rest);
      };
      const blind = new KubeInventory({ ...getting(client, client.get.bind(client)), list }, RULES, clock);
      expect(await blind.holders(VIP, key(), CONTROL_PLANE)).toEqual(unread("the server is busy"));
    });

    test("is not known once the time is over", async () => {
      expect(await inventory.holders(VIP, key(), CONTROL_PLANE, AbortSignal.abort())).toEqual(
        unread("there was no answer in time"),
      );
    });
  });

  test("The keys are those of every Cluster, and of every claim and address of ours, each once", async () => {
    const elsewhere = await world.newNamespace();
    await world.create(CLUSTERS, cluster(namespace));
    await world.create(CLUSTERS, cluster(namespace, named("plain"), noTopology));
    await world.create(CLUSTERS, cluster(elsewhere));
    await world.create(CLAIMS, claim(namespace));
    await world.create(CLAIMS, claim(namespace, named("vip-cp-left")));
    await world.create(CLAIMS, claim(namespace, named("vip-cp-strange"), labels(undefined)));
    await world.create(CLAIMS, claim(namespace, named("other")));
    await world.create(CLAIMS, claim(namespace, ...ofIngress, named("vip-ingress-front")));
    await world.create(CLAIMS, claim(namespace, ...ofIngress, named("vip-ingress-left")));
    await world.create(
      CLAIMS,
      claim(namespace, named("vip-parked-10-0-0-10"), labels({ [ROLE_LABEL]: PARKED })),
    );
    const ours = labelled(ROLE_LABEL, CONTROL_PLANE.name);
    await world.create(ADDRESSES, address(namespace, named("pinned"), forClaim("vip-cp-detached"), ours));
    await world.create(ADDRESSES, address(namespace, named("vip-cp-fresh"), forClaim("vip-cp-fresh")));
    const keys = await inventory.keys();
    const own = keys.filter((one) => [namespace, elsewhere].includes(one.namespace));
    expect(own.map((one) => `${one.namespace}/${one.name}`).sort()).toEqual(
      [
        ...["blue", "detached", "front", "left", "plain"].map((name) => `${namespace}/${name}`),
        `${elsewhere}/blue`,
      ].sort(),
    );
  });
}
