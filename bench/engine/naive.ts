/** The peer: what one writes first. A map of arrays of objects, gone through for each feature. */
import type { Feature, Observation } from "@weir/engine";

export class NaiveState {
  readonly #keys = new Map<string, Observation[]>();
  readonly #features: readonly Feature[];
  readonly #horizonMs: number;

  constructor(features: readonly Feature[]) {
    this.#features = features;
    this.#horizonMs = Math.max(...features.map(({ delayMs, windowMs }) => delayMs + windowMs));
  }

  get keys(): number {
    return this.#keys.size;
  }

  ask({ transaction, timeMs }: Observation, into: Float64Array): void {
    const events = this.#keys.get(transaction.source) ?? [];
    for (const [index, { aggregate, field, windowMs }] of this.#features.entries()) {
      const window = events.filter((event) => event.timeMs > timeMs - windowMs && event.timeMs <= timeMs);
      const amounts = window.map((event) => event.transaction.amountMinor);
      amounts.push(transaction.amountMinor);
      const sum = amounts.reduce((a, b) => a + b, 0);
      if (aggregate === "count") into[index] = amounts.length;
      else if (aggregate === "sum") into[index] = sum / 100;
      else if (aggregate === "mean") into[index] = sum / amounts.length / 100;
      else if (aggregate === "max") into[index] = amounts.reduce((a, b) => Math.max(a, b)) / 100;
      else if (aggregate === "stddev") {
        const mean = sum / amounts.length;
        into[index] = Math.sqrt(amounts.reduce((a, b) => a + (b - mean) ** 2, 0) / amounts.length) / 100;
      } else into[index] = new Set(window.map((event) => event.transaction[field as "target"])).size;
    }
  }

  apply(event: Observation, _offset: number): void {
    const { source } = event.transaction;
    const events = this.#keys.get(source);
    if (events === undefined) this.#keys.set(source, [event]);
    else {
      events.push(event);
      while ((events[0] as Observation).timeMs <= event.timeMs - this.#horizonMs) events.shift();
    }
  }
}
