/**
 * What every question to the state of an entity has to be answered, written from the definitions and as plainly as can
 * be: all transactions of a key in one array, gone through for each question; BigInt; sets. It shares no code with the
 * engine's windows.
 */
import type { Feature, Labelling, Observation, Origin } from "@weir/engine";

type Kept = Observation & { readonly labels: { readonly fraud: boolean; readonly labelledAtMs: number }[] };
type Key = { events: Kept[]; givenUpMs: number };

export type OracleRules = {
  readonly entity: "source" | "target" | "device";
  readonly features: readonly Feature[];
  readonly latenessMs: number;
  readonly ids: boolean;
  readonly labels: boolean;
  readonly maxLiveEvents: number;
};

export class WindowOracle {
  readonly #rules: OracleRules;
  readonly #horizonMs: number;
  readonly #keys = new Map<string, Key>();
  streamTimeMs = -1;

  constructor(rules: OracleRules) {
    this.#rules = rules;
    const reaches = rules.features.map(({ delayMs, windowMs }) => delayMs + windowMs);
    this.#horizonMs = Math.max(0, ...reaches) + rules.latenessMs;
  }

  answers(asked: Observation): number[] {
    return this.#rules.features.map((feature) => this.#answer(feature, asked));
  }

  /** Whether a window of the question reaches back to transactions that were given up. */
  approximate(asked: Observation): boolean {
    const givenUpMs = this.#keyOf(asked)?.givenUpMs ?? -1;
    const floorMs = Math.max(this.streamTimeMs, asked.timeMs) - this.#horizonMs;
    return this.#rules.features.some(({ windowMs, delayMs }) => {
      const untilMs = asked.timeMs - delayMs;
      return Math.max(untilMs - windowMs, floorMs) < Math.min(untilMs, givenUpMs);
    });
  }

  contributors(feature: Feature, asked: Observation, limit: number): Origin[] {
    const { aggregate, field } = feature;
    let events = this.#earlier(feature, asked);
    if (aggregate === "fraudCount" || aggregate === "fraudRatio")
      events = events.filter((event) => isFraud(event, asked.timeMs));
    if (aggregate === "distinct") events = events.filter(({ transaction }) => transaction[field as "target"] !== null);
    if (aggregate === "seen" && asked.transaction[field as "target"] === null) events = [];
    const newest = events.map((event, index) => ({ event, index }));
    newest.sort((a, b) => b.event.timeMs - a.event.timeMs || b.index - a.index);
    return newest.slice(0, aggregate === "sinceLast" ? 1 : limit).map(({ event }) => event.origin);
  }

  duplicateOf(asked: Observation): { origin: Origin; samePayload: boolean } | null {
    const { id, source } = asked.transaction;
    if (id === null || !this.#rules.ids) return null;
    const first = this.#live(asked).find(({ transaction }) => transaction.id === id && transaction.source === source);
    if (first === undefined) return null;
    return { origin: first.origin, samePayload: text(first.transaction) === text(asked.transaction) };
  }

  matches(label: Labelling): boolean {
    return this.#labelled(label) !== undefined;
  }

  isLate(timeMs: number): boolean {
    return timeMs < this.streamTimeMs - this.#rules.latenessMs;
  }

  apply(event: Observation | Labelling): void {
    if (event.kind === "label") {
      if (this.#rules.labels) this.#labelled(event)?.labels.push(event);
      return;
    }
    if (this.isLate(event.timeMs)) return;
    const isDuplicate = this.duplicateOf(event) !== null;
    this.streamTimeMs = Math.max(this.streamTimeMs, event.timeMs);
    const name = event.transaction[this.#rules.entity];
    if (isDuplicate || name === null) return;
    const key = this.#keys.get(name) ?? { events: [], givenUpMs: -1 };
    this.#keys.set(name, key);
    const floorMs = this.streamTimeMs - this.#horizonMs;
    key.events = key.events.filter(({ timeMs }) => timeMs > floorMs);
    if (event.timeMs <= Math.max(floorMs, key.givenUpMs)) return;
    key.events.push({ ...event, labels: [] });
    while (key.events.length > this.#rules.maxLiveEvents) {
      key.givenUpMs = key.events.reduce((least, { timeMs }) => Math.min(least, timeMs), Number.POSITIVE_INFINITY);
      key.events = key.events.filter(({ timeMs }) => timeMs > key.givenUpMs);
    }
  }

  #keyOf({ transaction }: Observation): Key | undefined {
    const name = transaction[this.#rules.entity];
    return name === null ? undefined : this.#keys.get(name);
  }

  #live(asked: Observation): Kept[] {
    const floorMs = Math.max(this.streamTimeMs, asked.timeMs) - this.#horizonMs;
    return this.#keyOf(asked)?.events.filter(({ timeMs }) => timeMs > floorMs) ?? [];
  }

  #labelled({ key, source, transaction: named, origin }: Labelling): Kept | undefined {
    if (!this.#rules.ids) return undefined;
    const floorMs = this.streamTimeMs - this.#horizonMs;
    const live = this.#keys.get(key)?.events.filter(({ timeMs }) => timeMs > floorMs) ?? [];
    return (
      live.find(({ transaction }) => transaction.id === named && transaction.source === source) ??
      live.find(
        (event) =>
          event.transaction.id === null &&
          event.origin.partition === origin?.partition &&
          event.origin.offset === origin.offset,
      )
    );
  }

  #earlier({ aggregate, and, field, windowMs, delayMs }: Feature, asked: Observation): Kept[] {
    const untilMs = asked.timeMs - delayMs;
    return this.#live(asked).filter(({ transaction, timeMs }) => {
      if (timeMs <= untilMs - windowMs || timeMs > untilMs) return false;
      if (MONEY.has(aggregate) && transaction.currency !== asked.transaction.currency) return false;
      if (aggregate === "seen" && transaction[field as "target"] !== asked.transaction[field as "target"]) return false;
      return and.every((name) => transaction[name] === asked.transaction[name]);
    });
  }

  #answer(feature: Feature, asked: Observation): number {
    const { aggregate, before, delayMs, field, otherwise } = feature;
    const earlier = this.#earlier(feature, asked);
    if (aggregate === "seen") return earlier.length > 0 && asked.transaction[field as "target"] !== null ? 1 : 0;
    if (aggregate === "sinceLast") {
      const sinces = earlier.map(({ timeMs }) => asked.timeMs - timeMs);
      return sinces.length === 0 ? otherwise : sinces.reduce((a, b) => Math.min(a, b));
    }
    const all = before || delayMs > 0 ? earlier : [...earlier, { ...asked, labels: [] }];
    const frauds = all.filter((event) => isFraud(event, asked.timeMs)).length;
    if (aggregate === "count") return all.length;
    if (aggregate === "fraudCount") return frauds;
    if (aggregate === "distinct") {
      const values = new Set(all.map(({ transaction }) => transaction[field as "target"]));
      values.delete(null as never);
      return values.size;
    }
    if (all.length === 0) return aggregate === "sum" ? 0 : otherwise;
    if (aggregate === "fraudRatio") return frauds / all.length;
    return amountAnswer(aggregate, all, asked);
  }
}

