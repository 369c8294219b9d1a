/** A made-up log of one partition and the features asked of it, all drawn from one seed. */
import { type EntityField, type Feature, type Labelling, MAX_LIVE_EVENTS, type Observation } from "@weir/engine";
import type { OracleRules } from "./oracle.ts";

/** Numbers from a seed: mulberry32 of Tommy Ettinger (public domain). */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  unit(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** 0 to below - 1. */
  below(below: number): number {
    return Math.floor(this.unit() * below);
  }

  of<T>(...values: readonly T[]): T {
    return values[this.below(values.length)] as T;
  }
}

export type LogEvent = { readonly offset: number; readonly event: Observation | Labelling };

const START_MS = 1_700_000_000_000;
const WINDOWS_MS = [60, 1_000, 4_000, 20_000] as const;
const FIELDS: readonly EntityField[] = ["source", "target", "currency", "channel", "country", "category", "device"];
const CURRENCIES: readonly (readonly [code: string, exponent: number])[] = [
  ["EUR", 2],
  ["EUR", 2],
  ["JPY", 0],
  ["BHD", 3],
];
const AGGREGATES = [
  ...["count", "sum", "mean", "stddev", "min", "max", "ratioToMean"],
  ...["distinct", "distinct", "seen", "sinceLast", "fraudCount", "fraudRatio"],
] as Feature["aggregate"][];

export function rulesOf(chance: Chance): OracleRules {
  const entity = chance.of("source", "source", "target", "device");
  const labels = chance.unit() < 0.5;
  const features = Array.from({ length: 3 + chance.below(10) }, (_, index) => featureOf(chance, entity, index));
  return {
    entity,
    features,
    latenessMs: chance.of(0, 40, 400, 5_000),
    ids: labels || chance.unit() < 0.6 || features.some(({ aggregate }) => aggregate.startsWith("fraud")),
    labels: labels || features.some(({ aggregate }) => aggregate.startsWith("fraud")),
    maxLiveEvents: chance.of(MAX_LIVE_EVENTS, MAX_LIVE_EVENTS, 40, 300, 700),
  };
}

function featureOf(chance: Chance, by: EntityField, index: number): Feature {
  const aggregate = chance.of(...AGGREGATES);
  const others = FIELDS.filter((field) => field !== by);
  const and = chance.unit() < 0.3 ? [chance.of(...others)] : [];
  if (and.length > 0 && chance.unit() < 0.3) and.push(chance.of(...others.filter((field) => field !== and[0])));
  return {
    name: `feature${index}`,
    by,
    and,
    aggregate,
    field: aggregate === "distinct" || aggregate === "seen" ? chance.of(...others) : null,
    windowMs: chance.of(...WINDOWS_MS),
    delayMs: chance.of(0, 0, 0, 50, 3_000),
    before: chance.unit() < 0.3,
    otherwise: chance.of(Number.NaN, 0, -1),
  };
}

/** Of `count` transactions and labels, in stretches of different pace, disorder and keys. */
export function* logOf(chance: Chance, { entity }: OracleRules, count: number): Generator<LogEvent> {
  const recent: Observation[] = [];
  let [nowMs, offset, left] = [START_MS, chance.below(1_000), 0];
  let past: Observation | undefined;
  let stretch = { keys: 1, paceMs: 1, disorderMs: 0, values: 1, most: 1, labels: 0, duplicates: 0 };
  for (let index = 0; index < count; index += 1) {
    if (left === 0) {
      left = chance.of(20, 100, 600, 2_500);
      stretch = {
        keys: chance.of(1, 2, 5, 40),
        paceMs: chance.of(0, 1, 1, 3, 20, 300),
        disorderMs: chance.of(0, 0, 2, 50, 600, 6_000),
        values: chance.of(1, 3, 30, 1_000),
        most: chance.of(1, 100_000, 2 ** 26, 1e12),
        labels: chance.of(0, 0.1, 0.4),
        duplicates: chance.of(0, 0.02, 0.2),
      };
    }
    left -= 1;
    offset += 1 + (chance.below(16) === 0 ? chance.below(5) : 0);
    nowMs += chance.below(2 * stretch.paceMs + 1);
    // Often the one before again: its label, then its id once more, and all that within one replay.
    if (past === undefined || chance.unit() < 0.7) past = recent[chance.below(recent.length)];
    if (past !== undefined && chance.unit() < stretch.labels) {
      yield { offset, event: labelOf(chance, past, entity, nowMs, offset) };
      continue;
    }
    const timeMs = nowMs - chance.below(stretch.disorderMs + 1);
    const event =
      past !== undefined && chance.unit() < stretch.duplicates
        ? again(chance, past, timeMs, offset)
        : transactionOf(chance, stretch, timeMs, offset);
    if (recent.length < 200) recent.push(event);
    else recent[chance.below(200)] = event;
    yield { offset, event };
  }
}

function transactionOf(
  chance: Chance,
  { keys, values, most }: { readonly keys: number; readonly values: number; readonly most: number },
  timeMs: number,
  offset: number,
): Observation {
  const [currency, exponent] = chance.of(...CURRENCIES);
  const key = (): string =>
    `${chance.of("k", "k", "é💶", "a key that is longer than twelve letters ")}${chance.below(keys)}`;
  const maybe = (name: string): string | null =>
    chance.unit() < 0.3 ? null : chance.unit() < 0.1 ? "" : `${name}${chance.below(values)}`;
  return {
    kind: "transaction",
    timeMs,
    origin: { partition: chance.below(3), offset: chance.unit() < 0.01 ? offset + 2 ** 40 : offset },
    transaction: {
      id: chance.unit() < 0.2 ? null : `t${offset}`,
      source: key(),
      target: key(),
      currency,
      exponent,
      amountMinor: 1 + Math.floor(chance.unit() * most),
      timestampMs: chance.unit() < 0.5 ? null : timeMs,
      channel: maybe("channel"),
      country: maybe("漢"),
      category: maybe("category"),
      device: chance.unit() < 0.2 ? null : key(),
      location: chance.unit() < 0.8 ? null : { latitude: chance.below(90), longitude: chance.below(90) },
    },
  };
}

function again(chance: Chance, { transaction }: Observation, timeMs: number, offset: number): Observation {
  const other = chance.of<Partial<typeof transaction>>(
    {},
    {},
    { amountMinor: transaction.amountMinor + 1 },
    { category: `${transaction.category}!` },
    { location: { latitude: 1.5, longitude: offset % 90 } },
    { source: `${transaction.source}!` },
  );
  return { kind: "transaction", timeMs, origin: { partition: 0, offset }, transaction: { ...transaction, ...other } };
}

function labelOf(chance: Chance, past: Observation, entity: EntityField, nowMs: number, offset: number): Labelling {
  const { id } = past.transaction;
  const unmatched = chance.unit() < 0.1;
  return {
    kind: "label",
    key: past.transaction[entity] ?? "k0",
    // Another source's label of that id is nobody's here.
    source: chance.unit() < 0.05 ? `${past.transaction.source}?` : past.transaction.source,
    transaction: unmatched
      ? `nobody${offset}`
      : (id ?? `queueing.transactions/${past.origin.partition}/${past.origin.offset}`),
    origin: id === null && !unmatched ? past.origin : null,
    fraud: chance.unit() < 0.6,
    labelledAtMs: nowMs + chance.of(-5_000, -100, 0, 0, 100, 3_000),
  };
}
