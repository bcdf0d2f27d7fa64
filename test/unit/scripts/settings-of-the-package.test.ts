import { BUDGET_MARGIN_SECONDS, readSettings, SETTINGS } from "../../../lib/settings";
import { pepr } from "../../../package.json";

describe("The pepr block of package.json", () => {
  const env: Readonly<Record<string, string | undefined>> = pepr.env;

  test("leaves the budget of a create enough room within the webhook timeout", () => {
    const budget = Number(env["VIP_ADMISSION_BUDGET"] ?? SETTINGS.VIP_ADMISSION_BUDGET.fallback);
    expect(budget + BUDGET_MARGIN_SECONDS).toBeLessThanOrEqual(pepr.webhookTimeout);
  });

  test("holds settings that the module starts with", () => {
    expect(() => readSettings(env, pepr.webhookTimeout)).not.toThrow();
  });

  test("has a timeout that Kubernetes accepts, of two digits because Pepr replaces it as a text", () => {
    expect(pepr.webhookTimeout).toBeGreaterThanOrEqual(10);
    expect(pepr.webhookTimeout).toBeLessThanOrEqual(30);
  });

  test("rejects on errors, under rules that name what they allow", () => {
    expect(pepr).toMatchObject({ onError: "reject", rbacMode: "scoped" });
    expect(JSON.stringify(pepr.rbac)).not.toContain("*");
  });
});
