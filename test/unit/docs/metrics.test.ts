import { readFileSync } from "node:fs";
import { join } from "node:path";
import { METRIC_PREFIX, metricNames } from "../../../lib/adapters/metric-table";
import { REGENERATE_METRICS, withMetrics } from "./pages";

const page = readFileSync(join(__dirname, "../../../docs/observability.md"), "utf8");

test(`docs/observability.md says what the table of metrics says; if not, run: ${REGENERATE_METRICS}`, () => {
  expect(page).toBe(withMetrics(page));
});

test("docs/observability.md has a section for each metric, and for no other", () => {
  const sections = [...page.matchAll(/^### (capi_vip_allocator_\w+)$/gm)].map(([, name]) => name);
  expect(sections).toEqual(metricNames.map((name) => METRIC_PREFIX + name));
});
