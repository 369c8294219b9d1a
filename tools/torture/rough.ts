/** A producer that means no good: disorder, duplicates, late ones, garbage and labels, among what the generator sends. */
import { type KafkaConnection, openProducer, type Producer, type ProducerRecord } from "@weir/kafka";
import { TOPICS } from "@weir/schema";
import { paymentsOf } from "@weir/testing";

const EVERY_MS = 200;

export type RoughProducer = {
  /** Resolves once all that was sent is stored. */
  stop(): Promise<void>;
  readonly sent: number;
};

/** `rate`: records a second. A part that could not be sent is told, and nobody's loss: it never came in. */
export function startRough(connection: KafkaConnection, options: RoughOptions): RoughProducer {
  const { seed, rate, partitions, keyed, log } = options;
  const producer = openProducer(connection, { log: () => {} });
  const { transactions, labels } = TOPICS;
  const payments = paymentsOf({ seed, partitions, keyed, topics: { transactions, labels }, clock: () => Date.now() });
  let sent = 0;
  let stopped = false;
  const run = async (): Promise<void> => {
    while (!stopped) {
      const records = Array.from({ length: Math.max(1, Math.round((rate * EVERY_MS) / 1_000)) }, () => payments.next());
      const byTopic = Map.groupBy(
        records.flatMap(({ value }) => (value === undefined ? [] : [value])),
        ({ topic }) => topic,
      );
      for (const [topic, list] of byTopic) sent += await send(producer, topic, list, log);
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
    await producer.close();
  };
  const running = run();
  return {
    async stop() {
      stopped = true;
      await running;
    },
    get sent() {
      return sent;
    },
  };
}

type RoughOptions = {
  readonly seed: number;
  readonly rate: number;
  readonly partitions: number;
  /** As PaymentsOptions has it. */
  readonly keyed: boolean;
  readonly log: (line: string) => void;
};

async function send(
  producer: Producer,
  topic: string,
  records: readonly (ProducerRecord & { readonly value: Buffer | null })[],
  log: (line: string) => void,
): Promise<number> {
  try {
    await producer.send(topic, records);
    return records.length;
  } catch (error) {
    log(`torture: ${records.length} rough records were given up: ${error instanceof Error ? error.message : error}`);
    return 0;
  }
}
