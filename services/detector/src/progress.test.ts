import { Metrics } from "@weir/service";
import type { Log, RunnerStatus, RunningChain } from "@weir/stream";
import { expect, onTestFinished, test, vi } from "vitest";
import { detectorMetrics } from "./metrics.ts";
import { reasonUnready, restored, watchProgress } from "./progress.ts";

const snapshot = { what: "snapshot", done: 300_000, of: 1_000_000 } as const;
const replay = { what: "replay", done: 1_000, of: 4_000 } as const;

test("a stage that is not ready says of each partition what it waits for, and how far a restore is", () => {
  expect(
    reasonUnready([
      { partition: 0, phase: "running", restoring: null },
      { partition: 1, phase: "fencing", restoring: null },
      { partition: 2, phase: "settling", restoring: snapshot },
      { partition: 3, phase: "settling", restoring: replay },
    ]),
  ).toBe(
    "partition 1 is fencing; partition 2 restores its snapshot, 300,000 of 1,000,000; " +
      "partition 3 replays the log, 1,000 of 4,000",
  );
  expect(reasonUnready([{ partition: 0, phase: "running", restoring: null }])).toBeNull();
});

test("the progress of a stage is that of what it restores, and 1 when it restores nothing", () => {
  expect(restored([{ restoring: snapshot }, { restoring: replay }, { restoring: null }])).toBeCloseTo(301 / 1004, 9);
  expect([restored([]), restored([{ restoring: null }])]).toEqual([1, 1]);
});

test("a partition that is still restored has no lag, rather than one of 0", async () => {
  const aStatus = (status: Partial<RunnerStatus>): RunnerStatus => ({
    ...{ partition: 0, phase: "running", position: 5, keys: 0, lag: 0, decidedUpToMs: null, restoring: null },
    ...status,
  });
  const partitions = [aStatus({ position: null, phase: "settling", restoring: replay }), aStatus({ partition: 1 })];
  const registry = new Metrics({ service: "test", version: "1", node: "v24" });
  const stop = watchProgress({
    chain: { status: () => [{ stage: "gate", partitions }] } as unknown as RunningChain,
    log: { bounds: async () => ({ start: 0, end: 9 }) } as unknown as Log,
    inputs: new Map([["gate", "in"]]),
    readiness: new Map(),
    metrics: detectorMetrics(registry, { stage: ["gate"], rule: [] }),
    watchdog: { beat: () => {}, pause: () => {} },
    everyMs: 1,
    nowMs: () => 0,
  });
  onTestFinished(stop);
  const exported = (): Promise<string> => registry.registry.metrics();
  await vi.waitFor(async () =>
    expect(await exported()).toContain('weir_lag_transactions{stage="gate",partition="1"} 4'),
  );
  expect(await exported()).not.toContain('{stage="gate",partition="0"}');
  expect(await exported()).toContain('weir_partition_offset{stage="gate",partition="1"} 5');
});
