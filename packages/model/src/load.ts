/**
 * From the text of a model, as XGBoost's `save_model("x.json")` writes it, to a checked forest, or to what is wrong
 * with it. Total: never throws, whatever the text; what it costs is bounded by the size of the text.
 *
 * Taken: gradient-boosted trees (`gbtree`) of one output, objective `binary:logistic`, numeric splits. The format is
 * described in XGBoost's documentation, "Introduction to Model IO"; files of 1.7 and of 3.2 are among the tests.
 */
import { type Calibration, calibrationOf } from "./calibration.ts";
import { type Forest, MODEL_LIMITS } from "./forest.ts";

export type LoadedModel = {
  readonly forest: Forest;
  /** From the file's attribute `weir_calibration`; the identity if there is none. */
  readonly calibration: Calibration;
};

export type LoadResult =
  | { readonly ok: true; readonly model: LoadedModel }
  | { readonly ok: false; readonly faults: readonly string[] };

/** Of one tree more would say the same. */
const MOST_FAULTS = 10;

class Fault extends Error {}

export function loadModel(text: string): LoadResult {
  const faults: string[] = [];
  const size = Buffer.byteLength(text);
  if (size > MODEL_LIMITS.bytes)
    return { ok: false, faults: [`a model has at most ${MODEL_LIMITS.bytes} bytes, this has ${size}`] };
  try {
    const learner = memberOf(parse(text), "learner", "");
    checkKind(learner, faults);
    const forest = faults.length === 0 ? forestOf(learner, faults) : null;
    const calibration = calibrationOf(attributeOf(learner, "weir_calibration"));
    if (typeof calibration === "string") faults.push(calibration);
    else if (forest !== null && faults.length === 0) return { ok: true, model: { forest, calibration } };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    faults.push(error.message);
  }
  return { ok: false, faults };
}

type Json = Readonly<Record<string, unknown>>;

function parse(text: string): Json {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Fault("this is not JSON; XGBoost writes it when the file's name ends in .json");
  }
  return objectOf(value, "the model");
}

function objectOf(value: unknown, what: string): Json {
  if (value === null || typeof value !== "object" || Array.isArray(value)) throw new Fault(`${what} must be an object`);
  return value as Json;
}

function memberOf(of: Json, name: string, path: string): Json {
  return objectOf(Object.hasOwn(of, name) ? of[name] : undefined, path + name);
}

function attributeOf(learner: Json, name: string): string | null {
  const attributes = Object.hasOwn(learner, "attributes") ? learner.attributes : null;
  if (attributes === null || typeof attributes !== "object" || !Object.hasOwn(attributes, name)) return null;
  return String((attributes as Json)[name]);
}

function checkKind(learner: Json, faults: string[]): void {
  const { name: booster } = memberOf(learner, "gradient_booster", "learner.");
  if (booster !== "gbtree") faults.push(`the booster must be gbtree, got ${shown(booster)}`);
  const { name: objective } = memberOf(learner, "objective", "learner.");
  if (objective !== "binary:logistic") faults.push(`the objective must be binary:logistic, got ${shown(objective)}`);
  const parameters = memberOf(learner, "learner_model_param", "learner.");
  for (const [name, most] of [
    ["num_class", 0],
    ["num_target", 1],
  ] as const)
    if (Object.hasOwn(parameters, name) && Number(parameters[name]) > most)
      faults.push(`${name} must be at most ${most}, got ${shown(parameters[name])}: a score is one number`);
}

function forestOf(learner: Json, faults: string[]): Forest | null {
  const parameters = memberOf(learner, "learner_model_param", "learner.");
  const featureCount = whole(parameters.num_feature, 1, MODEL_LIMITS.features, "num_feature");
  const featureNames = namesOf(learner.feature_names, featureCount);
  const baseMargin = logOdds(parameters.base_score);
  const model = memberOf(memberOf(learner, "gradient_booster", "learner."), "model", "learner.gradient_booster.");
  const { trees } = model;
  if (!Array.isArray(trees)) throw new Fault("learner.gradient_booster.model.trees must be a list");
  if (trees.length < 1 || trees.length > MODEL_LIMITS.trees)
    throw new Fault(`a model has 1 to ${MODEL_LIMITS.trees} trees, this has ${trees.length}`);
  const read = trees.map((tree, index) => columnsOf(objectOf(tree, `trees[${index}]`), index));
  const count = read.reduce((sum, { left }) => sum + left.length, 0);
  if (count > MODEL_LIMITS.nodes) throw new Fault(`a model has at most ${MODEL_LIMITS.nodes} nodes, this has ${count}`);
  const builder = new Builder(featureCount, count);
  for (const [index, columns] of read.entries()) {
    const fault = builder.add(columns);
    if (fault === null) continue;
    faults.push(`trees[${index}] ${fault}`);
    if (faults.length >= MOST_FAULTS) return null;
  }
  return faults.length > 0 ? null : builder.forest({ featureNames, baseMargin });
}

function namesOf(value: unknown, count: number): readonly string[] {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return [];
  if (!Array.isArray(value) || !value.every((name) => typeof name === "string"))
    throw new Fault("learner.feature_names must be a list of texts");
  if (value.length !== count) throw new Fault(`${count} features need as many feature_names, got ${value.length}`);
  return value as string[];
}

