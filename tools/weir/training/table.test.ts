import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { splitAt } from "./fit.ts";
import { GrowingTable, rowAt, tail } from "./table.ts";
import { headerOf, lineOf, readTable, writeTable } from "./table-file.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "weir-table-"));
});
afterEach(() => rm(folder, { recursive: true }));

function aTable(rows: number): GrowingTable {
  const table = new GrowingTable(["a", "b"]);
  for (let row = 0; row < rows; row += 1) table.add(row * 10, row % 3 === 0).set([row, -row]);
  return table;
}

describe("a growing table", () => {
  test("gives what lies between two times, the first left out", () => {
    const found = aTable(10_000).between(49_990, 50_020);
    expect([...found.timesMs]).toEqual([50_000, 50_010, 50_020]);
    expect([...found.frauds]).toEqual([0, 1, 0]);
    expect([...rowAt(found, 2)]).toEqual([5_002, -5_002]);
  });

  test("forgets its front and nothing that was asked to stay", () => {
    const table = aTable(10_000);
    table.forgetBefore(50_000);
    const left = table.between(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY).timesMs;
    expect(left[0]).toBeLessThanOrEqual(50_000);
    expect(left[0]).toBeGreaterThan(0);
    expect(left.at(-1)).toBe(99_990);
  });

  test("is cut by time, not by rows", () => {
    const table = aTable(100).between(-1, 1_000);
    expect(splitAt(table, 0.25)).toBe(75);
    expect([...tail(table, 30).timesMs]).toEqual([970, 980, 990]);
    expect(tail(table, 30).rows[0]).toBe(97);
  });
});

describe("a table as a file", () => {
  test.each(["t.csv", "t.csv.gz"])("reads back as what it was: %s", async (name) => {
    const path = join(folder, name);
    const row = Float32Array.of(1 / 3, Number.NaN);
    await writeTable(
      path,
      texts(headerOf(["a", "b"]), lineOf('x,"y"', 5, true, row), lineOf("z", 6, false, Float32Array.of(-0.5, 1e20))),
    );
    const read = await readTable(path, ["a", "b"]);
    expect([...read.rows]).toEqual([Math.fround(1 / 3), Number.NaN, -0.5, Math.fround(1e20)]);
    expect([[...read.timesMs], [...read.frauds]]).toEqual([
      [5, 6],
      [1, 0],
    ]);
  });

  test.each([
    [
      "of other features",
      "id,time,fraud,b,a\n",
      "must have the columns id, time, fraud and the ruleset's model.features",
    ],
    ["with a row cut short", "id,time,fraud,a,b\nx,5,1,2\n", ":2 must be an id, a time in ms, 0 or 1, and 2 inputs"],
    ["with a word for a number", "id,time,fraud,a,b\nx,5,1,2,much\n", ":2 has an input that is no number"],
    ["without a truth", "id,time,fraud,a,b\nx,5,,2,1\n", ":2 must be an id"],
  ])("one %s is refused", async (_what, text, fault) => {
    const path = join(folder, "t.csv");
    await writeFile(path, text);
    await expect(readTable(path, ["a", "b"])).rejects.toThrow(fault);
  });

  test("one that is not there says so", async () => {
    await expect(readTable(join(folder, "none.csv.gz"), ["a"])).rejects.toThrow("ENOENT");
  });
});

async function* texts(...parts: readonly string[]) {
  yield* parts;
}
