/** What each HTTP server of a service keeps to: hardly any body, no slow client, so many connections, no stack trace. */
import { type FastifyInstance, fastify } from "fastify";
import { boundConnections } from "./bound-connections.ts";
import type { Logger } from "./logger.ts";
import { ConfigurationError } from "./settings.ts";

export type HttpServer = AsyncDisposable & {
  /** Base address with the real port, without a slash at its end. */
  readonly url: string;
};

/** Of one part of a path: a topic's name with a partition and an offset fits. */
const MAX_PARAMETER = 300;
const MAX_BODY = 1024;
const MAX_CONNECTIONS = 1_000;
/** For a whole request to come in. */
const REQUEST_MS = 5_000;
/** For an answer to be made. */
const ANSWER_MS = 30_000;

const HEADERS = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};

const REFUSALS: Readonly<Record<number, string>> = {
  413: "the body is too large",
  503: "no answer in time",
};

/** Not listening yet. `paths` are told to whoever asks for another one. */
export function httpApp({ log, paths }: { readonly log: Logger; readonly paths: readonly string[] }): FastifyInstance {
  const app: FastifyInstance = fastify({
    logger: false,
    bodyLimit: MAX_BODY,
    connectionTimeout: 10_000,
    requestTimeout: REQUEST_MS,
    handlerTimeout: ANSWER_MS,
    keepAliveTimeout: 10_000,
    // Node looks for requests that are too slow every so often, by default twice a minute.
    http: { headersTimeout: REQUEST_MS, connectionsCheckingInterval: 1_000 },
    forceCloseConnections: true,
    routerOptions: { maxParamLength: MAX_PARAMETER },
  });
  boundConnections(app.server, MAX_CONNECTIONS);
  app.addHook("onSend", async ({ raw, headers }, reply) => {
    reply.headers(HEADERS);
    // Else Node reads the rest of it, however much that is, to keep the connection.
    const hasBody = headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";
    if (hasBody && !raw.complete) reply.header("connection", "close");
  });
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: "not found", paths }));
  app.setErrorHandler((error: { readonly statusCode?: number }, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) log.error({ err: error, path: request.routeOptions.url }, "an HTTP request failed");
    const refusal = REFUSALS[status] ?? (status >= 500 ? "internal error" : "bad request");
    return reply.code(status).send({ error: refusal });
  });
  return app;
}

export type Address = {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** The variable that says the port. */
  readonly portName: string;
};

/** Throws ConfigurationError if the address cannot be had. */
export async function listen(app: FastifyInstance, at: Address): Promise<HttpServer> {
  try {
    await app.listen({ host: at.host, port: at.port });
  } catch (error) {
    await app.close();
    throw listenError(error, at);
  }
  const address = app.server.address();
  const port = typeof address === "object" && address !== null ? address.port : at.port;
  return { url: `http://${urlHost(at.host)}:${port}`, [Symbol.asyncDispose]: () => app.close() };
}

/** A host to put in a URL: one that can be opened from here. */
function urlHost(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "localhost";
  return host.includes(":") ? `[${host}]` : host;
}

function listenError(error: unknown, { host, port, portName }: Address): unknown {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  const at = `${portName} ${port}`;
  const nowhere = "set it to 127.0.0.1, or 0.0.0.0 for all addresses";
  const faults: Readonly<Record<string, string>> = {
    EADDRINUSE: `${at} on ${host} is in use by another process: choose another ${portName}, or 0 for any free one`,
    EACCES: `${at} may not be opened by this user: choose a ${portName} above 1023, or 0 for any free one`,
    EADDRNOTAVAIL: `HOST ${host} is no address of this machine: ${nowhere}`,
    ENOTFOUND: `HOST ${host} cannot be resolved: ${nowhere}`,
  };
  const fault = code === undefined ? undefined : faults[code];
  return fault === undefined ? error : new ConfigurationError(fault, { cause: error });
}
