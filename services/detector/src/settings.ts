/** The detector's environment: every variable, its bounds and its default. README.md shows it, a test keeps that current. */
import {
  adminSettings,
  appId,
  durationMs,
  flag,
  integer,
  kafkaSettings,
  sharedSettings,
  topicSettings,
  tracingSettings,
} from "@weir/service";
import { explain } from "./ruleset-settings.ts";
import { chainSettings } from "./stage-settings.ts";

export const allowPartialHistory = flag({
  name: "ALLOW_PARTIAL_HISTORY",
  about:
    "Start although the log no longer holds all the records that the windows need; decisions say historySince where some lack",
  default: false,
});

/** Whatever the log is. */
export const detectorSettings = {
  topics: topicSettings,
  appId,
  chain: chainSettings,
  explain,
  maxRecordBytes: integer({
    name: "MAX_RECORD_BYTES",
    about: "Key, value and headers of a transaction; a larger one is rejected by reference",
    min: 256,
    max: 1_000_000,
    default: 65_536,
  }),
  maxFutureMs: durationMs({
    name: "MAX_FUTURE_MS",
    about: "How far a transaction's own time may be ahead of its record's before it is rejected",
    min: 0,
    max: 86_400_000,
    default: 300_000,
  }),
  maxStageLag: integer({
    name: "MAX_STAGE_LAG",
    about: "Records that may wait between two stages before the first of them reads no further",
    min: 1,
    max: 1_000_000_000,
    default: 20_000,
  }),
  commitIntervalMs: durationMs({
    name: "COMMIT_INTERVAL_MS",
    about:
      "From one small transaction of a stage to the next: more of it spares the brokers, less of it decides sooner",
    min: 0,
    max: 10_000,
    default: 0,
  }),
  allowPartialHistory,
  admin: adminSettings(8070, "/entities and /rejected"),
  tracing: tracingSettings,
  ...sharedSettings(8080),
};

/** Of the detector on Kafka. */
export const settingsTable = {
  kafka: kafkaSettings("weir-detector"),
  sessionTimeoutMs: durationMs({
    name: "SESSION_TIMEOUT_MS",
    about: "Silence after which the group gives this detector's partitions to the others",
    min: 6_000,
    max: 300_000,
    default: 10_000,
  }),
  ...detectorSettings,
};
