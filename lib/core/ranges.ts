/**
 * Answers: which addresses can a pool give, is this address one of them, and do two pools share one?
 *
 * A pool's text means what it means to the in-cluster provider (v1.0.3, internal/poolutil/pool.go, which reads
 * with Go's net/netip and go4.org/netipx): no blanks, no leading zeros, a zone is dropped, and an IPv4 address
 * written as IPv6 ("::ffff:10.0.0.1") is another address than the IPv4 one.
 */
import { isIP } from "node:net";
import { Address6 } from "ip-address";

/** Both ends belong to it. Lists of ranges are in order and neither overlap nor touch, as parseRanges has them. */
export interface Range {
  readonly family: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
}

/** What we read of the spec of an InClusterIPPool or a GlobalInClusterIPPool. */
export interface PoolSpec {
  readonly addresses?: readonly string[] | undefined;
  readonly excludedAddresses?: readonly string[] | undefined;
  readonly gateway?: string | undefined;
  readonly prefix?: number | undefined;
  readonly allocateReservedIPAddresses?: boolean | undefined;
}

/** What the pool can give while it is empty; undefined where its kind does not say so in `addresses`. */
export function poolRanges(spec: PoolSpec): readonly Range[] | undefined {
  if (!spec.addresses) return undefined;
  const addresses = parseRanges(spec.addresses);
  const gateway = zonedHost(spec.gateway ?? "");
  const never = [
    ...read(spec.excludedAddresses ?? []),
    ...reserved(addresses[0], spec),
    ...(gateway ? [gateway] : []),
  ];
  return without(addresses, inOrder(never));
}

/**
 * The ends of the one subnet the provider infers, from the lowest address before anything is excluded. An IPv6
 * subnet has no broadcast address. Of an IPv4 /31 or /32 nothing is left, which is what the provider does too.
 */
function reserved(lowest: Range | undefined, spec: PoolSpec): Range[] {
  if (!lowest || spec.prefix === undefined || spec.allocateReservedIPAddresses) return [];
  const net = subnet(lowest, spec.prefix);
  if (!net) return [];
  const network = { ...net, last: net.first };
  return net.family === 4 ? [network, { ...net, first: net.last }] : [network];
}

/** The provider's webhook refuses garbage, so there is little to skip; the provider itself would give nothing. */
export const parseRanges = (texts: readonly string[]): readonly Range[] => inOrder(read(texts));

export function contains(ranges: readonly Range[], address: string): boolean {
  const host = parseHost(address);
  const range = host && ranges[skip(ranges, host)];
  return range !== undefined && !isBefore(host, range);
}

/** The lowest addresses that both can give: the provider looks for an address in use in its own pool only. */
export function sharedRange(one: readonly Range[], other: readonly Range[]): Range | undefined {
  let mine = skip(one, other[0]);
  let theirs = skip(other, one[0]);
  for (;;) {
    const left = one[mine];
    const right = other[theirs];
    if (!left || !right) return undefined;
    if (isBefore(left, right)) mine++;
    else if (isBefore(right, left)) theirs++;
    else return { ...left, first: higher(left.first, right.first), last: lower(left.last, right.last) };
  }
}

export function without(ranges: readonly Range[], excluded: readonly Range[]): readonly Range[] {
  let from = skip(excluded, ranges[0]);
  return ranges.flatMap((range) => {
    while (isBefore(excluded[from], range)) from++;
    return remains(range, excluded, from);
  });
}

function remains(range: Range, excluded: readonly Range[], from: number): Range[] {
  const rest: Range[] = [];
  let first = range.first;
  for (let at = from, hole = excluded[at]; hole && !isBefore(range, hole); hole = excluded[++at]) {
    if (first < hole.first) rest.push({ ...range, first, last: hole.first - 1n });
    first = hole.last + 1n;
  }
  return first <= range.last ? [...rest, { ...range, first }] : rest;
}

/** "10.0.0.10-10.0.0.20", or the one address. */
export const rangeText = ({ family, first, last }: Range): string =>
  first === last ? hostText(family, first) : `${hostText(family, first)}-${hostText(family, last)}`;

