/** What a run stands on: a log, and a way to run services over it. Kafka, or a log in memory. */
import type { Service } from "../process/service.ts";
import type { TopicsRequest } from "../weir/topics/apply.ts";
import type { TopicNames, TopicPlan } from "../weir/topics/topics.ts";
import type { StageOfRun } from "./stages.ts";
import type { TallyResult } from "./tally.ts";

export type ServiceName = "generator" | "detector";

export interface Ground {
  /** Its kind in a word, and where it is: a row of the view. */
  readonly kind: "Kafka" | "in memory";
  readonly place: string;
  /** What services are told of it; all other settings come from the environment of npm start. */
  readonly environment: NodeJS.ProcessEnv;
  /** Makes what is missing, unless the plan has faults. */
  applyTopics(request: TopicsRequest): Promise<TopicPlan>;
  /** How much in the inputs of the stages is not decided yet. */
  waiting(stages: readonly StageOfRun[]): Promise<number>;
  /** Of all that comes from now on. */
  audit(names: TopicNames): Promise<Audit>;
  /** The log begins anew at `logFile`. A wrong setting ends the service, as it ends a process. */
  start(service: ServiceName, as: string, environment: NodeJS.ProcessEnv, logFile: string): Promise<Service>;
  /** Resolves with what happened when the ground goes from under a run. */
  readonly died: Promise<string>;
  stop(): Promise<void>;
  /** At once and without care. */
  kill(): void;
}

/** Whether every transaction that came in since it was begun has exactly one output. */
export interface Audit {
  /** Where the answer comes from, for people. */
  readonly source: string;
  /** Transactions that came in so far; on Kafka the marks of others' transactions, such as a replay's, count as well. */
  inputs(): Promise<number>;
  /** Once nothing comes in any more. */
  result(): Promise<TallyResult>;
}
