/** Which VIPs a Cluster can have, and how claims are named after them. */
import { PREFIX } from "../../../lib/core/contract";
import { claimName, clusterOfClaim, CONTROL_PLANE, ROLES } from "../../../lib/core/roles";

describe("The roles", () => {
  test("keep the names that users of the Go original know", () => {
    expect(CONTROL_PLANE).toEqual({
      name: "control-plane",
      claimPrefix: "vip-cp-",
      variable: "clusterVip",
      annotation: `${PREFIX}control-plane-vip`,
      optOut: `${PREFIX}control-plane-enabled`,
    });
  });

  test("share no name, prefix, variable or annotation", () => {
    for (const field of ["name", "claimPrefix", "variable", "annotation", "optOut"] as const)
      expect(new Set(ROLES.map((role) => role[field])).size).toBe(ROLES.length);
  });
});

describe("A claim's name", () => {
  test("leads back to its Cluster", () => {
    expect(claimName(CONTROL_PLANE, "blue")).toBe("vip-cp-blue");
    expect(clusterOfClaim("vip-cp-blue")).toBe("blue");
    expect(clusterOfClaim("vip-cp-vip-cp-blue")).toBe("vip-cp-blue");
  });

  test.each(["", "vip-cp-", "blue", "vip-", "my-vip-cp-blue"])("%j is none of ours", (name) => {
    expect(clusterOfClaim(name)).toBeUndefined();
  });
});
