import type { DataRow } from "@weir/dataset";
import { type ChainStage, compileRuleset, createChain, formatFaults, type Plan, Tokens } from "@weir/engine";
import { TOPICS } from "@weir/schema";
import { expect, test } from "vitest";
import { Replay, type Replayed } from "./replay.ts";

const DAY_MS = 86_400_000;
const START_MS = 1_700_000_000_000;

/** A second rule reads the features, since one that none reads is refused. */
function planOf(features: Readonly<Record<string, string>>): Plan {
  const rare = Object.keys(features).map((name) => `, { id: rare-${name}, when: ${name} > 1000, score: 1 }`);
  const text = `name: r
version: 1
features: {${Object.entries(features).map(([name, feature]) => ` ${name}: { ${feature} }`)} }
rules: [{ id: large, when: amount >= 900, score: 0.95 }${rare.join("")}]
thresholds: { review: 0.6, decline: 0.9 }
`;
  const result = compileRuleset(text, { file: "r.yaml" });
  if (!result.ok) throw new Error(formatFaults(result.faults));
  return result.plan;
}

const COUNT = "by: source, count: true, over: 1d";
const RISK = { frauds: "by: target, fraud_count: true, over: 30d", n: COUNT };

function aReplay(
  features: Readonly<Record<string, string>> = RISK,
  changes: Partial<ConstructorParameters<typeof Replay>[0]> = {},
): Replay {
  return new Replay({
    plan: planOf(features),
    explain: "full",
    labelDelayMs: 7 * DAY_MS,
    leastAmountMinor: 1,
    ...changes,
  });
}

/** A payment of 10 EUR by c to t, `days` after the start. */
function aRow(
  days: number,
  changes: { fraud?: boolean | null; id?: string; amount?: number; line?: number } = {},
): DataRow {
  const { fraud = false, id = `d${days}`, amount = 10, line = 2 } = changes;
  const timeMs = START_MS + days * DAY_MS;
  const value = Buffer.from(
    JSON.stringify({ source: "c", target: "t", amount, currency: "EUR", id, timestamp: timeMs }),
  );
  return { ok: true, line, value, timeMs, fraud, aside: [] };
}

function featuresOf(replayed: Replayed): Record<string, number> {
  if (replayed.kind === "rejected") throw new Error(JSON.stringify(replayed.rejection));
  return JSON.parse(replayed.output.toString()).decision.features;
}

test("a label is known after its delay, at that very instant, and not before", () => {
  const replay = aReplay();
  const frauds = [0, 6.99, 7, 13, 14].map((days) => featuresOf(replay.step(aRow(days, { fraud: days < 7 }))).frauds);
  expect(frauds).toEqual([0, 0, 1, 1, 2]);
  expect(replay.labels).toEqual({ known: 3, unmatched: 0, pending: 2 });
});

test("a transaction without an id is labelled by its decision id", () => {
  const replay = aReplay();
  const message = `{"source":"c","target":"t","amount":1,"currency":"EUR","timestamp":${START_MS}}`;
  replay.step({ ok: true, line: 1, value: Buffer.from(message), timeMs: START_MS, fraud: true, aside: [] });
  expect(featuresOf(replay.step(aRow(7))).frauds).toBe(1);
});

test("a row without a label has none, ever", () => {
  const replay = aReplay();
  replay.step(aRow(0, { fraud: null }));
  expect(featuresOf(replay.step(aRow(8))).frauds).toBe(0);
  expect(replay.labels).toEqual({ known: 0, unmatched: 0, pending: 1 });
});

test("labels that no feature asks for are left out", () => {
  const replay = aReplay({ n: COUNT });
  for (const days of [0, 8]) replay.step(aRow(days, { fraud: true }));
  expect(replay.labels).toEqual({ known: 0, unmatched: 0, pending: 0 });
});

test("a repeated id is rejected with the decision id of the first, and counts once", () => {
  const replay = aReplay();
  replay.step(aRow(0));
  expect(replay.step(aRow(0))).toMatchObject({
    kind: "rejected",
    origin: "queueing.transactions/0/1",
    rejection: { reason: "duplicate", duplicateOf: "queueing.transactions/0/0" },
  });
  expect(replay.step(aRow(0, { amount: 11 }))).toMatchObject({ rejection: { reason: "duplicate_conflict" } });
  expect(featuresOf(replay.step(aRow(0.5))).n).toBe(2);
});

