import { until } from "@weir/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BOARDS_FOLDER, boards } from "../boards/boards.ts";
import { qualityPage } from "../boards/quality-page.ts";
import { start, urlsIn } from "../start/run.fixture.ts";
import { metricsInTable, metricsOf, recordedBy, seriesOf } from "./exported.ts";
import { boardFaults, labelsIn, metricsIn, panelsOf, unknownIn } from "./queries.ts";
import { type Document, filesBelow, readText, readYaml, SERVICES } from "./repository.ts";

const RUNBOOKS = "docs/runbooks.md";
const SEVERITIES = { page: true, ticket: true, none: true };

const rules: Document[] = filesBelow("observability/prometheus/rules", ".yml").flatMap((path) =>
  readYaml(path).groups.flatMap((group: Document) => group.rules),
);
const alerts = rules.filter(({ alert }) => alert !== undefined);
const cases: Document[] = filesBelow("observability/tests", ".yml").flatMap((path) =>
  readYaml(path).tests.flatMap((test: Document) => test.alert_rule_test ?? []),
);

/** By service, what it answers at /metrics while it works. */
const pages = new Map<string, string>();
let exported = new Map<string, ReadonlySet<string>>();

const cleanUps: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const cleanUp of cleanUps) await cleanUp();
});

beforeAll(async () => {
  const run = start({}, ["--in-memory", "--rate", "200", "--partitions", "2"], (cleanUp) => cleanUps.push(cleanUp));
  await run.said("first decisions");
  const urls = urlsIn(run.output());
  const allThere = async (): Promise<boolean> => {
    const texts = await Promise.all(urls.map(async (url) => (await fetch(url)).text()));
    for (const text of texts) pages.set(/service="(\w+)"/.exec(text)?.[1] ?? "", text);
    return pages.get("detector")?.includes("weir_partition_offset{") ?? false;
  };
  expect(await until(allThere, 30_000), run.output()).toBe(true);
  pages.set("quality", await qualityPage());
  run.child.kill("SIGINT");
  await run.exit;
  exported = new Map([...seriesOf([...pages.values()]), ...recordedBy(rules)]);
});

const files = [...boards.keys()];
const written = (file: string): Document => JSON.parse(readText(`${BOARDS_FOLDER}/${file}`));

describe.each(files)("the board %s", (file) => {
  it("is what the code makes: else `npm run boards` has to be run", () => {
    expect(written(file)).toEqual(JSON.parse(JSON.stringify(boards.get(file))));
  });

  it("asks only for what a service exports or a rule records, in panels with title, description and unit", () => {
    expect(boardFaults(written(file), exported)).toEqual([]);
  });
});

