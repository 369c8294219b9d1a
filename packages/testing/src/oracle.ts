/**
 * Judges a run from its topics alone: what came in, what came out, and what should have come out. It recounts the
 * windows by brute force from the input and shares no code with the engine that it judges.
 */
import type { DumpedRecord } from "./outsider/dump.ts";

export type Expectations = {
  readonly input: string;
  readonly legit: string;
  readonly fraud: string;
  readonly rejected: string;
  /** Features to recount, each a count by source over a window; decisions must carry them (EXPLAIN=full). */
  readonly counts: Readonly<Record<string, number>>;
  /** Whether decisions of a source have to stand in the order of its inputs. */
  readonly inOrder: boolean;
};

export type Verdict = {
  readonly inputs: number;
  readonly outputs: number;
  readonly rejected: number;
  /** Inputs without an output. */
  readonly lost: string[];
  /** Inputs with more than one output. */
  readonly doubled: string[];
  /** Outputs without an input. */
  readonly unexplained: string[];
  /** Decisions of a source that stand in an output partition before one of an earlier input. */
  readonly disordered: string[];
  /** Decisions whose counts are not those of the recount. */
  readonly miscounted: string[];
  /** Outputs whose text is not the input's with a decision added. */
  readonly altered: string[];
};

type Decided = {
  readonly source: string;
  readonly decision: { readonly id: string; readonly order: number; readonly features?: Record<string, number> };
};

/** Throws nothing: what cannot be read is a fault of the output that it lies in. */
export function judge(records: readonly DumpedRecord[], expected: Expectations): Verdict {
  const inputs = records.filter(({ topic }) => topic === expected.input);
  const outputs = records.filter(({ topic }) => topic !== expected.input);
  const byOrigin = Map.groupBy(outputs, originOf);
  const originOfInput = ({ topic, partition, offset }: DumpedRecord): string => `${topic}/${partition}/${offset}`;
  const known = new Map(inputs.map((record) => [originOfInput(record), record]));
  const decided = outputs.filter(({ topic }) => topic !== expected.rejected);
  const truth = recount(
    inputs.filter((record) => isDecided(byOrigin.get(originOfInput(record)), expected)),
    expected.counts,
  );
  return {
    inputs: inputs.length,
    outputs: outputs.length,
    rejected: outputs.length - decided.length,
    lost: [...known.keys()].filter((origin) => !byOrigin.has(origin)),
    doubled: [...byOrigin].filter(([origin, list]) => known.has(origin) && list.length > 1).map(([origin]) => origin),
    unexplained: [...byOrigin.keys()].filter((origin) => !known.has(origin)),
    disordered: expected.inOrder ? disordered(decided) : [],
    miscounted: decided
      .filter((record) => {
        const features = parse(record)?.decision.features ?? {};
        const right = truth.get(originOf(record)) ?? {};
        return Object.keys(expected.counts).some((name) => features[name] !== right[name]);
      })
      .map(originOf),
    altered: decided.filter((record) => isAltered(record, known.get(originOf(record)))).map(originOf),
  };
}

/** Whether nothing at all is wrong. */
export function isClean(verdict: Verdict): boolean {
  const { lost, doubled, unexplained, disordered, miscounted, altered } = verdict;
  return [lost, doubled, unexplained, disordered, miscounted, altered].every((list) => list.length === 0);
}

function originOf(record: DumpedRecord): string {
  const header = record.headers.find(([name]) => name === "weir-origin");
  if (header !== undefined) return String(header[1]);
  return parse(record)?.decision.id ?? `unreadable output ${record.topic}/${record.partition}/${record.offset}`;
}

function parse(record: DumpedRecord): Decided | null {
  try {
    const value = JSON.parse(String(record.value)) as Decided;
    return typeof value.decision.id === "string" ? value : null;
  } catch {
    return null;
  }
}

function isDecided(outputs: readonly DumpedRecord[] | undefined, expected: Expectations): boolean {
  return outputs?.some(({ topic }) => topic !== expected.rejected) ?? false;
}

function disordered(decided: readonly DumpedRecord[]): string[] {
  const last = new Map<string, number>();
  return decided
    .filter((record) => {
      const value = parse(record);
      if (value === null) return true;
      const place = `${record.topic}/${record.partition}/${value.source}`;
      const before = last.get(place) ?? -1;
      last.set(place, value.decision.order);
      return value.decision.order <= before;
    })
    .map(originOf);
}

/** For each input: how many of its source's inputs up to it, in its partition, have an event time in (t - w, t]. */
function recount(inputs: readonly DumpedRecord[], counts: Expectations["counts"]): Map<string, Record<string, number>> {
  const times = new Map<string, number[]>();
  const truth = new Map<string, Record<string, number>>();
  for (const record of inputs) {
    const { source, timestamp } = JSON.parse(String(record.value)) as { source: string; timestamp?: number | string };
    const timeMs = timestamp === undefined ? record.timestampMs : new Date(timestamp).getTime();
    const key = `${record.partition}/${source}`;
    const before = times.get(key) ?? [];
    times.set(key, before);
    before.push(timeMs);
    const right: Record<string, number> = {};
    for (const [name, windowMs] of Object.entries(counts)) {
      let count = 0;
      for (const time of before) if (time > timeMs - windowMs && time <= timeMs) count += 1;
      right[name] = count;
    }
    truth.set(`${record.topic}/${record.partition}/${record.offset}`, right);
  }
  return truth;
}

function isAltered(output: DumpedRecord, input: DumpedRecord | undefined): boolean {
  if (input === undefined) return false;
  const [text, original] = [String(output.value), String(input.value)];
  const end = original.lastIndexOf("}");
  const head = original.slice(0, end);
  return !(text.startsWith(`${head},"decision":{`) && text.endsWith(original.slice(end)));
}
