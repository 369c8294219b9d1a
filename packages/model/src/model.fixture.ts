/** What fixtures/make.py wrote: models, and what XGBoost itself says of rows with missing values. */
import { readFileSync } from "node:fs";
import { loadModel } from "./load.ts";

const folder = new URL("../fixtures/", import.meta.url);

/** 1.7 wrote the one, 3.2 the other. */
export const FIXTURES = ["golden", "recent"] as const;
export type Fixture = (typeof FIXTURES)[number];

export function textOf(name: Fixture): string {
  return readFileSync(new URL(`${name}.model.json`, folder), "utf8");
}

export function modelOf(name: Fixture) {
  const loaded = loadModel(textOf(name));
  if (!loaded.ok) throw new Error(loaded.faults.join("\n"));
  return loaded.model;
}

export type GoldenRow = { readonly row: Float32Array; readonly score: number; readonly moved: Float64Array };

export function rowsOf(name: Fixture): GoldenRow[] {
  const [header = "", ...lines] = readFileSync(new URL(`${name}.csv`, folder), "utf8")
    .trimEnd()
    .split("\n");
  const scoreAt = header.split(",").indexOf("score");
  return lines.map((line) => {
    const values = line.split(",").map((value) => (value === "" ? Number.NaN : Number(value)));
    return {
      row: Float32Array.from(values.slice(0, scoreAt)),
      score: values[scoreAt] as number,
      moved: Float64Array.from(values.slice(scoreAt + 1)),
    };
  });
}
