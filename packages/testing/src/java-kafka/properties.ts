import { pathToFileURL } from "node:url";

/** What of the broker's configuration differs from start to start. */
export type BrokerSettings = {
  readonly dataDir: string;
  readonly port: number;
  readonly controllerPort: number;
  /** Added to, or put in place of, the settings below. */
  readonly overrides: Readonly<Record<string, string>>;
  /** Null: a cluster of its own. */
  readonly member: ClusterMember | null;
  readonly behind: Behind | null;
  /** Of the clients' listener, which is named so too. Default PLAINTEXT. */
  readonly protocol?: "PLAINTEXT" | "SASL_SSL";
};

/** One of several nodes, each broker and controller. */
export type ClusterMember = {
  /** From 1. */
  readonly nodeId: number;
  readonly clusterId: string;
  /** Of each node, in the order of their ids. */
  readonly controllerPorts: readonly number[];
};

/** A second port for clients, who are sent to another address than it has: that of a proxy in front. */
export type Behind = { readonly port: number; readonly advertisedPort: number };

/**
 * server.properties of a single node that is broker and controller. What is set here differs from Kafka's defaults
 * for one of three reasons: one node can hold one replica only; a developer does not want to wait; a laptop is small.
 */
export function serverProperties(settings: BrokerSettings): string {
  const { dataDir, port, controllerPort, overrides, member, behind, protocol = "PLAINTEXT" } = settings;
  const at = (name: string, where: number): string => `${name}://127.0.0.1:${where}`;
  const direct = at(protocol, port);
  return propertiesOf({
    ...nodeSettings(dataDir, controllerPort, member),
    "process.roles": "broker,controller",
    listeners: [direct, ...(behind ? [at("BEHIND", behind.port)] : []), at("CONTROLLER", controllerPort)].join(),
    "advertised.listeners": [direct, ...(behind ? [at("BEHIND", behind.advertisedPort)] : [])].join(),
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,BEHIND:PLAINTEXT,CONTROLLER:PLAINTEXT",

    ...singleNode,
    ...(member === null ? {} : replicated),

    "num.network.threads": "2",
    "num.io.threads": "4",
    "log.cleaner.dedupe.buffer.size": String(16 * 1024 * 1024),
    ...overrides,
  });
}

/** Of the same node with its controller alone, which lets go of a broker that does not answer within a second. */
export function controllerProperties(dataDir: string, controllerPort: number): string {
  return propertiesOf({
    ...nodeSettings(dataDir, controllerPort, null),
    "process.roles": "controller",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    listeners: `CONTROLLER://127.0.0.1:${controllerPort}`,
    "broker.session.timeout.ms": "1000",
    "broker.heartbeat.interval.ms": "200",
  });
}

function nodeSettings(dataDir: string, controllerPort: number, member: ClusterMember | null): Record<string, string> {
  const controllers = member?.controllerPorts ?? [controllerPort];
  return {
    "node.id": String(member?.nodeId ?? 1),
    "controller.quorum.voters": controllers.map((port, index) => `${index + 1}@127.0.0.1:${port}`).join(),
    "controller.listener.names": "CONTROLLER",
    "log.dirs": dataDir,
  };
}

function propertiesOf(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value.replaceAll("\\", "\\\\")}\n`)
    .join("");
}

/** The settings that any single node of ours has, in a container too. */
export const singleNode: Readonly<Record<string, string>> = {
  "offsets.topic.replication.factor": "1",
  "offsets.topic.num.partitions": "3",
  "transaction.state.log.replication.factor": "1",
  "transaction.state.log.min.isr": "1",
  "transaction.state.log.num.partitions": "3",
  "share.coordinator.state.topic.replication.factor": "1",
  "share.coordinator.state.topic.min.isr": "1",
  "default.replication.factor": "1",
  "min.insync.replicas": "1",

  "group.initial.rebalance.delay.ms": "0",
  "group.min.session.timeout.ms": "1000",
  // A broker that was killed is let in again only when its old session has run out (default 9 s).
  "broker.session.timeout.ms": "3000",
  "broker.heartbeat.interval.ms": "500",

  // A topic that nobody made on purpose has the wrong number of partitions.
  "auto.create.topics.enable": "false",
  // Kafka's defaults, written down because the services count on them.
  "log.message.timestamp.type": "CreateTime",
  "log.message.timestamp.after.max.ms": "3600000",
  "message.max.bytes": "1048588",
};

/** What differs where there are three nodes: all is kept three times, and two have to have it. */
const replicated: Readonly<Record<string, string>> = {
  "offsets.topic.replication.factor": "3",
  "transaction.state.log.replication.factor": "3",
  "transaction.state.log.min.isr": "2",
  "share.coordinator.state.topic.replication.factor": "3",
  "share.coordinator.state.topic.min.isr": "2",
  "default.replication.factor": "3",
  "min.insync.replicas": "2",
  // A follower that stands still holds up every commit until it is no longer waited for (default 30 s).
  "replica.lag.time.max.ms": "4000",
  // A broker that comes back leads again what it led before, so that each leads and coordinates a part (default 300 s).
  "leader.imbalance.check.interval.seconds": "5",
};

/** A logger's configuration, to the console, which the launcher points at the log file. */
export type Logging = { readonly file: string; readonly text: string; optionFor(path: string): string };

/** Of log4j 2, with Kafka 4. */
const log4j2: Logging = {
  file: "log4j2.properties",
  optionFor: (path) => `-Dlog4j2.configurationFile=${path}`,
  text: `status=warn
appender.console.type=Console
appender.console.name=console
appender.console.target=SYSTEM_OUT
appender.console.layout.type=PatternLayout
appender.console.layout.pattern=%d{ISO8601} %p %m (%c{1})%n
rootLogger.level=info
rootLogger.appenderRef.console.ref=console
`,
};

/** Of log4j 1, with Kafka 3. */
const log4j1: Logging = {
  file: "log4j.properties",
  optionFor: (path) => `-Dlog4j.configuration=${pathToFileURL(path)}`,
  text: `log4j.rootLogger=INFO, console
log4j.appender.console=org.apache.log4j.ConsoleAppender
log4j.appender.console.layout=org.apache.log4j.PatternLayout
log4j.appender.console.layout.ConversionPattern=%d{ISO8601} %p %m (%c{1})%n
`,
};

export const loggingOf = (version: string): Logging => (version.startsWith("3.") ? log4j1 : log4j2);
