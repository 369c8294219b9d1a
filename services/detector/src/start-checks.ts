/**
 * What must hold before a detector starts, since going on would decide wrongly or leave something undecided: the topics
 * are there and fit, ids are what they were, no stage is left out that still has something to decide, and the logs reach
 * back far enough.
 */
import { ENTITY_FIELDS } from "@weir/engine";
import { entityTopic } from "@weir/schema";
import { ConfigurationError } from "@weir/service";
import {
  type Log,
  lastMarker,
  otherIds,
  type PartitionCounts,
  type Stage,
  TopicMissing,
  Unrecoverable,
  verifyTopics,
  waitingOf,
  wallClock,
} from "@weir/stream";

/** By topic. Throws ConfigurationError when topics are missing or do not fit together. */
export async function verifiedCounts(
  log: Log,
  stages: readonly Pick<Stage, "input" | "outputs" | "stateTopic">[],
): Promise<PartitionCounts> {
  try {
    return await verifyTopics(log, stages);
  } catch (error) {
    if (error instanceof TopicMissing)
      throw new ConfigurationError(`${error.message}. Mend: npm run weir -- topics apply --ruleset RULESET`, {
        cause: error,
      });
    if (error instanceof Unrecoverable) throw new ConfigurationError(error.message, { cause: error });
    throw error;
  }
}

const MARKER_WITHIN_MS = 30_000;

/**
 * Throws ConfigurationError when the logs hold ids that are tokens of another key, or none: what was written with both
 * would take one customer for two. It is the first stage that makes them; one partition of it tells for all.
 */
export async function refuseOtherIds(
  log: Log,
  { input, stateTopic, ids }: Pick<Stage, "input" | "stateTopic" | "ids">,
  partitions: number,
): Promise<void> {
  const context = { log, clock: wallClock, deadlineMs: MARKER_WITHIN_MS };
  for (let partition = 0; partition < partitions; partition += 1) {
    const marker = await lastMarker(context, { topic: stateTopic, partition });
    if (marker === null || marker === "corrupt") continue;
    if (marker.ids !== ids) throw new ConfigurationError(otherIds(`${input}/${partition}`, marker.ids, ids));
    return;
  }
}

/** The group of the stage that reads the log by `entity`, whatever the ruleset. */
export function entityGroup(appId: string, entity: string): string {
  return `${appId}-by-${entity}`;
}

/**
 * Throws ConfigurationError when a log between stages still holds what nobody would decide any more, since this ruleset
 * has no stage for it. `inputs` are those of its stages.
 */
export async function refuseDroppedStages(log: Log, appId: string, inputs: readonly string[]): Promise<void> {
  const faults: string[] = [];
  for (const entity of ENTITY_FIELDS) {
    const topic = entityTopic(appId, entity);
    if (inputs.includes(topic)) continue;
    const waiting = await waitingIn(log, entityGroup(appId, entity), topic);
    if (waiting > 0)
      faults.push(
        `${waiting} records wait in ${topic}, for which this ruleset has no stage: they would never be decided. Mend: ` +
          "stop the other detectors, then npm run weir -- drain --ruleset FILE with the ruleset that ran before, in the " +
          "same environment; with INPUT_KEYED=false if there was a gate then and is none now",
      );
  }
  if (faults.length > 0) throw new ConfigurationError(faults);
}

async function waitingIn(log: Log, group: string, topic: string): Promise<number> {
  try {
    return await waitingOf(log, group, topic, await log.partitions(topic));
  } catch (error) {
    if (error instanceof TopicMissing) return 0;
    throw error;
  }
}

/** The settings of a topic; what nobody knows is not among them. */
export type ConfigOf = (topic: string) => Promise<Readonly<Record<string, string>>>;

type Config = Awaited<ReturnType<ConfigOf>>;

/** How long a topic keeps its records, ms; null: for ever, or nobody knows. */
export function retentionIn(config: Config): number | null {
  const retentionMs = Number(config["retention.ms"] ?? -1);
  return retentionMs < 0 ? null : retentionMs;
}

function cleanupIn(config: Config): string[] {
  return config["cleanup.policy"]?.split(",").map((one) => one.trim()) ?? [];
}

/**
 * Throws ConfigurationError when a topic throws away what is needed: a log that is compacted drops all but the last record
 * of a key, a state topic that is not drops keys; and when a log is kept for less time than its stage looks back, so that
 * a state that has to be rebuilt would lack what the windows ask for.
 */
export async function refuseForgetfulTopics(
  stages: readonly { readonly input: string; readonly stateTopic: string; readonly horizonMs: number }[],
  configOf: ConfigOf,
  { allowPartialHistory }: { readonly allowPartialHistory: boolean },
): Promise<void> {
  const faults: string[] = [];
  const mend = (topic: string, setting: string): string =>
    `Mend: kafka-configs --alter --entity-type topics --entity-name ${topic} --add-config ${setting}`;
  for (const { input, stateTopic, horizonMs } of stages) {
    const [log, state] = await Promise.all([configOf(input), configOf(stateTopic)]);
    if (cleanupIn(log).includes("compact"))
      faults.push(
        `${input} is compacted, which drops records before they are decided. ${mend(input, "cleanup.policy=delete")}`,
      );
    if (cleanupIn(state).includes("delete"))
      faults.push(
        `${stateTopic} is not only compacted, so that state is deleted. ${mend(stateTopic, "cleanup.policy=compact")}`,
      );
    const retentionMs = retentionIn(log);
    if (!allowPartialHistory && retentionMs !== null && retentionMs < horizonMs)
      faults.push(
        `${input} is kept for ${retentionMs} ms, but the ruleset looks back ${horizonMs} ms: rebuilt state would lack ` +
          `the rest. ${mend(input, `retention.ms=${horizonMs}`)}, or set ALLOW_PARTIAL_HISTORY=true`,
      );
  }
  if (faults.length > 0) throw new ConfigurationError(faults);
}
