/**
 * A detector with a full chain on a real Kafka, for long: then it is stopped, a backlog builds up, and another one drains
 * it. Meanwhile all that could leak is measured.
 */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { groupOf } from "@weir/detector";
import { chainOf, createChain, inputTopicOf, type Plan } from "@weir/engine";
import { type KafkaConnection, KafkaLog, openAdmin } from "@weir/kafka";
import { DAY_MS } from "@weir/scenario";
import { TOPICS } from "@weir/schema";
import { waitingOf } from "@weir/stream";
import { type JavaKafka, startJavaKafka, transactionalIds, weirFolder } from "@weir/testing";
import { type Service, startProcess } from "../process/service.ts";
import { wantedTopics } from "../weir/topics/topics.ts";
import { Collector, inspected } from "./collector.ts";
import type { Point } from "./series.ts";

export type SoakOptions = {
  readonly durationMs: number;
  readonly rate: number;
  readonly customers: number;
  readonly partitions: number;
  /** Records; 0: none. */
  readonly backlog: number;
  readonly rulesetFile: string;
  readonly plan: Plan;
  readonly log: (line: string) => void;
};

export type SoakReport = {
  readonly steady: readonly Point[];
  readonly draining: readonly Point[];
  /** Transactional ids that the broker knew, when all ran and at the end. */
  readonly producers: { readonly before: number; readonly after: number };
  readonly drainedPerSecond: number | null;
  readonly folder: string;
};

const APP = "weir";
/** Transactions a second of a backlog, at most: the generator's fastest. */
const FASTEST = 50_000;
/** Points that a run comes to, at most one a second. */
const POINTS = 400;
/** At one in so many the collector runs. */
const COLLECTED = 3;
/** A text of /metrics is given out again for 200 ms. */
const ANOTHER_TEXT_MS = 250;

/** Not counted: until it is stopped. */
type Sent = { readonly speedup: number; readonly daysAgo: number; readonly count?: number };

type Watched = { readonly service: Service; readonly collector: Collector };

export async function soak(options: SoakOptions): Promise<SoakReport> {
  const folder = join(weirFolder, "soak");
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const kafka = await startJavaKafka({ dataDir: join(folder, "kafka"), log: options.log });
  const run = new Run(options, kafka, folder);
  try {
    return await run.run();
  } finally {
    run.killAll();
    await kafka.stop();
  }
}

class Run {
  readonly #options: SoakOptions;
  readonly #kafka: JavaKafka;
  readonly #folder: string;
  readonly #connection: KafkaConnection;
  readonly #services: Service[] = [];

  constructor(options: SoakOptions, kafka: JavaKafka, folder: string) {
    this.#options = options;
    this.#kafka = kafka;
    this.#folder = folder;
    this.#connection = { brokers: [kafka.brokers], clientId: "soak", tls: null, sasl: null };
  }