test("a row that is no message takes no place in the input, one that is no transaction does", () => {
  const replay = aReplay();
  const fault = { field: "$", expected: "10 fields", got: "9" };
  expect(replay.step({ ok: false, line: 3, fault, text: "a,b" })).toEqual({
    kind: "rejected",
    line: 3,
    rejection: { reason: "malformed", faults: [fault] },
    origin: null,
    text: "a,b",
  });
  expect(replay.step(aRow(0, { amount: -1, line: 4 }))).toMatchObject({ line: 4, origin: "queueing.transactions/0/0" });
  expect(replay.step(aRow(0, { id: "x".repeat(70_000) }))).toMatchObject({ rejection: { reason: "too_large" } });
  expect(replay.step(aRow(0))).toMatchObject({ decided: { origin: { partition: 0, offset: 2 } } });
});

test("payments of 0.00 are rejected as a detector rejects them, or count if they are let in", () => {
  expect(aReplay().step(aRow(0, { amount: 0 }))).toMatchObject({ rejection: { reason: "malformed" } });
  const replay = aReplay(RISK, { leastAmountMinor: 0 });
  expect(featuresOf(replay.step(aRow(0, { amount: 0 }))).n).toBe(1);
});

test("a message without a time comes at the time of the one before it", () => {
  const replay = aReplay({});
  const message = Buffer.from('{"source":"c","target":"t","amount":950,"currency":"EUR"}');
  const bare: DataRow = { ok: true, line: 1, value: message, timeMs: null, fraud: null, aside: [] };
  const times = [bare, aRow(1), bare].map((row) => {
    const replayed = replay.step(row);
    return replayed.kind === "decided" ? replayed.decided.timeMs : null;
  });
  expect(times).toEqual([0, START_MS + DAY_MS, START_MS + DAY_MS]);
});

test("what is written is, byte by byte, what the detector's stage writes of the same log", () => {
  const plan = planOf({ n: COUNT });
  const [stage] = createChain({
    plan,
    inputKeyed: true,
    appId: "weir",
    topics: TOPICS,
    partitions: new Map([[TOPICS.transactions, 1]]),
    explain: "full",
    maxRecordBytes: 65_536,
    maxFutureMs: 0,
  }) as [ChainStage];
  const state = stage.createState();
  const replay = new Replay({ plan, explain: "full", labelDelayMs: 0, leastAmountMinor: 1 });
  for (const [offset, days] of [0, 0.5, 0.25, 1.1, 3, 1].entries()) {
    const row = aRow(days, { amount: 800 + 100 * offset });
    if (!row.ok || row.timeMs === null) throw new Error("unreachable");
    const record = { offset, timestampMs: row.timeMs, key: null, value: row.value, headers: [] };
    const step = stage.step(state, record, 0);
    const replayed = replay.step(row);
    expect(replayed.kind === "decided" && replayed.output.toString()).toBe(step.outputs[0]?.value?.toString());
    if (step.event !== null) state.apply(step.event, offset);
  }
});

test("ids become tokens by a key, and what comes out is decided the same again", () => {
  const tokens = new Tokens("a secret of thirty-two bytes, so long");
  const outputs = (rows: readonly DataRow[]): string[] => {
    const replay = aReplay(RISK, { tokens });
    return rows.map((row) => {
      const replayed = replay.step(row);
      return replayed.kind === "decided" ? String(replayed.output) : replayed.rejection.reason;
    });
  };
  const rows = [0, 1, 2, 2].map((days) => aRow(days, { fraud: days === 0 }));
  const decided = outputs(rows);
  expect(decided[0]).toContain(`"source":"${tokens.of("c")}","target":"${tokens.of("t")}"`);
  expect(decided[3]).toBe("duplicate");
  const again = rows.map(
    (row) => ({ ...row, value: tokens.value((row as { value: Buffer }).value, "transaction") }) as DataRow,
  );
  expect(outputs(again)).toEqual(decided);
});
