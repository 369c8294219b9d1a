/**
 * The newest decisions that this process has committed, as their texts, in one buffer that is written round and round: what
 * it costs is stated when it is made, and a decision that comes in is copied and nothing else. They are read when somebody
 * asks.
 */
import { setImmediate } from "node:timers/promises";
import type { EntityField } from "@weir/engine";
import type { DecidedTransaction, Decision } from "@weir/schema";
import type { StageEvents } from "@weir/stream";

export type DecisionTailOptions = {
  /** At most so many decisions, and bytes of their texts. */
  readonly most: number;
  readonly mostBytes: number;
};

const BACKSLASH = 0x5c;
/** Texts that are looked through while nothing else runs. */
const AT_ONCE = 250;

export class DecisionTail {
  readonly #bytes: Buffer;
  readonly #most: number;
  /** Of the n-th decision, at n % most: its text is in [start, end). */
  readonly #starts: Uint32Array;
  readonly #ends: Uint32Array;
  /** Of the decisions ever added, [first, next) are held. */
  #first = 0;
  #next = 0;

  constructor({ most, mostBytes }: DecisionTailOptions) {
    if (!(Number.isInteger(most) && most > 0)) throw new RangeError(`most must be an integer > 0, got ${most}`);
    this.#most = most;
    this.#bytes = Buffer.allocUnsafeSlow(mostBytes);
    this.#starts = new Uint32Array(most);
    this.#ends = new Uint32Array(most);
  }

  get size(): number {
    return this.#next - this.#first;
  }

  /** The same events; of each committed batch what went to one of the topics is added. */
  fedBy(events: StageEvents, topics: readonly string[]): StageEvents {
    return {
      ...events,
      batchCommitted: (event) => {
        events.batchCommitted(event);
        for (const { topic, value } of event.outputs) if (value !== null && topics.includes(topic)) this.add(value);
      },
    };
  }

  /** A record of the legit or fraud topic. One that is larger than the whole tail is passed over. */
  add(text: Buffer): void {
    const { length } = text;
    if (length > this.#bytes.length) return;
    let start = this.size === 0 ? 0 : this.#endOf(this.#next - 1);
    if (start + length > this.#bytes.length) {
      this.#dropWithin(start, this.#bytes.length);
      start = 0;
    }
    this.#dropWithin(start, start + length);
    if (this.size === this.#most) this.#first += 1;
    text.copy(this.#bytes, start);
    this.#starts[this.#next % this.#most] = start;
    this.#ends[this.#next % this.#most] = start + length;
    this.#next += 1;
  }

  /**
   * Of transactions whose `field` is `key`, as of now, the last to be decided first. Payments are decided meanwhile: it is
   * looked for a few hundred at a time, and what is overwritten before its turn is not found.
   */
  async about(field: EntityField, key: string, limit: number): Promise<Decision[]> {
    const found: Decision[] = [];
    const quoted = Buffer.from(JSON.stringify(key));
    const newest = this.#next - 1;
    for (let number = newest; number >= this.#first && found.length < limit; number -= 1) {
      if ((newest - number) % AT_ONCE === AT_ONCE - 1) await setImmediate();
      if (number < this.#first) break;
      const text = this.#bytes.subarray(this.#startOf(number), this.#endOf(number));
      // A text without a backslash holds each of its strings as it is.
      if (!text.includes(quoted) && !text.includes(BACKSLASH)) continue;
      const decided = JSON.parse(text.toString()) as DecidedTransaction;
      if (decided[field] === key) found.push(decided.decision);
    }
    return found;
  }

  /** Lets go of the oldest as long as they begin in [from, to), where something else is to be written. */
  #dropWithin(from: number, to: number): void {
    while (this.size > 0) {
      const start = this.#startOf(this.#first);
      if (start < from || start >= to) return;
      this.#first += 1;
    }
  }

  #startOf(number: number): number {
    return this.#starts[number % this.#most] as number;
  }

  #endOf(number: number): number {
    return this.#ends[number % this.#most] as number;
  }
}
