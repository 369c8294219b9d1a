/** Transactions with their scores and their truth, column by column: what every figure is computed from. */

export type ScoredRow = {
  readonly timeMs: number;
  /** 0 to 1. */
  readonly score: number;
  readonly fraud: boolean;
  /** Major units. */
  readonly amount: number;
  readonly source: string;
  readonly target: string;
  /** What kind of fraud it was, where the data say so; empty if not. */
  readonly scenario: string;
  /** Whether the decision stopped it: review or decline. */
  readonly stopped: boolean;
};

export class Scored {
  readonly timesMs: number[] = [];
  readonly scores: number[] = [];
  /** 1 or 0. */
  readonly frauds: number[] = [];
  readonly amounts: number[] = [];
  /** Numbers of texts, from 0. */
  readonly sources: number[] = [];
  readonly targets: number[] = [];
  readonly scenarios: number[] = [];
  readonly stopped: number[] = [];
  readonly scenarioNames: string[] = [];
  readonly #numbers = { sources: new Map<string, number>(), targets: new Map<string, number>() };

  get length(): number {
    return this.scores.length;
  }

  get sourceCount(): number {
    return this.#numbers.sources.size;
  }

  add({ timeMs, score, fraud, amount, source, target, scenario, stopped }: ScoredRow): void {
    this.timesMs.push(timeMs);
    this.scores.push(score);
    this.frauds.push(fraud ? 1 : 0);
    this.amounts.push(amount);
    this.sources.push(numberOf(source, this.#numbers.sources));
    this.targets.push(numberOf(target, this.#numbers.targets));
    let name = this.scenarioNames.indexOf(scenario);
    if (name === -1) name = this.scenarioNames.push(scenario) - 1;
    this.scenarios.push(name);
    this.stopped.push(stopped ? 1 : 0);
  }
}

function numberOf(text: string, numbers: Map<string, number>): number {
  const known = numbers.get(text);
  if (known !== undefined) return known;
  numbers.set(text, numbers.size);
  return numbers.size - 1;
}

export const DAY_MS = 86_400_000;

/** Days since 1970, UTC. */
export function dayOf(timeMs: number): number {
  return Math.floor(timeMs / DAY_MS);
}
