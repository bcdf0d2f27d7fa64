/**
 * Answers: what did the installation decide?
 *
 * Read once from the environment, which Pepr fills from `pepr.env` in package.json, for all processes
 * alike. A value that makes no sense stops the process at start: a typing error must not become a policy.
 */
import * as v from "valibot";
import type { Resource } from "./adapters/kinds";
import type { Rules } from "./core/facts";
import { FORM, PoolKinds } from "./pool-kinds";

export interface Settings {
  readonly rules: Rules;
  readonly budgetMs: number;
  readonly workers: number;
  /** Kinds of pool besides the two that are always there. */
  readonly furtherPools: readonly Resource[];
  readonly listenPort: number;
  readonly logLevel: string;
}

type Value = string | number | readonly Resource[];

interface Setting {
  readonly fallback: string;
  readonly allowed: string;
  readonly meaning: string;
  readonly schema: v.GenericSchema<string, Value>;
}

const whole = (from: number, to: number): Pick<Setting, "allowed" | "schema"> => ({
  allowed: `a whole number from ${from} to ${to}`,
  schema: v.pipe(v.string(), v.regex(/^\d{1,9}$/), v.transform(Number), v.minValue(from), v.maxValue(to)),
});

const oneOf = (...words: readonly string[]): Pick<Setting, "allowed" | "schema"> => ({
  allowed: `one of ${words.join(", ")}`,
  schema: v.pipe(v.string(), v.picklist(words)),
});

/** The rest of webhookTimeout is for the way there and back, and for what a slow machine adds. */
export const BUDGET_MARGIN_SECONDS = 5;

/** Every setting there is; the README's table is made of the same words. */
export const SETTINGS = {
  VIP_DEFAULT_PORT: {
    fallback: "6443",
    ...whole(1, 65535),
    meaning:
      "Port of the endpoint where neither the endpoint nor spec.clusterNetwork.apiServerPort names one.",
  },
  VIP_ADMISSION_BUDGET: {
    fallback: "10",
    ...whole(1, 25),
    meaning:
      "Seconds that a create may wait for its address before the Cluster is held; at least 5 less than pepr.webhookTimeout.",
  },
  VIP_INGRESS_GRACE: {
    fallback: "500",
    ...whole(0, 20_000),
    meaning:
      "Milliseconds that a create waits for its ingress VIP once its endpoint is decided, within the budget; what comes later the watcher writes.",
  },
  VIP_NO_POOL: {
    fallback: "hold",
    ...oneOf("hold", "ignore", "reject"),
    meaning: "What becomes of a Cluster whose class defines the VIP variable while no pool matches.",
  },
  VIP_QUARANTINE: {
    fallback: "0",
    ...whole(0, 604_800),
    meaning:
      "Seconds that an address rests after its claim was deleted; never less than until its Cluster is gone.",
  },
  VIP_SWEEP_BARE: {
    fallback: "900",
    ...whole(120, 604_800),
    meaning: "Seconds after which a claim is removed whose Cluster was never stored.",
  },
  VIP_SWEEP_LABELLED: {
    fallback: "86400",
    ...whole(120, 2_592_000),
    meaning:
      "Seconds after which a claim is removed that had a Cluster once: a restore may still bring it back.",
  },
  VIP_POOL_KINDS: {
    fallback: "",
    allowed: FORM,
    schema: PoolKinds,
    meaning: "Kinds of pool besides InClusterIPPool and GlobalInClusterIPPool, which are always there.",
  },
  VIP_WORKERS: {
    fallback: "8",
    ...whole(1, 64),
    meaning: "Clusters that the watcher works on at the same time.",
  },
  VIP_LISTEN_PORT: {
    fallback: "3000",
    ...whole(1, 65535),
    meaning: "Port of the webhook, health and metrics server; Pepr's Services expect 3000.",
  },
  VIP_LOG_LEVEL: {
    fallback: "info",
    ...oneOf("error", "warn", "info", "debug"),
    meaning: "How much is logged; debug adds the facts and the plan of every pass.",
  },
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof SETTINGS;

export class SettingsError extends Error {}

const SECOND = 1000;

/**
 * @param webhookTimeout seconds, as built into the webhook configuration
 * @throws SettingsError naming the variable, its value and what is allowed
 */
export function readSettings(
  env: Readonly<Record<string, string | undefined>>,
  webhookTimeout: number,
): Settings {
  const number = (name: SettingName): number => Number(read(name, env[name]));
  const word = (name: SettingName): string => String(read(name, env[name]));
  const budget = number("VIP_ADMISSION_BUDGET");
  if (budget + BUDGET_MARGIN_SECONDS > webhookTimeout)
    throw new SettingsError(
      `VIP_ADMISSION_BUDGET is "${budget}", but with pepr.webhookTimeout at ${webhookTimeout} at most ` +
        `${webhookTimeout - BUDGET_MARGIN_SECONDS} is allowed: lower it, or raise webhookTimeout in package.json and build again`,
    );
  return Object.freeze({
    rules: Object.freeze({
      defaultPort: number("VIP_DEFAULT_PORT"),
      noPool: word("VIP_NO_POOL") as Rules["noPool"],
      sweepBareMs: number("VIP_SWEEP_BARE") * SECOND,
      sweepLabelledMs: number("VIP_SWEEP_LABELLED") * SECOND,
      quarantineMs: number("VIP_QUARANTINE") * SECOND,
      ingressGraceMs: number("VIP_INGRESS_GRACE"),
    }),
    budgetMs: budget * SECOND,
    workers: number("VIP_WORKERS"),
    furtherPools: read("VIP_POOL_KINDS", env["VIP_POOL_KINDS"]) as readonly Resource[],
    listenPort: number("VIP_LISTEN_PORT"),
    logLevel: word("VIP_LOG_LEVEL"),
  });
}

/** What each setting says, where it says nothing its default. */
export const settingTexts = (
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<SettingName, string>> =>
  Object.fromEntries(
    Object.entries(SETTINGS).map(([name, { fallback }]) => [name, env[name] || fallback]),
  ) as Record<SettingName, string>;

function read(name: SettingName, value: string | undefined): Value {
  const { fallback, schema, allowed }: Setting = SETTINGS[name];
  const result = v.safeParse(schema, value === undefined || value === "" ? fallback : value);
  if (result.success) return result.output;
  const own = result.issues.find(({ type }) => type === "raw_transform")?.message;
  throw new SettingsError(`${name} is "${value}", but ${own ?? `must be ${allowed}`}`);
}
