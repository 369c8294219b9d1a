/**
 * Spans of what a service does, for a collector of OpenTelemetry. It is off unless there is one: then OpenTelemetry's SDK
 * is not even loaded. Whatever the collector does, a service does not wait for it: what is not sent is bounded,
 * what goes beyond that is dropped and counted.
 */
import type { TraceContext } from "@weir/schema";
import type { Logger } from "../logger.ts";
import type { Metrics } from "../metrics.ts";
import { group, httpUrl, integer } from "../setting.ts";

export type SpanStart = {
  /** Few and bounded, as attributes are: no key, nothing of a payload. */
  readonly name: string;
  readonly kind: "producer" | "consumer";
  /** Null: with it a trace begins. */
  readonly parent: TraceContext | null;
  /** Epoch ms; so is the end. */
  readonly startMs: number;
  readonly attributes: Readonly<Record<string, string | number>>;
  /** Spans of other traces that it has to do with. */
  readonly links: readonly TraceContext[];
};

export interface OpenSpan {
  readonly context: TraceContext;
  /** Once, and not never: until then it takes up room. */
  end(endMs: number, how: "done" | "failed"): void;
}

export interface Tracing {
  /** Null when there is no room for it. */
  begin(start: SpanStart): OpenSpan | null;
  /** Sends what is left, for a second at most. Never throws. */
  close(): Promise<void>;
}

export const tracingSettings = group(
  {
    endpoint: httpUrl({
      name: "OTEL_EXPORTER_OTLP_ENDPOINT",
      about: "OpenTelemetry collector to send spans to, as OTLP over HTTP in JSON; without it there are none",
      default: null,
    }),
    spansPerSecond: integer({
      name: "TRACE_SPANS_PER_SECOND",
      about: "Spans that are begun in a second at most; more are dropped and counted",
      min: 1,
      max: 1_000_000,
      default: 1000,
    }),
  },
  { combine: ({ endpoint, spansPerSecond }) => (endpoint === null ? null : { endpoint, spansPerSecond }) },
);

export type TracingSettings = { readonly endpoint: string; readonly spansPerSecond: number };

/** Null: it is off. `service`: as in `npm run <service>`. */
export async function startTracing(
  settings: TracingSettings | null,
  service: string,
  { log, metrics }: { readonly log: Logger; readonly metrics: Metrics },
): Promise<Tracing | null> {
  const spans = metrics.counter({
    name: "weir_trace_spans_total",
    help: "Spans that the collector has taken, that it has not, and that there was no room for",
    labels: { result: ["exported", "failed", "dropped"] },
  });
  if (settings === null) return null;
  const { endpoint } = settings;
  const { openOtlp } = await import("./otlp.ts");
  let failing = false;
  log.info({ endpoint }, `sending spans to ${endpoint}`);
  return openOtlp(settings, service, {
    exported(count) {
      spans.inc({ result: "exported" }, count);
      if (failing) log.info({ endpoint }, `${endpoint} takes spans again`);
      failing = false;
    },
    failed(count, reason) {
      spans.inc({ result: "failed" }, count);
      if (!failing) log.warn({ endpoint, reason }, `${endpoint} takes no spans, which are lost meanwhile: ${reason}`);
      failing = true;
    },
    dropped() {
      spans.inc({ result: "dropped" });
    },
  });
}
