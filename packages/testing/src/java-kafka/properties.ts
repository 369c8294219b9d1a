import { pathToFileURL } from "node:url";

/** What of the broker's configuration differs from start to start. */
export type BrokerSettings = {
  readonly dataDir: string;
  readonly port: number;
  readonly controllerPort: number;
  /** Added to, or put in place of, the settings below. */
  readonly overrides: Readonly<Record<string, string>>;
};

/**
 * server.properties of a single node that is broker and controller. What is set here differs from Kafka's defaults
 * for one of three reasons: one node can hold one replica only; a developer does not want to wait; a laptop is small.
 */
export function serverProperties({ dataDir, port, controllerPort, overrides }: BrokerSettings): string {
  return propertiesOf({
    ...nodeSettings(dataDir, controllerPort),
    "process.roles": "broker,controller",
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    "advertised.listeners": `PLAINTEXT://127.0.0.1:${port}`,

    ...singleNode,

    "num.network.threads": "2",
    "num.io.threads": "4",
    "log.cleaner.dedupe.buffer.size": String(16 * 1024 * 1024),
    ...overrides,
  });
}

/** Of the same node with its controller alone, which lets go of a broker that does not answer within a second. */
export function controllerProperties(dataDir: string, controllerPort: number): string {
  return propertiesOf({
    ...nodeSettings(dataDir, controllerPort),
    "process.roles": "controller",
    listeners: `CONTROLLER://127.0.0.1:${controllerPort}`,
    "broker.session.timeout.ms": "1000",
    "broker.heartbeat.interval.ms": "200",
  });
}

function nodeSettings(dataDir: string, controllerPort: number): Record<string, string> {
  return {
    "node.id": "1",
    "controller.quorum.voters": `1@127.0.0.1:${controllerPort}`,
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
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
