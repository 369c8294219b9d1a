/** The model of a document: its file and its inputs, compiled, and what is wrong with them. */
import { createHash } from "node:crypto";
import { contributionsOf, loadModel, marginOf } from "@weir/model";
import type { SourceDocument } from "./document.ts";
import { compileNumber } from "./expression.ts";
import type { RulesetFault } from "./fault.ts";
import type { Names } from "./names.ts";
import { type ModelInput, type Plan, type PlannedModel, plannedReads, type TrainedModel } from "./plan.ts";

/** Text of a file beside the ruleset; throws what fs.readFileSync throws. */
export type ReadBeside = (name: string) => string;

export type CompiledModel = {
  readonly model: PlannedModel | null;
  /** Whether all of it compiled. */
  readonly whole: boolean;
  readonly used: ReadonlySet<string>;
};

/** `readBeside` null: the file is not looked for, and the plan's model is one that is still to be trained. */
export function compileModel(
  document: SourceDocument,
  names: Names,
  readBeside: ReadBeside | null,
  faults: RulesetFault[],
): CompiledModel {
  const used = new Set<string>();
  if (document.at(["model"]) === undefined) return { model: null, whole: true, used };
  const before = faults.length;
  const inputs = document.sound(["model", "features"]) ? inputsOf(document, names, used, faults) : [];
  if (!document.sound(["model"]) || faults.length > before) return { model: null, whole: false, used };
  const { file } = document.data.model as { readonly file: string };
  const trained = readBeside === null ? null : readTrained(document, file, inputs, readBeside, faults);
  return faults.length > before
    ? { model: null, whole: false, used }
    : { model: { file, inputs, trained }, whole: true, used };
}

function inputsOf(document: SourceDocument, names: Names, used: Set<string>, faults: RulesetFault[]): ModelInput[] {
  const inputs: ModelInput[] = [];
  const known = new Map<string, number>();
  for (const [index, written] of (document.data.model?.features ?? []).entries()) {
    const path = ["model", "features", index];
    const [name, text] =
      typeof written === "string" ? [written, written] : (Object.entries(written)[0] as [string, string]);
    const first = known.get(name);
    if (first !== undefined) faults.push(document.faultAt(path, `${name} is taken: model.features[${first}] has it`));
    known.set(name, index);
    const compiled = compileNumber(text, names);
    if (!compiled.ok) {
      const place = typeof written === "string" ? path : [...path, name];
      for (const { at, message } of compiled.faults) faults.push(document.faultAt(place, message, at));
      continue;
    }
    const { read, reads, lists, nodes } = compiled.expression;
    for (const one of [...reads, ...lists]) used.add(one);
    inputs.push({ name, text, read, nodes, reads: plannedReads(reads, names).reads });
  }
  return inputs;
}

function readTrained(
  document: SourceDocument,
  file: string,
  inputs: readonly ModelInput[],
  readBeside: ReadBeside,
  faults: RulesetFault[],
): TrainedModel | null {
  const path = ["model", "file"];
  let text: string;
  try {
    text = readBeside(file);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    faults.push(document.faultAt(path, `${file} cannot be read: ${why}`));
    return null;
  }
  const read = trainedModel(text, inputs);
  if (!read.ok) {
    faults.push(...read.faults.map((fault) => document.faultAt(path, `${file}: ${fault}`)));
    return null;
  }
  const wanted = document.data.model?.sha256;
  if (wanted !== undefined && wanted !== read.trained.sha256)
    faults.push(document.faultAt(["model", "sha256"], `${file} is another file: its hash is ${read.trained.sha256}`));
  return read.trained;
}

export type TrainedResult =
  | { readonly ok: true; readonly trained: TrainedModel }
  | { readonly ok: false; readonly faults: readonly string[] };

/** From the text of a model file that was trained on these inputs. */
export function trainedModel(text: string, inputs: readonly Pick<ModelInput, "name">[]): TrainedResult {
  const loaded = loadModel(text);
  if (!loaded.ok) return loaded;
  const { forest, calibration } = loaded.model;
  const { featureCount, featureNames } = forest;
  if (featureCount !== inputs.length)
    return { ok: false, faults: [`it was trained on ${featureCount} features, model.features has ${inputs.length}`] };
  const other = featureNames.findIndex((name, index) => name !== inputs[index]?.name);
  if (other >= 0) {
    const [trainedOn, here] = [featureNames[other], inputs[other]?.name];
    const message = `its feature ${other + 1} is ${trainedOn}, model.features has ${here} there; the order is that of the training`;
    return { ok: false, faults: [message] };
  }
  const sha256 = createHash("sha256").update(text).digest("hex");
  const [margin, contributions] = [marginOf(forest), contributionsOf(forest)];
  return { ok: true, trained: { sha256, trees: forest.roots.length, margin, calibration, contributions } };
}

/** The plan with another model of the same inputs, and so of another name: its hash covers the model. */
export function withModel(plan: Plan, trained: TrainedModel): Plan {
  if (plan.model === null) throw new Error(`${plan.label} has no model`);
  return { ...plan, model: { ...plan.model, trained }, ...identityOf(plan, trained) };
}

/** What a plan is called: by the content of its document and of its model. */
export function identityOf(
  { name, version, documentHash }: Pick<Plan, "name" | "version" | "documentHash">,
  trained: TrainedModel | null,
): Pick<Plan, "hash" | "label"> {
  const hash =
    trained === null ? documentHash : createHash("sha256").update(`${documentHash} ${trained.sha256}`).digest("hex");
  return { hash, label: `${name}@${version}#${hash.slice(0, 8)}` };
}
