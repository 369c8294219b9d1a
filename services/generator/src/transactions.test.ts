import { readFileSync } from "node:fs";
import { compileScenario, EventClock, PaymentStream, Random, type Scenario } from "@weir/scenario";
import { decodeLabel, decodeTransaction, partitionFor } from "@weir/schema";
import { describe, expect, test } from "vitest";
import { plainTransactions, scenarioTransactions } from "./transactions.ts";

const document = readFileSync(new URL("../../../scenarios/demo.yaml", import.meta.url), "utf8");
const compiled = compileScenario(document, { file: "demo.yaml" });
const demo = compiled.ok ? compiled.scenario : null;

type Options = { readonly seed?: number; readonly run?: string; readonly eventClock?: EventClock };

const NOW_MS = 1_700_000_000_000;

function sourceOf({ seed = 1, run = "r1", eventClock }: Options = {}) {
  const stream = new PaymentStream({ scenario: demo as Scenario, seed, customers: 10_000, run });
  return scenarioTransactions({ stream, eventClock: eventClock ?? null, partitions: 6, isLabelling: true });
}

function sequence(options: Options & { readonly length?: number } = {}) {
  const source = sourceOf(options);
  return Array.from({ length: options.length ?? 500 }, (_, ms) =>
    source.next({ scheduleMs: ms, epochMs: NOW_MS + ms }),
  );
}

const parsed = (options: Parameters<typeof sequence>[0]) =>
  sequence(options).map(({ value }) => JSON.parse(value.toString()) as Record<string, unknown>);

describe("transactions of a scenario", () => {
  test("are these very bytes", () => {
    expect(sequence({ length: 2 }).map(({ value }) => value.toString())).toMatchInlineSnapshot(`
      [
        "{"source":"pjsxmsngnrvc","target":"xqmyuvnlzrcf","amount":16.49,"currency":"EUR","id":"r1-0","timestamp":1700000000000,"country":"DE","device":"wlhmsvctgdxt"}",
        "{"source":"glrldgeyugfz","target":"fnqudwafrsko","amount":19.24,"currency":"EUR","id":"r1-1","timestamp":1700000000001,"country":"DE"}",
      ]
    `);
  });

  test("are the same for the same seed, run and times, and others for another seed", () => {
    expect(sequence()).toEqual(sequence());
    expect(sequence({ seed: 2 })[0]?.value).not.toEqual(sequence()[0]?.value);
  });

  test("repeat parties and amounts in another run of the same seed, but no id", () => {
    const [first, second] = [parsed({ run: "r1" }), parsed({ run: "r2" })];
    const payment = ({ source, target, amount }: Record<string, unknown>) => ({ source, target, amount });
    expect(first.map(payment)).toEqual(second.map(payment));
    expect(new Set([...first, ...second].map(({ id }) => id)).size).toBe(1000);
  });

  test("are keyed by source, on the partition of Kafka's default partitioner", () => {
    for (const { key, partition, value } of sequence()) {
      const { source } = JSON.parse(value.toString());
      expect(key?.toString()).toBe(source);
      expect(partition).toBe(partitionFor(source, 6));
    }
  });

  test("have the clock's time, unless event time begins elsewhere: then the record alone has it", () => {
    const live = sequence({ length: 50 });
    expect(live.map(({ timestampMs }) => timestampMs)).toEqual(live.map((_, ms) => NOW_MS + ms));
    for (const { timestampMs, value } of live) expect(JSON.parse(value.toString()).timestamp).toBe(timestampMs);
    const eventClock = new EventClock({ startMs: 1_000, speedup: 60, byDay: false });
    const fast = sequence({ length: 50, eventClock });
    expect(fast.map(({ timestampMs }) => timestampMs)).toEqual(live.map(({ timestampMs }) => timestampMs));
    for (const [ms, { value }] of fast.entries()) expect(JSON.parse(value.toString()).timestamp).toBe(1_000 + 60 * ms);
  });

  test("are valid, of 12 letters a party and 1.00 to 1000.00 EUR in whole cents, as in the tutorial", () => {
    const decoded = sequence({ length: 20_000 }).map(({ value }) => decodeTransaction(value));
    expect(decoded.filter(({ ok }) => !ok)).toEqual([]);
    const transactions = decoded.flatMap((result) => (result.ok ? [result.transaction] : []));
    const amounts = transactions.map(({ amountMinor }) => amountMinor);
    expect(Math.min(...amounts)).toBeGreaterThanOrEqual(100);
    expect(Math.max(...amounts)).toBeLessThanOrEqual(100_000);
    const parties = transactions.flatMap(({ source, target }) => [source, target]);
    expect(parties.filter((party) => !/^[a-z]{12}$/.test(party))).toEqual([]);
  });

  test("are followed by labels, published by event time with the clock's on the record", () => {
    const source = sourceOf();
    for (let ms = 0; ms < 60_000; ms += 1) source.next({ scheduleMs: ms, epochMs: NOW_MS + ms });
    const records = source.labels?.take(NOW_MS + 60_000) ?? [];
    expect(records.length).toBeGreaterThan(15);
    for (const { key, value, partition, timestampMs } of records) {
      const result = decodeLabel(value);
      expect(result.ok && result.label.fraud).toBe(true);
      expect({ partition, timestampMs }).toEqual({ partition: null, timestampMs: NOW_MS + 60_000 });
      expect(key?.toString()).toBe(result.ok && result.label.source);
    }
  });
});

describe("plain transactions", () => {
  const source = plainTransactions(new Random(1, 0));
  const records = Array.from({ length: 3000 }, () => source.next({ scheduleMs: 0, epochMs: NOW_MS }));

  test("are exactly the tutorial's four fields in their order, and no key", () => {
    const shape = /^\{"source":"[a-z]{12}","target":"[a-z]{12}","amount":\d{1,4}(\.\d{1,2})?,"currency":"EUR"\}$/;
    expect(records.filter(({ value }) => !shape.test(value.toString()))).toEqual([]);
    expect(records.filter(({ value }) => !decodeTransaction(value).ok)).toEqual([]);
    expect(records.filter(({ key, partition }) => key !== null || partition !== null)).toEqual([]);
    expect(source.labels).toBeNull();
  });

  test("have new parties each time", () => {
    expect(new Set(records.map(({ value }) => JSON.parse(value.toString()).source)).size).toBe(3000);
  });

  test("reach the tutorial's threshold of 900 in about a tenth", () => {
    const frauds = records.filter(({ value }) => JSON.parse(value.toString()).amount >= 900).length;
    // 300 expected, standard deviation 16.
    expect(Math.abs(frauds - 300)).toBeLessThan(100);
  });
});
