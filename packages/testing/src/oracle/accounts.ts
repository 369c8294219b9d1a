/**
 * The books: inputs against outputs, with no notion of stages. Shares no code with the engine, so what the engine
 * leaves out by mistake is missed here too.
 */
import { type LogRecord, parseDecisionId } from "@weir/schema";
import { type Evidence, idOf } from "./evidence.ts";
import { originOf } from "./subject.ts";

export type OutsideTopics = {
  readonly transactions: string;
  readonly legit: string;
  readonly fraud: string;
  readonly rejected: string;
};

export type Accounts = {
  readonly inputs: number;
  /** Of transactions and of everything else that was rejected. */
  readonly outputs: number;
  readonly rejected: number;
  /** Inputs without an output. */
  readonly lost: string[];
  /** Inputs with more than one, and whatever else was rejected twice. */
  readonly doubled: string[];
  /** Outputs of nothing. */
  readonly unexplained: string[];
  /** Decisions whose text is not the input's, as outputs have it, with a decision added. */
  readonly wrong: string[];
};

/**
 * `decidedBelow`: up to where each partition of the transactions is decided. `others`: what else may have been rejected.
 * `asWritten`: what becomes of an input's text in outputs, the decision apart.
 */
export function accountsOf(
  evidence: Evidence,
  topics: OutsideTopics,
  decidedBelow: (partition: number) => number,
  others: readonly string[],
  asWritten: (text: string) => string = (text) => text,
): Accounts {
  const { transactions, legit, fraud, rejected } = topics;
  const inputs = new Map<string, LogRecord>();
  const isDue = new Set<string>();
  for (const { id, record, partition } of allOf(evidence, transactions)) {
    inputs.set(id, record);
    if (record.offset < decidedBelow(partition)) isDue.add(id);
  }
  const otherIds = new Set(others.flatMap((topic) => [...allOf(evidence, topic)].map(({ id }) => id)));
  const doubled: string[] = [];
  const unexplained: string[] = [];
  const wrong: string[] = [];
  const seen = new Map<string, number>();
  let [outputs, rejections] = [0, 0];
  for (const topic of [legit, fraud, rejected])
    for (const { id: place, record } of allOf(evidence, topic)) {
      outputs += 1;
      if (topic === rejected) rejections += 1;
      const origin = originOf(record);
      if (origin === null || !(isDue.has(origin) || (topic === rejected && otherIds.has(origin)))) {
        const input = origin !== null && parseDecisionId(origin, transactions) !== null && inputs.has(origin);
        unexplained.push(`${place} is of ${origin}, which is ${input ? "not committed" : "not there"}`);
        continue;
      }
      const times = (seen.get(origin) ?? 0) + 1;
      seen.set(origin, times);
      if (times === 2) doubled.push(origin);
      const input = inputs.get(origin);
      if (topic !== rejected && (input === undefined || isAltered(record, asWritten(String(input.value)))))
        wrong.push(`${place} is not ${origin} with a decision added`);
    }
  const lost = [...isDue].filter((id) => !seen.has(id));
  return { inputs: inputs.size, outputs, rejected: rejections, lost, doubled, unexplained, wrong };
}

/** Every record of a topic. */
export function* allOf(
  evidence: Evidence,
  topic: string,
): Generator<{ readonly id: string; readonly record: LogRecord; readonly partition: number }> {
  for (let partition = 0; partition < evidence.partitions(topic); partition += 1)
    for (const record of evidence.records(topic, partition))
      yield { id: idOf(topic, partition, record), record, partition };
}

function isAltered(output: LogRecord, original: string): boolean {
  const text = String(output.value);
  const end = original.lastIndexOf("}");
  return !(text.startsWith(`${original.slice(0, end)},"decision":{`) && text.endsWith(original.slice(end)));
}
