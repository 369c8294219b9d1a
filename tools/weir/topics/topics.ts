/**
 * Weir's topics as data, and what separates a cluster from them. Pure.
 *
 * Existing topics are taken as they are, since other producers and consumers may own them. Only what would make
 * decisions wrong or lose them is a fault; anything else that differs is a note.
 */
import { type ChainTopics, chainOf, inputTopicOf, type Plan } from "@weir/engine";
import type { TopicSpec } from "@weir/kafka";
import { rejectedLedgerTopic, stateTopic } from "@weir/schema";

/** The topics of the interface. */
export type TopicNames = ChainTopics;

/** What decides which topics there have to be. */
export type TopicsOf = {
  readonly names: TopicNames;
  readonly appId: string;
  readonly plan: Plan;
  readonly inputKeyed: boolean;
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

const kept = (ms: number, segmentMiB: number): Record<string, string> => ({
  "cleanup.policy": "delete",
  "retention.ms": String(ms),
  "segment.bytes": String(segmentMiB * MIB),
});

/**
 * Only a closed segment is compacted, and a restart reads what was not: so a segment is small, and closed after a minute
 * of the broker's clock (by event time a fast replay would close thousands).
 */
const snapshots: Readonly<Record<string, string>> = {
  "cleanup.policy": "compact",
  "segment.bytes": String(16 * MIB),
  "segment.ms": String(60_000),
  "message.timestamp.type": "LogAppendTime",
  "min.cleanable.dirty.ratio": "0.2",
  "delete.retention.ms": String(DAY_MS),
};

export type WantedTopic = TopicSpec & {
  /** The topic of whose stage it holds the state, and with which it shares the number of partitions. */
  readonly stateOf: string | null;
  /** How long it has to be kept so that a state can be rebuilt from it, ms; 0: it is not needed for that. */
  readonly horizonMs: number;
};

/** Those of the interface, then those between the stages, then the states', then the ledger of replays. */
export function wantedTopics({ names, appId, plan, inputKeyed }: TopicsOf, partitions: number): WantedTopic[] {
  const chain = chainOf(plan, { inputKeyed });
  const inputs = new Map(
    chain.map((link) => [inputTopicOf(link, appId, names), link.entity?.layout.horizonMs ?? 0] as const),
  );
  const topic = (
    name: string,
    config: Readonly<Record<string, string>>,
    stateOf: string | null = null,
  ): WantedTopic => ({
    name,
    partitions,
    replication: CLUSTER_DEFAULT,
    config,
    stateOf,
    horizonMs: inputs.get(name) ?? 0,
  });
  const log = (name: string, days: number, segmentMiB = 256): WantedTopic =>
    topic(name, kept(Math.max(days * DAY_MS, inputs.get(name) ?? 0), segmentMiB));
  const inner = [...inputs.keys()].filter((name) => name !== names.transactions && name !== names.labels);
  return [
    log(names.transactions, 7),
    log(names.labels, 7),
    log(names.legit, 7),
    log(names.fraud, 7),
    log(names.rejected, 30, 64),
    ...inner.map((name) => log(name, 1)),
    ...[...inputs.keys()].map((name) => topic(stateTopic(appId, name), snapshots, name)),
    topic(rejectedLedgerTopic(appId), snapshots),
  ];
}

/**
 * `partitions` is what was asked for; null takes the input's if it exists, else the default. `allowPartialHistory`: a log
 * that is kept for less than the ruleset looks back is told, and no fault.
 */
export function planTopics(
  topics: TopicsOf,
  partitions: number | null,
  existing: ReadonlyMap<string, ExistingTopic | null>,
  { allowPartialHistory = false } = {},
): TopicPlan {
  const { transactions } = topics.names;
  const input = existing.get(transactions) ?? null;
  const count = input?.partitions ?? partitions ?? DEFAULT_PARTITIONS;
  const missing: TopicSpec[] = [];
  const present: string[] = [];
  const notes: string[] = [];
  const faults: string[] = [];
  if (input !== null && partitions !== null && input.partitions !== partitions) {
    notes.push(`${transactions} has ${input.partitions} partitions, not the ${partitions} asked for`);
  }
  for (const wanted of wantedTopics(topics, count)) {
    const { name, replication, config, stateOf } = wanted;
    const right = (stateOf === null ? undefined : existing.get(stateOf)?.partitions) ?? count;
    const found = existing.get(name) ?? null;
    if (found === null) {
      missing.push({ name, partitions: right, replication, config });
      continue;
    }
    present.push(name);
    if (stateOf !== null && found.partitions !== right) {
      faults.push(
        `${name} has ${found.partitions} partitions, but ${stateOf} has ${right}: state and input must have the same number. ` +
          `Stop the detectors, delete ${name} (it is rebuilt from ${stateOf}) and run npm run weir -- topics apply`,
      );
    }
    faults.push(...cleanupFaults(wanted, found));
    const short = retentionFaults(wanted, found);
    (allowPartialHistory ? notes : faults).push(...short);
    notes.push(...settingNotes(wanted, found, short.length > 0));
  }
  return { missing, existing: present, notes, faults };
}

/** What a stage looks back on has to be there when its state is rebuilt. */
function retentionFaults({ name, horizonMs }: WantedTopic, { config }: ExistingTopic): string[] {
  const keptMs = Number(config["retention.ms"] ?? -1);
  if (keptMs < 0 || keptMs >= horizonMs) return [];
  return [
    `${name} has retention.ms=${keptMs}, but the ruleset looks back ${horizonMs} ms. ` +
      `kafka-configs --alter --entity-type topics --entity-name ${name} --add-config retention.ms=${horizonMs}`,
  ];
}

function cleanupFaults(wanted: WantedTopic, found: ExistingTopic): string[] {
  const isCompacted = wanted.config["cleanup.policy"] === "compact";
  const policy = found.config["cleanup.policy"];
  if (policy === undefined) return [];
  const policies = policy.split(",").map((one) => one.trim());
  const mend = (value: string): string =>
    `kafka-configs --alter --entity-type topics --entity-name ${wanted.name} --add-config cleanup.policy=${value}`;
  if (isCompacted && policy.trim() !== "compact") {
    return [`${wanted.name} has cleanup.policy=${policy}, which deletes what is still needed. ${mend("compact")}`];
  }
  if (!isCompacted && policies.includes("compact")) {
    return [
      `${wanted.name} has cleanup.policy=${policy}, which drops all but the last record of a customer. ${mend("delete")}`,
    ];
  }
  return [];
}

function settingNotes(wanted: TopicSpec, found: ExistingTopic, retentionTold: boolean): string[] {
  const told = ["cleanup.policy", ...(retentionTold ? ["retention.ms"] : [])];
  return Object.entries(wanted.config).flatMap(([name, value]) => {
    const other = found.config[name];
    if (other === undefined || other === value || told.includes(name)) return [];
    return [`${wanted.name} has ${name}=${other}, Weir's own would have ${value}`];
  });
}
