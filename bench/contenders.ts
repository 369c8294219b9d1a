/** Weir and its peers: what each is able to do, and how it is started. */
import { join } from "node:path";
import { OtlpCollector, repositoryRoot } from "@weir/testing";
import type { JobName } from "./jobs.ts";
import { buildPython, buildStreams, pythonCommand, streamsClassPath } from "./peers/build.ts";

export type Contender = {
  readonly name: string;
  readonly what: string;
  readonly jobs: readonly JobName[];
  /** Of the messages, how many it is given: the slow ones would take minutes for all. */
  readonly share: number;
  prepare(): Promise<void>;
  readonly command: string;
  readonly args: readonly string[];
  /** Beside the topics and the broker, which all have by the same names. */
  environment(job: JobName, rulesetFile: string): NodeJS.ProcessEnv;
};

const ALL: readonly JobName[] = ["split", "one-window", "eight-windows", "chain"];
const WINDOWS: readonly JobName[] = ["one-window", "eight-windows", "chain"];

/**
 * One thread, as Weir has. The parallel collector's pauses are the shortest. Tried one at a time at eight windows and not
 * faster: other collectors, 2 GiB and 512 MiB of heap, batches of 16 KiB instead of 128, a cache in front of the store,
 * commits once a second.
 */
const JVM = ["-Xms1g", "-Xmx1g", "-XX:+UseParallelGC"];

function weir(name: string, what: string, jobs: readonly JobName[], inputKeyed: "true" | "false"): Contender {
  return {
    name,
    what,
    jobs,
    share: 1,
    prepare: async () => {},
    command: process.execPath,
    args: [join(repositoryRoot, "services/detector/main.ts")],
    environment: (_, rulesetFile) => ({ RULESET: rulesetFile, INPUT_KEYED: inputKeyed, PORT: "0" }),
  };
}

function streams(name: string, what: string, jobs: readonly JobName[], settings: NodeJS.ProcessEnv): Contender {
  return {
    name,
    what,
    jobs,
    share: 1,
    prepare: buildStreams,
    command: "java",
    args: [...JVM, "-cp", streamsClassPath, "peer.Main"],
    environment: (job) => ({ JOB: job, ...settings }),
  };
}

function kafkajs(name: string, what: string, share: number, batches: boolean): Contender {
  return {
    name,
    what,
    jobs: ["split"],
    share,
    prepare: async () => {},
    command: process.execPath,
    args: [join(import.meta.dirname, "peers/kafkajs/loop.mjs")],
    environment: () => ({ BATCHES: String(batches), KAFKAJS_NO_PARTITIONER_WARNING: "1" }),
  };
}

/** With a collector in this process, whose own work is not the detector's. */
function traced(contender: Contender): Contender {
  let endpoint = "";
  return {
    ...contender,
    name: "weir-traced",
    what: "the same with spans of those messages that ask for them (--traced-per-mille)",
    async prepare() {
      const collector = await OtlpCollector.open("forgets");
      collector.unref();
      endpoint = collector.url;
    },
    environment: (job, rulesetFile) => ({
      ...contender.environment(job, rulesetFile),
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    }),
  };
}

const detector = weir("weir", "Weir's detector, exactly once", ALL, "true");

export const CONTENDERS: readonly Contender[] = [
  detector,
  traced(detector),
  weir("weir-gated", "the same, not told that its input is keyed by source", WINDOWS, "false"),
  streams("streams", "Kafka Streams, exactly_once_v2, store in memory", ALL, {}),
  streams("streams-rocksdb", "the same, store in RocksDB", WINDOWS, { STORE: "rocksdb" }),
  streams("streams-20ms", "the same in memory, commit interval 20 ms instead of 100", ALL, {
    COMMIT_INTERVAL_MS: "20",
  }),
  {
    name: "python",
    what: "the tutorial's loop: kafka-python, at least once",
    jobs: ["split"],
    share: 0.2,
    prepare: buildPython,
    command: pythonCommand,
    args: [join(import.meta.dirname, "peers/python/loop.py")],
    environment: () => ({}),
  },
  kafkajs("kafkajs", "the loop in kafkajs: eachMessage, one awaited send each, at least once", 0.05, false),
  kafkajs("kafkajs-batch", "kafkajs: eachBatch, one send a batch, at least once", 1, true),
];

export const CONTENDER_NAMES: readonly string[] = CONTENDERS.map(({ name }) => name);

/** Throws with the names that there are. */
export function named<T extends string | { readonly name: string }>(all: readonly T[], name: string): T {
  const nameOf = (one: T): string => (typeof one === "string" ? one : one.name);
  const found = all.find((one) => nameOf(one) === name);
  if (found !== undefined) return found;
  throw new Error(`no ${name}; there are ${all.map(nameOf).join(", ")}`);
}

/** Who is first has the coldest broker: another one each round, which count from 1. */
export function rotated(contenders: readonly Contender[], round: number): Contender[] {
  const first = (round - 1) % contenders.length;
  return [...contenders.slice(first), ...contenders.slice(0, first)];
}
