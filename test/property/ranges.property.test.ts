/** Ranges against plain sets of addresses, in a corner of both families that is small enough to count out. */
import fc from "fast-check";
import {
  contains,
  isInside,
  parseRanges,
  poolRanges,
  rangeText,
  sharedRange,
  without,
  type Range,
} from "../../lib/core/ranges";

const CORNER = 64;
const spell = { 4: (at: number) => `10.0.0.${at}`, 6: (at: number) => `fd00::${at.toString(16)}` } as const;
const ALL = ([4, 6] as const).flatMap((family) =>
  Array.from({ length: CORNER }, (_, at) => spell[family](at)),
);

interface Entry {
  readonly text: string;
  readonly means: readonly string[];
}

const family = fc.constantFrom<4 | 6>(4, 6);
const place = fc.nat(CORNER - 1);
const span = (of: 4 | 6, from: number, to: number): string[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, step) => spell[of](from + step));

const entries: fc.Arbitrary<Entry> = fc.oneof(
  fc.tuple(family, place).map(([of, at]) => ({ text: spell[of](at), means: [spell[of](at)] })),
  fc.tuple(family, place, place).map(([of, from, to]) => ({
    text: `${spell[of](from)}-${spell[of](to)}`,
    means: span(of, from, to),
  })),
  fc.tuple(family, place, fc.nat(6)).map(([of, at, bits]) => {
    const start = at - (at % 2 ** bits);
    return {
      text: `${spell[of](at)}/${(of === 4 ? 32 : 128) - bits}`,
      means: span(of, start, start + 2 ** bits - 1),
    };
  }),
  fc.string().map((noise) => ({ text: `${noise}?`, means: [] })),
);

const lists = fc.array(entries, { maxLength: 8 });
const textsOf = (list: readonly Entry[]): string[] => list.map(({ text }) => text);
const parsed = (list: readonly Entry[]): readonly Range[] => parseRanges(textsOf(list));
const setOf = (list: readonly Entry[]): ReadonlySet<string> => new Set(list.flatMap(({ means }) => means));
const counted = (ranges: readonly Range[]): string[] => ALL.filter((address) => contains(ranges, address));
const size = (ranges: readonly Range[]): bigint =>
  ranges.reduce((sum, { first, last }) => sum + last - first + 1n, 0n);

function expectInOrder(ranges: readonly Range[]): void {
  for (const [at, range] of ranges.entries()) {
    const next = ranges[at + 1];
    expect(range.first <= range.last).toBe(true);
    if (next?.family === range.family) expect(range.last + 1n < next.first).toBe(true);
    else if (next) expect(range.family).toBe(4);
  }
}

describe("Ranges", () => {
  test("have what their entries mean and nothing else, in order, each address once", () => {
    fc.assert(
      fc.property(lists, (list) => {
        const ranges = parsed(list);
        const all = setOf(list);
        expect(counted(ranges)).toEqual(ALL.filter((address) => all.has(address)));
        expect(size(ranges)).toBe(BigInt(all.size));
        expectInOrder(ranges);
      }),
    );
  });

  test("do not depend on the order of the entries, and read back what they write", () => {
    fc.assert(
      fc.property(lists, (list) => {
        const ranges = parsed(list);
        expect(parsed(list.toReversed())).toEqual(ranges);
        expect(parseRanges(ranges.map(rangeText))).toEqual(ranges);
      }),
    );
  });

  test("without others have what is in the one and not in the other", () => {
    fc.assert(
      fc.property(lists, lists, (list, excluded) => {
        const left = without(parsed(list), parsed(excluded));
        const [all, out] = [setOf(list), setOf(excluded)];
        expect(counted(left)).toEqual(ALL.filter((address) => all.has(address) && !out.has(address)));
        expectInOrder(left);
      }),
    );
  });

  test("share the first run of addresses that is in both", () => {
    fc.assert(
      fc.property(lists, lists, (one, other) => {
        const [mine, theirs] = [parsed(one), parsed(other)];
        const shared = sharedRange(mine, theirs);
        const both = counted(mine).filter((address) => contains(theirs, address));
        expect(sharedRange(theirs, mine)).toEqual(shared);
        expect(shared && counted([shared])[0]).toBe(both[0]);
        expect(both).toEqual(expect.arrayContaining(counted(shared ? [shared] : [])));
      }),
    );
  });

  test("of a pool are never more than its addresses, and less than all of them by what it keeps back", () => {
    const wish = fc.record({ gateway: fc.constantFrom(...ALL), prefix: fc.nat(140), keep: fc.boolean() });
    fc.assert(
      fc.property(lists, lists, wish, (list, excluded, { gateway, prefix, keep }) => {
        const spec = { addresses: textsOf(list), excludedAddresses: textsOf(excluded), gateway, prefix };
        const left = poolRanges({ ...spec, allocateReservedIPAddresses: keep }) ?? [];
        const all = without(parsed(list), parseRanges([...textsOf(excluded), gateway]));
        expect(sharedRange(left, parseRanges([gateway]))).toBeUndefined();
        expect(without(left, all)).toEqual([]);
        expect(size(without(all, left))).toBeLessThanOrEqual(keep ? 0n : 2n);
      }),
    );
  });

  test("are read from any text at all without an error", () => {
    const texts = fc.array(fc.oneof(fc.string({ unit: "binary" }), fc.ipV4Extended(), fc.ipV6()));
    fc.assert(
      fc.property(texts, fc.string(), fc.double(), (list, text, prefix) => {
        expectInOrder(parseRanges(list));
        expectInOrder(
          poolRanges({ addresses: list, excludedAddresses: [text], gateway: text, prefix }) ?? [],
        );
        expect([true, false]).toContain(contains(parseRanges(list), text));
      }),
    );
  });
});

describe("An address of any CIDR", () => {
  test("lies inside it and inside its ranges, in both directions", () => {
    const cidrs = fc.oneof(
      fc.tuple(fc.ipV4(), fc.nat(32)).map(([address, bits]) => `${address}/${bits}`),
      fc.tuple(fc.ipV6(), fc.nat(128)).map(([address, bits]) => `${address}/${bits}`),
    );
    fc.assert(
      fc.property(cidrs, fc.oneof(fc.ipV4(), fc.ipV6()), (cidr, stranger) => {
        const own = cidr.slice(0, cidr.indexOf("/"));
        expect(isInside(own, [cidr])).toBe(cidr);
        expect(isInside(stranger, [cidr]) === cidr).toBe(contains(parseRanges([cidr]), stranger));
      }),
    );
  });
});
