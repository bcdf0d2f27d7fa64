/**
 * Answers: what must the module be allowed, with the kinds of pool that package.json adds?
 *
 * Pepr allows to watch what a module watches; the pools are listed as well. So that nobody has to say a kind
 * twice, the rules for it come from the same setting.
 */
import type { Resource } from "../lib/adapters/kinds";
import { readSettings } from "../lib/settings";
import { pepr } from "../package.json";
import type { Rule } from "./expectations";

export const furtherPools = (): readonly Resource[] =>
  readSettings(pepr.env, pepr.webhookTimeout).furtherPools;

const READ = ["get", "list", "watch"];

/** Rules that are there already keep their place and whatever else they allow. */
export const withPoolRules = (rules: readonly Rule[], kinds: readonly Resource[]): readonly Rule[] =>
  kinds.reduce(withRule, rules);

function withRule(rules: readonly Rule[], { group, plural }: Resource): readonly Rule[] {
  const isMeant = ({ apiGroups, resources, resourceNames }: Rule): boolean =>
    `${apiGroups}/${resources}` === `${group}/${plural}` && resourceNames === undefined;
  return rules.some(isMeant)
    ? rules.map((rule) => (isMeant(rule) ? { ...rule, verbs: [...new Set([...READ, ...rule.verbs])] } : rule))
    : [...rules, { apiGroups: [group], resources: [plural], verbs: READ }];
}
