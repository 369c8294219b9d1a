import { execFile } from "node:child_process";
import { createServer } from "node:net";
import { promisify } from "node:util";
import { type CollectorManner, freePort, OtlpCollector, until } from "@weir/testing";
import { expect, onTestFinished, test } from "vitest";
import { createLogger } from "../logger.ts";
import { Metrics } from "../metrics.ts";
import { readSettings } from "../settings.ts";
import { type SpanStart, startTracing, tracingSettings } from "./tracing.ts";

const PRODUCER = { traceId: "4bf92f3577b34da6a3ce929d0e0e4736", spanId: "00f067aa0ba902b7", sampled: true };
const START: SpanStart = {
  name: "process it",
  kind: "consumer",
  parent: PRODUCER,
  startMs: 1_700_000_000_000.5,
  attributes: { "weir.stage": "gate", "weir.batch.next_offset": 7 },
  links: [],
};

function world() {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const log = createLogger({ level: "info", service: "test", instance: "1", destination });
  const metrics = new Metrics({ service: "test", version: "1", node: "1" });
  const counted = async (result: string): Promise<number> => {
    const text = await metrics.registry.metrics();
    return Number(new RegExp(`weir_trace_spans_total\\{result="${result}"\\} (\\d+)`).exec(text)?.[1]);
  };
  return { log, metrics, counted, said: () => lines.join("") };
}

async function tracingTo(endpoint: string, spansPerSecond = 100_000) {
  const around = world();
  const tracing = await startTracing({ endpoint, spansPerSecond }, "test", around);
  if (tracing === null) throw new Error("it is off");
  onTestFinished(() => tracing.close());
  const spans = (count: number): number => {
    const begun = Array.from({ length: count }, () => tracing.begin(START));
    for (const span of begun) span?.end(START.startMs + 1, "done");
    return begun.filter((span) => span !== null).length;
  };
  return { ...around, tracing, spans };
}

async function collector(manner?: CollectorManner): Promise<OtlpCollector> {
  const opened = await OtlpCollector.open(manner);
  onTestFinished(() => opened[Symbol.asyncDispose]());
  return opened;
}

test("without a collector there is no tracing, and its metric is there all the same", async () => {
  const around = world();
  const settings = readSettings({ tracing: tracingSettings }, { env: {}, readFile: String });
  expect(await startTracing(settings.tracing, "test", around)).toBeNull();
  expect(await around.counted("exported")).toBe(0);
});

test.each([
  ["without a collector", null, false],
  ["with one", { endpoint: "http://127.0.0.1:9", spansPerSecond: 1 }, true],
])("%s, OpenTelemetry's SDK is loaded or not, with %j", async (_, settings, isLoaded) => {
  const script = `
    import { registerHooks } from "node:module";
    const loaded = [];
    registerHooks({ resolve: (name, context, next) => (loaded.push(name), next(name, context)) });
    const { createLogger, Metrics, startTracing } = await import("@weir/service");
    const log = createLogger({ level: "fatal", service: "test", instance: "1" });
    const metrics = new Metrics({ service: "test", version: "1", node: "1" });
    await startTracing(${JSON.stringify(settings)}, "test", { log, metrics });
    console.log(loaded.some((name) => name.startsWith("@opentelemetry/sdk")));
    process.exit(0);`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], {
    cwd: import.meta.dirname,
  });
  expect(stdout.trim()).toBe(String(isLoaded));
});

test("a collector's address is checked, and a password in it is not repeated", () => {
  const read = (text: string) => () =>
    readSettings({ tracing: tracingSettings }, { env: { OTEL_EXPORTER_OTLP_ENDPOINT: text }, readFile: String });
  expect(read("http://collector:4318")().tracing).toEqual({ endpoint: "http://collector:4318", spansPerSecond: 1000 });
  for (const wrong of ["collector:4318", "grpc://collector:4317", "http://", "http://a/?b=c", "http://a:b"])
    expect(read(wrong), wrong).toThrow("OTEL_EXPORTER_OTLP_ENDPOINT must be http://host:port");
  expect(read("http://me:secret@collector:4318")).toThrow(/not shown/);
});

