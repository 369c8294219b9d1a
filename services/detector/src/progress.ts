/** Looks at the stage once in a while: readiness, the watchdog of /livez, and lag. */
import type { ReadinessItem, Watchdog } from "@weir/service";
import type { Log, RunnerStatus, RunningStage } from "@weir/stream";
import type { DetectorMetrics } from "./metrics.ts";

export type ProgressOptions = {
  readonly stage: RunningStage;
  readonly log: Log;
  readonly topic: string;
  readonly metrics: DetectorMetrics;
  readonly readiness: ReadinessItem;
  readonly watchdog: Watchdog;
  readonly everyMs: number;
  readonly nowMs: () => number;
};

/** Starts looking; the returned function stops it. */
export function watchProgress(options: ProgressOptions): () => void {
  const { stage, metrics, readiness, watchdog, nowMs } = options;
  let looking = false;
  const look = async (): Promise<void> => {
    watchdog.beat();
    const status = stage.status();
    const unready = status === null ? "waiting for partitions" : reasonUnready(status);
    if (unready === null) readiness.ready();
    else readiness.notReady(unready);
    if (looking || status === null) return;
    metrics.stateKeys.set(status.reduce((sum, { keys }) => sum + keys, 0));
    looking = true;
    try {
      const lags = await Promise.all(status.map((one) => lagOf(options, one)));
      for (const { partition, lag } of lags) metrics.lagTransactions.set({ partition }, lag);
      const waiting = lags.filter(({ lag }) => lag > 0);
      const oldestMs = Math.min(...waiting.map((one) => one.decidedUpToMs ?? Number.POSITIVE_INFINITY));
      metrics.lagSeconds.set(Number.isFinite(oldestMs) ? Math.max(0, nowMs() - oldestMs) / 1000 : 0);
    } finally {
      looking = false;
    }
  };
  const timer = setInterval(() => void look().catch(() => {}), options.everyMs);
  return () => clearInterval(timer);
}

/** Asks the log for its end; what was last seen while it does not answer. */
async function lagOf({ log, topic }: ProgressOptions, status: RunnerStatus): Promise<RunnerStatus> {
  if (status.position === null) return status;
  try {
    const { end } = await log.bounds({ topic, partition: status.partition });
    return { ...status, lag: Math.max(0, end - status.position) };
  } catch {
    return status;
  }
}

function reasonUnready(status: readonly RunnerStatus[]): string | null {
  const waiting = status.filter((one) => one.phase !== "running");
  if (waiting.length === 0) return null;
  return waiting.map((one) => `partition ${one.partition} is ${one.phase}`).join(", ");
}
