import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { decodeTransaction } from "@weir/schema";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ColumnMap, compileColumns } from "./columns.ts";
import { DatasetFault, openDataset } from "./dataset.ts";
import type { DataRow } from "./row.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "weir-dataset-"));
});
afterAll(() => rm(folder, { recursive: true }));

const columns = columnsOf(`name: payments
transaction:
  id: number
  source: card
  target: shop
  amount: amount
  category: kind
  timestamp: { column: at, unit: s, since: 2018-04-01T00:00:00Z }
  location: { latitude: lat, longitude: long }
constants: { currency: EUR }
label: { column: fraud, delay: 7d }
never: [scenario]
`);

const HEADER = "number,at,card,shop,amount,kind,lat,long,fraud,scenario";

function columnsOf(text: string): ColumnMap {
  const result = compileColumns(text, { file: "c.yaml" });
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return result.columns;
}

async function read(name: string, content: string | Buffer, map: ColumnMap | null): Promise<DataRow[]> {
  const path = join(folder, name);
  await writeFile(path, content);
  const dataset = await openDataset(path, map);
  const rows: DataRow[] = [];
  for await (const batch of dataset.batches()) rows.push(...batch);
  expect(dataset.bytesRead()).toBe(dataset.sizeBytes);
  dataset.close();
  return rows;
}

const textOf = (row: DataRow | undefined) => (row?.ok === true ? row.value.toString() : row);

test("a row of a CSV becomes a transaction, with the truth beside it and not in it", async () => {
  const [row, ...more] = await read("a.csv", `${HEADER}\n7,1.5,"c ""1""",s1,912.50,food,1.5,-2,1,3\n`, columns);
  expect(more).toEqual([]);
  expect(textOf(row)).toBe(
    '{"source":"c \\"1\\"","target":"s1","amount":912.50,"currency":"EUR","id":"7","timestamp":1522540801500,' +
      '"category":"food","location":{"latitude":1.5,"longitude":-2}}',
  );
  expect(row).toMatchObject({ line: 2, timeMs: 1_522_540_801_500, fraud: true, aside: ["3"] });
});

test("an empty value is a member that is not there, and an empty label one that is not known", async () => {
  const [row] = await read("a.csv", `${HEADER}\n,2,c,s,5,,,,,\n`, columns);
  expect(textOf(row)).toBe('{"source":"c","target":"s","amount":5,"currency":"EUR","timestamp":1522540802000}');
  expect(row).toMatchObject({ fraud: null });
});

test.each([
  ["7,1,c,s,5,,,,0", "$ must be 10 fields, got 9"],
  ["7,1,c,s,5,,,,2,0", "fraud must be 1, 0 or nothing, got something else"],
  ['7,1,c,s,5,,,,0,"0', "$ must be a row of CSV as in RFC 4180, got a quote that is not closed"],
  ["7,1,c\uFFFD,s,5,,,,0,0", "$ must be UTF-8, got other bytes"],
])("the row %j is told with its line and the reason, and reading goes on", async (broken, fault) => {
  const rows = await read("a.csv", `${HEADER}\n1,1,c,s,5,,,,0,0\n${broken}\n2,1,c,s,5,,,,0,0\n`, columns);
  expect(
    rows.map((row) =>
      row.ok ? row.line : `${row.line}: ${row.fault.field} must be ${row.fault.expected}, got ${row.fault.got}`,
    ),
  ).toEqual([2, `3: ${fault}`, 4]);
});

test.each([
  ["7,1,c,s,-5,,,,0,0", "amount"],
  ["7,1,c,s,1e400,,,,0,0", "amount"],
  ["7,1,c,s,five,,,,0,0", "amount"],
  ["7,1,c,s,5.001,,,,0,0", "amount"],
  ["7,soon,c,s,5,,,,0,0", "timestamp"],
  [`7,${"9".repeat(400)},c,s,5,,,,0,0`, "timestamp"],
  ["7,1,,s,5,,,,0,0", "source"],
  ["7,1,c,s,5,,91,0,0,0", "location.latitude"],
  ["7,1,c,s,5,,x,0,0,0", "location.latitude"],
])("of %j the decoder says what is wrong with its %s", async (line, field) => {
  const [row] = await read("a.csv", `${HEADER}\n${line}\n`, columns);
  const decoded = decodeTransaction(row?.ok === true ? row.value : null);
  expect(decoded.ok ? [] : decoded.faults.map((fault) => fault.field)).toEqual([field]);
});

