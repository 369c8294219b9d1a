import { describe, expect, test } from "vitest";
import { compared } from "./compare.ts";

const wanted = new Map([
  ["a", { score: 0.9, fraud: 1 as const }],
  ["b", { score: 0.2, fraud: 0 as const }],
  ["c", { score: 0.1, fraud: 0 as const }],
]);

describe("scores through Kafka and without", () => {
  test("of one partition have to be the same, each of them", () => {
    const scores = new Map([...wanted].map(([id, { score }]) => [id, score]));
    expect(compared(wanted, scores, { equal: true }).found).toEqual([]);
    expect(compared(wanted, scores.set("b", 0.2000001), { equal: true }).found).toEqual([
      "b scores 0.2000001, without Kafka 0.2",
    ]);
  });

  test("of more may differ, as long as they find as much", () => {
    expect(
      compared(
        wanted,
        new Map([
          ["a", 0.9],
          ["b", 0.3],
          ["c", 0.1],
        ]),
        { equal: false },
      ).found,
    ).toEqual([]);
    expect(
      compared(
        wanted,
        new Map([
          ["a", 0.2],
          ["b", 0.3],
          ["c", 0.1],
        ]),
        { equal: false },
      ).found,
    ).toEqual(["AP is 0.5 through Kafka and 1 without"]);
  });

  test("have to be there, whatever the partitions", () => {
    const { found } = compared(
      wanted,
      new Map([
        ["a", 0.9],
        ["b", 0.2],
      ]),
      { equal: false },
    );
    expect(found).toEqual(["c has no decision"]);
  });
});
