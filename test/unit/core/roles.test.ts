/** Which VIPs a Cluster can have, and how claims are named after them. */
import { PREFIX } from "../../../lib/core/contract";
import {
  claimName,
  clusterOfClaim,
  CONTROL_PLANE,
  INGRESS,
  PARKED,
  parkedName,
  ROLES,
} from "../../../lib/core/roles";

describe("The roles", () => {
  test("keep the names that users of the Go original know", () => {
    expect(CONTROL_PLANE).toEqual({
      name: "control-plane",
      claimPrefix: "vip-cp-",
      variable: "clusterVip",
      annotation: `${PREFIX}control-plane-vip`,
      replaced: `${PREFIX}control-plane-vip-replaced`,
      label: undefined,
      optOut: `${PREFIX}control-plane-enabled`,
      condition: "ControlPlaneVIPReady",
      isEndpoint: true,
    });
    expect(INGRESS).toEqual({
      name: "ingress",
      claimPrefix: "vip-ingress-",
      variable: "ingressVip",
      annotation: `${PREFIX}ingress-vip`,
      replaced: `${PREFIX}ingress-vip-replaced`,
      label: `${PREFIX}ingress-vip`,
      optOut: `${PREFIX}ingress-enabled`,
      condition: "IngressVIPReady",
      isEndpoint: false,
    });
  });

  test("GB4 are looked at with the endpoint first, and there is one endpoint only", () => {
    expect(ROLES.map(({ isEndpoint }) => isEndpoint)).toEqual([true, false]);
  });

  test("share no name, prefix, variable or annotation", () => {
    for (const field of ["name", "claimPrefix", "variable", "annotation", "replaced", "optOut"] as const)
      expect(new Set(ROLES.map((role) => role[field])).size).toBe(ROLES.length);
  });
});

describe("A claim's name", () => {
  test("leads back to its Cluster", () => {
    expect(claimName(CONTROL_PLANE, "blue")).toBe("vip-cp-blue");
    expect(clusterOfClaim("vip-cp-blue")).toBe("blue");
    expect(clusterOfClaim("vip-cp-vip-cp-blue")).toBe("vip-cp-blue");
    expect(claimName(INGRESS, "blue")).toBe("vip-ingress-blue");
    expect(clusterOfClaim("vip-ingress-blue")).toBe("blue");
    expect(clusterOfClaim("vip-ingress-vip-cp-blue")).toBe("vip-cp-blue");
  });

  test.each(["", "vip-cp-", "vip-ingress-", "blue", "vip-", "my-vip-cp-blue", "vip-parked-10-0-0-10"])(
    "%j is none of ours",
    (name) => {
      expect(clusterOfClaim(name)).toBeUndefined();
    },
  );
});

describe("The name of what is parked", () => {
  test.each([
    ["10.0.0.10", "vip-parked-10-0-0-10-inclusterippool-own"],
    ["2001:db8::", "vip-parked-2001-0db8-0000-0000-0000-0000-0000-0000-inclusterippool-own"],
  ])("says the address %s and its pool in letters that a name may have", (address, name) => {
    expect(parkedName(address, { kind: "InClusterIPPool", name: "own" })).toBe(name);
    expect(name).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
  });

  test("is another one for another address or pool, and never too long", () => {
    const own = { kind: "InClusterIPPool", name: "own" };
    const names = [
      parkedName("2001:db8::1:2", own),
      parkedName("2001:db8:1::2", own),
      parkedName("10.0.0.10", own),
      parkedName("10.0.0.10", { ...own, kind: "GlobalInClusterIPPool" }),
    ];
    expect(new Set(names).size).toBe(names.length);
    expect(parkedName("10.0.0.10", { ...own, name: "p".repeat(250) })).toHaveLength(253);
  });

  test("belongs to no role", () => {
    expect(ROLES.map(({ name }) => name)).not.toContain(PARKED);
  });
});
