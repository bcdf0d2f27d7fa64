/** What no plan may ever do, whatever the facts are. */
import fc from "fast-check";
import { applyEdit, isEmpty } from "../../lib/core/edit";
import {
  valueOf,
  type AddressFacts,
  type ClaimFacts,
  type ClusterFacts,
  type Facts,
  type RoleFacts,
} from "../../lib/core/facts";
import { plan, writesOf, type Plan } from "../../lib/core/plan";
import type { Step } from "../../lib/core/row";
import { canonicalAddress, sameHost } from "../../lib/core/address";
import { createTable } from "../../lib/core/create-table";
import { hostOf, isHeld, isPausedByUser } from "../../lib/core/situation";
import { HOLD, PAUSED } from "../../lib/core/contract";
import { mayReserve, samePool } from "../../lib/core/pool-choice";
import { claimName, CONTROL_PLANE, type Role } from "../../lib/core/roles";
import { goneTable } from "../../lib/core/gone-table";
import { watchTable } from "../../lib/core/watch-table";
import { anyFacts, createFacts, goneFacts, storedFacts, clusterChanges } from "../gen/arbitrary";
import { creating, watching } from "../gen/facts";
import { address, bound, claim, cluster, deepFreeze, held, owned, secured, stored } from "../gen/objects";

interface Scene {
  readonly facts: Facts;
  /** For the one role. */
  readonly plan: Plan;
  readonly role: Role;
  readonly cluster: ClusterFacts | undefined;
  /** The VIP that is in place. */
  readonly host: string | undefined;
  /** The VIP that the plan puts in place. */
  readonly written: string | null | undefined;
  readonly claim: ClaimFacts | undefined;
  readonly address: AddressFacts | undefined;
}

function sceneOf(of: Facts, role: RoleFacts): Scene {
  const facts = { ...of, roles: [role] };
  const made = plan(facts);
  const cluster = valueOf(facts.cluster);
  return {
    facts,
    plan: made,
    role: role.role,
    cluster,
    host: cluster && hostOf(cluster, role.role),
    written: role.role.isEndpoint ? made.edit.endpoint?.host : made.edit.annotations?.[role.role.annotation],
    claim: valueOf(role.claim),
    address: valueOf(role.address),
  };
}

/** Checks a law against many facts, a role at a time; where it breaks, fast-check prints seed and the smallest facts. */
function law(title: string, facts: fc.Arbitrary<Facts>, holds: (scene: Scene) => void): void {
  test(title, () => {
    fc.assert(
      fc.property(facts, (some) => some.roles.forEach((role) => holds(sceneOf(some, role)))),
      { numRuns: 250 },
    );
  });
}

const kinds = ({ steps }: Plan): Step["kind"][] => steps.map(({ kind }) => kind);
const does = (made: Plan, kind: Step["kind"]): boolean => kinds(made).includes(kind);

