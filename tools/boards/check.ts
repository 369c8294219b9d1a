/**
 * npm run check:boards: a real Prometheus scrapes a run in memory, and every query of every panel is sent to it. A query
 * that is refused, or that nothing answers, is a fault.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, launch, repositoryRoot, run, signal, until } from "@weir/testing";
import { boards } from "./boards.ts";
import { qualityPage } from "./quality-page.ts";

const PATIENCE_MS = 60_000;
const RUN = [join(repositoryRoot, "tools/start/main.ts"), "--in-memory", "--rate", "500"];
const RULES = join(repositoryRoot, "observability/prometheus/rules/*.yml");

type Query = { readonly board: string; readonly panel: string; readonly expr: string };

process.exitCode = await main();

async function main(): Promise<number> {
  if ((await run("prometheus", ["--version"], { timeoutMs: 10_000 })).missing) {
    console.error("prometheus is not on the PATH: apt-get install prometheus, or brew install prometheus");
    return 78;
  }
  const folder = await mkdtemp(join(tmpdir(), "weir-boards-"));
  const weir = await launch("weir-run", process.execPath, RUN, join(folder, "run.log"));
  const address = `127.0.0.1:${await freePort()}`;
  const page = await qualityPage();
  const quality = createServer((_request, response) => response.end(page)).listen(await freePort(), "127.0.0.1");
  try {
    const scraped = await addresses(join(folder, "run.log"));
    scraped.set("weir-quality", `127.0.0.1:${(quality.address() as AddressInfo).port}`);
    await writeFile(join(folder, "prometheus.yml"), configuration(scraped));
    const server = ["--config.file=prometheus.yml", "--storage.tsdb.path=data", `--web.listen-address=${address}`];
    const script = `cd '${folder}' && exec prometheus ${server.join(" ")}`;
    const prometheus = await launch("weir-prometheus", "/bin/sh", ["-c", script], join(folder, "prometheus.log"));
    try {
      return await judge(`http://${address}`);
    } finally {
      signal(prometheus.pid, "SIGTERM");
      await prometheus.exit;
    }
  } finally {
    signal(weir.pid, "SIGINT");
    await weir.exit;
    quality.close();
    await rm(folder, { recursive: true });
  }
}

/** `host:port` of the services by the job that scrapes them. */
async function addresses(log: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const told = async (): Promise<boolean> => {
    const text = await readFile(log, "utf8").catch(() => "");
    for (const [, address = ""] of text.matchAll(/http:\/\/(\S+)\/metrics/g)) {
      const page = await fetch(`http://${address}/metrics`).then((answer) => answer.text());
      found.set(`weir-${/service="(\w+)"/.exec(page)?.[1]}`, address);
    }
    return found.size === 2;
  };
  if (!(await until(told, PATIENCE_MS)))
    throw new Error(`the run told no two addresses:\n${await readFile(log, "utf8")}`);
  return found;
}

function configuration(addresses: ReadonlyMap<string, string>): string {
  const jobs = [...addresses].map(([job_name, address]) => ({ job_name, static_configs: [{ targets: [address] }] }));
  const global = { scrape_interval: "1s", evaluation_interval: "1s" };
  // YAML knows JSON.
  return JSON.stringify({ global, rule_files: [RULES], scrape_configs: jobs });
}

/** Asks until all is answered, or for as long as patience lasts; prints what is wrong. */
async function judge(url: string): Promise<number> {
  const queries = queriesOf();
  let faults = new Map<Query, string>();
  const answered = async (): Promise<boolean> => {
    faults = new Map();
    for (const query of queries) {
      const fault = await faultOf(url, query.expr);
      if (fault !== null) faults.set(query, fault);
    }
    return faults.size === 0;
  };
  await until(answered, PATIENCE_MS, 1_000);
  for (const [{ board, panel, expr }, fault] of faults) console.error(`${board}, "${panel}": ${fault}\n  ${expr}`);
  console.log(`${queries.length - faults.size} of ${queries.length} queries of ${boards.size} boards were answered`);
  return faults.size === 0 ? 0 : 1;
}

function queriesOf(): Query[] {
  return [...boards].flatMap(([board, { panels = [] }]) =>
    panels.flatMap((panel) => {
      const targets = "targets" in panel ? ((panel.targets ?? []) as { expr?: string }[]) : [];
      return targets.map(({ expr = "" }) => ({ board, panel: panel.title ?? "", expr }));
    }),
  );
}

async function faultOf(url: string, expr: string): Promise<string | null> {
  const { error, result = [] } = await ask(url, expr.replaceAll("$__rate_interval", "10s"));
  return error ?? (result.length === 0 ? "nothing answers" : null);
}

type Answer = { readonly error?: string; readonly result?: readonly unknown[] };

async function ask(url: string, query: string): Promise<Answer> {
  try {
    const answer = await fetch(`${url}/api/v1/query`, { method: "POST", body: new URLSearchParams({ query }) });
    const { error, data } = (await answer.json()) as { error?: string; data?: Answer };
    return error === undefined ? { result: data?.result ?? [] } : { error };
  } catch (error) {
    return { error: `Prometheus does not answer: ${String(error)}` };
  }
}
