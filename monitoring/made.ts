/** Answers: which files of this folder are made of others, and what is in them? */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { dashboard } from "./dashboard";

export const RULES = join(__dirname, "alerts.yaml");

const HEAD =
  '# Made of alerts.yaml: "npm run dashboard" writes it anew. Your Prometheus may ask for a label of its own here,\n' +
  "# in spec.ruleSelector; kube-prometheus-stack asks for release.\n";

/** By their names in this folder. */
export const made = (): Readonly<Record<"dashboard.json" | "prometheusrule.yaml", string>> => ({
  "dashboard.json": `${JSON.stringify(dashboard(), null, 2)}\n`,
  "prometheusrule.yaml": HEAD + stringify(rulesObject(), { lineWidth: 110 }),
});

function rulesObject(): object {
  const { groups } = parse(readFileSync(RULES, "utf8")) as { groups: unknown };
  return {
    apiVersion: "monitoring.coreos.com/v1",
    kind: "PrometheusRule",
    metadata: { name: "capi-vip-allocator", namespace: "pepr-system" },
    spec: { groups },
  };
}
