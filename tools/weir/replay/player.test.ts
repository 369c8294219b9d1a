import type { DataRow } from "@weir/dataset";
import type { SinkRecord } from "@weir/generator";
import { decodeLabel, decodeTransaction, partitionFor } from "@weir/schema";
import { describe, expect, test } from "vitest";
import { atOnce, byRate, bySpeedup, type Pace } from "./pace.ts";
import { Player } from "./player.ts";
import { Records } from "./records.ts";

const DAY_MS = 86_400_000;
const START_MS = 1_530_000_000_000;
const EPOCH_MS = 1_700_000_000_000;

function aRow(number: number, { fraud = false, days = number, named = true } = {}): DataRow {
  const timestamp = START_MS + days * DAY_MS;
  const id = named ? `t${number}` : undefined;
  const transaction = { source: `s${number % 3}`, target: "shop", amount: 5, currency: "EUR", id, timestamp };
  const value = Buffer.from(JSON.stringify(transaction));
  return { ok: true, line: number + 2, value, timeMs: timestamp, fraud, aside: [] };
}

type Options = { readonly pace?: Pace; readonly sendMs?: (nowMs: number) => number };

function prepare({ pace = atOnce, sendMs = () => 0 }: Options = {}) {
  let nowMs = 0;
  /** Records sent when it was asked whether labels are in. */
  const asked: number[] = [];
  const sent: { topic: string; atMs: number; record: SinkRecord }[] = [];
  const clock = {
    monotonicMs: () => nowMs,
    epochMs: () => EPOCH_MS + nowMs,
    sleep: async (ms: number) => {
      nowMs += ms;
    },
  };
  const sink = {
    async send(topic: string, batch: readonly SinkRecord[]) {
      for (const record of batch) sent.push({ topic, atMs: nowMs, record });
      nowMs += sendMs(nowMs);
    },
  };
  const records = new Records({ partitions: 4, labelDelayMs: 7 * DAY_MS, name: "data" });
  const topics = { transactions: "t", labels: "l" };
  const stopping = new AbortController().signal;
  const player = new Player({
    records,
    sink,
    topics,
    pace,
    clock,
    untilLabelsAreIn: async () => void asked.push(sent.length),
    stopping,
  });
  return { player, records, sent, asked };
}

describe("a data set that is played", () => {
  test("is sent row by row as it is, keyed by source, with the clock's time on the record and its own in the message", async () => {
    const { player, sent } = prepare();
    await player.play([aRow(0), aRow(1), aRow(2)]);
    await player.end();
    expect(sent.map(({ record }) => record.value)).toEqual([0, 1, 2].map((n) => (aRow(n) as { value: Buffer }).value));
    for (const { topic, record } of sent) {
      expect(topic).toBe("t");
      expect(record.timestampMs).toBe(EPOCH_MS);
      expect(record.partition).toBe(partitionFor(String(record.key), 4));
    }
  });

  test("has a label for each fraud, behind it and long before it counts, and waits until it is in where it does", async () => {
    const { player, sent, asked } = prepare();
    await player.play(Array.from({ length: 10 }, (_, n) => aRow(n, { fraud: n === 2 })));
    await player.end();
    // It counts from day 9 on; a tenth of the delay is over on day 3.
    expect(sent.map(({ topic }) => topic).join("")).toBe("tttlttttttt");
    expect(asked).toEqual([10]);
    const label = decodeLabel(sent[3]?.record.value ?? null);
    const truth = { transaction: "t2", source: "s2", target: "shop", fraud: true };
    const times = { timestampMs: START_MS + 2 * DAY_MS, labelledAtMs: START_MS + 9 * DAY_MS };
    expect(label).toEqual({ ok: true, label: { ...truth, ...times } });
  });

  test("ends with the labels that were not due yet", async () => {
    const { player, sent, records } = prepare();
    await player.play([aRow(0, { fraud: true })]);
    expect(records.pending).toBe(1);
    await player.end();
    expect(sent.map(({ topic }) => topic)).toEqual(["t", "l"]);
  });

  test("gives an id to what has none, since its label has to name it", async () => {
    const { player, sent } = prepare();
    await player.play([aRow(5, { fraud: true, named: false })]);
    await player.end();
    const decoded = decodeTransaction(sent[0]?.record.value ?? null);
    expect(decoded.ok && decoded.transaction.id).toBe("data-7");
    const label = decodeLabel(sent[1]?.record.value ?? null);
    expect(label.ok && label.label.transaction).toBe("data-7");
  });

  test("leaves out what is no message, and sends what is no transaction: the detector says why", async () => {
    const { player, sent, records } = prepare();
    const fault = { field: "$", expected: "a row", got: "none" };
    const odd: DataRow = {
      ok: true,
      line: 3,
      value: Buffer.from('{"amount":0}'),
      timeMs: null,
      fraud: true,
      aside: [],
    };
    await player.play([{ ok: false, line: 2, fault, text: "x" }, odd]);
    await player.end();
    expect(records.leftOut).toBe(1);
    expect(sent.map(({ topic, record }) => `${topic} ${record.value}`)).toEqual(['t {"amount":0}']);
  });
});

describe("the pace", () => {
  const rows = Array.from({ length: 100 }, (_, n) => aRow(n, { days: n / 24 }));

  test("by rate is so many a second, however long each send takes", async () => {
    const { player, sent } = prepare({ pace: byRate(10), sendMs: () => 30 });
    await player.play(rows);
    await player.end();
    expect(sent.map(({ atMs }) => atMs)).toEqual(rows.map((_, n) => (n + 1) * 100));
  });

  test("by speedup is that of the data: an hour in a second", async () => {
    const { player, sent } = prepare({ pace: bySpeedup(3600) });
    await player.play(rows);
    await player.end();
    for (const [n, { atMs }] of sent.entries()) expect(atMs).toBeCloseTo(n * 1000, 5);
  });

  test("catches up after a stall by two seconds' worth, puts off the rest, and leaves out nothing", async () => {
    const { player, sent } = prepare({ pace: byRate(10), sendMs: (nowMs) => (nowMs === 1000 ? 10_000 : 0) });
    await player.play(rows);
    await player.end();
    expect(sent).toHaveLength(100);
    expect(player.putOffMs).toBeCloseTo(7_900);
    expect(sent.at(-1)?.atMs).toBeCloseTo(17_900);
  });

  test("a row that comes out of order is due at once", () => {
    const pace = bySpeedup(1000);
    expect([0, 5_000, 3_000, 6_000].map((timeMs, n) => pace.dueMs(n, timeMs))).toEqual([0, 5, 5, 6]);
    expect(pace.dueMs(4, null)).toBe(6);
  });
});
