/** What came of a replay, counted row by row, and told in the end. */
import type { Plan } from "@weir/engine";
import { count, share } from "../../cli/format.ts";
import type { Replay, Replayed } from "./replay.ts";

const OUTCOMES = ["approve", "review", "decline"] as const;

export class Tally {
  readonly #plan: Plan;
  readonly #outcomes = new Map<string, number>(OUTCOMES.map((outcome) => [outcome, 0]));
  readonly #rejected = new Map<string, number>();
  readonly #hits: number[];
  /** Decisions that the model's score alone would have stopped. */
  #byModel = 0;
  #unlisted = 0;
  #late = 0;
  #approximate = 0;
  rows = 0;

  constructor(plan: Plan) {
    this.#plan = plan;
    this.#hits = plan.rules.map(() => 0);
  }

  add(replayed: Replayed): void {
    this.rows += 1;
    if (replayed.kind === "rejected") {
      more(this.#rejected, replayed.rejection.reason);
      return;
    }
    const { verdict, late, approximate } = replayed.decided;
    more(this.#outcomes, verdict.outcome);
    for (const rule of verdict.hits) this.#hits[rule] = (this.#hits[rule] ?? 0) + 1;
    if (verdict.model !== null && verdict.model >= this.#plan.thresholds.review) this.#byModel += 1;
    if (!verdict.listed) this.#unlisted += 1;
    if (late) this.#late += 1;
    if (approximate) this.#approximate += 1;
  }

  lines(elapsedMs: number, labels: Replay["labels"]): string[] {
    const decided = sumOf(this.#outcomes);
    const rejected = sumOf(this.#rejected);
    const row = (name: string, value: number, rest = ""): string =>
      `  ${name.padEnd(28)} ${count(value).padStart(12)}   ${rest}`.trimEnd();
    const seconds = Math.max(elapsedMs, 1) / 1000;
    const lines = [
      `${count(this.rows)} rows in ${seconds.toFixed(1)} s (${count(this.rows / seconds)}/s) by ${this.#plan.label}`,
      "",
      row("decided", decided),
      ...[...this.#outcomes].map(([outcome, times]) => row(`  ${outcome}`, times, share(times, decided))),
      row("rejected", rejected),
      ...[...this.#rejected].map(([reason, times]) => row(`  ${reason}`, times)),
      "",
      "Rules by hits:",
      ...this.#plan.rules
        .map(({ id, monitor }, index) => ({ id, monitor, hits: this.#hits[index] ?? 0 }))
        .sort((a, b) => b.hits - a.hits)
        .map(({ id, monitor, hits }) => row(id, hits, `${share(hits, decided)}${monitor ? "  only watches" : ""}`)),
    ];
    if (this.#plan.model !== null) lines.push(row("model", this.#byModel, share(this.#byModel, decided)));
    if (this.#unlisted > 0) lines.push(row("currency not listed", this.#unlisted, share(this.#unlisted, decided)));
    if (this.#late + this.#approximate + labels.known + labels.pending > 0) lines.push("");
    if (this.#late > 0) lines.push(row("late, not counted later", this.#late));
    if (this.#approximate > 0) lines.push(row("approximate", this.#approximate));
    if (labels.known + labels.pending > 0) {
      lines.push(row("labels known in time", labels.known));
      if (labels.unmatched > 0) lines.push(row("  of no transaction kept", labels.unmatched));
      lines.push(row("labels after the last row", labels.pending));
    }
    return lines;
  }
}

function more(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function sumOf(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, one) => sum + one, 0);
}
