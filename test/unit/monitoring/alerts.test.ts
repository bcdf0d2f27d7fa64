/** The rules as Prometheus itself reads them: promtool runs the tests in monitoring/tests. */
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { parse } from "yaml";
import { METRIC_PREFIX, metricNames } from "../../../lib/adapters/metric-table";
import { RULES } from "../../../monitoring/made";
import { ensurePrograms } from "../../../sandbox/toolchain";

const root = join(__dirname, "../../..");
const TESTS = join(root, "monitoring/tests");
const RUNBOOKS = join(root, "docs/runbooks");

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly runbook_url: string };
}

interface RuleTests {
  readonly tests: readonly {
    readonly alert_rule_test: readonly {
      readonly alertname: string;
      readonly exp_alerts: readonly unknown[];
    }[];
  }[];
}

const yaml = <T>(file: string): T => parse(readFileSync(file, "utf8")) as T;
const namesIn = (folder: string): string[] => readdirSync(folder).map((file) => file.replace(/\.\w+$/, ""));

const rules = yaml<{ groups: { rules: Rule[] }[] }>(RULES).groups.flatMap((group) => group.rules);
const alerts = rules.map(({ alert }) => alert);

/** A program is started for each, on a machine that may do much else. */
jest.setTimeout(60_000);

let promtool: string;
/** It is built where it is missing. */
beforeAll(async () => {
  ({ promtool } = await ensurePrograms(["promtool"], { log: (line) => process.stdout.write(`${line}\n`) }));
}, 1_200_000);

const page = readFileSync(join(root, "docs/monitoring.md"), "utf8");

const run = async (...args: string[]): Promise<string> => (await promisify(execFile)(promtool, args)).stdout;

test("promtool finds nothing wrong with the rules", async () => {
  expect(await run("check", "rules", "--lint=all", "--lint-fatal", RULES)).toContain(
    `SUCCESS: ${rules.length} rules found`,
  );
});

test.each(alerts)("%s fires when it must, and only then", async (alert) => {
  expect(await run("test", "rules", join(TESTS, `${alert}.yaml`))).toContain("SUCCESS");
});

test.each(alerts)("%s is tested both ways", (alert) => {
  const asked = yaml<RuleTests>(join(TESTS, `${alert}.yaml`)).tests.flatMap((one) => one.alert_rule_test);
  expect(new Set(asked.map(({ alertname }) => alertname))).toEqual(new Set([alert]));
  expect(new Set(asked.map(({ exp_alerts }) => exp_alerts.length > 0))).toEqual(new Set([true, false]));
});

test("every alert has its tests and its runbook, and there are no others", () => {
  expect(namesIn(TESTS).sort()).toEqual([...alerts].sort());
  expect(namesIn(RUNBOOKS).sort()).toEqual([...alerts].sort());
});

test.each(rules)("the runbook_url of $alert leads to its page", ({ alert, annotations }) => {
  expect(annotations.runbook_url).toMatch(/^https:\/\/\S+\/docs\/runbooks\/\w+\.md$/);
  expect(basename(annotations.runbook_url)).toBe(`${alert}.md`);
});

test.each(alerts)("the runbook of %s says what it means, how to check and what to do", (alert) => {
  const page = readFileSync(join(RUNBOOKS, `${alert}.md`), "utf8");
  expect(page.match(/^#.*$/gm)).toEqual([
    `# ${alert}`,
    "## What it means",
    "## How to check",
    "## What to do",
  ]);
});

test.each(rules)("$alert asks for series that there are, and for no job", ({ expr }) => {
  const asked = [...expr.matchAll(/\bcapi_vip_allocator_\w+?(?=_bucket\b|\b)/g)].map(([name]) => name);
  const known = metricNames.map((name) => METRIC_PREFIX + name);
  // Written as a pattern in one place.
  expect(known).toEqual(
    expect.arrayContaining(asked.filter((name) => name !== `${METRIC_PREFIX}allocation`)),
  );
  expect(asked.length).toBeGreaterThan(0);
  expect(expr).not.toMatch(/\b(job|pod|service|endpoint|container)\b/);
});

test("docs/monitoring.md lists every alert, with its severity", () => {
  const rows = [...page.matchAll(/^\| \[(\w+)\]\(runbooks\/\1\.md\) +\| (\w+) /gm)];
  const listed = rows.map(([, alert = "", severity = ""]) => [alert, severity]);
  expect(Object.fromEntries(listed)).toEqual(
    Object.fromEntries(rules.map(({ alert, labels }) => [alert, labels.severity])),
  );
});

test("the configuration without the operator in docs/monitoring.md is one that Prometheus takes", async () => {
  const [, config = ""] = /^```yaml\n(.*?)^```/ms.exec(page) ?? [];
  const folder = mkdtempSync(join(tmpdir(), "capi-vip-allocator-"));
  try {
    writeFileSync(join(folder, "prometheus.yml"), config);
    expect(await run("check", "config", "--syntax-only", join(folder, "prometheus.yml"))).toContain(
      "SUCCESS",
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
