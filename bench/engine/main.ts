/**
 * npm run bench:engine [-- PART...]: what the engine costs, in memory and in time, beside a peer in the same run.
 * Plots go to .weir/bench.
 */
import { refuse } from "../../tools/cli/arguments.ts";
import { chainPart } from "./chain.ts";
import { decisionPart } from "./decision.ts";
import { decodePart } from "./decode.ts";
import { machine } from "./measure.ts";
import { modelPart } from "./model.ts";
import { windowsPart } from "./windows.ts";

export type Part = {
  readonly name: string;
  run(): Promise<void>;
};

const PARTS: readonly Part[] = [decodePart, windowsPart, decisionPart, modelPart, chainPart];

const NAMES = PARTS.map(({ name }) => name).join(", ");
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !PARTS.some((part) => part.name === name));
if (wanted.includes("--help"))
  console.log(
    `npm run bench:engine -- [PART...]\n\nWhat the engine costs, part by part: ${NAMES}. Plots go to .weir/bench.`,
  );
else if (unknown.length > 0)
  process.exitCode = refuse("npm run bench:engine", [`no part ${unknown.join(", ")}; there are ${NAMES}`]);
else
  for (const part of PARTS)
    if (wanted.length === 0 || wanted.includes(part.name)) {
      console.log(`\n== ${part.name} (the machine: ${machine()})`);
      await part.run();
    }
