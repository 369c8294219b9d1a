import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { due, dueAtMs, Schedule } from "./schedule.ts";

const rates = fc.integer({ min: 1, max: 50_000 });

describe("the schedule", () => {
  test("is the rate times the time: 1000 a second is one each millisecond", () => {
    expect([0, 0.5, 1, 1.5, 999, 1000, 60_000].map((ms) => due(ms, 1000))).toEqual([0, 0, 1, 1, 999, 1000, 60_000]);
    expect([999, 1000, 1999.9, 3000].map((ms) => due(ms, 1))).toEqual([0, 1, 1, 3]);
  });

  test("a transaction is due at its time and not before", () => {
    fc.assert(
      fc.property(rates, fc.nat(10_000_000), (rate, number) => {
        const atMs = dueAtMs(number, rate);
        expect(due(atMs + 1e-4, rate)).toBeGreaterThanOrEqual(number + 1);
        expect(due(atMs - 1e-4, rate)).toBeLessThanOrEqual(number + 1);
        expect(due(atMs - 0.5 * (1000 / rate), rate)).toBe(number);
      }),
    );
  });

  test("hands out each transaction once, in order, whenever it is asked, and never before its time", () => {
    const steps = fc.array(fc.record({ afterMs: fc.double({ min: 0, max: 500, noNaN: true }), limit: fc.nat(2000) }), {
      maxLength: 50,
    });
    fc.assert(
      fc.property(rates, steps, (rate, asked) => {
        const schedule = new Schedule(rate, 1e9, "forfeit");
        const times: number[] = [];
        let elapsedMs = 0;
        for (const { afterMs, limit } of asked) {
          elapsedMs += afterMs;
          const taken = schedule.take(elapsedMs, limit);
          expect(taken.length).toBeLessThanOrEqual(limit);
          times.push(...taken);
          expect(times.length + schedule.behind).toBe(due(elapsedMs, rate));
          for (const time of taken) expect(time).toBeLessThanOrEqual(elapsedMs + 1e-6);
        }
        expect(times).toEqual(times.map((_, number) => dueAtMs(number, rate)));
      }),
    );
  });

  test("after a stall it gives up what is older than its bound, counts it, and keeps the times of the rest", () => {
    const schedule = new Schedule(1000, 2000, "forfeit");
    expect(schedule.take(10_000, 5)).toEqual([8001, 8002, 8003, 8004, 8005]);
    expect(schedule.forfeited).toBe(8000);
    expect(schedule.behind).toBe(1995);
    expect(schedule.take(10_000, 9999)).toHaveLength(1995);
    expect(schedule.take(10_010, 9999)).toHaveLength(10);
    expect(schedule.forfeited).toBe(8000);
  });

  test("where nothing may be left out, a stall puts all the rest off instead, and no time of it changes", () => {
    const schedule = new Schedule(1000, 2000, "put off");
    expect(schedule.take(10_000, 5)).toEqual([1, 2, 3, 4, 5]);
    expect(schedule.putOffMs).toBe(8000);
    expect(schedule.take(10_000, 9999)).toHaveLength(1995);
    expect(schedule.take(10_010, 9999).at(-1)).toBe(2010);
    expect(schedule.waitMs(10_010)).toBe(1);
    expect(schedule.forfeited).toBe(0);
  });

  test("never owes more than its bound, and forgets nothing: handed out + owed + given up = due", () => {
    const stalls = fc.array(fc.record({ afterMs: fc.integer({ min: 0, max: 20_000 }), limit: fc.nat(5000) }), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(rates, stalls, (rate, asked) => {
        const schedule = new Schedule(rate, 2000, "forfeit");
        let [elapsedMs, handedOut] = [0, 0];
        for (const { afterMs, limit } of asked) {
          elapsedMs += afterMs;
          handedOut += schedule.take(elapsedMs, limit).length;
          expect(schedule.behind).toBeLessThanOrEqual(rate * 2);
          expect(handedOut + schedule.behind + schedule.forfeited).toBe(due(elapsedMs, rate));
        }
      }),
    );
  });

  test("says how long it is until the next one", () => {
    const schedule = new Schedule(10, 2000, "forfeit");
    expect(schedule.waitMs(30)).toBe(70);
    expect(schedule.waitMs(150)).toBe(0);
    schedule.take(150, 10);
    expect(schedule.waitMs(150)).toBe(50);
  });

  test.each([0, -1, Number.NaN])("refuses the rate %d", (rate) => {
    expect(() => new Schedule(rate, 1000, "forfeit")).toThrow(RangeError);
  });
});
