/**
 * A data set through the engine in the order of its file, as `weir decide` takes it: each transaction is scored once,
 * before its label is known to anybody.
 */
import type { ColumnMap, Dataset } from "@weir/dataset";
import type { Facts, Plan } from "@weir/engine";
import type { Replay, Replayed } from "../decide/replay.ts";
import { KnownCards } from "./known-cards.ts";
import type { Protocol } from "./protocol.ts";
import { Retraining, type Training } from "./retraining.ts";
import { Scored } from "./scored.ts";

export type Run = {
  readonly scored: Scored;
  readonly trainings: readonly Training[];
  /** Of the plan that scored last. */
  readonly label: string;
  readonly rows: number;
  /** In the time that is scored: what could not be decided, has no label, or was left out as known. */
  readonly rejected: number;
  readonly unlabelled: number;
  readonly leftOut: number;
};

export type Watcher = {
  readonly signal: AbortSignal;
  progress(rows: number): void;
  say(line: string): void;
  trained(training: Training): void;
  score(id: string, score: number): void;
  /** After each batch of the file. */
  flush(): Promise<void>;
};

/** Up to the end of the data or of what is scored, or to the signal. */
export async function evaluate(
  plan: Plan,
  columns: ColumnMap,
  dataset: Dataset,
  replay: Replay,
  protocol: Protocol,
  watch: Watcher,
  fit?: ConstructorParameters<typeof Retraining>[2],
): Promise<Run> {
  const { labelDelayMs, trainWindowMs } = protocol;
  const scenarioAt = columns.never.indexOf("scenario");
  const toMs = protocol.toMs ?? Number.POSITIVE_INFINITY;
  const fromMs = protocol.fromMs ?? Number.NEGATIVE_INFINITY;
  const retraining = trainWindowMs === null ? null : new Retraining(plan, { ...protocol, trainWindowMs, fromMs }, fit);
  const known = new KnownCards(fromMs - labelDelayMs - (trainWindowMs ?? 0), labelDelayMs);
  const inputs = plan.model?.inputs ?? [];
  const scored = new Scored();
  const counts = { rows: 0, rejected: 0, unlabelled: 0, leftOut: 0 };
  let label = plan.label;

  const take = (replayed: Replayed, fraud: boolean | null, scenario: string, rowMs: number | null): void => {
    if (replayed.kind === "rejected") {
      if (rowMs !== null && rowMs >= fromMs && rowMs < toMs) counts.rejected += 1;
      return;
    }
    const { facts, timeMs, verdict } = replayed.decided;
    if (retraining !== null && fraud !== null) fill(retraining.add(timeMs, fraud), facts);
    if (timeMs >= fromMs && timeMs < toMs) {
      watch.score(facts.id ?? replayed.id, verdict.score);
      if (fraud === null) counts.unlabelled += 1;
      else if (protocol.leaveOutKnown && known.isKnown(facts.source, timeMs)) counts.leftOut += 1;
      else
        scored.add({
          timeMs,
          score: verdict.score,
          fraud,
          amount: facts.amount,
          source: facts.source,
          target: facts.target,
          scenario,
          stopped: verdict.outcome !== "approve",
        });
    }
    if (fraud !== null) known.add(facts.source, timeMs, fraud);
  };
  const fill = (into: Float32Array | null, facts: Facts): void => {
    if (into === null) return;
    for (const [index, { read }] of inputs.entries()) into[index] = read(facts);
  };

  let [over, newestMs] = [false, Number.NEGATIVE_INFINITY];
  for await (const batch of dataset.batches()) {
    for (const row of batch) {
      const timeMs = row.ok ? row.timeMs : null;
      if (timeMs !== null && timeMs > newestMs) newestMs = timeMs;
      if (newestMs >= toMs) {
        over = true;
        break;
      }
      while (retraining?.isDue(newestMs) === true && !watch.signal.aborted) {
        const next = await retraining.train(watch.say);
        watch.trained(retraining.trainings.at(-1) as Training);
        if (next === null) continue;
        replay.decideBy(next);
        label = next.label;
      }
      take(replay.step(row), row.ok ? row.fraud : null, row.ok ? (row.aside[scenarioAt] ?? "") : "", timeMs);
      counts.rows += 1;
    }
    await watch.flush();
    watch.progress(counts.rows);
    if (over || watch.signal.aborted) break;
  }
  return { scored, trainings: retraining?.trainings ?? [], label, ...counts };
}
