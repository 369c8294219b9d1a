/** npm run parity: the handbook's 15 features as Weir computes them, against a batch and against published values. */
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { flag, text } from "../cli/arguments.ts";
import { runCommand } from "../cli/command.ts";
import { count } from "../cli/format.ts";
import { Screen } from "../cli/screen.ts";
import { Progress } from "../weir/decide/progress.ts";
import { FEATURES, PROTOCOL, parseTransactions } from "./batch.ts";
import { BatchParity, GoldenParity } from "./compare.ts";
import { cutOf } from "./cut.ts";
import { MAX_SCORE_ERROR, scoreParity } from "./model.ts";
import { streamFeatures } from "./stream.ts";

const COMMAND = "npm run parity";
const WINDOW = "hb_s0_window_2018-06-18_2018-08-14.csv.gz";
const GOLDEN = "golden_features_scores.csv.gz";
const MODEL = "golden_xgb_100x3.json";
const SHOWN = 12;
const MAX_RELATIVE_ERROR = 1e-9;
const root = join(import.meta.dirname, "..", "..");
const beside = join(root, "..", "shared", "data");

const options = {
  data: text({ about: `the folder with ${WINDOW}, ${GOLDEN} and ${MODEL}`, placeholder: "DIR", fallback: beside }),
  "write-cut": flag("writes datasets/handbook-cut.*, which npm test compares, anew from those files"),
};

process.exitCode = await runCommand(
  {
    name: COMMAND,
    about: [
      "The features of the card-fraud handbook as the engine computes them, against a plain batch computation and against",
      "published values, and a published model's scores.",
    ],
    options,
    faultsOf: ({ data }) =>
      [WINDOW, GOLDEN, MODEL]
        .map((name) => join(data, name))
        .filter((file) => !existsSync(file))
        .map((file) => `${relative(".", file)} is not there; say where it is: ${COMMAND} -- --data DIR`),
  },
  (values) => (values["write-cut"] ? writeCut(values.data) : compare(values.data)),
);

async function unzipped(folder: string, name: string): Promise<string> {
  return gunzipSync(await readFile(join(folder, name))).toString();
}

async function writeCut(folder: string): Promise<0> {
  const cut = cutOf(await unzipped(folder, WINDOW), await unzipped(folder, GOLDEN), PROTOCOL.fromSeconds);
  await writeFile(join(root, "datasets/handbook-cut.csv.gz"), gzipSync(cut.rows, { level: 9 }));
  await writeFile(join(root, "datasets/handbook-cut.golden.csv"), cut.golden);
  console.log(
    `${count(cut.rows.split("\n").length - 2)} payments, ${count(cut.published)} of them with published features`,
  );
  return 0;
}

async function compare(folder: string): Promise<number> {
  const batch = new BatchParity(
    parseTransactions(await unzipped(folder, WINDOW)),
    PROTOCOL.fromSeconds,
    PROTOCOL.untilSeconds,
  );
  const published = await unzipped(folder, GOLDEN);
  const golden = new GoldenParity(published);
  const scores = scoreParity(await readFile(join(folder, MODEL), "utf8"), published);
  const startedMs = performance.now();
  const progress = new Progress(new Screen(process.stderr, process.env), startedMs);
  const rows = await streamFeatures(
    join(folder, WINDOW),
    (id, features) => {
      batch.add(id, features);
      golden.add(id, features);
    },
    progress,
  );
  progress.end();
  const seconds = (performance.now() - startedMs) / 1000;
  const exact = batch.differences.length === 0;
  const same = golden.rows === golden.expected && golden.worst <= MAX_RELATIVE_ERROR;
  const equal = scores.worst <= MAX_SCORE_ERROR;
  const lines = [
    `${count(rows)} rows in ${seconds.toFixed(1)} s; ${count(batch.rows)} of them in the ${PROTOCOL.days} days that are compared`,
    "",
    `batch    ${count(batch.cells)} cells (${FEATURES.length} features), ${count(batch.differences.length)} differ   ${verdict(exact)}`,
    ...batch.differences
      .slice(0, SHOWN)
      .map(({ id, feature, weir, other }) => `         ${id} ${feature}: ${weir}, the batch says ${other}`),
    `         a batch that counts a second as a whole differs in ${count(batch.tieCells)}: customers who paid twice in one`,
    `golden   ${count(golden.rows)} of ${count(golden.expected)} rows; greatest relative error ${golden.worst} beyond its nine digits (at most ${MAX_RELATIVE_ERROR})   ${verdict(same)}`,
    ...(same ? [] : [`         at ${golden.worstAt}`]),
    `model    ${count(scores.rows)} published scores; greatest error ${scores.worst.toPrecision(2)} (at most ${MAX_SCORE_ERROR})   ${verdict(equal)}`,
    "",
    "amount, weekend and night are the payment's own; weekend and night are derived from its event time by this command.",
    "Payments of 0.00 are counted, which the input topic refuses.",
  ];
  console.log(lines.join("\n"));
  return exact && same && equal ? 0 : 1;
}

function verdict(right: boolean): string {
  return right ? "ok" : "WRONG";
}
