/**
 * What a transaction costs in each stage of a chain, as processor time of one core: step and apply, and its share of the
 * rolling snapshot. The peer is JSON.parse and JSON.stringify of the same messages, in the same run.
 */
import { readFileSync } from "node:fs";
import { type ChainStage, compileRuleset, createChain, formatFaults, Tokens } from "@weir/engine";
import { Random } from "@weir/scenario";
import type { LogRecord, NewRecord } from "@weir/schema";
import { breathe, printTable } from "./measure.ts";

const TRANSACTIONS = 200_000;
/** Ten payments a customer in nine days; the counterparties are the busier the fewer they are before it. */
const CUSTOMERS = 20_000;
const MERCHANTS = 2_000;
const PACE_MS = 4_000;
const LABELLED = 0.02;
/** Mean of most amounts, and how many are of another kind, up to 3,000. */
const USUAL = 40;
const LARGE = 0.02;
const START_MS = 1_700_000_000_000;
const BATCH = 500;
const ROUNDS = 3;

const TOPICS = { transactions: "in", labels: "labels", legit: "legit", fraud: "fraud", rejected: "rejected" };
const RULESETS = ["threshold.yaml", "starter.yaml", "card-payments.yaml"];
/** The last one again. */
const TOKENS = new Tokens("made up for this measurement alone");

type Log = LogRecord[];
type Run = { readonly file: string; readonly tokens?: Tokens | undefined };
/** us: of step and apply. */
type Cost = { readonly records: number; readonly us: number; readonly snapshotUs: number };

export const chainPart = {
  name: "chain",
  async run(): Promise<void> {
    const { transactions, labels } = inputs();
    const json = best(() => {
      let bytes = 0;
      for (const { value } of transactions) bytes += JSON.stringify(JSON.parse(String(value))).length;
      return bytes;
    });
    const rows: (string | number)[][] = [["us a record", "records", "step and apply", "of JSON's", "snapshot"]];
    const row = (name: string, { records, us, snapshotUs }: Cost): void => {
      const [each, jsonEach] = [us / records, json / TRANSACTIONS];
      rows.push([name, records, each.toFixed(2), (each / jsonEach).toFixed(2), (snapshotUs / records).toFixed(2)]);
    };
    row("JSON.parse + JSON.stringify", { records: TRANSACTIONS, us: json, snapshotUs: 0 });
    const runs = [...RULESETS.map((file) => ({ file })), { file: RULESETS.at(-1) as string, tokens: TOKENS }];
    for (const { file, tokens } of runs as readonly Run[]) {
      let [us, snapshotUs] = [0, 0];
      const what = tokens === undefined ? file : `${file}, tokens`;
      for (const { name, ...cost } of costsOf({ file, tokens }, { in: transactions, labels })) {
        row(`${what}: ${name}`, cost);
        us += cost.us;
        snapshotUs += cost.snapshotUs;
        await breathe();
      }
      row(`${what}: in all`, { records: TRANSACTIONS, us, snapshotUs });
    }
    printTable(`${TRANSACTIONS.toLocaleString("en")} transactions, one partition`, rows);
  },
};

/** A stage's outputs are collected for the next one in a run of their own: kept, they would cost the collector. */
function costsOf(of: Run, inputs: { readonly [topic: string]: Log }): (Cost & { readonly name: string })[] {
  const stages = chainFor(of);
  const logs = new Map(Object.entries(inputs));
  return stages.map((stage) => {
    const log = logs.get(stage.input) ?? [];
    const us = best(() => run(stage, log, () => {}));
    const snapshotUs = Math.max(0, best(() => run(stage, log, () => {}, { snapshots: true })) - us);
    const collected: NewRecord[] = [];
    if (stages.some(({ input }) => stage.outputs.includes(input))) run(stage, log, (output) => collected.push(output));
    for (const [topic, records] of Map.groupBy(collected, ({ topic }) => topic)) {
      const all = [...(logs.get(topic) ?? []), ...records].sort((a, b) => a.timestampMs - b.timestampMs);
      logs.set(
        topic,
        all.map((record, offset) => ({ ...record, offset })),
      );
    }
    return { name: stage.name, records: log.length, us, snapshotUs };
  });
}

function run(
  stage: ChainStage,
  log: Log,
  collect: (output: NewRecord) => void,
  { snapshots = false }: { readonly snapshots?: boolean } = {},
): void {
  const state = stage.createState();
  state.loaded(-1);
  for (const [index, record] of log.entries()) {
    const step = stage.step(state, record, 0);
    for (const output of step.outputs) collect(output);
    if (step.event !== null) state.apply(step.event, record.offset);
    if (snapshots && index % BATCH === BATCH - 1) state.takeSnapshot(BATCH >> 2, record.offset + 1);
  }
}

function chainFor({ file, tokens }: Run): ChainStage[] {
  const text = readFileSync(new URL(`../../rulesets/${file}`, import.meta.url), "utf8");
  const result = compileRuleset(text, { file, tokens });
  if (!result.ok) throw new Error(formatFaults(result.faults));
  return createChain({
    plan: result.plan,
    inputKeyed: tokens === undefined,
    tokens,
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
    const large = random.unit() < LARGE;
    const amount = Number((1 + (large ? 3_000 * random.unit() : -USUAL * Math.log(1 - random.unit()))).toFixed(2));
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
