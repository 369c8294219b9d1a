/**
 * The windows of one entity: memory and collector pauses at 1,000,000 keys, and time per event against the events of a
 * key and the number of windows, beside a map of arrays. Time is processor time of ask() and apply() together.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EntityState, type Feature, type Labelling, layoutOf, type Observation } from "@weir/engine";
import { breathe, longestPauseMs, memoryBytes, nsPerCall, printTable } from "./measure.ts";
import { NaiveState } from "./naive.ts";
import { svgOf } from "./svg.ts";

const KEYS = 1_000_000;
const NAIVE_KEYS = 100_000;
const EVENTS_PER_KEY = 20;
const TARGETS = 100_000;
const LABELLED = 0.05;
const START_MS = 1_700_000_000_000;
const DAY_MS = 86_400_000;
const LENGTHS = [10, 100, 1_000, 10_000, 100_000] as const;
const WINDOW_COUNTS = [1, 2, 4, 8, 16, 32] as const;
const AGGREGATES = ["count", "sum", "distinct", "max", "mean", "stddev", "count", "distinct"] as const;
const FOLDER = join(import.meta.dirname, "../../.weir/bench");

export const windowsPart = {
  name: "windows",
  async run(): Promise<void> {
    await memory();
    const costs = byEvents();
    byWindows();
    mkdirSync(FOLDER, { recursive: true });
    const file = join(FOLDER, "windows.svg");
    writeFileSync(
      file,
      svgOf({ title: "ask and apply, 8 windows", x: "live events of the key", y: "ns per event", lines: costs }),
    );
    console.log(`\nplot: ${file}`);
  },
};

/** `count` windows: the longest `longestMs`, each next of the same kind half as long. */
function featuresOf(count: number, longestMs: number): Feature[] {
  return Array.from({ length: count }, (_, index) => {
    const aggregate = AGGREGATES[index % AGGREGATES.length] as Feature["aggregate"];
    const windowMs = Math.max(1, Math.round(longestMs / 2 ** Math.floor(index / 2)));
    const field = aggregate === "distinct" ? ("target" as const) : null;
    return {
      name: `f${index}`,
      by: "source",
      and: [],
      aggregate,
      field,
      windowMs,
      delayMs: 0,
      before: false,
      otherwise: 0,
    };
  });
}

const letters = (prefix: string, number: number): string => `${prefix}${String(number).padStart(11, "0")}`;

function transaction(key: number, target: number, amountMinor: number, timeMs: number, offset: number): Observation {
  return {
    kind: "transaction",
    timeMs,
    origin: { partition: 0, offset },
    transaction: {
      id: String(offset),
      source: letters("s", key),
      target: letters("t", target),
      currency: "EUR",
      exponent: 2,
      amountMinor,
      timestampMs: timeMs,
      channel: null,
      country: null,
      category: null,
      device: null,
      location: null,
    },
  };
}

async function memory(): Promise<void> {
  const rows: (string | number)[][] = [["1,000,000 keys x 20 events", "bytes/key", "longest pause, ms", "ns/apply"]];
  const features = featuresOf(8, 30 * DAY_MS);
  for (const [name, ids, labels] of [
    ["windows alone", false, false],
    ["with ids, origins, duplicates", true, false],
    ["with labels too (5 % labelled fraud)", true, true],
  ] as const) {
    const layout = layoutOf("source", features, { latenessMs: DAY_MS, ids, labels });
    rows.push([name, ...(await footprint(KEYS, () => new EntityState("bench", layout, features), labels))]);
  }
  const naive = await footprint(NAIVE_KEYS, () => new NaiveState(features), false);
  rows.push([`map of arrays (${NAIVE_KEYS.toLocaleString("en")} keys)`, ...naive]);
  printTable("Memory", rows);
  console.log(
    "\nthe aims: under 600 bytes for windows alone, 1 KB (1,024) with all of it; no pause of 100 ms of the clock",
  );
}

/** Bytes a key, the collector's longest pause in ms, ns of processor time an event. */
async function footprint(keys: number, make: () => EntityState | NaiveState, labels: boolean) {
  const before = memoryBytes();
  const state = make();
  let nanoseconds = 0;
  const pauseMs = await longestPauseMs(async () => {
    nanoseconds = await fill(keys, (event, offset) => {
      state.apply(event, offset);
      if (!(state instanceof EntityState)) return;
      if (labels && offset % (1 / LABELLED) === 0) state.apply(fraudLabel(event), offset);
      if (offset % 500 === 499) state.takeSnapshot(125, offset + 1);
    });
  });
  const bytes = (memoryBytes() - before) / state.keys;
  return [Math.round(bytes), pauseMs.toFixed(1), Math.round(nanoseconds)] as const;
}

