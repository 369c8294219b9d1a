/** The detector over a log in memory: which stages run, what a start refuses, how a change of ruleset goes. */
import { entityTopic, TOPICS } from "@weir/schema";
import { ConfigurationError, createLogger, readSettings, serve } from "@weir/service";
import { MemoryBroker, MemoryLog } from "@weir/stream";
import { describe, expect, onTestFinished, test } from "vitest";
import { detectorOn, type Source } from "./detector.ts";
import { detectorSettings } from "./settings.ts";

const PARTITIONS = 2;
const OUTPUTS = [TOPICS.legit, TOPICS.fraud, TOPICS.rejected];
const BY_SOURCE = entityTopic("weir", "source");
const BY_TARGET = entityTopic("weir", "target");
const CHAIN = [TOPICS.transactions, TOPICS.labels, BY_SOURCE, BY_TARGET];

type Environment = Readonly<Record<string, string>>;

class World {
  readonly broker = new MemoryBroker();
  #produced = 0;

  constructor() {
    for (const topic of [...OUTPUTS, ...CHAIN, ...CHAIN.map((one) => `weir.state.${one}`)])
      this.broker.createTopic(topic, PARTITIONS);
  }

  /** Keyed by nothing and wherever it falls, as the tutorial's producers do it. */
  produce(count: number): void {
    for (let index = 0; index < count; index++) {
      const number = this.#produced++;
      const text = `{"source":"s${number % 5}","target":"t${number % 3}","amount":${1 + (number % 7)},"currency":"EUR","id":"${number}"}`;
      const timestampMs = 1_700_000_000_000 + number * 1_000;
      const partition = number % PARTITIONS;
      this.broker.produce({ topic: TOPICS.transactions, partition, key: null, value: Buffer.from(text), timestampMs });
    }
  }

  get produced(): number {
    return this.#produced;
  }

  /** Ids of the transactions that have an output, in no order. */
  decided(): number[] {
    const values = OUTPUTS.flatMap((topic) => this.#records(topic)).map(({ value }) => String(value));
    return values.map((text) => Number((JSON.parse(text) as { id: string }).id));
  }

  count(topic: string): number {
    return this.#records(topic).length;
  }

  /** `stop` ends it in good order; `exit` resolves with its exit code. */
  start(env: Environment, source: Partial<Source> = {}) {
    const log = new MemoryLog(this.broker, { interfere: (point) => (point === "read:before" ? turn() : undefined) });
    const service = detectorOn({ log, place: "memory", ...source });
    const settings = readSettings(detectorSettings, { env: { PORT: "0", LOG_LEVEL: "warn", ...env }, readFile });
    const stop = new AbortController();
    const lines: string[] = [];
    const logger = createLogger({
      level: "warn",
      service: "detector",
      instance: "1",
      destination: { write: (line: string) => void lines.push(line) },
    });
    const exit = serve(service, settings, { log: logger, stop: { signal: stop.signal, begin: () => stop.abort() } });
    onTestFinished(async () => {
      stop.abort();
      await exit;
    });
    return { exit, stop: () => stop.abort(), said: () => lines.join("") };
  }

  async decidesAll(): Promise<void> {
    await until(() => this.decided().length >= this.produced);
    expect(this.decided().toSorted((a, b) => a - b)).toEqual(Array.from({ length: this.produced }, (_, id) => id));
  }

  #records(topic: string) {
    return this.broker.partitions(topic).flatMap((one) => one.slice(one.start, one.end, 1e9).records);
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 5));
}

const THRESHOLD = `
name: threshold
version: 1
rules:
  - { id: large, when: amount >= 5, score: 0.95, examples: [{ given: { amount: 5 }, expect: hit }, { given: { amount: 4 }, expect: miss }] }
thresholds: { review: 0.6, decline: 0.9 }
`;

const COUNTS = `
name: counts
version: 1
features:
  paid: { by: source, count: true, over: 1h }
  received: { by: target, count: true, over: 1h }
  risk: { by: target, fraud_ratio: true, over: 1d }
rules:
  - { id: busy, when: paid > 3 && received > 3 || risk > 0.5, score: 0.95, examples: [{ given: { paid: 4, received: 4 }, expect: hit }, { given: { paid: 1 }, expect: miss }] }
thresholds: { review: 0.6, decline: 0.9 }
`;

