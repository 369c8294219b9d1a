import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { createBatch, FEATURES, PROTOCOL, parseTransactions } from "./batch.ts";
import { BatchParity, GoldenParity } from "./compare.ts";
import { cutOf } from "./cut.ts";
import { streamFeatures } from "./stream.ts";

const datasets = join(import.meta.dirname, "..", "..", "datasets");
const file = join(datasets, "handbook-cut.csv.gz");
const transactions = parseTransactions(gunzipSync(readFileSync(file)).toString());
const published = readFileSync(join(datasets, "handbook-cut.golden.csv"), "utf8");

test("on a cut of the data Weir's features are those of a batch, and the published ones where there are some", async () => {
  const batch = new BatchParity(transactions, PROTOCOL.fromSeconds, PROTOCOL.untilSeconds);
  const golden = new GoldenParity(published);
  const rows = await streamFeatures(
    file,
    (id, features) => {
      batch.add(id, features);
      golden.add(id, features);
    },
    null,
  );
  expect(rows).toBe(transactions.ids.length);
  expect(batch.rows).toBeGreaterThan(2_000);
  expect(batch.differences).toEqual([]);
  // Four customers paid twice in one second: six features each, of the first payment.
  expect(batch.tieCells).toBe(24);
  expect([golden.rows, golden.worst]).toEqual([golden.expected, expect.closeTo(0, 9)]);
  expect(golden.expected).toBeGreaterThan(80);
});

const ROWS = `tx_id,t_sec,customer,terminal,amount,fraud
0,0,c,t,10.00,1
1,3600,c,u,0.00,0
2,604800,c,t,20.00,0
3,604800,d,t,30.00,0
4,604801,c,t,5.00,0
5,604801,c,t,7.00,0
`;

test("the batch counts a terminal's payments of a week ago and before, and a customer's up to now", () => {
  const batch = createBatch(parseTransactions(ROWS), "up to it");
  const named = (row: number) => Object.fromEntries(batch(row).map((value, index) => [FEATURES[index], value]));
  expect(named(0)).toMatchObject({ amount: 10, weekend: 1, night: 1, customer_count_1d: 1, terminal_count_1d: 0 });
  expect(named(1)).toMatchObject({ customer_count_1d: 2, customer_mean_1d: 5, terminal_risk_30d: 0 });
  // (t - 7d, t] leaves out the payment at exactly t - 7d; (t - 8d, t - 7d] holds it.
  expect(named(2)).toMatchObject({
    customer_count_7d: 2,
    customer_mean_7d: 10,
    terminal_count_1d: 1,
    terminal_risk_1d: 1,
  });
  expect(named(4)).toMatchObject({ customer_count_1d: 2, customer_count_30d: 4 });
  expect(named(5)).toMatchObject({ customer_count_1d: 3, customer_count_30d: 5 });
});

test("whether payments of the same second are in each other's windows is told apart", () => {
  const batch = createBatch(parseTransactions(ROWS), "all");
  const count = FEATURES.indexOf("customer_count_1d");
  expect([4, 5].map((row) => batch(row)[count])).toEqual([3, 3]);
});

test("one cell that differs is found, in the days that are compared and not outside", () => {
  const rows = parseTransactions(ROWS);
  const batch = createBatch(rows, "up to it");
  const altered = (row: number): Float64Array => {
    const features = Float64Array.from(batch(row));
    features[4] = (features[4] as number) + 1e-13;
    return features;
  };
  const parity = new BatchParity(rows, 604_800, 604_801);
  for (const row of [0, 2, 4]) parity.add(String(row), altered(row));
  parity.add("3", Float64Array.from(batch(3)));
  expect([parity.rows, parity.cells]).toEqual([2, 30]);
  expect(parity.differences.map(({ id, feature }) => [id, feature])).toEqual([["2", "customer_mean_1d"]]);
});

test("published values have nine digits; what their rounding does not explain is an error", () => {
  const golden = (value: string, weir: number) => {
    const parity = new GoldenParity(`tx_id,${FEATURES.join(",")}\n7,${value}${",0".repeat(14)}\n`);
    parity.add("7", Float64Array.of(weir, ...new Array<number>(14).fill(0)));
    return parity;
  };
  expect(golden("10.7419048", 225.58 / 21).worst).toBeLessThan(1e-15);
  expect(golden("15.0842188", 15.08421875).worst).toBeLessThan(1e-15);
  expect(golden("10.7419048", 10.7419049).worst).toBeGreaterThan(1e-9);
  expect(golden("0", 1e-6).worst).toBe(1e-6);
  expect(golden("0", 0).worst).toBe(0);
});

test("a cut has all payments of its customers and terminals, and the published rows of both", () => {
  const { rows, golden, published: count } = cutOf(ROWS, "tx_id,a\n3,1\n", 604_801);
  expect([count, golden]).toEqual([1, "tx_id,a\n3,1\n"]);
  // d for its published row, c for two payments in one second, t for where d's row was.
  expect(rows).toBe(ROWS);
});
