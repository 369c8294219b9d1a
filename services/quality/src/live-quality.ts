/**
 * The join of decisions and labels, and what comes of it. Pure: time is that of the stream, the newest event time of a decision.
 *
 * - A label counts from its `labelledAt` on, and only if that is at most `waitMs` after its payment. The last one to count wins.
 * - Payments come in disorder, hours of it where a detector catches up. A label that comes first is kept as long as its payment would
 *   be in a figure.
 * - A payment is kept for `waitMs`, or until more than `mostKept` wait; one that leaves without a label is unlabelled from then on.
 * - Figures are of the last `periods` periods of event time. Precision is of those among them that have had their wait.
 */
import { stabilityIndex } from "@weir/model";
import { Agenda } from "@weir/scenario";
import type { DecodedLabel } from "@weir/schema";
import { keyOf, type Payment } from "./payment.ts";
import { binOf, SCORE_EDGES } from "./scores.ts";
import { type Counted, Tally, type Truth } from "./tally.ts";

export type LiveQualityOptions = {
  /** How long after its payment a label is waited for. */
  readonly waitMs: number;
  readonly periodMs: number;
  /** The newest one and those before it. */
  readonly periods: number;
  /** Of payments, and of labels as well. */
  readonly mostKept: number;
};

export type Counts = {
  decisions: number;
  /** Decisions older than the periods: in no figure. */
  late: number;
  unlabelled: number;
  /** Payments that left before their wait was over, since there were too many. */
  forgotten: number;
  readonly labels: {
    counted: number;
    /** Came more than the wait after its payment. */
    tooLate: number;
    /** No such payment is kept, and none came while it would have been in a figure. */
    unmatched: number;
    /** There were too many. */
    forgotten: number;
  };
};

export type Figures = {
  /** Of all periods. */
  readonly all: Tally;
  /** Of those whose labels have had their time. */
  readonly ripe: Tally;
  /** Scores of the newest ruleset by bin: of the last period that is over, and of those before it. */
  readonly scores: { readonly last: readonly number[]; readonly before: readonly number[] };
  /** Population stability index of the two; NaN if one of them is empty. */
  readonly shift: number;
};

/** What is needed of a payment when its label comes: there are many of them. */
type Kept = Counted & { readonly key: string; readonly timeMs: number; truth: Truth };
type WaitingLabel = { readonly key: string; readonly fraud: boolean; readonly giveUpMs: number };

export class LiveQuality {
  readonly counts: Counts = {
    ...{ decisions: 0, late: 0, unlabelled: 0, forgotten: 0 },
    labels: { counted: 0, tooLate: 0, unmatched: 0, forgotten: 0 },
  };
  readonly #options: LiveQualityOptions;
  readonly #tallies = new Map<number, Tally>();
  readonly #kept = new Map<string, Kept>();
  /** By when their wait is over. */
  readonly #leaving = new Agenda<Kept>();
  /** By when they count. */
  readonly #hidden = new Agenda<WaitingLabel>();
  /** They count, and their payment has not come yet. */
  readonly #early = new Map<string, WaitingLabel>();
  readonly #givingUp = new Agenda<WaitingLabel>();
  #streamMs = Number.NEGATIVE_INFINITY;
  #ruleset = "";

  constructor(options: LiveQualityOptions) {
    this.#options = options;
  }

  /** The newest event time; -Infinity before the first decision. */
  get streamMs(): number {
    return this.#streamMs;
  }

  get kept(): number {
    return this.#kept.size;
  }

  get waitingLabels(): number {
    return this.#hidden.size + this.#givingUp.size;
  }

