/** What the generator does, told to the log, the metrics and the probes: one function per event. */
import type { Logger, Metrics, ReadinessItem, Watchdog } from "@weir/service";
import type { Clock, GeneratorEvents } from "./generator.ts";

export type ReportOptions = {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly readiness: ReadinessItem;
  readonly watchdog: Watchdog;
  readonly clock: Clock;
  /** Transactions a second. */
  readonly rate: number;
};

/** Being behind is worth a warning from this much of the schedule on. */
const BEHIND_WARN_MS = 500;
const WARN_AGAIN_MS = 5000;
const PROGRESS_MS = 10_000;
/** An acknowledgement takes milliseconds: after this long without one the service is not ready. */
const SLOW_SEND_MS = 3000;

/** close() ends its timers. */
export type Report = GeneratorEvents & { readonly close: () => void };

export function createReport({ log, metrics, readiness, watchdog, clock, rate }: ReportOptions): Report {
  const sentTotal = metrics.counter({
    name: "weir_generator_transactions_total",
    help: "Transactions that Kafka has acknowledged",
  });
  const labelsTotal = metrics.counter({
    name: "weir_generator_labels_total",
    help: "Labels that Kafka has acknowledged",
  });
  const pendingGauge = metrics.gauge({
    name: "weir_generator_pending_labels",
    help: "Labels that wait for their time",
  });
  const unlabelledTotal = metrics.counter({
    name: "weir_generator_forfeited_labels_total",
    help: "Labels that were given up because too many were waiting",
  });
  const sendSeconds = metrics.histogram({
    name: "weir_generator_send_duration_seconds",
    help: "Time from sending a batch to its acknowledgement",
  });
  const errorsTotal = metrics.counter({
    name: "weir_generator_send_errors_total",
    help: "Batches that were not acknowledged and were sent again",
  });
  const behindGauge = metrics.gauge({
    name: "weir_generator_behind_transactions",
    help: "Transactions that are due but not sent yet",
  });
  const forfeitedTotal = metrics.counter({
    name: "weir_generator_forfeited_transactions_total",
    help: "Transactions that were given up because the generator was too far behind its schedule",
  });
  const putOffTotal = metrics.counter({
    name: "weir_generator_put_off_seconds_total",
    help: "Time by which the rest of a schedule was put off because the generator was too far behind it",
  });
  metrics
    .gauge({ name: "weir_generator_target_transactions_per_second", help: "The rate that was asked for" })
    .set(rate);

  let warnedMs = Number.NEGATIVE_INFINITY;
  let forfeitedSinceWarning = 0;
  let failedSaidMs = Number.NEGATIVE_INFINITY;
  let failing = false;
  let slow: NodeJS.Timeout | undefined;
  let total = 0;
  let progress = { atMs: clock.monotonicMs(), total: 0 };

  const notTaking = (reason: string) => {
    failing = true;
    readiness.notReady(`Kafka does not take transactions: ${reason}`);
  };

  return {
    sending() {
      watchdog.pause();
      slow = setTimeout(() => {
        notTaking(`no acknowledgement for ${SLOW_SEND_MS} ms`);
        log.warn(`Kafka has not acknowledged a batch for ${SLOW_SEND_MS} ms: still trying`);
      }, SLOW_SEND_MS);
    },
    sent({ what, records, durationMs }) {
      clearTimeout(slow);
      watchdog.beat();
      if (what === "transactions") {
        total += records;
        sentTotal.inc(records);
      } else labelsTotal.inc(records);
      sendSeconds.observe(durationMs / 1000);
      if (failing) {
        failing = false;
        readiness.ready();
        log.info("Kafka takes transactions again");
      }
      const nowMs = clock.monotonicMs();
      const spanMs = nowMs - progress.atMs;
      if (spanMs < PROGRESS_MS) return;
      const perSecond = Math.round(((total - progress.total) * 1000) / spanMs);
      progress = { atMs: nowMs, total };
      log.info({ total, perSecond }, `${total} transactions sent, ${perSecond} a second`);
    },
    labelling({ pending, forfeited }) {
      pendingGauge.set(pending);
      if (forfeited > 0) unlabelledTotal.inc(forfeited);
    },
    paced({ behind, forfeited, putOffMs }) {
      watchdog.beat();
      behindGauge.set(behind);
      if (forfeited > 0) forfeitedTotal.inc(forfeited);
      if (putOffMs > 0) putOffTotal.inc(putOffMs / 1000);
      forfeitedSinceWarning += forfeited;
      const tooFar = behind * 1000 >= rate * BEHIND_WARN_MS && behind > 1;
      const nowMs = clock.monotonicMs();
      if ((!tooFar && forfeitedSinceWarning === 0) || nowMs - warnedMs < WARN_AGAIN_MS) return;
      warnedMs = nowMs;
      const givenUp = forfeitedSinceWarning === 0 ? "" : `, ${forfeitedSinceWarning} were given up`;
      log.warn(
        { behind, forfeited: forfeitedSinceWarning, rate },
        `cannot keep up with ${rate} transactions a second: ${behind} are due and not sent${givenUp}`,
      );
      forfeitedSinceWarning = 0;
    },
    sendFailed({ what, error, records, attempt }) {
      clearTimeout(slow);
      watchdog.beat();
      errorsTotal.inc();
      const reason = error instanceof Error ? error.message : String(error);
      notTaking(reason);
      const nowMs = clock.monotonicMs();
      if (nowMs - failedSaidMs < WARN_AGAIN_MS) return;
      failedSaidMs = nowMs;
      log.warn(
        { what, records, attempt, reason },
        `Kafka did not acknowledge ${records} ${what}, sending them again: ${reason}`,
      );
    },
    close() {
      clearTimeout(slow);
      watchdog.pause();
    },
  };
}
