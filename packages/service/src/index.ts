export type { ReadinessItem, Reason, Watchdog } from "./health.ts";
export { Health } from "./health.ts";
export { refuseUnfitKafka } from "./kafka-check.ts";
export type { KafkaLogFunction } from "./kafka-log.ts";
export { kafkaLog } from "./kafka-log.ts";
export { kafkaSettings } from "./kafka-settings.ts";
export type { Logger, LogOptions } from "./logger.ts";
export { createLogger } from "./logger.ts";
export type { BuildInfo, LabelValues, MetricSpec } from "./metrics.ts";
export { DURATION_BUCKETS_SECONDS, EVENT_LOOP_LOOK_MS, METRICS_AGE_MS, Metrics } from "./metrics.ts";
export type { Phase } from "./phases.ts";
export { Phases } from "./phases.ts";
export { type RouteAnswer, type RouteHandler, type RouteRequest, type RouteSpec, Routes, refusal } from "./routes.ts";
export { faultsText, runService } from "./run.ts";
export type { ExitCode, Running, Service, ServiceTable, StopRequest, World } from "./serve.ts";
export { defineService, EXIT_CONFIGURATION, serve, sharedSettings } from "./serve.ts";
export type { Entry, Kind, Parsed, Row, SettingFile, SettingsSource, Spec, Values } from "./setting.ts";
export {
  brokerList,
  durationMs,
  file,
  flag,
  group,
  httpUrl,
  integer,
  oneOf,
  processSource,
  secret,
  secretFile,
  setting,
  share,
  text,
} from "./setting.ts";
export type { Settings, SettingsTable } from "./settings.ts";
export { ConfigurationError, readSettings, suspiciousNames } from "./settings.ts";
export { helpText, settingsMarkdown } from "./settings-help.ts";
export {
  adminSettings,
  appId,
  httpSettings,
  LOG_LEVELS,
  labelsTopic,
  logSettings,
  shutdownSettings,
  tokeniseKey,
  topicSettings,
  transactionsTopic,
} from "./shared-settings.ts";
export { SAME_SIGNAL_MS } from "./shutdown.ts";
export { type OpenSpan, type SpanStart, startTracing, type Tracing, tracingSettings } from "./tracing/tracing.ts";
export { unlessAborted } from "./unless-aborted.ts";
