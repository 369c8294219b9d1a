/**
 * What a stage must have written and kept: its steps over its input log in order, from an empty state, up to the offset
 * that its group has committed.
 */
import { createHash } from "node:crypto";
import { type NewRecord, partitionFor } from "@weir/schema";
import { type StageState, stepOrReject } from "@weir/stream";
import { decidedBelow, type Evidence, type Judged } from "./evidence.ts";
import { subjectOf } from "./subject.ts";

/** A record where it has to stand. */
export type Written = {
  readonly topic: string;
  readonly partition: number;
  /** All of it but its place. */
  readonly text: string;
  readonly subject: string | null;
  /** The partition of the log that it comes from: records of one keep their order. */
  readonly from: string;
};

export type Reference = {
  readonly written: readonly Written[];
  /** As of `position`. */
  readonly state: StageState<unknown>;
  readonly position: number;
  /** Records from there on. */
  readonly undecided: number;
};

export function referenceOf(evidence: Evidence, judged: Judged, partition: number): Reference {
  const { stage } = judged;
  const position = decidedBelow(evidence, judged, partition);
  const state = stage.createState();
  state.loaded(-1);
  const written: Written[] = [];
  let undecided = 0;
  for (const record of evidence.records(stage.input, partition)) {
    if (record.offset >= position) {
      undecided += 1;
      continue;
    }
    const { outputs, event } = stepOrReject(stage, state, record, partition);
    for (const output of outputs) {
      const count = evidence.partitions(output.topic);
      written.push({
        topic: output.topic,
        partition: output.key === null ? partition % count : partitionFor(output.key, count),
        text: textOf(output),
        subject: subjectOf(output),
        from: `${stage.input}/${partition}`,
      });
    }
    if (event !== null) state.apply(event, record.offset);
  }
  return { written, state, position, undecided };
}

const MOST_READABLE = 200;

/** All of a record but its place, of which the beginning can be read: a long run keeps the text of every record. */
export function textOf({ key, value, headers, timestampMs }: Omit<NewRecord, "topic">): string {
  const named = headers.map(([name, content]) => `${name}=${content?.toString("latin1")}`).join("&");
  const text = `${timestampMs} ${key?.toString("latin1")} ${value?.toString("latin1")}${named === "" ? "" : ` ${named}`}`;
  if (text.length <= MOST_READABLE) return text;
  return `${text.slice(0, MOST_READABLE)}... ${createHash("sha256").update(text, "latin1").digest("base64")}`;
}
