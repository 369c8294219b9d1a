/** What a tool or a start-up check asks of a cluster: topics as they are, topics made, lag. */
import { setTimeout as delay } from "node:timers/promises";
import { type KafkaConnection, type LogFunction, openKafka } from "./connection.ts";
import { errorText, errorType, type KafkaJs } from "./kafkajs.ts";
import { settled, within } from "./within.ts";

export type TopicSpec = {
  readonly name: string;
  readonly partitions: number;
  readonly replication: number;
  readonly config: Readonly<Record<string, string>>;
};

export type TopicDescription = {
  readonly partitions: number;
  readonly replication: number;
  /** Every setting in force, the broker's defaults too; those that the broker keeps secret are left out. */
  readonly config: Readonly<Record<string, string>>;
};

export type CreateResult = "created" | "exists";

export type PartitionLag = {
  readonly partition: number;
  /** Null: the group has committed nothing here. */
  readonly committed: number | null;
  readonly end: number;
};

/** What a principal may do with a resource, or with all whose names begin so. */
export type Grant = {
  /** Without Kafka's "User:". */
  readonly user: string;
  readonly resource: keyof typeof RESOURCES;
  readonly name: string;
  readonly prefixed: boolean;
  readonly operations: readonly (keyof typeof OPERATIONS)[];
};

/** Numbers of the protocol. */
const RESOURCES = { topic: 2, group: 3, transactionalId: 5 } as const;
const OPERATIONS = { read: 3, write: 4, create: 5, describe: 8, describeConfigs: 10 } as const;
const ALLOW = 3;
const LITERAL = 3;
const PREFIXED = 4;

export interface Admin {
  /** Null for a topic that is absent. */
  describe(topics: readonly string[]): Promise<Map<string, TopicDescription | null>>;
  /** A topic that exists is left as it is, whatever it looks like. Throws when one cannot be made. */
  create(specs: readonly TopicSpec[]): Promise<Map<string, CreateResult>>;
  /** Whether a broker answers; never throws. */
  brokerReady(): Promise<boolean>;
  groupLag(group: string, topic: string): Promise<PartitionLag[]>;
  /** Adds what is not there yet, from any host. */
  allow(grants: readonly Grant[]): Promise<void>;
  close(): Promise<void>;
}

const CALL_TIMEOUT_MS = 15_000;
const READY_TIMEOUT_MS = 2000;
const TOPIC = 2;
const NOT_YET: ReadonlySet<string> = new Set(["UNKNOWN_TOPIC_OR_PARTITION", "LEADER_NOT_AVAILABLE"]);

