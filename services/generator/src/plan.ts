/** What a run is to send, from its settings: which stream, how fast event time passes, when it ends. */
import { randomBytes } from "node:crypto";
import {
  customersFor,
  DAY_MS,
  EventClock,
  PaymentStream,
  Random,
  type Scenario,
  sharesAdded,
  withShareAdded,
} from "@weir/scenario";
import { ConfigurationError, type Settings } from "@weir/service";
import type { generatorSettings } from "./settings.ts";
import { plainTransactions, scenarioTransactions, type TransactionSource } from "./transactions.ts";

/** Where event time begins if it is to run faster than the clock and nobody says where: 2024-01-01T00:00:00Z. */
const LONG_AGO_MS = 1_704_067_200_000;
/** Stream of the draws of plain transactions. */
const PLAIN = 0xffff_ffff;

type Wanted = Settings<typeof generatorSettings>;

export type Plan = {
  readonly settings: Wanted;
  readonly scenario: Scenario;
  readonly customers: number;
  /** Null: event time is the clock's. */
  readonly eventClock: EventClock | null;
  /** Ids begin with it. */
  readonly run: string;
  readonly isLabelling: boolean;
  /** Stop after so many; null: never. */
  readonly count: number | null;
  /** For the log. */
  readonly told: Readonly<Record<string, string | number | boolean | null>>;
};

/** Throws a ConfigurationError for settings that are right one by one and not together. `nowMs`: epoch ms. */
export function planOf(settings: Wanted, nowMs: number): Plan {
  const { rate, seed, plain, speedup } = settings;
  const scenario = scenarioOf(settings);
  const startMs = settings.startMs ?? (speedup > 1 ? LONG_AGO_MS : null);
  if (startMs !== null && startMs > nowMs)
    throw new ConfigurationError(`START must not be in the future, got ${new Date(startMs).toISOString()}`);
  const customers = settings.customers ?? customersFor(scenario, rate, speedup);
  const eventClock = plain || startMs === null ? null : new EventClock({ startMs, speedup, byDay: true });
  const run = eventClock === null ? newRun(nowMs) : `${scenario.name}-${seed}`;
  const count =
    eventClock === null ? settings.count : leastOf(settings.count, untilNow(startMs ?? nowMs, nowMs, settings));
  const told = plain ? { seed, count, plain } : { seed, count, scenario: scenario.name, customers, speedup, run };
  const isLabelling = settings.labels && !plain && scenario.labels !== null;
  return { settings, scenario, customers, eventClock, run, isLabelling, count, told };
}

export function sourceOf(plan: Plan, partitions: number): TransactionSource {
  const { settings, scenario, customers, eventClock, run, isLabelling } = plan;
  const { plain, seed } = settings;
  if (plain) return plainTransactions(new Random(seed, PLAIN));
  const stream = new PaymentStream({ scenario, seed, customers, run });
  return scenarioTransactions({ stream, eventClock, partitions, isLabelling });
}

/** The document, changed as the environment says. */
function scenarioOf({ scenario, fraudPerMille, labelDelayMs, labels }: Wanted): Scenario {
  if (fraudPerMille !== null && sharesAdded(scenario.attacks) === 0)
    throw new ConfigurationError(
      `FRAUD_PER_MILLE needs a scenario with attacks that add payments; ${scenario.name} has none`,
    );
  const attacked = fraudPerMille === null ? scenario : withShareAdded(scenario, fraudPerMille / 1000);
  if (!labels) return { ...attacked, labels: null };
  if (labelDelayMs === null) return attacked;
  const { share } = attacked.labels ?? { share: 1 };
  return { ...attacked, labels: { share, delayMs: { from: labelDelayMs, to: labelDelayMs } } };
}

/** How many transactions there are before event time has caught up with the clock, to a day; null: it never does. */
function untilNow(startMs: number, nowMs: number, { rate, speedup }: Wanted): number | null {
  if (speedup === 1) return null;
  return Math.max(1, Math.floor((rate * (nowMs - DAY_MS - startMs)) / (speedup - 1) / 1000));
}

function leastOf(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}

/** A new name for each run, so that ids never repeat although the sequence of payments does. */
function newRun(nowMs: number): string {
  return `${nowMs.toString(36)}${randomBytes(3).toString("hex")}`;
}
