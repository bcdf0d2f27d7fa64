/** Who was seen with an address, as the events tell it. */
import { Sightings, type Sighting } from "../../../lib/adapters/sightings";

const blue = { namespace: "team-a", name: "blue" };
const green = { namespace: "team-b", name: "green" };
const cluster = (key: typeof blue): Sighting => ({ kind: "Cluster", ...key, key });
const given = (key: typeof blue): Sighting => ({
  kind: "IPAddress",
  namespace: key.namespace,
  name: `vip-cp-${key.name}`,
  key,
});
const VIP = "10.0.0.10";

describe("Sightings", () => {
  const seen = (...all: readonly [Sighting, readonly string[]][]): Sightings => {
    const sightings = new Sightings();
    for (const [who, addresses] of all) sightings.see(who, addresses);
    return sightings;
  };

  test("name everybody with an address, but those of the Cluster that asks", () => {
    const sightings = seen([cluster(blue), [VIP]], [given(blue), [VIP]], [cluster(green), [VIP]]);
    expect(sightings.of(VIP, blue)).toEqual([{ kind: "Cluster", ...green }]);
    expect(sightings.of(VIP, green)).toEqual([
      { kind: "Cluster", ...blue },
      { kind: "IPAddress", namespace: "team-a", name: "vip-cp-blue" },
    ]);
    expect(sightings.of("10.0.0.11", blue)).toEqual([]);
  });

  test("tell the other that has the address of one that comes, of one that loses it, and not again between", () => {
    const sightings = seen([cluster(blue), [VIP]]);
    expect(sightings.see(cluster(green), [VIP])).toEqual([blue]);
    expect(sightings.see(cluster(green), [VIP])).toEqual([]);
    expect(sightings.see(cluster(green), ["10.0.0.11"])).toEqual([blue]);
    expect(sightings.of(VIP, blue)).toEqual([]);
  });

  test("tell nobody of what belongs to the same Cluster", () => {
    expect(seen([cluster(blue), [VIP]]).see(given(blue), [VIP])).toEqual([]);
  });

  test("of two Clusters of one name in two namespaces are two", () => {
    const other = { namespace: "team-b", name: "blue" };
    expect(seen([cluster(blue), [VIP]]).see(cluster(other), [VIP])).toEqual([blue]);
  });

  test("keep both addresses of a Cluster with two roles", () => {
    const sightings = seen([cluster(blue), [VIP, "10.0.1.10"]]);
    expect(sightings.see(cluster(blue), ["10.0.1.10"])).toEqual([]);
    expect([VIP, "10.0.1.10"].map((address) => sightings.of(address, green).length)).toEqual([0, 1]);
  });

  test("of what is gone are forgotten, and those who shared the address are told", () => {
    const sightings = seen([cluster(blue), [VIP]], [cluster(green), [VIP]]);
    expect(sightings.see(cluster(green), [])).toEqual([blue]);
    expect(sightings.of(VIP, blue)).toEqual([]);
    expect(sightings.see(cluster(green), [])).toEqual([]);
  });
});
