import { RetryLater, type Writer } from "@weir/stream";
import { expect, test, vi } from "vitest";
import { stalledMs, Witness } from "./witness.ts";

test("only what lies within counts, only at a stretch, and only from a second on", () => {
  const turns = [
    { beganMs: 0, endedMs: 5_000 },
    { beganMs: 5_050, endedMs: 5_950 },
    { beganMs: 6_000, endedMs: 8_200 },
  ];
  expect(stalledMs(turns, 5_000, 8_500)).toBe(2_200);
  expect(stalledMs(turns, 5_000, 7_500)).toBe(1_500);
  expect(stalledMs(turns, 4_100, 6_500)).toBe(0);
  expect(stalledMs(turns, 9_000, 9_900)).toBe(0);
  expect(stalledMs([], 0, 9_000)).toBe(0);
});

test("what is under way counts up to the present, and a writer that failed is replaced", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "performance"] });
  try {
    const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
    let opened = 0;
    let closed = 0;
    const openWriter = async (): Promise<Writer> => {
      opened += 1;
      if (opened === 1) throw new RetryLater("no broker");
      const which = opened;
      return {
        async commit() {
          if (which === 2) return { result: "unknown" as const };
          await answered;
          return { result: "committed" as const };
        },
        close: async () => {
          closed += 1;
        },
      };
    };
    const fromMs = performance.now();
    const witness = new Witness({ openWriter }, "witness");
    await vi.advanceTimersByTimeAsync(3_000);
    expect([opened, closed]).toEqual([3, 1]);
    expect(witness.stalledMs(fromMs, performance.now())).toBeGreaterThan(2_800);
    const stopping = witness.stop();
    answer();
    await vi.advanceTimersByTimeAsync(100);
    await stopping;
    expect([opened, closed]).toEqual([3, 2]);
    expect(witness.tookMs).toHaveLength(3);
  } finally {
    vi.useRealTimers();
  }
});
