/** The stages of a run, as far as it looks at them: what each reads, and who reads it. */
import { groupOf } from "@weir/detector";
import { chainOf, inputTopicOf } from "@weir/engine";
import { stateTopic } from "@weir/schema";
import { type Log, waitingOf } from "@weir/stream";
import type { TopicsOf } from "../weir/topics/topics.ts";

export type StageOfRun = {
  readonly name: string;
  readonly group: string;
  readonly topic: string;
  readonly stateTopic: string;
};

/** In the order of the flow. */
export function stagesOf({ plan, inputKeyed, appId, names }: TopicsOf): StageOfRun[] {
  return chainOf(plan, { inputKeyed }).map((link) => {
    const topic = inputTopicOf(link, appId, names);
    return { name: link.name, group: groupOf(appId, link), topic, stateTopic: stateTopic(appId, topic) };
  });
}

/** Of all of them together. */
export async function waitingIn(log: Log, stages: readonly StageOfRun[]): Promise<number> {
  const counts = stages.map(async ({ group, topic }) => waitingOf(log, group, topic, await log.partitions(topic)));
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}
