/**
 * npm run bench:restore: how long a detector takes to have its state back from Kafka, on a broker of its own on this
 * machine.
 *
 * Writes the snapshot of so many keys with so many events each into the state topic of the source stage of
 * rulesets/card-payments.yaml, four partitions, as the detector would have; then starts a detector, and tells how long
 * it restored, how long it took from its start until it was ready, and whether it stayed in its group meanwhile.
 */
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { compileRuleset, createChain, type EntityState, formatFaults, type Observation } from "@weir/engine";
import { type KafkaConnection, KafkaLog, openAdmin } from "@weir/kafka";
import { partitionFor, TOPICS } from "@weir/schema";
import { chunkKey, encodeMarker, MARKER_KEY, type OutputRecord, tagOf } from "@weir/stream";
import { startJavaKafka, weirFolder } from "@weir/testing";
import { integer, integers } from "../tools/cli/arguments.ts";
import { optionsOf } from "../tools/cli/command.ts";
import { startProcess } from "../tools/process/service.ts";
import { wantedTopics } from "../tools/weir/topics/topics.ts";

const PARTITIONS = 4;
const RULESET = "rulesets/card-payments.yaml";
const DAY_MS = 86_400_000;
const NOW_MS = Date.now();
/** Chunks in one transaction. */
const CHUNKS = 20_000;

const { keys: keyCounts, events } = optionsOf({
  name: "npm run bench:restore",
  about: ["How long a detector takes to have its state back from Kafka."],
  options: {
    keys: integers({ about: "in the snapshot", min: 1, max: 100_000_000, fallback: [10_000, 1_000_000] }),
    events: integer({ about: "of each key", min: 1, max: 100_000, fallback: 20 }),
  },
});
const compiled = compileRuleset(readFileSync(RULESET, "utf8"), { file: RULESET });
if (!compiled.ok) throw new Error(formatFaults(compiled.faults));
const { plan } = compiled;
const folder = join(weirFolder, "bench-restore");
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const kafka = await startJavaKafka({ dataDir: join(folder, "kafka"), log: () => {} });
const connection: KafkaConnection = { brokers: [kafka.brokers], clientId: "bench", tls: null, sasl: null };
try {
  for (const keys of keyCounts) await measure(keys);
} finally {
  await kafka.stop();
}

async function measure(keys: number): Promise<void> {
  const appId = `restore-${keys}`;
  const admin = openAdmin(connection);
  const wanted = wantedTopics({ names: TOPICS, appId, plan, inputKeyed: false }, PARTITIONS);
  await admin.create(
    wanted.map(({ name, partitions, replication, config }) => ({ name, partitions, replication, config })),
  );
  await admin.close();
  const bytes = await writeSnapshot(appId, keys);
  const logFile = join(folder, `${appId}.log`);
  const environment = { ...process.env, KAFKA_BROKER_URL: kafka.brokers, APP_ID: appId, RULESET, STAGES: "source" };
  const startedMs = performance.now();
  const detector = await startProcess("detector", "services/detector/main.ts", environment, logFile);
  await detector.untilReady(300_000);
  const readyMs = performance.now() - startedMs;
  const metric = (name: string): Promise<number> => detector.metric(name);
  const [restored, rebalances, held, memory, cpuSeconds] = await Promise.all(
    [
      "weir_restore_duration_seconds_sum",
      "weir_rebalances_total",
      "weir_state_keys",
      "process_resident_memory_bytes",
      "process_cpu_seconds_total",
    ].map(metric),
  );
  await sleep(500);
  detector.signal("SIGTERM");
  await detector.exit;
  if (held !== keys) throw new Error(`${held} of ${keys} keys came back; see ${logFile}`);
  console.log(
    `${keys.toLocaleString("en")} keys x ${events} events, ${(bytes / 1e6).toFixed(0)} MB of snapshot: ready ` +
      `${(readyMs / 1000).toFixed(1)} s after its start; processor time ${(cpuSeconds ?? 0).toFixed(1)} s, ` +
      `${(((cpuSeconds ?? 0) * 1e6) / keys).toFixed(1)} us a key, its start included; ` +
      `${((restored ?? 0) / PARTITIONS).toFixed(1)} s for each of ${PARTITIONS} partitions side by side; ` +
      `${rebalances} rebalances, ${((memory ?? 0) / 1e6).toFixed(0)} MB`,
  );
}

