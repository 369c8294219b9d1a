/**
 * What a transaction costs in each stage of a chain: step, apply and its share of the rolling snapshot, as processor
 * time of one core. The peer is JSON.parse and JSON.stringify of the same messages, in the same run.
 */
import { readFileSync } from "node:fs";
import { type ChainStage, compileRuleset, createChain, formatFaults } from "@weir/engine";
import { Random } from "@weir/generator";
import type { LogRecord, NewRecord } from "@weir/schema";
import { breathe, printTable } from "./measure.ts";

const TRANSACTIONS = 200_000;
/** Ten payments a customer in nine days; the counterparties are the busier the fewer they are before it. */
const CUSTOMERS = 20_000;
const MERCHANTS = 2_000;
const PACE_MS = 4_000;
const LABELLED = 0.02;
const START_MS = 1_700_000_000_000;
const BATCH = 500;
const ROUNDS = 3;

const TOPICS = { transactions: "in", labels: "labels", legit: "legit", fraud: "fraud", rejected: "rejected" };
const RULESETS = ["threshold.yaml", "starter.yaml", "card-payments.yaml"];

type Log = LogRecord[];
type Cost = { readonly records: number; readonly us: number };

export const chainPart = {
  name: "chain",
  async run(): Promise<void> {
    const { transactions, labels } = inputs();
    const json = best(() => {
      let bytes = 0;
      for (const { value } of transactions) bytes += JSON.stringify(JSON.parse(String(value))).length;
      return bytes;
    });
    const rows: (string | number)[][] = [["stage", "records", "us a record", "of JSON's"]];
    const row = (name: string, { records, us }: Cost): void => {
      rows.push([name, records, (us / records).toFixed(2), (us / records / (json / TRANSACTIONS)).toFixed(2)]);
    };
    row("JSON.parse + JSON.stringify", { records: TRANSACTIONS, us: json });
    for (const file of RULESETS) {
      let sum = 0;
      for (const { name, ...cost } of costsOf(file, { in: transactions, labels })) {
        row(`${file}: ${name}`, cost);
        if (name !== "labels") sum += cost.us;
        await breathe();
      }
      row(`${file}: a transaction in all`, { records: TRANSACTIONS, us: sum });
    }
    printTable(`${TRANSACTIONS.toLocaleString("en")} transactions, one partition`, rows);
  },
};

function costsOf(file: string, inputs: { readonly [topic: string]: Log }): (Cost & { readonly name: string })[] {
  const stages = chainFor(file);
  const logs = new Map(Object.entries(inputs));
  return stages.map((stage) => {
    const log = logs.get(stage.input) ?? [];
    let outputs: NewRecord[] = [];
    const us = best(() => {
      outputs = [];
      const state = stage.createState();
      state.loaded(-1);
      for (const [index, record] of log.entries()) {
        const step = stage.step(state, record, 0);
        for (const output of step.outputs) outputs.push(output);
        if (step.event !== null) state.apply(step.event, record.offset);
        if (index % BATCH === BATCH - 1) state.takeSnapshot(BATCH >> 2, record.offset + 1);
      }
    });
    for (const [topic, records] of Map.groupBy(outputs, ({ topic }) => topic)) {
      const behind = [...(logs.get(topic) ?? []), ...records].sort((a, b) => a.timestampMs - b.timestampMs);
      logs.set(
        topic,
        behind.map((record, offset) => ({ ...record, offset })),
      );
    }
    return { name: stage.name, records: log.length, us };
  });
}

function chainFor(file: string): ChainStage[] {
  const result = compileRuleset(readFileSync(new URL(`../../rulesets/${file}`, import.meta.url), "utf8"), { file });
  if (!result.ok) throw new Error(formatFaults(result.faults));
  return createChain({
    plan: result.plan,
    inputKeyed: true,
    appId: "weir",
    topics: TOPICS,
    partitions: new Map([TOPICS.transactions, "weir.by-source", "weir.by-target"].map((topic) => [topic, 1])),
    explain: "none",
    maxRecordBytes: 65_536,
    maxFutureMs: 300_000,
  });
}

/** Microseconds of processor time, of the best of some rounds. */
function best(work: () => void): number {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round += 1) {
    const since = process.cpuUsage();
    work();
    least = Math.min(least, process.cpuUsage(since).user);
  }
  return least;
}

function inputs(): { readonly transactions: Log; readonly labels: Log } {
  const random = new Random(1, 0);
  const transactions: Log = [];
  const labels: Log = [];
  const add = (log: Log, timestampMs: number, key: Buffer | null, message: object): void => {
    const value = Buffer.from(JSON.stringify(message));
    log.push({ offset: log.length, timestampMs, key, value, headers: [] });
  };
  for (let index = 0; index < TRANSACTIONS; index += 1) {
    const timestampMs = START_MS + PACE_MS * index;
    const source = `customer${String(Math.floor(random.unit() * CUSTOMERS)).padStart(5, "0")}`;
    const target = `merchant${String(Math.floor(random.unit() ** 3 * MERCHANTS)).padStart(5, "0")}`;
    const amount = Number((1 + random.unit() ** 4 * 2_999).toFixed(2));
    const currency = "EUR";
    const id = `payment-${index}`;
    add(transactions, timestampMs, Buffer.from(source), {
      source,
      target,
      amount,
      currency,
      id,
      timestamp: timestampMs,
    });
    if (random.unit() < LABELLED)
      add(labels, timestampMs + 1, null, {
        ...{ transaction: id, source, target, timestamp: timestampMs },
        ...{ fraud: random.unit() < 0.2, labelledAt: timestampMs + 1 },
      });
  }
  return { transactions, labels };
}
