/**
 * A run without Kafka: a log in memory, both services in this process. Nothing is kept, and nothing is shown of what
 * only several processes and a real broker can show.
 */
import { setImmediate as turn } from "node:timers/promises";
import { detectorOn } from "@weir/detector";
import { generatorTo } from "@weir/generator";
import { MemoryBroker, MemoryLog } from "@weir/stream";
import type { Service } from "../../process/service.ts";
import type { TopicsRequest } from "../../weir/topics/apply.ts";
import { planTopics, type TopicPlan, type TopicsOf } from "../../weir/topics/topics.ts";
import type { Ground, ServiceName } from "../ground.ts";
import { type StageOfRun, stagesOf, waitingIn } from "../stages.ts";
import { MemoryAudit } from "./audit.ts";
import { startHere } from "./here.ts";
import { MemorySink } from "./sink.ts";

/** Records that may wait in all stages together before the generator has to: about 30 MB. */
const MAX_WAITING = 100_000;

const PLACE = "the log in memory";

export class MemoryGround implements Ground {
  readonly kind = "in memory";
  readonly place = "one process, not Kafka, nothing is kept";
  readonly environment = process.env;
  readonly died: Promise<string>;
  readonly #topics: TopicsOf;
  readonly #stages: readonly StageOfRun[];
  readonly #broker = new MemoryBroker();
  readonly #log: MemoryLog;
  readonly #died = Promise.withResolvers<string>();
  #audit: MemoryAudit | null = null;

  constructor(topics: TopicsOf) {
    this.#topics = topics;
    this.#stages = stagesOf(topics);
    // Without a turn for timers and sockets between batches, a detector with enough to do would be all that runs.
    this.#log = new MemoryLog(this.#broker, { interfere: (point) => (point === "read:before" ? turn() : undefined) });
    this.died = this.#died.promise;
  }

  async applyTopics(request: TopicsRequest): Promise<TopicPlan> {
    const plan = planTopics(request, request.partitions, new Map());
    for (const topic of plan.missing) this.#broker.createTopic(topic.name, topic.partitions);
    return plan;
  }

  waiting(stages: readonly StageOfRun[]): Promise<number> {
    return waitingIn(this.#log, stages);
  }

  async audit(): Promise<MemoryAudit> {
    const audit = new MemoryAudit(this.#log, this.#broker, this.#topics.names, this.#stages);
    audit.failed.catch((error: unknown) => this.#died.resolve(`the log in memory could not be read: ${String(error)}`));
    this.#audit = audit;
    return audit;
  }

  async start(service: ServiceName, as: string, environment: NodeJS.ProcessEnv, logFile: string): Promise<Service> {
    if (service === "detector")
      return startHere(detectorOn({ log: this.#log, place: PLACE }), as, environment, logFile);
    const sink = new MemorySink({ broker: this.#broker, waiting: () => this.#waiting(), maxWaiting: MAX_WAITING });
    return startHere(generatorTo({ open: async () => sink, place: PLACE }), as, environment, logFile);
  }

  async stop(): Promise<void> {
    this.#audit?.close();
  }

  kill(): void {}

  #waiting(): number {
    let sum = 0;
    for (const { group, topic } of this.#stages)
      for (const [partition, { end }] of this.#broker.partitions(topic).entries())
        sum += end - (this.#broker.committed(group, { topic, partition })?.offset ?? 0);
    return sum;
  }
}
