/** A file of transactions, opened: CSV or JSON lines, gzip or not, read batch by batch in bounded memory. */
import { createReadStream, type ReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { WHOLE } from "@weir/schema";
import { type ColumnMap, columnsRead } from "./columns.ts";
import { CsvParser, type CsvRow } from "./csv.ts";
import { LineSplitter } from "./lines.ts";
import { memberReader, messageOf } from "./messages.ts";
import { type DataRow, rowWriter } from "./row.ts";

/** What was asked for cannot be read so: one sentence each, with what would be right. */
export class DatasetFault extends Error {
  override readonly name = "DatasetFault";
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(faults.join("; "));
    this.faults = faults;
  }
}

export type Dataset = {
  /** Of the file as it lies there, compressed or not. */
  readonly sizeBytes: number;
  /** How much of it has been read. */
  bytesRead(): number;
  /** Once; batches are what a chunk of the file holds. Throws when the file cannot be read to its end. */
  batches(): AsyncIterable<readonly DataRow[]>;
  /** Idempotent. */
  close(): void;
};

const CHUNK_BYTES = 256 * 1024;

/** `columns` null: lines of JSON that are messages. Throws a DatasetFault for what is wrong before the first row. */
export async function openDataset(path: string, columns: ColumnMap | null): Promise<Dataset> {
  const format = formatOf(path);
  if (format === null)
    throw new DatasetFault([`${path} must end in .csv, .csv.gz, .jsonl or .jsonl.gz, which says what is in it`]);
  if (format === "csv" && columns === null)
    throw new DatasetFault([`${path} is CSV, so a column document must say what its columns are`]);
  const file = await handleOf(path);
  const source = createReadStream("", { fd: file, highWaterMark: CHUNK_BYTES / 4 });
  try {
    const { size } = await file.stat();
    const chunks = chunksOf(source, await isGzip(file));
    const batches =
      format === "csv" ? await csvBatches(path, chunks, columns as ColumnMap) : lineBatches(chunks, columns);
    return {
      sizeBytes: size,
      bytesRead: () => source.bytesRead,
      batches: () => batches,
      close: () => void source.destroy(),
    };
  } catch (error) {
    source.destroy();
    throw error;
  }
}

function formatOf(path: string): "csv" | "jsonl" | null {
  const [, name = ""] = /\.(csv|jsonl)(?:\.gz)?$/i.exec(path) ?? [];
  return name === "" ? null : (name.toLowerCase() as "csv" | "jsonl");
}

async function handleOf(path: string): Promise<FileHandle> {
  try {
    const file = await open(path);
    if ((await file.stat()).isFile()) return file;
    await file.close();
  } catch (error) {
    throw new DatasetFault([`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`]);
  }
  throw new DatasetFault([`${path} is not a file`]);
}

/** By its first bytes, whatever it is called. */
async function isGzip(file: FileHandle): Promise<boolean> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
  return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
}

function chunksOf(source: ReadStream, gzip: boolean): AsyncIterable<Buffer> {
  // Its errors come out of the iteration; the callback is there so that they come out nowhere else.
  return gzip ? pipeline(source, createGunzip({ chunkSize: CHUNK_BYTES }), () => undefined) : source;
}

async function csvBatches(path: string, chunks: AsyncIterable<Buffer>, columns: ColumnMap) {
  const rows = csvRows(chunks);
  let first: IteratorResult<readonly CsvRow[]>;
  do first = await rows.next();
  while (first.done !== true && first.value.length === 0);
  const [head, ...rest]: readonly CsvRow[] = first.done === true ? [] : first.value;
  if (head === undefined) throw new DatasetFault([`${path} is empty; its first line must name the columns`]);
  if (head.fields === null) throw new DatasetFault([`${path}:${head.line} must name the columns, got ${head.fault}`]);
  const missing = columnsRead(columns).filter((column) => !head.fields?.includes(column));
  if (missing.length > 0)
    throw new DatasetFault(
      missing.map((column) => `${path} has no column ${column}, which ${columns.name} names; it has ${head.fields}`),
    );
  const write = rowWriter(columns, head.fields);
  const toRow = ({ line, fields, fault: got, text }: CsvRow): DataRow =>
    fields === null
      ? { ok: false, line, fault: { field: WHOLE, expected: "a row of CSV as in RFC 4180", got }, text }
      : write(line, fields, text);
  return (async function* () {
    yield rest.map(toRow);
    for await (const batch of rows) yield batch.map(toRow);
  })();
}

async function* csvRows(chunks: AsyncIterable<Buffer>): AsyncGenerator<readonly CsvRow[]> {
  const parser = new CsvParser();
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  for await (const chunk of chunks) yield parser.push(decoder.decode(chunk, { stream: true }));
  yield [...parser.push(decoder.decode()), ...parser.end()];
}

async function* lineBatches(chunks: AsyncIterable<Buffer>, columns: ColumnMap | null) {
  const splitter = new LineSplitter();
  const read = columns === null ? messageOf : memberReader(columns);
  const toRows = (lines: ReturnType<LineSplitter["push"]>): DataRow[] => lines.map(read).filter((row) => row !== null);
  for await (const chunk of chunks) yield toRows(splitter.push(chunk));
  yield toRows(splitter.end());
}
