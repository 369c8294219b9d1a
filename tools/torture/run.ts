/**
 * One run of torture: brokers of its own, a generator and a producer that means no good, three detectors, faults as the
 * seed draws them, one after the other. Then everything heals and drains, and the oracle judges what an outsider reads.
 */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { groupOf } from "@weir/detector";
import { type ChainStage, chainOf, createChain, inputTopicOf, type Plan } from "@weir/engine";
import { type KafkaConnection, KafkaLog, openAdmin } from "@weir/kafka";
import { Random } from "@weir/scenario";
import { TOPICS } from "@weir/schema";
import { waitingOf } from "@weir/stream";
import {
  countsBySource,
  dumpTopics,
  evidenceOfDump,
  isClean,
  judge,
  repositoryRoot,
  until,
  type Verdict,
  weirFolder,
} from "@weir/testing";
import { type Service, startProcess } from "../process/service.ts";
import { readRuleset } from "../weir/inputs.ts";
import { wantedTopics } from "../weir/topics/topics.ts";
import { type Brokers, startBrokers } from "./brokers.ts";
import { Detectors } from "./detectors.ts";
import { commit, PROMISED_MS, SESSION_MS, sleep } from "./faults.ts";
import { type Paused, pausesDuring } from "./pauses.ts";
import { PROMISED_PAUSE_MS, roll } from "./roll.ts";
import { startRough } from "./rough.ts";
import { type Fault, ofBrokers, schedule } from "./schedule.ts";
import { Witness } from "./witness.ts";

export type TortureOptions = {
  readonly durationMs: number;
  readonly seed: number;
  /** Transactions a second that are meant well; a tenth as many more are not. */
  readonly rate: number;
  readonly partitions: number;
  /** A document of rules; the chain is its. */
  readonly ruleset: string;
  readonly brokers: 1 | 3;
  /** A rolling update instead of faults; `durationMs` does not count then. */
  readonly roll: boolean;
  /** Of a rolling update: the folder of another release, which is where it begins and what it goes back to; null: this one. */
  readonly from: string | null;
  readonly log: (line: string) => void;
};

export type TortureReport = {
  readonly verdict: Verdict;
  /** How long after each fault all partitions were decided again, ms. */
  readonly wentOnMs: ReadonlyMap<Fault, readonly number[]>;
  /** From SIGTERM to exit, ms. */
  readonly exitsMs: readonly number[];
  /** The longest pause of any partition of any stage, with nothing done to the detectors and while they were rolled; null: they were not. */
  readonly paused: { readonly quiet: Paused; readonly rolled: Paused } | null;
  /** How long each commit of somebody took to whom nothing was done, ms. */
  readonly witnessMs: readonly number[];
  /** What took longer than is promised, by more than the broker itself stood still meanwhile. */
  readonly late: readonly string[];
  /** What went against a promise beside the verdict: a wrong exit code, an end that nobody asked for, no drain. */
  readonly faults: readonly string[];
  readonly clean: boolean;
};

const DETECTORS = 3;
const APP = "weir";
const WITNESS = "torture.witness";
/** Where no gate is needed there is none: whoever sends here keys by source then. */
const SHAPE = { inputKeyed: true };
/** As the services have them by default. */
const BOUNDS = { maxRecordBytes: 65_536, maxFutureMs: 300_000 };
const EXIT_MS = 5_000;
/** Watched before a rolling update, for comparison. */
const QUIET_MS = 15_000;
/** A detector that has just started compiles itself. */
const WARM_UP_MS = 15_000;
const DRAIN_WITHIN_MS = 180_000;
/** Between two faults, at most. */
const CALM_MS = 2_000;

/** Throws when the ruleset has faults, or brokers or detectors do not come up at first. */
export async function torture(options: TortureOptions): Promise<TortureReport> {
  const faults: string[] = [];
  const plan = await readRuleset(options.ruleset, faults);
  if (plan === null) throw new Error(faults.join("\n"));
  const folder = join(weirFolder, "torture");
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const random = new Random(options.seed, 1);
  const chance = (): number => random.unit();
  const brokers = await startBrokers({ count: options.brokers, dataDir: folder, chance, log: options.log });
  const run = new Run(options, plan, brokers, folder, random);
  try {
    return await run.run();
  } finally {
    run.killAll();
    await brokers.stop();
  }
}

class Run {
  readonly #options: TortureOptions;
  readonly #plan: Plan;
  readonly #stages: readonly ChainStage[];
  readonly #connection: KafkaConnection;
  readonly #brokers: Brokers;
  readonly #detectors: Detectors;
  readonly #folder: string;
  readonly #random: Random;
  readonly #wentOnMs = new Map<Fault, number[]>();
  #witnessMs: readonly number[] = [];
  readonly #late: string[] = [];
  readonly #faults: string[] = [];
  #generator: Service | null = null;
  #paused: TortureReport["paused"] = null;

