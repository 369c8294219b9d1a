import fc from "fast-check";
import { expect, test } from "vitest";
import { curvesOf, orderOf, rankingOf } from "./ranking.ts";

const of = (scores: readonly number[], frauds: readonly number[]) => rankingOf(scores, frauds, orderOf(scores));

test("average precision and the area under the ROC curve are those that scikit-learn gives", () => {
  // average_precision_score and roc_auc_score of the same numbers.
  const first = of([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]);
  expect([first.ap, first.auc]).toEqual([expect.closeTo(0.833333333, 9), 0.75]);
  const tied = of([0.5, 0.5, 0.5, 0.9, 0.2, 0.2], [1, 0, 1, 0, 1, 0]);
  expect([tied.ap, tied.auc]).toEqual([expect.closeTo(0.5, 9), expect.closeTo(0.388888889, 9)]);
});

test("a perfect order gives 1, the wrong way round gives no area", () => {
  expect(of([3, 2, 1, 0], [1, 1, 0, 0])).toMatchObject({ ap: 1, auc: 1, recallAt: [1, 1] });
  expect(of([0, 1, 2, 3], [1, 1, 0, 0]).auc).toBe(0);
});

test("recall at a false-positive rate is what can be had at that rate and no more, with all of one score or none", () => {
  const genuine = Array.from({ length: 1_000 }, (_, index) => ({ score: index / 1_000, fraud: 0 }));
  const rows = [
    ...genuine,
    { score: 2, fraud: 1 },
    { score: 0.9985, fraud: 1 },
    { score: 0.996, fraud: 1 },
    { score: 0, fraud: 1 },
  ];
  const { recallAt } = of(
    rows.map(({ score }) => score),
    rows.map(({ fraud }) => fraud),
  );
  // One false alert in a thousand: the fraud between the two greatest genuine scores. Five: not the tie at 0.996.
  expect(recallAt).toEqual([0.5, 0.75]);
  expect(
    of(
      rows.map(({ score }) => (score > 0.994 && score < 1 ? 0.99 : score)),
      rows.map(({ fraud }) => fraud),
    ).recallAt,
  ).toEqual([0.25, 0.25]);
});

test("the order of the rows says nothing", () => {
  const row = fc.record({ score: fc.constantFrom(0, 0.1, 0.5, 0.9), fraud: fc.constantFrom(0, 1) });
  fc.assert(
    fc.property(fc.array(row, { maxLength: 30 }), (drawn) => {
      const rows = [...drawn, { score: 0.1, fraud: 0 }, { score: 0.1, fraud: 1 }];
      const told = (list: typeof rows) =>
        of(
          list.map(({ score }) => score),
          list.map(({ fraud }) => fraud),
        );
      const [one, other] = [told(rows), told(rows.toReversed())];
      expect(other.ap).toBeCloseTo(one.ap, 12);
      expect(other.auc).toBeCloseTo(one.auc, 12);
      expect(other.recallAt).toEqual(one.recallAt);
    }),
  );
});

test("a row of weight two is a row that stands there twice", () => {
  const [scores, frauds] = [
    [0.9, 0.8, 0.7, 0.1],
    [0, 1, 0, 1],
  ];
  const weighted = rankingOf(scores, frauds, orderOf(scores), (row) => row + 1);
  const repeated = scores.flatMap((score, row) => new Array<number>(row + 1).fill(score));
  const truth = frauds.flatMap((fraud, row) => new Array<number>(row + 1).fill(fraud));
  const plain = of(repeated, truth);
  expect(weighted.ap).toBeCloseTo(plain.ap, 12);
  expect(weighted.auc).toBeCloseTo(plain.auc, 12);
});

test("without a fraud there is nothing to rank", () => {
  expect(of([1, 2], [0, 0])).toMatchObject({ ap: Number.NaN, auc: Number.NaN });
});

test("curves end where everything is found, and have no point within a tie", () => {
  const { precision, roc } = curvesOf([3, 2, 2, 1], [1, 1, 0, 0], orderOf([3, 2, 2, 1]));
  expect(roc).toEqual([
    [0, 0],
    [0, 0.5],
    [0.5, 1],
    [1, 1],
  ]);
  expect(precision).toEqual([
    [0.5, 1],
    [1, 2 / 3],
    [1, 0.5],
  ]);
});
