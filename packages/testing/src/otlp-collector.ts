/**
 * A collector of OpenTelemetry for tests: takes OTLP over HTTP in JSON and keeps or forgets it, answers with a fault, or
 * never answers.
 */
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export type CollectorManner = "takes" | "forgets" | "refuses" | "hangs";

export type CollectedSpan = {
  readonly service: string;
  readonly name: string;
  /** As OTLP numbers them: 4 producer, 5 consumer. */
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | null;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, string | number>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly isFailed: boolean;
};

export class OtlpCollector implements AsyncDisposable {
  manner: CollectorManner;
  /** Requests so far, those without an answer too. */
  requests = 0;
  readonly #server: Server;
  readonly #bodies: string[] = [];

  private constructor(manner: CollectorManner) {
    this.manner = manner;
    this.#server = createServer(async (request, response) => {
      this.requests += 1;
      const body = await textOf(request);
      if (this.manner === "hangs") return;
      const fits = request.method === "POST" && request.url === "/v1/traces";
      response.statusCode = !fits ? 404 : this.manner === "refuses" ? 400 : 200;
      if (response.statusCode === 200 && this.manner === "takes") this.#bodies.push(body);
      response.setHeader("content-type", "application/json").end("{}");
    });
  }

  static async open(manner: CollectorManner = "takes"): Promise<OtlpCollector> {
    const collector = new OtlpCollector(manner);
    await new Promise<void>((resolve) => collector.#server.listen(0, "127.0.0.1", resolve));
    return collector;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** It no longer keeps its process alive. */
  unref(): void {
    this.#server.unref();
  }

  /** All that was taken, as it came. */
  get text(): string {
    return this.#bodies.join("\n");
  }

  spans(): CollectedSpan[] {
    return this.#bodies.flatMap((body) => spansIn(JSON.parse(body) as OtlpBody));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

type OtlpAttribute = {
  readonly key: string;
  readonly value: Partial<Record<"stringValue" | "intValue" | "doubleValue", string | number>>;
};

type OtlpBody = {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly OtlpAttribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[];
  }[];
};

type OtlpSpan = Pick<CollectedSpan, "name" | "kind" | "traceId" | "spanId"> & {
  readonly parentSpanId?: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly OtlpAttribute[];
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly status?: { readonly code?: number };
};

function spansIn({ resourceSpans }: OtlpBody): CollectedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = String(valuesOf(resource.attributes)["service.name"]);
    return scopeSpans.flatMap(({ spans }) => spans.map((span) => collected(service, span)));
  });
}

function collected(service: string, span: OtlpSpan): CollectedSpan {
  const { name, kind, traceId, spanId, parentSpanId = "", links = [], status } = span;
  return {
    service,
    name,
    kind,
    traceId,
    spanId,
    parentSpanId: parentSpanId === "" ? null : parentSpanId,
    startMs: Number(span.startTimeUnixNano) / 1e6,
    endMs: Number(span.endTimeUnixNano) / 1e6,
    attributes: valuesOf(span.attributes),
    links: links.map((link) => ({ traceId: link.traceId, spanId: link.spanId })),
    isFailed: status?.code === 2,
  };
}

function valuesOf(attributes: readonly OtlpAttribute[]): Record<string, string | number> {
  return Object.fromEntries(
    attributes.map(({ key, value: { stringValue, intValue, doubleValue } }) => [
      key,
      stringValue ?? Number(intValue ?? doubleValue),
    ]),
  );
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
