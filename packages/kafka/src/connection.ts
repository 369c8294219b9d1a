/** From settings to a kafkajs instance: TLS, SASL, time limits, sockets without delay, and its log made ours. */
import { connect as connectPlain, isIP } from "node:net";
import { connect as connectTls } from "node:tls";
import { Kafka, type KafkaJs, logLevel, restOfRequest } from "./kafkajs.ts";
import { throttledLog } from "./throttled-log.ts";

export type KafkaConnection = {
  /** `host:port` each; any one that answers is enough. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  /** PEM texts; without `ca` the system's authorities count. Null: plain text. */
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string } | null;
  readonly sasl: {
    readonly mechanism: "plain" | "scram-sha-256" | "scram-sha-512";
    readonly username: string;
    readonly password: string;
  } | null;
};

/** Fields never hold a payload or a secret. warn = recovered by itself, error = someone must look. */
export type LogFunction = (
  level: "debug" | "info" | "warn" | "error",
  message: string,
  fields: Readonly<Record<string, unknown>>,
) => void;

/** Told at debug: what a healthy cluster answers in the course of things, and errors that are thrown to us anyway. */
const EXPECTED = [
  "Response ",
  "group is rebalancing",
  "Limiting retries for the idempotent producer",
  "switched default partitioner",
];

/** kafkajs adds the reason, which it has logged already. */
const SEED_FAILED = "Failed to connect to seed broker, trying another broker from the list";

const SAFE_FIELDS = ["broker", "clientId", "groupId", "memberId", "error", "retryCount", "retryTime"] as const;

const logCreatorFor = (log: LogFunction): KafkaJs.logCreator => {
  return () =>
    ({ level, namespace, log: entry }) => {
      if (level > logLevel.INFO) return; // debug entries carry payloads
      const fields: Record<string, unknown> = { component: namespace };
      for (const name of SAFE_FIELDS) if (entry[name] !== undefined) fields[name] = String(entry[name]);
      const expected = EXPECTED.some((part) => entry.message.includes(part));
      // kafkajs logs as errors what it then retries; what it cannot mend is thrown, and told by whoever catches it.
      const message = entry.message.startsWith("Failed to connect to seed broker") ? SEED_FAILED : entry.message;
      log(expected || level > logLevel.WARN ? "debug" : "warn", `kafkajs: ${message}`, fields);
    };
};

/**
 * Nagle's algorithm off: requests are pipelined, and a held-back one costs 40 ms. Instead those that are made in one
 * turn leave in one write, which costs more than all else that is done for a small request.
 */
const socketFactory: KafkaJs.ISocketFactory = ({ host, port, ssl, onConnect }) => {
  const socket = ssl
    ? connectTls({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}), ...ssl }, onConnect)
    : connectPlain({ host, port }, onConnect);
  socket.setNoDelay(true);
  socket.setKeepAlive(true, 60_000);
  const write = socket.write.bind(socket) as (...given: unknown[]) => boolean;
  socket.write = (...given: unknown[]) => {
    if (socket.writableCorked === 0) {
      socket.cork();
      process.nextTick(() => socket.uncork());
    }
    let room = write(...given);
    for (const piece of restOfRequest(given[0])) room = write(piece);
    return room;
  };
  // kafkajs lets go of a dead socket again at each failed attempt, and Node then waits for its connection each time.
  const unref = socket.unref.bind(socket);
  socket.unref = () => (socket.destroyed ? socket : unref());
  return socket;
};

export type TimeLimits = {
  /** For the answer to one request, ms. */
  readonly requestTimeoutMs?: number;
  readonly connectTimeoutMs?: number;
};

/** An instance holds no connection by itself. */
export const openKafka = (connection: KafkaConnection, log: LogFunction, limits: TimeLimits = {}): KafkaJs.Kafka => {
  const { tls, sasl } = connection;
  return new Kafka({
    clientId: connection.clientId,
    brokers: [...connection.brokers],
    ...(tls === null
      ? {}
      : {
          ssl: {
            ...(tls.ca === undefined ? {} : { ca: [tls.ca] }),
            ...(tls.cert === undefined ? {} : { cert: tls.cert }),
            ...(tls.key === undefined ? {} : { key: tls.key }),
          },
        }),
    ...(sasl === null ? {} : { sasl: saslOptions(sasl) }),
    connectionTimeout: limits.connectTimeoutMs ?? 3000,
    authenticationTimeout: 5000,
    requestTimeout: limits.requestTimeoutMs ?? 10_000,
    enforceRequestTimeout: true,
    // Short and few: whoever calls has its own deadline and its own way to begin again.
    retry: { initialRetryTime: 50, retries: 12, maxRetryTime: 400 },
    logLevel: logLevel.INFO,
    logCreator: logCreatorFor(throttledLog(log)),
    socketFactory,
  });
};

const saslOptions = (sasl: NonNullable<KafkaConnection["sasl"]>): KafkaJs.SASLOptions => {
  const { mechanism, username, password } = sasl;
  switch (mechanism) {
    case "plain":
      return { mechanism, username, password };
    case "scram-sha-256":
      return { mechanism, username, password };
    case "scram-sha-512":
      return { mechanism, username, password };
  }
};
