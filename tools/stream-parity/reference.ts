/**
 * Every stage once more, one after the other, each partition of its log from the beginning: what it says has to be what lies
 * in the topics, as often and byte for byte. In memory there are hashes alone, so that weeks fit.
 */
import { createHash } from "node:crypto";
import type { ChainStage } from "@weir/engine";
import { type NewRecord, partitionFor } from "@weir/schema";
import { type Log, recordsOf, stepOrReject } from "@weir/stream";

export type Differences = {
  readonly stages: number;
  /** Compared. */
  readonly records: number;
  readonly found: readonly string[];
};

export async function differencesOf(log: Log, stages: readonly ChainStage[], partitions: number): Promise<Differences> {
  /** Times that a record has to be there, less those that it is. */
  const open = new Map<string, number>();
  const add = (text: string, times: 1 | -1): void => {
    const left = (open.get(text) ?? 0) + times;
    if (left === 0) open.delete(text);
    else open.set(text, left);
  };
  let records = 0;
  for (const stage of stages)
    for (let partition = 0; partition < partitions; partition += 1) {
      const state = stage.createState();
      state.loaded(-1);
      for await (const record of recordsOf(log, { topic: stage.input, partition })) {
        const { outputs, event } = stepOrReject(stage, state, record, partition);
        for (const output of outputs) add(digestOf(output, placeOf(output, partition, partitions)), 1);
        if (event !== null) state.apply(event, record.offset);
      }
    }
  for (const topic of new Set(stages.flatMap(({ outputs }) => outputs)))
    for (let partition = 0; partition < partitions; partition += 1)
      for await (const record of recordsOf(log, { topic, partition })) {
        records += 1;
        add(digestOf({ ...record, topic }, partition), -1);
      }
  const found = [...open].map(([text, times]) => `${text}: ${Math.abs(times)} ${times > 0 ? "missing" : "too many"}`);
  return { stages: stages.length, records, found };
}

function placeOf({ key }: NewRecord, partition: number, partitions: number): number {
  return key === null ? partition : partitionFor(key, partitions);
}

/** Its topic and partition, which can be read, and a hash of all else. */
function digestOf({ topic, key, value, headers, timestampMs }: NewRecord, partition: number): string {
  const hash = createHash("sha256").update(`${timestampMs} ${key?.length} ${value?.length}`);
  for (const bytes of [key, value]) if (bytes !== null) hash.update(bytes);
  for (const [name, content] of headers) hash.update(` ${name} ${content?.length} `).update(content ?? "");
  return `${topic}/${partition} ${hash.digest("base64").slice(0, 20)}`;
}
