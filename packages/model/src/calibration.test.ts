import { expect, test } from "vitest";
import { calibrationOf, calibrationText, fitCalibration, probabilityOf, UNCALIBRATED } from "./calibration.ts";

/** Margins -6 to 6, of which as many are fraud as `truth` says of each. */
function sample(truth: (margin: number) => number) {
  const margins: number[] = [];
  const frauds: number[] = [];
  for (let margin = -6; margin <= 6; margin += 0.25)
    for (let copy = 0; copy < 400; copy += 1) {
      margins.push(margin);
      frauds.push(copy < Math.round(400 * truth(margin)) ? 1 : 0);
    }
  return { margins, frauds };
}

test("a fitted calibration finds the curve that the truth follows", () => {
  const truth = (margin: number) => probabilityOf({ slope: 0.6, offset: -1.5 }, margin);
  const { margins, frauds } = sample(truth);
  const { slope, offset } = fitCalibration(margins, frauds);
  expect(slope).toBeCloseTo(0.6, 1);
  expect(offset).toBeCloseTo(-1.5, 1);
});

test("after it the mean score is the share of frauds", () => {
  const { margins, frauds } = sample((margin) => (margin > 1 ? 0.3 : 0.01));
  const fitted = fitCalibration(margins, frauds);
  const mean = margins.reduce((sum, margin) => sum + probabilityOf(fitted, margin), 0) / margins.length;
  expect(mean).toBeCloseTo(frauds.reduce((sum, fraud) => sum + fraud, 0) / frauds.length, 2);
});

test("there is nothing to learn from frauds alone, from none, or from a model that is worse than chance", () => {
  expect(fitCalibration([1, 2], [0, 0])).toBe(UNCALIBRATED);
  expect(fitCalibration([1, 2], [1, 1])).toBe(UNCALIBRATED);
  const { margins, frauds } = sample((margin) => probabilityOf({ slope: -1, offset: 0 }, margin));
  expect(fitCalibration(margins, frauds)).toBe(UNCALIBRATED);
});

test("its text reads back as what it was, and none is the identity", () => {
  const fitted = { slope: 0.1 + 0.2, offset: -1e-7 };
  expect(calibrationOf(calibrationText(fitted))).toEqual(fitted);
  expect(calibrationOf(null)).toBe(UNCALIBRATED);
  for (const text of ["", "1", "0 1", "1 x", "1 2 3", "Infinity 0"])
    expect(calibrationOf(text)).toEqual(expect.any(String));
});
