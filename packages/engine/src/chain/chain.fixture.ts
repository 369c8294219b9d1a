/** A chain over logs in memory, run one record at a time: what it writes, and what became of each record. */
import { type LogRecord, type NewRecord, partitionFor } from "@weir/schema";
import { compileRuleset } from "../compile.ts";
import { formatFaults } from "../fault.ts";
import type { Plan } from "../plan.ts";
import type { Tokens } from "../tokens.ts";
import { createChain } from "./chain.ts";
import type { ChainOptions, ChainStage, ChainState } from "./chain-stage.ts";
import type { ChainTopics } from "./topology.ts";

export const TOPICS: ChainTopics = {
  transactions: "queueing.transactions",
  labels: "queueing.labels",
  legit: "legit",
  fraud: "fraud",
  rejected: "rejected",
};
export const NOW_MS = 1_700_000_000_000;

export function planOf(text: string, tokens?: Tokens): Plan {
  const result = compileRuleset(text, { file: "r.yaml", tokens });
  if (!result.ok) throw new Error(formatFaults(result.faults));
  return result.plan;
}

export type Written = LogRecord & { readonly topic: string; readonly partition: number };

export class Flow {
  readonly stages: readonly ChainStage[];
  readonly labels: string[] = [];
  readonly logs = new Map<string, Written[][]>();
  readonly #partitions: number;
  readonly #states = new Map<string, ChainState>();

  /** `states`: of a flow before this one, whose logs are gone on with. */
  constructor(ruleset: string, options: Partial<ChainOptions> = {}, partitions = 1, logs?: Flow["logs"]) {
    const counts = new Map(
      [TOPICS.transactions, "weir.by-source", "weir.by-target", "weir.by-device"].map((topic) => [topic, partitions]),
    );
    this.#partitions = partitions;
    this.stages = createChain({
      plan: planOf(ruleset, options.tokens),
      inputKeyed: false,
      appId: "weir",
      topics: TOPICS,
      partitions: counts,
      explain: "none",
      maxRecordBytes: 65_536,
      maxFutureMs: 300_000,
      ...options,
    });
    if (logs !== undefined) this.logs = logs;
  }

  /** Before anything passes: what the runtime tells the state of a stage when it is restored. */
  restored(stage: string, historySinceMs: number, partition = 0): void {
    this.#stateOf(stage, partition).historySinceMs = historySinceMs;
  }

  historySinceMs(stage: string, partition = 0): number {
    return this.#stateOf(stage, partition).historySinceMs;
  }

  log(topic: string): readonly Written[] {
    return (this.logs.get(topic) ?? []).flat();
  }

  only(topic: string): Written {
    const [record, ...more] = this.log(topic);
    if (record === undefined || more.length > 0)
      throw new Error(`${more.length + (record ? 1 : 0)} records in ${topic}`);
    return record;
  }

  decisions(): { readonly [name: string]: unknown }[] {
    return [...this.log(TOPICS.legit), ...this.log(TOPICS.fraud)]
      .map(({ value }) => JSON.parse(String(value)).decision)
      .sort((a, b) => a.order - b.order);
  }

  append(record: NewRecord, partition?: number): Written {
    const { topic, key } = record;
    const place = partition ?? (key === null ? 0 : partitionFor(key, this.#partitions));
    const log = this.logs.get(topic) ?? Array.from({ length: this.#partitions }, () => []);
    this.logs.set(topic, log);
    const written = { ...record, partition: place, offset: (log[place] as Written[]).length };
    (log[place] as Written[]).push(written);
    return written;
  }

  /** Through the stage that reads the record's topic, and on through those that read what it writes. */
  pass(record: Written): void {
    const stage = this.stages.find(({ input }) => input === record.topic);
    if (stage === undefined) return;
    const state = this.#stateOf(stage.name, record.partition);
    const step = stage.step(state, record, record.partition);
    this.labels.push(`${stage.name} ${step.label}`);
    if (step.event !== null) state.apply(step.event, record.offset);
    for (const output of step.outputs) {
      if (!stage.outputs.includes(output.topic)) throw new Error(`${stage.name} must not write to ${output.topic}`);
      this.pass(this.append(output));
    }
  }

  #stateOf(name: string, partition: number): ChainState {
    const stage = this.stages.find((one) => one.name === name);
    if (stage === undefined) throw new Error(`no stage ${name}`);
    const state = this.#states.get(`${name}/${partition}`) ?? stage.createState();
    this.#states.set(`${name}/${partition}`, state);
    return state;
  }

  send(transaction: object | string, record: Partial<NewRecord> = {}, partition = 0): Written {
    const members = { source: "alice", target: "bob", amount: 10, currency: "EUR" };
    const text = typeof transaction === "string" ? transaction : JSON.stringify({ ...members, ...transaction });
    const written = this.append(
      { topic: TOPICS.transactions, key: null, value: Buffer.from(text), headers: [], timestampMs: NOW_MS, ...record },
      partition,
    );
    this.pass(written);
    return written;
  }

  label(label: object, record: Partial<NewRecord> = {}): void {
    const members = { source: "alice", target: "bob", timestamp: NOW_MS, fraud: true, labelledAt: NOW_MS };
    this.send(JSON.stringify({ ...members, ...label }), { topic: TOPICS.labels, ...record });
  }
}
