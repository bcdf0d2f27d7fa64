/** What a pool can give, as the in-cluster provider v1.0.3 has it (internal/poolutil/pool.go and its tests). */
import {
  contains,
  isInside,
  parseRanges,
  poolRanges,
  rangeText,
  sharedRange,
  without,
  type PoolSpec,
} from "../../../lib/core/ranges";

const ranges = (...texts: readonly string[]): string => parseRanges(texts).map(rangeText).join(" ");
const given = (spec: PoolSpec): string | undefined => poolRanges(spec)?.map(rangeText).join(" ");

describe("An entry of a pool", () => {
  test.each([
    ["10.0.0.10", "10.0.0.10"],
    ["10.0.0.10-10.0.0.20", "10.0.0.10-10.0.0.20"],
    ["10.0.0.10-10.0.0.10", "10.0.0.10"],
    ["10.0.0.0/24", "10.0.0.0-10.0.0.255"],
    ["10.0.0.5/24", "10.0.0.0-10.0.0.255"],
    ["10.0.0.5/32", "10.0.0.5"],
    ["0.0.0.0/0", "0.0.0.0-255.255.255.255"],
    ["FD00:0::A", "fd00::a"],
    ["fd00::a-FD00::0.0.0.20", "fd00::a-fd00::14"],
    ["fd00::a/127", "fd00::a-fd00::b"],
    ["::/0", "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
    ["::ffff:10.0.0.1", "::ffff:a00:1"],
    ["fe80::1%eth0", "fe80::1"],
    ["fe80::1%eth0-fe80::2%eth1", "fe80::1-fe80::2"],
  ])("%j is %s", (text, range) => {
    expect(ranges(text)).toBe(range);
  });

  test.each([
    "",
    "api.example.org",
    "10.1",
    "010.0.0.1",
    " 10.0.0.1",
    "10.0.0.1:6443",
    "10.0.0.1 - 10.0.0.2",
    "10.0.0.1- 10.0.0.2",
    "10.0.0.1-",
    "-10.0.0.1",
    "10.0.0.1-10.0.0.2-10.0.0.3",
    "10.0.0.2-10.0.0.1",
    "10.0.0.1-20",
    "10.0.0.1-fd00::1",
    "10.0.0.1-::ffff:10.0.0.2",
    "10.0.0.0/24-10.0.0.9",
    "10.0.0.0/33",
    "10.0.0.0/024",
    "10.0.0.0/+4",
    "10.0.0.0/-1",
    "10.0.0.0/",
    "10.0.0.0/24/24",
    "10.0.0.0/255.255.255.0",
    "/24",
    "fd00::/129",
    "fe80::1%eth0/64",
    "fe80::1%eth-0",
    "fe80::1%",
    "10.0.0.1%eth0",
  ])("%j is nothing", (text) => {
    expect(parseRanges([text])).toEqual([]);
  });

  test("that is garbage takes nothing from the others", () => {
    expect(ranges("10.0.0.1", "nonsense", "10.0.0.9")).toBe("10.0.0.1 10.0.0.9");
  });

  test("is put in order with the others, and what overlaps or touches is one", () => {
    expect(ranges("fd00::1", "10.0.0.9", "10.0.0.2", "10.0.0.0-10.0.0.1", "10.0.0.2-10.0.0.3", "::")).toBe(
      "10.0.0.0-10.0.0.3 10.0.0.9 :: fd00::1",
    );
    expect(ranges("10.0.0.0/24", "10.0.0.4", "10.0.1.0")).toBe("10.0.0.0-10.0.1.0");
  });

  test("touches none of the other family", () => {
    expect(ranges("255.255.255.255", "::1:0:0")).toBe("255.255.255.255 ::1:0:0");
  });

  test("may be as long as it likes", () => {
    const long = [":", "1", "-", "/", "%", "1.", "a:", "10.0.0.0/"].map((text) => text.repeat(100_000));
    expect(parseRanges(long)).toEqual([]);
  });
});

describe("A list of ranges", () => {
  const list = parseRanges(["10.0.0.10-10.0.0.20", "10.0.0.30", "fd00::a-fd00::14"]);

  test.each(["10.0.0.10", "10.0.0.20", "10.0.0.30", "fd00::a", "FD00:0:0::000C", "fd00::0.0.0.20"])(
    "has %s",
    (address) => {
      expect(contains(list, address)).toBe(true);
    },
  );

  test.each([
    "10.0.0.9",
    "10.0.0.21",
    "10.0.0.31",
    "::ffff:10.0.0.10",
    "fd00::9",
    "fd00::15",
    "fd00::a%eth0",
    "10.0.0.10/32",
    "10.0.0.10-10.0.0.10",
    " 10.0.0.10",
    "api.example.org",
    "",
  ])("has not %j", (address) => {
    expect(contains(list, address)).toBe(false);
  });

  test("that is empty has nothing", () => {
    expect(contains([], "10.0.0.10")).toBe(false);
  });
});

describe("Two lists share", () => {
  const shared = (one: readonly string[], other: readonly string[]): string | undefined => {
    const range = sharedRange(parseRanges(one), parseRanges(other));
    return range && rangeText(range);
  };

  test.each([
    [["10.0.0.0/24"], ["10.0.0.250-10.0.1.10"], "10.0.0.250-10.0.0.255"],
    [["10.0.0.1", "10.0.0.5", "10.0.0.9"], ["10.0.0.2-10.0.0.4", "10.0.0.9"], "10.0.0.9"],
    [["10.0.0.1", "fd00::1"], ["10.0.0.2", "fd00::/64"], "fd00::1"],
    [["10.0.0.0/24"], ["10.0.0.9", "10.0.0.3"], "10.0.0.3"],
  ])("%j and %j: %s", (one, other, range) => {
    expect(shared(one, other)).toBe(range);
    expect(shared(other, one)).toBe(range);
  });

  test.each([
    [["10.0.0.0/25"], ["10.0.0.128/25"]],
    [
      ["10.0.0.1", "10.0.0.3"],
      ["10.0.0.2", "10.0.0.4"],
    ],
    [["0.0.0.0/0"], ["::/0"]],
    [["10.0.0.1"], []],
    [[], []],
  ])("nothing: %j and %j", (one, other) => {
    expect(shared(one, other)).toBeUndefined();
    expect(shared(other, one)).toBeUndefined();
  });
});

describe("What is left without others", () => {
  test.each([
    [["10.0.0.0-10.0.0.9"], ["10.0.0.3-10.0.0.5"], "10.0.0.0-10.0.0.2 10.0.0.6-10.0.0.9"],
    [["10.0.0.0-10.0.0.9"], ["10.0.0.0", "10.0.0.9"], "10.0.0.1-10.0.0.8"],
    [
      ["10.0.0.0-10.0.0.3", "10.0.0.6-10.0.0.9"],
      ["10.0.0.2-10.0.0.7"],
      "10.0.0.0-10.0.0.1 10.0.0.8-10.0.0.9",
    ],
    [["10.0.0.0-10.0.0.9"], ["10.0.0.0/8"], ""],
    [["10.0.0.5"], ["10.0.0.1", "10.0.0.9", "fd00::/8"], "10.0.0.5"],
    [["10.0.0.5"], [], "10.0.0.5"],
    [[], ["10.0.0.5"], ""],
  ])("%j without %j is %j", (list, excluded, left) => {
    expect(without(parseRanges(list), parseRanges(excluded)).map(rangeText).join(" ")).toBe(left);
  });
});

describe("A pool gives", () => {
  const addresses = ["10.0.0.0/24"];

  test("nobody knows what, where its kind has no addresses", () => {
    expect(given({})).toBeUndefined();
    expect(given({ gateway: "10.0.0.1", prefix: 24 })).toBeUndefined();
  });

  test("nothing, where it has none", () => {
    expect(given({ addresses: [], prefix: 24 })).toBe("");
    expect(given({ addresses: ["nonsense"], prefix: 24 })).toBe("");
  });

  test.each<[string, PoolSpec, string]>([
    [
      "neither gateway nor the ends of the subnet",
      { gateway: "10.0.0.1", prefix: 24 },
      "10.0.0.2-10.0.0.254",
    ],
    ["the ends where it says so", { prefix: 24, allocateReservedIPAddresses: true }, "10.0.0.0-10.0.0.255"],
    ["the ends where there is no prefix", {}, "10.0.0.0-10.0.0.255"],
    [
      "never the gateway",
      { gateway: "10.0.0.0", prefix: 24, allocateReservedIPAddresses: true },
      "10.0.0.1-10.0.0.255",
    ],
    ["nothing excluded", { prefix: 24, excludedAddresses: ["10.0.0.128/25", "x"] }, "10.0.0.1-10.0.0.127"],
    ["all but the ends of the larger subnet", { prefix: 16 }, "10.0.0.1-10.0.0.255"],
  ])("%s", (_what, spec, left) => {
    expect(given({ addresses, ...spec })).toBe(left);
  });

  test("all but the subnet's ends, which follow from the lowest address, excluded or not", () => {
    const spec = { addresses: ["10.0.1.255", "10.0.0.255", "10.0.1.0"], prefix: 24 };
    expect(given(spec)).toBe("10.0.1.0 10.0.1.255");
    expect(given({ ...spec, excludedAddresses: ["10.0.0.255"] })).toBe("10.0.1.0 10.0.1.255");
  });

  test("the last address of IPv6, but not the first, which is the routers' anycast address", () => {
    expect(given({ addresses: ["fd00::/120"], prefix: 120, gateway: "FD00::0001" })).toBe("fd00::2-fd00::ff");
  });

  test.each([
    ["10.0.0.4/31", 31],
    ["10.0.0.4", 32],
    ["fd00::4", 128],
  ])("nothing of %s with the prefix %d, for all of it is reserved", (entry, prefix) => {
    expect(given({ addresses: [entry], prefix })).toBe("");
  });

  test.each([-1, 33, 1.5, Number.NaN, 1e9])("the ends too where the prefix %d is none", (prefix) => {
    expect(given({ addresses, prefix })).toBe("10.0.0.0-10.0.0.255");
  });

  test("the same where the gateway is no address", () => {
    expect(given({ addresses, gateway: "10.0.0.0/24" })).toBe("10.0.0.0-10.0.0.255");
  });
});

describe("An address lies inside", () => {
  const cidrs = [
    "nonsense",
    "10.244.0.1",
    "10.96.0.0-10.96.0.9",
    "10.244.0.0/16",
    "10.0.0.0/8",
    "fd00::1/64",
  ];

  test.each([
    ["10.244.3.4", "10.244.0.0/16"],
    ["10.244.0.1", "10.244.0.0/16"],
    ["10.96.0.1", "10.0.0.0/8"],
    ["FD00::0:ffff", "fd00::1/64"],
  ])("%s: %s", (address, cidr) => {
    expect(isInside(address, cidrs)).toBe(cidr);
  });

  test.each(["11.0.0.0", "fd00:0:0:1::", "fd00::2%eth0", "10.244.0.0/16", "api.example.org", ""])(
    "%j: none",
    (address) => {
      expect(isInside(address, cidrs)).toBeUndefined();
    },
  );
});
