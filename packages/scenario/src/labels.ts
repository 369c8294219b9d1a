/**
 * How the truth comes to light: a seeded share of the frauds is reported, each after a delay of its own. A label is
 * published long before that, once a tenth of the delay has passed: behind its payment, and known to the detector before
 * the first payment that may see it. Until `labelledAt` the detector hides it, so that however fast a stream is played,
 * the same decisions see the same labels.
 */
import { Agenda } from "./agenda.ts";
import type { LabelPlan } from "./compile.ts";
import { labelOf, type Payment } from "./payment.ts";
import type { Random } from "./random.ts";

export type ReportedLabel = {
  /** Who paid: the record's key. */
  readonly source: string;
  readonly value: Buffer;
  /** From when on it counts, epoch ms. */
  readonly labelledAtMs: number;
};

/** Labels that may wait for their time; a fraud beyond that is never told. */
export const MAX_PENDING = 200_000;

/** Of the delay: when the label is published. */
export const PUBLISHED_AFTER = 0.1;

export class Labels {
  readonly #plan: LabelPlan | null;
  readonly #random: Random;
  readonly #agenda = new Agenda<ReportedLabel>();
  #published: ReportedLabel[] = [];
  #forfeited = 0;

  /** `plan` null: nothing is ever reported. */
  constructor(plan: LabelPlan | null, random: Random) {
    this.#plan = plan;
    this.#random = random;
  }

  get pending(): number {
    return this.#agenda.size;
  }

  /** Given up because too many were waiting. */
  get forfeited(): number {
    return this.#forfeited;
  }

  /** To be called of every payment in the order in which they are sent: what is genuine draws nothing. */
  sent(payment: Payment, id: string): void {
    const [plan, random] = [this.#plan, this.#random];
    if (plan === null || payment.fraud === null) return;
    const [isReported, delayMs] = [random.unit() < plan.share, Math.round(random.between(plan.delayMs))];
    if (!isReported) return;
    if (this.#agenda.size >= MAX_PENDING) {
      this.#forfeited += 1;
      return;
    }
    const labelledAtMs = payment.timeMs + delayMs;
    const label = { source: payment.source, value: labelOf(payment, id, labelledAtMs), labelledAtMs };
    this.#agenda.add(payment.timeMs + delayMs * PUBLISHED_AFTER, label);
  }

  /** Publishes what is due at event time `timeMs`. */
  advance(timeMs: number): void {
    for (let label = this.#agenda.takeDue(timeMs); label !== null; label = this.#agenda.takeDue(timeMs))
      this.#published.push(label);
  }

  /** What was published since the last time, in the order in which it was. */
  take(): ReportedLabel[] {
    const published = this.#published;
    if (published.length > 0) this.#published = [];
    return published;
  }
}
