/**
 * So many requests a second from each client. Whoever asks for more waits for the refusal, so that what each of the
 * connections can ask for, of which there are only so many, costs little even when refused.
 */
import { setTimeout as sleep } from "node:timers/promises";
import rateLimit from "@fastify/rate-limit";
import type { FastifyInstance, FastifyRequest } from "fastify";

const REFUSED_AFTER_MS = 1_000;

export type RateLimit = {
  readonly perSecond: number;
  /** What tells one client from another; without it, the address that it comes from. */
  readonly keyOf?: (request: FastifyRequest) => string;
};

/** Of every path, those too that there are not. Of the hooks of `app` it has to be the first. */
export async function limitRate(app: FastifyInstance, { perSecond, keyOf }: RateLimit): Promise<void> {
  await app.register(rateLimit, { global: false });
  const count = app.createRateLimit({
    max: perSecond,
    timeWindow: 1_000,
    ...(keyOf && { keyGenerator: keyOf }),
  });
  app.addHook("onRequest", async (request, reply) => {
    const counted = await count(request);
    if (counted.isAllowed || !counted.isExceeded) return;
    await sleep(REFUSED_AFTER_MS, undefined, { ref: false });
    return reply.code(429).send({ error: "too many requests" });
  });
}