/** Since 3.1 the base score is the text of a list with one number. */
function logOdds(written: unknown): number {
  const probability = Number(String(written).replace(/^\[(.*)\]$/, "$1"));
  if (!(probability > 0 && probability < 1))
    throw new Fault(`base_score must be above 0 and below 1, got ${shown(written)}`);
  return Math.fround(-Math.log(1 / Math.fround(probability) - 1));
}

function whole(value: unknown, min: number, max: number, what: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < min || number > max)
    throw new Fault(`${what} must be a whole number from ${min} to ${max}, got ${shown(value)}`);
  return number;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}

const COLUMNS = {
  left: "left_children",
  right: "right_children",
  feature: "split_indices",
  threshold: "split_conditions",
  defaultLeft: "default_left",
  cover: "sum_hessian",
} as const;
type Columns = { readonly [Name in keyof typeof COLUMNS]: readonly number[] };

/** Lists of numbers of one length. */
function columnsOf(tree: Json, index: number): Columns {
  if (Array.isArray(tree.categories_nodes) && tree.categories_nodes.length > 0)
    throw new Fault(`trees[${index}] splits by category; only numbers can be split here`);
  const columns = Object.entries(COLUMNS).map(([name, written]) => {
    const values = Object.hasOwn(tree, written) ? tree[written] : undefined;
    if (!Array.isArray(values)) throw new Fault(`trees[${index}].${written} must be a list`);
    // Older files write whether missing goes left as true and false.
    const numbers = values.map((value) => (typeof value === "boolean" ? Number(value) : value));
    if (!numbers.every((value) => typeof value === "number" && Number.isFinite(value)))
      throw new Fault(`trees[${index}].${written} must hold finite numbers alone`);
    return [name, numbers as number[]] as const;
  });
  const lengths = new Set(columns.map(([, values]) => values.length));
  if (lengths.size > 1) throw new Fault(`trees[${index}] has lists of different lengths`);
  if (lengths.has(0)) throw new Fault(`trees[${index}] has no node`);
  return Object.fromEntries(columns) as unknown as Columns;
}

class Builder {
  readonly #featureCount: number;
  readonly #roots: number[] = [];
  readonly #arrays;
  #nodes = 0;
  #depth = 0;

  constructor(featureCount: number, nodes: number) {
    this.#featureCount = featureCount;
    this.#arrays = {
      feature: new Int32Array(nodes),
      threshold: new Float32Array(nodes),
      left: new Int32Array(nodes),
      right: new Int32Array(nodes),
      defaultLeft: new Uint8Array(nodes),
      cover: new Float64Array(nodes),
    };
  }

  forest(rest: Pick<Forest, "featureNames" | "baseMargin">): Forest {
    const roots = Int32Array.from(this.#roots);
    return { ...rest, featureCount: this.#featureCount, roots, ...this.#arrays, depth: this.#depth };
  }

  /** What is wrong with the tree, null if nothing: each node hangs below exactly one other, so that no walk can circle. */
  add(tree: Columns): string | null {
    const base = this.#nodes;
    const arrays = this.#arrays;
    const seen = new Uint8Array(tree.left.length);
    const waiting: [node: number, depth: number][] = [[0, 0]];
    seen[0] = 1;
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const [node, depth] = next;
      if (depth > MODEL_LIMITS.depth) return `is deeper than ${MODEL_LIMITS.depth}`;
      this.#depth = Math.max(this.#depth, depth);
      const [left, right, feature] = [tree.left[node], tree.right[node], tree.feature[node]] as [
        number,
        number,
        number,
      ];
      if (!((tree.cover[node] as number) > 0)) return `has a node without cover: ${node}`;
      arrays.threshold[base + node] = tree.threshold[node] as number;
      if (!Number.isFinite(arrays.threshold[base + node])) return `has a number beyond float32 at node ${node}`;
      arrays.cover[base + node] = tree.cover[node] as number;
      const leaf = left === -1 && right === -1;
      arrays.feature[base + node] = leaf ? -1 : feature;
      if (leaf) continue;
      if (!Number.isInteger(feature) || feature < 0 || feature >= this.#featureCount)
        return `splits by feature ${feature} at node ${node}; there are ${this.#featureCount}`;
      arrays.defaultLeft[base + node] = tree.defaultLeft[node] === 0 ? 0 : 1;
      for (const child of [left, right]) {
        if (!Number.isInteger(child) || child < 0 || child >= seen.length)
          return `names ${child} as a child of node ${node}; it has ${seen.length} nodes`;
        if (seen[child] === 1) return `comes to node ${child} on two ways`;
        seen[child] = 1;
        waiting.push([child, depth + 1]);
      }
      arrays.left[base + node] = base + left;
      arrays.right[base + node] = base + right;
    }
    this.#roots.push(base);
    this.#nodes += seen.length;
    // Nodes that nothing leads to were pruned: leaves of no tree.
    for (const [node, reached] of seen.entries()) if (reached === 0) arrays.feature[base + node] = -1;
    return null;
  }
}
