/**
 * What a service tells and does for its operators: on a port of its own, open only with a token, and to this machine alone.
 * The token would be read on the way from another one, since nothing here speaks TLS; an operator's tunnel (ssh,
 * `kubectl port-forward`) or a proxy beside the service ends at 127.0.0.1.
 */
import { bearerCheck } from "./bearer.ts";
import { type HttpServer, httpApp, listen } from "./http.ts";
import { limitRate } from "./limit-rate.ts";
import type { Logger } from "./logger.ts";
import type { RouteRequest, Routes } from "./routes.ts";

export type AdminOptions = {
  readonly token: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly routes: Routes;
  readonly log: Logger;
};

/** With the token; as many without it, whose refusals keep out nobody who has it. */
const MAX_PER_SECOND = 20;

/** Listens, and logs the address in the field `adminUrl`. Throws ConfigurationError if the port cannot be had. */
export async function startAdmin({ token, port, routes, log }: AdminOptions): Promise<HttpServer> {
  const app = httpApp({ log, paths: routes.specs.map(({ path }) => path) });
  const check = bearerCheck(token);
  const isAllowed = ({ headers }: { readonly headers: { readonly authorization?: string | undefined } }): boolean =>
    check(headers.authorization ?? null);
  await limitRate(app, { perSecond: MAX_PER_SECOND, keyOf: (request) => String(isAllowed(request)) });
  // Of paths that there are not, too: nobody learns which there are.
  app.addHook("onRequest", async (request, reply) => {
    if (!isAllowed(request))
      return reply.code(401).header("www-authenticate", "Bearer").send({ error: "a token is needed" });
  });
  for (const spec of routes.specs)
    app.route({
      method: spec.method,
      url: spec.path,
      async handler({ params, query }, reply) {
        const { status, body, headers = {} } = await routes.answer(spec, { params, query } as RouteRequest);
        return reply.code(status).headers(headers).send(body);
      },
    });
  const server = await listen(app, { host: "127.0.0.1", port, portName: "ADMIN_PORT" });
  log.info({ adminUrl: server.url }, `listening on ${server.url} for whoever has the token of ADMIN_TOKEN_FILE`);
  return server;
}
