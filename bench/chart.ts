/** What does growth look like? An SVG of lines, drawn without a browser. */
import { init } from "echarts";
import type { Axis, Chart } from "./figure";

const WIDTH = 760;
const HEIGHT = 420;

const axis = ({ name, logarithmic = false }: Axis, gap: number): object => ({
  type: logarithmic ? "log" : "value",
  name,
  nameLocation: "middle",
  nameGap: gap,
});

export function svgOf({ title, x, y, series }: Chart): string {
  const chart = init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height: HEIGHT });
  chart.setOption({
    animation: false,
    backgroundColor: "#ffffff",
    title: { text: title, left: "center" },
    // What the widths of words are reckoned by.
    textStyle: { fontFamily: "sans-serif" },
    legend: { bottom: 0, itemGap: 24 },
    grid: { left: 80, right: 30, top: 50, bottom: 90 },
    xAxis: axis(x, 30),
    yAxis: axis(y, 55),
    series: series.map(({ name, points }) => ({
      name,
      type: "line",
      // Points that were measured are shown, unless there are so many that they are the line.
      showSymbol: points.length < 30,
      data: points,
    })),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return `${svg}\n`;
}
