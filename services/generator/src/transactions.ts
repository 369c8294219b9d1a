/** The messages themselves: what the tutorial's generator sends, with or without an id and a timestamp. */
import { partitionFor } from "@weir/schema";
import type { Labels } from "./labels.ts";
import type { Population } from "./population.ts";
import { letters, type Random } from "./random.ts";
import type { SinkRecord } from "./sink.ts";

/**
 * Makes the next transaction. Each call draws from the seeded sequence, so the n-th call gives the same
 * parties and amount for the same seed; only `timestampMs` and the run's name come from outside.
 */
export type TransactionSource = (timestampMs: number) => SinkRecord;

/** 1.00 to 1000.00 in steps of 0.01, each as likely; at most two decimals are written. */
function amount(random: Random): number {
  return (100 + random.below(99_901)) / 100;
}

/** The four fields, without the closing brace. Ids are letters and need no escaping. */
function fields(source: string, target: string, random: Random): string {
  return `{"source":"${source}","target":"${target}","amount":${amount(random)},"currency":"EUR"`;
}

export type PopulationOptions = {
  readonly population: Population;
  readonly random: Random;
  /** Tells this run's ids from those of every other run; letters, digits and dashes. */
  readonly run: string;
  /** Of the topic: a record's partition is the default partitioner's choice for its key. */
  readonly partitions: number;
  /** Told of every payment; null: nobody ever learns what they were. */
  readonly labels: Labels | null;
};

/** Four fields, `id` = `<run>-<number from 0>`, `timestamp` in epoch ms; the key is the source. */
export function populationTransactions({
  population,
  random,
  run,
  partitions,
  labels,
}: PopulationOptions): TransactionSource {
  const partitionOf = Int32Array.from(population.ids, (id) => partitionFor(id, partitions));
  let number = 0;
  return (timestampMs) => {
    const payer = population.draw(random);
    const source = population.ids[payer] ?? "";
    const target = population.ids[population.drawOther(random, payer)] ?? "";
    const id = `${run}-${number++}`;
    const text = `${fields(source, target, random)},"id":"${id}","timestamp":${timestampMs}}`;
    labels?.paid({ id, source, target, timestampMs });
    return {
      key: Buffer.from(source, "latin1"),
      value: Buffer.from(text, "latin1"),
      partition: partitionOf[payer] ?? 0,
      timestampMs,
    };
  };
}

/** Exactly the tutorial's four fields, two new random ids each time, no key; the producer spreads them. */
export function plainTransactions(random: Random): TransactionSource {
  return (timestampMs) => {
    const text = `${fields(letters(random, 12), letters(random, 12), random)}}`;
    return { key: null, value: Buffer.from(text, "latin1"), partition: null, timestampMs };
  };
}
