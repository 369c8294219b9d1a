export { type ChainLink, type ChainOptions, type RunningChain, runChain } from "./chain-runner.ts";
export { type Clock, wallClock, within } from "./clock.ts";
export {
  type BatchCommitted,
  noEvents,
  type Restored,
  type Restoring,
  type Settlement,
  type StageEvents,
} from "./events.ts";
export { lagOf, waitingOf } from "./lag.ts";
export { lastMarker } from "./last-marker.ts";
export { chunkKey, decodeMarker, encodeMarker, isMarkerKey, MARKER_KEY, type Marker, parseChunkKey } from "./marker.ts";
export { MemoryBroker, type MemoryPartition } from "./memory-broker.ts";
export { type Interfere, MemoryLog, type MemoryLogOptions } from "./memory-log.ts";
export type { Phase, RunnerStatus, Standpoint } from "./partition-runner.ts";
export {
  type Batch,
  type CommitPart,
  type CommitResult,
  type CommittedOffset,
  type JoinRequest,
  type Log,
  type Membership,
  OffsetOutOfRange,
  type OutputList,
  type OutputRecord,
  type Outputs,
  type Reader,
  ReaderClosed,
  RetryLater,
  TopicMissing,
  type TopicPartition,
  Unrecoverable,
  type Writer,
} from "./port.ts";
export { batchesIn, recordsOf } from "./read-range.ts";
export { otherIds } from "./replay-plan.ts";
export {
  HISTORY_BEGINS,
  type ReplayPoint,
  type SnapshotRecord,
  type Stage,
  type StageState,
  type Step,
  stepOrReject,
} from "./stage.ts";
export {
  type PartitionCounts,
  type Peek,
  type RunningStage,
  runStage,
  type StageOptions,
  verifyTopics,
} from "./stage-runner.ts";
export { decidedUpTo, standingOf, tagOf } from "./standing.ts";
export { VirtualClock } from "./virtual-clock.ts";
