import { expect, test } from "vitest";
import { computeBatch, type OwnedState } from "./batch.ts";
import type { Stage, StageState } from "./stage.ts";

const RECORDS = 100;

/** How many chunks a state that would have to replay so much is asked for, with a batch of RECORDS. */
function chunksAskedFor(replay: number): number {
  let asked = -1;
  const next = 1_000_000;
  const state = {
    replayFrom: { offset: next - replay, streamTimeMs: 0 },
    streamTimeMs: 0,
    historySinceMs: 0,
    apply: () => {},
    takeSnapshot: (limit: number) => {
      asked = limit;
      return [];
    },
  } as unknown as StageState<unknown>;
  const stage = {
    name: "stage",
    input: "in",
    stateTopic: "state",
    identity: "x",
    step: () => ({ outputs: [], label: "seen", event: null }),
  } as unknown as Stage<unknown>;
  const record = { timestampMs: 0, key: null, value: null, headers: [] };
  const records = Array.from({ length: RECORDS }, (_, index) => ({ ...record, offset: next - RECORDS + index }));
  const owned: OwnedState<unknown> = { state, epoch: 0, snapshotFrom: 0, inputId: "id", leftovers: [] };
  const log = { outputs: () => [] };
  const partitionCounts = new Map<string, number>();
  const context = { stage, partition: 0, log, processId: "p", partitionCounts, tracing: false };
  computeBatch(context, owned, [{ from: next - RECORDS, next, records, endOffset: next }], "batch");
  return asked;
}

test("a share of a batch's records goes into chunks, and room for a chunk and a tombstone of each where replay is long", () => {
  expect(chunksAskedFor(50_000)).toBe(RECORDS / 4);
  expect(chunksAskedFor(200_000)).toBeGreaterThan(2 * RECORDS);
});
