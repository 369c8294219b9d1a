/** What scoring a row costs: the generated function, its peer the walk over typed arrays, and what a reason costs on top. */
import { readFileSync } from "node:fs";
import { contributionsOf, type Forest, loadModel, marginOf, walk } from "@weir/model";
import type { Part } from "./main.ts";
import { nsPerCall, printTable } from "./measure.ts";

const MODELS = [
  "../../packages/model/fixtures/golden.model.json",
  "../../packages/model/fixtures/recent.model.json",
] as const;
const ROWS = 1_000;
const FOR_MS = 500;
/** The runtime takes some ten thousand rows to optimise generated code. */
const WARM_UP = 60_000;

export const modelPart: Part = {
  name: "model",
  run() {
    const rows = MODELS.map((path) => {
      const loaded = loadModel(readFileSync(new URL(path, import.meta.url), "utf8"));
      if (!loaded.ok) throw new Error(loaded.faults.join("; "));
      const { forest } = loaded.model;
      const [margin, contributions] = [marginOf(forest), contributionsOf(forest)];
      const inputs = rowsOf(forest);
      const microseconds = (score: (row: Float32Array) => unknown, calls: number): number => {
        let at = 0;
        return nsPerCall(() => void score(inputs[at++ % ROWS] as Float32Array), calls, FOR_MS) / 1_000;
      };
      for (let call = 0; call < WARM_UP; call += 1) margin(inputs[call % ROWS] as Float32Array);
      const walked = microseconds((row) => walk(forest, row), 20_000);
      const generated = microseconds(margin, 20_000);
      return [
        `${forest.roots.length} trees of depth ${forest.depth}`,
        generated.toFixed(2),
        walked.toFixed(2),
        (walked / generated).toFixed(1),
        microseconds(contributions, 500).toFixed(0),
      ];
    });
    const head = ["us of processor time a row", "generated", "walk", "times as long", "contributions"];
    printTable("A model's score, and what moved it", [head, ...rows]);
    return Promise.resolve();
  },
};

/** Values about the splits, so that rows go many ways; one in ten is missing. */
function rowsOf({ featureCount, feature, threshold }: Forest): Float32Array[] {
  const splits = Array.from({ length: featureCount }, (_, input) =>
    threshold.filter((_, node) => feature[node] === input),
  );
  return Array.from({ length: ROWS }, (_, row) =>
    Float32Array.from({ length: featureCount }, (_, input) => {
      const chance = Math.imul(row * featureCount + input + 1, 2_654_435_761) >>> 0;
      const own = splits[input] as Float32Array;
      return chance % 10 === 0 || own.length === 0 ? Number.NaN : (own[chance % own.length] as number) * 1.01;
    }),
  );
}
