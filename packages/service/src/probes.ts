/** The HTTP server of each service, for probes and Prometheus: GET /livez, /readyz and /metrics, and nothing that is secret. */
import type { Health } from "./health.ts";
import { type HttpServer, httpApp, listen } from "./http.ts";
import { limitRate } from "./limit-rate.ts";
import type { Logger } from "./logger.ts";
import type { Metrics } from "./metrics.ts";

export type ProbesOptions = {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly health: Health;
  readonly metrics: Metrics;
  readonly log: Logger;
};

/** From one address: more than probes, Prometheus and people ask for. */
const MAX_PER_SECOND = 100;
const PATHS = ["/livez", "/readyz", "/metrics"];

/** Listens, and logs the address in the field `url`. Throws ConfigurationError if the address cannot be had. */
export async function startProbes({ host, port, health, metrics, log }: ProbesOptions): Promise<HttpServer> {
  const app = httpApp({ log, paths: PATHS });
  await limitRate(app, { perSecond: MAX_PER_SECOND });
  app.get("/livez", async (_request, reply) => {
    const reasons = health.stuck();
    return reasons.length === 0 ? { status: "alive" } : reply.code(503).send({ status: "stuck", reasons });
  });
  app.get("/readyz", async (_request, reply) => {
    const reasons = health.unready();
    return reasons.length === 0 ? { status: "ready" } : reply.code(503).send({ status: "not ready", reasons });
  });
  app.get("/metrics", async (_request, reply) => {
    return reply.type(metrics.registry.contentType).send(await metrics.text());
  });
  const server = await listen(app, { host, port, portName: "PORT" });
  log.info({ url: server.url }, `listening on ${server.url} (${PATHS.join(", ")})`);
  return server;
}
