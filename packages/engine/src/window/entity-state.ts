/**
 * The state of one entity in one partition: the events of each key, asked by features, persisted chunk by chunk.
 *
 * Answers depend on the events applied and on stream time alone: every question has the lower bound
 * streamTime - horizon, and only what lies at or before it is ever evicted.
 */
import { createHash } from "node:crypto";
import type { Feature } from "../feature.ts";
import { CorruptChunk } from "./chunk.ts";
import { type EntityLayout, readsAmounts } from "./layout.ts";
import type { Duplicate, Labelling, Observation, Origin, StateEvent } from "./observation.ts";
import type { ChunkRecord } from "./window-state.ts";

type Stored = Observation & { readonly labels: { readonly fraud: boolean; readonly labelledAtMs: number }[] };
type Kept = { events: Stored[]; asOf: number };

export class EntityState {
  readonly #layout: EntityLayout;
  readonly #features: readonly Feature[];
  readonly #identity: string;
  readonly #keys = new Map<string, Kept>();
  readonly #dirty = new Map<string, { readonly offset: number; readonly streamTimeMs: number }>();
  #streamTimeMs = -1;

  /** `features`: those of this entity, in the order in which ask() answers them. */
  constructor(identity: string, layout: EntityLayout, features: readonly Feature[]) {
    this.#identity = createHash("sha256").update(identity).digest("hex").slice(0, 16);
    this.#layout = layout;
    this.#features = features;
  }

  get streamTimeMs(): number {
    return this.#streamTimeMs;
  }

  get keys(): number {
    return this.#keys.size;
  }

  get replayFrom(): { readonly offset: number; readonly streamTimeMs: number } | null {
    return this.#dirty.values().next().value ?? null;
  }

  /** Such an event is decided and flagged; apply() passes it over. */
  isLate(timeMs: number): boolean {
    return timeMs < this.#streamTimeMs - this.#layout.latenessMs;
  }

