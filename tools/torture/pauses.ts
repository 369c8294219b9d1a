/**
 * How long partitions stand still. A partition of a stage pauses from when it was last seen to get on, or to have nothing to do,
 * until its group has committed more of it: so long whoever waits for a decision waits for nothing but that somebody takes it up.
 */
import type { PartitionLag } from "@weir/kafka";

const EVERY_MS = 100;

export type Paused = { readonly place: string; readonly ms: number };

/** Looks at partitions as they are handed in. Pure; times are ms of any monotonic clock. */
export class Pauses {
  readonly #places = new Map<string, { committed: number; sinceMs: number; longestMs: number }>();

  see(place: string, { committed, end }: Pick<PartitionLag, "committed" | "end">, atMs: number): void {
    const upTo = committed ?? 0;
    const known = this.#places.get(place);
    if (known === undefined) {
      this.#places.set(place, { committed: upTo, sinceMs: atMs, longestMs: 0 });
      return;
    }
    const waited = known.committed !== upTo || end > upTo;
    if (waited) known.longestMs = Math.max(known.longestMs, atMs - known.sinceMs);
    if (known.committed !== upTo || end <= upTo) known.sinceMs = atMs;
    known.committed = upTo;
  }

  /** The longest pause of each, ms, the longest first; at most one look too long. */
  longest(): Paused[] {
    const all = [...this.#places].map(([place, { longestMs }]) => ({ place, ms: longestMs }));
    return all.toSorted((a, b) => b.ms - a.ms);
  }
}

export type Watched = { readonly group: string; readonly topic: string };

/** Looks every 100 ms, as far as the broker answers so fast, while `what` goes on. */
export async function pausesDuring(
  stages: readonly Watched[],
  lagOf: (stage: Watched) => Promise<readonly PartitionLag[]>,
  what: () => Promise<void>,
): Promise<Pauses> {
  const pauses = new Pauses();
  let isOver = false;
  const look = async (): Promise<void> => {
    while (!isOver) {
      await Promise.all(
        stages.map(async (stage) => {
          const partitions = await lagOf(stage);
          const atMs = performance.now();
          for (const one of partitions) pauses.see(`${stage.topic}/${one.partition}`, one, atMs);
        }),
      );
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
  };
  const looking = look();
  try {
    await Promise.race([what(), looking]);
  } finally {
    isOver = true;
  }
  await looking;
  return pauses;
}
