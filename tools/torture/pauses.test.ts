import { describe, expect, test } from "vitest";
import { Pauses, pausesDuring } from "./pauses.ts";

function longest(looks: readonly (readonly [committed: number | null, end: number, atMs: number])[]): number {
  const pauses = new Pauses();
  for (const [committed, end, atMs] of looks) pauses.see("a/0", { committed, end }, atMs);
  return pauses.longest()[0]?.ms ?? Number.NaN;
}

describe("a partition", () => {
  test("pauses until more of it is committed", () => {
    expect(
      longest([
        [5, 9, 0],
        [5, 20, 1_000],
        [5, 30, 2_000],
        [6, 40, 2_500],
        [7, 40, 2_600],
      ]),
    ).toBe(2_500);
  });

  test("pauses for as long as it still stands when nobody looks any more", () => {
    expect(
      longest([
        [5, 9, 0],
        [5, 20, 4_000],
      ]),
    ).toBe(4_000);
  });

  test("that has nothing to do does not pause, however long", () => {
    expect(
      longest([
        [9, 9, 0],
        [9, 9, 60_000],
        [12, 12, 60_100],
      ]),
    ).toBe(100);
  });

  test("pauses from when something came, at most one look earlier", () => {
    expect(
      longest([
        [9, 9, 0],
        [9, 9, 5_000],
        [9, 10, 5_100],
        [9, 10, 5_200],
        [10, 10, 5_300],
      ]),
    ).toBe(300);
  });

  test("of which nothing was ever committed pauses too", () => {
    expect(
      longest([
        [null, 0, 0],
        [null, 3, 100],
        [null, 3, 900],
      ]),
    ).toBe(900);
  });
});

test("all are watched while something goes on, the longest first", async () => {
  const { promise: over, resolve: end } = Promise.withResolvers<void>();
  let looks = 0;
  const lagOf = async ({ topic }: { readonly topic: string }) => {
    looks += 1;
    if (looks > 8) end();
    return [{ partition: 0, committed: topic === "moves" ? looks : 1, end: 100 }];
  };
  const stages = [
    { group: "g", topic: "moves" },
    { group: "h", topic: "stands" },
  ];
  const pauses = await pausesDuring(stages, lagOf, () => over);
  expect(pauses.longest().map(({ place }) => place)).toEqual(["stands/0", "moves/0"]);
});

test("a broker that does not answer ends it", async () => {
  const lagOf = () => Promise.reject(new Error("no broker"));
  await expect(pausesDuring([{ group: "g", topic: "t" }], lagOf, () => new Promise(() => {}))).rejects.toThrow(
    "no broker",
  );
});
