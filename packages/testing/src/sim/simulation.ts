/**
 * Deterministic simulation: the production runtime over the log in memory, in virtual time, under faults that a seed
 * draws. Several processes run the chain, which holds back as in production, only sooner; records arrive all the while. Then everything heals and drains, and what
 * stands in the topics must be what a run without any fault would have written.
 *
 * The same seed gives the same run, wait by wait: `trace` says so.
 */
import { createHash } from "node:crypto";
import {
  type MemoryBroker,
  MemoryLog,
  noEvents,
  RetryLater,
  type RunningChain,
  runChain,
  type Stage,
  VirtualClock,
} from "@weir/stream";
import { evidenceOfBroker } from "../oracle/evidence.ts";
import { findingsOf, judge } from "../oracle/oracle.ts";
import { type Parts, SOUND } from "../planted-bugs.ts";
import { Dice } from "./dice.ts";
import { drawDurationMs, drawFault, FAULT_KINDS, type FaultKind } from "./faults.ts";
import { StaleOffsets } from "./stale-offsets.ts";

/** What is simulated. */
export type Subject = {
  readonly partitions: number;
  /** In the order of the flow. Made anew for each process. */
  readonly stages: () => readonly Stage[];
  /** Writes the `index`-th input record. */
  readonly produce: (broker: MemoryBroker, index: number, dice: Dice) => void;
};

export type SimulationOptions = {
  readonly seed: number;
  /** Waits at which faults can happen; then everything heals. */
  readonly steps: number;
  /** Lets only the faults of these ordinals happen; null: all that are drawn. */
  readonly only: ReadonlySet<number> | null;
  /** A bug to plant. */
  readonly parts?: Parts;
};

export type SimulationReport = {
  readonly violations: readonly string[];
  readonly faults: Readonly<Record<FaultKind, number>>;
  /** Ordinals of the faults that happened, in turn, to be told `only` some of them. */
  readonly happened: readonly number[];
  readonly records: number;
  readonly virtualMs: number;
  /** Hash of every wait and fault, in turn. */
  readonly trace: string;
};

const SESSION_MS = 6_000;
const DEADLINE_MS = 5_000;
const MOST_PROCESSES = 3;
const MOST_RECORDS = 600;
const MAX_STAGE_LAG = 40;
const FINISH_WITHIN_MS = 2_000;

type Process = {
  readonly name: string;
  readonly log: MemoryLog;
  running: Promise<RunningChain> | null;
  life: "running" | "stopping" | "gone";
  frozenUntilMs: number;
};

export async function simulate(subject: Subject, options: SimulationOptions): Promise<SimulationReport> {
  const simulation = new Simulation(subject, options);
  return simulation.run();
}

/** A new one each time: whoever waits is kept as long as what is waited for, and all runs would be. */
const never = (): Promise<void> => new Promise(() => {});

class Simulation {
  readonly #subject: Subject;
  readonly #parts: Parts;
  readonly #options: SimulationOptions;
  readonly #dice: Dice;
  readonly #clock = new VirtualClock();
  readonly #broker: MemoryBroker;
  readonly #stages: readonly Stage[];
  readonly #processes: Process[] = [];
  readonly #faults = Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 0])) as Record<FaultKind, number>;
  readonly #happened: number[] = [];
  readonly #trace = createHash("sha256");
  readonly #violations: string[] = [];
  readonly #offsets: StaleOffsets;
  #drawn = 0;
  #steps = 0;
  #started = 0;
  #records = 0;
  #brokerFrozenUntilMs = 0;
  #healed = false;
  /** All are told to stop: nobody is started in their place. */
  #isOver = false;

