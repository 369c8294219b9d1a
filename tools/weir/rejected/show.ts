import { exportedLetter, type LedgerEntry, type Letter, originalOf, printable, readLedger } from "@weir/rejected";
import { rejectedLedgerTopic } from "@weir/schema";
import { TopicMissing } from "@weir/stream";
import { flag } from "../../cli/arguments.ts";
import {
  choosing,
  chosenLetters,
  defineAction,
  INTERRUPTED,
  NOTHING_CHOSEN,
  originFaults,
  type World,
} from "./world.ts";

export const showAction = defineAction({
  usage: "show ORIGIN [options]",
  about:
    "Shows one of them as JSON: why it was rejected, its headers, and of key, headers and payload what kind of thing they are",
  options: {
    payload: flag("show key, headers and payload as they are: text, or base64 where they are no UTF-8"),
    "from-input": flag("read the record from the input topic, for one that is only referred to; while that is kept"),
    partition: choosing.partition,
  },
  more: [
    "Without --payload nothing that the producer wrote is shown but names of headers: bytes are told by their length, JSON by",
    "the kinds of its members (string of 12 characters, number, ...), members that Weir does not know without their names.",
    "",
    "Exit codes: 0 found; 1 not found, or Kafka failed; 78 something must be changed; 130 stopped by Ctrl-C.",
  ],
  check: (words) => (words.length === 1 ? originFaults(words) : [`one ORIGIN is needed, got ${words.length}`]),
  async act([origin = ""], values, world) {
    const letter = await findLetter(world, origin, values.partition);
    if (world.interrupt.aborted) return INTERRUPTED;
    if (letter === null) {
      console.error(`${world.topics.rejected} has nothing that came from ${origin}`);
      return 1;
    }
    let shown = letter;
    if (values["from-input"]) {
      const original = await originalOf(world.log, letter, [world.topics.transactions, world.topics.labels]);
      if (!original.ok) {
        console.error(`${origin}: ${original.why}`);
        return 1;
      }
      const { key, value, headers } = original.record;
      // It is no reference any more, so it is masked like any other.
      shown = { ...letter, key, value, headers, isReference: false };
    }
    const { headers, ...rest } = exportedLetter(shown, values);
    const sentAgain = await ledgerEntry(world, origin);
    const told = { ...rest, headers: headers.map(([name, value]) => [printable(name), value]) };
    console.log(JSON.stringify({ ...told, ...(sentAgain === null ? {} : { replayed: replayed(sentAgain) }) }, null, 2));
    return 0;
  },
});

/** The first that has this origin; its bytes are copies. */
async function findLetter(world: World, origin: string, partition: number | null): Promise<Letter | null> {
  for await (const { letters } of chosenLetters(world, { ...NOTHING_CHOSEN, partition }, new Set([origin])))
    for (const letter of letters) return letter;
  return null;
}

async function ledgerEntry({ log, appId }: World, origin: string): Promise<LedgerEntry | null> {
  try {
    return (await readLedger(log, rejectedLedgerTopic(appId), new Set([origin]))).get(origin) ?? null;
  } catch (error) {
    // Without a ledger nothing was ever sent again.
    if (error instanceof TopicMissing) return null;
    throw error;
  }
}

function replayed({ atMs, bytes, to }: LedgerEntry) {
  return { at: new Date(atMs).toISOString(), bytes, to };
}
