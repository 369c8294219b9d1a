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
import { decodeTransaction } from "@weir/schema";
import { payments } from "./payments.ts";

const RECORDS = 300_000;

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

const log = payments(RECORDS);
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
