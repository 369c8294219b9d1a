import { expect, test } from "vitest";
import { rateOf, type Sample } from "./throughput.ts";

const MESSAGES = 100_000;

/** Decides a message each 0.01 ms, with so much of the processor, and commits once in `lump` messages, `ahead` of them decided already. */
const runOf = (lump: number, ahead: number): Sample[] =>
  Array.from({ length: MESSAGES / lump }, (_, index) => {
    const decided = (index + 1) * lump;
    const computed = Math.min(MESSAGES, decided + ahead);
    const own = { atMs: computed / 100, cpu: computed * 12e-6, brokerCpu: decided * 3e-6 };
    return { decided, written: decided, ...own };
  });

test("what is computed ahead of commits is not counted twice", () => {
  for (const ahead of [0, 5_000, 12_000]) {
    const { perSecond, cpuUs, brokerCpuUs } = rateOf(runOf(1_000, ahead), MESSAGES);
    expect(perSecond).toBeCloseTo(100_000);
    expect(cpuUs).toBeCloseTo(12);
    expect(brokerCpuUs).toBeCloseTo(3);
  }
});

test("a run that is seen only in the end has a rate all the same", () => {
  expect(rateOf(runOf(50_000, 0), MESSAGES).perSecond).toBeCloseTo(100_000);
});
