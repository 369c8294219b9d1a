import { createServer } from "node:net";

/** Those that this process was given: the system may give one again as long as nobody listens on it. */
const given = new Set<number>();
const MOST_ATTEMPTS = 100;

/**
 * A TCP port of 127.0.0.1 that is free now, another one each time. Another process may take it before it is used: be ready to
 * ask again.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
    const port = await listenOnce(0);
    if (port === null || given.has(port)) continue;
    given.add(port);
    return port;
  }
  throw new Error("no free TCP port on 127.0.0.1");
}

export async function portIsFree(port: number): Promise<boolean> {
  return (await listenOnce(port)) !== null;
}

function listenOnce(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(null));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(address !== null && typeof address === "object" ? address.port : null));
    });
  });
}