describe("A plan", () => {
  law("comes from a row of its table, for any facts there are", anyFacts, ({ plan, facts, cluster }) => {
    const table = !cluster ? goneTable : facts.occasion === "admission" ? createTable : watchTable;
    expect(table.map(({ name }) => name)).toContain(plan.decisions[0]?.row);
  });

  law("is the same for the same facts", anyFacts, (scene) => {
    expect(plan(scene.facts)).toEqual(scene.plan);
  });

  law("has at most one step of a kind", anyFacts, ({ plan }) => {
    expect(new Set(kinds(plan)).size).toBe(plan.steps.length);
  });

  law("never changes a host that is set", anyFacts, ({ plan, cluster }) => {
    if (cluster?.endpoint.host !== undefined && plan.edit.endpoint)
      expect(plan.edit.endpoint.host ?? cluster.endpoint.host).toBe(cluster.endpoint.host);
  });

  law("never changes a port that is set beside a host", anyFacts, ({ plan, cluster }) => {
    const { host, port } = cluster?.endpoint ?? {};
    if (host !== undefined && port !== undefined) expect(plan.edit.endpoint).toBeUndefined();
  });

  law("gives a Cluster without a VIP its own claim's address, or what its user wrote", anyFacts, (scene) => {
    const { plan, role, cluster, claim, address, host: before, written: host } = scene;
    if (typeof host !== "string" || before !== undefined) return;
    if (plan.decisions[0]?.verdict.reason === "UserProvided")
      return expect(cluster?.variables.get(role.variable)).toBe(host);
    expect(host).toBe(address?.address);
    expect(address?.deletingSince).toBeUndefined();
    expect(claim).toMatchObject({ ours: true, deleting: false });
    expect([undefined, cluster?.uid]).toContain(claim?.owner?.uid);
  });

  law(
    "makes a claim only where neither claim is, nor an address but the one pinned for it",
    anyFacts,
    (scene) => {
      const { plan, facts, address } = scene;
      if (!does(plan, "create-claim")) return;
      expect(facts.roles[0]?.claim.state).toBe("absent");
      if (address) expect(address).toMatchObject({ inUse: false, pinnedAt: expect.any(Number) as number });
      const before = address ? [] : ["pin-address"];
      expect([["create-claim"], [...before, "create-claim"]]).toContainEqual(kinds(plan));
    },
  );

  law(
    "makes no second address for the one that its user gave",
    anyFacts,
    ({ plan, host, address, cluster, role }) => {
      const variable = cluster?.variables.get(role.variable);
      const given = canonicalAddress(host ?? (typeof variable === "string" ? variable : ""));
      for (const step of plan.steps) {
        if (step.kind !== "pin-address") continue;
        expect(step.pin.address).toBe(given);
        expect(address).toBeUndefined();
        expect(step.claim.pool).toEqual(step.pin.pool.ref);
      }
    },
  );

  law(
    "claims from the pool that has the address, where its user gave one that a pool has",
    anyFacts,
    (scene) => {
      const { plan, facts, host } = scene;
      const address = canonicalAddress(host ?? "");
      if (address === undefined) return;
      for (const step of plan.steps) {
        if (step.kind !== "create-claim") continue;
        const pools = (valueOf(facts.pools) ?? []).filter(({ ref }) => samePool(ref, step.claim.pool));
        const { namespace } = facts.key;
        expect(pools.some((pool) => mayReserve(pool, { address, namespace }))).toBe(true);
      }
    },
  );

  law("puts no VIP in place, nor claims for it, that somebody else is known to have", anyFacts, (scene) => {
    const { plan, facts, host, cluster, role, written } = scene;
    const { holders } = facts.roles[0] ?? {};
    const isTaken = holders?.state === "found" && holders.value.length > 0;
    if (!isTaken) return;
    expect(kinds(plan).filter((kind) => ["pin-address", "protect-address"].includes(kind))).toEqual(
      host === undefined ? [] : (expect.any(Array) as unknown),
    );
    if (host === undefined && plan.decisions[0]?.verdict.reason !== "UserProvided")
      expect(written).toBeUndefined();
    if (cluster && role.isEndpoint && isHeld(cluster) && !cluster.hasRefs && host === undefined)
      expect(plan.edit.annotations?.["cluster.x-k8s.io/paused"]).not.toBe(null);
  });

  law("of a role that is no endpoint holds nothing, and edits nothing of the endpoint", anyFacts, (scene) => {
    const { plan, role, cluster, facts } = scene;
    if (role.isEndpoint) return;
    expect(plan.edit.endpoint).toBeUndefined();
    expect(plan.edit.variables ?? {}).not.toHaveProperty(CONTROL_PLANE.variable);
    expect(plan.edit.annotations ?? {}).not.toHaveProperty([CONTROL_PLANE.annotation]);
    // What concerns the Cluster as a whole is said for each of its roles.
    if (
      ["held and being deleted", "a hold that is over is tidied away"].includes(plan.decisions[0]?.row ?? "")
    )
      return;
    expect(Object.keys(plan.edit.annotations ?? {}).filter((key) => [HOLD, PAUSED].includes(key))).toEqual(
      [],
    );
    if (facts.occasion === "watch" && cluster) expect(plan.waitFor).toBeUndefined();
  });

  law(
    "parks an address only that its own claim was given and another has, and gives that claim back",
    anyFacts,
    (scene) => {
      const { plan, address, claim, facts } = scene;
      const park = plan.steps.find((step) => step.kind === "park-address");
      if (!park) return;
      expect(facts.roles[0]?.holders?.state).toBe("found");
      expect([park.pin.address, park.pin.pool.ref]).toEqual([address?.address, claim?.pool]);
      expect(kinds(plan)).toEqual(["park-address", "delete-claim"]);
    },
  );

  law("never touches a stranger's claim", anyFacts, ({ plan, claim }) => {
    if (claim?.ours === false)
      expect(kinds(plan).filter((kind) => kind.endsWith("-claim") && kind !== "unlabel-claim")).toEqual([]);
  });

  law("never deletes the claim of the address that is the host", anyFacts, ({ plan, host, address }) => {
    // But for one that is held with an address that another has.
    const isGivenWay = plan.decisions[0]?.row === "the VIP is another's too";
    if (does(plan, "delete-claim") && !isGivenWay) expect(sameHost(host, address?.address)).toBe(false);
  });

  law(
    "releases a terminating address only, and never the host of a Cluster that lives",
    anyFacts,
    (scene) => {
      const { plan, facts, host, address } = scene;
      if (!does(plan, "release-address")) return;
      expect(address).toMatchObject({ inUse: true, deletingSince: expect.any(Number) as number });
      expect(facts.cluster.state).not.toBe("unread");
      expect(sameHost(host, address?.address)).toBe(false);
    },
  );

  law("respects the quarantine", anyFacts, ({ plan, address, facts }) => {
    if (does(plan, "release-address"))
      expect(facts.now - (address?.deletingSince ?? 0)).toBeGreaterThanOrEqual(facts.rules.quarantineMs);
  });

  law("writes nothing but a hold where something could not be read", anyFacts, ({ plan, facts }) => {
    const { claim, address } = facts.roles[0] ?? {};
    const reads = [
      facts.cluster,
      facts.namesake,
      claim,
      address,
      facts.cluster.state === "found" ? facts.class : undefined,
    ];
    if (!reads.some((read) => read?.state === "unread")) return;
    expect(plan.steps).toEqual([]);
    expect(Object.keys(plan.edit).filter((part) => part !== "annotations")).toEqual([]);
  });

  law("looks again at a time that is yet to come", anyFacts, ({ plan }) => {
    if (plan.lookAgainMs !== undefined) expect(plan.lookAgainMs).toBeGreaterThan(0);
  });

  law("pauses only in our name, and unpauses only our own pause", anyFacts, ({ plan, cluster }) => {
    const { "cluster.x-k8s.io/paused": pause } = plan.edit.annotations ?? {};
    const now = cluster?.annotations["cluster.x-k8s.io/paused"];
    if (pause === null) expect(now).toBe("vip.capi.gorizond.io/hold");
    if (typeof pause === "string") expect([pause, now]).toEqual(["vip.capi.gorizond.io/hold", undefined]);
  });

  law("never writes spec.paused", anyFacts, ({ plan, cluster }) => {
    if (!cluster) return;
    const after = applyEdit(cluster.source, plan.edit)["spec"] as { paused?: boolean };
    expect(after.paused).toBe((cluster.source["spec"] as { paused?: boolean }).paused);
  });
});

