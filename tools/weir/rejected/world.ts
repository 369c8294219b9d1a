/** What all of `weir rejected` share: the cluster of the environment, options that choose letters, progress, Ctrl-C. */
import { type KafkaConnection, KafkaLog } from "@weir/kafka";
import { type Letter, type LetterFilter, matches, type ScanRange, scanLetters } from "@weir/rejected";
import { DECISION_ID, REASON_CODES } from "@weir/schema";
import { appId, ConfigurationError, kafkaSettings, readSettings, topicSettings } from "@weir/service";
import { type Log, RetryLater, TopicMissing } from "@weir/stream";
import {
  integer,
  type Option,
  type OptionTable,
  type OptionValues,
  optionLines,
  parseArguments,
  refuse,
} from "../../cli/arguments.ts";
import { count, share } from "../../cli/format.ts";
import { instant } from "../../cli/instant.ts";
import { Interrupt } from "../../cli/interrupt.ts";
import { Screen } from "../../cli/screen.ts";

export const INTERRUPTED = 130;

const LIVE_MS = 250;
const PLAIN_MS = 5_000;

const settings = { kafka: kafkaSettings("weir-rejected"), topics: topicSettings, appId };

export type World = {
  readonly log: Log;
  readonly connection: KafkaConnection;
  readonly appId: string;
  readonly topics: { readonly transactions: string; readonly labels: string; readonly rejected: string };
  readonly interrupt: AbortSignal;
  readonly screen: Screen;
};

export type Action = {
  /** What follows `rejected`. */
  readonly usage: string;
  readonly about: string;
  readonly run: (args: readonly string[]) => Promise<number>;
};

type ActionSpec<T extends OptionTable> = Pick<Action, "usage" | "about"> & {
  readonly options: T;
  /** Lines of --help after the options. */
  readonly more: readonly string[];
  /** What is wrong with the words and values together. */
  readonly check: (words: readonly string[], values: OptionValues<T>) => readonly string[];
  readonly act: (words: readonly string[], values: OptionValues<T>, world: World) => Promise<number>;
};

/** Parses, connects, and closes all of it again. */
export function defineAction<const T extends OptionTable>({ usage, about, options, ...spec }: ActionSpec<T>): Action {
  const command = `npm run weir -- rejected ${usage.split(" ")[0]}`;
  const run = async (args: readonly string[]): Promise<number> => {
    const { values, words, help, faults } = parseArguments(options, args, process.env);
    if (help) {
      const lines = [
        `npm run weir -- rejected ${usage}`,
        "",
        `${about}.`,
        "",
        ...optionLines(options),
        "",
        ...spec.more,
      ];
      console.log(lines.join("\n"));
      return 0;
    }
    const wrong = [...faults, ...spec.check(words, values)];
    if (wrong.length > 0) return refuse(command, wrong);
    const { kafka, topics, appId: app } = readSettings(settings);
    using interrupt = new Interrupt(() => process.exit(INTERRUPTED));
    const log = new KafkaLog({ connection: kafka, log: () => {} });
    const screen = new Screen(process.stderr, process.env);
    try {
      const world = { log, connection: kafka, appId: app, topics, interrupt: interrupt.signal, screen };
      return await spec.act(words, values, world);
    } catch (error) {
      screen.clear();
      if (error instanceof TopicMissing)
        throw new ConfigurationError(`${error.message}. Mend: npm run weir -- topics apply`, { cause: error });
      if (error instanceof RetryLater)
        throw new Error(`Kafka at ${kafka.brokers.join(",")} (KAFKA_BROKER_URL): ${error.message}`, { cause: error });
      throw error;
    } finally {
      await log.close();
    }
  };
  return { usage, about, run };
}

export function variableLines(): string[] {
  const rows = Object.values(settings).flatMap((entry) => entry.rows);
  const width = Math.max(...rows.map((row) => row.name.length));
  return rows.map((row) => {
    const fallback = row.required ? "required" : `default ${row.fallback ?? "not set"}`;
    return `  ${row.name.padEnd(width)}  ${row.about} (${row.accepts}; ${fallback})`;
  });
}

const offset = (about: string) => integer({ about, min: 0, max: Number.MAX_SAFE_INTEGER, fallback: null });

/** The options by which letters are chosen; none of them given chooses all. */
export const choosing = {
  reason: reasons(),
  since: instant("input records from this time on: 2026-08-01T12:00:00Z, or 2h for two hours ago"),
  until: instant("and before this time"),
  partition: integer({ about: "of the rejected topic: read this one alone", min: 0, max: 1_000_000, fallback: null }),
  from: offset("first offset in the rejected topic's partitions to be read"),
  to: offset("offset to stop before"),
};

type Chosen = OptionValues<typeof choosing>;

export const NOTHING_CHOSEN: Chosen = { reason: null, since: null, until: null, partition: null, from: null, to: null };

export function isAnyChosen(values: Chosen): boolean {
  return Object.keys(choosing).some((name) => values[name as keyof Chosen] !== null);
}

/** Every letter that is chosen, a batch at a time; stops at Ctrl-C. `origins`: those alone; null: all. */
export async function* chosenLetters(
  { log, topics, interrupt, screen }: World,
  chosen: Chosen,
  origins: ReadonlySet<string> | null = null,
): AsyncGenerator<{ readonly letters: readonly Letter[]; readonly others: number }> {
  const filter: LetterFilter = { reasons: chosen.reason, sinceMs: chosen.since, untilMs: chosen.until, origins };
  const range: ScanRange = { partition: chosen.partition, from: chosen.from, to: chosen.to, last: null };
  let shownMs = performance.now();
  for await (const { letters, others, done, of } of scanLetters(log, topics.rejected, range)) {
    if (interrupt.aborted) break;
    yield { letters: letters.filter((letter) => matches(filter, letter)), others };
    if (performance.now() - shownMs < (screen.live ? LIVE_MS : PLAIN_MS)) continue;
    shownMs = performance.now();
    const line = `${count(done)} of ${count(of)} rejected records read  ${share(done, of)}`;
    if (screen.live) screen.draw([line]);
    else screen.say(line);
  }
  screen.clear();
}

export function originFaults(words: readonly string[]): string[] {
  const wrong = words.filter((word) => !DECISION_ID.test(word));
  return wrong.map((word) => `${JSON.stringify(word)} is no origin: TOPIC/PARTITION/OFFSET, as list shows them`);
}

function reasons(): Option<ReadonlySet<string> | null> {
  return {
    placeholder: "REASON[,REASON]",
    about: `${REASON_CODES.join(", ")}`,
    fallback: null,
    parse: (given) => {
      const words = given.split(",");
      const unknown = words.filter((word) => !(REASON_CODES as readonly string[]).includes(word));
      return unknown.length === 0
        ? { value: new Set(words) }
        : { fault: `must be among ${REASON_CODES.join(", ")}; got ${JSON.stringify(given)}` };
    },
  };
}
