import { describe, expect, test } from "vitest";
import { chartOf } from "./chart.ts";
import { MEASURES, type Measure, type Point, rowOf, slopeOf } from "./series.ts";

const [MEMORY] = MEASURES as [Measure];
const MIB = 2 ** 20;

/** One a second, of so many MiB. */
const pointsOf = (memory: (index: number) => number): Point[] =>
  Array.from({ length: 90 }, (_, index) => ({
    atMs: index * 1_000,
    samples: [{ name: "process_resident_memory_bytes", labels: {}, value: memory(index) * MIB }],
    held: null,
  }));

test("the slope of a straight line is its own, whatever its height", () => {
  expect(slopeOf([0, 1, 2, 3].map((x) => [x, 100 + 2.5 * x]))).toBeCloseTo(2.5, 12);
  expect(slopeOf([[1, 5]])).toBe(0);
});

describe("a process", () => {
  test("that warms up and then goes up and down does not grow", () => {
    const row = rowOf(
      MEMORY,
      pointsOf((index) => (index < 30 ? index * 10 : 300 + 20 * Math.sin(index))),
    );
    expect(row).toMatchObject({ isFine: true });
    expect(Math.abs(row.grew)).toBeLessThan(10);
  });

  test("that leaks half a MiB a second does, and it is said by how much", () => {
    const row = rowOf(
      MEMORY,
      pointsOf((index) => 200 + index / 2 + 5 * Math.sin(index)),
    );
    expect(row.isFine).toBe(false);
    expect(row.grew).toBeGreaterThan(27);
    expect(row.grew).toBeLessThan(32);
  });

  test("that opens one connection more each time does", () => {
    const connections = MEASURES.find(({ name }) => name === "connections") as Measure;
    const points: Point[] = pointsOf(() => 1).map(({ atMs }, index) => ({
      atMs,
      samples: [
        { name: "nodejs_active_resources", labels: { type: "TCPSocketWrap" }, value: 10 + Math.floor(index / 10) },
      ],
      held: null,
    }));
    expect(rowOf(connections, points).isFine).toBe(false);
  });
});

test("what is held is judged by the points at which the collector has run", () => {
  const held = MEASURES.find(({ name }) => name === "heap held, MiB") as Measure;
  const heap = (mib: number) => [{ name: "nodejs_heap_size_used_bytes", labels: {}, value: mib * MIB }];
  const pointsAfter = (left: (index: number) => number): Point[] =>
    pointsOf(() => 1).map(({ atMs }, index) => ({
      atMs,
      samples: heap(1_000),
      held: index % 5 === 0 ? heap(left(index)) : null,
    }));
  expect(
    rowOf(
      held,
      pointsAfter(() => 40),
    ),
  ).toMatchObject({ least: 40, most: 40, isFine: true });
  expect(
    rowOf(
      held,
      pointsAfter((index) => 40 + index / 4),
    ).isFine,
  ).toBe(false);
});

test("a chart has a line for each measure", () => {
  const svg = chartOf(
    "a & b",
    MEASURES,
    pointsOf((index) => index),
  );
  expect(svg.match(/stroke-width="1.5"/g)).toHaveLength(MEASURES.length);
  expect(svg).toContain("a &amp; b, 1.5 min");
  expect(svg).not.toContain("NaN");
});
