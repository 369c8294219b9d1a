/**
 * A table as a file: CSV, gzip or not, with `id`, `time` (epoch ms), `fraud` (1 or 0) and then the inputs of the model
 * under their names; what is missing is empty. Nine digits, which is all that a float32 has.
 */
import { createReadStream, createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { CsvParser, type CsvRow } from "@weir/dataset";
import { GrowingTable, type Table } from "./table.ts";

const KEYS = ["id", "time", "fraud"] as const;

export function headerOf(names: readonly string[]): string {
  return `${[...KEYS, ...names].join(",")}\n`;
}

export function lineOf(id: string, timeMs: number, fraud: boolean, row: Float32Array): string {
  let line = `${/[",\r\n]/.test(id) ? `"${id.replaceAll('"', '""')}"` : id},${timeMs},${fraud ? 1 : 0}`;
  for (const value of row) line += Number.isNaN(value) ? "," : `,${Number(value.toPrecision(9))}`;
  return `${line}\n`;
}

/** `.gz` at its end says whether it is compressed. */
export async function writeTable(path: string, texts: AsyncIterable<string>): Promise<void> {
  const out = createWriteStream(path);
  if (path.endsWith(".gz")) await pipeline(Readable.from(texts), createGzip(), out);
  else await pipeline(Readable.from(texts), out);
}

/** Throws an Error that says what is wrong, with the line. */
export async function readTable(path: string, names: readonly string[]): Promise<Table> {
  const parser = new CsvParser();
  const file = createReadStream(path);
  const texts = (path.endsWith(".gz") ? file.pipe(createGunzip()) : file).setEncoding("utf8");
  file.on("error", (error) => texts.destroy(error));
  const table = new GrowingTable(names);
  let header: readonly string[] | null = null;
  const take = ({ line, fields, fault }: CsvRow): void => {
    if (fields === null) throw new Error(`${path}:${line} must be a row of CSV, got ${fault}`);
    if (header !== null) addRow(table, fields, `${path}:${line}`);
    else if (`${fields.join(",")}\n` === headerOf(names)) header = fields;
    else
      throw new Error(`${path} must have the columns id, time, fraud and the ruleset's model.features in their order`);
  };
  for await (const text of texts as AsyncIterable<string>) for (const row of parser.push(text)) take(row);
  for (const row of parser.end()) take(row);
  return table.between(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
}

function addRow(table: GrowingTable, fields: readonly string[], where: string): void {
  const [, time = "", fraud = "", ...inputs] = fields;
  const timeMs = Number(time);
  if (inputs.length !== table.names.length || !Number.isSafeInteger(timeMs) || !/^[01]$/.test(fraud))
    throw new Error(`${where} must be an id, a time in ms, 0 or 1, and ${table.names.length} inputs`);
  const row = table.add(timeMs, fraud === "1");
  for (const [index, text] of inputs.entries()) {
    row[index] = text === "" ? Number.NaN : Number(text);
    if (text !== "" && !Number.isFinite(row[index])) throw new Error(`${where} has an input that is no number`);
  }
}