/** Opens no connection before the first call. Each call throws after 15 s at the latest, create() after that for each topic. */
export const openAdmin = (connection: KafkaConnection, { log }: { log?: LogFunction } = {}): Admin => {
  const kafka = openKafka(connection, log ?? (() => {}));
  let opened: Promise<KafkaJs.Admin> | null = null;

  const open = async (): Promise<KafkaJs.Admin> => {
    const admin = kafka.admin();
    await admin.connect();
    return admin;
  };
  const close = async (): Promise<void> => {
    const closing = opened;
    opened = null;
    await settled(2000, closing?.then((admin) => admin.disconnect()) ?? Promise.resolve());
  };
  /** A connection that failed once is not trusted again. */
  const call = async <T>(what: string, timeoutMs: number, use: (admin: KafkaJs.Admin) => Promise<T>): Promise<T> => {
    opened ??= open();
    const admin = opened;
    const answer = admin.then(use);
    try {
      return await within(timeoutMs, answer, what);
    } catch (error) {
      await close();
      // What took too long goes on, and kafkajs connects anew for it: nobody else would close that connection.
      const disconnectAgain = async (): Promise<void> => (await admin).disconnect();
      answer.then(disconnectAgain, disconnectAgain).catch(() => {});
      throw new Error(`${what}: ${errorText(error)}`, { cause: error });
    }
  };

  return {
    describe: (topics) =>
      call("describing topics", CALL_TIMEOUT_MS, async (admin) => {
        const result = new Map<string, TopicDescription | null>(topics.map((topic) => [topic, null]));
        const metadata = (await Promise.all(topics.map((topic) => metadataOf(admin, topic)))).flat();
        if (metadata.length === 0) return result;
        const { resources } = await admin.describeConfigs({
          includeSynonyms: false,
          resources: metadata.map(({ name }) => ({ type: TOPIC, name })),
        });
        for (const { name, partitions } of metadata) {
          const entries = resources.find((resource) => resource.resourceName === name)?.configEntries ?? [];
          const config = Object.fromEntries(
            entries
              .filter(({ configValue }) => configValue !== null)
              .map(({ configName, configValue }) => [configName, configValue]),
          );
          result.set(name, { partitions: partitions.length, replication: partitions[0]?.replicas.length ?? 0, config });
        }
        return result;
      }),

    create: async (specs) => {
      const result = new Map<string, CreateResult>();
      // Each with its own time: a topic of many partitions takes a small broker seconds.
      for (const spec of specs)
        result.set(spec.name, await call("creating topics", CALL_TIMEOUT_MS, (admin) => createTopic(admin, spec)));
      for (const name of result.keys())
        await call(`waiting for the leaders of ${name}`, CALL_TIMEOUT_MS, (admin) => untilLed(admin, [name]));
      return result;
    },

    brokerReady: async () => {
      try {
        await call("asking for the cluster", READY_TIMEOUT_MS, (admin) => admin.describeCluster());
        return true;
      } catch {
        return false;
      }
    },

    groupLag: (groupId, topic) =>
      call(`lag of ${groupId}`, CALL_TIMEOUT_MS, async (admin) => {
        const [ends, groups] = await Promise.all([
          admin.fetchTopicOffsets(topic),
          admin.fetchOffsets({ groupId, topics: [topic], resolveOffsets: false }),
        ]);
        const committed = new Map(groups[0]?.partitions.map(({ partition, offset }) => [partition, Number(offset)]));
        return ends
          .map(({ partition, high }) => {
            const offset = committed.get(partition) ?? -1;
            return { partition, committed: offset < 0 ? null : offset, end: Number(high) };
          })
          .sort((a, b) => a.partition - b.partition);
      }),

    allow: (grants) =>
      call("adding permissions", CALL_TIMEOUT_MS, async (admin) => {
        await admin.createAcls({ acl: grants.flatMap(aclsOf) });
      }),

    close,
  };
};

const aclsOf = ({ user, resource, name, prefixed, operations }: Grant): KafkaJs.AclEntry[] =>
  operations.map((operation) => ({
    principal: `User:${user}`,
    host: "*",
    permissionType: ALLOW,
    resourceType: RESOURCES[resource],
    resourceName: name,
    resourcePatternType: prefixed ? PREFIXED : LITERAL,
    operation: OPERATIONS[operation],
  }));

/** Of one topic, since a request that names several fails if one is absent; empty if this one is. */
const metadataOf = async (admin: KafkaJs.Admin, topic: string): Promise<KafkaJs.ITopicMetadata[]> => {
  try {
    return (await admin.fetchTopicMetadata({ topics: [topic] })).topics;
  } catch (error) {
    if (errorType(error) === "UNKNOWN_TOPIC_OR_PARTITION") return [];
    throw error;
  }
};

/** One by one, so that an error names its topic. */
const createTopic = async (admin: KafkaJs.Admin, spec: TopicSpec): Promise<CreateResult> => {
  try {
    const made = await admin.createTopics({
      waitForLeaders: false,
      topics: [
        {
          topic: spec.name,
          numPartitions: spec.partitions,
          replicationFactor: spec.replication,
          configEntries: Object.entries(spec.config).map(([name, value]) => ({ name, value })),
        },
      ],
    });
    return made ? "created" : "exists";
  } catch (error) {
    if (errorType(error) === "TOPIC_ALREADY_EXISTS") return "exists";
    throw new Error(`topic ${spec.name} could not be created: ${createFault(error)}`, { cause: error });
  }
};

/** The broker that answers may not have heard of a new topic yet. Bounded by the deadline of the call. */
const untilLed = async (admin: KafkaJs.Admin, topics: string[]): Promise<void> => {
  if (topics.length === 0) return;
  for (;;) {
    const found = await admin.fetchTopicMetadata({ topics }).catch((error: unknown) => {
      if (NOT_YET.has(errorType(error))) return null;
      throw error;
    });
    if (found?.topics.every(({ partitions }) => partitions.every(({ leader }) => leader >= 0))) return;
    await delay(50);
  }
};

/** kafkajs wraps the answers for the topics in an aggregate. */
const createFault = (error: unknown): string => {
  const inner = error instanceof Error && "errors" in error && Array.isArray(error.errors) ? error.errors : [error];
  return inner.map(errorText).join("; ");
};
