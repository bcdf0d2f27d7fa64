/** Answers: which pool serves this Cluster's class and role, and why not the others? */
import { CLASS_LABEL, DISABLED, IPAM_API, PAUSED, PRIORITY, ROLE_LABEL } from "./contract";
import type { PoolFacts, PoolRef } from "./facts";
import { contains } from "./ranges";

export interface PoolWish {
  readonly namespace: string;
  readonly className: string;
  readonly role: string;
}

export interface PoolChoice {
  readonly matching: readonly PoolFacts[];
  /** The pool to claim from; undefined where none that matches can give an address now. */
  readonly chosen: PoolFacts | undefined;
  /** Why each other matching pool was not taken, in the order they would have been. */
  readonly passedOver: readonly { readonly pool: string; readonly why: string }[];
}

/** A pool says whom it serves; a namespaced one serves its own namespace only. */
export const serves = (pool: PoolFacts, wish: PoolWish): boolean =>
  isFor(pool, CLASS_LABEL, wish.className) &&
  isFor(pool, ROLE_LABEL, wish.role) &&
  isWithinReach(pool, wish.namespace);

/** A claim names its pool without a namespace, so it can only reach its own and what has none. */
export const isWithinReach = (pool: PoolFacts, namespace: string): boolean =>
  pool.namespace === undefined || pool.namespace === namespace;

/**
 * A label names one; no label can hold a comma, nor more than 63 letters, so where it says "true" the
 * annotation of the same key lists as many as there are. Without the annotation "true" is a name like any other.
 */
const LISTED = "true";

function servedBy({ labels, annotations }: PoolFacts, key: string): readonly string[] {
  const { [key]: name } = labels;
  const list = name === LISTED ? annotations[key] : undefined;
  if (list !== undefined) return namesIn(list);
  return name === undefined ? [] : [name];
}

const isFor = (pool: PoolFacts, key: string, name: string): boolean => servedBy(pool, key).includes(name);

/** Everybody whom it serves, by the classes and roles that it names. */
export const servedClasses = (pool: PoolFacts): readonly string[] => servedBy(pool, CLASS_LABEL);
export const servedRoles = (pool: PoolFacts): readonly string[] => servedBy(pool, ROLE_LABEL);

const namesIn = (list: string): string[] =>
  list
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");

/** The reasons a pool that matches gives nothing now, first match wins. */
const OBSTACLES: readonly (readonly [(pool: PoolFacts) => boolean, string])[] = [
  [(pool) => pool.deleting, "it is being deleted"],
  [(pool) => pool.annotations[DISABLED] === "true", `its annotation ${DISABLED} says "true"`],
  [(pool) => pool.annotations[PAUSED] !== undefined, "it is paused"],
  [(pool) => pool.free !== undefined && pool.free <= 0, "it has no free address"],
];

export const obstacle = (pool: PoolFacts): string | undefined =>
  OBSTACLES.find(([stands]) => stands(pool))?.[1];

const HIGHEST = Number.MAX_SAFE_INTEGER;

const priority = (pool: PoolFacts): number => {
  const text = (pool.annotations[PRIORITY] ?? "").trim();
  return /^[+-]?\d+$/.test(text) ? Math.min(Math.max(Number(text), -HIGHEST), HIGHEST) : 0;
};

/** Own namespace before global, then priority, then name: the order of a listing never matters. */
const byPreference = (one: PoolFacts, other: PoolFacts): number =>
  Number(one.namespace === undefined) - Number(other.namespace === undefined) ||
  priority(other) - priority(one) ||
  compare(one.ref.name, other.ref.name) ||
  compare(one.ref.kind, other.ref.kind) ||
  compare(one.ref.apiGroup, other.ref.apiGroup);

const compare = (one: string, other: string): number => (one < other ? -1 : Number(one > other));

export function choosePool(pools: readonly PoolFacts[], wish: PoolWish): PoolChoice {
  const matching = pools.filter((pool) => serves(pool, wish)).sort(byPreference);
  const chosen = matching.find((pool) => obstacle(pool) === undefined);
  const passedOver = matching
    .filter((pool) => pool !== chosen)
    .map((pool) => ({ pool: poolName(pool.ref), why: obstacle(pool) ?? "another comes first" }));
  return { matching, chosen, passedOver };
}

/** The pool that an address is to be reserved in: one that matches, if it can be, because its people look there. */
export function poolWith(
  address: string,
  pools: readonly PoolFacts[],
  wish: PoolWish,
): PoolFacts | undefined {
  return pools
    .filter((pool) => !isIdle(pool) && mayReserve(pool, { address, namespace: wish.namespace }))
    .sort((one, other) => Number(serves(other, wish)) - Number(serves(one, wish)) || byPreference(one, other))
    .at(0);
}

/** It has the address, and the namespace can claim from it. */
export const mayReserve = (
  pool: PoolFacts,
  { address, namespace }: { readonly address: string; readonly namespace: string },
): boolean => isWithinReach(pool, namespace) && has(pool, address);

/** Its provider answers no claim at all. */
const isIdle = (pool: PoolFacts): boolean => pool.deleting || pool.annotations[PAUSED] !== undefined;

const has = ({ ranges }: PoolFacts, address: string): boolean =>
  ranges !== undefined && contains(ranges, address);

/** Providers look for an address in use in their own pool only, so another pool may have given it as well. */
export const isOfOtherPool = (
  address: string,
  own: PoolFacts | undefined,
  pools: readonly PoolFacts[],
): boolean => pools.some((pool) => pool !== own && (pool.ranges === undefined || has(pool, address)));

/** The pool that a claim names in its namespace. */
export const poolOf = (
  claimed: PoolRef,
  namespace: string,
  pools: readonly PoolFacts[],
): PoolFacts | undefined =>
  pools.find((pool) => samePool(pool.ref, claimed) && isWithinReach(pool, namespace));

/** The group is said where it is not the one that goes without saying. */
export const poolName = ({ kind, apiGroup, name }: PoolRef): string =>
  `${apiGroup === IPAM_API ? kind : `${kind}.${apiGroup}`} ${name}`;

export const samePool = (one: PoolRef, other: PoolRef): boolean =>
  one.kind === other.kind && one.name === other.name && one.apiGroup === other.apiGroup;
