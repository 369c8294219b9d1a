import { describe, expect, test } from "vitest";
import { chartOf } from "./chart.ts";
import { lineThrough, MEASURES, type Measure, type Point, rowOf } from "./series.ts";

const [MEMORY] = MEASURES as [Measure];
const MIB = 2 ** 20;

/** One a second, of so many MiB. */
const pointsOf = (memory: (index: number) => number): Point[] =>
  Array.from({ length: 90 }, (_, index) => ({
    atMs: index * 1_000,
    samples: [{ name: "process_resident_memory_bytes", labels: {}, value: memory(index) * MIB }],
    held: null,
  }));

test("the slope of a straight line is its own, whatever its height, and without an error", () => {
  const straight = lineThrough([0, 1, 2, 3].map((x) => [x, 100 + 2.5 * x]));
  expect(straight.slope).toBeCloseTo(2.5, 12);
  expect(straight.standardError).toBeCloseTo(0, 12);
  expect(lineThrough([[1, 5]])).toEqual({ slope: 0, standardError: 0 });
});

test("the standard error is that of the textbook: residuals -1, 2, -1 about three points 1 apart", () => {
  const { slope, standardError } = lineThrough([
    [0, 0],
    [1, 3],
    [2, 0],
  ]);
  expect(slope).toBe(0);
  expect(standardError).toBeCloseTo(Math.sqrt(6 / 1 / 2), 12);
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

  test("of which few points go up and down as far as they rise does not; many such points do", () => {
    const upAndDown = (count: number): Point[] =>
      pointsOf((index) => 100 + (60 * index) / 90 + (index % 2 === 0 ? 20 : -20)).filter(
        (_, index) => index % Math.floor(90 / count) === 0 || index === 89,
      );
    expect(rowOf(MEMORY, upAndDown(10)).isFine).toBe(true);
    expect(rowOf(MEMORY, upAndDown(90)).isFine).toBe(false);
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