  async run(): Promise<SoakReport> {
    const { durationMs, rate, backlog, plan, partitions, log } = this.#options;
    const admin = openAdmin(this.#connection);
    await admin.create(wantedTopics({ names: TOPICS, appId: APP, plan, inputKeyed: false }, partitions));
    await admin.close();
    const detector = await this.#startDetector("detector-1");
    const generator = await this.#generate("generator-1", { speedup: 1, daysAgo: 3 });
    log(`soak: ${rate} tx/s for ${durationMs / 1_000} s`);
    await sleep(2_000);
    const before = (await transactionalIds(this.#kafka.brokers)).length;
    const endMs = performance.now() + durationMs;
    const steady = await this.#measure(detector, durationMs / POINTS, async () => performance.now() < endMs);
    await generator.stop(30_000);
    await this.#stop(detector);
    let [draining, drainedPerSecond]: [Point[], number | null] = [[], null];
    if (backlog > 0) {
      log(`soak: a backlog of ${backlog}`);
      const burst = { speedup: Math.floor(FASTEST / rate), daysAgo: 2, count: backlog };
      await (await this.#generate("generator-2", burst)).exit;
      const second = await this.#startDetector("detector-2");
      const beganMs = performance.now();
      draining = await this.#measure(second, 0, async () => (await this.#waiting()) > 0);
      drainedPerSecond = (backlog * 1_000) / (performance.now() - beganMs);
      await this.#stop(second);
    }
    const after = (await transactionalIds(this.#kafka.brokers)).length;
    return { steady, draining, producers: { before, after }, drainedPerSecond, folder: this.#folder };
  }

  killAll(): void {
    for (const service of this.#services) service.signal("SIGKILL");
  }

  async #measure({ service, collector }: Watched, everyMs: number, goesOn: () => Promise<boolean>): Promise<Point[]> {
    const points: Point[] = [];
    const beganMs = performance.now();
    while (service.running && (await goesOn())) {
      const samples = await service.samples();
      const atMs = performance.now() - beganMs;
      const isCollected = samples !== null && points.length % COLLECTED === 0;
      const held = isCollected ? await this.#held(service, collector) : null;
      if (samples !== null) points.push({ atMs, samples, held });
      await sleep(Math.max(1_000, everyMs));
    }
    if (!service.running) throw new Error(`${service.name} ended with ${await service.exit}`);
    return points;
  }

  async #held(service: Service, collector: Collector): Promise<Point["held"]> {
    await collector.collect();
    await sleep(ANOTHER_TEXT_MS);
    return service.samples();
  }

  /** Records that wait for any stage. */
  async #waiting(): Promise<number> {
    const { plan, partitions } = this.#options;
    const shape = { inputKeyed: false };
    const inputs = chainOf(plan, shape).map((link) => inputTopicOf(link, APP, TOPICS));
    const stages = createChain({
      ...{ plan, ...shape, appId: APP, topics: TOPICS, explain: "none", maxRecordBytes: 65_536, maxFutureMs: 0 },
      partitions: new Map(inputs.map((topic) => [topic, partitions])),
    });
    const log = new KafkaLog({ connection: this.#connection, log: () => {} });
    try {
      const waiting = stages.map((stage) => waitingOf(log, groupOf(APP, stage), stage.input, partitions));
      return (await Promise.all(waiting)).reduce((sum, one) => sum + one, 0);
    } finally {
      await log.close();
    }
  }

  async #startDetector(name: string): Promise<Watched> {
    const { port, environment } = await inspected();
    const service = await this.#start(name, "detector", { RULESET: this.#options.rulesetFile, ...environment });
    await service.untilReady(60_000);
    return { service, collector: await Collector.at(port) };
  }

  async #stop({ service, collector }: Watched): Promise<void> {
    collector.close();
    await service.stop(30_000);
  }

  /**
   * Event time passes as fast as the transactions are sent, so that windows hold no more of a backlog than of others. It has
   * to be behind the clock by what a backlog takes up of it, and a day, within which the generator follows the hours.
   */
  #generate(name: string, { speedup, daysAgo, count }: Sent): Promise<Service> {
    const { rate, backlog, customers } = this.#options;
    const startMs = Date.now() - daysAgo * DAY_MS - (backlog * 1_000) / rate;
    return this.#start(name, "generator", {
      ...{ TRANSACTIONS_PER_SECOND: String(rate * speedup), SPEEDUP: String(speedup) },
      ...{ START: new Date(startMs).toISOString(), CUSTOMERS: String(customers) },
      ...{ LABEL_DELAY_MS: "1000", FRAUD_PER_MILLE: "10" },
      ...(count === undefined ? {} : { COUNT: String(count) }),
    });
  }

  async #start(name: string, service: string, settings: NodeJS.ProcessEnv): Promise<Service> {
    const environment = { ...process.env, KAFKA_BROKER_URL: this.#kafka.brokers, APP_ID: APP, ...settings };
    const logFile = join(this.#folder, `${name}.log`);
    const started = await startProcess(name, `services/${service}/main.ts`, environment, logFile);
    this.#services.push(started);
    return started;
  }
}
