/** npm run weir -- replay: a data set to Kafka, at a rate, at its own pace, or as fast as the detector takes it. */
import { basename } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { ColumnMap, Dataset } from "@weir/dataset";
import { labelsGroup } from "@weir/detector";
import { type KafkaConnection, KafkaLog, openProducer } from "@weir/kafka";
import { appId, ConfigurationError, kafkaSettings, readSettings, topicSettings } from "@weir/service";
import { lagOf, RetryLater, TopicMissing } from "@weir/stream";
import {
  durationMs,
  flag,
  integer,
  type OptionValues,
  optionLines,
  parseArguments,
  refuse,
  text,
} from "../../cli/arguments.ts";
import { count } from "../../cli/format.ts";
import { Interrupt } from "../../cli/interrupt.ts";
import { Screen } from "../../cli/screen.ts";
import { Progress } from "../decide/progress.ts";
import { openData, readColumns, wordsOf } from "../inputs.ts";
import { atOnce, byRate, bySpeedup } from "./pace.ts";
import { Player } from "./player.ts";
import { Records } from "./records.ts";

const COMMAND = "npm run weir -- replay";
const INTERRUPTED = 130;
const LOOK_AGAIN_MS = 50;
const SAY_AFTER_MS = 10_000;

const options = {
  columns: text({ about: "what the columns are, such as datasets/handbook.yaml", placeholder: "FILE", fallback: null }),
  rate: integer({ about: "transactions a second", min: 1, max: 1_000_000, fallback: null }),
  speedup: integer({ about: "by their own times, so many times as fast", min: 1, max: 100_000_000, fallback: null }),
  "no-wait": flag("with neither: do not wait for the detector; labels may then come too late for some decisions"),
  "label-delay": durationMs({ about: "from a fraud to when it is known; without it what the columns say", minMs: 0 }),
  "no-labels": flag("send transactions alone"),
  limit: integer({ about: "rows to send at most", min: 1, max: Number.MAX_SAFE_INTEGER, fallback: null }),
};

type Values = OptionValues<typeof options>;

const settings = { kafka: kafkaSettings("weir-replay"), topics: topicSettings, appId };

export async function run(args: readonly string[]): Promise<number> {
  const { values, words, help, faults } = parseArguments(options, args, process.env);
  if (help) return printHelp();
  const wrong = [...faults];
  const [path = null, ...strays] = words;
  wrong.push(...strays.map((word) => `${JSON.stringify(word)} means nothing here`));
  if (path === null) wrong.push("the file to play is missing");
  if (values.rate !== null && values.speedup !== null) wrong.push("--rate and --speedup exclude each other");
  const columns = await readColumns(values.columns, wrong);
  const readable = columns !== null || values.columns === null;
  const dataset = readable ? await openData(path, columns, wrong) : null;
  if (dataset === null || path === null || wrong.length > 0) {
    dataset?.close();
    return refuse(COMMAND, wrong);
  }
  try {
    const job = { ...readSettings(settings), values, columns, dataset, name: basename(path).replace(/\..*$/, "") };
    return await play(job);
  } catch (error) {
    if (error instanceof ConfigurationError) return refuse(COMMAND, error.faults);
    if (error instanceof TopicMissing) return refuse(COMMAND, [`${error.message}. Mend: npm run weir -- topics apply`]);
    console.error(`${COMMAND}: ${wordsOf(error)}`);
    return 1;
  } finally {
    dataset.close();
  }
}

type Job = {
  readonly kafka: KafkaConnection;
  readonly topics: { readonly transactions: string; readonly labels: string };
  readonly appId: string;
  readonly values: Values;
  readonly columns: ColumnMap | null;
  readonly dataset: Dataset;
  readonly name: string;
};

