/**
 * What the rolling snapshot costs in latency: the chain of a ruleset in this process, on a broker of its own on this
 * machine, whose stages write snapshots and write none in turns, of one run. Without them a state is written as it would
 * be with nothing dirty; what has become dirty meanwhile is written in the next turn, so the turns with them have more
 * to write than they would otherwise.
 *
 * Latency: from a record's timestamp to when the commit of its decision is known, of the transactions decided in a turn, its
 * first half second apart.
 */
import { randomUUID } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { groupOf } from "@weir/detector";
import { type ChainStage, chainOf, createChain, inputTopicOf } from "@weir/engine";
import { KafkaLog, openAdmin } from "@weir/kafka";
import { TOPICS } from "@weir/schema";
import { noEvents, runChain, type StageEvents, wallClock } from "@weir/stream";
import { startJavaKafka, weirFolder } from "@weir/testing";
import { build, type Histogram } from "hdr-histogram-js";
import { integer, text } from "../tools/cli/arguments.ts";
import { optionsOf } from "../tools/cli/command.ts";
import { startProcess } from "../tools/process/service.ts";
import { readRuleset } from "../tools/weir/inputs.ts";
import { wantedTopics } from "../tools/weir/topics/topics.ts";

const PARTITIONS = 4;
const APP = "weir";
const SETTLING_MS = 500;

const values = optionsOf({
  name: "npm run bench:snapshots",
  about: ["The latency of decisions in turns with and without snapshots, of one run."],
  options: {
    ruleset: text({
      about: "document of rules, whose chain runs",
      placeholder: "FILE",
      fallback: "rulesets/card-payments.yaml",
    }),
    rate: integer({ about: "payments a second", min: 1, max: 50_000, fallback: 1_000 }),
    turns: integer({ about: "how many", min: 2, max: 10_000, fallback: 12 }),
    turn: integer({ about: "seconds of each", min: 1, max: 3_600, fallback: 5 }),
    "warm-up": integer({ about: "seconds before the first", min: 0, max: 3_600, fallback: 40 }),
  },
});
const faults: string[] = [];
const plan = await readRuleset(values.ruleset, faults);
if (plan === null) throw new Error(faults.join("\n"));
// Our generator keys by source.
const shape = { inputKeyed: true };

type Turn = { readonly latency: Histogram; chunks: number };
const turns = { with: aTurn(), without: aTurn() };
let writes = true;
let current: Turn | null = null;

const folder = join(weirFolder, "bench-snapshots");
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const kafka = await startJavaKafka({ dataDir: join(folder, "kafka"), log: () => {} });
const connection = { brokers: [kafka.brokers], clientId: "bench", tls: null, sasl: null };
const log = new KafkaLog({ connection, log: () => {} });
try {
  const admin = openAdmin(connection);
  await admin.create(wantedTopics({ names: TOPICS, appId: APP, plan, ...shape }, PARTITIONS));
  await admin.close();
  const links = chain().map((stage, index, { length }) => ({
    stage: { ...stage, createState: () => pausable(stage) },
    group: groupOf(APP, stage),
    events: index === length - 1 ? measured() : counted(),
  }));
  const running = await runChain({
    links,
    log,
    clock: wallClock,
    processId: randomUUID(),
    maxStageLag: 20_000,
    finishWithinMs: 2_500,
  });
  running.failed.catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
  const environment = {
    ...process.env,
    KAFKA_BROKER_URL: kafka.brokers,
    TRANSACTIONS_PER_SECOND: String(values.rate),
    CUSTOMERS: "50000",
  };
  const generatorLog = join(folder, "generator.log");
  const generator = await startProcess("generator", "services/generator/main.ts", environment, generatorLog);
  await generator.untilReady(60_000);
  await sleep(values["warm-up"] * 1_000);
  for (let turn = 0; turn < values.turns; turn++) {
    writes = turn % 2 === 0;
    await sleep(SETTLING_MS);
    current = writes ? turns.with : turns.without;
    await sleep(values.turn * 1_000 - SETTLING_MS);
    current = null;
  }
  await generator.stop(10_000);
  await running.stop();
} finally {
  await log.close();
  await kafka.stop();
}

const figures = (["with", "without"] as const).map((name) => {
  const { latency, chunks } = turns[name];
  const ms = (percentile: number): string => (latency.getValueAtPercentile(percentile) / 1_000).toFixed(1);
  return `${name.padEnd(8)} p50 ${ms(50)}, p99 ${ms(99)}, p99.9 ${ms(99.9)}, max ${ms(100)} ms of ${latency.totalCount}; ${chunks} chunks`;
});
const [some, none] = [turns.with, turns.without].map(({ latency }) => latency.getValueAtPercentile(99.9));
console.log(`${plan.label} at ${values.rate} a second, snapshots:`);
for (const line of figures) console.log(`  ${line}`);
console.log(`  p99.9 with / without: ${((some as number) / (none as number)).toFixed(2)}`);

function aTurn(): Turn {
  return { latency: build({ highestTrackableValue: 60_000_000 }), chunks: 0 };
}

function chain(): ChainStage[] {
  if (plan === null) throw new Error("no ruleset");
  const inputs = chainOf(plan, shape).map((link) => inputTopicOf(link, APP, TOPICS));
  const partitions = new Map(inputs.map((topic) => [topic, PARTITIONS]));
  const bounds = { maxRecordBytes: 65_536, maxFutureMs: 300_000 };
  return createChain({ plan, ...shape, appId: APP, topics: TOPICS, partitions, explain: "none", ...bounds });
}

/** A state that takes no snapshot while there shall be none. */
function pausable(stage: ChainStage): ReturnType<ChainStage["createState"]> {
  const state = stage.createState();
  const take = state.takeSnapshot.bind(state);
  state.takeSnapshot = (limit: number, asOf: number) => (writes ? take(limit, asOf) : []);
  return state;
}

function counted(): StageEvents {
  return {
    ...noEvents,
    batchCommitted: ({ snapshotRecords }) => {
      if (current !== null) current.chunks += snapshotRecords;
    },
  };
}

function measured(): StageEvents {
  const { batchCommitted, ...events } = counted();
  return {
    ...events,
    batchCommitted(event) {
      batchCommitted(event);
      if (current === null) return;
      const nowMs = wallClock.now();
      // Labels wait for transactions, and are no decisions.
      for (const { topic, timestampMs = nowMs } of event.outputs)
        if (topic === TOPICS.legit || topic === TOPICS.fraud)
          current.latency.recordValue(Math.max(1, Math.round((nowMs - timestampMs) * 1_000)));
    },
  };
}
