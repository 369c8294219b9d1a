/**
 * A real Kafka broker without Docker: Apache Kafka as a Java process, one KRaft node on 127.0.0.1.
 *
 * - It ends with the process that started it, also when that one is killed with -9 (supervise.sh); should a broker be
 *   left behind all the same, the next start on its folder ends it (owner-file.ts).
 * - The same folder again has the same topics, records and offsets. Ports may differ from start to start.
 */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { brokerAnswers } from "../broker-answers.ts";
import { LocalKafkaError } from "../local-kafka-error.ts";
import { freePort, portIsFree } from "../ports.ts";
import { run, signal, until } from "../processes.ts";
import { type ClassArchive, classArchive } from "./class-archive.ts";
import { KAFKA_VERSION, type KafkaVersion, kafkaJars } from "./jars.ts";
import { type Launched, launch } from "./launch.ts";
import { endedByForce, expireOldSelf } from "./old-self.ts";
import { removeOwner, sweep, writeOwner } from "./owner-file.ts";
import { type Behind, type ClusterMember, loggingOf, serverProperties } from "./properties.ts";
import { findJava } from "./toolchain.ts";

export type JavaKafkaOptions = {
  /** Everything of the broker: `data/`, its configuration, `broker.log`. Made if missing. */
  readonly dataDir: string;
  /** Begin with an empty `data/`. Default: keep what is there. */
  readonly fresh?: boolean;
  /** Port for clients; default: any free one. */
  readonly port?: number;
  /** Default: the newest. A folder's data stay with the version that made them, or a newer one. */
  readonly version?: KafkaVersion;
  readonly log: (line: string) => void;
  /** Broker settings put in place of ours. */
  readonly settings?: Readonly<Record<string, string>>;
  /** One of several nodes; default: one alone. See cluster.ts. */
  readonly member?: ClusterMember;
  /** A second port, for clients that come through a proxy. */
  readonly behind?: Behind;
  /** It is killed and started again and again: then the second compiler, half a core in a first minute, pays for nothing. */
  readonly shortLived?: boolean;
  /** TLS and passwords for clients; default: plain text. */
  readonly security?: BrokerSecurity;
};

/** A broker whose clients come by SASL_SSL with SCRAM-SHA-512. */
export type BrokerSecurity = {
  /** Certificates, mechanisms, authorizer: all that the listeners need. */
  readonly settings: Readonly<Record<string, string>>;
  /** Passwords by user, set when the data folder is made. */
  readonly users: ReadonlyMap<string, string>;
  /** Whether the broker at this port takes one of them; never throws. */
  readonly answers: (port: number) => Promise<boolean>;
};

