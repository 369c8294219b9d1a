/** A broker of its own for a round, the topics of each run, and what the contenders wrote there. */
import { mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { type KafkaConnection, KafkaLog, openAdmin, openProducer, type Producer } from "@weir/kafka";
import { TOPICS } from "@weir/schema";
import { batchesIn } from "@weir/stream";
import { type Launched, launch, signal, startJavaKafka, weirFolder } from "@weir/testing";
import { wantedTopics } from "../tools/weir/topics/topics.ts";
import type { Contender } from "./contenders.ts";
import type { Job } from "./jobs.ts";
import { FRAUD_FROM_MINOR, Payments, type Workload } from "./workload.ts";

export const folder = join(weirFolder, "bench");

/** Payments lie in the past, years back in some runs, and are no reason to close or delete anything. */
const SETTINGS = { "log.roll.ms": "9000000000000", "log.retention.check.interval.ms": "86400000" };
const SEND = 5_000;
const STOP_WITHIN_MS = 15_000;

export type Input = { readonly topic: string; readonly messages: number; readonly fraud: number };

export type Outputs = {
  readonly app: string;
  readonly legit: string;
  readonly fraud: string;
  /** The logs between stages; who has fewer stages leaves some empty. */
  readonly between: readonly string[];
};

/** `fraud`: of a job that asks about the past, null. */
export type Split = { readonly legit: number; readonly fraud: number };

export class Arena implements AsyncDisposable {
  readonly brokerPid: number;
  readonly log: KafkaLog;
  readonly #connection: KafkaConnection;
  readonly #stop: () => Promise<void>;
  #runs = 0;

  private constructor(brokers: string, brokerPid: number, stop: () => Promise<void>) {
    this.#connection = { brokers: [brokers], clientId: "bench", tls: null, sasl: null };
    this.brokerPid = brokerPid;
    this.#stop = stop;
    this.log = new KafkaLog({ connection: this.#connection, log: () => {} });
  }

  static async open(): Promise<Arena> {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const kafka = await startJavaKafka({ dataDir: join(folder, "kafka"), log: () => {}, settings: SETTINGS });
    return new Arena(kafka.brokers, kafka.pid, () => kafka.stop());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.log.close();
    await this.#stop();
  }

  producer(): Producer {
    return openProducer(this.#connection, { log: () => {} });
  }

  /** The topic is made and filled by the first who asks for so many messages. */
  readonly #inputs = new Map<number, Promise<Input>>();

  input(workload: Workload): Promise<Input> {
    const { messages } = workload;
    const made = this.#inputs.get(messages) ?? this.#preload(workload);
    this.#inputs.set(messages, made);
    return made;
  }

  async emptyInput(partitions: number): Promise<string> {
    const topic = `payments-${++this.#runs}`;
    await this.#create([{ name: topic, partitions, replication: 1, config: { "retention.ms": "-1" } }]);
    return topic;
  }

  async #preload(workload: Workload): Promise<Input> {
    const { messages, spanMs } = workload;
    const topic = await this.emptyInput(workload.partitions);
    const payments = new Payments(workload);
    const producer = this.producer();
    const firstMs = Date.now() - 60_000 - spanMs;
    let fraud = 0;
    for (let sent = 0; sent < messages; sent += SEND) {
      const batch = Array.from({ length: Math.min(SEND, messages - sent) }, (_, index) =>
        payments.next(firstMs + Math.floor(((sent + index) / messages) * spanMs)),
      );
      for (const { amountMinor } of batch) if (amountMinor >= FRAUD_FROM_MINOR) fraud++;
      await producer.send(
        topic,
        batch.map(({ record }) => record),
      );
    }
    await producer.close();
    return { topic, messages, fraud };
  }

  /** The contender's processes over topics of their own. */
  async start(
    contender: Contender,
    job: Job,
    input: { readonly topic: string; readonly partitions: number; readonly processes: number },
  ): Promise<{ readonly outputs: Outputs; readonly contestants: Contestants }> {
    const app = `${contender.name}-${job.name}-${++this.#runs}`;
    const names = {
      transactions: input.topic,
      labels: `${app}.${TOPICS.labels}`,
      legit: `${app}.${TOPICS.legit}`,
      fraud: `${app}.${TOPICS.fraud}`,
      rejected: `${app}.${TOPICS.rejected}`,
    };
    const byTarget = `${app}.by-target`;
    // Those of a chain with a gate too, for who runs one.
    const wanted = wantedTopics({ names, appId: app, plan: job.plan, inputKeyed: false }, input.partitions);
    await this.#create(wanted);
    const launched: Launched[] = [];
    const logFiles: string[] = [];
    for (let number = 0; number < input.processes; number++) {
      const environment = {
        ...process.env,
        ...contender.environment(job.name, job.rulesetFile),
        KAFKA_BROKER_URL: this.#connection.brokers[0],
        APP_ID: app,
        TRANSACTIONS_TOPIC: names.transactions,
        LABELS_TOPIC: names.labels,
        LEGIT_TOPIC: names.legit,
        FRAUD_TOPIC: names.fraud,
        REJECTED_TOPIC: names.rejected,
        BY_TARGET_TOPIC: byTarget,
        STATE_DIR: join(folder, `state-${app}-${number}`),
      };
      const logFile = join(folder, `${app}-${number}.log`);
      logFiles.push(logFile);
      launched.push(await launch(app, contender.command, contender.args, logFile, environment));
    }
    const between = wanted.map(({ name }) => name).filter((name) => name.startsWith(`${app}.by-`));
    return {
      outputs: { app, legit: names.legit, fraud: names.fraud, between },
      contestants: new Contestants(app, launched, logFiles),
    };
  }

  async #create(topics: Parameters<ReturnType<typeof openAdmin>["create"]>[0]): Promise<void> {
    const admin = openAdmin(this.#connection);
    await admin.create(topics);
    await admin.close();
  }

  /** Sum of the offsets up to which a reader of committed records would read now. */
  async written(topics: readonly string[], partitions: number): Promise<number> {
    const ends = await Promise.all(
      topics.flatMap((topic) =>
        Array.from({ length: partitions }, async (_, partition) => (await this.log.bounds({ topic, partition })).end),
      ),
    );
    return ends.reduce((sum, end) => sum + end, 0);
  }

  /** Of all topics that the contender wrote, those of its state too; segments that compaction has left. */
  bytes({ app }: Outputs): number {
    const data = join(folder, "kafka/data");
    const own = readdirSync(data).filter((name) => name.startsWith(`${app}.`) || name.startsWith(`${app}-`));
    const segments = own.flatMap((topic) =>
      readdirSync(join(data, topic))
        .filter((name) => name.endsWith(".log"))
        .map((name) => statSync(join(data, topic, name)).size),
    );
    return segments.reduce((sum, size) => sum + size, 0);
  }

  /** Reads it all, and of each batch whether its first record is JSON: throws if not. */
  async split({ legit, fraud }: Outputs, partitions: number): Promise<Split> {
    const count = async (topic: string): Promise<number> => {
      let records = 0;
      for (let partition = 0; partition < partitions; partition++) {
        const { end } = await this.log.bounds({ topic, partition });
        for await (const batch of batchesIn(this.log, { topic, partition }, 0, end)) {
          records += batch.records.length;
          JSON.parse(String(batch.records[0]?.value ?? "{}"));
        }
      }
      return records;
    };
    return { legit: await count(legit), fraud: await count(fraud) };
  }
}

export class Contestants implements AsyncDisposable {
  readonly #name: string;
  readonly #launched: readonly Launched[];
  readonly logFiles: readonly string[];

  constructor(name: string, launched: readonly Launched[], logFiles: readonly string[]) {
    this.#name = name;
    this.#launched = launched;
    this.logFiles = logFiles;
  }

  get pids(): number[] {
    return this.#launched.map(({ pid }) => pid);
  }

  /** Throws when one of them has ended by itself. */
  assertRunning(): void {
    for (const one of this.#launched) {
      const how = one.ended();
      if (how !== null) throw new Error(`${this.#name} ended with ${how}; see its log in ${folder}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      this.#launched.map(async (one) => {
        signal(one.pid, "SIGTERM");
        const force = setTimeout(() => signal(one.pid, "SIGKILL"), STOP_WITHIN_MS);
        await one.exit;
        clearTimeout(force);
      }),
    );
  }
}
