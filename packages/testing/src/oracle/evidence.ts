/** All that the oracle is told: committed records and committed offsets, however they were read. */
import { decisionId, type LogRecord } from "@weir/schema";
import { type CommittedOffset, decidedUpTo, type MemoryBroker, type Stage, standingOf } from "@weir/stream";
import type { Dump } from "../outsider/dump.ts";

export type Evidence = {
  readonly partitions: (topic: string) => number;
  /** In the order of their offsets. */
  readonly records: (topic: string, partition: number) => readonly LogRecord[];
  readonly committed: (group: string, topic: string, partition: number) => CommittedOffset | null;
};

/** A stage that ran, and the consumer group that it ran as. */
export type Judged = { readonly stage: Stage; readonly group: string };

export function evidenceOfBroker(broker: MemoryBroker): Evidence {
  return {
    partitions: (topic) => broker.partitions(topic).length,
    records(topic, partition) {
      const log = broker.partition({ topic, partition });
      return log.slice(log.start, log.end, Number.POSITIVE_INFINITY).records;
    },
    committed: (group, topic, partition) => broker.committed(group, { topic, partition }),
  };
}

/** What Kafka's own consumer read. Throws for a topic that it was not asked for. */
export function evidenceOfDump({ topics, records, offsets }: Dump): Evidence {
  const placeOf = (topic: string, partition: number): string => `${topic}/${partition}`;
  const byPlace = Map.groupBy(records, ({ topic, partition }) => placeOf(topic, partition));
  const byGroup = new Map(offsets.map((one) => [`${one.group} ${placeOf(one.topic, one.partition)}`, one]));
  return {
    partitions(topic) {
      const count = topics.get(topic);
      if (count === undefined) throw new Error(`${topic} was not read`);
      return count;
    },
    records: (topic, partition) => byPlace.get(placeOf(topic, partition)) ?? [],
    committed: (group, topic, partition) => byGroup.get(`${group} ${placeOf(topic, partition)}`) ?? null,
  };
}

/** Of the records of a stage's input partition, those that the group says are decided: below this offset. */
export function decidedBelow(evidence: Evidence, { stage, group }: Judged, partition: number): number {
  const committed = evidence.committed(group, stage.input, partition);
  return decidedUpTo(standingOf(committed)) ?? 0;
}

/** A record's place: the decision id of one of the input. */
export function idOf(topic: string, partition: number, { offset }: Pick<LogRecord, "offset">): string {
  return decisionId(topic, partition, offset);
}
