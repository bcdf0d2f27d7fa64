/** What holds for any name, address, listing and update. */
import { isIP } from "node:net";
import fc from "fast-check";
import { applyPatch, compare } from "fast-json-patch";
import { clusterFacts } from "../../lib/adapters/kube-objects";
import { canonicalAddress, sameHost } from "../../lib/core/address";
import { applyEdit, mergeEdits, type Edit } from "../../lib/core/edit";
import type { KubeObject } from "../../lib/core/facts";
import { plan } from "../../lib/core/plan";
import { choosePool } from "../../lib/core/pool-choice";
import { restore } from "../../lib/core/restore";
import { claimName, clusterOfClaim, ROLES } from "../../lib/core/roles";
import { isHeld } from "../../lib/core/situation";
import { tidy } from "../../lib/core/tidy";
import { clusterChanges, pools, storedFacts } from "../gen/arbitrary";
import { poolOf } from "../gen/facts";
import { CLASS, deepFreeze, NAMESPACE, stored, VARIABLE } from "../gen/objects";

const clusters = clusterChanges.map((changes) => stored(...changes));

describe("The choice of a pool", () => {
  test("does not depend on the order of the listing", () => {
    const wish = { namespace: NAMESPACE, className: CLASS, role: "control-plane" };
    const listings = pools.chain((listing) =>
      fc.tuple(fc.constant(listing), fc.shuffledSubarray(listing, { minLength: listing.length })),
    );
    fc.assert(
      fc.property(listings, ([one, other]) => {
        expect(choosePool(other.map(poolOf), wish)).toEqual(choosePool(one.map(poolOf), wish));
      }),
    );
  });

  test("takes what matches and accounts for every other that does", () => {
    const wish = { namespace: NAMESPACE, className: CLASS, role: "control-plane" };
    fc.assert(
      fc.property(pools, (listing) => {
        const { matching, chosen, passedOver } = choosePool(listing.map(poolOf), wish);
        expect(passedOver).toHaveLength(matching.length - (chosen ? 1 : 0));
        if (chosen) expect(matching).toContain(chosen);
      }),
    );
  });
});

describe("An address", () => {
  const texts = fc.oneof(fc.ipV4(), fc.ipV6(), fc.string(), fc.domain());

  test("is one exactly when Node says so, zones apart", () => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(canonicalAddress(text) !== undefined).toBe(!text.includes("%") && isIP(text) !== 0);
      }),
      { numRuns: 250 },
    );
  });

  test("in its canonical form stays as it is, and is the same host", () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        const canonical = canonicalAddress(text) ?? "";
        expect(canonicalAddress(canonical)).toBe(canonical);
        expect(sameHost(text, canonical)).toBe(true);
      }),
      { numRuns: 250 },
    );
  });

  test("is the same host in both directions", () => {
    fc.assert(
      fc.property(texts, texts, (one, other) => {
        expect(sameHost(one, other)).toBe(sameHost(other, one));
      }),
    );
  });
});

describe("A claim's name", () => {
  const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?$/);

  test("leads back to the Cluster it was made for, in every role", () => {
    fc.assert(
      fc.property(label, fc.constantFrom(...ROLES), (name, role) => {
        expect(clusterOfClaim(claimName(role, name))).toBe(name);
        expect(claimName(role, name)).toMatch(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/);
      }),
    );
  });
});

describe("A change", () => {
  const edits: fc.Arbitrary<Edit> = fc.oneof(
    storedFacts.map((facts) => plan(facts).edit),
    fc.tuple(clusters, clusters).map(([old, now]) => restore(clusterFacts(old), clusterFacts(now)).edit),
  );
  const tilt = (object: KubeObject, edit: Edit): KubeObject =>
    applyEdit(object, deepFreeze(structuredClone(edit)));

  test("as a JSON patch gives on the original what it gives by itself", () => {
    fc.assert(
      fc.property(clusters, edits, (object, edit) => {
        const after = tilt(object, edit);
        expect(applyPatch(structuredClone(object), compare(object, after), true).newDocument).toEqual(after);
      }),
    );
  });

  test("made twice is the same as made once", () => {
    fc.assert(
      fc.property(clusters, edits, (object, edit) => {
        const once = tilt(object, edit);
        expect(tilt(once, edit)).toEqual(once);
      }),
    );
  });

  test("merged with another is the same as one after the other", () => {
    fc.assert(
      fc.property(clusters, edits, edits, (object, one, other) => {
        const facts = (of: KubeObject): unknown => ({ ...clusterFacts(of), source: undefined });
        expect(facts(tilt(object, mergeEdits(one, other)))).toEqual(facts(tilt(tilt(object, one), other)));
      }),
    );
  });
});

describe("An update", () => {
  const restored = (old: KubeObject, now: KubeObject): KubeObject =>
    applyEdit(now, restore(clusterFacts(old), clusterFacts(now)).edit);

  test("that changes nothing is left as it is, unless an entry is empty or a way out still has our pause", () => {
    fc.assert(
      fc.property(clusters, (object) => {
        const facts = clusterFacts(object);
        fc.pre(facts.variables.get(VARIABLE) !== "" && !isHeld(facts));
        const { edit } = restore(facts, facts);
        expect(
          Object.keys(edit.annotations ?? {}).filter((key) => key !== "cluster.x-k8s.io/paused"),
        ).toEqual([]);
        expect({ ...edit, annotations: undefined }).toEqual({ annotations: undefined });
      }),
      { numRuns: 250 },
    );
  });

  test("that was answered once needs no second answer", () => {
    fc.assert(
      fc.property(clusters, clusters, (old, now) => {
        const once = restored(old, now);
        expect(restored(old, once)).toEqual(once);
      }),
      { numRuns: 250 },
    );
  });

  test("never loses a host that its user wrote, nor a pause that is theirs", () => {
    fc.assert(
      fc.property(clusters, clusters, (old, now) => {
        const before = clusterFacts(now);
        const after = clusterFacts(restored(old, now));
        if (before.endpoint.host !== undefined) expect(after.endpoint.host).toBe(before.endpoint.host);
        const pause = before.annotations["cluster.x-k8s.io/paused"];
        if (pause !== undefined && pause !== "vip.capi.gorizond.io/hold")
          expect(after.annotations["cluster.x-k8s.io/paused"]).toBe(pause);
        expect(after.specPaused).toBe(before.specPaused);
      }),
      { numRuns: 250 },
    );
  });
});

test("a manifest that was tidied is tidy", () => {
  fc.assert(
    fc.property(clusters, (object) => {
      const once = applyEdit(object, tidy(clusterFacts(object), "x7k2q"));
      expect(tidy(clusterFacts(once), "x7k2q")).toEqual({});
    }),
  );
});
