/**
 * The reference of a chain: every stage steps through its log from the beginning, one record after the other, on a state
 * that is never snapshotted, and what it says must be what stands in the logs behind it, byte for byte: nothing lost,
 * nothing doubled, nothing else, and what one partition gave rise to in its order.
 */
import { createHash } from "node:crypto";
import type { ChainStage } from "@weir/engine";
import { type LogRecord, type NewRecord, partitionFor } from "@weir/schema";

/** The committed records of one partition, in the order of their offsets. */
export type ReadLog = (topic: string, partition: number) => readonly LogRecord[];

export type Logs = { readonly read: ReadLog; readonly partitions: number };

const MOST_TOLD = 10;

/** What is wrong in the topics that the chain writes; empty if nothing is. */
export function chainFaults(chain: readonly ChainStage[], logs: Logs): string[] {
  const expected = new Map<string, Map<string, string[]>>();
  for (const stage of chain)
    for (let partition = 0; partition < logs.partitions; partition += 1)
      for (const output of outputsOf(stage, logs, partition)) {
        const place = `${output.topic}/${partitionOf(output, partition, logs.partitions)}`;
        const from = `${stage.input}/${partition}`;
        const sources = expected.get(place) ?? new Map<string, string[]>();
        expected.set(place, sources);
        const said = sources.get(from);
        if (said === undefined) sources.set(from, [digestOf(output)]);
        else said.push(digestOf(output));
      }
  const faults: string[] = [];
  const topics = new Set(chain.flatMap(({ outputs }) => outputs));
  for (const topic of topics)
    for (let partition = 0; partition < logs.partitions; partition += 1) {
      const place = `${topic}/${partition}`;
      faults.push(...mergeFaults(place, logs.read(topic, partition), expected.get(place) ?? new Map()));
    }
  return faults.length > MOST_TOLD ? [...faults.slice(0, MOST_TOLD), `and ${faults.length - MOST_TOLD} more`] : faults;
}

function* outputsOf(stage: ChainStage, { read }: Logs, partition: number): Generator<NewRecord> {
  const state = stage.createState();
  state.loaded(-1);
  for (const record of read(stage.input, partition)) {
    const { outputs, event } = stage.step(state, record, partition);
    yield* outputs;
    if (event !== null) state.apply(event, record.offset);
  }
}

/** `expected`: of each partition that wrote here, digests of what it wrote, in order. They may interleave in any way. */
function mergeFaults(
  place: string,
  found: readonly LogRecord[],
  expected: ReadonlyMap<string, readonly string[]>,
): string[] {
  const faults: string[] = [];
  const done = new Map<string, number>();
  for (const record of found) {
    const digest = digestOf(record);
    const from = [...expected.keys()].find((one) => expected.get(one)?.[done.get(one) ?? 0] === digest);
    if (from !== undefined) done.set(from, (done.get(from) ?? 0) + 1);
    else faults.push(`${place}/${record.offset} is not what comes next of any partition: ${record.value}`);
  }
  for (const [from, digests] of expected) {
    const left = digests.length - (done.get(from) ?? 0);
    if (left > 0) faults.push(`${place} lacks ${left} of the ${digests.length} records from ${from}, the last ones`);
  }
  return faults;
}

/** Of all of a record but its place. */
function digestOf({ key, value, headers, timestampMs }: Omit<NewRecord, "topic">): string {
  const hash = createHash("sha256");
  const add = (bytes: Buffer | null): void => {
    hash.update(`${bytes?.length ?? -1};`);
    if (bytes !== null) hash.update(bytes);
  };
  hash.update(`${timestampMs};`);
  add(key);
  add(value);
  for (const [name, bytes] of headers) {
    add(Buffer.from(name));
    add(bytes);
  }
  return hash.digest("base64");
}

function partitionOf({ key }: NewRecord, partition: number, partitions: number): number {
  return key === null ? partition % partitions : partitionFor(key, partitions);
}