describe("A plan for a create", () => {
  law("pins, creates or reserves, and does nothing else to the world", createFacts, ({ plan }) => {
    const allowed: Step["kind"][] = ["pin-address", "create-claim", "reserve-claim"];
    expect(kinds(plan).filter((kind) => !allowed.includes(kind))).toEqual([]);
  });

  law("owns nothing, because the Cluster has no UID yet", createFacts, ({ plan }) => {
    for (const step of plan.steps) if (step.kind === "create-claim") expect(step.claim.owner).toBeUndefined();
  });

  law("takes no step in a dry-run", createFacts, ({ plan, facts }) => {
    if (facts.dryRun) expect([plan.steps, plan.waitFor]).toEqual([[], undefined]);
  });

  law("takes no step and waits for nothing when the time is spent", createFacts, ({ plan, facts }) => {
    if (facts.spent !== undefined) expect([plan.steps, plan.waitFor]).toEqual([[], undefined]);
  });

  law("uses an address only after it was reserved", createFacts, ({ plan, facts }) => {
    if (plan.decisions[0]?.verdict.reason === "Assigned")
      expect(facts.dryRun || facts.roles[0]?.reserved).toBe(true);
  });

  law(
    "holds a Cluster of our concern, or completes it, or says why not",
    createFacts,
    ({ plan, facts, role }) => {
      const [decision] = plan.decisions;
      const goesOn = plan.steps.length > 0 || plan.waitFor || plan.looks.length > 0;
      if (goesOn || !isEmpty(plan.edit) || facts.dryRun || !role.isEndpoint) return;
      expect([
        "OptedOut",
        "NotManaged",
        "NoMatchingPool",
        "UserProvided",
        "PoolRequired",
        "HostAndVariableDiffer",
        "InsideOwnNetwork",
        "AddressTaken",
        // Only where a copied hold stands already, which tidying takes away before.
        "Assigned",
      ]).toContain(decision?.verdict.reason);
    },
  );
});

