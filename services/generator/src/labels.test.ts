import { decodeLabel } from "@weir/schema";
import { expect, test } from "vitest";
import { Labels, MAX_PENDING } from "./labels.ts";
import { Random } from "./random.ts";

function labelsOf(seed: number, fraudPerMille: number): Labels {
  return new Labels({ random: new Random(seed, 1), fraudPerMille, delayMs: 30_000 });
}

function pay(labels: Labels, count: number): void {
  for (let number = 0; number < count; number++)
    labels.paid({ id: `run-${number}`, source: "ann", target: "bob", timestampMs: 1_000 + number });
}

test("a label is due its delay after the payment, is handed out once, and is one that the detector reads", () => {
  const labels = labelsOf(1, 1000);
  pay(labels, 2);
  expect(labels.take(30_999, 10)).toEqual([]);
  const [first, ...others] = labels.take(31_000, 10);
  expect(others).toEqual([]);
  expect(first).toMatchObject({ key: Buffer.from("ann"), partition: null, timestampMs: 31_000 });
  expect(decodeLabel(first?.value ?? null)).toEqual({
    ok: true,
    label: {
      transaction: "run-0",
      source: "ann",
      target: "bob",
      timestampMs: 1_000,
      fraud: true,
      labelledAtMs: 31_000,
    },
  });
  expect(labels.take(40_000, 10)).toHaveLength(1);
  expect(labels.take(40_000, 10)).toEqual([]);
});

test("the same seed calls the same payments fraud, about as many as asked for", () => {
  const [once, again, other] = [labelsOf(7, 20), labelsOf(7, 20), labelsOf(8, 20)];
  for (const labels of [once, again, other]) pay(labels, 20_000);
  const [texts, same, different] = [once, again, other].map((labels) =>
    labels.take(Number.POSITIVE_INFINITY, 20_000).map(({ value }) => String(value)),
  );
  expect(texts?.length).toBeGreaterThan(300);
  expect(texts?.length).toBeLessThan(500);
  expect(same).toEqual(texts);
  expect(different).not.toEqual(texts);
});

test("no more wait than memory is meant for; what is beyond is counted", () => {
  const labels = labelsOf(1, 1000);
  pay(labels, MAX_PENDING + 5);
  expect(labels.pending).toBe(MAX_PENDING);
  expect(labels.forfeited).toBe(5);
});
