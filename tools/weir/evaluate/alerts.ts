/** What people who can look at so many transactions a day would find: those with the highest scores of each day. */
import { dayOf, type Scored } from "./scored.ts";

export type Alerts = {
  readonly perDay: number;
  readonly days: number;
  /** Share of the alerts that are fraud, and share of the frauds that get one. */
  readonly precision: number;
  readonly recall: number;
  /** Major units: in all frauds, and in those that get an alert. */
  readonly moneyInFrauds: number;
  readonly moneySaved: number;
  readonly scenarios: readonly ScenarioAlerts[];
};

/**
 * The victims of a kind of fraud: its sources or its targets, whichever are fewer. Of each, the delay is the time from its
 * first fraud to the first one that gets an alert.
 */
export type ScenarioAlerts = {
  readonly scenario: string;
  readonly frauds: number;
  readonly recall: number;
  readonly victims: number;
  readonly victimsFound: number;
  readonly victimIs: "source" | "target";
  /** Of the victims that are found; null: none is. */
  readonly medianDelayMs: number | null;
};

export function alertsOf(scored: Scored, perDay: number): Alerts {
  const { frauds, amounts, timesMs, scores } = scored;
  const alerted = new Uint8Array(scored.length);
  const days = Map.groupBy(scores.keys(), (row) => dayOf(timesMs[row] as number));
  for (const rows of days.values()) {
    rows.sort((a, b) => (scores[b] as number) - (scores[a] as number));
    for (const row of rows.slice(0, perDay)) alerted[row] = 1;
  }
  let [alerts, hits, all, money, saved] = [0, 0, 0, 0, 0];
  for (let row = 0; row < scored.length; row += 1) {
    alerts += alerted[row] as number;
    if (frauds[row] !== 1) continue;
    all += 1;
    money += amounts[row] as number;
    if (alerted[row] !== 1) continue;
    hits += 1;
    saved += amounts[row] as number;
  }
  const scenarios = scored.scenarioNames.keys().map((scenario) => scenarioOf(scored, scenario, alerted));
  return {
    perDay,
    days: days.size,
    precision: hits / alerts,
    recall: hits / all,
    moneyInFrauds: money,
    moneySaved: saved,
    scenarios: [...scenarios].filter((one) => one.frauds > 0).sort((a, b) => (a.scenario < b.scenario ? -1 : 1)),
  };
}

function scenarioOf(scored: Scored, scenario: number, alerted: Uint8Array): ScenarioAlerts {
  const { frauds, sources, targets, timesMs, scenarios } = scored;
  const rows = [...frauds.keys()].filter((row) => frauds[row] === 1 && scenarios[row] === scenario);
  const victimIs =
    new Set(rows.map((row) => sources[row])).size <= new Set(rows.map((row) => targets[row])).size
      ? "source"
      : "target";
  const victims = Map.groupBy(rows, (row) => (victimIs === "source" ? sources : targets)[row] as number);
  const delays: number[] = [];
  for (const own of victims.values()) {
    const found = own.find((row) => alerted[row] === 1);
    if (found !== undefined) delays.push((timesMs[found] as number) - (timesMs[own[0] as number] as number));
  }
  delays.sort((a, b) => a - b);
  return {
    scenario: scored.scenarioNames[scenario] || "fraud",
    frauds: rows.length,
    recall: rows.filter((row) => alerted[row] === 1).length / rows.length,
    victims: victims.size,
    victimsFound: delays.length,
    victimIs,
    medianDelayMs: delays[(delays.length - 1) >> 1] ?? null,
  };
}

/**
 * The share of cards with a fraud of the day among the `most` that score highest on it, over the days. A card scores
 * what its highest transaction scores, and one that was found leaves the days after. The handbook's "card precision".
 */
export function cardPrecision({ timesMs, sources, scores, frauds }: Scored, most: number): number {
  const found = new Set<number>();
  const precisions: number[] = [];
  const days = Map.groupBy(scores.keys(), (row) => dayOf(timesMs[row] as number));
  for (const [, rows] of [...days].sort(([a], [b]) => a - b)) {
    const cards = new Map<number, { score: number; fraud: boolean }>();
    for (const row of rows) {
      const card = sources[row] as number;
      if (found.has(card)) continue;
      const known = cards.get(card) ?? { score: -1, fraud: false };
      cards.set(card, {
        score: Math.max(known.score, scores[row] as number),
        fraud: known.fraud || frauds[row] === 1,
      });
    }
    const top = [...cards].sort(([, a], [, b]) => b.score - a.score).slice(0, most);
    const hits = top.filter(([, { fraud }]) => fraud);
    precisions.push(hits.length / most);
    for (const [card] of hits) found.add(card);
  }
  return precisions.reduce((sum, value) => sum + value, 0) / precisions.length;
}
