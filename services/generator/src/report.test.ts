import { createLogger, Health, Metrics } from "@weir/service";
import { afterEach, expect, test, vi } from "vitest";
import { FakeClock } from "./fakes.ts";
import { createReport } from "./report.ts";

afterEach(() => {
  vi.useRealTimers();
});

function prepare(rate = 1000) {
  const clock = new FakeClock();
  const health = new Health(clock.monotonicMs);
  const readiness = health.item("kafka", "not connected yet");
  const metrics = new Metrics({ service: "generator", version: "1", node: "v24" });
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const log = createLogger({ level: "info", service: "generator", instance: "1", destination });
  const watchdog = health.watchdog("generate", 60_000);
  const report = createReport({ log, metrics, readiness, watchdog, clock, rate });
  const said = (level: string) => lines.map((line) => JSON.parse(line)).filter((line) => line.level === level);
  return { clock, health, metrics, report, said };
}

test("every metric of the generator is there before the first transaction", async () => {
  const text = await prepare().metrics.registry.metrics();
  expect(text).toMatch(/^weir_generator_transactions_total 0$/m);
  expect(text).toMatch(/^weir_generator_send_errors_total 0$/m);
  expect(text).toMatch(/^weir_generator_behind_transactions 0$/m);
  expect(text).toMatch(/^weir_generator_forfeited_transactions_total 0$/m);
  expect(text).toMatch(/^weir_generator_send_duration_seconds_count 0$/m);
  expect(text).toMatch(/^weir_generator_target_transactions_per_second 1000$/m);
});

test("being behind is warned about from half a second on, at most every 5 s, with the deficit", () => {
  const { clock, report, said } = prepare();
  report.paced({ behind: 499, forfeited: 0, putOffMs: 0 });
  expect(said("warn")).toEqual([]);
  for (let ms = 0; ms < 12_000; ms += 10) {
    clock.nowMs = ms;
    report.paced({ behind: 700, forfeited: 0, putOffMs: 0 });
  }
  expect(said("warn").map(({ behind }) => behind)).toEqual([700, 700, 700]);
});

test("what is given up is counted and warned about, however little is due", async () => {
  const { clock, metrics, report, said } = prepare();
  report.paced({ behind: 0, forfeited: 5, putOffMs: 0 });
  report.paced({ behind: 0, forfeited: 6, putOffMs: 0 });
  clock.nowMs = 5000;
  report.paced({ behind: 0, forfeited: 0, putOffMs: 0 });
  expect(said("warn").map(({ forfeited }) => forfeited)).toEqual([5, 6]);
  expect(await metrics.registry.metrics()).toMatch(/^weir_generator_forfeited_transactions_total 11$/m);
});

test("what a schedule was put off by is counted in seconds", async () => {
  const { metrics, report } = prepare();
  report.paced({ behind: 0, forfeited: 0, putOffMs: 1500 });
  expect(await metrics.registry.metrics()).toMatch(/^weir_generator_put_off_seconds_total 1.5$/m);
});

test("a refused batch makes it unready with the reason, an acknowledged one ready again", () => {
  const { health, report, said } = prepare();
  report.sent({ what: "transactions", records: 1, durationMs: 2 });
  report.sendFailed({ what: "transactions", error: new Error("no leader"), records: 10, attempt: 1 });
  report.sendFailed({ what: "transactions", error: new Error("no leader"), records: 10, attempt: 2 });
  expect(health.unready()).toEqual([{ item: "kafka", reason: "Kafka does not take transactions: no leader" }]);
  expect(said("warn")).toHaveLength(1);
  report.sent({ what: "transactions", records: 10, durationMs: 2 });
  expect(health.unready()).toEqual([]);
  expect(said("info").at(-1)?.msg).toBe("Kafka takes transactions again");
});

test("progress is told every 10 s with the rate since the last time", () => {
  const { clock, report, said } = prepare();
  for (let second = 1; second <= 20; second++) {
    clock.nowMs = second * 1000;
    report.sent({ what: "transactions", records: 1000, durationMs: 1 });
  }
  expect(said("info").map(({ total, perSecond }) => [total, perSecond])).toEqual([
    [10_000, 1000],
    [20_000, 1000],
  ]);
});

test("a batch that is not acknowledged for 3 s makes it unready, but never dead", () => {
  vi.useFakeTimers();
  const { clock, health, report, said } = prepare();
  report.paced({ behind: 0, forfeited: 0, putOffMs: 0 });
  report.sending();
  vi.advanceTimersByTime(2999);
  expect(health.unready()[0]?.reason).not.toContain("acknowledgement");
  vi.advanceTimersByTime(1);
  expect(health.unready()[0]?.reason).toContain("no acknowledgement for 3000 ms");
  expect(said("warn")).toHaveLength(1);
  clock.nowMs = 1_000_000;
  expect(health.stuck()).toEqual([]);
  report.sent({ what: "transactions", records: 1, durationMs: 5000 });
  expect(health.unready()).toEqual([]);
});