const MONEY: ReadonlySet<string> = new Set(["sum", "mean", "stddev", "min", "max", "ratioToMean"]);

/** From exact integers, rounded where the formula becomes a double. */
function amountAnswer(aggregate: string, events: readonly Observation[], asked: Observation): number {
  const amounts = events.map(({ transaction }) => transaction.amountMinor);
  const unit = 10 ** asked.transaction.exponent;
  const n = amounts.length;
  if (aggregate === "min") return amounts.reduce((a, b) => Math.min(a, b)) / unit;
  if (aggregate === "max") return amounts.reduce((a, b) => Math.max(a, b)) / unit;
  let [sum, squares] = [0n, 0n];
  for (const amount of amounts) sum += BigInt(amount);
  if (aggregate === "sum") return Number(sum) / unit;
  if (aggregate === "mean") return Number(sum) / (n * unit);
  if (aggregate === "ratioToMean") return (asked.transaction.amountMinor * n) / Number(sum);
  for (const amount of amounts) squares += BigInt(amount) * BigInt(amount);
  return Math.sqrt(Number(BigInt(n) * squares - sum * sum)) / (n * unit);
}

function isFraud({ labels }: Pick<Kept, "labels">, askedMs: number): boolean {
  let fraud = false;
  for (const label of labels) if (label.labelledAtMs <= askedMs) fraud = label.fraud;
  return fraud;
}

function text(transaction: Observation["transaction"]): string {
  return JSON.stringify(Object.entries(transaction).sort(([a], [b]) => (a < b ? -1 : 1)));
}
