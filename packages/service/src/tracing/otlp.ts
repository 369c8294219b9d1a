/** Tracing by OpenTelemetry's SDK. The only file that knows it. */
import { hostname } from "node:os";
import {
  type HrTime,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { ExportResultCode } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { AlwaysOnSampler, BatchSpanProcessor, type SpanExporter, TracerProvider } from "@opentelemetry/sdk-trace";
import type { TraceContext } from "@weir/schema";
import packageJson from "../../package.json" with { type: "json" };
import type { OpenSpan, SpanStart, Tracing, TracingSettings } from "./tracing.ts";

export type OtlpEvents = {
  exported(spans: number): void;
  failed(spans: number, reason: string): void;
  dropped(): void;
};

/** Spans that are begun and neither taken nor given up. */
const MOST_HELD = 2048;
const AT_ONCE = 512;
const EXPORT_EVERY_MS = 1_000;
/** For one request, what is sent again included. */
const EXPORT_WITHIN_MS = 5_000;
const CLOSE_WITHIN_MS = 1_000;

export function openOtlp(settings: TracingSettings, service: string, events: OtlpEvents): Tracing {
  return new OtlpTracing(settings, service, events);
}

class OtlpTracing implements Tracing {
  readonly #provider: TracerProvider;
  readonly #tracer: Tracer;
  readonly #spansPerSecond: number;
  readonly #events: OtlpEvents;
  #held = 0;
  #second = 0;
  #begunInSecond = 0;

  constructor({ endpoint, spansPerSecond }: TracingSettings, service: string, events: OtlpEvents) {
    this.#spansPerSecond = spansPerSecond;
    this.#events = events;
    const url = `${endpoint.replace(/\/$/, "")}/v1/traces`;
    const exporter = this.#counted(new OTLPTraceExporter({ url, timeoutMillis: EXPORT_WITHIN_MS }));
    const processor = new BatchSpanProcessor({
      exporter,
      maxQueueSize: MOST_HELD,
      maxExportBatchSize: AT_ONCE,
      scheduledDelayMillis: EXPORT_EVERY_MS,
      exportTimeoutMillis: 2 * EXPORT_WITHIN_MS,
    });
    const { version } = packageJson;
    this.#provider = new TracerProvider({
      // Whoever begins a span has decided that it is one of the sample.
      sampler: new AlwaysOnSampler(),
      spanProcessors: [processor],
      // To as many as there can be: a batch's span that lacks some would be of no use.
      spanLimits: { linkCountLimit: MOST_HELD },
      resource: resourceFromAttributes({
        "service.name": `weir-${service}`,
        "service.version": version,
        "service.instance.id": `${hostname()}-${process.pid}`,
      }),
    });
    this.#tracer = this.#provider.getTracer("weir", version);
  }

  begin({ name, kind, parent, startMs, attributes, links }: SpanStart): OpenSpan | null {
    if (!this.#hasRoom()) {
      this.#events.dropped();
      return null;
    }
    const options = {
      kind: kind === "producer" ? SpanKind.PRODUCER : SpanKind.CONSUMER,
      startTime: timeOf(startMs),
      attributes,
      links: links.map((context) => ({ context: spanContextOf(context) })),
    };
    const within = parent === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, spanContextOf(parent));
    const span = this.#tracer.startSpan(name, options, within);
    const { traceId, spanId } = span.spanContext();
    return {
      context: { traceId, spanId, sampled: true },
      end: (endMs, how) => {
        if (how === "failed") span.setStatus({ code: SpanStatusCode.ERROR });
        span.end(timeOf(Math.max(startMs, endMs)));
      },
    };
  }

  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, CLOSE_WITHIN_MS);
    // What could not be sent has been told by then.
    await Promise.race([promise, this.#provider.shutdown().catch(() => {})]);
    clearTimeout(timer);
  }

  #hasRoom(): boolean {
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#begunInSecond = 0;
    }
    if (this.#held >= MOST_HELD || this.#begunInSecond >= this.#spansPerSecond) return false;
    this.#held += 1;
    this.#begunInSecond += 1;
    return true;
  }

  #counted(exporter: SpanExporter): SpanExporter {
    return {
      export: (spans, done) =>
        exporter.export(spans, (result) => {
          this.#held -= spans.length;
          if (result.code === ExportResultCode.SUCCESS) this.#events.exported(spans.length);
          else this.#events.failed(spans.length, result.error?.message ?? "no reason was given");
          done(result);
        }),
      forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
      shutdown: () => exporter.shutdown(),
    };
  }
}

function spanContextOf({ traceId, spanId, sampled }: TraceContext): SpanContext {
  return { traceId, spanId, traceFlags: sampled ? TraceFlags.SAMPLED : TraceFlags.NONE, isRemote: true };
}

/** A number might be taken for a time since the process began. */
function timeOf(epochMs: number): HrTime {
  return [Math.floor(epochMs / 1000), Math.floor((epochMs % 1000) * 1e6)];
}