/** The first of these CIDRs that has the address. */
export function isInside(address: string, cidrs: readonly string[]): string | undefined {
  const host = parseHost(address);
  if (!host) return undefined;
  return cidrs.find((cidr) => {
    const block = parseBlock(cidr);
    return block && !isBefore(host, block) && !isBefore(block, host);
  });
}

const read = (texts: readonly string[]): Range[] => texts.flatMap((text) => parseEntry(text) ?? []);

/** The provider asks in this order too, so a hyphen anywhere makes it a range. */
function parseEntry(text: string): Range | undefined {
  if (text.includes("-")) return parseSpan(text);
  return text.includes("/") ? parseBlock(text) : zonedHost(text);
}

function parseSpan(text: string): Range | undefined {
  const hyphen = text.indexOf("-");
  const first = zonedHost(text.slice(0, hyphen));
  const last = zonedHost(text.slice(hyphen + 1));
  if (!first || !last || first.family !== last.family || last.last < first.first) return undefined;
  return { ...first, last: last.last };
}

const BLOCK = /^([^/]+)\/(0|[1-9]\d{0,2})$/;

/** Bits of the host may be set: "10.0.0.5/24" is the whole of 10.0.0.0/24. */
function parseBlock(text: string): Range | undefined {
  const [, address = "", prefix] = BLOCK.exec(text) ?? [];
  const host = parseHost(address);
  return host && subnet(host, Number(prefix));
}

const BITS = { 4: 32, 6: 128 } as const;

/** Undefined where there is no such prefix. */
function subnet({ family, first }: Range, prefix: number): Range | undefined {
  const free = BITS[family] - prefix;
  if (!Number.isInteger(prefix) || prefix < 0 || free < 0) return undefined;
  const bits = BigInt(free);
  const start = (first >> bits) << bits;
  return { family, first: start, last: start + (1n << bits) - 1n };
}

/** The provider drops a zone; netip wants it to be not empty, and to belong to IPv6. */
function zonedHost(text: string): Range | undefined {
  const percent = text.indexOf("%");
  if (percent < 0) return parseHost(text);
  const host = percent < text.length - 1 ? parseHost(text.slice(0, percent)) : undefined;
  return host?.family === 6 ? host : undefined;
}

/** One address, without a zone. Node and netip agree on what is one. */
function parseHost(text: string): Range | undefined {
  const family = text.includes("%") ? 0 : isIP(text);
  if (family !== 4 && family !== 6) return undefined;
  const first = family === 4 ? number4(text) : new Address6(text).bigInt();
  return { family, first, last: first };
}

const number4 = (text: string): bigint =>
  BigInt(text.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0));

const hostText = (family: 4 | 6, host: bigint): string =>
  family === 6
    ? Address6.fromBigInt(host).correctForm()
    : [24n, 16n, 8n, 0n].map((shift) => (host >> shift) & 255n).join(".");

/** All of one is lower than all of the other; IPv4 is lower than IPv6. What is missing is before nothing. */
const isBefore = (one: Range | undefined, other: Range): boolean =>
  one !== undefined && (one.family < other.family || (one.family === other.family && one.last < other.first));

/** The index of the first range that is not before the target: halving, so that far pools compare at once. */
function skip(ranges: readonly Range[], target: Range | undefined): number {
  let low = 0;
  let high = target ? ranges.length : 0;
  while (target && low < high) {
    const middle = (low + high) >> 1;
    if (isBefore(ranges[middle], target)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function inOrder(ranges: readonly Range[]): readonly Range[] {
  const merged: Range[] = [];
  for (const range of [...ranges].sort(byPlace)) {
    const before = merged.at(-1);
    const meets = before?.family === range.family && range.first <= before.last + 1n;
    if (before && meets) merged[merged.length - 1] = { ...before, last: higher(before.last, range.last) };
    else merged.push(range);
  }
  return merged;
}

const byPlace = (one: Range, other: Range): number =>
  one.family - other.family || Number(one.first > other.first) - Number(one.first < other.first);

const lower = (one: bigint, other: bigint): bigint => (one < other ? one : other);
const higher = (one: bigint, other: bigint): bigint => (one > other ? one : other);
