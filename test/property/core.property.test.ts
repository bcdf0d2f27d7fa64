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
import {
  ALLOW_CHANGE,
  DELETE_FOR_MOVE,
  HOLD,
  LIFTED,
  OUR_PAUSE,
  PAUSED,
  RELEASED,
} from "../../lib/core/contract";
import { claimName, clusterOfClaim, CONTROL_PLANE, ROLES } from "../../lib/core/roles";
import { hasOptedOut, hostOf, isHeld } from "../../lib/core/situation";
import { tidy } from "../../lib/core/tidy";
import { clusterChanges, pools, storedFacts } from "../gen/arbitrary";
import { poolOf } from "../gen/facts";
import { CLASS, deepFreeze, NAMESPACE, put, stored } from "../gen/objects";

/** As JSON has them: without fields that are undefined. */
const clusters = clusterChanges.map(
  (changes) => JSON.parse(JSON.stringify(stored(...changes))) as KubeObject,
);

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
  const restored = (old: KubeObject, now: KubeObject): KubeObject => {
    const { edit, refusal } = restore(clusterFacts(old), clusterFacts(now));
    return refusal ? now : applyEdit(now, edit);
  };

  test("that changes nothing is left as it is, unless an entry is empty or a way out still has our pause", () => {
    fc.assert(
      fc.property(clusters, (object) => {
        const facts = clusterFacts(object);
        const isEmptied = ROLES.some(({ variable }) => facts.variables.get(variable) === "");
        fc.pre(!isEmptied && !isHeld(facts));
        const { edit, refusal, warnings } = restore(facts, facts);
        expect([refusal, warnings]).toEqual([undefined, []]);
        expect(Object.keys(edit.annotations ?? {}).filter((key) => key !== PAUSED)).toEqual([]);
        // A label that lags behind its record follows.
        expect({ ...edit, annotations: undefined, labels: undefined }).toEqual({});
      }),
      { numRuns: 250 },
    );
  });

  test("that was answered once needs no second answer, for either role", () => {
    fc.assert(
      fc.property(clusters, clusters, (old, now) => {
        const once = restored(old, now);
        fc.pre(restore(clusterFacts(old), clusterFacts(now)).refusal === undefined);
        expect(restored(old, once)).toEqual(once);
        expect(restore(clusterFacts(old), clusterFacts(once)).refusal).toBeUndefined();
      }),
      { numRuns: 250 },
    );
  });

  test("whose answer is stored changes nothing when it is sent again", () => {
    fc.assert(
      fc.property(clusters, clusters, (old, now) => {
        fc.pre(restore(clusterFacts(old), clusterFacts(now)).refusal === undefined);
        const once = restored(old, now);
        const again = restore(clusterFacts(once), clusterFacts(once));
        expect(again.refusal).toBeUndefined();
        expect(Object.keys(again.edit).filter((part) => part !== "annotations")).toEqual([]);
      }),
      { numRuns: 250 },
    );
  });

  test("keeps a VIP that is recorded, in either role, unless its user says which other it is to be", () => {
    fc.assert(
      fc.property(clusters, clusters, (old, now) => {
        const [before, wished] = [clusterFacts(old), clusterFacts(now)];
        fc.pre(
          restore(before, wished).refusal === undefined && wished.annotations[ALLOW_CHANGE] === undefined,
        );
        fc.pre(wished.class !== undefined && !wished.deleting && !(DELETE_FOR_MOVE in wished.annotations));
        const after = clusterFacts(restored(old, now));
        for (const role of ROLES) {
          const vip = hostOf(before, role);
          const isRecorded = sameHost(vip, before.annotations[role.annotation]);
          const isOut = [RELEASED, LIFTED].includes(wished.annotations[HOLD] ?? "") && role.isEndpoint;
          // The endpoint comes first, and may need the address.
          const makesWay = !role.isEndpoint && isHeld(wished) && wished.endpoint.host === undefined;
          if (!isRecorded || isOut || makesWay || hasOptedOut(wished, role)) continue;
          expect(sameHost(hostOf(after, role), vip)).toBe(true);
          expect(sameHost(after.annotations[role.annotation], vip)).toBe(true);
        }
      }),
      { numRuns: 250 },
    );
  });

  test("never loses a host that its user wrote where none was recorded, nor a pause that is theirs", () => {
    fc.assert(
      fc.property(clusters, clusters, (old, now) => {
        const was = clusterFacts(old);
        const before = clusterFacts(now);
        const after = clusterFacts(restored(old, now));
        const isRecorded = sameHost(was.endpoint.host, was.annotations[CONTROL_PLANE.annotation]);
        if (before.endpoint.host !== undefined && !isRecorded)
          expect(after.endpoint.host).toBe(before.endpoint.host);
        const pause = before.annotations[PAUSED];
        if (pause !== undefined && pause !== OUR_PAUSE) expect(after.annotations[PAUSED]).toBe(pause);
        expect(after.specPaused).toBe(before.specPaused);
      }),
      { numRuns: 250 },
    );
  });

  test("of a role that is no endpoint changes nothing of the endpoint, and never holds", () => {
    fc.assert(
      fc.property(clusters, clusters, (old, now) => {
        const without = put("metadata", "annotations", CONTROL_PLANE.optOut)("false")(now);
        const { edit } = restore(clusterFacts(old), clusterFacts(without));
        expect(edit.endpoint).toBeUndefined();
        expect(edit.annotations?.[HOLD] ?? null).toBeNull();
        expect(edit.annotations?.[PAUSED] ?? null).toBeNull();
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