export type JavaKafka = {
  /** "127.0.0.1:PORT", the same after restart(). */
  readonly brokers: string;
  readonly logFile: string;
  /** The broker's process id; another one after restart(). */
  readonly pid: number;
  /** Clean shutdown, by force after 15 s. Idempotent. */
  stop(): Promise<void>;
  /** Sends a signal to the broker; after SIGKILL resolves once it is gone. */
  kill(name: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port and data after kill() or stop(); stops it first if it runs. */
  restart(): Promise<void>;
  /** Resolves with how the broker ended, when it did so without being asked by stop(), kill() or restart(). */
  readonly died: Promise<string>;
};

const READY_DEADLINE_MS = 60_000;
const STOP_DEADLINE_MS = 15_000;

/** Resolves when clients can make topics. Throws a LocalKafkaError that names the mend. */
export async function startJavaKafka(options: JavaKafkaOptions): Promise<JavaKafka> {
  const folder = resolve(options.dataDir);
  const { log, version = KAFKA_VERSION } = options;
  const java = await findJava();
  const lib = await kafkaJars(log, version);
  await mkdir(folder, { recursive: true });
  await sweep(folder, log);
  if (options.fresh === true) {
    await rm(join(folder, "data"), { recursive: true, force: true });
    await rm(join(folder, "broker.log"), { force: true });
  }

  log(`starting Apache Kafka ${version} as a Java process`);
  const { settings = {}, member = null, behind = null, security = null, shortLived = false } = options;
  const broker = new Broker({ folder, java, lib, version, settings, member, behind, security, shortLived });
  if (options.port !== undefined) {
    if (!(await portIsFree(options.port))) throw portTaken(options.port);
    await broker.start(options.port);
    return broker;
  }
  // Between finding a free port and the broker's bind another process may take it: once more with others.
  const first = await freePort();
  try {
    await broker.start(first);
  } catch (error) {
    if (await portIsFree(first)) throw error;
    await broker.start(await freePort());
  }
  return broker;
}

function portTaken(port: number): LocalKafkaError {
  return new LocalKafkaError(
    `port ${port} is taken by another process; stop that one or choose another port (without one, any free port is taken)`,
  );
}

type Installation = {
  readonly folder: string;
  readonly java: string;
  readonly lib: string;
  readonly version: KafkaVersion;
  readonly settings: Readonly<Record<string, string>>;
  readonly member: ClusterMember | null;
  readonly behind: Behind | null;
  readonly security: BrokerSecurity | null;
  readonly shortLived: boolean;
};

class Broker implements JavaKafka {
  readonly logFile: string;
  readonly died: Promise<string>;
  readonly #installation: Installation;
  #archive: ClassArchive | null = null;
  #port = 0;
  #process: Launched | null = null;
  #reportDeath: (how: string) => void = () => {};

  constructor(installation: Installation) {
    this.#installation = installation;
    this.logFile = join(installation.folder, "broker.log");
    this.died = new Promise((report) => {
      this.#reportDeath = report;
    });
  }

  get brokers(): string {
    return `127.0.0.1:${this.#port}`;
  }

  get pid(): number {
    return this.#process?.pid ?? -1;
  }

  async start(port: number): Promise<void> {
    this.#port = port;
    const { folder, java, lib, version, settings, member, behind, security, shortLived } = this.#installation;
    const properties = join(folder, "server.properties");
    const dataDir = join(folder, "data");
    const logging = loggingOf(version);
    const loggingFile = join(folder, logging.file);
    await writeFile(loggingFile, logging.text);
    const controllerPort = member?.controllerPorts[member.nodeId - 1] ?? (await freePort());
    const protocol = security === null ? "PLAINTEXT" : "SASL_SSL";
    const overrides = { ...security?.settings, ...settings };
    await writeFile(
      properties,
      serverProperties({ dataDir, port, controllerPort, overrides, member, behind, protocol }),
      { mode: 0o600 },
    );
    if (!existsSync(join(dataDir, "meta.properties"))) await this.#format(properties, dataDir);

    const kafka = [logging.optionFor(loggingFile), "-cp", join(lib, "*"), "kafka.Kafka"];
    // Its pauses are a quarter of the serial collector's, 5-9 ms instead of 25, and everybody waits for them.
    const launchWith = (machine: readonly string[], file: string): Promise<Launched> =>
      launch(folder, java, ["-XX:+UseParallelGC", ...machine, ...kafka, file], this.logFile);
    // In a cluster the other nodes have let it go once its session has expired, for whoever waits that long.
    if (member === null && endedByForce(dataDir))
      await expireOldSelf(folder, dataDir, this.logFile, (file) => launchWith(["-Xmx256m"], file));
    this.#archive = classArchive(lib);
    const compilers = shortLived ? ["-XX:TieredStopAtLevel=1"] : [];
    const launched = await launchWith(["-Xms256m", "-Xmx512m", ...compilers, ...this.#archive.options], properties);
    this.#process = launched;
    const { pid: brokerPid, supervisorPid } = launched;
    await writeOwner(folder, { ownerPid: process.pid, supervisorPid, brokerPid, port });
    const answers = security?.answers ?? ((where: number) => brokerAnswers("127.0.0.1", where));
    const ready = await until(async () => launched.ended() !== null || (await answers(port)), READY_DEADLINE_MS);
    if (!ready || launched.ended() !== null) {
      const how = launched.ended();
      await this.stop();
      throw await this.#startFailure(port, how);
    }
    void launched.exit.then((how) => {
      if (this.#process === launched) this.#reportDeath(how);
    });
  }

  async stop(): Promise<void> {
    const launched = this.#process;
    if (launched === null) return;
    this.#process = null;
    if (launched.ended() === null) {
      let forced = false;
      signal(launched.pid, "SIGTERM");
      const force = setTimeout(() => {
        forced = signal(launched.pid, "SIGKILL");
      }, STOP_DEADLINE_MS);
      await launched.exit;
      clearTimeout(force);
      if (!forced) await this.#archive?.keep();
    }
    await this.#archive?.drop();
    await removeOwner(this.#installation.folder);
  }

  async kill(name: NodeJS.Signals): Promise<void> {
    const launched = this.#process;
    if (launched === null) return;
    if (name === "SIGKILL") this.#process = null;
    signal(launched.pid, name);
    if (name === "SIGKILL") await launched.exit;
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start(this.#port);
  }

  async #format(properties: string, dataDir: string): Promise<void> {
    const clusterId = this.#installation.member?.clusterId ?? newClusterId();
    await mkdir(dataDir, { recursive: true });
    const tool = [
      "-XX:TieredStopAtLevel=1",
      "-cp",
      join(this.#installation.lib, "*"),
      "kafka.tools.StorageTool",
      "format",
      "-t",
      clusterId,
      "-c",
      properties,
      ...[...(this.#installation.security?.users ?? [])].flatMap(([name, password]) => [
        "--add-scram",
        `SCRAM-SHA-512=[name=${name},password=${password}]`,
      ]),
    ];
    const { code, timedOut, stdout, stderr } = await run(this.#installation.java, tool, { timeoutMs: 120_000 });
    if (code !== 0) {
      throw new LocalKafkaError(
        `Kafka could not format ${dataDir}: ${timedOut ? "no end in two minutes" : `${stdout}${stderr}`.trim()}; see that the folder can be written to and the disk has room, or begin anew with --fresh`,
      );
    }
  }

  async #startFailure(port: number, how: string | null): Promise<LocalKafkaError> {
    const lines = (await readFile(this.logFile, "utf8").catch(() => "")).trimEnd().split("\n");
    const recent = lines.slice(-400).join("\n");
    if (/BindException|Address already in use/.test(recent) && !(await portIsFree(port))) return portTaken(port);
    const what =
      how === null ? `did not answer within ${READY_DEADLINE_MS / 1000} s` : `ended with ${how} while it started`;
    const told = lines.slice(-8).join("\n  ");
    return new LocalKafkaError(
      `the Kafka broker ${what}. If its data are damaged, begin anew with --fresh. The end of ${this.logFile}:\n  ${told}`,
    );
  }
}

/** 16 random bytes as Kafka writes its ids: URL-safe base64, no leading dash (which would read as an option). */
export function newClusterId(): string {
  for (;;) {
    const id = randomBytes(16).toString("base64url");
    if (!id.startsWith("-")) return id;
  }
}