function fraudLabel({ transaction, timeMs }: Observation): Labelling {
  const { id, source } = transaction;
  const named = { key: source, source, transaction: id as string, origin: null };
  return { kind: "label", ...named, fraud: true, labelledAtMs: timeMs };
}

/** EVENTS_PER_KEY rounds over the keys, each in another order, within 20 days. Returns ns of processor time an event. */
async function fill(keys: number, take: (event: Observation, offset: number) => void): Promise<number> {
  const stepMs = (20 * DAY_MS) / (keys * EVENTS_PER_KEY);
  const before = process.cpuUsage();
  for (let offset = 0; offset < keys * EVENTS_PER_KEY; offset += 1) {
    const key = (offset * 514_229) % keys;
    const timeMs = START_MS + Math.floor(offset * stepMs);
    take(transaction(key, (offset * 7_919) % TARGETS, 1 + ((offset * 104_729) % 100_000), timeMs, offset), offset);
    if (offset % 20_000 === 0) await breathe();
  }
  return (process.cpuUsage(before).user * 1_000) / (keys * EVENTS_PER_KEY);
}

type State = { ask(event: Observation, into: Float64Array): void; apply(event: Observation, offset: number): void };

/** ns per event of a state whose keys have `length` live events each, every one replaced by a new one. */
function steadyNs(
  state: State,
  windows: number,
  length: number,
  jitterMs: number,
  forMs: number,
  calls = 5_000,
): number {
  const keys = Math.max(1, Math.round(20_000 / length));
  const into = new Float64Array(windows);
  let offset = 0;
  let chance = 1;
  const step = (ask: boolean): void => {
    chance = (Math.imul(chance, 1_103_515_245) + 12_345) >>> 0;
    const timeMs = START_MS + Math.floor((offset * SPACING_MS) / keys) - ((chance >>> 8) % (jitterMs + 1));
    const event = transaction(offset % keys, (chance >>> 4) % 1_000, 1 + (chance % 100_000), timeMs, offset);
    if (ask) state.ask(event, into);
    state.apply(event, offset);
    offset += 1;
  };
  for (let filled = 0; filled < keys * length; filled += 1) step(false);
  return nsPerCall(() => step(true), calls, forMs);
}

/** Between two events of one key; windows are given in events. */
const SPACING_MS = 100;

function entity(features: readonly Feature[], latenessMs: number): EntityState {
  const layout = layoutOf("source", features, { latenessMs, ids: true, labels: false });
  return new EntityState("bench", layout, features);
}

function byEvents() {
  const heads = [
    "live events",
    "in order, ns",
    "out of order by up to 10 events, ns",
    "by up to 100, ns",
    "map of arrays, ns",
  ];
  const rows: (string | number)[][] = [[...heads, "ratio"]];
  const lines = ["in order", "by up to 10", "by up to 100", "map of arrays"].map((name) => ({
    name,
    points: [] as [number, number][],
  }));
  for (const length of LENGTHS) {
    const features = featuresOf(8, length * SPACING_MS);
    const costs = [0, 10, 100].map((events) =>
      steadyNs(entity(features, events * SPACING_MS), 8, length, events * SPACING_MS, 1_500),
    );
    costs.push(steadyNs(new NaiveState(features), 8, length, 0, 1_000, Math.max(10, Math.round(100_000 / length))));
    const ratio = (costs[3] as number) / (costs[0] as number);
    rows.push([length.toLocaleString("en"), ...costs.map(Math.round), ratio.toFixed(1)]);
    for (const [index, ns] of costs.entries()) lines[index]?.points.push([length, ns]);
  }
  printTable("Time per event (ask and apply), 8 windows", rows);
  return lines;
}

function byWindows(): void {
  const rows: (string | number)[][] = [["windows", "20 live events, ns", "10,000 live events, ns"]];
  for (const windows of WINDOW_COUNTS) {
    const cells = [20, 10_000].map((length) =>
      Math.round(steadyNs(entity(featuresOf(windows, length * SPACING_MS), 0), windows, length, 0, 1_000)),
    );
    rows.push([windows, ...cells]);
  }
  printTable("Time per event against the number of windows", rows);
}