describe("A plan for a stored Cluster", () => {
  law("GB2 never uses the claim of a former Cluster, in any role", storedFacts, (scene) => {
    const { plan, cluster, claim, address, host, written } = scene;
    const isFormers = cluster && claim?.owner && claim.owner.uid !== cluster.uid;
    if (!isFormers || host !== undefined) return;
    expect(typeof written === "string" && sameHost(written, address?.address)).toBe(
      typeof written === "string" && sameHost(written, cluster.variables.get(scene.role.variable) as string),
    );
    expect(kinds(plan).filter((kind) => kind === "adopt-claim" || kind === "reserve-claim")).toEqual([]);
  });

  law(
    "GB17 makes no claim for a Cluster that is being deleted, in any role",
    storedFacts,
    ({ plan, cluster }) => {
      if (cluster?.deleting)
        expect(kinds(plan).filter((kind) => /^(create|pin|park)-/.test(kind))).toEqual([]);
    },
  );

  law("never writes a Cluster that its user pauses", storedFacts, ({ plan, cluster }) => {
    // One that is held and deleted is the known gap of the watch table's test.
    if (cluster && isPausedByUser(cluster) && !(isHeld(cluster) && cluster.deleting))
      expect(plan.edit).toEqual({});
  });

  law("never labels the claim of a Cluster that is paused or held", storedFacts, ({ plan, cluster }) => {
    if (cluster && plan.steps.some((step) => step.kind === "adopt-claim" && step.cluster !== undefined)) {
      expect(isPausedByUser(cluster)).toBe(false);
      expect(isHeld(cluster)).toBe(false);
    }
  });

  law("secures the address before the claim", storedFacts, ({ plan }) => {
    const order: Step["kind"][] = ["protect-address", "adopt-claim"];
    const taken = kinds(plan).filter((kind) => order.includes(kind));
    expect(taken).toEqual(order.filter((kind) => taken.includes(kind)));
  });

  law("completes a Cluster only with an address that is secured for it", storedFacts, (scene) => {
    const { plan, cluster, host, written, address } = scene;
    if (plan.decisions[0]?.verdict.reason === "UserProvided") return;
    if (host === undefined && typeof written === "string")
      expect(address).toMatchObject({ inUse: true, labelled: true, clusterUid: cluster?.uid });
  });

  law("leaves machines that run alone, unless held or told to apply late", storedFacts, (scene) => {
    const { plan, role, cluster, host } = scene;
    if (!cluster || !cluster.started || isHeld(cluster)) return;
    if (cluster.annotations["vip.capi.gorizond.io/apply-late"] === "true") return;
    expect(plan.edit.endpoint?.host === undefined || cluster.endpoint.host !== undefined).toBe(true);
    // Switched off, what was written is taken back.
    expect(Object.values(plan.edit.variables ?? {}).filter((value) => value !== null)).toEqual([]);
    if (role.isEndpoint && host === undefined) expect(does(plan, "create-claim")).toBe(false);
  });

  law("never warns, for nobody is there to hear it", storedFacts, ({ plan }) => {
    for (const { warn } of plan.decisions) expect(warn ?? false).toBe(false);
  });

  law("never removes a hold without our pause going with it", storedFacts, ({ plan, cluster }) => {
    if (!cluster || !isHeld(cluster) || plan.edit.annotations?.["vip.capi.gorizond.io/hold"] !== null) return;
    const after = applyEdit(cluster.source, plan.edit).metadata.annotations ?? {};
    expect(after["cluster.x-k8s.io/paused"]).not.toBe("vip.capi.gorizond.io/hold");
  });
});

