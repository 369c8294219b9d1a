import { DAY_MS, Scored, type ScoredRow } from "./scored.ts";

export const START_MS = 20_000 * DAY_MS;

/** Each row a minute after the one before, of a source of its own, unless it says otherwise. */
export function scoredOf(rows: readonly (Partial<ScoredRow> & Pick<ScoredRow, "score" | "fraud">)[]): Scored {
  const scored = new Scored();
  for (const [index, row] of rows.entries())
    scored.add({
      timeMs: START_MS + index * 60_000,
      amount: 10,
      source: `c${index}`,
      target: `t${index}`,
      scenario: row.fraud ? "1" : "0",
      stopped: false,
      ...row,
    });
  return scored;
}
