/**
 * Microseconds of processor time per step of the detector stage, decoding included and apart, for both
 * rulesets that ship. Processor time, so that other work on the machine does not blur it.
 *
 *   npm exec -c 'node bench/step.ts'
 *
 * 300,000 payments of a Zipf population of 50,000, 1000 a second, in one partition: five minutes.
 * Prints the outcomes too, which show whether the limits of rulesets/starter.yaml make sense.
 */
import { readFileSync } from "node:fs";
import { compileRuleset, createDetectorStage, formatFaults } from "@weir/engine";
import { Random } from "@weir/generator";
import { decodeTransaction, type LogRecord } from "@weir/schema";

const RECORDS = 300_000;
const CUSTOMERS = 50_000;
const START_MS = 1_700_000_000_000;

/** Ranks 0 to n - 1, the r-th as likely as 1 / (r + 1): inverse of the cumulated weights. */
function zipf(n: number, random: Random): () => number {
  const cumulated = new Float64Array(n);
  let sum = 0;
  for (let rank = 0; rank < n; rank += 1) cumulated[rank] = sum += 1 / (rank + 1);
  return () => {
    const wanted = random.unit() * sum;
    let [low, high] = [0, n - 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((cumulated[middle] as number) <= wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

function records(count: number): LogRecord[] {
  const random = new Random(1, 0);
  const customer = zipf(CUSTOMERS, random);
  const id = (number: number): string => `customer${String(number).padStart(5, "0")}`;
  return Array.from({ length: count }, (_, offset) => {
    const timestampMs = START_MS + offset;
    const source = id(customer());
    const amount = (1 + random.unit() * 999).toFixed(2);
    const value = `{"source":"${source}","target":"${id(customer())}","amount":${amount},"currency":"EUR","id":"${offset}","timestamp":${timestampMs}}`;
    return { offset, timestampMs, key: Buffer.from(source), value: Buffer.from(value), headers: [] };
  });
}

function stageOf(file: string) {
  const result = compileRuleset(readFileSync(new URL(`../rulesets/${file}`, import.meta.url), "utf8"), { file });
  if (!result.ok) throw new Error(formatFaults(result.faults));
  return createDetectorStage({
    plan: result.plan,
    topics: { input: "queueing.transactions", legit: "legit", fraud: "fraud", rejected: "rejected" },
    stateTopic: "state",
    explain: "none",
    maxRecordBytes: 65_536,
    maxFutureMs: 300_000,
    keyedPartitions: 1,
  });
}

function microseconds(since: NodeJS.CpuUsage): string {
  return (process.cpuUsage(since).user / RECORDS).toFixed(2);
}

const log = records(RECORDS);
for (let round = 0; round < 3; round += 1) {
  const since = process.cpuUsage();
  let bytes = 0;
  for (const record of log) {
    const decoded = decodeTransaction(record.value);
    if (decoded.ok) bytes += decoded.closeAt;
  }
  if (round === 2) console.log(`decode alone    ${microseconds(since)} us (${bytes} bytes)`);
}
for (const file of ["threshold.yaml", "starter.yaml"])
  for (let round = 0; round < 3; round += 1) {
    const stage = stageOf(file);
    const state = stage.createState();
    const labels = new Map<string, number>();
    let chunks = 0;
    const since = process.cpuUsage();
    for (const record of log) {
      const { event, label } = stage.step(state, record, 0);
      if (event !== null) state.apply(event, record.offset);
      labels.set(label, (labels.get(label) ?? 0) + 1);
      if (record.offset % 500 === 499) chunks += state.takeSnapshot(125, record.offset + 1).length;
    }
    if (round < 2) continue;
    const shares = [...labels].map(([label, count]) => `${label} ${((count * 100) / RECORDS).toFixed(1)}%`).join(", ");
    console.log(`${file.padEnd(15)} ${microseconds(since)} us; ${shares}; ${state.keys} keys, ${chunks} chunks`);
  }
