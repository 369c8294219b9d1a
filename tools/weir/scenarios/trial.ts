/**
 * One scenario against one ruleset: the scenario's stream, with its labels as they would be published, through the engine
 * in one log. Whoever decides sees no truth; whoever counts does.
 */
import { Evaluator, type Plan } from "@weir/engine";
import { DAY_MS, EventClock, type Message, PaymentStream, type Scenario } from "@weir/scenario";
import { decodeLabel, decodeTransaction, TOPICS } from "@weir/schema";
import { Score } from "./score.ts";

export type TrialOptions = {
  readonly plan: Plan;
  readonly scenario: Scenario;
  readonly seed: number;
  readonly customers: number;
  readonly days: number;
  /** Days at the beginning that are decided and not counted: nobody has habits yet. */
  readonly warmUpDays: number;
};

const PARTITION = 0;
const START_MS = 1_704_067_200_000;

export class Trial {
  readonly score: Score;
  readonly #options: TrialOptions;
  readonly #stream: PaymentStream;
  readonly #clock = new EventClock({ startMs: START_MS, speedup: 1, byDay: true });
  readonly #evaluator: Evaluator;
  readonly #payments: number;
  #sent = 0;
  /** In the log that labels are in too. */
  #place = 0;

  constructor(options: TrialOptions) {
    const { plan, scenario, seed, customers, days, warmUpDays } = options;
    const { from, to } = scenario.customers.paymentsPerDay;
    this.#options = options;
    this.#payments = Math.round(((customers * (from + to)) / 2) * days);
    this.#stream = new PaymentStream({ scenario, seed, customers, run: scenario.name });
    this.#evaluator = new Evaluator(plan, { topic: TOPICS.transactions, explain: "none" });
    this.score = new Score(plan, START_MS + warmUpDays * DAY_MS);
  }

  get done(): number {
    return this.#sent / this.#payments;
  }

  /** Up to `limit` more payments. Whether any are left. */
  advance(limit: number): boolean {
    const { days } = this.#options;
    for (let left = Math.min(limit, this.#payments - this.#sent); left > 0; left -= 1) {
      this.#sent += 1;
      const nowMs = this.#clock.at((this.#sent / this.#payments) * days * DAY_MS);
      this.#decide(this.#stream.next(nowMs));
      for (const { value } of this.#stream.takeLabels()) this.#tell(value);
    }
    return this.#sent < this.#payments;
  }

  #decide({ value, payment, kind }: Message): void {
    const decoded = decodeTransaction(value);
    if (!decoded.ok) {
      this.score.rejected("malformed");
      return;
    }
    const { transaction } = decoded;
    const origin = { partition: PARTITION, offset: this.#place };
    const timeMs = transaction.timestampMs ?? payment.timeMs;
    const evaluation = this.#evaluator.transaction(transaction, timeMs, origin, this.#place++);
    if (evaluation.kind === "duplicate") this.score.rejected("duplicate");
    else if (kind === "payment") this.score.decided(payment, evaluation);
    else throw new Error(`a ${kind} was decided: ${value}`);
  }

  #tell(value: Buffer): void {
    const decoded = decodeLabel(value);
    if (!decoded.ok) throw new Error(`not a label: ${value}`);
    this.score.labelled(this.#evaluator.label(decoded.label, this.#place++));
  }
}