  /**
   * Writes the value of its i-th feature to into[at + i]; NaN = missing. A transaction that lacks the entity has no
   * past: it is asked about itself alone.
   */
  ask(observation: Observation, into: Float64Array, at = 0): void {
    for (const [index, feature] of this.#features.entries()) into[at + index] = this.#value(feature, observation);
  }

  /** Whether some answer to it misses events that were given up because the key had too many. */
  approximate(_observation: Observation): boolean {
    return false;
  }

  /** Origins of the earlier transactions that its `index`-th feature's value is about, newest first. */
  contributors(index: number, observation: Observation, limit = 20): Origin[] {
    const feature = this.#features[index] as Feature;
    const found = this.#window(feature, observation)
      .filter((event) => {
        if (feature.aggregate === "fraudCount" || feature.aggregate === "fraudRatio")
          return isFraud(event, observation.timeMs);
        return feature.aggregate !== "distinct" || event.transaction[feature.field as "target"] !== null;
      })
      .reverse();
    return found.slice(0, feature.aggregate === "sinceLast" ? 1 : limit).map(({ origin }) => origin);
  }

  /** The live transaction of the same key and `id`, if the layout keeps ids. */
  duplicateOf(observation: Observation): Duplicate | null {
    const { id } = observation.transaction;
    if (id === null || !this.#layout.ids) return null;
    const first = this.#live(observation).find(({ transaction }) => transaction.id === id);
    if (first === undefined) return null;
    const samePayload = JSON.stringify(first.transaction) === JSON.stringify(observation.transaction);
    return { origin: first.origin, samePayload };
  }

  /** Whether the label finds its transaction. */
  matches(label: Labelling): boolean {
    return this.#labelled(label) !== null;
  }

  /** Every decoded transaction goes in: what is late or a duplicate moves stream time at most and is not kept. */
  apply(event: StateEvent, offset: number): void {
    if (event.kind === "label") {
      const labelled = this.#labelled(event);
      if (labelled === null || !this.#layout.labels || offset < (this.#keys.get(event.key)?.asOf ?? 0)) return;
      labelled.labels.push({ fraud: event.fraud, labelledAtMs: event.labelledAtMs });
      this.#markDirty(event.key, { offset, streamTimeMs: this.#streamTimeMs });
      return;
    }
    if (this.isLate(event.timeMs)) return;
    const duplicate = this.duplicateOf(event) !== null;
    const streamTimeMs = this.#streamTimeMs;
    this.#streamTimeMs = Math.max(streamTimeMs, event.timeMs);
    const key = event.transaction[this.#layout.entity];
    if (duplicate || key === null) return;
    const kept = this.#keys.get(key) ?? { events: [], asOf: 0 };
    if (offset < kept.asOf) return;
    kept.events = kept.events.filter(({ timeMs }) => timeMs > this.#streamTimeMs - this.#layout.horizonMs);
    kept.events.push({ ...event, labels: [] });
    this.#keys.set(key, kept);
    this.#markDirty(key, { offset, streamTimeMs });
  }

  takeSnapshot(limit: number, asOf: number): ChunkRecord[] {
    return [...this.#dirty.keys()].slice(0, limit).map((key) => {
      this.#dirty.delete(key);
      const value = JSON.stringify({ identity: this.#identity, asOf, events: this.#keys.get(key)?.events });
      return { key: Buffer.from(key), value: Buffer.from(value) };
    });
  }

  load(recordKey: Buffer, value: Buffer | null): void {
    if (value === null) {
      this.#keys.delete(recordKey.toString());
      return;
    }
    let kept: Kept & { identity: string };
    try {
      kept = JSON.parse(value.toString()) as typeof kept;
    } catch (error) {
      throw new CorruptChunk(String(error));
    }
    if (kept.identity === this.#identity) this.#keys.set(recordKey.toString(), kept);
  }

  loaded(streamTimeMs: number): void {
    this.#streamTimeMs = streamTimeMs;
  }

  #markDirty(key: string, point: { readonly offset: number; readonly streamTimeMs: number }): void {
    if (!this.#dirty.has(key)) this.#dirty.set(key, point);
  }

  /** In time order, ties in log order. */
  #live({ transaction, timeMs }: Observation): Stored[] {
    const key = transaction[this.#layout.entity];
    const floorMs = Math.max(this.#streamTimeMs, timeMs) - this.#layout.horizonMs;
    const events = key === null ? [] : (this.#keys.get(key)?.events ?? []);
    return events.filter((event) => event.timeMs > floorMs).sort((a, b) => a.timeMs - b.timeMs);
  }

  #labelled({ key, transaction, origin }: Labelling): Stored | null {
    const floorMs = this.#streamTimeMs - this.#layout.horizonMs;
    const found = this.#keys.get(key)?.events.find((event) => {
      if (event.timeMs <= floorMs) return false;
      if (event.transaction.id !== null) return event.transaction.id === transaction;
      return event.origin.partition === origin?.partition && event.origin.offset === origin.offset;
    });
    return found ?? null;
  }

  #window(feature: Feature, observation: Observation): Stored[] {
    const untilMs = observation.timeMs - feature.delayMs;
    const same = [...feature.and];
    if (readsAmounts(feature)) same.push("currency");
    if (feature.aggregate === "seen" && feature.field !== null) same.push(feature.field);
    return this.#live(observation).filter(
      ({ transaction, timeMs }) =>
        timeMs > untilMs - feature.windowMs &&
        timeMs <= untilMs &&
        same.every((field) => transaction[field] === observation.transaction[field]),
    );
  }

  #value(feature: Feature, observation: Observation): number {
    const { aggregate, before, delayMs, field, otherwise } = feature;
    const { transaction, timeMs } = observation;
    const earlier = this.#window(feature, observation);
    if (aggregate === "seen") return transaction[field as "target"] !== null && earlier.length > 0 ? 1 : 0;
    if (aggregate === "sinceLast") return timeMs - (earlier.at(-1)?.timeMs ?? timeMs - otherwise);
    const events: Pick<Stored, "transaction" | "labels">[] = [...earlier];
    if (!before && delayMs === 0) events.push({ ...observation, labels: [] });
    const frauds = events.filter((event) => isFraud(event, timeMs)).length;
    if (aggregate === "count") return events.length;
    if (aggregate === "fraudCount") return frauds;
    if (aggregate === "distinct")
      return new Set(events.map((event) => event.transaction[field as "target"]).filter((value) => value !== null))
        .size;
    if (events.length === 0) return aggregate === "sum" ? 0 : otherwise;
    if (aggregate === "fraudRatio") return frauds / events.length;
    const amounts = events.map((event) => BigInt(event.transaction.amountMinor));
    const sum = amounts.reduce((a, b) => a + b);
    const major = 10 ** transaction.exponent;
    switch (aggregate) {
      case "sum":
        return Number(sum) / major;
      case "mean":
        return Number(sum) / (amounts.length * major);
      case "ratioToMean":
        return (transaction.amountMinor * amounts.length) / Number(sum);
      case "min":
        return Number(amounts.reduce((a, b) => (a < b ? a : b))) / major;
      case "max":
        return Number(amounts.reduce((a, b) => (a > b ? a : b))) / major;
      case "stddev": {
        const squares = amounts.reduce((total, amount) => total + amount * amount, 0n);
        return Math.sqrt(Number(BigInt(amounts.length) * squares - sum * sum)) / (amounts.length * major);
      }
    }
  }
}

function isFraud({ labels }: Pick<Stored, "labels">, timeMs: number): boolean {
  return labels.findLast(({ labelledAtMs }) => labelledAtMs <= timeMs)?.fraud ?? false;
}
