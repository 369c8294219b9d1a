/** Made-up input of a chain, drawn from one seed: disorder, ties, duplicates, late and broken ones, and labels among them. */
import { type NewRecord, partitionFor } from "@weir/schema";
import { Chance } from "../windows/world.ts";

/** `timestampMs` rises; records of one partition are to be written in this order. */
export type Input = NewRecord & { readonly partition: number };

export type PaymentsOptions = {
  readonly seed: number;
  /** How many transactions, not counting labels; Infinity if left out. */
  readonly count?: number;
  /** Of both topics. */
  readonly partitions: number;
  readonly topics: { readonly transactions: string; readonly labels: string };
  /** Keyed by source, but for a few that lie in a wrong partition; left out: by nothing, a source's come in any. */
  readonly keyed?: boolean;
  /** When each is made, ms; left out: made-up times, the same each time. */
  readonly clock?: () => number;
};

/** `id`: null: it is known by its decision id. */
type Made = {
  readonly members: Record<string, unknown> & { readonly source: string };
  readonly id: string | null;
  readonly timeMs: number;
};
type Sent = Omit<Made, "id"> & { readonly name: string };

const START_MS = 1_700_000_000_000;
const MOST_REMEMBERED = 500;
/** Share of keyed payments that lie anywhere. */
const MISPLACED = 0.03;

export function* paymentsOf(options: PaymentsOptions): Generator<Input> {
  const { seed, count = Infinity, partitions, topics, keyed = false, clock } = options;
  const chance = new Chance(seed);
  const ends = new Float64Array(partitions);
  const past: Sent[] = [];
  let nowMs = START_MS;
  const record = (topic: string, text: string, partition: number): Input => ({
    topic,
    partition,
    key: chance.unit() < 0.5 ? null : Buffer.from(`key${chance.below(5)}`),
    value: Buffer.from(text),
    headers: chance.unit() < 0.3 ? [["traceparent", Buffer.from(`00-${chance.below(1e6)}`)]] : [],
    timestampMs: nowMs,
  });
  for (let index = 0; index < count; index += 1) {
    nowMs = clock?.() ?? nowMs + chance.of(0, 0, 1, 40, 3_000);
    const known = past[chance.below(past.length)];
    if (known !== undefined && chance.unit() < 0.15)
      yield record(topics.labels, labelOf(chance, known, nowMs, index), chance.below(partitions));
    const any = chance.below(partitions);
    if (chance.unit() < 0.01) {
      ends[any] = (ends[any] as number) + 1;
      yield record(topics.transactions, chance.of("{", "", '{"source":"s1"}', "null"), any);
      continue;
    }
    const made =
      known !== undefined && chance.unit() < 0.05 ? again(chance, known) : transactionOf(chance, nowMs, index);
    const { source } = made.members;
    const right = keyed && chance.unit() >= MISPLACED;
    const partition = right ? partitionFor(source, partitions) : any;
    const offset = ends[partition] as number;
    ends[partition] = offset + 1;
    const sent = "name" in made ? made : { ...made, name: made.id ?? `${topics.transactions}/${partition}/${offset}` };
    if (past.length < MOST_REMEMBERED) past.push(sent);
    else past[chance.below(MOST_REMEMBERED)] = sent;
    const written = record(topics.transactions, JSON.stringify(sent.members), partition);
    yield keyed ? { ...written, key: Buffer.from(source) } : written;
  }
}

function transactionOf(chance: Chance, nowMs: number, index: number): Made {
  const hasId = chance.unit() < 0.8;
  const behindMs = chance.of(0, 0, 0, 0, 1, 500, 60_000, 400_000);
  const timeMs = nowMs - (chance.unit() < 0.02 ? 8_000_000 : chance.below(behindMs + 1));
  const members = {
    source: `${chance.of("s", "s", "s", "é💶")}${chance.below(chance.of(2, 30, 300))}`,
    target: `t${chance.below(chance.of(2, 10, 100))}`,
    amount: chance.unit() < 0.5 ? chance.below(1_000) + 1 : (chance.below(100_000) + 1) / 100,
    currency: chance.unit() < 0.95 ? "EUR" : "USD",
    ...(hasId ? { id: `i${index}` } : {}),
    ...(chance.unit() < 0.7 || timeMs < nowMs - 1_000_000 ? { timestamp: timeMs } : {}),
    ...(chance.unit() < 0.6 ? { device: `d${chance.below(40)}` } : {}),
    ...(chance.unit() < 0.5 ? { country: chance.of("DE", "FR", "NG") } : {}),
  };
  return { members, id: hasId ? `i${index}` : null, timeMs };
}

function again(chance: Chance, { members, ...sent }: Sent): Sent {
  return { ...sent, members: chance.unit() < 0.5 ? members : { ...members, amount: 7.77 } };
}

function labelOf(chance: Chance, { members, name, timeMs }: Sent, nowMs: number, index: number): string {
  if (chance.unit() < 0.02) return chance.of("{}", '{"transaction":1}', "");
  const { source, target } = members;
  const transaction = chance.unit() < 0.1 ? `nobody${index}` : name;
  const labelledAt = nowMs - chance.of(0, 0, 100, 60_000);
  return JSON.stringify({ transaction, source, target, timestamp: timeMs, fraud: chance.unit() < 0.5, labelledAt });
}