async function play(job: Job): Promise<number> {
  const { kafka, topics, values, dataset, name } = job;
  using interrupt = new Interrupt(() => process.exit(INTERRUPTED));
  const screen = new Screen(process.stderr, process.env);
  const log = new KafkaLog({ connection: kafka, log: () => {} });
  const sink = openProducer(kafka, { log: () => {} });
  try {
    const partitions = await sink.partitions(topics.transactions);
    const records = new Records({ partitions, labelDelayMs: labelDelayOf(job), name });
    const pace = paceOf(values);
    const stopping = interrupt.signal;
    const untilLabelsAreIn = (): Promise<void> => untilIn(job, log, screen, stopping);
    const player = new Player({ records, sink, topics, pace, clock, untilLabelsAreIn, stopping });
    const progress = new Progress(screen, performance.now());
    let rows = 0;
    for await (const batch of dataset.batches()) {
      const some = batch.slice(0, (values.limit ?? Number.POSITIVE_INFINITY) - rows);
      await player.play(some);
      rows += some.length;
      const { sizeBytes } = dataset;
      progress.tell({ rows: player.sent, bytesRead: dataset.bytesRead(), sizeBytes }, performance.now());
      if (stopping.aborted || rows === values.limit) break;
    }
    await player.end();
    progress.end();
    const parts = [`${count(player.sent)} transactions and ${count(player.labels)} labels sent`];
    if (records.leftOut > 0) parts.push(`${count(records.leftOut)} rows left out, which are no messages`);
    if (player.putOffMs > 0) parts.push(`put off by ${(player.putOffMs / 1000).toFixed(1)} s in all`);
    console.log(parts.join("; "));
    return stopping.aborted ? INTERRUPTED : 0;
  } catch (error) {
    if (!(error instanceof RetryLater)) throw error;
    throw new Error(`Kafka at ${kafka.brokers.join(",")} (KAFKA_BROKER_URL): ${error.message}`, { cause: error });
  } finally {
    screen.clear();
    await Promise.all([sink.close(), log.close()]);
  }
}

const clock = {
  monotonicMs: () => performance.now(),
  epochMs: () => Date.now(),
  sleep: (ms: number) => delay(ms),
};

function paceOf({ rate, speedup }: Values) {
  if (rate !== null) return byRate(rate);
  return speedup === null ? atOnce : bySpeedup(speedup);
}

function labelDelayOf({ values, columns }: Job): number | null {
  if (values["no-labels"] || columns === null || columns.label === null) return null;
  return values["label-delay"] ?? columns.label.delayMs;
}

/**
 * A label counts for a decision only if it lies before it in the log by source. Where time passes at a pace of its own
 * nobody waits for that: what is late then is late in life too.
 */
async function untilIn(
  { values, topics, appId: app }: Job,
  log: KafkaLog,
  screen: Screen,
  stopping: AbortSignal,
): Promise<void> {
  if (values.rate !== null || values.speedup !== null || values["no-wait"]) return;
  const partitions = await log.partitions(topics.labels);
  const sinceMs = performance.now();
  let said = false;
  while (!stopping.aborted) {
    const waiting = await lagOf(log, labelsGroup(app), topics.labels, partitions);
    if (waiting === 0) return;
    if (!said && performance.now() - sinceMs > SAY_AFTER_MS) {
      said = true;
      screen.say(
        `${count(waiting)} labels wait for a detector with a ruleset that asks for labels; --no-wait or --no-labels do not`,
      );
    }
    await delay(LOOK_AGAIN_MS);
  }
}

function printHelp(): 0 {
  const rows = Object.values(settings).flatMap((entry) => entry.rows);
  const width = Math.max(...rows.map((row) => row.name.length));
  const lines = [
    `${COMMAND} FILE [--columns FILE] [options]`,
    "",
    "Sends the transactions of a file (.csv or .jsonl, or either with .gz) to Kafka in their order, and a label for each fraud,",
    "published ahead of the time from which it counts. With --rate or --speedup each is sent when it is due, however far the",
    "detector is; with neither as fast as it goes, but no transaction before the labels that it may know have been taken in.",
    "Play into fresh topics: ids that were there are duplicates.",
    "",
    ...optionLines(options),
    "",
    "Kafka and names come from the environment:",
    ...rows.map((row) => `  ${row.name.padEnd(width)}  ${row.about}`),
    "",
    "Exit codes: 0 all is sent; 1 Kafka did not take it, or the data broke off; 78 something must be changed; 130 stopped by Ctrl-C.",
  ];
  console.log(lines.join("\n"));
  return 0;
}
