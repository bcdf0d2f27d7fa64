/** Answers: how does Grafana show it? The rows of panels.ts, as the dashboard that is imported. */
import {
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  RowBuilder,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type Dashboard,
} from "@grafana/grafana-foundation-sdk/dashboard";
import {
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  StackingConfigBuilder,
  StackingMode,
  VizLegendOptionsBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import { DataqueryBuilder } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder as NumberBuilder } from "@grafana/grafana-foundation-sdk/stat";
import { PanelBuilder as LinesBuilder } from "@grafana/grafana-foundation-sdk/timeseries";
import { ROWS, type Panel } from "./panels";

/** Whoever imports it chooses. */
const DATA_SOURCE = { type: "prometheus", uid: "${datasource}" };

/** Grafana's grid is 24 wide. */
const WIDTH = { number: 6, lines: 9 };
const HEIGHT = 8;

export function dashboard(): Dashboard {
  const builder = new DashboardBuilder("capi-vip-allocator")
    .uid("capi-vip-allocator")
    .description("Virtual IPs of Cluster API clusters: allocations, pools, held Clusters and our processes.")
    .tags(["cluster-api", "ipam", "vip"])
    .refresh("1m")
    .time({ from: "now-6h", to: "now" })
    .timezone("browser")
    .tooltip(DashboardCursorSync.Crosshair)
    .withVariable(new DatasourceVariableBuilder("datasource").label("Data source").type("prometheus"));
  for (const row of ROWS) {
    builder.withRow(new RowBuilder(row.title));
    for (const panel of row.panels) builder.withPanel(panel.form === "number" ? number(panel) : lines(panel));
  }
  return builder.build();
}

function number(panel: Panel): NumberBuilder {
  return described(new NumberBuilder(), panel)
    .span(WIDTH.number)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(["lastNotNull"]));
}

function lines(panel: Panel): LinesBuilder {
  const builder = described(new LinesBuilder(), panel)
    .span(WIDTH.lines)
    .min(0)
    .fillOpacity(panel.form === "stacked" ? 40 : 8)
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .showLegend(true),
    );
  if (panel.form === "stacked") builder.stacking(new StackingConfigBuilder().mode(StackingMode.Normal));
  if (panel.limits)
    builder.thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Line));
  return builder;
}

type Described = NumberBuilder | LinesBuilder;

function described<B extends Described>(builder: B, { title, says, unit, queries, limits }: Panel): B {
  builder.title(title).description(says).datasource(DATA_SOURCE).unit(unit).height(HEIGHT);
  queries.forEach(({ legend, expr }, index) =>
    builder.withTarget(query(legend, expr, "ABCDEF"[index] ?? "")),
  );
  if (limits) builder.thresholds(thresholds(limits));
  return builder;
}

const query = (legend: string, expr: string, refId: string): DataqueryBuilder =>
  new DataqueryBuilder().datasource(DATA_SOURCE).expr(expr).legendFormat(legend).refId(refId).range();

const thresholds = ([warn, alarm]: readonly [number, number]): ThresholdsConfigBuilder =>
  new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([
    { value: null, color: "green" },
    { value: warn, color: "orange" },
    { value: alarm, color: "red" },
  ]);
