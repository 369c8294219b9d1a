/**
 * Weir's topics as data, and what separates a cluster from them. Pure.
 *
 * Existing topics are taken as they are, since other producers and consumers may own them. Only what would make
 * decisions wrong or lose them is a fault; anything else that differs is a note.
 */
import type { TopicSpec } from "@weir/kafka";
import { stateTopic } from "@weir/schema";

export type TopicNames = {
  readonly transactions: string;
  readonly legit: string;
  readonly fraud: string;
  readonly rejected: string;
};

export type ExistingTopic = {
  readonly partitions: number;
  readonly config: Readonly<Record<string, string>>;
};

export type TopicPlan = {
  readonly missing: readonly TopicSpec[];
  readonly existing: readonly string[];
  /** Differences that Weir lives with. */
  readonly notes: readonly string[];
  /** Differences that it does not, each with what mends it. */
  readonly faults: readonly string[];
};

export const DEFAULT_PARTITIONS = 4;

const DAY_MS = 24 * 3_600_000;
const MIB = 1024 * 1024;

/** Replication -1 is the cluster's default. */
const CLUSTER_DEFAULT = -1;

const kept = (days: number, segmentMiB: number): Record<string, string> => ({
  "cleanup.policy": "delete",
  "retention.ms": String(days * DAY_MS),
  "segment.bytes": String(segmentMiB * MIB),
});

/** Small segments: only a closed one is compacted, and a restart reads what was not. */
const snapshots: Readonly<Record<string, string>> = {
  "cleanup.policy": "compact",
  "segment.bytes": String(16 * MIB),
  "min.cleanable.dirty.ratio": "0.2",
  "delete.retention.ms": String(DAY_MS),
};

/** The input's log is also what state is rebuilt from: its retention bounds the longest window. */
export function wantedTopics(names: TopicNames, appId: string, partitions: number): TopicSpec[] {
  const topic = (name: string, config: Readonly<Record<string, string>>): TopicSpec => ({
    name,
    partitions,
    replication: CLUSTER_DEFAULT,
    config,
  });
  return [
    topic(names.transactions, kept(7, 256)),
    topic(names.legit, kept(7, 256)),
    topic(names.fraud, kept(7, 256)),
    topic(names.rejected, kept(30, 64)),
    topic(stateTopic(appId, names.transactions), snapshots),
  ];
}

/** `partitions` is what was asked for; null takes the input's if it exists, else the default. */
export function planTopics(
  names: TopicNames,
  appId: string,
  partitions: number | null,
  existing: ReadonlyMap<string, ExistingTopic | null>,
): TopicPlan {
  const input = existing.get(names.transactions) ?? null;
  const count = input?.partitions ?? partitions ?? DEFAULT_PARTITIONS;
  const state = stateTopic(appId, names.transactions);
  const missing: TopicSpec[] = [];
  const present: string[] = [];
  const notes: string[] = [];
  const faults: string[] = [];
  if (input !== null && partitions !== null && input.partitions !== partitions) {
    notes.push(`${names.transactions} has ${input.partitions} partitions, not the ${partitions} asked for`);
  }
  for (const wanted of wantedTopics(names, appId, count)) {
    const found = existing.get(wanted.name) ?? null;
    if (found === null) {
      missing.push(wanted);
      continue;
    }
    present.push(wanted.name);
    const isState = wanted.name === state;
    if (isState && found.partitions !== count) {
      faults.push(
        `${state} has ${found.partitions} partitions, but ${names.transactions} has ${count}: state and input must have the same number. ` +
          `Stop the detectors, delete ${state} (it is rebuilt from ${names.transactions}) and run npm run weir -- topics apply`,
      );
    }
    faults.push(...cleanupFaults(wanted, found, isState));
    notes.push(...settingNotes(wanted, found));
  }
  return { missing, existing: present, notes, faults };
}

function cleanupFaults(wanted: TopicSpec, found: ExistingTopic, isState: boolean): string[] {
  const policy = found.config["cleanup.policy"];
  if (policy === undefined) return [];
  const policies = policy.split(",").map((one) => one.trim());
  const mend = (value: string): string =>
    `kafka-configs --alter --entity-type topics --entity-name ${wanted.name} --add-config cleanup.policy=${value}`;
  if (isState && policy.trim() !== "compact") {
    return [
      `${wanted.name} has cleanup.policy=${policy}, which deletes state that is still needed. ${mend("compact")}`,
    ];
  }
  if (!isState && policies.includes("compact")) {
    return [
      `${wanted.name} has cleanup.policy=${policy}, which drops all but the last record of a customer. ${mend("delete")}`,
    ];
  }
  return [];
}

function settingNotes(wanted: TopicSpec, found: ExistingTopic): string[] {
  return Object.entries(wanted.config).flatMap(([name, value]) => {
    const other = found.config[name];
    if (other === undefined || other === value || name === "cleanup.policy") return [];
    return [`${wanted.name} has ${name}=${other}, Weir's own would have ${value}`];
  });
}
