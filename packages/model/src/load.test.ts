import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { marginOf } from "./generated.ts";
import { loadModel } from "./load.ts";
import { textOf } from "./model.fixture.ts";

// biome-ignore lint/suspicious/noExplicitAny: what is broken here on purpose has no type
type Json = Record<string, any>;

/** The recent fixture with something done to its learner. */
function faultsAfter(change: (learner: Json, tree: Json) => void): string {
  const model = JSON.parse(textOf("recent")) as Json;
  change(model.learner, model.learner.gradient_booster.model.trees[0]);
  const loaded = loadModel(JSON.stringify(model));
  return loaded.ok ? "" : loaded.faults.join("\n");
}

describe("a model is refused with what is wrong with it", () => {
  test.each<[string, (learner: Json, tree: Json) => void, string]>([
    ["another booster", (l) => (l.gradient_booster.name = "dart"), 'the booster must be gbtree, got "dart"'],
    ["another objective", (l) => (l.objective.name = "reg:squarederror"), "the objective must be binary:logistic"],
    ["classes", (l) => (l.learner_model_param.num_class = "3"), "num_class must be at most 0"],
    [
      "a base score of 1",
      (l) => (l.learner_model_param.base_score = "[1E0]"),
      "base_score must be above 0 and below 1",
    ],
    ["no trees", (l) => (l.gradient_booster.model.trees = []), "a model has 1 to 2000 trees, this has 0"],
    [
      "too many features",
      (l) => (l.learner_model_param.num_feature = "201"),
      "num_feature must be a whole number from 1",
    ],
    ["too few names", (l) => l.feature_names.pop(), "15 features need as many feature_names, got 14"],
    ["a circle", (_l, t) => (t.left_children[1] = 0), "trees[0] comes to node 0 on two ways"],
    ["two ways to a node", (_l, t) => (t.left_children[1] = t.right_children[1]), "on two ways"],
    ["a child that is not there", (_l, t) => (t.left_children[0] = 99), "names 99 as a child of node 0; it has"],
    ["half a leaf", (_l, t) => (t.left_children[0] = -1), "names -1 as a child of node 0"],
    [
      "a feature that is not there",
      (_l, t) => (t.split_indices[0] = 15),
      "splits by feature 15 at node 0; there are 15",
    ],
    ["part of a feature", (_l, t) => (t.split_indices[0] = 0.5), "splits by feature 0.5"],
    ["lists of different lengths", (_l, t) => t.default_left.pop(), "trees[0] has lists of different lengths"],
    ["a number that is none", (_l, t) => (t.split_conditions[0] = "1"), "split_conditions must hold finite numbers"],
    ["a number beyond float32", (_l, t) => (t.split_conditions[0] = 1e300), "has a number beyond float32 at node 0"],
    ["no cover", (_l, t) => (t.sum_hessian[2] = 0), "has a node without cover: 2"],
    ["categories", (_l, t) => (t.categories_nodes = [0]), "splits by category"],
    ["a calibration that turns scores round", (l) => (l.attributes = { weir_calibration: "-1 0" }), "a slope above 0"],
    ["names of the host", (l) => delete l.gradient_booster.model, "learner.gradient_booster.model must be an object"],
  ])("%s", (_what, change, fault) => {
    expect(faultsAfter(change)).toContain(fault);
  });

  test.each(["", "[]", "null", "{}", '{"learner":[]}', "{", "model"])("%j is none", (text) => {
    expect(loadModel(text)).toMatchObject({ ok: false });
  });

  test("a tree that is only deep", () => {
    const fault = faultsAfter((_learner, tree) => {
      const count = 101;
      const inner = (node: number) => node % 2 === 0 && node < count - 1;
      const nodes = Array.from({ length: count }, (_, node) => node);
      Object.assign(tree, {
        left_children: nodes.map((node) => (inner(node) ? node + 1 : -1)),
        right_children: nodes.map((node) => (inner(node) ? node + 2 : -1)),
        split_indices: nodes.map(() => 0),
        split_conditions: nodes.map(() => 0),
        default_left: nodes.map(() => 0),
        sum_hessian: nodes.map(() => 1),
      });
    });
    expect(fault).toContain("trees[0] is deeper than 24");
  });
});

test("whatever is done to one value, the model is refused or scores: nothing throws and no walk goes on for ever", () => {
  const text = textOf("recent");
  const value = fc.oneof(fc.integer({ min: -2, max: 40 }), fc.double(), fc.constantFrom("x", null, [], {}, true, 1e40));
  const place = fc.nat();
  fc.assert(
    fc.property(place, fc.nat(), value, (which, index, put) => {
      const model = JSON.parse(text) as Json;
      const tree = model.learner.gradient_booster.model.trees[which % 12];
      const lists = Object.values(tree).filter((list): list is unknown[] => Array.isArray(list) && list.length > 0);
      const list = lists[which % lists.length] as unknown[];
      list[index % list.length] = put;
      const loaded = loadModel(JSON.stringify(model));
      if (loaded.ok) marginOf(loaded.model.forest)(new Float32Array(15));
    }),
    { numRuns: 300 },
  );
});

test("a text that is too long is not even parsed", () => {
  expect(loadModel(" ".repeat(33 * 1024 * 1024))).toMatchObject({
    ok: false,
    faults: [expect.stringContaining("bytes")],
  });
});
