/** One stage of the chain as the runtime of packages/stream runs it. */
import type { LogRecord, NewRecord } from "@weir/schema";
import type { AdmitOptions } from "../admit.ts";
import type { DecisionTextOptions } from "../decision-text.ts";
import type { Plan } from "../plan.ts";
import type { EntityState } from "../window/entity-state.ts";
import type { StateEvent } from "../window/observation.ts";
import type { StreamClock } from "../window/stream-clock.ts";
import type { ChainLink, ChainShape, ChainTopics } from "./topology.ts";

export type ChainOptions = AdmitOptions &
  ChainShape & {
    readonly plan: Plan;
    readonly appId: string;
    readonly topics: ChainTopics;
    /** How many partitions the input of each stage that keeps a state has. */
    readonly partitions: ReadonlyMap<string, number>;
    readonly explain: DecisionTextOptions["explain"];
  };

export type ChainState = StreamClock | EntityState;

export type ChainStep = {
  readonly outputs: readonly NewRecord[];
  /** What became of the record, as step-labels.ts says it. */
  readonly label: string;
  readonly event: StateEvent | null;
};

export type ChainStage = {
  /** Unlike that of the others of its chain. */
  readonly name: string;
  readonly kind: ChainLink["kind"];
  readonly input: string;
  readonly outputs: readonly string[];
  /** Of the outputs, those that later stages keep a state of. */
  readonly feeds: readonly string[];
  /** Input of the stage whose records have to be on their way first; null: there is none. */
  readonly precededBy: string | null;
  readonly stateTopic: string;
  /** The consumer group is `<app>-<this>`. */
  readonly groupSuffix: string;
  /** ms of event time that the input must still hold for the state to be whole; 0: none. */
  readonly horizonMs: number;
  readonly needsHistory: boolean;
  readonly identity: string;
  /** Name of the key that ids are tokens of; left out, they are as they came. */
  readonly ids?: string | undefined;
  createState(): ChainState;
  step(state: ChainState, record: LogRecord, partition: number): ChainStep;
  /** For a record whose step threw; does not throw. */
  reject(record: LogRecord, partition: number, error: unknown): ChainStep;
};

export function partitionsOf({ partitions }: ChainOptions, topic: string): number {
  const count = partitions.get(topic);
  if (count === undefined) throw new Error(`how many partitions ${topic} has is not said`);
  return count;
}
