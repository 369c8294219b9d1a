import { expect, test } from "vitest";
import { LineSplitter, MAX_LINE_BYTES } from "./lines.ts";

function split(...chunks: string[]): [number, string | null][] {
  const splitter = new LineSplitter();
  return [...chunks.flatMap((chunk) => splitter.push(Buffer.from(chunk))), ...splitter.end()].map(({ line, bytes }) => [
    line,
    bytes?.toString() ?? null,
  ]);
}

test("lines end in LF or CRLF, wherever chunks are cut, and the last one needs no end", () => {
  const text = "a\r\n\nbé\nc";
  for (let cut = 0; cut <= text.length; cut += 1)
    expect(split(text.slice(0, cut), text.slice(cut))).toEqual([
      [1, "a"],
      [2, ""],
      [3, "bé"],
      [4, "c"],
    ]);
});

test("a line without end is one fault, and reading goes on behind it", () => {
  const long = "x".repeat(MAX_LINE_BYTES / 2 + 1);
  expect(split("a\n", long, long, long, long, long, "\nb\n")).toEqual([
    [1, "a"],
    [2, null],
    [3, "b"],
  ]);
  expect(split(`a\n${long}${long}\nb`)).toEqual([
    [1, "a"],
    [2, null],
    [3, "b"],
  ]);
});
