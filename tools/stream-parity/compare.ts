/** Scores of two ways of deciding the same rows. Pure. */
import { count } from "../cli/format.ts";
import { orderOf, rankingOf } from "../weir/evaluate/ranking.ts";
import type { ScoredRow } from "./evaluated.ts";

/** Where payments of one terminal come through in another order than in the file, some scores differ. */
export const MAX_AP_DISTANCE = 0.005;

export type Comparison = { readonly lines: readonly string[]; readonly found: readonly string[] };

/** `equal`: each score has to be the same; else only what both find on the whole. */
export function compared(
  wanted: ReadonlyMap<string, ScoredRow>,
  scores: ReadonlyMap<string, number>,
  { equal }: { readonly equal: boolean },
): Comparison {
  const found: string[] = [];
  let [same, distance] = [0, 0];
  for (const [id, { score }] of wanted) {
    const other = scores.get(id);
    if (other === undefined) found.push(`${id} has no decision`);
    else if (other === score) same += 1;
    else {
      distance = Math.max(distance, Math.abs(other - score));
      if (equal) found.push(`${id} scores ${other}, without Kafka ${score}`);
    }
  }
  const frauds = [...wanted.values()].map(({ fraud }) => fraud);
  const apOf = (all: readonly number[]): number => rankingOf(all, frauds, orderOf(all)).ap;
  const [without, through] = [
    apOf([...wanted.values()].map(({ score }) => score)),
    apOf([...wanted.keys()].map((id) => scores.get(id) ?? 0)),
  ];
  // Written so that NaN, of rows without a fraud, is no fault.
  if (Math.abs(through - without) > MAX_AP_DISTANCE)
    found.push(`AP is ${through} through Kafka and ${without} without`);
  return {
    lines: [
      `${count(wanted.size)} scored, ${count(frauds.filter((fraud) => fraud === 1).length)} of them fraud: ${count(same)} scores are equal, the greatest distance is ${distance.toPrecision(3)}`,
      `AP ${through.toFixed(4)} through Kafka, ${without.toFixed(4)} without`,
    ],
    found,
  };
}
