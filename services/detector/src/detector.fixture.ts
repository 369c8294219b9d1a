/** A world in memory for detectors: topics, transactions that nobody keyed, and rulesets. */
import { type Decision, entityTopic, partitionFor, TOPICS } from "@weir/schema";
import { createLogger, readSettings, serve } from "@weir/service";
import { MemoryBroker, MemoryLog } from "@weir/stream";
import { expect, onTestFinished } from "vitest";
import { detectorOn, type Source } from "./detector.ts";
import { detectorSettings } from "./settings.ts";

export const PARTITIONS = 2;
const OUTPUTS = [TOPICS.legit, TOPICS.fraud, TOPICS.rejected];
export const BY_SOURCE = entityTopic("weir", "source");
export const BY_TARGET = entityTopic("weir", "target");
const CHAIN = [TOPICS.transactions, TOPICS.labels, BY_SOURCE, BY_TARGET];

export type Environment = Readonly<Record<string, string>>;

export class World {
  readonly broker = new MemoryBroker();
  #produced = 0;

  constructor() {
    for (const topic of [...OUTPUTS, ...CHAIN, ...CHAIN.map((one) => `weir.state.${one}`)])
      this.broker.createTopic(topic, PARTITIONS);
  }

  /** Wherever it falls, as the tutorial's producers do it, or in its source's partition. */
  produce(count: number, { keyed = false } = {}): void {
    for (let index = 0; index < count; index++) {
      const number = this.#produced++;
      const source = `s${number % 5}`;
      const text = `{"source":"${source}","target":"t${number % 3}","amount":${1 + (number % 7)},"currency":"EUR","id":"${number}"}`;
      const timestampMs = 1_700_000_000_000 + number * 1_000;
      const partition = keyed ? partitionFor(source, PARTITIONS) : number % PARTITIONS;
      this.broker.produce({ topic: TOPICS.transactions, partition, key: null, value: Buffer.from(text), timestampMs });
    }
  }

  get produced(): number {
    return this.#produced;
  }

  /** Ids of the transactions that have an output, in no order. */
  decided(): number[] {
    const values = OUTPUTS.flatMap((topic) => this.records(topic)).map(({ value }) => String(value));
    return values.map((text) => Number((JSON.parse(text) as { id: string }).id));
  }

  /** In the order of their ids. */
  decisions(): { readonly id: number; readonly decision: Decision }[] {
    const values = [TOPICS.legit, TOPICS.fraud]
      .flatMap((topic) => this.records(topic))
      .map(({ value }) => String(value));
    const read = values.map((text) => JSON.parse(text) as { id: string; decision: Decision });
    return read.map(({ id, decision }) => ({ id: Number(id), decision })).toSorted((a, b) => a.id - b.id);
  }

  count(topic: string): number {
    return this.records(topic).length;
  }

  /** `stop` ends it in good order; `exit` resolves with its exit code. */
  start(env: Environment, source: Partial<Source> = {}) {
    const log = new MemoryLog(this.broker, { interfere: (point) => (point === "read:before" ? turn() : undefined) });
    const service = detectorOn({ log, place: "memory", ...source });
    const settings = readSettings(detectorSettings, {
      env: { PORT: "0", ADMIN_PORT: "0", LOG_LEVEL: "warn", ...env },
      readFile,
    });
    const stop = new AbortController();
    const lines: string[] = [];
    const logger = createLogger({
      level: env.LOG_LEVEL ?? "info",
      service: "detector",
      instance: "1",
      destination: { write: (line: string) => void lines.push(line) },
    });
    const exit = serve(service, settings, { log: logger, stop: { signal: stop.signal, begin: () => stop.abort() } });
    onTestFinished(async () => {
      stop.abort();
      await exit;
    });
    const url = async (field: "url" | "adminUrl" = "url"): Promise<string> => {
      const found = (): string | undefined => new RegExp(`"${field}":"([^"]+)"`).exec(lines.join(""))?.[1];
      await until(() => found() !== undefined);
      return found() as string;
    };
    return { exit, stop: () => stop.abort(), said: () => lines.join(""), url };
  }

  async decidesAll(): Promise<void> {
    await until(() => this.decided().length >= this.produced);
    expect(this.decided().toSorted((a, b) => a - b)).toEqual(Array.from({ length: this.produced }, (_, id) => id));
  }

  records(topic: string) {
    return this.broker.partitions(topic).flatMap((one) => one.slice(one.start, one.end, 1e9).records);
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 5));
}

const THRESHOLD = `
name: threshold
version: 1
rules:
  - { id: large, when: amount >= 5, score: 0.95, examples: [{ given: { amount: 5 }, expect: hit }, { given: { amount: 4 }, expect: miss }] }
thresholds: { review: 0.6, decline: 0.9 }
`;

const COUNTS = `
name: counts
version: 1
features:
  paid: { by: source, count: true, over: 1h }
  received: { by: target, count: true, over: 1h }
  risk: { by: target, fraud_ratio: true, over: 1d }
rules:
  - { id: busy, when: paid > 3 && received > 3 || risk > 0.5, score: 0.95, examples: [{ given: { paid: 4, received: 4 }, expect: hit }, { given: { paid: 1 }, expect: miss }] }
thresholds: { review: 0.6, decline: 0.9 }
`;

const PAIR = `
name: pair
version: 1
features:
  paid: { by: source, count: true, over: 1h }
  received: { by: target, count: true, over: 1h }
rules:
  - { id: busy, when: paid > 3 && received > 3, score: 0.95, examples: [{ given: { paid: 4, received: 4 }, expect: hit }, { given: { paid: 1 }, expect: miss }] }
thresholds: { review: 0.6, decline: 0.9 }
`;

/** In the file `token`. */
export const TOKEN = "0123456789abcdef";

/** In the file `secret`: what ids become tokens by. */
export const SECRET = "a secret of thirty-two bytes, so long";

const FILES: Readonly<Record<string, string>> = {
  "threshold.yaml": THRESHOLD,
  "counts.yaml": COUNTS,
  "pair.yaml": PAIR,
  token: TOKEN,
  secret: SECRET,
  "another-secret": `${SECRET}!`,
};

export function readFile(path: string): string {
  const text = FILES[path];
  if (text === undefined) throw Object.assign(new Error(path), { code: "ENOENT" });
  return text;
}