  constructor(subject: Subject, options: SimulationOptions) {
    this.#subject = subject;
    this.#options = options;
    this.#dice = new Dice(options.seed);
    this.#parts = options.parts ?? SOUND;
    this.#broker = this.#parts.broker();
    this.#stages = subject.stages();
    this.#offsets = new StaleOffsets(this.#clock, this.#dice);
    for (const { input, outputs, stateTopic } of this.#stages)
      for (const topic of [input, ...outputs, stateTopic]) this.#broker.createTopic(topic, subject.partitions);
  }

  async run(): Promise<SimulationReport> {
    try {
      await this.#suffer();
      await this.#heal();
      // A last process restores from what the others left and has to go on from there.
      this.#start();
      for (let count = 0; count < 15; count++) this.#produce();
      await this.#drain();
      await this.#stopAll();
    } catch (error) {
      this.#violations.push(error instanceof Error ? error.message : String(error));
    }
    if (this.#violations.length === 0) {
      const judged = this.#stages.map((stage) => ({ stage, group: groupOf(stage) }));
      this.#violations.push(...findingsOf(judge(evidenceOfBroker(this.#broker), judged, null)));
    }
    return {
      violations: this.#violations,
      faults: this.#faults,
      happened: this.#happened,
      records: this.#records,
      virtualMs: this.#clock.now(),
      trace: this.#trace.digest("hex").slice(0, 16),
    };
  }

  async #suffer(): Promise<void> {
    const count = this.#dice.between(1, 2);
    for (let started = 0; started < count; started++) this.#start();
    const isOver = (): boolean => this.#steps >= this.#options.steps || this.#records >= MOST_RECORDS || this.#isBroken;
    while (!isOver()) {
      for (let count = this.#dice.between(1, 9); count > 0; count--) this.#produce();
      let waited = false;
      void this.#clock.sleep(this.#dice.between(0, 400)).then(() => {
        waited = true;
      });
      await this.#clock.runUntil("the next records", () => waited || isOver());
    }
    this.#throwIfBroken();
  }

  async #heal(): Promise<void> {
    this.#healed = true;
    const awake = Math.max(0, ...this.#processes.map(({ frozenUntilMs }) => frozenUntilMs), this.#brokerFrozenUntilMs);
    let isAwake = false;
    // Whoever was frozen for long joins again within 3 s, and what comes back does so within 10 s.
    void this.#clock.sleep(Math.max(0, awake - this.#clock.now()) + 20_000).then(() => {
      isAwake = true;
    });
    await this.#clock.runUntil("everything to heal", () => isAwake || this.#isBroken);
    if (!this.#processes.some(({ life }) => life === "running")) this.#start();
    await this.#drain();
    await this.#stopAll();
  }

  async #drain(): Promise<void> {
    await this.#clock.runUntil("everything to be decided", () => this.#isBroken || this.#isDecided());
    this.#throwIfBroken();
  }

  async #stopAll(): Promise<void> {
    this.#isOver = true;
    for (const process of this.#processes) this.#stop(process);
    await this.#clock.runUntil("the processes to stop", () => this.#processes.every(({ life }) => life === "gone"));
    this.#processes.length = 0;
    this.#isOver = false;
  }

  get #isBroken(): boolean {
    return this.#violations.length > 0;
  }

  #throwIfBroken(): void {
    if (this.#isBroken) throw new Error("it cannot go on");
  }

  #isDecided(): boolean {
    return this.#stages.every((stage) =>
      this.#broker.partitions(stage.input).every(({ end }, partition) => {
        const input = { topic: stage.input, partition };
        const from = this.#offsets.committedOf(this.#broker, groupOf(stage), input);
        // Markers at the end of a log are not records, so nobody commits past them.
        return from >= end || this.#broker.partition(input).slice(from, end, 1).records.length === 0;
      }),
    );
  }

  #produce(): void {
    this.#subject.produce(this.#broker, this.#records++, this.#dice);
  }

  #start(): void {
    const name = `p${++this.#started}`;
    const batchRecords = this.#dice.between(2, 9);
    const log = new MemoryLog(this.#broker, {
      interfere: (point) => this.#wait(process, point),
      batchRecords,
      more: batchRecords % 3,
    });
    const port = this.#parts.wrap(this.#offsets.seenThrough(log));
    const failed = ({ error }: { readonly error: unknown }): void => {
      if (process.life !== "gone")
        this.#violations.push(`${name} failed: ${error instanceof Error ? error.message : error}`);
    };
    const process: Process = { name, log, running: null, life: "running", frozenUntilMs: 0 };
    process.running = runChain({
      links: this.#subject.stages().map((stage) => ({
        stage: this.#parts.alter(stage),
        group: groupOf(stage),
        events: { ...noEvents, failed },
      })),
      log: port,
      clock: this.#clock,
      processId: name,
      maxStageLag: MAX_STAGE_LAG,
      finishWithinMs: FINISH_WITHIN_MS,
      deadlineMs: DEADLINE_MS,
      minThrown: 1_000,
    });
    // A process that cannot even begin, since the log does not answer, is started anew by whoever runs it.
    process.running.catch((error: unknown) => {
      if (process.life !== "running") return;
      if (!(error instanceof RetryLater)) this.#violations.push(`${name} did not start: ${error}`);
      this.#crash(process);
    });
    this.#processes.push(process);
  }

  /** What a process meets where it waits for the log. */
  #wait(process: Process, point: string): Promise<void> | undefined {
    if (process.life === "gone") return never();
    const nowMs = this.#clock.now();
    const frozenUntilMs = Math.max(process.frozenUntilMs, this.#brokerFrozenUntilMs);
    if (frozenUntilMs > nowMs) return this.#sleepThen(process, frozenUntilMs - nowMs);
    if (this.#healed) return undefined;
    this.#steps += 1;
    const kind = drawFault(this.#dice);
    this.#trace.update(`${nowMs} ${process.name} ${point} ${kind}\n`);
    if (kind === null) return undefined;
    const durationMs = drawDurationMs(kind, this.#dice);
    const ordinal = this.#drawn++;
    if (this.#options.only?.has(ordinal) === false) return undefined;
    this.#faults[kind] += 1;
    this.#happened.push(ordinal);
    return this.#befall(process, point, kind, durationMs);
  }

  #befall(process: Process, point: string, kind: FaultKind, durationMs: number): Promise<void> | undefined {
    const isBefore = point.endsWith(":before");
    switch (kind) {
      case "slow":
      case "stuck":
        return this.#sleepThen(process, durationMs);
      case "lost request":
        if (isBefore) throw new RetryLater("the request was lost");
        return undefined;
      case "lost reply":
        if (!isBefore) throw new RetryLater("the reply was lost");
        return undefined;
      case "crash":
        this.#crash(process);
        return never();
      case "freeze":
        return this.#freeze(process, durationMs);
      case "stop":
        this.#stop(process);
        this.#startLater();
        return undefined;
      case "join":
        if (this.#processes.filter(({ life }) => life === "running").length < MOST_PROCESSES) this.#start();
        return undefined;
      case "broker freeze":
        this.#brokerFrozenUntilMs = this.#clock.now() + durationMs;
        return this.#sleepThen(process, durationMs);
      case "stale offsets":
        this.#offsets.staleUntilMs = this.#clock.now() + durationMs;
        return undefined;
      case "forgotten offset":
        this.#offsets.forgetOne(this.#broker);
        return undefined;
      case "compaction":
        for (const { stateTopic } of this.#stages)
          for (const partition of this.#broker.partitions(stateTopic)) partition.compact();
        return undefined;
    }
  }

  /** Resolves later, unless the process is gone by then. */
  async #sleepThen(process: Process, ms: number): Promise<void> {
    await this.#clock.sleep(ms);
    if (process.life === "gone") await never();
  }

  #crash(process: Process): void {
    process.life = "gone";
    void this.#clock.sleep(SESSION_MS).then(() => process.log.expire());
    this.#startLater();
  }

  async #freeze(process: Process, durationMs: number): Promise<void> {
    process.frozenUntilMs = this.#clock.now() + durationMs;
    if (durationMs > SESSION_MS) {
      void this.#clock.sleep(SESSION_MS).then(() => process.log.expire());
      const rejoinMs = durationMs + this.#dice.between(0, 3_000);
      void this.#clock.sleep(rejoinMs).then(() => {
        if (process.life === "running") process.log.rejoin();
      });
    }
    await this.#sleepThen(process, durationMs);
  }

  #stop(process: Process): void {
    if (process.life !== "running") return;
    process.life = "stopping";
    const gone = (): void => {
      process.life = "gone";
    };
    const stop = async (): Promise<void> => (await process.running)?.stop();
    stop().then(gone, () => {
      gone();
      void this.#clock.sleep(SESSION_MS).then(() => process.log.expire());
    });
  }

  #startLater(): void {
    void this.#clock.sleep(this.#dice.between(0, 10_000)).then(() => {
      if (this.#isBroken || this.#isOver) return;
      if (this.#processes.filter(({ life }) => life === "running").length < MOST_PROCESSES) this.#start();
    });
  }
}

function groupOf(stage: Stage): string {
  return `${stage.name}-group`;
}
