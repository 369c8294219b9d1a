import { Metrics } from "@weir/service";
import { describe, expect, it } from "vitest";
import { boardFaults, metricsIn, panelsOf, unknownMetrics } from "./queries.ts";
import { type Document, filesBelow, metricKinds, readText, readYaml } from "./repository.ts";

const BOARD = "observability/grafana/boards/weir.json";
const RULES = "observability/prometheus/rules/weir.yml";

/** Weir's own metrics, from the sources, and those of the process, from the registry that every service starts with. */
const kinds = new Map<string, string>([
  ...new Metrics({ service: "check", version: "0", node: "0" }).registry
    .getMetricsAsArray()
    .map((metric): [string, string] => [metric.name, String((metric as Document).type ?? "gauge")]),
  ...metricKinds(),
]);

const board = (): Document => JSON.parse(readText(BOARD));
const alerts = (): Document[] => readYaml(RULES).groups.flatMap((group: Document) => group.rules);

describe("the board", () => {
  it("asks only for metrics that a service exports, in panels with title, description and unit", () => {
    expect(boardFaults(board(), kinds)).toEqual([]);
  });

  it("shows rate, outcomes, rejections, latency percentiles, lag, commits and restores", () => {
    const asked = panelsOf(board()).flatMap((panel) =>
      panel.targets.flatMap((target: Document) => metricsIn(target.expr)),
    );
    for (const metric of [
      "weir_transactions_total",
      "weir_decisions_total",
      "weir_rejected_total",
      "weir_end_to_end_latency_seconds_bucket",
      "weir_lag_transactions",
      "weir_lag_seconds",
      "weir_commits_total",
      "weir_commit_duration_seconds_bucket",
      "weir_restore_duration_seconds_bucket",
      "weir_rebalances_total",
      "weir_generator_behind_transactions",
    ]) {
      expect(asked).toContain(metric);
    }
    const latency = panelsOf(board()).find((panel) => panel.title === "End-to-end latency");
    expect(latency.targets.map((target: Document) => target.legendFormat)).toEqual(["p50", "p95", "p99"]);
  });

  it.each<[string, (panel: Document) => void]>([
    ["has no title", (panel) => (panel.title = "")],
    ["has no description", (panel) => delete panel.description],
    ["has no unit", (panel) => delete panel.fieldConfig.defaults.unit],
    ["asks nothing", (panel) => (panel.targets = [])],
    ["is wider than the board", (panel) => (panel.gridPos.w = 25 - panel.gridPos.x)],
    ["asks a data source that is not provisioned", (panel) => (panel.targets[0].datasource.uid = "other")],
    ["has a line without a name", (panel) => delete panel.targets[0].legendFormat],
    ["has a rate over a fixed window", (panel) => (panel.targets[0].expr = "rate(weir_transactions_total[1m])")],
    ["weir_transactions is exported by no service", (panel) => (panel.targets[0].expr = "weir_transactions")],
    ["two panels have the id 2", (panel) => (panel.id = 2)],
    ['lies over "Rate in"', (panel) => (panel.gridPos = { x: 0, y: 0, w: 1, h: 1 })],
  ])("is found out when a panel %s", (fault, change) => {
    const broken = board();
    change(broken.panels.at(-1));
    expect(boardFaults(broken, kinds).join("\n")).toContain(fault);
  });
});

describe("the alerts", () => {
  it("ask only for metrics that a service exports", () => {
    for (const alert of alerts()) expect(unknownMetrics(alert.expr, kinds), alert.alert).toEqual([]);
  });

  it("have a severity, a summary, a description and a heading in the runbook each", () => {
    const headings = [...readText("observability/README.md").matchAll(/^#+ (\w+)$/gm)].map((match) => match[1]);
    for (const { alert, labels, annotations } of alerts()) {
      expect(["page", "ticket"], alert).toContain(labels.severity);
      expect(annotations.summary && annotations.description, alert).toBeTruthy();
      expect(annotations.runbook).toBe(`observability/README.md#${alert.toLowerCase()}`);
      expect(headings).toContain(alert);
    }
  });

  it("have a case in which they fire and one in which they are quiet", () => {
    const cases: Document[] = readYaml("observability/tests/weir.yml").tests.flatMap(
      (test: Document) => test.alert_rule_test,
    );
    for (const { alert } of alerts()) {
      const own = cases.filter((each) => each.alertname === alert);
      expect(
        own.some((each) => each.exp_alerts.length > 0),
        `${alert} fires`,
      ).toBe(true);
      expect(
        own.some((each) => each.exp_alerts.length === 0),
        `${alert} is quiet`,
      ).toBe(true);
    }
  });
});

describe("the provisioning", () => {
  const { services } = readYaml("docker-compose.yml");

  it("gives Grafana the data source that the board asks, at Prometheus's address in the stack", () => {
    const [source] = readYaml("observability/grafana/datasources/prometheus.yml").datasources;
    expect(source).toMatchObject({
      uid: "prometheus",
      type: "prometheus",
      isDefault: true,
      url: "http://prometheus:9090",
    });
  });

  it("points Grafana at the folder that the boards are mounted to", () => {
    const [provider] = readYaml("observability/grafana/dashboards/weir.yml").providers;
    expect(services.grafana.volumes).toContain(`./observability/grafana/boards:${provider.options.path}:ro`);
    expect(filesBelow("observability/grafana/boards", ".json")).toEqual([BOARD]);
    expect(services.grafana.environment.GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH).toBe(
      `${provider.options.path}/weir.json`,
    );
  });

  it("lets Prometheus scrape the ports that the services listen on, over a network that both are in", () => {
    const jobs: Document[] = readYaml("observability/prometheus/prometheus.yml").scrape_configs;
    const [target] = jobs.find((job) => job.job_name === "weir-generator").static_configs[0].targets;
    expect(target).toBe(`generator:${services.generator.environment.PORT}`);
    const [lookup] = jobs.find((job) => job.job_name === "weir-detector").dns_sd_configs;
    expect(lookup).toMatchObject({ names: ["detector"], port: Number(services.detector.environment.PORT) });
    for (const service of ["generator", "detector", "prometheus", "grafana"]) {
      expect(services[service].networks, service).toContain("metrics");
    }
  });
});

describe("the names in an expression", () => {
  it.each([
    ['sum by (outcome) (rate(weir_decisions_total{outcome="a_b"}[$__rate_interval]))', ["weir_decisions_total"]],
    ["histogram_quantile(0.9, sum by (le) (rate(a_bucket[5m]))) > 1 and on (job) up == 0", ["a_bucket", "up"]],
    ["a / ignoring(b) group_left(c) d offset 5m", ["a", "d"]],
  ])("of %s", (expression, names) => {
    expect(metricsIn(expression)).toEqual(names);
  });

  it("know a histogram by its series only, and no series without its histogram", () => {
    const known = new Map([
      ["a_seconds", "histogram"],
      ["b_total", "counter"],
    ]);
    expect(unknownMetrics("a_seconds_bucket + b_total", known)).toEqual([]);
    expect(unknownMetrics("a_seconds + b_total_sum", known)).toEqual(["a_seconds", "b_total_sum"]);
  });
});