describe("A plan for what a Cluster left behind", () => {
  law("releases and sweeps, and nothing else", goneFacts, ({ plan }) => {
    const allowed: Step["kind"][] = ["release-address", "delete-claim", "delete-address"];
    expect(kinds(plan).filter((kind) => !allowed.includes(kind))).toEqual([]);
    expect(plan.edit).toEqual({});
  });

  law("sweeps nobody's claims only, and never under two minutes", goneFacts, ({ plan, claim, facts }) => {
    if (!does(plan, "delete-claim")) return;
    expect(claim).toMatchObject({ ours: true, owner: undefined, deleting: false });
    expect(facts.now - (claim?.youngest ?? 0)).toBeGreaterThanOrEqual(120_000);
  });
});

describe("A plan for two roles", () => {
  const whole = (title: string, facts: fc.Arbitrary<Facts>, holds: (some: Facts, made: Plan) => void): void =>
    test(title, () =>
      fc.assert(
        fc.property(facts, (some) => holds(some, plan(some))),
        { numRuns: 250 },
      ),
    );

  whole("is for each what it is for that role alone", anyFacts, (facts, { decisions }) => {
    const alone = facts.roles.flatMap((role) => plan({ ...facts, roles: [role] }).decisions);
    expect(decisions).toEqual(alone);
  });

  whole("writes the Cluster at most once a pass, after the steps of a role", storedFacts, (facts, made) => {
    const writes = writesOf(made, valueOf(facts.cluster)).map(({ steps }) => steps.map(({ kind }) => kind));
    const edits = writes.filter((steps) => steps.includes("edit-cluster"));
    expect(edits.length).toBe(isEmpty(made.edit) || !valueOf(facts.cluster) ? 0 : 1);
    for (const steps of edits) expect(steps.indexOf("edit-cluster")).toBe(steps.length - 1);
  });

  whole("touches what belongs to each role, and nothing of the other's", anyFacts, (facts, { decisions }) => {
    for (const { role, steps = [] } of decisions)
      for (const step of steps) {
        const name = "claim" in step ? step.claim.name : "address" in step ? step.address.name : "";
        expect([claimName(role, facts.key.name), "vip-parked-"]).toContainEqual(
          name.startsWith("vip-parked-") ? "vip-parked-" : name,
        );
      }
  });
});

test("admission and watch give one and the same Cluster for the same claim", () => {
  fc.assert(
    fc.property(clusterChanges, (changes) => {
      const arriving = plan(
        creating({ cluster: cluster(...changes), reserved: true, claim: claim(bound), address: address() }),
      );
      fc.pre(arriving.decisions[0]?.row === "bound");
      const later = plan(
        deepFreeze(
          watching({
            cluster: stored(...changes, held("WaitingForAddress")),
            claim: claim(bound, owned()),
            address: address(secured()),
          }),
        ),
      );
      fc.pre(later.decisions[0]?.row === "complete");
      expect(later.edit.endpoint).toEqual(arriving.edit.endpoint);
      expect(later.edit.variables).toEqual(arriving.edit.variables);
    }),
    { numRuns: 250 },
  );
});
