/** The newest decisions of a topic, and what they say. */
import { sentenceOf } from "@weir/engine";
import type { DecidedTransaction, LogRecord } from "@weir/schema";
import { batchesIn, type Log, type TopicPartition } from "@weir/stream";
import { printable } from "../../cli/printable.ts";

export type Wanted = {
  readonly topic: string;
  /** At most so many, the newest. */
  readonly limit: number;
  /** Only those of which this rule is a reason; null: all. */
  readonly rule: string | null;
};

/** Oldest first; committed ones only. Looks at the last `LOOK_BACK` records of each partition. */
export async function newestDecisions(log: Log, { topic, limit, rule }: Wanted): Promise<DecidedTransaction[]> {
  const found: { readonly timestampMs: number; readonly decided: DecidedTransaction }[] = [];
  for (let partition = 0; partition < (await log.partitions(topic)); partition += 1) {
    const own: typeof found = [];
    await readNewest(log, { topic, partition }, (record) => {
      const decided = decidedIn(record);
      if (decided === null || !(rule === null || decided.decision.reasons.some((reason) => reason.rule === rule)))
        return;
      own.push({ timestampMs: record.timestampMs, decided });
      if (own.length > limit) own.shift();
    });
    found.push(...own);
  }
  found.sort((a, b) => a.timestampMs - b.timestampMs);
  return found.slice(-limit).map(({ decided }) => decided);
}

const LOOK_BACK = 20_000;

async function readNewest(log: Log, input: TopicPartition, use: (record: LogRecord) => void): Promise<void> {
  const { start, end } = await log.bounds(input);
  const from = Math.max(start, end - LOOK_BACK);
  for await (const { records } of batchesIn(log, input, from, end)) for (const record of records) use(record);
}

/** Null: it was not written by Weir. */
function decidedIn({ value }: LogRecord): DecidedTransaction | null {
  try {
    const decided = JSON.parse(value?.toString() ?? "") as DecidedTransaction;
    return Array.isArray(decided.decision.reasons) ? decided : null;
  } catch {
    return null;
  }
}

/** `decline 0.95  912.5 EUR from alice to shop  queueing.transactions/2/41`, then a line for each reason. */
export function decisionLines({ decision, amount, currency, source, target }: DecidedTransaction): string[] {
  const { outcome, score, id, reasons, late } = decision;
  return [
    `${outcome} ${score}  ${amount} ${currency} from ${source} to ${target}  ${id}${late === true ? "  (late)" : ""}`,
    ...reasons.map((reason) => `  ${sentenceOf(reason)}`),
  ].map(printable);
}
