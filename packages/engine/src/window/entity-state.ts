/**
 * The state of one entity in one partition: the events of each key, asked by features, persisted as rolling chunks.
 *
 * What it keeps:
 * - Answers depend on the events applied and on stream time alone. Every question has the lower bound
 *   streamTime - horizon, and only what lies at or before it is ever evicted, so when eviction happens, or whether a
 *   restore brought expired events back, can never be seen.
 * - A chunk says from which offset on the log has news for it: of events the newest chunk in the topic, of labels the
 *   chunk that the labelled event is in, which a label makes dirty again. So replay applies nothing twice.
 */

import type { Feature } from "../feature.ts";
import { eventsOf } from "./chain.ts";
import { CHUNK_EVENTS, identityHash } from "./chunk.ts";
import { currencyOf } from "./currency-code.ts";
import { type EntityView, viewOf } from "./entity-view.ts";
import { fingerprintOf, hashOfId, hashOfOrigin } from "./fingerprint.ts";
import { History } from "./history.ts";
import { KeyedEvents } from "./keyed-events.ts";
import { type EntityLayout, readsLabels } from "./layout.ts";
import type { LoadedChunks } from "./loaded-chunks.ts";
import { Loader } from "./loader.ts";
import { Newest } from "./newest.ts";
import type { Duplicate, Labelling, Observation, Origin, StateEvent } from "./observation.ts";
import {
  type Asked,
  featureValue,
  missesGivenUp,
  openWindow,
  openWindows,
  type Questions,
  questionsOf,
} from "./question.ts";
import { type ChunkRecord, RollingSnapshot } from "./rolling-snapshot.ts";

/** More than the one key that an event can bring: else whoever looks for idle ones never gets past those that are new. */
const SWEPT_AT_ONCE = 2;

export class EntityState {
  readonly #layout: EntityLayout;
  readonly #questions: Questions;
  readonly #events: KeyedEvents;
  readonly #snapshot: RollingSnapshot;
  readonly #history = new History();
  #loader: Loader | null;
  /** Until replay has passed the greatest offset that any is as of: the chunks that were loaded. */
  #loaded: LoadedChunks | null = null;
  #streamTimeMs = -1;
  /** Of keys with given-up events: those up to settledMs may go, those up to pendingMs once replay begins after offset. */
  readonly #givenUp = new Map<number, { settledMs: number; pendingMs: number; offset: number }>();
  #sweepAt = 1;
  /** What was found out about an observation, until the next apply(). */
  #known: { readonly of: Observation; readonly key: number; duplicate: number | null } | null = null;

  /** `features`: those of this entity, in the order in which ask() answers them. */
  constructor(identity: string, layout: EntityLayout, features: readonly Feature[]) {
    if (!(layout.horizonMs >= 0)) throw new RangeError(`horizon must be >= 0 ms, got ${layout.horizonMs}`);
    this.#layout = layout;
    this.#questions = questionsOf(features, layout.columns);
    this.#events = new KeyedEvents(layout, this.#questions);
    this.#snapshot = new RollingSnapshot(identityHash(identity), this.#events);
    this.#loader = new Loader(identityHash(identity), this.#events);
  }

  get streamTimeMs(): number {
    return this.#streamTimeMs;
  }

  get historySinceMs(): number {
    return this.#history.sinceMs;
  }

  /** As the runtime knows it. */
  set historySinceMs(sinceMs: number) {
    this.#history.sinceMs = sinceMs;
  }

  get keys(): number {
    return this.#events.keys.count;
  }

