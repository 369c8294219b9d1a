import fc from "fast-check";
import { expect, test } from "vitest";
import { HORIZON_MS, IDENTITY, logs, Recount, StateTopic, stepThrough } from "./window-log.fixture.ts";
import { WindowState } from "./window-state.ts";

test("every count equals a plain recount of the log, in and out of order", () => {
  fc.assert(
    fc.property(logs, (log) => {
      const state = new WindowState(IDENTITY, HORIZON_MS);
      const recount = new Recount();
      for (const event of log) same(stepThrough(state, event), recount.step(event));
    }),
    { numRuns: 40 },
  );
});

/** expect() costs more than a step does. */
function same(counts: readonly number[], wanted: readonly number[]): void {
  if (counts.some((count, index) => count !== wanted[index])) expect(counts).toEqual(wanted);
}

const runs = fc.record({
  log: logs,
  batches: fc.array(
    fc.record({
      size: fc.oneof(fc.integer({ min: 1, max: 10 }), fc.integer({ min: 50, max: 500 })),
      limit: fc.constantFrom(0, 1, 1, 2, 3, 8, 100),
      crash: fc.boolean(),
    }),
    { minLength: 1, maxLength: 30 },
  ),
});

test("a state restored at any batch goes on as if it had never stopped, and each batch writes a bounded snapshot", () => {
  fc.assert(
    fc.property(runs, ({ log, batches }) => {
      const untouched = new WindowState(IDENTITY, HORIZON_MS);
      const topic = new StateTopic();
      let state = new WindowState(IDENTITY, HORIZON_MS);
      let at = 0;
      for (let turn = 0; at < log.length; turn += 1) {
        const { size, limit, crash } = batches[turn % batches.length] as (typeof batches)[number];
        for (const event of log.slice(at, at + size)) same(stepThrough(state, event), stepThrough(untouched, event));
        at += size;
        const position = (log[Math.min(at, log.length) - 1]?.offset ?? 0) + 1;
        expect(topic.commit(state, limit, position)).toBeLessThanOrEqual(limit);
        if (crash) state = topic.restore(log);
        expect(state.canonical()).toEqual(untouched.canonical());
      }
    }),
    { numRuns: 100 },
  );
});

test("once everything has expired and snapshots have caught up, nothing is left in memory or in the topic", () => {
  fc.assert(
    fc.property(logs, fc.integer({ min: 2, max: 40 }), (log, limit) => {
      const state = new WindowState(IDENTITY, HORIZON_MS);
      const topic = new StateTopic();
      for (const [index, event] of log.entries()) {
        stepThrough(state, event);
        if (index % 50 === 0) topic.commit(state, limit, event.offset + 1);
      }
      const last = log.at(-1) as (typeof log)[number];
      for (let turn = 1; turn <= 60 + log.length; turn += 1) {
        const offset = last.offset + turn;
        stepThrough(state, { key: "last", timeMs: state.streamTimeMs + HORIZON_MS + 1, offset });
        topic.commit(state, limit, offset + 1);
      }
      expect(state.keys).toBe(1);
      expect(state.canonical().keys.map(([key, times]) => [key, times.length])).toEqual([["last", 1]]);
      expect(topic.records.size).toBeLessThanOrEqual(2);
    }),
    { numRuns: 30 },
  );
});
