import { Random } from "@weir/scenario";
import { describe, expect, test } from "vitest";
import { FakeClock, MemorySink, type MemorySinkOptions } from "./fakes.ts";
import { type GeneratorEvents, generate, MAX_BATCH, Undelivered } from "./generator.ts";
import { Schedule } from "./schedule.ts";
import { plainTransactions } from "./transactions.ts";

type RunOptions = Omit<MemorySinkOptions, "clock"> & {
  readonly rate: number;
  readonly count?: number;
  /** Asks for a stop at this time of the run. */
  readonly stopAtMs?: number;
};

function prepare({ rate, count, stopAtMs, ...sinkOptions }: RunOptions) {
  const clock = new FakeClock();
  const stop = new AbortController();
  clock.onAdvance = (nowMs) => {
    if (stopAtMs !== undefined && nowMs >= stopAtMs) stop.abort();
  };
  const sink = new MemorySink({ clock, ...sinkOptions });
  const schedule = new Schedule(rate, 2000, "forfeit");
  const seen = { acknowledged: 0, forfeited: 0, mostBehind: 0, failures: 0 };
  const events: GeneratorEvents = {
    sending: () => {},
    sent: ({ records }) => {
      seen.acknowledged += records;
    },
    paced: ({ behind, forfeited }) => {
      seen.forfeited += forfeited;
      seen.mostBehind = Math.max(seen.mostBehind, behind);
    },
    labelling: () => {},
    sendFailed: () => {
      seen.failures += 1;
    },
  };
  const source = plainTransactions(new Random(1, 1));
  const options = { topic: "t", labelsTopic: "l", sink, source, schedule, count: count ?? null, clock, events };
  return { clock, sink, seen, run: () => generate(options, stop.signal) };
}

describe("the generator", () => {
  test.each([1, 7, 1000, 50_000])("sends %i a second when Kafka keeps up", async (rate) => {
    const { run, sink, seen, clock } = prepare({ rate, stopAtMs: 4000 });
    await run();
    expect(Math.abs(sink.records.length - (rate * clock.nowMs) / 1000)).toBeLessThanOrEqual(rate / 100 + 1);
    expect(seen).toMatchObject({ acknowledged: sink.records.length, forfeited: 0, failures: 0 });
  });

  test("keeps to the schedule when sends are slow: each transaction has the time at which it was due", async () => {
    const { run, sink, clock } = prepare({ rate: 100, count: 200, sendMs: () => 300 });
    await run();
    expect(sink.records.map(({ timestampMs }) => timestampMs)).toEqual(
      Array.from({ length: 200 }, (_, number) => clock.startEpochMs + (number + 1) * 10),
    );
  });

  test("stops after COUNT, each acknowledged", async () => {
    const { run, sink, seen } = prepare({ rate: 5000, count: 12_345 });
    await run();
    expect(sink.records).toHaveLength(12_345);
    expect(seen.acknowledged).toBe(12_345);
  });

  test("never has more than one batch in flight, however far behind it is", async () => {
    const { run, sink, seen } = prepare({ rate: 50_000, stopAtMs: 10_000, sendMs: () => 100 });
    await run();
    expect(sink.mostInFlight).toBe(MAX_BATCH);
    expect(seen.mostBehind).toBeLessThanOrEqual(100_000);
    expect(seen.forfeited).toBeGreaterThan(0);
  });

  test("catches up after a stall by no more than two seconds' worth, and counts what it gives up", async () => {
    const stall = (nowMs: number) => (nowMs >= 1000 && nowMs < 1010 ? 10_000 : 1);
    const { run, sink, seen, clock } = prepare({ rate: 1000, stopAtMs: 20_000, sendMs: stall });
    await run();
    const due = Math.floor(clock.nowMs);
    expect(seen.forfeited).toBeGreaterThan(7900);
    expect(seen.forfeited).toBeLessThan(8100);
    expect(Math.abs(sink.records.length + seen.forfeited - due)).toBeLessThan(10);
  });

  test("sends a refused batch again, the same bytes in the same place, until it is taken", async () => {
    const refused = (nowMs: number) => {
      if (nowMs > 50 && nowMs < 1500) throw new Error("no leader");
    };
    const smooth = prepare({ rate: 100, count: 300 });
    const rough = prepare({ rate: 100, count: 300, admit: refused });
    await smooth.run();
    await rough.run();
    expect(rough.seen.failures).toBe(3);
    expect(rough.sink.records).toEqual(smooth.sink.records);
  });

  test("finishes the batch in flight on a stop and starts no other", async () => {
    const { run, sink, seen } = prepare({ rate: 1000, stopAtMs: 500 });
    await run();
    expect(sink.inFlight).toBe(0);
    expect(seen.acknowledged).toBe(sink.records.length);
    expect(sink.records.length).toBeLessThanOrEqual(500);
  });

  test("says how many were not delivered when Kafka is gone at the stop", async () => {
    const gone = (nowMs: number) => {
      if (nowMs > 100) throw new Error("no broker");
    };
    const { run } = prepare({ rate: 1000, stopAtMs: 3000, admit: gone });
    const error = await run().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Undelivered);
    expect((error as Error).message).toMatch(/had not taken the last \d+ transactions/);
  });
});