test("a span arrives as it was: in its producer's trace, at its time, with its links, failed or not", async () => {
  const { url, spans } = await collector().then((opened) => ({ url: opened.url, spans: () => opened.spans() }));
  const { tracing, counted } = await tracingTo(url);
  const child = tracing.begin(START);
  child?.end(1_700_000_000_010.25, "failed");
  const links = Array.from({ length: 2000 }, () => child?.context ?? PRODUCER);
  tracing.begin({ ...START, name: "send it", kind: "producer", parent: null, links })?.end(1_700_000_000_001, "done");
  await tracing.close();
  const [first, second] = spans();
  expect(first).toEqual({
    service: "weir-test",
    name: "process it",
    kind: 5,
    traceId: PRODUCER.traceId,
    spanId: child?.context.spanId,
    parentSpanId: PRODUCER.spanId,
    startMs: START.startMs,
    endMs: 1_700_000_000_010.25,
    attributes: START.attributes,
    links: [],
    isFailed: true,
  });
  expect(second).toMatchObject({ name: "send it", kind: 4, parentSpanId: null, isFailed: false });
  expect(second?.traceId).not.toBe(PRODUCER.traceId);
  expect(second?.links).toHaveLength(links.length);
  expect(second?.links.at(-1)).toEqual({ traceId: child?.context.traceId, spanId: child?.context.spanId });
  expect(await counted("exported")).toBe(2);
});

test("no more spans are begun in a second than the bound says, and the others are counted", async () => {
  const { url } = await collector();
  const { spans, counted } = await tracingTo(url, 10);
  // Of two seconds at most.
  const begun = spans(1000);
  expect(begun).toBeGreaterThanOrEqual(10);
  expect(begun).toBeLessThanOrEqual(20);
  expect(await counted("dropped")).toBe(1000 - begun);
});

test("while a collector hangs, a bounded number is held, the rest is dropped, and what is given up makes room", async () => {
  const hanging = await collector("hangs");
  const { tracing, spans, counted } = await tracingTo(hanging.url);
  expect(spans(3000)).toBe(2048);
  expect(await counted("dropped")).toBe(952);
  expect(await until(async () => (await counted("failed")) > 0, 30_000)).toBe(true);
  expect(spans(1)).toBe(1);
  const startedMs = performance.now();
  await tracing.close();
  expect(performance.now() - startedMs).toBeLessThan(2_000);
});

test("a collector that refuses is told once, and again when it takes spans; what it refused is counted", async () => {
  const moody = await collector("refuses");
  const { spans, counted, said } = await tracingTo(moody.url);
  for (let failed = 0; failed < 2; failed = await counted("failed")) {
    const before = failed;
    spans(1);
    expect(await until(async () => (await counted("failed")) > before, 5_000)).toBe(true);
  }
  expect(said().match(/takes no spans/g)).toHaveLength(1);
  moody.manner = "takes";
  spans(1);
  expect(await until(async () => (await counted("exported")) === 1, 5_000)).toBe(true);
  expect(said()).toContain("takes spans again");
});

test.each(["nobody listens", "every connection is cut"])(
  "where %s, nothing throws and closing takes a second",
  async (how) => {
    const port = await freePort();
    if (how !== "nobody listens") {
      const cutting = createServer((socket) => socket.destroy());
      await new Promise<void>((resolve) => cutting.listen(port, "127.0.0.1", resolve));
      onTestFinished(() => void cutting.close());
    }
    const { tracing, spans } = await tracingTo(`http://127.0.0.1:${port}`);
    expect(spans(600)).toBe(600);
    const startedMs = performance.now();
    await tracing.close();
    expect(performance.now() - startedMs).toBeLessThan(2_000);
    expect(spans(1)).toBeLessThanOrEqual(1);
  },
);
