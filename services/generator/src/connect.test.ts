import { ConfigurationError, createLogger, Health } from "@weir/service";
import { describe, expect, test } from "vitest";
import { connect } from "./connect.ts";
import { FakeClock, MemorySink } from "./fakes.ts";
import type { Sink } from "./sink.ts";

function prepare(open: (attempt: number, sink: MemorySink) => Promise<Sink>) {
  const clock = new FakeClock();
  const sink = new MemorySink({ clock });
  const health = new Health();
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const log = createLogger({ level: "info", service: "generator", instance: "1", destination });
  let attempt = 0;
  const options = {
    open: () => open(++attempt, sink),
    topic: "t",
    others: ["labels"],
    place: "Kafka at a:1,b:2",
    log,
    readiness: health.item("kafka", "not connected yet"),
    clock,
  };
  const stop = new AbortController();
  const warnings = () => lines.map((line) => JSON.parse(line)).filter(({ level }) => level === "warn");
  return { clock, sink, health, stop, warnings, run: () => connect(options, stop.signal) };
}

const topicMissing = Object.assign(new Error("no such topic"), { name: "TopicMissing" });

describe("a generator without a broker", () => {
  test("waits, says so at most every 5 s, is not ready, and goes on when the broker comes", async () => {
    const { run, sink, health, warnings } = prepare(async (attempt, there) => {
      if (attempt <= 12) {
        if (attempt > 1) expect(health.unready()[0]?.reason).toContain("waiting for Kafka at a:1,b:2");
        throw new Error("connection refused");
      }
      return there;
    });
    expect(await run()).toEqual({ sink, partitions: 4 });
    expect(health.unready()).toEqual([]);
    expect(warnings().map(({ msg }) => msg)).toEqual(
      new Array(3).fill("waiting for Kafka at a:1,b:2: connection refused"),
    );
  });

  test("does not wait for a broker that is refused", async () => {
    const { run, clock } = prepare(() => Promise.reject(new ConfigurationError("too old")));
    await expect(run()).rejects.toThrow("too old");
    expect(clock.nowMs).toBe(0);
  });

  test("ends on a stop while the broker has not answered yet", async () => {
    const { run, stop } = prepare(() => new Promise(() => {}));
    const running = run();
    stop.abort();
    await expect(running).rejects.toThrow(expect.objectContaining({ name: "AbortError" }));
  });

  test("ends its wait on a stop", async () => {
    const { run, stop, clock } = prepare(() => Promise.reject(new Error("connection refused")));
    clock.onAdvance = (nowMs) => {
      if (nowMs > 3000) stop.abort();
    };
    await expect(run()).rejects.toThrow(expect.objectContaining({ name: "AbortError" }));
  });
});

describe("a generator without its topic", () => {
  test("says how to create it, as a fault of the configuration, once the broker has said so for 5 s", async () => {
    const { run, sink, clock } = prepare(async (_, there) => ({
      ...there,
      partitions: () => Promise.reject(topicMissing),
      close: there.close,
    }));
    const error = await run().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as Error).message).toContain(
      'topic t does not exist (asked Kafka at a:1,b:2): create it with "npm run weir -- topics apply"',
    );
    expect(clock.nowMs).toBe(5000);
    expect(sink.closed).toBe(true);
  });

  test("goes on when the topic appears in time", async () => {
    const { run, sink } = prepare(async (attempt, there) =>
      attempt < 4 ? { send: there.send, close: there.close, partitions: () => Promise.reject(topicMissing) } : there,
    );
    expect(await run()).toEqual({ sink, partitions: 4 });
  });
});