test("gzip is known by its content, and lines with members are read like columns", async () => {
  const line = '{"number":12345678901234567890,"at":1,"card":"c","shop":"s","amount":5.50,"fraud":false,"extra":[1]}';
  const map = { ...columns, label: { column: "fraud", fraud: "true", genuine: "false", delayMs: 1 } };
  const [row, bad, end] = await read("a.jsonl", gzipSync(`${line}\n\n[]\n`), map);
  expect(textOf(row)).toBe(
    '{"source":"c","target":"s","amount":5.50,"currency":"EUR","id":"12345678901234567890","timestamp":1522540801000}',
  );
  expect(row).toMatchObject({ fraud: false });
  expect(bad).toEqual({
    ok: false,
    line: 3,
    fault: { field: "$", expected: "a JSON object", got: "another line" },
    text: "[]",
  });
  expect(end).toBeUndefined();
});

test("without a document each line is a message, byte by byte, and a decision of ours comes off again", async () => {
  const message = '{ "source":"a","target":"b","amount":9.50,"currency":"EUR","meta":{"decision":{"id":"x"}} ';
  const decided = `${message},"decision":{"id":"queueing.transactions/0/1","outcome":"approve","eventTime":5,"reasons":[]}}`;
  const foreign = '{"decision":{"id":"x"},"source":"a"}';
  const rows = await read("a.jsonl", `${message}}\r\n${decided}\n${foreign}\nnot json`, null);
  expect(rows.map(textOf)).toEqual([`${message}}`, `${message}}`, foreign, "not json"]);
  expect(rows.map((row) => row.ok && row.timeMs)).toEqual([null, 5, null, null]);
});

test("a large file comes in many batches, the rows in order", async () => {
  const lines = Array.from({ length: 60_000 }, (_, index) => `${index},${index},c${index},s,5.25,,,,0,0`);
  const rows = await read("a.csv.gz", gzipSync(`${HEADER}\n${lines.join("\n")}`), columns);
  expect(rows.map((row) => row.ok && row.timeMs)).toEqual(lines.map((_, index) => 1_522_540_800_000 + index * 1000));
});

test.each([
  ["a.csv", "", columns, "a.csv is empty; its first line must name the columns"],
  ["a.csv", '"a\n', columns, "a.csv:1 must name the columns, got a quote that is not closed"],
  ["a.csv", HEADER, null, "a.csv is CSV, so a column document must say what its columns are"],
  ["a.parquet", "", columns, "a.parquet must end in .csv, .csv.gz, .jsonl or .jsonl.gz, which says what is in it"],
])("%s with %j is refused before the first row", async (name, content, map, fault) => {
  await expect(read(name, content, map)).rejects.toThrow(fault);
});

test("all columns that a file lacks are told at once", async () => {
  const error = await read("a.csv", "at,card,shop,amount,kind,lat,long,fraud\n", columns).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(DatasetFault);
  expect((error as DatasetFault).faults.map((fault) => /no column (\w+)/.exec(fault)?.[1])).toEqual([
    "number",
    "scenario",
  ]);
});

test("a file that is not there, or is a folder, is refused", async () => {
  await expect(openDataset(join(folder, "none.csv"), columns)).rejects.toThrow(/none\.csv cannot be read: ENOENT/);
  const sub = await mkdtemp(join(folder, "x"));
  await expect(openDataset(sub, columns)).rejects.toThrow(DatasetFault);
});

test("a gzip file that is cut off gives its rows, then an error", async () => {
  const lines = Array.from({ length: 60_000 }, (_, index) => `${index},${index},c${index},s,${index}.25,,,,0,0`);
  const whole = gzipSync(`${HEADER}\n${lines.join("\n")}`);
  const path = join(folder, "cut.csv.gz");
  await writeFile(path, whole.subarray(0, whole.length >> 1));
  const dataset = await openDataset(path, columns);
  let rows = 0;
  await expect(async () => {
    for await (const batch of dataset.batches()) rows += batch.length;
  }).rejects.toThrow("unexpected end of file");
  expect(rows).toBeGreaterThan(1000);
});
