/**
 * The log as @weir/kafka takes it: level, text, fields. A client that cannot reach its broker repeats itself many
 * times a second: the same text above debug is written once in REPEAT_MS, in between it goes to debug.
 */
import type { Logger } from "./logger.ts";

const REPEAT_MS = 30_000;
/** Texts that are remembered; more than a client has to say. */
const MAX_TEXTS = 100;

export type KafkaLogFunction = (
  level: "debug" | "info" | "warn" | "error",
  message: string,
  fields: Readonly<Record<string, unknown>>,
) => void;

/** `nowMs` is a monotonic clock. */
export function kafkaLog(log: Logger, nowMs: () => number = () => performance.now()): KafkaLogFunction {
  const writtenMs = new Map<string, number>();
  return (level, message, fields) => {
    if (level !== "debug") {
      const now = nowMs();
      const last = writtenMs.get(message);
      if (last !== undefined && now - last < REPEAT_MS) {
        log.debug(fields, message);
        return;
      }
      if (writtenMs.size >= MAX_TEXTS) writtenMs.clear();
      writtenMs.set(message, now);
    }
    log[level](fields, message);
  };
}
