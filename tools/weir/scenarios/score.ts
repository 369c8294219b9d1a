/** What came of the decisions of a trial, against the truth. An alert is a decision to review or to decline. */
import type { Decided, Plan } from "@weir/engine";
import type { Fraud, Payment } from "@weir/scenario";

export type AttackScore = {
  readonly attack: string;
  readonly payments: number;
  /** Of its payments: alerts. */
  readonly alerts: number;
  readonly episodes: number;
  /** Of its episodes: with at least one alert. */
  readonly found: number;
  /** From an episode's first payment to its first alert, the median of those that were found, ms; null if none was. */
  readonly delayMs: number | null;
};

type Episode = { readonly firstMs: number; alertMs: number | null };

type Counts = { payments: number; alerts: number; readonly episodes: Map<number, Episode> };

export class Score {
  readonly #plan: Plan;
  readonly #fromMs: number;
  readonly #attacks = new Map<string, Counts>();
  readonly #falseByRule: number[];
  readonly #rejected = new Map<string, number>();
  genuine = 0;
  falseAlerts = 0;
  frauds = 0;
  late = 0;
  labels = { matched: 0, unmatched: 0 };

  /** What happened before `fromMs` does not count, nor what goes on from then. */
  constructor(plan: Plan, fromMs: number) {
    this.#plan = plan;
    this.#fromMs = fromMs;
    this.#falseByRule = plan.rules.map(() => 0);
  }

  decided({ timeMs, fraud }: Payment, { verdict, late }: Pick<Decided, "verdict" | "late">): void {
    const isAlert = verdict.outcome !== "approve";
    if (late) this.late += 1;
    if (fraud !== null) this.#fraud(timeMs, fraud, isAlert);
    else if (timeMs >= this.#fromMs) {
      this.genuine += 1;
      if (!isAlert) return;
      this.falseAlerts += 1;
      for (const rule of verdict.hits) this.#falseByRule[rule] = (this.#falseByRule[rule] ?? 0) + 1;
    }
  }

  rejected(reason: string): void {
    this.#rejected.set(reason, (this.#rejected.get(reason) ?? 0) + 1);
  }

  labelled(matched: boolean): void {
    this.labels[matched ? "matched" : "unmatched"] += 1;
  }

  /** Of the genuine payments. */
  get falsePositiveRate(): number {
    return this.falseAlerts / this.genuine;
  }

  get alerts(): number {
    return this.falseAlerts + this.attacks().reduce((sum, { alerts }) => sum + alerts, 0);
  }

  attacks(): AttackScore[] {
    return [...this.#attacks].map(([attack, { payments, alerts, episodes }]) => {
      const counted = [...episodes.values()].filter(({ firstMs }) => firstMs >= this.#fromMs);
      const delays = counted.flatMap(({ firstMs, alertMs }) => (alertMs === null ? [] : [alertMs - firstMs]));
      return {
        attack,
        payments,
        alerts,
        episodes: counted.length,
        found: delays.length,
        delayMs: medianOf(delays),
      };
    });
  }

  /** The rules that hit on genuine payments that were stopped, the most frequent first. */
  falseAlertsByRule(): { readonly rule: string; readonly times: number }[] {
    return this.#plan.rules
      .map(({ id, monitor }, index) => ({ rule: id, times: monitor ? 0 : (this.#falseByRule[index] ?? 0) }))
      .filter(({ times }) => times > 0)
      .sort((a, b) => b.times - a.times);
  }

  get rejections(): ReadonlyMap<string, number> {
    return this.#rejected;
  }

  #fraud(timeMs: number, { attack, episode }: Fraud, isAlert: boolean): void {
    const counts = this.#attacks.get(attack) ?? { payments: 0, alerts: 0, episodes: new Map() };
    this.#attacks.set(attack, counts);
    const known = counts.episodes.get(episode) ?? { firstMs: timeMs, alertMs: null };
    counts.episodes.set(episode, known);
    if (isAlert) known.alertMs ??= timeMs;
    if (known.firstMs < this.#fromMs) return;
    this.frauds += 1;
    counts.payments += 1;
    if (isAlert) counts.alerts += 1;
  }
}

/** The upper of the two in the middle; null of none. */
function medianOf(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? null;
}
