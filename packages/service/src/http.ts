/**
 * The service's HTTP server: GET /livez, /readyz and /metrics, for probes and Prometheus, and what routes the service adds.
 * Bodies are hardly accepted, slow clients are cut off, answers carry no stack trace.
 */
import { type FastifyInstance, fastify } from "fastify";
import type { Health } from "./health.ts";
import type { Logger } from "./logger.ts";
import type { Metrics } from "./metrics.ts";
import { type RouteRequest, Routes } from "./routes.ts";
import { ConfigurationError } from "./settings.ts";

export type HttpOptions = {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly health: Health;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** None when left out. */
  readonly routes?: Routes;
};

/** Of one part of a path: a topic's name with a partition and an offset fits. */
const MAX_PARAMETER = 300;

export type HttpServer = AsyncDisposable & {
  /** Base address with the real port, without a slash at its end. */
  readonly url: string;
};

/** Listens, and logs the address in the field `url`. Throws ConfigurationError if the address cannot be had. */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const { health, metrics, log, routes = new Routes([]) } = options;
  const app: FastifyInstance = fastify({
    logger: false,
    bodyLimit: 1024,
    connectionTimeout: 10_000,
    requestTimeout: 5_000,
    keepAliveTimeout: 10_000,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: MAX_PARAMETER },
  });
  app.addHook("onSend", async (_request, reply) => {
    reply.headers({ "x-content-type-options": "nosniff", "cache-control": "no-store" });
  });
  app.get("/livez", async (_request, reply) => {
    const reasons = health.stuck();
    return reasons.length === 0 ? { status: "alive" } : reply.code(503).send({ status: "stuck", reasons });
  });
  app.get("/readyz", async (_request, reply) => {
    const reasons = health.unready();
    return reasons.length === 0 ? { status: "ready" } : reply.code(503).send({ status: "not ready", reasons });
  });
  app.get("/metrics", async (_request, reply) => {
    return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics());
  });
  for (const spec of routes.specs)
    app.route({
      method: spec.method,
      url: spec.path,
      async handler({ params, query, headers }, reply) {
        const { authorization = null } = headers;
        const request = { params, query, authorization } as RouteRequest;
        const { status, body, headers: more = {} } = await routes.answer(spec, request);
        return reply.code(status).headers(more).send(body);
      },
    });
  app.setNotFoundHandler((_request, reply) =>
    reply.code(404).send({ error: "not found", paths: ["/livez", "/readyz", "/metrics"] }),
  );
  app.setErrorHandler((error: { readonly statusCode?: number }, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) log.error({ err: error, path: request.routeOptions.url }, "an HTTP request failed");
    return reply.code(status).send({ error: status >= 500 ? "internal error" : "bad request" });
  });
  try {
    await app.listen({ host: options.host, port: options.port });
  } catch (error) {
    throw listenError(error, options);
  }
  const address = app.server.address();
  const port = typeof address === "object" && address !== null ? address.port : options.port;
  const url = `http://${urlHost(options.host)}:${port}`;
  log.info({ url }, `listening on ${url} (/livez, /readyz, /metrics)`);
  return { url, [Symbol.asyncDispose]: () => app.close() };
}

/** A host to put in a URL: one that can be opened from here. */
function urlHost(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "localhost";
  return host.includes(":") ? `[${host}]` : host;
}

function listenError(error: unknown, { host, port }: HttpOptions): unknown {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  const faults: Readonly<Record<string, string>> = {
    EADDRINUSE: `PORT ${port} on ${host} is in use by another process: choose another PORT, or 0 for any free one`,
    EACCES: `PORT ${port} may not be opened by this user: choose a PORT above 1023, or 0 for any free one`,
    EADDRNOTAVAIL: `HOST ${host} is no address of this machine: set it to 127.0.0.1, or 0.0.0.0 for all addresses`,
    ENOTFOUND: `HOST ${host} cannot be resolved: set it to 127.0.0.1, or 0.0.0.0 for all addresses`,
  };
  const fault = code === undefined ? undefined : faults[code];
  return fault === undefined ? error : new ConfigurationError(fault, { cause: error });
}