describe("the boards", () => {
  it("are those of the folder, each with an address of its own", () => {
    expect(filesBelow(BOARDS_FOLDER, ".json")).toEqual(files.map((file) => `${BOARDS_FOLDER}/${file}`).sort());
    expect(new Set(files.map((file) => written(file).uid)).size).toBe(files.length);
  });

  it("show every metric that the services export, those apart that say what runs", () => {
    const asked = new Set(
      files
        .flatMap((file) => panelsOf(written(file)))
        .flatMap(({ targets }) => targets.flatMap((target: Document) => metricsIn(target.expr)))
        .map((name) => name.replace(/_(bucket|sum|count)$/, "")),
    );
    const names = [...pages.values()].flatMap(metricsOf).map((metric) => metric.replace(/\{.*/, ""));
    expect(names.filter((name) => !asked.has(name) && name !== "weir_build_info")).toEqual([]);
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
    ["has the label outcom", (panel) => (panel.targets[0].expr = 'weir_decisions_total{outcom="approve"}')],
    ["two panels have the id 2", (panel) => (panel.id = 2)],
    ['lies over "Rate in"', (panel) => (panel.gridPos = { x: 0, y: 1, w: 1, h: 1 })],
  ])("are found out when a panel %s", (fault, change) => {
    const broken = written("weir.json");
    change(broken.panels.at(-1));
    expect(boardFaults(broken, exported).join("\n")).toContain(fault);
  });
});

describe("what the services export", () => {
  it.each(SERVICES)("is what the README of the %s tells, with the labels", (service) => {
    expect(metricsInTable(readText(`services/${service}/README.md`))).toEqual(metricsOf(pages.get(service) as string));
  });
});

describe("the rules", () => {
  it("ask only for what a service exports or a rule records", () => {
    for (const { alert, record, expr } of rules) expect(unknownIn(expr, exported), alert ?? record).toEqual([]);
  });

  it("are found out when a metric or a label is renamed", () => {
    const renamed = new Map(exported);
    renamed.delete("weir_lag_seconds");
    renamed.set("weir_partition_offset", new Set(["stage"]));
    renamed.set("weir_lag_transactions", new Set(["stage"]));
    const faulty = rules.filter(({ expr }) => unknownIn(expr, renamed).length > 0);
    expect(faulty.map(({ alert, record }) => alert ?? record)).toEqual([
      "weir:stale:bool",
      "WeirLagging",
      "WeirPartitionStalled",
    ]);
  });
});

describe("the alerts", () => {
  it("have a severity, a summary, a description and a heading in the runbooks each", () => {
    const headings = [...readText(RUNBOOKS).matchAll(/^## (\w+)$/gm)].map((match) => match[1]);
    expect(headings.toSorted()).toEqual(alerts.map(({ alert }) => alert).toSorted());
    for (const { alert, labels, annotations } of alerts) {
      expect(Object.keys(SEVERITIES), alert).toContain(labels.severity);
      expect(annotations.summary && annotations.description, alert).toBeTruthy();
      expect(annotations.runbook).toBe(`${RUNBOOKS}#${alert.toLowerCase()}`);
    }
  });

  it.each(alerts.map(({ alert }) => alert))("%s has a case in which it fires and one in which it is quiet", (alert) => {
    const own = cases.filter((each) => each.alertname === alert);
    expect(own.some((each) => each.exp_alerts.length > 0)).toBe(true);
    expect(own.some((each) => each.exp_alerts.length === 0)).toBe(true);
  });
});

describe("the provisioning", () => {
  const { services } = readYaml("docker-compose.yml");

  it("gives Grafana the data source that the boards ask, at Prometheus's address in the stack", () => {
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
    expect(services.grafana.volumes).toContain(`./${BOARDS_FOLDER}:${provider.options.path}:ro`);
    expect(services.grafana.environment.GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH).toBe(
      `${provider.options.path}/weir.json`,
    );
  });

  it("gives Prometheus every file of rules", () => {
    expect(readYaml("observability/prometheus/prometheus.yml").rule_files).toEqual(["rules/*.yml"]);
    expect(services.prometheus.volumes).toContain("./observability/prometheus:/etc/prometheus:ro");
  });

  it("lets Prometheus scrape the ports that the services listen on, over a network that both are in", () => {
    const jobs: Document[] = readYaml("observability/prometheus/prometheus.yml").scrape_configs;
    for (const service of ["generator", "quality"]) {
      const [target] = jobs.find((job) => job.job_name === `weir-${service}`).static_configs[0].targets;
      expect(target).toBe(`${service}:${services[service].environment.PORT}`);
    }
    const [lookup] = jobs.find((job) => job.job_name === "weir-detector").dns_sd_configs;
    expect(lookup).toMatchObject({ names: ["detector"], port: Number(services.detector.environment.PORT) });
    for (const service of [...SERVICES, "prometheus", "grafana"]) {
      expect(services[service].networks, service).toContain("metrics");
    }
  });
});

describe("the names in an expression", () => {
  it.each([
    ['sum by (outcome) (rate(weir_decisions_total{outcome="a_b"}[$__rate_interval]))', ["weir_decisions_total"]],
    ["histogram_quantile(0.9, sum by (le) (rate(a_bucket[5m]))) > 1 and on (job) up == 0", ["a_bucket", "up"]],
    ["a / ignoring(b) group_left(c) d offset 5m", ["a", "d"]],
    ["max(weir:a:b) > bool 1 or vector(1)", ["weir:a:b"]],
  ])("of %s", (expression, names) => {
    expect(metricsIn(expression)).toEqual(names);
  });

  it.each([
    ['sum by (outcome, job) (rate(a{x="by (y)",z!~"b"}[5m]))', ["x", "z", "outcome", "job"]],
    ["max(a) unless on (stage) b == 1", ["stage"]],
  ])("and its labels: %s", (expression, labels) => {
    expect(labelsIn(expression.replace('"by (y)"', '"y"'))).toEqual(labels);
  });
});
