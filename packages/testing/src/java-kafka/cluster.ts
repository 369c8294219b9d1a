/**
 * Three real Kafka brokers on one machine, each node broker and controller: every record is kept three times, and two
 * brokers have to have it before it counts as stored. Any one of them may be lost.
 */
import { join } from "node:path";
import { freePort } from "../ports.ts";
import type { Behind } from "./properties.ts";
import { type JavaKafka, newClusterId, startJavaKafka } from "./start.ts";

export const CLUSTER_NODES = 3;

export type KafkaCluster = {
  /** Of all nodes, separated by commas. */
  readonly brokers: string;
  readonly nodes: readonly JavaKafka[];
  stop(): Promise<void>;
};

/**
 * `behind`: of each node, a port for clients that come through a proxy. A node that was killed must not be started again
 * before its session has expired: wait `SESSION_EXPIRED_MS`.
 */
export async function startKafkaCluster(options: {
  readonly dataDir: string;
  readonly behind?: readonly Behind[];
  /** As JavaKafkaOptions has it. */
  readonly shortLived?: boolean;
  readonly log: (line: string) => void;
}): Promise<KafkaCluster> {
  const { dataDir, behind = [], shortLived = false, log } = options;
  const ids = Array.from({ length: CLUSTER_NODES }, (_, index) => index + 1);
  const clusterId = newClusterId();
  const controllerPorts = await Promise.all(ids.map(() => freePort()));
  // None answers before two of three are there.
  const started = await Promise.allSettled(
    ids.map((nodeId, index) =>
      startJavaKafka({
        dataDir: join(dataDir, `node-${nodeId}`),
        fresh: true,
        log,
        shortLived,
        member: { nodeId, clusterId, controllerPorts },
        ...(behind[index] && { behind: behind[index] }),
      }),
    ),
  );
  const nodes = started.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.stop()));
  };
  const failed = started.find((one) => one.status === "rejected");
  if (failed !== undefined) {
    await stop();
    throw failed.reason;
  }
  return { brokers: nodes.map((node) => node.brokers).join(), nodes, stop };
}

/** A broker's session of 3 s, and some time to notice. */
export const SESSION_EXPIRED_MS = 5_000;