  constructor(options: TortureOptions, plan: Plan, brokers: Brokers, folder: string, random: Random) {
    this.#options = options;
    this.#plan = plan;
    this.#random = random;
    const inputs = chainOf(plan, SHAPE).map((link) => inputTopicOf(link, APP, TOPICS));
    const partitions = new Map(inputs.map((topic) => [topic, options.partitions]));
    this.#stages = createChain({ plan, ...SHAPE, appId: APP, topics: TOPICS, partitions, explain: "full", ...BOUNDS });
    this.#connection = { brokers: brokers.direct.split(","), clientId: "torture", tls: null, sasl: null };
    this.#brokers = brokers;
    this.#folder = folder;
    this.#detectors = new Detectors({
      folder,
      partitions: options.partitions * this.#stages.length,
      environment: {
        ...process.env,
        KAFKA_BROKER_URL: brokers.behind,
        APP_ID: APP,
        RULESET: options.ruleset,
        INPUT_KEYED: String(SHAPE.inputKeyed),
        EXPLAIN: "full",
        SESSION_TIMEOUT_MS: String(SESSION_MS),
        // All of them and their brokers share one machine's cores, and three brokers write each commit three times.
        COMMIT_INTERVAL_MS: options.brokers === 3 ? "250" : "100",
        // A slow machine is told as late, not as a wrong end.
        SHUTDOWN_DEADLINE_MS: "60000",
      },
    });
  }

  async run(): Promise<TortureReport> {
    const { log, rate, seed, durationMs, partitions, from } = this.#options;
    await this.#makeTopics();
    await Promise.all(Array.from({ length: DETECTORS }, () => this.#detectors.add(from ?? undefined)));
    const generator = await this.#startGenerator();
    const keyed = this.#stages.every(({ kind }) => kind !== "gate");
    const rough = startRough(this.#connection, { seed, rate: rate / 10, partitions, keyed, log });
    const what = this.#options.roll ? "a rolling update" : `${durationMs / 1_000} s`;
    log(`torture: ${rate} tx/s for ${what}, seed ${seed}, logs in ${this.#folder}`);
    await (this.#options.roll ? this.#roll() : this.#sufferAll());
    await rough.stop();
    await this.#endGenerator(generator);
    log("torture: over; draining");
    await this.#drain();
    await this.#detectors.endAll();
    log("torture: judging");
    const verdict = await this.#judge();
    const faults = [...this.#faults, ...this.#detectors.faults];
    const slow = this.#detectors.exitsMs.filter((ms) => ms > EXIT_MS).map((ms) => `an exit took ${Math.round(ms)} ms`);
    return {
      verdict,
      wentOnMs: this.#wentOnMs,
      exitsMs: this.#detectors.exitsMs,
      paused: this.#paused,
      witnessMs: this.#witnessMs,
      late: [...this.#late, ...slow],
      faults,
      clean: isClean(verdict) && faults.length === 0,
    };
  }

  /** Leaves no process behind, whatever happened. */
  killAll(): void {
    this.#detectors.killAll();
    this.#generator?.signal("SIGKILL");
  }

  async #sufferAll(): Promise<void> {
    const { seed, durationMs, brokers } = this.#options;
    const log = new KafkaLog({ connection: this.#connection, log: () => {} });
    const witness = new Witness(log, WITNESS);
    const endMs = performance.now() + durationMs;
    for (const fault of schedule(seed, ofBrokers(brokers))) {
      await sleep(Math.min(this.#random.unit() * CALM_MS, Math.max(0, endMs - performance.now())));
      if (performance.now() >= endMs) break;
      try {
        await this.#suffer(fault, witness);
      } catch (error) {
        this.#faults.push(`${fault}: ${error instanceof Error ? error.message : error}`);
        break;
      }
    }
    await witness.stop();
    await log.close();
    this.#witnessMs = witness.tookMs;
  }

  async #roll(): Promise<void> {
    const { log, from } = this.#options;
    const releases = from === null ? [repositoryRoot] : [repositoryRoot, from];
    const rollAll = async (): Promise<void> => {
      for (const release of releases) {
        log(`torture: a rolling update to ${release}`);
        await roll(this.#detectors, release, log);
      }
    };
    const stages = this.#stages.map((stage) => ({ group: groupOf(APP, stage), topic: stage.input }));
    const admin = openAdmin(this.#connection);
    const longestDuring = async (what: () => Promise<void>): Promise<Paused> => {
      const pauses = await pausesDuring(stages, ({ group, topic }) => admin.groupLag(group, topic), what);
      return pauses.longest()[0] as Paused;
    };
    try {
      await sleep(WARM_UP_MS);
      const quiet = await longestDuring(() => sleep(QUIET_MS));
      const rolled = await longestDuring(rollAll);
      this.#paused = { quiet, rolled };
      if (rolled.ms > PROMISED_PAUSE_MS)
        this.#late.push(`${rolled.place} paused for ${Math.round(rolled.ms)} ms, promised ${PROMISED_PAUSE_MS}`);
    } catch (error) {
      this.#faults.push(`rolling update: ${error instanceof Error ? error.message : error}`);
    } finally {
      await admin.close();
    }
  }

  async #suffer(fault: Fault, witness: Witness): Promise<void> {
    const { log } = this.#options;
    const world = { brokers: this.#brokers, detectors: this.#detectors, random: this.#random, log };
    const wasSettled = await this.#detectors.areAllDecided();
    log(`torture: ${fault}${wasSettled ? "" : ", in the middle of a take-over"}`);
    const beganMs = performance.now();
    const tookMs = await commit(fault, world);
    if (tookMs === null) {
      log("torture: it did not come about");
      return;
    }
    const stalledMs = Math.round(witness.stalledMs(beganMs, beganMs + tookMs));
    const stalled = stalledMs === 0 ? "" : `, ${stalledMs} of them the broker committed for nobody`;
    log(`torture: all was decided again after ${Math.round(tookMs)} ms${stalled}`);
    const known = this.#wentOnMs.get(fault);
    if (known === undefined) this.#wentOnMs.set(fault, [tookMs]);
    else known.push(tookMs);
    const promisedMs = PROMISED_MS[fault];
    if (wasSettled && promisedMs !== null && tookMs - stalledMs > promisedMs)
      this.#late.push(`${fault}: the others went on after ${Math.round(tookMs)} ms${stalled}, promised ${promisedMs}`);
    await this.#detectors.replaceStrays(fault);
  }

  async #makeTopics(): Promise<void> {
    const admin = openAdmin(this.#connection);
    try {
      const wanted = { names: TOPICS, appId: APP, plan: this.#plan, ...SHAPE };
      const witness = { name: WITNESS, partitions: 1, replication: this.#options.brokers, config: {} };
      await admin.create([...wantedTopics(wanted, this.#options.partitions), witness]);
    } finally {
      await admin.close();
    }
  }

  async #startGenerator(): Promise<Service> {
    const { rate, seed } = this.#options;
    const settings = {
      ...process.env,
      KAFKA_BROKER_URL: this.#brokers.direct,
      APP_ID: APP,
      TRANSACTIONS_PER_SECOND: String(rate),
      SEED: String(seed),
      FRAUD_PER_MILLE: "20",
      LABEL_DELAY_MS: "4000",
      // Few, so that each pays again and again.
      CUSTOMERS: "5000",
    };
    const logFile = join(this.#folder, "generator.log");
    this.#generator = await startProcess("generator", "services/generator/main.ts", settings, logFile);
    await this.#generator.untilReady(60_000);
    return this.#generator;
  }

  async #endGenerator(generator: Service): Promise<void> {
    generator.signal("SIGTERM");
    const how = await generator.exit;
    if (how !== "code 0") this.#faults.push(`the generator ended with ${how} after SIGTERM`);
  }

  /** Until nothing waits for any stage, in the order of the flow. */
  async #drain(): Promise<void> {
    const log = new KafkaLog({ connection: this.#connection, log: () => {} });
    try {
      for (const stage of this.#stages) {
        const waiting = (): Promise<number> =>
          waitingOf(log, groupOf(APP, stage), stage.input, this.#options.partitions);
        if (!(await until(async () => (await waiting()) === 0, DRAIN_WITHIN_MS, 500)))
          this.#faults.push(`${stage.name} is not drained: ${await waiting()} records wait`);
      }
    } finally {
      await log.close();
    }
  }

  async #judge(): Promise<Verdict> {
    const stages = this.#stages.map((stage) => ({ stage, group: groupOf(APP, stage) }));
    const topics = new Set(this.#stages.flatMap(({ input, outputs, stateTopic }) => [input, ...outputs, stateTopic]));
    const groups = stages.map(({ group }) => group);
    const dump = await dumpTopics(this.#brokers.direct, [...topics], groups);
    const bySource = this.#stages.find(({ name }) => name === "source") ?? this.#stages[0];
    const counts = countsBySource(this.#plan, bySource?.input ?? TOPICS.transactions);
    return judge(evidenceOfDump(dump), stages, { topics: TOPICS, counts });
  }
}