  decided(payment: Payment): void {
    const { waitMs, mostKept } = this.#options;
    this.counts.decisions += 1;
    if (payment.timeMs > this.#streamMs) this.#advance(payment);
    const tally = this.#tallyOf(payment);
    if (tally === null) {
      this.counts.late += 1;
      return;
    }
    if (payment.ruleset === this.#ruleset) tally.score(binOf(payment.score));
    tally.add(payment, "open", 1);
    if (this.#leaving.size === mostKept) {
      this.counts.forgotten += 1;
      this.#leave(this.#leaving.takeDue(Number.POSITIVE_INFINITY) as Kept);
    }
    const { key, timeMs, outcome, currency, amountMinor, rules } = payment;
    const kept: Kept = { key, timeMs, outcome, currency, amountMinor, rules, truth: "open" };
    this.#kept.set(key, kept);
    this.#leaving.add(timeMs + waitMs, kept);
    const early = this.#early.get(key);
    if (early !== undefined) {
      this.#early.delete(key);
      this.#tell(kept, early.fraud);
    }
    this.#settle();
  }

  labelled({ source, transaction, fraud, timestampMs, labelledAtMs }: DecodedLabel): void {
    const { waitMs, periodMs, periods } = this.#options;
    const { labels } = this.counts;
    const spanMs = periodMs * periods;
    const giveUpMs = timestampMs + spanMs;
    if (labelledAtMs > timestampMs + waitMs) labels.tooLate += 1;
    // Of a time that is not near: it would be kept for as long.
    else if (timestampMs > this.#streamMs + spanMs && this.#streamMs > 0) labels.unmatched += 1;
    else if (!this.#hasRoom()) labels.forgotten += 1;
    else this.#hidden.add(labelledAtMs, { key: keyOf(source, transaction), fraud, giveUpMs });
    this.#settle();
  }

  figures(): Figures {
    const { periodMs, waitMs } = this.#options;
    const [all, ripe, before] = [new Tally(), new Tally(), new Tally()];
    const newest = Math.floor(this.#streamMs / periodMs);
    for (const [period, tally] of this.#tallies) {
      all.include(tally);
      if ((period + 1) * periodMs + waitMs <= this.#streamMs) ripe.include(tally);
      if (period < newest - 1) before.include(tally);
    }
    const scores = { last: filled(this.#tallies.get(newest - 1)?.scores), before: filled(before.scores) };
    return { all, ripe, scores, shift: stabilityIndex(scores.last, scores.before) };
  }

  /** By a payment that is newer than all before it. */
  #advance({ timeMs, ruleset }: Payment): void {
    this.#streamMs = timeMs;
    if (ruleset !== this.#ruleset) {
      // Another ruleset or model scores otherwise: what its scores drift from begins with it.
      this.#ruleset = ruleset;
      for (const { scores } of this.#tallies.values()) scores.length = 0;
    }
    for (const period of this.#tallies.keys()) if (!this.#isHeld(period)) this.#tallies.delete(period);
    this.#settle();
  }

  /** What has become due by now: labels first, since one may come with the end of its payment's wait. */
  #settle(): void {
    const { labels } = this.counts;
    for (
      let label = this.#hidden.takeDue(this.#streamMs);
      label !== null;
      label = this.#hidden.takeDue(this.#streamMs)
    ) {
      const kept = this.#kept.get(label.key);
      if (kept !== undefined) this.#tell(kept, label.fraud);
      else {
        if (this.#early.has(label.key)) labels.unmatched += 1;
        this.#early.set(label.key, label);
        this.#givingUp.add(label.giveUpMs, label);
      }
    }
    for (let kept = this.#leaving.takeDue(this.#streamMs); kept !== null; kept = this.#leaving.takeDue(this.#streamMs))
      this.#leave(kept);
    for (let one = this.#givingUp.takeDue(this.#streamMs); one !== null; one = this.#givingUp.takeDue(this.#streamMs))
      if (this.#giveUp(one)) labels.unmatched += 1;
  }

  /** For one more label; the oldest that is without a payment makes it. */
  #hasRoom(): boolean {
    if (this.waitingLabels < this.#options.mostKept) return true;
    const oldest = this.#givingUp.takeDue(Number.POSITIVE_INFINITY);
    if (oldest === null) return false;
    if (this.#giveUp(oldest)) this.counts.labels.forgotten += 1;
    return true;
  }

  /** False if its payment has come meanwhile, or another label of it. */
  #giveUp(label: WaitingLabel): boolean {
    return this.#early.get(label.key) === label && this.#early.delete(label.key);
  }

  #tell(kept: Kept, fraud: boolean): void {
    this.counts.labels.counted += 1;
    this.#become(kept, fraud ? "fraud" : "genuine");
  }

  #leave(kept: Kept): void {
    // Its id may have come again meanwhile.
    if (this.#kept.get(kept.key) === kept) this.#kept.delete(kept.key);
    if (kept.truth !== "open") return;
    this.counts.unlabelled += 1;
    this.#become(kept, "unlabelled");
  }

  #become(kept: Kept, truth: Truth): void {
    const tally = this.#tallyOf(kept);
    tally?.add(kept, kept.truth, -1);
    tally?.add(kept, truth, 1);
    kept.truth = truth;
  }

  /** Null if its period is in no figure any more. */
  #tallyOf({ timeMs }: Pick<Payment, "timeMs">): Tally | null {
    const period = Math.floor(timeMs / this.#options.periodMs);
    if (!this.#isHeld(period)) return null;
    let tally = this.#tallies.get(period);
    if (tally === undefined) {
      tally = new Tally();
      this.#tallies.set(period, tally);
    }
    return tally;
  }

  #isHeld(period: number): boolean {
    const { periodMs, periods } = this.#options;
    return period > Math.floor(this.#streamMs / periodMs) - periods;
  }
}

/** A number for each bin. */
function filled(scores: readonly number[] = []): number[] {
  return SCORE_EDGES.map((_, bin) => scores[bin] ?? 0);
}
