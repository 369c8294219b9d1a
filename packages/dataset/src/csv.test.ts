import fc from "fast-check";
import { expect, test } from "vitest";
import { CsvParser, type CsvRow, MAX_ROW_LENGTH } from "./csv.ts";

function parse(...chunks: string[]): CsvRow[] {
  const parser = new CsvParser();
  return [...chunks.flatMap((chunk) => parser.push(chunk)), ...parser.end()];
}

function cutEvery(length: number, text: string): string[] {
  return Array.from({ length: Math.ceil(text.length / length) }, (_, i) => text.slice(i * length, (i + 1) * length));
}

const fieldsOf = (rows: readonly CsvRow[]) => rows.map(({ fields }) => fields);

test.each([
  [
    "a,b\n1,2\n",
    [
      ["a", "b"],
      ["1", "2"],
    ],
  ],
  [
    "a,b\r\n1,2",
    [
      ["a", "b"],
      ["1", "2"],
    ],
  ],
  ["\uFEFFa,b\n", [["a", "b"]]],
  [
    "a,,\n,,\n",
    [
      ["a", "", ""],
      ["", "", ""],
    ],
  ],
  ["\n\na\n\n", [["a"]]],
  [
    '"a","b"\r\n"1",2\r\n',
    [
      ["a", "b"],
      ["1", "2"],
    ],
  ],
  ['"say ""yes""",x\n', [['say "yes"', "x"]]],
  [
    '"two\nlines","and, a comma"\n3,4\n',
    [
      ["two\nlines", "and, a comma"],
      ["3", "4"],
    ],
  ],
  ['"",\n', [["", ""]]],
  ['1,""', [["1", ""]]],
  ['"a"', [["a"]]],
])("%j is read as RFC 4180 says", (text, rows) => {
  expect(fieldsOf(parse(text))).toEqual(rows);
});

test.each([
  ['a,b\n1,"2\n3,4\n', 2, '1,"2', "a quote that is not closed"],
  ['a,b\n1,2"\n3,4\n', 2, '1,2"', "a quote within field 2, which does not begin with one"],
  ['a,b\n"1"x,2\n3,4\n', 2, '"1"x,2', "text behind the closing quote of field 1"],
  ['a,"\n"\n"1"x,2\n3,4\n', 3, '"1"x,2', "text behind the closing quote of field 1"],
])("in %j, what breaks the format costs line %i alone", (text, line, broken, fault) => {
  const rows = parse(text);
  expect(rows.filter(({ fields }) => fields === null)).toEqual([{ line, fields: null, fault, text: broken }]);
  expect(fieldsOf(rows).at(-1)).toEqual(["3", "4"]);
  expect(rows.at(-1)?.line).toBe(line + 1);
});

test("a row without end is refused before it fills the memory, and reading goes on behind it", () => {
  const long = "x".repeat(300_000);
  const rows = parse("a\n", long, long, long, long, long, '\n"b"\nc\n');
  expect(rows.map(({ line, fields, fault }) => fields ?? `${line}: ${fault}`)).toEqual([
    ["a"],
    `2: more than ${MAX_ROW_LENGTH} characters in one row`,
    ["b"],
    ["c"],
  ]);
});

test("a quote that is closed nowhere costs its line, however much follows", () => {
  const lines = Array.from({ length: 400_000 }, (_, index) => `${index},x\n`);
  const text = `"0,x\n${lines.join("")}`;
  const rows = parse(...cutEvery(65_536, text));
  expect(rows).toHaveLength(400_001);
  expect(rows[0]).toMatchObject({ line: 1, fields: null, text: '"0,x' });
  expect(rows.at(-1)).toMatchObject({ line: 400_001, fields: ["399999", "x"] });
});

const field = fc.string({ unit: fc.constantFrom("a", ",", '"', "\n", "\r\n", " ", "é"), maxLength: 6 });

test("what is written by the rules comes back, wherever chunks are cut", () => {
  const written = (text: string, quoted: boolean): string =>
    quoted || /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.tuple(field, fc.boolean()), { minLength: 2, maxLength: 4 }), { maxLength: 8 }),
      fc.constantFrom("\n", "\r\n"),
      fc.boolean(),
      fc.array(fc.nat(60), { maxLength: 12 }),
      (rows, lineBreak, lastBreak, cuts) => {
        const text = rows.map((row) => row.map(([value, quoted]) => written(value, quoted)).join(",")).join(lineBreak);
        const whole = lastBreak ? text + lineBreak : text;
        const chunks: string[] = [];
        let at = 0;
        for (const cut of cuts) {
          chunks.push(whole.slice(at, at + cut));
          at += cut;
        }
        const parsed = parse(...chunks, whole.slice(at));
        expect(fieldsOf(parsed)).toEqual(rows.map((row) => row.map(([value]) => value)));
        let line = 1;
        for (const [index, row] of rows.entries()) {
          expect(parsed[index]?.line).toBe(line);
          line += 1 + row.join("").split("\n").length - 1;
        }
      },
    ),
    { numRuns: 500 },
  );
});

test("any text gives rows or faults in the order of its lines, the same ones wherever chunks are cut", () => {
  const hostile = fc.string({
    unit: fc.constantFrom("a", ",", '"', '"', "\n", "\r", "\u0000", "\uFEFF"),
    maxLength: 40,
  });
  fc.assert(
    fc.property(hostile, fc.nat(40), (text, cut) => {
      const rows = parse(text);
      expect(parse(text.slice(0, cut), text.slice(cut))).toEqual(rows);
      const lines = rows.map(({ line }) => line);
      expect(lines).toEqual([...new Set(lines)].sort((a, b) => a - b));
    }),
    { numRuns: 2_000 },
  );
});
