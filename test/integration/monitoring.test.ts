/**
 * A real Prometheus reads all three processes over TLS, as the ServiceMonitors say. After some load every query
 * that we or the Go original show a user has an answer.
 */
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { parse } from "yaml";
import { projectRoot } from "../../sandbox/places";
import { cluster as clusterManifest } from "../../sandbox/fixtures";
import {
  ADDRESSES,
  CLAIMS,
  CLUSTERS,
  claimName,
  eventually,
  managementCluster,
  make,
  refusalOf,
  type Cluster,
  type Site,
} from "./support";
import { Prometheus, type Series } from "./support/prometheus";

const management = managementCluster({ env: { VIP_ADMISSION_BUDGET: "4" } });

const text = (file: string): string => readFileSync(join(projectRoot, file), "utf8");

/** Of the Go original's README, with its labels, as its users have them in their dashboards. */
const ORIGINAL = [
  "rate(capi_vip_allocator_allocations_total[5m])",
  "rate(capi_vip_allocator_allocation_errors_total[5m])",
  "rate(capi_vip_allocator_allocation_duration_seconds_sum[5m]) / rate(capi_vip_allocator_allocation_duration_seconds_count[5m])",
  "(capi_vip_allocator_pool_addresses_used / capi_vip_allocator_pool_addresses_total) * 100",
  "sum(capi_vip_allocator_claims_pending)",
  "capi_vip_allocator_allocations_total",
  "capi_vip_allocator_allocation_errors_total",
  "histogram_quantile(0.95, rate(capi_vip_allocator_allocation_duration_seconds_bucket[5m]))",
  "capi_vip_allocator_pool_addresses_free",
];

interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly targets?: readonly { readonly expr: string }[];
  }[];
}

/** As Grafana sends them. */
const ofDashboard = (JSON.parse(text("monitoring/dashboard.json")) as Dashboard).panels.flatMap(
  ({ title, targets = [] }) =>
    targets.map(({ expr }) => ({
      title,
      query: expr.replaceAll("$__rate_interval", "5m").replaceAll("$__range", "5m"),
    })),
);

interface Rule {
  readonly alert: string;
  readonly expr: string;
}

const rules = (parse(text("monitoring/alerts.yaml")) as { groups: { rules: Rule[] }[] }).groups.flatMap(
  (group) => group.rules,
);

const pages = readdirSync(join(projectRoot, "docs"), { recursive: true, encoding: "utf8" }).filter((file) =>
  file.endsWith(".md"),
);

const blocksOf = (file: string, language: "promql" | "sh"): string[] =>
  [...text(join("docs", file)).matchAll(/^ *```(\w+)\n(.*?)^ *```/gms)].flatMap(([, of, block = ""]) =>
    of === language ? [block.trim()] : [],
  );

const ofDocs = pages.flatMap((file) => blocksOf(file, "promql").map((query) => ({ file, query })));

/** What reads from the API server. There are no pods here, and no Prometheus Operator. */
const looks = pages
  .filter((file) => file.startsWith("runbooks"))
  .flatMap((file) => blocksOf(file, "sh").flatMap((block) => block.split("\n")))
  .filter((command) => command.startsWith("kubectl get") && !command.includes("servicemonitors"));
const HELD = looks.find((command) => command.includes("gorizond\\.io/hold")) ?? "";
const DETACHED = looks.find((command) => command.includes("deletionTimestamp")) ?? "";

let prometheus: Prometheus;
let site: Site;

/** Waits for an answer that says something: a number that is none says that nothing happened. */
const answerOf = (query: string): Promise<readonly Series[]> =>
  eventually(
    async () => {
      const numbers = (await prometheus.query(query)).filter(({ value }) => !Number.isNaN(value));
      return numbers.length > 0 ? numbers : undefined;
    },
    { withinMs: 30_000, what: `Prometheus to answer ${query}` },
  );

const valueOf = async (query: string): Promise<number | undefined> =>
  (await prometheus.query(query))[0]?.value;

const becomes = (query: string, value: number): Promise<true> =>
  eventually(async () => ((await valueOf(query)) === value ? true : undefined), {
    withinMs: 30_000,
    what: `${query} to be ${value}`,
  });