const FILES: Readonly<Record<string, string>> = { "threshold.yaml": THRESHOLD, "counts.yaml": COUNTS };

function readFile(path: string): string {
  const text = FILES[path];
  if (text === undefined) throw Object.assign(new Error(path), { code: "ENOENT" });
  return text;
}

function faultOf(env: Environment): string {
  try {
    readSettings(detectorSettings, { env, readFile });
  } catch (error) {
    return (error as Error).message;
  }
  return "";
}

describe("the stages of a ruleset", () => {
  test("decide input that nobody keyed, each transaction once", async () => {
    const world = new World();
    world.produce(200);
    world.start({ RULESET: "counts.yaml" });
    await world.decidesAll();
    expect(world.count(BY_TARGET)).toBe(200);
  });

  test("may run apart: a process with a part of them takes in nothing for the others", async () => {
    const world = new World();
    world.produce(50);
    world.start({ RULESET: "counts.yaml", STAGES: "gate,source" });
    await until(() => world.count(BY_TARGET) === 50);
    expect(world.decided()).toEqual([]);
    world.start({ RULESET: "counts.yaml", STAGES: "target" });
    await world.decidesAll();
  });

  test("are told when STAGES names another", () => {
    expect(faultOf({ RULESET: "counts.yaml", STAGES: "gate,device" })).toBe(
      "STAGES must be among gate,labels,source,target, which is all of counts.yaml; got device",
    );
    expect(faultOf({ RULESET: "threshold.yaml", STAGES: "gate" })).toContain("must be among decide,");
    expect(faultOf({ RULESET: "counts.yaml", STAGES: "gate", DRAIN: "true" })).toContain("leave it out");
  });
});

describe("a change of ruleset", () => {
  test("decides no input twice and leaves none out, there and back", async () => {
    const world = new World();
    for (const RULESET of ["threshold.yaml", "counts.yaml", "threshold.yaml", "counts.yaml"]) {
      world.produce(60);
      const detector = world.start({ RULESET });
      await world.decidesAll();
      detector.stop();
      expect(await detector.exit).toBe(0);
    }
  });

  test("is refused while a stage that it drops has something to decide; a drain decides it", async () => {
    const world = new World();
    world.produce(40);
    const entry = world.start({ RULESET: "counts.yaml", STAGES: "gate" });
    await until(() => world.count(BY_SOURCE) === 40);
    entry.stop();
    expect(await entry.exit).toBe(0);

    const refused = world.start({ RULESET: "threshold.yaml" });
    expect(await refused.exit).toBe(78);
    expect(refused.said()).toMatch(/\d+ records wait in weir\.by-source/);
    expect(refused.said()).toContain("npm run weir -- drain --ruleset FILE");

    world.produce(10);
    const drain = world.start({ RULESET: "counts.yaml", DRAIN: "true" });
    expect(await drain.exit).toBe(0);
    expect(world.decided()).toHaveLength(40);

    world.start({ RULESET: "threshold.yaml" });
    await world.decidesAll();
  });
});

test("a log that is not one to work with is refused before anything is asked of it", async () => {
  const refuseUnfit = () => Promise.reject(new ConfigurationError("it is older than Kafka 3.9"));
  const detector = new World().start({ RULESET: "counts.yaml" }, { refuseUnfit });
  expect(await detector.exit).toBe(78);
});

describe("a log that is kept for less than the ruleset looks back", () => {
  const retentionOf = async (topic: string) => (topic === BY_TARGET ? 3_600_000 : null);

  test("stops the start with what mends it", async () => {
    const detector = new World().start({ RULESET: "counts.yaml" }, { retentionOf });
    expect(await detector.exit).toBe(78);
    expect(detector.said()).toMatch(/weir\.by-target is kept for 3600000 ms, but the ruleset looks back \d+ ms/);
    expect(detector.said()).toContain("kafka-configs --alter");
  });

  test("is accepted with ALLOW_PARTIAL_HISTORY=true", async () => {
    const world = new World();
    world.produce(5);
    world.start({ RULESET: "counts.yaml", ALLOW_PARTIAL_HISTORY: "true" }, { retentionOf });
    await world.decidesAll();
  });
});
