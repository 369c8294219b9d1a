/** Committed offsets as a coordinator tells them that has not loaded all of its log yet. */
import type { Clock, CommittedOffset, Log } from "@weir/stream";
import type { Dice } from "./dice.ts";

export class StaleOffsets {
  staleUntilMs = 0;
  readonly #clock: Clock;
  readonly #dice: Dice;
  /** Every offset that was committed, by group and partition, oldest first. */
  readonly #history = new Map<string, CommittedOffset[]>();

  constructor(clock: Clock, dice: Dice) {
    this.#clock = clock;
    this.#dice = dice;
  }

  /** The log, but for offsets that it tells while they are stale. */
  seenThrough(log: Log): Log {
    return {
      join: (request) => log.join(request),
      openWriter: async (id, group) => {
        const writer = await log.openWriter(id, group);
        return {
          commit: async (parts) => {
            const outcome = await writer.commit(parts);
            if (outcome.result === "committed")
              for (const { input, next, tag } of parts) this.#past(group, input).push({ offset: next, tag });
            return outcome;
          },
          close: () => writer.close(),
        };
      },
      committed: async (group, input) => {
        const exact = await log.committed(group, input);
        if (this.#clock.now() >= this.staleUntilMs) return exact;
        const past = this.#past(group, input);
        const at = this.#dice.between(0, past.length);
        return at === past.length ? null : (past[at] ?? null);
      },
      bounds: (input) => log.bounds(input),
      read: (input, from, to) => log.read(input, from, to),
      partitions: (topic) => log.partitions(topic),
      close: () => log.close(),
    };
  }

  #past(
    group: string,
    { topic, partition }: { readonly topic: string; readonly partition: number },
  ): CommittedOffset[] {
    const key = `${group} ${topic} ${partition}`;
    const past = this.#history.get(key) ?? [];
    this.#history.set(key, past);
    return past;
  }
}
