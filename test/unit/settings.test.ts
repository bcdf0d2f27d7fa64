/** A value that makes no sense stops the process and says which one, what it is and what is allowed. */
import { pepr } from "../../package.json";
import { readSettings, SETTINGS, SettingsError, type SettingName } from "../../lib/settings";

const complaint = (env: Record<string, string>, webhookTimeout = 30): string => {
  try {
    readSettings(env, webhookTimeout);
  } catch (error) {
    expect(error).toBeInstanceOf(SettingsError);
    return (error as Error).message;
  }
  return "none";
};

describe("Settings", () => {
  test("are complete without a single variable", () => {
    expect(readSettings({}, 15)).toEqual({
      rules: {
        defaultPort: 6443,
        noPool: "hold",
        sweepBareMs: 900_000,
        sweepLabelledMs: 86_400_000,
        quarantineMs: 0,
        ingressGraceMs: 500,
      },
      budgetMs: 10_000,
      workers: 8,
      furtherPools: [],
      listenPort: 3000,
      logLevel: "info",
    });
  });

  test("fit the webhook timeout that the module is built with", () => {
    expect(() => readSettings(pepr.env, pepr.webhookTimeout)).not.toThrow();
  });

  test("come from the environment", () => {
    const env = {
      VIP_DEFAULT_PORT: "9345",
      VIP_ADMISSION_BUDGET: "3",
      VIP_NO_POOL: "reject",
      VIP_QUARANTINE: "60",
      VIP_INGRESS_GRACE: "5000",
      VIP_SWEEP_BARE: "120",
      VIP_SWEEP_LABELLED: "3600",
      VIP_POOL_KINDS: "ipam.example.org/v1/ExamplePool/examplepools/Namespaced",
      VIP_WORKERS: "1",
      VIP_LISTEN_PORT: "3443",
      VIP_LOG_LEVEL: "debug",
    };
    expect(readSettings(env, 15)).toEqual({
      rules: {
        defaultPort: 9345,
        noPool: "reject",
        sweepBareMs: 120_000,
        sweepLabelledMs: 3_600_000,
        quarantineMs: 60_000,
        ingressGraceMs: 5000,
      },
      budgetMs: 3000,
      workers: 1,
      furtherPools: [
        {
          group: "ipam.example.org",
          version: "v1",
          kind: "ExamplePool",
          plural: "examplepools",
          namespaced: true,
        },
      ],
      listenPort: 3443,
      logLevel: "debug",
    });
  });

  test("that are empty count as not given", () => {
    expect(readSettings({ VIP_NO_POOL: "", VIP_WORKERS: undefined }, 15)).toEqual(readSettings({}, 15));
  });

  test("cannot be changed by anybody", () => {
    const settings = readSettings({}, 15);
    expect(Object.isFrozen(settings)).toBe(true);
    expect(Object.isFrozen(settings.rules)).toBe(true);
    expect(Object.isFrozen(settings.furtherPools)).toBe(true);
  });

  test.each<[SettingName, string]>([
    ["VIP_DEFAULT_PORT", "0"],
    ["VIP_DEFAULT_PORT", "65536"],
    ["VIP_DEFAULT_PORT", "6443 "],
    ["VIP_ADMISSION_BUDGET", "10s"],
    ["VIP_ADMISSION_BUDGET", "26"],
    ["VIP_NO_POOL", "Hold"],
    ["VIP_NO_POOL", "wait"],
    ["VIP_QUARANTINE", "-1"],
    ["VIP_SWEEP_BARE", "119"],
    ["VIP_SWEEP_LABELLED", "1e9"],
    ["VIP_POOL_KINDS", "ExamplePool"],
    ["VIP_POOL_KINDS", "ipam.example.org/v1/ExamplePool/examplepools"],
    ["VIP_POOL_KINDS", "ipam.example.org/v1/ExamplePool/examplepools/namespaced"],
    ["VIP_POOL_KINDS", "v1/ExamplePool/examplepools/Namespaced"],
    ["VIP_POOL_KINDS", "ipam.example.org/v1/ExamplePool/ExamplePools/Namespaced"],
    ["VIP_POOL_KINDS", "*.example.org/v1/ExamplePool/examplepools/Namespaced"],
    ["VIP_POOL_KINDS", "ipam.example.org/v1/ExamplePool/examplepools/Namespaced,"],
    ["VIP_WORKERS", "0"],
    ["VIP_WORKERS", "99999999999999999999"],
    ["VIP_LISTEN_PORT", "http"],
    ["VIP_LOG_LEVEL", "trace"],
  ])("refuse %s at %j, and say what is allowed", (name, value) => {
    expect(complaint({ [name]: value })).toBe(`${name} is "${value}", but must be ${SETTINGS[name].allowed}`);
  });

  const EXAMPLE = "ipam.example.org/v1/ExamplePool/examplepools/Namespaced";

  test("name further kinds of pool in a list, with or without a space", () => {
    const other = "ipam.example.com/v1alpha1/ExamplePool/examplepools/Cluster";
    const { furtherPools } = readSettings({ VIP_POOL_KINDS: `${EXAMPLE}, ${other}` }, 15);
    expect(furtherPools.map(({ group, namespaced }) => [group, namespaced])).toEqual([
      ["ipam.example.org", true],
      ["ipam.example.com", false],
    ]);
  });

  test.each<[string, string, string]>([
    [
      "that gives prefixes",
      "ipam.cluster.x-k8s.io/v1alpha2/InClusterPrefixPool/inclusterprefixpools/Namespaced",
      "InClusterPrefixPool of ipam.cluster.x-k8s.io gives prefixes, and a prefix is no address: it cannot be a VIP",
    ],
    [
      "that gives prefixes to everybody",
      `${EXAMPLE},ipam.cluster.x-k8s.io/v1alpha2/GlobalInClusterPrefixPool/globalinclusterprefixpools/Cluster`,
      "GlobalInClusterPrefixPool of ipam.cluster.x-k8s.io gives prefixes, and a prefix is no address: it cannot be a VIP",
    ],
    [
      "that is always there",
      "ipam.cluster.x-k8s.io/v1alpha2/InClusterIPPool/inclusterippools/Namespaced",
      "InClusterIPPool of ipam.cluster.x-k8s.io is always a kind of pool: leave it out",
    ],
    [
      "twice, whatever the version",
      `${EXAMPLE},${EXAMPLE.replace("/v1/", "/v2/")}`,
      "it names ExamplePool of ipam.example.org twice",
    ],
  ])("refuse a kind of pool %s, and say why", (_which, value, why) => {
    expect(complaint({ VIP_POOL_KINDS: value })).toBe(`VIP_POOL_KINDS is "${value}", but ${why}`);
  });

  test("leave five seconds of the webhook timeout for the way", () => {
    expect(complaint({ VIP_ADMISSION_BUDGET: "10" }, 15)).toBe("none");
    expect(complaint({ VIP_ADMISSION_BUDGET: "11" }, 15)).toBe(
      'VIP_ADMISSION_BUDGET is "11", but with pepr.webhookTimeout at 15 at most 10 is allowed: ' +
        "lower it, or raise webhookTimeout in package.json and build again",
    );
  });

  test("explain themselves, and their defaults are allowed", () => {
    for (const [name, { fallback, meaning, allowed }] of Object.entries(SETTINGS)) {
      expect(complaint({ [name]: fallback })).toBe("none");
      expect(meaning).toMatch(/\.$/);
      expect(allowed).not.toBe("");
    }
  });
});
