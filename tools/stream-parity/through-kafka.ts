/** A data set with its labels into Kafka, through a detector process, and out again. */
import { join } from "node:path";
import { groupOf, labelsGroup } from "@weir/detector";
import { type ChainStage, chainOf, createChain, inputTopicOf, type Plan } from "@weir/engine";
import type { Sink } from "@weir/generator";
import { type KafkaConnection, KafkaLog, openAdmin, openProducer } from "@weir/kafka";
import { type DecidedTransaction, TOPICS } from "@weir/schema";
import { type Log, lagOf, recordsOf, waitingOf } from "@weir/stream";
import { until } from "@weir/testing";
import { type Service, startProcess } from "../process/service.ts";
import { Progress } from "../weir/decide/progress.ts";
import { atOnce } from "../weir/replay/pace.ts";
import { Player } from "../weir/replay/player.ts";
import { Records } from "../weir/replay/records.ts";
import { applyTopics } from "../weir/topics/apply.ts";
import type { Given } from "./evaluated.ts";
import { type Differences, differencesOf } from "./reference.ts";

const APP = "weir";
/** Rows may come from anywhere: the gate is part of what is tried. */
const SHAPE = { inputKeyed: false };
/** As the detector has them by default. */
const BOUNDS = { maxRecordBytes: 65_536, maxFutureMs: 300_000 };
const READY_WITHIN_MS = 60_000;
const DRAIN_WITHIN_MS = 300_000;
const LABELS_WITHIN_MS = 300_000;
const STOP_WITHIN_MS = 15_000;

export type Job = Given & {
  readonly partitions: number;
  readonly brokers: string;
  /** Transactions that may be sent and not decided; null: as many as the detector lets wait. */
  readonly underWay: number | null;
  readonly ruleset: string;
  /** For the detector's log. */
  readonly folder: string;
};

export type Through = {
  /** By the transaction's id. */
  readonly scores: ReadonlyMap<string, number>;
  readonly sent: number;
  readonly labels: number;
  /** From the first row sent to the last one decided. */
  readonly seconds: number;
  readonly differences: Differences;
};

/** Closes the data set. */
export async function throughKafka(job: Job): Promise<Through> {
  const { plan, dataset, screen, partitions, brokers, folder, ruleset } = job;
  const connection: KafkaConnection = { brokers: brokers.split(","), clientId: "parity", tls: null, sasl: null };
  const log = new KafkaLog({ connection, log: () => {} });
  const settings = { PATH: process.env.PATH, KAFKA_BROKER_URL: brokers, APP_ID: APP, RULESET: ruleset };
  let detector: Service | null = null;
  try {
    await makeTopics(connection, plan, partitions);
    const logFile = join(folder, "detector.log");
    detector = await startProcess("detector", "services/detector/main.ts", settings, logFile);
    await detector.untilReady(READY_WITHIN_MS);
    const startedMs = performance.now();
    const { sent, labels } = await play(job, connection, log, detector);
    const stages = stagesOf(plan, partitions);
    for (const stage of stages) await drained(log, stage, partitions);
    const seconds = (performance.now() - startedMs) / 1000;
    const how = await detector.stop(STOP_WITHIN_MS);
    if (how !== "code 0") throw new Error(`the detector ended with ${how}: see ${logFile}`);
    screen.say("stepping anew through every log");
    const differences = await differencesOf(log, stages, partitions);
    return { scores: await scoresIn(log, partitions), sent, labels, seconds, differences };
  } finally {
    dataset.close();
    detector?.signal("SIGKILL");
    await log.close();
  }
}

async function makeTopics(connection: KafkaConnection, plan: Plan, partitions: number): Promise<void> {
  const admin = openAdmin(connection);
  try {
    const { faults } = await applyTopics(admin, { names: TOPICS, appId: APP, plan, ...SHAPE, partitions });
    if (faults.length > 0) throw new Error(faults.join("; "));
  } finally {
    await admin.close();
  }
}

function stagesOf(plan: Plan, count: number): ChainStage[] {
  const inputs = chainOf(plan, SHAPE).map((link) => inputTopicOf(link, APP, TOPICS));
  const partitions = new Map(inputs.map((topic) => [topic, count]));
  return createChain({ plan, ...SHAPE, appId: APP, topics: TOPICS, partitions, explain: "none", ...BOUNDS });
}

/** As fast as the detector takes it; no transaction before the labels that it may know. */
async function play(
  { dataset, partitions, labelDelayMs, screen, underWay }: Job,
  connection: KafkaConnection,
  log: Log,
  detector: Service,
): Promise<{ readonly sent: number; readonly labels: number }> {
  const producer = openProducer(connection, { log: () => {} });
  const sink = underWay === null ? producer : atMost(underWay, producer, detector);
  const progress = new Progress(screen, performance.now());
  const labelsAreIn = async (): Promise<boolean> =>
    (await lagOf(log, labelsGroup(APP), TOPICS.labels, partitions)) === 0;
  try {
    const player = new Player({
      records: new Records({ partitions, labelDelayMs, name: "row" }),
      ...{ sink, topics: TOPICS, pace: atOnce },
      clock: { monotonicMs: () => performance.now(), epochMs: () => Date.now(), sleep: async () => {} },
      async untilLabelsAreIn() {
        if (!(await until(labelsAreIn, LABELS_WITHIN_MS, 50))) throw new Error("the detector does not take in labels");
      },
      stopping: new AbortController().signal,
    });
    for await (const batch of dataset.batches()) {
      await player.play(batch);
      const { sizeBytes } = dataset;
      progress.tell({ rows: player.sent, bytesRead: dataset.bytesRead(), sizeBytes }, performance.now());
    }
    await player.end();
    return player;
  } finally {
    progress.end();
    await producer.close();
  }
}

/** Sends so many transactions, and the next ones when these are decided. */
function atMost(underWay: number, producer: Pick<Sink, "send">, detector: Service): Pick<Sink, "send"> {
  let sent = 0;
  const areDecided = async (): Promise<boolean> => (await detector.metric("weir_transactions_total")) >= sent;
  return {
    async send(topic, batch) {
      if (topic !== TOPICS.transactions) return producer.send(topic, batch);
      for (let from = 0; from < batch.length; from += underWay) {
        const some = batch.slice(from, from + underWay);
        await producer.send(topic, some);
        sent += some.length;
        if (!(await until(areDecided, DRAIN_WITHIN_MS, 5))) throw new Error("the detector does not decide");
      }
    },
  };
}

async function drained(log: Log, stage: ChainStage, partitions: number): Promise<void> {
  const waiting = (): Promise<number> => waitingOf(log, groupOf(APP, stage), stage.input, partitions);
  if (!(await until(async () => (await waiting()) === 0, DRAIN_WITHIN_MS, 500)))
    throw new Error(`${stage.name} is not through: ${await waiting()} records wait`);
}

async function scoresIn(log: Log, partitions: number): Promise<Map<string, number>> {
  const scores = new Map<string, number>();
  for (const topic of [TOPICS.legit, TOPICS.fraud])
    for (let partition = 0; partition < partitions; partition += 1)
      for await (const { value } of recordsOf(log, { topic, partition })) {
        const { id, decision } = JSON.parse(String(value)) as DecidedTransaction;
        if (typeof id !== "string") throw new Error(`a decision without an id: ${decision.id}`);
        if (scores.has(id)) throw new Error(`${id} is decided twice`);
        scores.set(id, decision.score);
      }
  return scores;
}
