/**
 * A data set through all stages of a detector, against the same rows through the engine alone: its labels come through
 * their topic, published ahead and hidden until their time, so both know the same of every payment.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay, setImmediate as turn } from "node:timers/promises";
import { detectorOn, labelsGroup } from "@weir/detector";
import type { SinkRecord } from "@weir/generator";
import { TOPICS } from "@weir/schema";
import { lagOf, MemoryBroker, MemoryLog } from "@weir/stream";
import { repositoryRoot } from "@weir/testing";
import { expect, onTestFinished, test } from "vitest";
import { startHere } from "../../start/memory/here.ts";
import { Replay } from "../decide/replay.ts";
import { openData, readColumns, readRuleset } from "../inputs.ts";
import { planTopics } from "../topics/topics.ts";
import { atOnce } from "./pace.ts";
import { Player } from "./player.ts";
import { Records } from "./records.ts";

const PATIENCE_MS = 120_000;
const RULESET = join(repositoryRoot, "rulesets/handbook-features.yaml");
const DATA = join(repositoryRoot, "datasets/handbook-cut.csv.gz");
const COLUMNS = join(repositoryRoot, "datasets/handbook.yaml");
const APP = "replay";

type Decision = {
  readonly outcome: string;
  readonly score: number;
  readonly features: Readonly<Record<string, number>>;
};

async function given() {
  const faults: string[] = [];
  const plan = await readRuleset(RULESET, faults);
  const columns = await readColumns(COLUMNS, faults);
  const dataset = await openData(DATA, columns, faults);
  if (plan === null || dataset === null || !columns?.label) throw new Error(faults.join("\n"));
  return { plan, dataset, labelDelayMs: columns.label.delayMs };
}

function decisionsIn(texts: readonly string[]): Map<string, Decision> {
  return new Map(
    texts.map((text) => {
      const { id, decision } = JSON.parse(text) as { id: string; decision: Decision };
      const { outcome, score, features } = decision;
      return [id, { outcome, score, features }];
    }),
  );
}

async function expected(): Promise<Map<string, Decision>> {
  const { plan, dataset, labelDelayMs } = await given();
  const replay = new Replay({ plan, explain: "full", labelDelayMs, leastAmountMinor: 1 });
  const texts: string[] = [];
  for await (const batch of dataset.batches())
    for (const row of batch) {
      const replayed = replay.step(row);
      if (replayed.kind === "decided") texts.push(replayed.output.toString());
    }
  return decisionsIn(texts);
}

/** What a detector writes of the rows. `isWaiting`: for labels to be in where they count. */
async function decidedBy(isWaiting: boolean): Promise<Map<string, Decision>> {
  const { plan, dataset, labelDelayMs } = await given();
  const broker = new MemoryBroker();
  const topics = { names: TOPICS, appId: APP, plan, inputKeyed: false };
  for (const { name, partitions } of planTopics(topics, 1, new Map()).missing) broker.createTopic(name, partitions);
  const log = new MemoryLog(broker, { interfere: (point) => (point === "read:before" ? turn() : undefined) });
  const folder = await mkdtemp(join(tmpdir(), "weir-replay-"));
  const environment = { HOST: "127.0.0.1", APP_ID: APP, RULESET, EXPLAIN: "full" };
  const detector = startHere(detectorOn({ log, place: "memory" }), "detector", environment, join(folder, "log"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await detector.untilReady(30_000);
  const until = async (enough: () => Promise<boolean> | boolean): Promise<void> => {
    while (!(await enough())) {
      if (!detector.running) throw new Error(await readFile(join(folder, "log"), "utf8"));
      await delay(2);
    }
  };
  const sink = {
    async send(topic: string, batch: readonly SinkRecord[]) {
      for (const record of batch) broker.produce({ ...record, topic, partition: 0 });
    },
  };
  const player = new Player({
    records: new Records({ partitions: 1, labelDelayMs, name: "cut" }),
    sink,
    topics: TOPICS,
    pace: atOnce,
    clock: { monotonicMs: () => 0, epochMs: () => 1_700_000_000_000, sleep: async () => {} },
    untilLabelsAreIn: () =>
      until(async () => !isWaiting || (await lagOf(log, labelsGroup(APP), TOPICS.labels, 1)) === 0),
    stopping: new AbortController().signal,
  });
  for await (const batch of dataset.batches()) await player.play(batch);
  await player.end();
  const recordsIn = (topic: string) =>
    broker.partition({ topic, partition: 0 }).entries.flatMap(({ record, control }) => (control ? [] : [record]));
  const outputs = () => [...recordsIn(TOPICS.legit), ...recordsIn(TOPICS.fraud)];
  await until(() => outputs().length + recordsIn(TOPICS.rejected).length >= player.sent);
  expect(await detector.stop(20_000)).toBe("code 0");
  return decisionsIn(outputs().map(({ value }) => String(value)));
}

test("what is played as fast as it is taken is decided as the engine alone decides it, row by row", {
  timeout: PATIENCE_MS,
}, async () => {
  const wanted = await expected();
  // Of 6,934 rows; two payments of 0.00 are rejected by both.
  expect(wanted.size).toBe(6_932);
  // Else no label would have been worth anything.
  const risky = [...wanted.values()].filter(({ features }) => (features.terminal_risk_30d ?? 0) > 0);
  expect(risky.length).toBeGreaterThan(100);
  const decided = await decidedBy(true);
  expect(decided.size).toBe(wanted.size);
  const differing = [...wanted].filter(
    ([id, decision]) => JSON.stringify(decided.get(id)) !== JSON.stringify(decision),
  );
  expect(differing).toEqual([]);
});
