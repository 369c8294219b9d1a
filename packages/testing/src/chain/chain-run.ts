/**
 * A chain on the runtime of packages/stream over a log in memory: several processes that come, go and die while input
 * arrives. What they leave behind is for the oracle to judge.
 */
import { type ChainStage, type ChainTopics, chainOf, createChain, inputTopicOf, type Plan, Tokens } from "@weir/engine";
import type { LogRecord } from "@weir/schema";
import {
  type Log,
  MemoryBroker,
  MemoryLog,
  type MemoryPartition,
  noEvents,
  type RunningChain,
  runChain,
  type StageEvents,
  VirtualClock,
} from "@weir/stream";
import { evidenceOfBroker, type Judged } from "../oracle/evidence.ts";
import { findingsOf, judge, type Outside, type Verdict } from "../oracle/oracle.ts";
import { countsBySource } from "../oracle/recount.ts";
import type { Input } from "./payments.ts";
import { withTokens } from "./with-tokens.ts";

export const CHAIN_TOPICS: ChainTopics = {
  transactions: "queueing.transactions",
  labels: "queueing.labels",
  legit: "streaming.transactions.legit",
  fraud: "streaming.transactions.fraud",
  rejected: "streaming.transactions.rejected",
};

export type ChainRunOptions = {
  readonly plan: Plan;
  readonly partitions: number;
  /** false if left out. */
  readonly inputKeyed?: boolean;
  readonly batchRecords?: number;
  /** Of the key that ids become tokens by; left out, they stay. */
  readonly secret?: string | undefined;
};

const BATCH_RECORDS = 50;
const MAX_STAGE_LAG = 400;

type Process = { readonly log: MemoryLog; running: Promise<RunningChain> | null; dead: boolean };

/** The chain of `plan` where every topic has so many partitions. */
export function chainWith({ plan, partitions, inputKeyed = false, secret }: ChainRunOptions): ChainStage[] {
  const inner = plan.entities.map(({ field }) => [`weir.by-${field}`, partitions] as const);
  return createChain({
    plan,
    inputKeyed,
    tokens: secret === undefined ? undefined : new Tokens(secret),
    appId: "weir",
    topics: CHAIN_TOPICS,
    partitions: new Map([[CHAIN_TOPICS.transactions, partitions], ...inner]),
    explain: "full",
    maxRecordBytes: 65_536,
    maxFutureMs: 300_000,
  });
}

export class ChainRun {
  readonly broker = new MemoryBroker();
  readonly clock = new VirtualClock();
  readonly labels = new Map<string, number>();
  restores = 0;
  /** Why states were not restored from their snapshots. */
  readonly rebuilt: string[] = [];
  #failure: unknown = null;
  readonly #options: ChainRunOptions;
  #processes = 0;

  constructor(options: ChainRunOptions) {
    this.#options = options;
    for (const topic of Object.values(CHAIN_TOPICS)) this.broker.createTopic(topic, options.partitions);
    for (const stage of chainWith(options))
      for (const topic of [stage.input, ...stage.outputs, stage.stateTopic])
        this.broker.createTopic(topic, options.partitions);
  }

  produce(inputs: Iterable<Input>): void {
    for (const input of inputs) this.broker.produce(input);
  }

