import { decodeTransaction, partitionFor } from "@weir/schema";
import { describe, expect, test } from "vitest";
import { Population } from "./population.ts";
import { Random } from "./random.ts";
import { plainTransactions, populationTransactions } from "./transactions.ts";

const population = new Population(1, 100);

function sequence(options: { readonly seed?: number; readonly run?: string; readonly length?: number } = {}) {
  const { seed = 1, run = "r1", length = 500 } = options;
  const next = populationTransactions({ population, random: new Random(seed, 0), run, partitions: 6, labels: null });
  return Array.from({ length }, (_, index) => next(1_700_000_000_000 + index));
}

describe("transactions of the population", () => {
  test("are these very bytes", () => {
    expect(sequence({ length: 2 }).map(({ value }) => value.toString())).toMatchInlineSnapshot(`
      [
        "{"source":"mftlkcybbbjj","target":"uqvsywtmuilq","amount":825.92,"currency":"EUR","id":"r1-0","timestamp":1700000000000}",
        "{"source":"lmuyesurxxey","target":"onskgddenlru","amount":633.62,"currency":"EUR","id":"r1-1","timestamp":1700000000001}",
      ]
    `);
  });

  test("are the same bytes for the same seed, run and times", () => {
    expect(sequence()).toEqual(sequence());
  });

  test("repeat parties and amounts in another run of the same seed, but no id", () => {
    const parse = (run: string) => sequence({ run }).map(({ value }) => JSON.parse(value.toString()));
    const [first, second] = [parse("r1"), parse("r2")];
    const payment = ({ source, target, amount }: Record<string, unknown>) => ({ source, target, amount });
    expect(first.map(payment)).toEqual(second.map(payment));
    expect(new Set([...first, ...second].map(({ id }) => id)).size).toBe(1000);
  });

  test("differ for another seed", () => {
    expect(sequence({ seed: 2 })[0]?.value).not.toEqual(sequence()[0]?.value);
  });

  test("are keyed by source, on the partition of Kafka's default partitioner", () => {
    for (const { key, partition, value } of sequence()) {
      const { source } = JSON.parse(value.toString());
      expect(key?.toString()).toBe(source);
      expect(partition).toBe(partitionFor(source, 6));
    }
  });

  test("carry the time that they were made for, in the message and on the record", () => {
    for (const [index, { timestampMs, value }] of sequence().entries()) {
      expect(timestampMs).toBe(1_700_000_000_000 + index);
      expect(JSON.parse(value.toString()).timestamp).toBe(timestampMs);
    }
  });

  test("are valid, with amounts of 1.00 to 1000.00 in whole cents", () => {
    const decoded = sequence({ length: 5000 }).map(({ value }) => decodeTransaction(value));
    expect(decoded.filter(({ ok }) => !ok)).toEqual([]);
    const amounts = decoded.flatMap((result) => (result.ok ? [result.transaction.amountMinor] : []));
    expect(Math.min(...amounts)).toBeGreaterThanOrEqual(100);
    expect(Math.max(...amounts)).toBeLessThanOrEqual(100_000);
  });
});

describe("plain transactions", () => {
  const next = plainTransactions(new Random(1, 0));
  const records = Array.from({ length: 3000 }, () => next(1_700_000_000_000));

  test("are exactly the tutorial's four fields in their order, and no key", () => {
    const shape = /^\{"source":"[a-z]{12}","target":"[a-z]{12}","amount":\d{1,4}(\.\d{1,2})?,"currency":"EUR"\}$/;
    expect(records.filter(({ value }) => !shape.test(value.toString()))).toEqual([]);
    expect(records.filter(({ value }) => !decodeTransaction(value).ok)).toEqual([]);
    expect(records.filter(({ key, partition }) => key !== null || partition !== null)).toEqual([]);
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
