/** Looks at the stages once in a while: readiness, the watchdog of /livez, and lag. */
import type { ReadinessItem, Watchdog } from "@weir/service";
import type { Log, RunnerStatus, RunningChain } from "@weir/stream";
import type { DetectorMetrics } from "./metrics.ts";

export type ProgressOptions = {
  readonly chain: RunningChain;
  readonly log: Log;
  /** By stage. */
  readonly inputs: ReadonlyMap<string, string>;
  readonly readiness: ReadonlyMap<string, ReadinessItem>;
  readonly metrics: DetectorMetrics;
  readonly watchdog: Watchdog;
  readonly everyMs: number;
  readonly nowMs: () => number;
};

/** Starts looking; the returned function stops it. */
export function watchProgress(options: ProgressOptions): () => void {
  const { chain, readiness, watchdog } = options;
  let looking = false;
  const look = async (): Promise<void> => {
    watchdog.beat();
    const stages = chain.status();
    for (const { stage, partitions } of stages) {
      const unready = partitions === null ? "waiting for partitions" : reasonUnready(partitions);
      if (unready === null) readiness.get(stage)?.ready();
      else readiness.get(stage)?.notReady(unready);
    }
    if (looking) return;
    looking = true;
    try {
      await Promise.all(stages.map(({ stage, partitions }) => measure(options, stage, partitions ?? [])));
    } finally {
      looking = false;
    }
  };
  const timer = setInterval(() => void look().catch(() => {}), options.everyMs);
  return () => clearInterval(timer);
}

async function measure(options: ProgressOptions, stage: string, status: readonly RunnerStatus[]): Promise<void> {
  const { metrics, inputs, nowMs } = options;
  metrics.stateKeys.set(
    { stage },
    status.reduce((sum, { keys }) => sum + keys, 0),
  );
  metrics.restoreProgress.set({ stage }, restored(status));
  // Until its state is known, nobody knows how much of a partition waits: no number, rather than 0.
  const known = status.filter(({ position }) => position !== null);
  const lags = await Promise.all(known.map((one) => lagOf(options.log, inputs.get(stage) as string, one)));
  for (const { partition, lag, position } of lags) {
    metrics.lagTransactions.set({ stage, partition }, lag);
    metrics.partitionOffset.set({ stage, partition }, position as number);
  }
  const waiting = lags.filter(({ lag }) => lag > 0);
  const oldestMs = Math.min(...waiting.map((one) => one.decidedUpToMs ?? Number.POSITIVE_INFINITY));
  metrics.lagSeconds.set({ stage }, Number.isFinite(oldestMs) ? Math.max(0, nowMs() - oldestMs) / 1000 : 0);
}

/** Asks the log for its end; what was last seen while it does not answer. */
async function lagOf(log: Log, topic: string, status: RunnerStatus): Promise<RunnerStatus> {
  if (status.position === null) return status;
  try {
    const { end } = await log.bounds({ topic, partition: status.partition });
    return { ...status, lag: Math.max(0, end - status.position) };
  } catch {
    return status;
  }
}

/** Of what is being restored, how much is; 1 when nothing is. */
export function restored(status: readonly Pick<RunnerStatus, "restoring">[]): number {
  let [done, of] = [0, 0];
  for (const { restoring } of status) {
    done += restoring?.done ?? 0;
    of += restoring?.of ?? 0;
  }
  return of === 0 ? 1 : done / of;
}

export function reasonUnready(
  status: readonly Pick<RunnerStatus, "partition" | "phase" | "restoring">[],
): string | null {
  const waiting = status.filter(({ phase }) => phase !== "running");
  return waiting.length === 0 ? null : waiting.map(reasonOf).join("; ");
}

function reasonOf({ partition, phase, restoring }: Pick<RunnerStatus, "partition" | "phase" | "restoring">): string {
  if (restoring === null) return `partition ${partition} is ${phase}`;
  const [done, of] = [restoring.done.toLocaleString("en"), restoring.of.toLocaleString("en")];
  const what = restoring.what === "snapshot" ? "restores its snapshot" : "replays the log";
  return `partition ${partition} ${what}, ${done} of ${of}`;
}