/** As the source stage would have written it, at offset 0 of an empty log. Returns the bytes of the chunks. */
async function writeSnapshot(appId: string, keys: number): Promise<number> {
  const log = new KafkaLog({ connection, log: () => {} });
  const stage = createChain({
    plan,
    inputKeyed: false,
    topics: TOPICS,
    appId,
    explain: "none",
    maxRecordBytes: 65_536,
    maxFutureMs: 300_000,
    partitions: new Map([
      [`${appId}.by-source`, PARTITIONS],
      [`${appId}.by-target`, PARTITIONS],
    ]),
  }).find(({ name }) => name === "source");
  if (stage === undefined) throw new Error(`${RULESET} has no stage for the source`);
  const group = `${appId}-${stage.groupSuffix}`;
  const writer = await log.openWriter(`${group}-bench`, group);
  let bytes = 0;
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const state = stage.createState() as EntityState;
    const own = Array.from({ length: keys }, (_, number) => number).filter(
      (number) => partitionFor(Buffer.from(sourceOf(number)), PARTITIONS) === partition,
    );
    // In the order of their times, since what is late is not kept.
    for (let event = 0; event < events; event++) for (const number of own) state.apply(payment(number, event, keys), 0);
    const tag = tagOf({ batch: "seed", owner: null });
    for (let left = true; left; ) {
      const outputs: OutputRecord[] = [];
      for (const { key, value } of state.takeSnapshot(CHUNKS, 0)) {
        bytes += value?.length ?? 0;
        outputs.push(stateRecord(stage.stateTopic, partition, chunkKey(0, key), value));
      }
      left = outputs.length === CHUNKS;
      const replayFrom = { offset: 0, streamTimeMs: state.streamTimeMs };
      const marker = encodeMarker({
        position: 0,
        replayFrom,
        identity: stage.identity,
        epoch: 0,
        tag,
        snapshotFrom: 0,
        historySinceMs: 0,
        feeds: [],
      });
      outputs.push(stateRecord(stage.stateTopic, partition, MARKER_KEY, marker));
      const input = { topic: stage.input, partition };
      const { result, error } = await writer.commit([{ input, next: 0, tag, outputs }]);
      if (result !== "committed") throw new Error(`the snapshot could not be written: ${result}`, { cause: error });
    }
  }
  await writer.close();
  await log.close();
  return bytes;
}

function stateRecord(topic: string, partition: number, key: Buffer, value: Buffer | null): OutputRecord {
  return { topic, partition, key, value, headers: [], timestampMs: -1 };
}

function sourceOf(number: number): string {
  return `customer-${number}`;
}

/** Everybody's payments over 30 days, in turn, to a thousand shops. */
function payment(number: number, event: number, keys: number): Observation {
  const offset = event * keys + number;
  return {
    kind: "transaction",
    timeMs: NOW_MS - 30 * DAY_MS + Math.floor((offset * 29 * DAY_MS) / (keys * events)),
    origin: { partition: 0, offset },
    transaction: {
      id: `payment-${offset}`,
      source: sourceOf(number),
      target: `shop-${(number * 7 + event * 13) % 1_000}`,
      currency: "EUR",
      amountMinor: 100 + ((number * 31 + event * 977) % 50_000),
      exponent: 2,
      timestampMs: null,
      channel: null,
      country: null,
      category: null,
      device: null,
      location: null,
    },
  };
}
