/**
 * What promises are measured against: somebody to whom nothing is done commits one record after the other at the same
 * broker. For as long as that waits, the broker or the machine stands still, and nobody can take over.
 */
import { type Log, RetryLater, type Writer } from "@weir/stream";

const EVERY_MS = 50;
/** A commit that takes no longer is a slow one; what takes longer stood still. */
const STALL_MS = 1_000;

/** `endedMs`: Infinity while it is under way. */
type Turn = { readonly beganMs: number; endedMs: number };

/** Times are ms of one monotonic clock, `performance.now()`'s. */
export class Witness {
  readonly #log: Pick<Log, "openWriter">;
  readonly #topic: string;
  readonly #turns: Turn[] = [];
  #isOver = false;
  readonly #running: Promise<void>;

  /** `topic`: its own, of one partition; its group and transactional id have the same name. */
  constructor(log: Pick<Log, "openWriter">, topic: string) {
    this.#log = log;
    this.#topic = topic;
    this.#running = this.#run();
  }

  /** How long each commit took, ms; once it has stopped. */
  get tookMs(): number[] {
    return this.#turns.map(({ beganMs, endedMs }) => endedMs - beganMs);
  }

  /** How much of a time the broker stood still at a stretch, ms; 0: it did not. */
  stalledMs(fromMs: number, toMs: number): number {
    return stalledMs(this.#turns, fromMs, toMs);
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    let writer: Writer | null = null;
    for (let next = 1; !this.#isOver; next += 1) {
      const turn: Turn = { beganMs: performance.now(), endedMs: Number.POSITIVE_INFINITY };
      this.#turns.push(turn);
      writer = await this.#commit(writer, next);
      turn.endedMs = performance.now();
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
    await writer?.close();
  }

  /** The writer to go on with, null: another one. */
  async #commit(known: Writer | null, next: number): Promise<Writer | null> {
    try {
      const writer = known ?? (await this.#log.openWriter(this.#topic, this.#topic));
      const input = { topic: this.#topic, partition: 0 };
      const record = { ...input, key: null, value: Buffer.alloc(0), headers: [], timestampMs: -1 };
      const { result } = await writer.commit([{ input, next, tag: "", outputs: [record] }]);
      if (result === "committed") return writer;
      await writer.close();
    } catch (error) {
      if (!(error instanceof RetryLater)) throw error;
    }
    return null;
  }
}

/** The longest part of any turn that lies within, if it is a stall. Pure. */
export function stalledMs(turns: readonly Readonly<Turn>[], fromMs: number, toMs: number): number {
  const parts = turns.map(({ beganMs, endedMs }) => Math.min(endedMs, toMs) - Math.max(beganMs, fromMs));
  const longestMs = parts.reduce((longest, ms) => Math.max(longest, ms), 0);
  return longestMs < STALL_MS ? 0 : longestMs;
}
