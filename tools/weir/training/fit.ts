/**
 * A model from a table: trained by XGBoost on its earlier part and tried on the later one, which also says how sure its
 * scores are (calibration); then trained on all of it.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Calibration, calibrationText, fitCalibration, probabilityOf } from "@weir/model";
import { pythonOf, run } from "./python.ts";
import { TREE_SETTINGS } from "./settings.ts";
import { fraudsIn, type Table } from "./table.ts";

export type Fitted = {
  /** Of the model file: XGBoost's JSON with the calibration among its attributes. */
  readonly text: string;
  readonly calibration: Calibration;
  /** Name and version of what trained it. */
  readonly library: string;
  /** First row of the later part. */
  readonly split: number;
  /** Calibrated scores of the later part, by the model that was trained on the earlier one alone. */
  readonly later: Float64Array;
};

/** Fewer frauds than this in either part teach nothing that lasts. */
export const LEAST_FRAUDS = 20;

/** Why the table is too poor to learn from; null if it is not. */
export function povertyOf(table: Table, split: number): string | null {
  const [earlier, later] = [fraudsIn(table, 0, split), fraudsIn(table, split, table.frauds.length)];
  if (earlier >= LEAST_FRAUDS && later >= LEAST_FRAUDS) return null;
  return `${earlier} known frauds in the earlier part and ${later} in the later one; each needs ${LEAST_FRAUDS}`;
}

/** First row of the last `share` of the table's time. */
export function splitAt({ timesMs }: Table, share: number): number {
  const [first, last] = [timesMs[0] ?? 0, timesMs.at(-1) ?? 0];
  const fromMs = last - share * (last - first);
  const split = timesMs.findIndex((timeMs) => timeMs > fromMs);
  return split === -1 ? timesMs.length : split;
}

/** `say`: for what takes its time. Throws PythonMissing, or what Python says. */
export async function fitModel(table: Table, split: number, say: (line: string) => void): Promise<Fitted> {
  const python = await pythonOf(say);
  const folder = await mkdtemp(join(tmpdir(), "weir-fit-"));
  const at = (name: string): string => join(folder, name);
  try {
    await writeFile(at("rows"), bytesOf(table.rows));
    await writeFile(at("frauds"), table.frauds);
    const files = { rows: at("rows"), frauds: at("frauds"), margins: at("margins"), model: at("model.json") };
    const request = { ...files, names: table.names, split, settings: TREE_SETTINGS };
    const answer = await run(python, [join(import.meta.dirname, "fit.py")], JSON.stringify(request));
    const { library } = JSON.parse(answer) as { library: string };
    const bytes = await readFile(files.margins);
    const margins = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
    const calibration = fitCalibration(margins, table.frauds.subarray(split));
    const later = Float64Array.from(margins, (margin) => probabilityOf(calibration, margin));
    const text = calibrated(await readFile(files.model, "utf8"), calibration);
    return { text, calibration, library, split, later };
  } finally {
    await rm(folder, { recursive: true });
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** XGBoost passes over attributes that it does not know. */
function calibrated(text: string, calibration: Calibration): string {
  const model = JSON.parse(text) as { learner: { attributes: Record<string, string> } };
  model.learner.attributes = { ...model.learner.attributes, weir_calibration: calibrationText(calibration) };
  return `${JSON.stringify(model)}\n`;
}
