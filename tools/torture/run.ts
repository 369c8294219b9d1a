/**
 * One run of torture: a broker of its own, a generator, two detectors, faults by the schedule; then everything heals
 * and drains. The oracle judges the topics as an outsider reads them, and every stage's log is stepped through again
 * from its beginning: what that gives must be what stands behind it, byte for byte.
 */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { groupOf } from "@weir/detector";
import { type ChainStage, chainOf, createChain, inputTopicOf, type Plan } from "@weir/engine";
import { type KafkaConnection, KafkaLog, openAdmin } from "@weir/kafka";
import { TOPICS } from "@weir/schema";
import { waitingOf } from "@weir/stream";
import {
  differencesIn,
  dumpTopics,
  isClean,
  type JavaKafka,
  judge,
  startJavaKafka,
  until,
  type Verdict,
  weirFolder,
} from "@weir/testing";
import { type Service, startProcess } from "../process/service.ts";
import { readRuleset } from "../weir/inputs.ts";
import { wantedTopics } from "../weir/topics/topics.ts";
import { type Fault, schedule } from "./schedule.ts";

export type TortureOptions = {
  readonly durationMs: number;
  readonly seed: number;
  readonly rate: number;
  readonly partitions: number;
  /** A document of rules; the chain is its. */
  readonly ruleset: string;
  readonly log: (line: string) => void;
};

export type TortureReport = {
  readonly verdict: Verdict;
  /** Where the topics differ from what the stages' logs give. */
  readonly differences: readonly string[];
  /** How long after a fault the others decided all partitions, ms. */
  readonly takeOversMs: Readonly<Record<Fault, readonly number[]>>;
  /** From SIGTERM to exit, ms. */
  readonly exitsMs: readonly number[];
  /** What went against a promise beside the verdict: a wrong exit code, a take-over too late. */
  readonly faults: readonly string[];
  readonly clean: boolean;
};

const SESSION_MS = 6_000;
const APP = "weir";
/** As the services have them by default. */
const BOUNDS = { maxRecordBytes: 65_536, maxFutureMs: 300_000 };
/**
 * Promised: the others go on within the session timeout + 5 s after a kill, within 3 s after SIGTERM, where no take-over
 * was under way already: a zombie that wakes and is killed costs the group two.
 */
const TAKE_OVER_MS: Readonly<Record<Fault, number>> = {
  kill: SESSION_MS + 5_000,
  terminate: 3_000,
  freeze: SESSION_MS + 5_000,
  broker: 60_000,
};
const EXIT_MS = 5_000;

/** Throws when the ruleset has faults. */
export async function torture(options: TortureOptions): Promise<TortureReport> {
  const faults: string[] = [];
  const plan = await readRuleset(options.ruleset, faults);
  if (plan === null) throw new Error(faults.join("\n"));
  const folder = join(weirFolder, "torture");
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const kafka = await startJavaKafka({ dataDir: join(folder, "kafka"), log: options.log });
  const run = new Run(options, plan, kafka, folder);
  try {
    return await run.run();
  } finally {
    run.killAll();
    await kafka.stop();
  }
}

class Run {
  readonly #options: TortureOptions;
  readonly #plan: Plan;
  readonly #stages: readonly ChainStage[];
  readonly #inputKeyed: boolean;
  readonly #connection: KafkaConnection;
  readonly #kafka: JavaKafka;
  readonly #folder: string;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #detectors: Service[] = [];
  readonly #services: Service[] = [];
  readonly #takeOversMs: Record<Fault, number[]> = { kill: [], terminate: [], freeze: [], broker: [] };
  readonly #exitsMs: number[] = [];
  readonly #faults: string[] = [];
  #started = 0;
  #turn = 0;

