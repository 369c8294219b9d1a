/**
 * What all boards of Weir have in common. A panel cannot be made without what a person at three in the morning needs: a
 * title, what it means and its unit; each of its lines has a name.
 */
import {
  type DataSourceRef,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  ScaleDistribution,
  ScaleDistributionConfigBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  type DashboardLink,
  DashboardLinkType,
  type Panel,
  RowBuilder,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { DataqueryBuilder } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder as StatBuilder } from "@grafana/grafana-foundation-sdk/stat";
import { PanelBuilder as LinesBuilder } from "@grafana/grafana-foundation-sdk/timeseries";

/** PromQL by the name of the line; `{{label}}` in a name stands for that label's value. */
type Queries = Readonly<Record<string, string>>;

export type PanelSpec = {
  readonly title: string;
  /** What it shows, and what to think of it. */
  readonly about: string;
  /** As Grafana names units: s, percentunit, short, bytes; `suffix: tx/s` is written behind the number. */
  readonly unit: string;
  /** Of 24 columns. */
  readonly width: number;
  readonly queries: Queries;
};

export type StatSpec = PanelSpec & {
  /** From which value on it is to be looked at, and from which on to be acted upon; without them it is green. */
  readonly limits?: { readonly orange?: number; readonly red?: number };
};

export type LinesSpec = PanelSpec & { readonly style?: "lines" | "stacked" | "log" };

/** A row of a board: a heading, and panels whose widths fill whole lines. */
export type Row = { readonly title: string; readonly panels: readonly Buildable[] };

export type BoardSpec = {
  readonly uid: string;
  readonly title: string;
  readonly about: string;
  readonly rows: readonly Row[];
};

type Buildable = { id(id: number): { build(): Panel } };

const SOURCE: DataSourceRef = { type: "prometheus", uid: "prometheus" };

/** Written out, since the builder would hide it in a menu. */
const TO_THE_OTHERS: DashboardLink = {
  title: "Weir",
  type: DashboardLinkType.Dashboards,
  icon: "external link",
  tooltip: "",
  tags: ["weir"],
  asDropdown: false,
  targetBlank: false,
  includeVars: false,
  keepTime: true,
};

/** One number, as it is now. */
export function stat({ limits = {}, queries, ...spec }: StatSpec): Buildable {
  const steps = [
    { color: "green", value: null },
    ...Object.entries(limits).map(([color, value]) => ({ color, value })),
  ];
  return common(new StatBuilder(), spec)
    .height(4)
    .min(0)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(["lastNotNull"]))
    .thresholds(new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps))
    .targets(targets(queries, "instant"));
}

/** Lines over time. */
export function lines({ style = "lines", queries, ...spec }: LinesSpec): Buildable {
  const panel = common(new LinesBuilder(), spec)
    .height(8)
    .lineWidth(1)
    .fillOpacity(style === "stacked" ? 30 : 10)
    .showPoints(VisibilityMode.Never)
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .showLegend(true),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
    .targets(targets(queries, "range"));
  if (style === "stacked") return panel.stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group("A"));
  if (style === "lines") return panel.min(0);
  return panel.scaleDistribution(new ScaleDistributionConfigBuilder().type(ScaleDistribution.Log).log(10));
}

export function board({ uid, title, about, rows }: BoardSpec): Dashboard {
  const builder = new DashboardBuilder(title)
    .uid(uid)
    .description(about)
    .tags(["weir"])
    .timezone("browser")
    .readonly()
    .tooltip(DashboardCursorSync.Crosshair)
    .refresh("5s")
    .time({ from: "now-15m", to: "now" })
    .link({ build: () => TO_THE_OTHERS });
  let id = 0;
  for (const row of rows) {
    id += 1;
    builder.withRow(new RowBuilder(row.title).id(id));
    for (const panel of row.panels) {
      id += 1;
      builder.withPanel(panel.id(id) as Parameters<DashboardBuilder["withPanel"]>[0]);
    }
  }
  return builder.build();
}

type Named = Pick<PanelSpec, "title" | "about" | "unit" | "width">;

function common<B extends StatBuilder | LinesBuilder>(builder: B, { title, about, unit, width }: Named): B {
  return builder.title(title).description(about).unit(unit).span(width).datasource(SOURCE) as B;
}

function targets(queries: Queries, kind: "instant" | "range"): DataqueryBuilder[] {
  return Object.entries(queries).map(([name, expr], index) =>
    new DataqueryBuilder()
      [kind]()
      .refId(String.fromCharCode("A".charCodeAt(0) + index))
      .datasource(SOURCE)
      .expr(expr)
      .legendFormat(name),
  );
}