  /** One more process with all stages of the chain. `through`: what lies between it and the log. */
  start(through: (log: Log) => Log = (log) => log): Process {
    const process: Process = {
      log: new MemoryLog(this.broker, {
        batchRecords: this.#options.batchRecords ?? BATCH_RECORDS,
        interfere: () => (process.dead ? new Promise(() => {}) : undefined),
      }),
      running: null,
      dead: false,
    };
    process.running = runChain({
      links: chainWith(this.#options).map((stage) => ({ stage, group: groupOf(stage), events: this.#eventsOf(stage) })),
      log: through(process.log),
      clock: this.clock,
      processId: `process-${++this.#processes}`,
      maxStageLag: MAX_STAGE_LAG,
      finishWithinMs: 5_000,
    });
    process.running.catch(() => {});
    return process;
  }

  /** It stops in the middle of whatever it does; others take over. */
  kill(process: Process): void {
    process.dead = true;
    process.log.expire();
  }

  async stop(process: Process): Promise<void> {
    let stopped = false;
    const stop = async (): Promise<void> => (await process.running)?.stop();
    void stop().then(() => {
      stopped = true;
    });
    await this.clock.runUntil("the process to stop", () => stopped);
  }

  /** Until at most so many transactions have not passed the first stage. */
  async until(left: number): Promise<void> {
    const [entry] = chainWith(this.#options) as [ChainStage];
    const waiting = (): number =>
      this.broker
        .partitions(entry.input)
        .reduce((sum, { end }, partition) => sum + end - this.#committed(entry, partition), 0);
    await this.#wait("part of the input", () => waiting() <= left);
  }

  /** What waits for time, as labels wait for the gate, goes on. */
  async pass(ms: number): Promise<void> {
    const endMs = this.clock.now() + ms;
    void this.clock.sleep(ms);
    await this.#wait("time to pass", () => this.clock.now() >= endMs);
  }

  /** Until every stage has read all that there is. */
  async drain(): Promise<void> {
    const stages = chainWith(this.#options);
    const isDone = (stage: ChainStage): boolean =>
      this.broker
        .partitions(stage.input)
        .every((log, partition) => lastRecord(log) < this.#committed(stage, partition));
    await this.#wait("every stage to be done", () => stages.every(isDone));
  }

  /** The committed records of these topics, each partition in its order. */
  records(...topics: readonly string[]): LogRecord[] {
    return topics.flatMap((topic) =>
      this.broker.partitions(topic).flatMap((log) => log.slice(0, log.end, Number.POSITIVE_INFINITY).records),
    );
  }

  verdict(): Verdict {
    return judge(evidenceOfBroker(this.broker), judgedChain(this.#options), outsideOf(this.#options));
  }

  /** What is wrong with what stands in the topics; none: nothing. */
  differences(): string[] {
    return findingsOf(this.verdict());
  }

  #eventsOf({ name }: ChainStage): StageEvents {
    return {
      ...noEvents,
      restored: ({ rebuilt }) => {
        this.restores += 1;
        if (rebuilt !== null) this.rebuilt.push(rebuilt);
      },
      batchCommitted: ({ labels }) => {
        // Without the rules that hit, of which there are as many combinations as decisions.
        for (const [label, count] of labels) {
          const what = `${name} ${label.split("!")[0]}`;
          this.labels.set(what, (this.labels.get(what) ?? 0) + count);
        }
      },
      failed: ({ error }) => {
        this.#failure ??= error;
      },
    };
  }

  async #wait(what: string, done: () => boolean): Promise<void> {
    await this.clock.runUntil(what, () => this.#failure !== null || done());
    if (this.#failure !== null) throw this.#failure;
  }

  #committed(stage: ChainStage, partition: number): number {
    return this.broker.committed(groupOf(stage), { topic: stage.input, partition })?.offset ?? 0;
  }
}

/** Offset of the last one that is there to be read, or will be; -1: there is none. */
function lastRecord({ entries }: MemoryPartition): number {
  return (
    entries.findLast(({ control, transaction }) => !control && transaction?.state !== "aborted")?.record.offset ?? -1
  );
}

/** The chain's stages with their groups. */
export function judgedChain(options: ChainRunOptions): Judged[] {
  return chainWith(options).map((stage) => ({ stage, group: groupOf(stage) }));
}

/** What the oracle has to know of the chain's topics. */
export function outsideOf({ plan, inputKeyed = false, secret }: ChainRunOptions): Outside {
  const bySource = chainOf(plan, { inputKeyed }).find(({ entity }) => entity?.field === "source");
  const log = bySource === undefined ? CHAIN_TOPICS.transactions : inputTopicOf(bySource, "weir", CHAIN_TOPICS);
  const asWritten = secret === undefined ? undefined : (text: string) => withTokens(text, secret);
  return { topics: CHAIN_TOPICS, counts: countsBySource(plan, log), asWritten };
}

function groupOf({ groupSuffix }: Pick<ChainStage, "groupSuffix">): string {
  return `weir-${groupSuffix}`;
}

/**
 * Two processes, of which the first dies in the middle; two others take its place. Input comes in portions, so that
 * labels come among the transactions and not behind all of them.
 */
export async function tryChain(options: ChainRunOptions, inputs: readonly Input[]): Promise<ChainRun> {
  const run = new ChainRun(options);
  const portion = Math.ceil(Math.min(options.batchRecords ?? BATCH_RECORDS, inputs.length / 6));
  const processes = [run.start()];
  for (let from = 0; from < inputs.length; from += portion) {
    run.produce(inputs.slice(from, from + portion));
    await run.until(portion >> 1);
    if ((from / portion) % 3 === 2) await run.pass(3_000);
    const share = from / inputs.length;
    if (share >= 0.3 && processes.length === 1) processes.push(run.start());
    if (share >= 0.6 && processes.length === 2) {
      run.kill(processes.shift() as Process);
      processes.push(run.start(), run.start());
    }
  }
  await run.drain();
  for (const process of processes) await run.stop(process);
  return run;
}
