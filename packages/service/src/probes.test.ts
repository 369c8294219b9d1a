import { connect } from "node:net";
import { describe, expect, test } from "vitest";
import { Health } from "./health.ts";
import { createLogger } from "./logger.ts";
import { Metrics } from "./metrics.ts";
import { startProbes } from "./probes.ts";

async function serve(health = new Health(), port = 0) {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const log = createLogger({ level: "info", service: "test", instance: "1", destination });
  const metrics = new Metrics({ service: "test", version: "1.2.3", node: "v24" });
  return { lines, metrics, server: await startProbes({ host: "127.0.0.1", port, health, metrics, log }) };
}

describe("the HTTP server of probes", () => {
  test("logs the address with the real port when PORT is 0", async () => {
    const { lines, server } = await serve();
    await using _ = server;
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d+$/);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ level: "info", url: server.url });
  });

  test("answers /readyz with 503 and every reason until all items are ready", async () => {
    const health = new Health();
    const broker = health.item("broker", "not reached yet");
    const state = health.item("state", "restoring partition 3");
    await using server = (await serve(health)).server;
    const before = await fetch(`${server.url}/readyz`);
    expect(before.status).toBe(503);
    expect(await before.json()).toEqual({
      status: "not ready",
      reasons: [
        { item: "broker", reason: "not reached yet" },
        { item: "state", reason: "restoring partition 3" },
      ],
    });
    broker.ready();
    state.ready();
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
    broker.notReady("gone");
    expect((await fetch(`${server.url}/readyz`)).status).toBe(503);
  });

  test("answers /livez from the watchdogs alone: an unready service is alive", async () => {
    let nowMs = 0;
    const health = new Health(() => nowMs);
    health.item("broker", "absent");
    const loop = health.watchdog("loop", 1000);
    await using server = (await serve(health)).server;
    expect((await fetch(`${server.url}/livez`)).status).toBe(200);
    loop.beat();
    nowMs = 1001;
    const stuck = await fetch(`${server.url}/livez`);
    expect(stuck.status).toBe(503);
    expect(await stuck.json()).toMatchObject({ status: "stuck", reasons: [{ item: "loop" }] });
  });

  test("serves the metrics in Prometheus' text format", async () => {
    const { server, metrics } = await serve();
    await using _ = server;
    metrics.counter({ name: "weir_test_total", help: "h", labels: { outcome: ["approve"] } });
    const answer = await fetch(`${server.url}/metrics`);
    expect(answer.headers.get("content-type")).toContain("text/plain");
    const body = await answer.text();
    expect(body).toContain('weir_test_total{outcome="approve"} 0');
    expect(body).toContain('weir_build_info{version="1.2.3",node="v24",service="test"} 1');
  });

  test("makes one text for all who ask within a moment, and refuses who asks a hundred times a second", async () => {
    const { server, metrics } = await serve();
    await using _ = server;
    let made = 0;
    metrics.registry.metrics = async () => {
      made += 1;
      return "";
    };
    const ask = () => fetch(`${server.url}/metrics`).then(async ({ status }) => status);
    const statuses = await Promise.all(Array.from({ length: 300 }, ask));
    expect(new Set(statuses)).toEqual(new Set([200, 429]));
    expect(made).toBeLessThan(30);
    expect((await fetch(`${server.url}/livez`)).status).toBe(200);
  });

  test("answers 404 as JSON elsewhere, refuses bodies, and hides its insides", async () => {
    await using server = (await serve()).server;
    const answer = await fetch(`${server.url}/%2e%2e/etc/passwd`);
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ error: "not found" });
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    expect(answer.headers.get("server")).toBeNull();
    const posted = await fetch(`${server.url}/livez`, { method: "POST", body: "x".repeat(5000) });
    expect(posted.status).toBe(413);
    const malformed = await fetch(`${server.url}/%`);
    expect(malformed.status).toBe(400);
    expect(await malformed.text()).not.toContain("at ");
  });

  test.each([
    ["POST", "transfer-encoding: chunked"],
    ["GET", "transfer-encoding: chunked"],
    ["GET", "content-length: 100000000"],
  ])("reads no body to its end: %s with %s", async (method, length) => {
    await using server = (await serve()).server;
    const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
    let said = "";
    socket.on("data", (chunk) => {
      said += chunk;
    });
    socket.on("error", () => {});
    const beganMs = performance.now();
    socket.write(`${method} /livez HTTP/1.1\r\nhost: a\r\n${length}\r\n\r\n`);
    const more = setInterval(() => socket.write(`400\r\n${"x".repeat(1_024)}\r\n`), 5);
    await new Promise((resolve) => socket.once("close", resolve));
    clearInterval(more);
    expect(said).toMatch(/^HTTP\/1\.1 [24]\d\d /);
    expect(performance.now() - beganMs).toBeLessThan(2_000);
  });

  test("cuts off whoever does not come to an end with a request", { timeout: 15_000 }, async () => {
    await using server = (await serve()).server;
    const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
    socket.on("error", () => {});
    socket.write("GET /livez HTTP/1.1\r\nhost: a\r\n");
    const drip = setInterval(() => socket.write("x: y\r\n"), 100);
    const beganMs = performance.now();
    socket.resume();
    await new Promise((resolve) => socket.once("close", resolve));
    clearInterval(drip);
    expect(performance.now() - beganMs).toBeLessThan(8_000);
  });

  test("closes although a client keeps its connection open", async () => {
    const { server } = await serve();
    const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
    await new Promise((resolve) => socket.once("connect", resolve));
    const closed = new Promise((resolve) => socket.once("close", resolve));
    await server[Symbol.asyncDispose]();
    await closed;
  });

  test("names PORT when the port is in use", async () => {
    await using server = (await serve()).server;
    const port = Number(new URL(server.url).port);
    await expect(serve(new Health(), port)).rejects.toThrow(`PORT ${port} on 127.0.0.1 is in use`);
  });
});
