/** What must not work, tried against a broker, beside what must, and what the broker says to each. */
import { type KafkaConnection, KafkaLog, openAdmin, openProducer } from "@weir/kafka";
import type { TopicNames } from "../weir/topics/topics.ts";
import type { SecureBroker } from "./broker.ts";
import { PRINCIPALS } from "./grants.ts";

export type Attempt = {
  readonly who: string;
  readonly what: string;
  /** What a refusal must say; null: it has to be let through, which shows that the refusals beside it mean something. */
  readonly refusal: RegExp | null;
  /** Resolves when it was let through. */
  readonly attempt: () => Promise<unknown>;
};

export type Outcome = {
  readonly who: string;
  readonly what: string;
  readonly said: string;
  /** It went as it must. */
  readonly right: boolean;
};

/** A user whom the broker knows and nobody has granted anything. */
export const STRANGER = "stranger";

const PATIENCE_MS = 3_000;

const TOPIC = /error code 29|TOPIC_AUTHORIZATION_FAILED/;
/** Whoever may write to no topic at all is told when it asks for a producer id. */
const NO_PRODUCER = /CLUSTER_AUTHORIZATION_FAILED/;
/** kafkajs asks each broker who coordinates, takes any error for "not me", and forgets what it was. */
const COORDINATOR = /AUTHORIZATION_FAILED|Failed to find group coordinator/;
const NO_CONNECTION = /Closed connection|closed|timed? ?out|longer than/i;

export function attemptsOn({ connect, admin }: SecureBroker, names: TopicNames, appId: string): Attempt[] {
  const { generator, detector, quality, downstream } = PRINCIPALS;
  const may = connect(detector);
  const group = `${appId}-entry`;
  const reads = (who: string, topic: string, refusal: RegExp | null = TOPIC): Attempt => ({
    ...{ who, what: `reads ${topic}`, refusal, attempt: () => read(connect(who), topic) },
  });
  const writes = (who: string, topic: string, refusal = TOPIC): Attempt => ({
    ...{ who, what: `writes to ${topic}`, refusal, attempt: () => write(connect(who), topic) },
  });
  const takes = (who: string, refusal: RegExp | null = COORDINATOR): Attempt => ({
    ...{ who, what: `takes the transactional id ${group}-x`, refusal, attempt: () => takeId(connect(who), group) },
  });
  const asks = (who: string, refusal: RegExp | null = COORDINATOR): Attempt => ({
    ...{ who, what: `asks for the offsets of ${group}`, refusal },
    attempt: () => offsets(connect(who), group, names.transactions),
  });
  const comes = (who: string, how: string, refusal: RegExp, connection: KafkaConnection): Attempt => ({
    ...{ who, what: `comes ${how}`, refusal, attempt: () => ask(connection) },
  });
  return [
    reads(detector, names.transactions, null),
    reads(generator, names.transactions),
    reads(quality, names.legit, null),
    reads(quality, names.transactions),
    reads(downstream, names.legit, null),
    reads(STRANGER, names.legit),
    writes(generator, names.legit),
    writes(detector, names.transactions),
    writes(quality, names.labels, NO_PRODUCER),
    writes(downstream, names.legit, NO_PRODUCER),
    { who: detector, what: "makes a topic", refusal: TOPIC, attempt: () => makeTopic(may) },
    takes(detector, null),
    takes(generator),
    takes(STRANGER),
    asks(detector, null),
    asks(STRANGER),
    comes(detector, "with a wrong password", /authentication failed/i, { ...may, sasl: wrong(may) }),
    comes(detector, "with no trust in the authority", /self-signed certificate/, { ...may, tls: {} }),
    comes(detector, "in plain text", NO_CONNECTION, { ...may, tls: null }),
    comes("nobody", "without a login", NO_CONNECTION, { ...admin, sasl: null }),
  ];
}

export async function outcomeOf({ who, what, refusal, attempt }: Attempt): Promise<Outcome> {
  try {
    await attempt();
    return { who, what, said: "let through", right: refusal === null };
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    return { who, what, said: `denied: ${said}`, right: refusal?.test(said) ?? false };
  }
}

const silent = (): void => {};

async function using<T extends { close(): Promise<void> }>(
  thing: T,
  use: (thing: T) => Promise<unknown>,
): Promise<void> {
  try {
    await use(thing);
  } finally {
    await thing.close();
  }
}

const logOf = (connection: KafkaConnection): KafkaLog =>
  new KafkaLog({ connection, log: silent, callTimeoutMs: PATIENCE_MS, stallMs: PATIENCE_MS });

const read = (connection: KafkaConnection, topic: string) =>
  using(logOf(connection), (log) => log.read({ topic, partition: 0 }, 0, 1).next());

/** A producer goes on trying, as it has to in service: what it was told first is what counts. */
async function write(connection: KafkaConnection, topic: string): Promise<void> {
  const told = Promise.withResolvers<never>();
  const producer = openProducer(connection, {
    log: (level, _message, { error }) => {
      if (level === "warn" && error !== undefined) told.reject(new Error(String(error)));
    },
  });
  const sent = producer.send(topic, [{ key: null, value: Buffer.from("{}"), partition: 0 }]);
  try {
    await Promise.race([sent, told.promise]);
  } finally {
    await producer.close();
    await sent.catch(() => {});
  }
}

const makeTopic = (connection: KafkaConnection) =>
  using(openAdmin(connection), (admin) =>
    admin.create([{ name: "elsewhere", partitions: 1, replication: 1, config: {} }]),
  );

const takeId = (connection: KafkaConnection, group: string) =>
  using(logOf(connection), async (log) => (await log.openWriter(`${group}-x`, group)).close());

const offsets = (connection: KafkaConnection, group: string, topic: string) =>
  using(logOf(connection), (log) => log.committed(group, { topic, partition: 0 }));

const ask = (connection: KafkaConnection) => using(openAdmin(connection), (admin) => admin.describe(["any"]));

function wrong({ sasl }: KafkaConnection): KafkaConnection["sasl"] {
  return sasl && { ...sasl, password: `${sasl.password}x` };
}