  constructor(options: TortureOptions, plan: Plan, kafka: JavaKafka, folder: string) {
    this.#options = options;
    this.#plan = plan;
    // One stage where one will do, since our generator keys by source.
    this.#inputKeyed = chainOf(plan, { inputKeyed: true }).length === 1;
    const shape = { inputKeyed: this.#inputKeyed };
    const inputs = chainOf(plan, shape).map((link) => inputTopicOf(link, APP, TOPICS));
    const partitions = new Map(inputs.map((topic) => [topic, options.partitions]));
    this.#stages = createChain({ plan, ...shape, appId: APP, topics: TOPICS, partitions, explain: "full", ...BOUNDS });
    this.#connection = { brokers: [kafka.brokers], clientId: "torture", tls: null, sasl: null };
    this.#kafka = kafka;
    this.#folder = folder;
    this.#environment = { ...process.env, KAFKA_BROKER_URL: kafka.brokers, APP_ID: APP };
  }

  async run(): Promise<TortureReport> {
    const { log, rate, seed, durationMs, partitions } = this.#options;
    await using admin = disposable(openAdmin(this.#connection));
    const wanted = { names: TOPICS, appId: APP, plan: this.#plan, inputKeyed: this.#inputKeyed };
    await admin.create(wantedTopics(wanted, partitions));
    await Promise.all([this.#startDetector(), this.#startDetector()]);
    const settings = {
      ...this.#environment,
      TRANSACTIONS_PER_SECOND: String(rate),
      SEED: String(seed),
      FRAUD_PER_MILLE: "20",
      LABEL_DELAY_MS: "2000",
    };
    const generator = await this.#start("generator", "generator", settings);
    await generator.untilReady(30_000);
    log(`torture: ${rate} tx/s for ${durationMs / 1000} s, seed ${seed}, logs in ${this.#folder}`);

    const beganMs = performance.now();
    for (const { atMs, fault } of schedule(seed, durationMs)) {
      const passedMs = performance.now() - beganMs;
      if (passedMs > durationMs) break;
      const waitMs = atMs - passedMs;
      if (waitMs > 0) await sleep(waitMs);
      await this.#commit(fault);
    }
    await sleep(Math.max(0, durationMs - (performance.now() - beganMs)));

    await this.#end(generator);
    log("torture: no more faults; draining");
    await this.#drain();
    for (const detector of this.#detectors) await this.#end(detector);
    log("torture: judging");
    const { verdict, differences } = await this.#judge();
    return {
      verdict,
      differences,
      takeOversMs: this.#takeOversMs,
      exitsMs: this.#exitsMs,
      faults: this.#faults,
      clean: isClean(verdict) && differences.length === 0 && this.#faults.length === 0,
    };
  }

  /** Leaves no process behind, whatever happened. */
  killAll(): void {
    for (const service of this.#services) service.signal("SIGKILL");
  }

  /** Until nothing waits for any stage, in the order of the flow. */
  async #drain(): Promise<void> {
    const log = new KafkaLog({ connection: this.#connection, log: () => {} });
    try {
      for (const stage of this.#stages) {
        const waiting = (): Promise<number> =>
          waitingOf(log, groupOf(APP, stage), stage.input, this.#options.partitions);
        if (!(await until(async () => (await waiting()) === 0, 120_000, 500)))
          this.#faults.push(`${stage.name} is not drained: ${await waiting()} records wait`);
      }
    } finally {
      await log.close();
    }
  }

  async #judge(): Promise<{ verdict: Verdict; differences: string[] }> {
    const topics = new Set(this.#stages.flatMap(({ input, outputs }) => [input, ...outputs]));
    const records = await dumpTopics(this.#kafka.brokers, [...topics]);
    const { transactions: input, legit, fraud, rejected } = TOPICS;
    const seenOutside = new Set<string>([input, legit, fraud, rejected]);
    const outside = records.filter(({ topic }) => seenOutside.has(topic));
    const counts = this.#plan.features.some(({ name }) => name === "count_1h") ? { count_1h: 3_600_000 } : {};
    const inOrder = this.#stages.length === 1;
    const byPlace = Map.groupBy(records, ({ topic, partition }) => `${topic}/${partition}`);
    const logs = {
      partitions: () => this.#options.partitions,
      records: (topic: string, partition: number) => byPlace.get(`${topic}/${partition}`) ?? [],
    };
    return {
      verdict: judge(outside, { input, legit, fraud, rejected, counts, inOrder }),
      differences: differencesIn(logs, this.#stages),
    };
  }

  async #commit(fault: Fault): Promise<void> {
    const victim = this.#detectors[this.#turn++ % this.#detectors.length] as Service;
    const wasSettled = await this.#areDecided(this.#detectors);
    const beganMs = performance.now();
    if (fault === "kill") victim.signal("SIGKILL");
    else if (fault === "terminate") victim.signal("SIGTERM");
    else if (fault === "freeze") victim.signal("SIGSTOP");
    else {
      await this.#kafka.kill("SIGKILL");
      await this.#kafka.restart();
    }
    const exited = victim.exit.then((how) => ({ how, afterMs: performance.now() - beganMs }));
    const survivors = fault === "broker" ? this.#detectors : this.#detectors.filter((one) => one !== victim);
    const tookMs = await this.#untilAllDecided(survivors, beganMs);
    this.#options.log(
      `torture: ${fault} of ${fault === "broker" ? "the broker" : victim.name}${wasSettled ? "" : ", in the middle of a take-over"}, others went on after ${Math.round(tookMs)} ms`,
    );
    if (wasSettled) this.#takeOversMs[fault].push(tookMs);
    if (wasSettled && tookMs > TAKE_OVER_MS[fault])
      this.#faults.push(`${fault}: the others went on after ${Math.round(tookMs)} ms, promised ${TAKE_OVER_MS[fault]}`);
    if (fault === "terminate") this.#judgeExit(victim, await exited);
    // Members that joined anew after the broker's restart leave their old selves in the group for a session: so long
    // nobody can take over sooner, and the next fault would be measured as this one.
    if (fault === "broker") await sleep(SESSION_MS + 2_000);
    if (fault === "freeze") victim.signal("SIGCONT");
    if (fault === "kill" || fault === "terminate") {
      this.#detectors.splice(this.#detectors.indexOf(victim), 1);
      await this.#startDetector();
    }
  }

  async #untilAllDecided(survivors: readonly Service[], beganMs: number): Promise<number> {
    if (!(await until(() => this.#areDecided(survivors), 90_000, 50))) throw new Error("nobody took over within 90 s");
    return performance.now() - beganMs;
  }

  /** Whether each partition of each stage is decided, and by one of these alone. */
  async #areDecided(detectors: readonly Service[]): Promise<boolean> {
    const counts = await Promise.all(detectors.map((one) => one.readyPartitions()));
    return counts.reduce((sum, count) => sum + count, 0) === this.#options.partitions * this.#stages.length;
  }

  async #startDetector(): Promise<void> {
    const name = `detector-${++this.#started}`;
    const settings = {
      ...this.#environment,
      RULESET: this.#options.ruleset,
      INPUT_KEYED: String(this.#inputKeyed),
      EXPLAIN: "full",
      SESSION_TIMEOUT_MS: String(SESSION_MS),
    };
    const detector = await this.#start(name, "detector", settings);
    this.#detectors.push(detector);
    await detector.untilReady(60_000);
  }

  async #start(name: string, service: string, environment: NodeJS.ProcessEnv): Promise<Service> {
    const logFile = join(this.#folder, `${name}.log`);
    const started = await startProcess(name, `services/${service}/main.ts`, environment, logFile);
    this.#services.push(started);
    return started;
  }

  async #end(service: Service): Promise<void> {
    const beganMs = performance.now();
    service.signal("SIGTERM");
    const how = await service.exit;
    this.#judgeExit(service, { how, afterMs: performance.now() - beganMs });
  }

  #judgeExit({ name }: Service, { how, afterMs }: { readonly how: string; readonly afterMs: number }): void {
    this.#exitsMs.push(afterMs);
    if (how !== "code 0") this.#faults.push(`${name} ended with ${how} after SIGTERM`);
    if (afterMs > EXIT_MS) this.#faults.push(`${name} took ${Math.round(afterMs)} ms to exit, promised ${EXIT_MS}`);
  }
}

function disposable<T extends { close(): Promise<void> }>(resource: T): T & AsyncDisposable {
  return Object.assign(resource, { [Symbol.asyncDispose]: () => resource.close() });
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