const names = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index}`);

/** One after the other, so that both processes of admission get some. */
async function creates(clusters: readonly string[], clusterClass = "lab"): Promise<void> {
  for (const name of clusters) await site.createCluster({ name, clusterClass });
}

/** Everything that the queries are about happens once before Prometheus looks, and once after. */
async function load(round: string, leftInBoth: number): Promise<void> {
  await creates(names(`plain-${round}`, 4));
  await creates([`both-${round}-0`], "both");
  // A create that comes before the provider has counted the last address makes a claim that nobody ever answers.
  await site.hasFree("both", leftInBoth);
  await creates([`both-${round}-1`], "both");
  await creates([`poor-${round}`], "poor");
  await site.held(`poor-${round}`, "NoMatchingPool");
  const refused = clusterManifest({
    name: `torn-${round}`,
    namespace: site.namespace,
    variables: { clusterVip: site.address(200) },
    spec: { controlPlaneEndpoint: { host: site.address(201), port: 6443 } },
  });
  await refusalOf(make(site, refused));
  await site.adopted(`plain-${round}-0`);
  await site.deleteCluster(`plain-${round}-0`);
  await site.gone(ADDRESSES, claimName(`plain-${round}-0`));
  await site.completed(`plain-${round}-1`);
  const { object } = await management.api.merge<Cluster>(CLUSTERS, site.at(`plain-${round}-1`), {
    spec: { controlPlaneEndpoint: null },
  });
  expect(object.spec.controlPlaneEndpoint?.host).toBeDefined();
  await site.adopted(`plain-${round}-2`);
  await management.api.delete(CLAIMS, site.at(claimName(`plain-${round}-2`)));
}

beforeAll(async () => {
  [site, prometheus] = await Promise.all([management.newSite(), Prometheus.start(management.sandbox)]);
  await Promise.all([
    site.hasClassAndPool(),
    site.hasClass({ name: "both", ingressVip: "empty-default" }),
    site.hasClass({ name: "poor" }),
    // One fewer than Clusters want.
    site.hasPool({ name: "both", clusterClass: "both", addresses: [site.span(2, 4)] }),
    site.hasPool({ name: "ingress", clusterClass: "both", role: "ingress", addresses: [site.span(5, 9)] }),
  ]);
  await load("a", 2);
  await becomes("count(capi_vip_allocator_build_info)", 3);
  await answerOf('capi_vip_allocator_clusters{reason="AddressDetached"} > 0');
  await load("b", 0);
  await untilItMoved();
}, 240_000);

/** Each process counts for itself, and the first step of a series is no rate yet: so on, until one has stepped twice. */
async function untilItMoved(): Promise<void> {
  const moved = ["allocation_errors_total", "allocations_total", "admission_wait_seconds_count"].map(
    (name) => `sum(rate(capi_vip_allocator_${name}[5m]))`,
  );
  let more = 0;
  await eventually(
    async () => {
      const numbers = await Promise.all(moved.map(valueOf));
      if (numbers.every((number) => number !== undefined && number > 0)) return true;
      await creates([`plain-more-${++more}`]);
      await creates([`poor-more-${more}`], "poor");
      return undefined;
    },
    { withinMs: 60_000, what: "errors, allocations and waits to be counted twice by one process" },
  );
}

test("all three processes are read over TLS, and only the watcher tells of the world", async () => {
  expect(await prometheus.query("up == 0")).toEqual([]);
  expect((await prometheus.query("up == 1")).map(({ metric }) => metric["pod"]).sort()).toEqual([
    "admission-1",
    "admission-2",
    "watcher",
  ]);
  const world = await answerOf('{__name__=~"capi_vip_allocator_(pool.*|claims.*|clusters|held.*|queue.*)"}');
  expect(new Set(world.map(({ metric }) => metric["pod"]))).toEqual(new Set(["watcher"]));
});

test("claims have the namespace that they are in, not that of our pods", async () => {
  const claims = await answerOf(`capi_vip_allocator_claims_total{namespace="${site.namespace}"} > 0`);
  expect(claims.map(({ metric }) => metric["role"]).sort()).toEqual(["control-plane", "ingress"]);
  expect(await prometheus.query('{__name__=~"capi_vip_allocator_.*", exported_namespace!=""}')).toEqual([]);
});

test.each(ORIGINAL)("the Go original's query has an answer: %s", async (query) => {
  expect((await answerOf(query)).length).toBeGreaterThan(0);
});

test.each(ofDashboard)("the panel $title has data: $query", async ({ query }) => {
  expect((await answerOf(query)).length).toBeGreaterThan(0);
});

test.each(rules)("$alert looks at series that there are", async ({ expr }) => {
  await prometheus.query(expr);
  const selectors = await prometheus.selectorsOf(expr);
  expect(selectors.length).toBeGreaterThan(0);
  for (const selector of selectors) expect((await answerOf(selector)).length).toBeGreaterThan(0);
});

test.each(ofDocs)("the query in docs/$file has an answer: $query", async ({ query }) => {
  expect((await answerOf(query)).length).toBeGreaterThan(0);
});

/** As typed into a shell. */
const typed = async (command: string): Promise<string> => {
  const { kubeconfig, kubectlPath } = management.sandbox;
  const script = `kubectl() { '${kubectlPath}' --kubeconfig='${kubeconfig}' "$@"; }\n${command}`;
  return (await promisify(execFile)("sh", ["-euc", script])).stdout;
};

test.each([...new Set(looks)])("a runbook's command works: %s", async (command) => {
  await expect(typed(command)).resolves.toEqual(expect.any(String));
});

test("the runbooks' commands find what they are for, and not Kubernetes' own addresses", async () => {
  expect(looks.filter((command) => /\bipaddresses\b(?!\.ipam)/.test(command))).toEqual([]);
  expect(await typed(HELD)).toContain(`${site.namespace} poor-a NoMatchingPool\n`);
  expect(await typed(DETACHED)).toContain(`${site.namespace} ${claimName("plain-a-2")} `);
});

test("what is wrong here is seen by the alerts, and nothing else", async () => {
  const isSeen = async ({ alert, expr }: Rule): Promise<string[]> =>
    (await prometheus.query(expr)).length > 0 ? [alert] : [];
  await eventually(
    async () => {
      const seen = (await Promise.all(rules.map(isSeen))).flat();
      expect(seen.sort()).toEqual([
        "CAPIVIPAddressDetached",
        "CAPIVIPAllocatorHighErrorRate",
        "CAPIVIPNoPoolsAvailable",
        "CAPIVIPPoolExhausted",
      ]);
      return true;
    },
    { withinMs: 30_000, what: "the alerts to see what is wrong here" },
  );
});

test("the watcher that is gone is seen, by whatever job Prometheus knows it", async () => {
  const { expr = "" } = rules.find(({ alert }) => alert === "CAPIVIPAllocatorDown") ?? {};
  const process = management.sandbox.process("watcher");
  await process.stop();
  try {
    const [missing] = await answerOf(expr);
    expect(missing?.metric["process"]).toBe("watcher");
  } finally {
    await process.start();
  }
});
