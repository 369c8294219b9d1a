/** Committed offsets as a coordinator tells them that has not loaded all of its log yet, or never will. */
import type { Clock, CommittedOffset, Log, MemoryBroker, TopicPartition } from "@weir/stream";
import { forward } from "../forward.ts";
import type { Dice } from "./dice.ts";

/** Every offset that was committed of a partition, oldest first; and the greatest that is forgotten. */
type Past = {
  readonly group: string;
  readonly input: TopicPartition;
  readonly offsets: CommittedOffset[];
  forgotten: number;
};

export class StaleOffsets {
  staleUntilMs = 0;
  readonly #clock: Clock;
  readonly #dice: Dice;
  readonly #history = new Map<string, Past>();

  constructor(clock: Clock, dice: Dice) {
    this.#clock = clock;
    this.#dice = dice;
  }

  /** The log, but for offsets that it tells while they are stale. */
  seenThrough(log: Log): Log {
    return {
      ...forward(log),
      openWriter: async (id, group) => {
        const writer = await log.openWriter(id, group);
        return {
          commit: async (parts) => {
            const outcome = await writer.commit(parts);
            if (outcome.result === "committed")
              for (const { input, next, tag } of parts) this.#past(group, input).offsets.push({ offset: next, tag });
            return outcome;
          },
          close: () => writer.close(),
        };
      },
      committed: async (group, input) => {
        const exact = await log.committed(group, input);
        if (this.#clock.now() >= this.staleUntilMs) return exact;
        return this.#anyOf(this.#past(group, input));
      },
    };
  }

  /** For good: until something is committed there again, all are told an older offset of one partition, or none. */
  forgetOne(broker: MemoryBroker): void {
    const known = [...this.#history.values()];
    const past = known[this.#dice.between(0, known.length)];
    if (past === undefined) return;
    past.forgotten = Math.max(past.forgotten, broker.committed(past.group, past.input)?.offset ?? 0);
    broker.overwriteCommitted(past.group, past.input, this.#anyOf(past));
  }

  /** Up to where a group has committed, even if that is forgotten: its owner goes on from there, and may have nothing to commit. */
  committedOf(broker: MemoryBroker, group: string, input: TopicPartition): number {
    return Math.max(this.#past(group, input).forgotten, broker.committed(group, input)?.offset ?? 0);
  }

  #anyOf({ offsets }: Past): CommittedOffset | null {
    return offsets[this.#dice.between(0, offsets.length)] ?? null;
  }

  #past(group: string, input: TopicPartition): Past {
    const key = `${group} ${input.topic} ${input.partition}`;
    const past = this.#history.get(key) ?? { group, input, offsets: [], forgotten: 0 };
    this.#history.set(key, past);
    return past;
  }
}
