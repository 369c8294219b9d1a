import { describe, expect, test } from "vitest";
import { startAdmin } from "./admin.ts";
import { createLogger } from "./logger.ts";
import { Routes } from "./routes.ts";

const TOKEN = "0123456789abcdef";
const ALLOWED = { authorization: `Bearer ${TOKEN}` };
const THING = { method: "POST", path: "/things/:name/do" } as const;

async function serve() {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const log = createLogger({ level: "info", service: "test", instance: "1", destination });
  const routes = new Routes([THING]);
  const server = await startAdmin({ token: TOKEN, port: 0, routes, log });
  const ask = (path: string, headers: Record<string, string> = ALLOWED, body: string | null = null) =>
    fetch(`${server.url}${path}`, { method: "POST", headers, body });
  return { lines, routes, server, ask };
}

describe("the admin server", () => {
  test("listens to this machine alone, and logs where", async () => {
    const { lines, server } = await serve();
    await using _ = server;
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d+$/);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ level: "info", adminUrl: server.url });
  });

  test("lets nobody in without the token, and tells nobody which paths there are", async () => {
    const { routes, server, ask } = await serve();
    await using _ = server;
    let acted = 0;
    routes.handle(THING, async () => {
      acted += 1;
      return { status: 200, body: {} };
    });
    for (const authorization of ["", "Bearer", `Bearer ${TOKEN}x`, `Basic ${TOKEN}`])
      for (const path of ["/things/a/do", "/nothing", "/metrics"]) {
        const answer = await ask(path, { authorization });
        expect([answer.status, answer.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
        expect(await answer.json()).toEqual({ error: "a token is needed" });
      }
    expect(acted).toBe(0);
    expect((await ask("/nothing")).status).toBe(404);
    expect((await ask("/things/a/do")).status).toBe(200);
    expect(acted).toBe(1);
  });

  test("answers from when the service can, with what was in the path, and hides its insides", async () => {
    const { routes, server, ask } = await serve();
    await using _ = server;
    const name = `a/${"x".repeat(200)}`;
    const path = `/things/${encodeURIComponent(name)}/do?limit=1`;
    expect((await ask(path)).status).toBe(503);
    routes.handle(THING, async (request) => ({ status: 409, body: request, headers: { "x-more": "1" } }));
    const answer = await ask(path);
    expect([answer.status, answer.headers.get("x-more")]).toEqual([409, "1"]);
    expect(await answer.json()).toEqual({ params: { name }, query: { limit: "1" } });
    routes.handle(THING, async () => {
      throw new Error("secret");
    });
    const failed = await ask(path);
    expect([failed.status, await failed.text()]).toEqual([500, '{"error":"internal error"}']);
  });

  test("says nothing to browsers and caches", async () => {
    const { server, ask } = await serve();
    await using _ = server;
    const { headers } = await ask("/nothing", {});
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(headers.get("access-control-allow-origin")).toBeNull();
    expect(headers.get("server")).toBeNull();
  });

  test("takes 20 requests a second, and those without the token keep out nobody who has it", async () => {
    const { routes, server, ask } = await serve();
    await using _ = server;
    routes.handle(THING, async () => ({ status: 200, body: {} }));
    const statuses = async (headers: Record<string, string>) => {
      const answers = await Promise.all(Array.from({ length: 60 }, () => ask("/things/a/do", headers)));
      return new Set(answers.map(({ status }) => status));
    };
    expect(await statuses({})).toEqual(new Set([401, 429]));
    const first = await ask("/things/a/do");
    expect(first.status).toBe(200);
    const allowed = await statuses(ALLOWED);
    expect(allowed).toEqual(new Set([200, 429]));
  });

  test("takes no body to speak of", async () => {
    const { routes, server, ask } = await serve();
    await using _ = server;
    routes.handle(THING, async () => ({ status: 200, body: {} }));
    const answer = await ask("/things/a/do", ALLOWED, "x".repeat(5_000));
    expect([answer.status, await answer.json()]).toEqual([413, { error: "the body is too large" }]);
  });
});
