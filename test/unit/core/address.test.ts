/** What is an address, and when are two of them one. */
import { canonicalAddress, sameHost } from "../../../lib/core/address";

describe("An address", () => {
  test.each([
    ["10.0.0.10", "10.0.0.10"],
    ["2001:DB8::1", "2001:db8::1"],
    ["2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["::", "::"],
  ])("%s is written %s", (text, canonical) => {
    expect(canonicalAddress(text)).toBe(canonical);
  });

  test.each([
    "",
    " 10.0.0.10",
    "10.1",
    "010.0.0.1",
    "0x0a.0.0.1",
    "10.0.0.0/24",
    "2001:db8::/64",
    "fe80::1%eth0",
    "api.example.org",
    "10.0.0.10:6443",
    "[::1]",
  ])("%j is none", (text) => {
    expect(canonicalAddress(text)).toBeUndefined();
  });
});

describe("Two hosts are one", () => {
  test("when they are one address in two spellings", () => {
    expect(sameHost("2001:DB8::1", "2001:db8:0::1")).toBe(true);
  });

  test("when they are the same name", () => {
    expect(sameHost("api.example.org", "api.example.org")).toBe(true);
  });

  test("never when one of them is missing", () => {
    expect(sameHost(undefined, "10.0.0.10")).toBe(false);
    expect(sameHost("10.0.0.10", undefined)).toBe(false);
    expect(sameHost(undefined, undefined)).toBe(false);
  });

  test("never when they differ", () => {
    expect(sameHost("10.0.0.10", "10.0.0.11")).toBe(false);
    expect(sameHost("10.0.0.10", "api.example.org")).toBe(false);
  });
});