  get replayFrom(): { readonly offset: number; readonly streamTimeMs: number } | null {
    return this.#snapshot.dirty.oldest;
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
    const { timeMs } = observation;
    const { asked } = this.#questions;
    const { key } = this.#look(observation);
    const earliestMs = openWindows(this.#questions, timeMs, this.#floorMs(key, timeMs));
    this.#events.readOwnValues(observation);
    if (key !== 0) this.#events.gather(key, earliestMs, timeMs);
    for (let index = 0; index < asked.length; index += 1)
      into[at + index] = featureValue(asked[index] as Asked, observation, this.#events.ownValues);
  }

  /**
   * Whether some answer to it may miss events that were given up because the key had too many: a window of it reaches
   * back to where they lay. Duplicates of such events are no longer known either.
   */
  approximate(observation: Observation): boolean {
    const { timeMs } = observation;
    const givenUpMs = this.#events.givenUpMs(this.#look(observation).key);
    if (givenUpMs < 0) return false;
    const floorMs = this.#streamFloorMs(timeMs);
    return this.#questions.windows.some((window) => missesGivenUp(window, timeMs, floorMs, givenUpMs));
  }

  /** Before which time transactions may be unknown that a window of `reachMs` asks for; 0: none are. */
  unknownBefore({ timeMs, historySinceMs }: Observation, reachMs: number): number {
    return this.#history.unknownBefore(timeMs, reachMs, historySinceMs);
  }

  /** What is known of a key as of stream time; null if nothing is. Changes nothing that a decision could depend on. */
  view(text: string): EntityView | null {
    const key = this.#events.keys.find(text);
    const streamTimeMs = this.#streamTimeMs;
    return viewOf({
      events: this.#events,
      questions: this.#questions,
      layout: this.#layout,
      key,
      streamTimeMs,
      streamFloorMs: this.#streamFloorMs(streamTimeMs),
      floorMs: this.#floorMs(key, streamTimeMs),
    });
  }

  /**
   * Origins of the earlier transactions that its `index`-th feature's value is about, newest first: of fraud features
   * the frauds, of distinct those that have the field, of sinceLast the last. None where the layout keeps no ids.
   */
  contributors(index: number, observation: Observation, limit = 20): Origin[] {
    const asked = this.#questions.asked[index];
    if (asked === undefined) throw new RangeError(`this entity has no feature ${index}`);
    const { key } = this.#look(observation);
    if (key === 0 || !this.#layout.ids) return [];
    const { feature, window, distinct } = asked;
    if (feature.aggregate === "seen" && observation.transaction[feature.field as "target"] === null) return [];
    const fraudAtMs = readsLabels(feature) ? observation.timeMs : null;
    openWindow(window, observation.timeMs, this.#floorMs(key, observation.timeMs));
    this.#events.readOwnValues(observation);
    const newest = new Newest(feature.aggregate === "sinceLast" ? 1 : limit);
    this.#events.newest(key, window, newest, { column: distinct?.column ?? -1, fraudAtMs });
    return newest.events.map((event) => this.#events.blocks.origin(event));
  }

  /** The live transaction of the same key, source and `id`, if the layout keeps ids. */
  duplicateOf(observation: Observation): Duplicate | null {
    const event = this.#duplicateEvent(observation);
    if (event < 0) return null;
    const { blocks } = this.#events;
    const samePayload = blocks.payload(event) === fingerprintOf(observation).payload;
    return { origin: blocks.origin(event), samePayload };
  }

  /** Whether the label finds its transaction. */
  matches(label: Labelling): boolean {
    return this.#labelledEvent(label) >= 0;
  }

  /** Every decoded transaction goes in: what is late or a duplicate moves stream time at most and is not kept. */
  apply(event: StateEvent, offset: number): void {
    if (this.#loader !== null) this.loaded(-1);
    if (this.#loaded !== null && offset >= this.#loaded.asOf) this.#loaded = null;
    if (event.kind === "label") this.#applyLabel(event, offset);
    else {
      this.#history.saw(event.timeMs, event.historySinceMs);
      if (!this.isLate(event.timeMs)) this.#applyTransaction(event, offset);
    }
    this.#known = null;
    for (let turn = 0; turn < SWEPT_AT_ONCE; turn += 1) this.#sweep();
  }

  /** At most `limit` records: oldest changes first, and tombstones of chunks that are no longer kept. */
  takeSnapshot(limit: number, asOf: number): ChunkRecord[] {
    this.#known = null;
    return this.#snapshot.take(limit, asOf, (key) => this.#forget(key));
  }

  /** In the order of the topic: the later of one key wins. Chunks of another identity are passed over. */
  load(recordKey: Buffer, value: Buffer | null): void {
    if (this.#loader === null) throw new Error("load() after loaded()");
    this.#loader.load(recordKey, value);
  }

  loaded(streamTimeMs: number): void {
    if (this.#loader === null) throw new Error("loaded() twice");
    this.#loaded = this.#loader.assemble((key) => void this.#snapshot.bury(key));
    this.#loader = null;
    this.#streamTimeMs = streamTimeMs;
  }

  /** All that can still be asked about, keys in order, events in order of arrival. For tests and inspection. */
  canonical(): { readonly streamTimeMs: number; readonly keys: readonly (readonly [string, unknown])[] } {
    const { keys, blocks } = this.#events;
    const found: [string, unknown][] = [];
    for (let key = 1; key <= keys.last; key += 1) {
      if (!keys.inUse(key)) continue;
      const floorMs = this.#floorMs(key, -1);
      const events = eventsOf(blocks, keys.newest(key)).filter((event) => blocks.timeMs(event) > floorMs);
      const givenUpMs = floorMs > this.#streamFloorMs(-1) ? floorMs : null;
      if (events.length === 0 && givenUpMs === null) continue;
      found.push([keys.text(key), { givenUpMs, events: events.map((event) => this.#describe(event)) }]);
    }
    return { streamTimeMs: this.#streamTimeMs, keys: found.sort(([a], [b]) => (a < b ? -1 : 1)) };
  }

  #applyTransaction(event: Observation, offset: number): void {
    const { keys } = this.#events;
    const streamTimeMs = this.#streamTimeMs;
    const duplicate = this.#duplicateEvent(event) >= 0;
    if (event.timeMs > streamTimeMs) this.#streamTimeMs = event.timeMs;
    const text = event.transaction[this.#layout.entity];
    if (duplicate || text === null) return;
    const known = this.#look(event).key;
    if (event.timeMs <= this.#floorMs(known, -1) || this.#isLoaded(known, offset)) return;
    const key = known === 0 ? keys.add(text) : known;
    const givenUpMs = this.#events.givenUpMs(key);
    const evictableMs = this.#events.mayTrim(key) ? this.#evictableMs(key, offset) : -1;
    const number = this.#events.append(key, event, this.#streamFloorMs(-1), evictableMs);
    this.#snapshot.dirty.arrived(key, number, offset, givenUpMs, streamTimeMs);
    this.#snapshot.bury(key);
  }

  #applyLabel(label: Labelling, offset: number): void {
    const event = this.#layout.labels ? this.#labelledEvent(label) : -1;
    if (event < 0) return;
    const key = this.#events.keys.find(label.key);
    const ordinal = this.#events.chunkOf(key, event);
    if (this.#loaded !== null && offset < this.#loaded.labelNewsFrom(key, ordinal)) return;
    if (this.#events.label(key, event, label.fraud, label.labelledAtMs))
      this.#snapshot.dirty.mark(key, ordinal, offset, this.#streamTimeMs);
  }

  /** Whether an event at this offset of the log is in the chunks that were loaded. */
  #isLoaded(key: number, offset: number): boolean {
    return this.#loaded !== null && offset < this.#loaded.newsFrom(key);
  }

  /** A key's turn: idle ones are found at a bounded cost for each event. */
  #sweep(): void {
    const { keys } = this.#events;
    const key = this.#sweepAt;
    if (keys.inUse(key) && keys.kept(key) > 0 && this.#isExpired(keys.greatestMs(key))) {
      if (!this.#events.trim(key, this.#expiredMs)) return;
      // A chunk that is not full is closed for ever: what comes next begins a new one.
      keys.setNewestDirty(key, false);
      keys.setNextNumber(key, Math.ceil(keys.nextNumber(key) / CHUNK_EVENTS) * CHUNK_EVENTS);
      if (!this.#snapshot.bury(key)) this.#forget(key);
    }
    this.#sweepAt = key >= keys.last ? 1 : key + 1;
  }

  /** Nearly always the horizon says no at once. */
  #isExpired(timeMs: number): boolean {
    return timeMs <= this.#streamFloorMs(-1) && timeMs <= this.#expiredMs;
  }

  /**
   * Up to which time events may be let go of. Where duplicates are told, replay has to tell them as they were told: so
   * nothing goes that was still live where replay would begin.
   */
  get #expiredMs(): number {
    const streamTimeMs = this.#layout.ids ? this.#snapshot.dirty.replayTimeMs(this.#streamTimeMs) : this.#streamTimeMs;
    return streamTimeMs - this.#layout.horizonMs;
  }

  /** The same for one key, whose given-up events go as well, once replay would begin after they were given up. */
  #evictableMs(key: number, offset: number): number {
    const givenUpMs = this.#events.givenUpMs(key);
    if (givenUpMs < 0 || !this.#layout.ids) return Math.max(givenUpMs, this.#expiredMs);
    const known = this.#givenUp.get(key) ?? { settledMs: -1, pendingMs: givenUpMs, offset };
    if (this.#snapshot.dirty.isPast(known.offset)) {
      known.settledMs = known.pendingMs;
      known.pendingMs = givenUpMs;
      known.offset = offset;
    }
    this.#givenUp.set(key, known);
    return Math.max(known.settledMs, this.#expiredMs);
  }

  #forget(key: number): void {
    this.#loaded?.forget(key);
    this.#givenUp.delete(key);
    this.#events.keys.remove(key);
  }

  /** What lies at or before it is in no answer to a question about `timeMs`. */
  #floorMs(key: number, timeMs: number): number {
    return Math.max(this.#streamFloorMs(timeMs), this.#events.givenUpMs(key));
  }

  #streamFloorMs(timeMs: number): number {
    return Math.max(this.#streamTimeMs, timeMs) - this.#layout.horizonMs;
  }

  #look(observation: Observation): { readonly key: number; duplicate: number | null } {
    if (this.#known?.of === observation) return this.#known;
    const text = observation.transaction[this.#layout.entity];
    const key = text === null ? 0 : this.#events.keys.find(text);
    this.#known = { of: observation, key, duplicate: null };
    return this.#known;
  }

  #duplicateEvent(observation: Observation): number {
    const known = this.#look(observation);
    if (known.duplicate !== null) return known.duplicate;
    if (observation.transaction.id === null || !this.#layout.ids || known.key === 0) return -1;
    const { idLow, idHigh } = fingerprintOf(observation);
    known.duplicate = this.#events.find(known.key, idLow, idHigh, this.#floorMs(known.key, observation.timeMs));
    return known.duplicate;
  }

  /** A label names an id; a decision id means a transaction without one. */
  #labelledEvent({ key: text, source, transaction, origin }: Labelling): number {
    const key = this.#events.keys.find(text);
    if (key === 0 || !this.#layout.ids) return -1;
    const floorMs = this.#floorMs(key, -1);
    const byId = hashOfId(source, transaction);
    const found = this.#events.find(key, byId.low, byId.high, floorMs);
    if (found >= 0 || origin === null) return found;
    const byOrigin = hashOfOrigin(origin);
    return this.#events.find(key, byOrigin.low, byOrigin.high, floorMs);
  }

  #describe(event: number): Readonly<Record<string, unknown>> {
    const { blocks, row } = this.#events;
    const { amounts, columns, ids, labels } = this.#layout;
    blocks.read(event, row);
    const texts = [...row.texts].map((text) => blocks.texts.text(text));
    return {
      timeMs: row.timeMs,
      ...(amounts ? { amountMinor: row.amountMinor } : {}),
      ...Object.fromEntries(
        columns.map((column) => [column, column === "currency" ? currencyOf(row.currency) : (texts.shift() ?? null)]),
      ),
      ...(ids ? { id: [row.idLow, row.idHigh, row.payload], origin: [row.partition, row.offset] } : {}),
      ...(labels ? { changes: blocks.changes(event) } : {}),
    };
  }
}
