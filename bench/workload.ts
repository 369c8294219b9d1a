/** The payments of the benchmarks: the tutorial's messages, of customers who pay again and again, each as often as another. */

import type { ProducerRecord } from "@weir/kafka";
import { Random } from "@weir/scenario";
import { formatTraceparent, type Header, partitionFor, TRACEPARENT_HEADER } from "@weir/schema";

export type Workload = {
  readonly messages: number;
  /** Sources; as many targets, the same ones. */
  readonly keys: number;
  readonly partitions: number;
  /** Between the times of the first and of the last payment. */
  readonly spanMs: number;
  /** Of 1000 so many ask for spans, evenly. */
  readonly tracedPerMille?: number;
};

export const FRAUD_FROM_MINOR = 90_000;
const LETTERS = "abcdefghijklmnopqrstuvwxyz";
const MOST_MINOR = 100_000;

export type Payment = { readonly record: ProducerRecord; readonly amountMinor: number };

/** The same every time: payments in the order in which they are sent. */
export class Payments {
  readonly #random = new Random(1, 0);
  readonly #ids: readonly string[];
  readonly #keys: readonly Buffer[];
  readonly #partitions: readonly number[];
  readonly #tracedPerMille: number;
  #made = 0;

  constructor({ keys, partitions, tracedPerMille = 0 }: Pick<Workload, "keys" | "partitions" | "tracedPerMille">) {
    this.#tracedPerMille = tracedPerMille;
    this.#ids = Array.from({ length: keys }, (_, number) => idOf(number));
    this.#keys = this.#ids.map((id) => Buffer.from(id));
    this.#partitions = this.#keys.map((key) => partitionFor(key, partitions));
  }

  next(timestampMs: number): Payment {
    const source = this.#random.below(this.#ids.length);
    const target = this.#random.below(this.#ids.length);
    const amountMinor = 100 + this.#random.below(MOST_MINOR - 99);
    const text = `{"source":"${this.#ids[source]}","target":"${this.#ids[target]}","amount":${amountMinor / 100},"currency":"EUR"}`;
    const key = this.#keys[source] as Buffer;
    const partition = this.#partitions[source] as number;
    const record = { key, value: Buffer.from(text), partition, timestampMs };
    this.#made += 1;
    const isTraced = (this.#made * this.#tracedPerMille) % 1000 < this.#tracedPerMille;
    return { amountMinor, record: isTraced ? { ...record, headers: [traceparent(this.#made)] } : record };
  }
}

function traceparent(number: number): Header {
  const hex = number.toString(16);
  const context = { traceId: hex.padStart(32, "0"), spanId: hex.padStart(16, "0"), sampled: true };
  return [TRACEPARENT_HEADER, formatTraceparent(context)];
}

/** Twelve letters, as the tutorial's; other letters for another number. */
function idOf(number: number): string {
  const random = new Random(number, 2);
  return Array.from({ length: 12 }, () => LETTERS[random.below(LETTERS.length)]).join("");
}
