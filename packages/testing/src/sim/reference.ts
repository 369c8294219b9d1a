/**
 * What a stage must have written, by running its steps over its input log in order, from an empty state; and how that
 * differs from what stands in the topics.
 */
import { createHash } from "node:crypto";
import { type LogRecord, type NewRecord, partitionFor } from "@weir/schema";
import {
  decidedUpTo,
  decodeMarker,
  isMarkerKey,
  type MemoryBroker,
  type Stage,
  standingOf,
  stepOrReject,
} from "@weir/stream";

/** Committed records of partitions, however they were read. */
export type Logs = {
  readonly partitions: (topic: string) => number;
  /** In the order of their offsets. */
  readonly records: (topic: string, partition: number) => readonly LogRecord[];
};

/** As differencesIn, and state topics against committed offsets. */
export function differences<S extends Stage>(
  broker: MemoryBroker,
  stages: readonly S[],
  group: (stage: S) => string,
): string[] {
  const logs: Logs = {
    partitions: (topic) => broker.partitions(topic).length,
    records(topic, partition) {
      const log = broker.partition({ topic, partition });
      return log.slice(log.start, log.end, Number.POSITIVE_INFINITY).records;
    },
  };
  return [
    ...stages.flatMap((stage) => markerFaults(broker, logs, stage, group(stage))),
    ...differencesIn(logs, stages),
  ];
}

/** One line for each difference; none: the run was right. */
export function differencesIn(logs: Logs, stages: readonly Stage[]): string[] {
  const expected = new Map<string, Written[]>();
  for (const stage of stages) {
    for (const topic of stage.outputs)
      for (let partition = 0; partition < logs.partitions(topic); partition++)
        expected.set(`${topic}/${partition}`, expected.get(`${topic}/${partition}`) ?? []);
    for (let partition = 0; partition < logs.partitions(stage.input); partition++)
      for (const written of reference(logs, stage, partition)) expected.get(written.place)?.push(written);
  }
  return [...expected].flatMap(([place, wanted]) => {
    const at = place.lastIndexOf("/");
    return compare(place, wanted, logs.records(place.slice(0, at), Number(place.slice(at + 1))));
  });
}

type Content = Omit<NewRecord, "topic">;

const MOST_READABLE = 200;

type Written = { readonly place: string; readonly text: string; readonly origin: string };

function reference(logs: Logs, stage: Stage, partition: number): Written[] {
  const state = stage.createState();
  state.loaded(-1);
  const written: Written[] = [];
  for (const record of logs.records(stage.input, partition)) {
    const { outputs, event } = stepOrReject(stage, state, record, partition);
    for (const output of outputs) {
      const count = logs.partitions(output.topic);
      const to = output.key === null ? partition % count : partitionFor(output.key, count);
      written.push({ place: `${output.topic}/${to}`, text: textOf(output), origin: `${stage.input}/${partition}` });
    }
    if (event !== null) state.apply(event, record.offset);
  }
  return written;
}

function compare(place: string, wanted: readonly Written[], records: readonly Content[]): string[] {
  const found: string[] = [];
  const places = new Map<string, number[]>();
  for (const [index, record] of records.entries()) {
    const text = textOf(record);
    const list = places.get(text);
    if (list === undefined) places.set(text, [index]);
    else list.push(index);
  }
  const last = new Map<string, number>();
  for (const { text, origin } of wanted) {
    const index = places.get(text)?.shift();
    if (index === undefined) found.push(`lost: ${place} lacks ${text}`);
    else if (index < (last.get(origin) ?? -1)) found.push(`disordered: ${text} of ${origin} in ${place}`);
    else last.set(origin, index);
  }
  for (const [text, left] of places) for (const _ of left) found.push(`doubled or unexplained: ${text} in ${place}`);
  return found;
}

/** The marker must stand where the committed offset does. */
function markerFaults(broker: MemoryBroker, logs: Logs, stage: Stage, group: string): string[] {
  return broker.partitions(stage.input).flatMap((_, partition) => {
    const decided = decidedUpTo(standingOf(broker.committed(group, { topic: stage.input, partition })));
    const markers = logs.records(stage.stateTopic, partition).filter(({ key }) => key !== null && isMarkerKey(key));
    const value = markers.at(-1)?.value ?? null;
    const position = value === null ? null : decodeMarker(value).position;
    if (position === decided) return [];
    return [`state: the marker of ${stage.input}/${partition} is at ${position}, the committed offset at ${decided}`];
  });
}

/** All of a record but its place, of which the beginning can be read: a long run keeps the text of every record. */
function textOf({ key, value, headers, timestampMs }: Content): string {
  const named = headers.map(([name, content]) => `${name}=${content?.toString("latin1")}`).join("&");
  const text = `${timestampMs} ${key?.toString("latin1")} ${value?.toString("latin1")}${named === "" ? "" : ` ${named}`}`;
  if (text.length <= MOST_READABLE) return text;
  return `${text.slice(0, MOST_READABLE)}... ${createHash("sha256").update(text, "latin1").digest("base64")}`;
}
