/** Answers: which build runs here, by which settings? Two gauges that are always 1, and say it in their labels. */
import type { SettingName } from "../settings";
import { settingLabel } from "./metric-table";
import type { Metrics } from "./metrics";

export function tellInfos(
  metrics: Metrics,
  build: { readonly version: string; readonly pepr: string },
  settings: Readonly<Record<SettingName, string>>,
): void {
  const labels = Object.fromEntries(
    Object.entries(settings).map(([name, text]) => [settingLabel(name), text]),
  );
  metrics.gauge("build_info", () => [{ labels: build, value: 1 }]);
  metrics.gauge("settings_info", () => [{ labels, value: 1 }]);
}
