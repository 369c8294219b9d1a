import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { compileRuleset } from "./compile.ts";
import { formatFaults } from "./fault.ts";
import { LIMITS } from "./ruleset-schema.ts";
import { layoutIdentity } from "./window/layout.ts";

const GOOD = `name: card-payments
version: 3
currencies: [EUR]
features:
  count_10m: { by: source, count: true, over: 10m }
  count_7d: { by: source, count: true, over: 7d }
lists:
  risky: [NG, KP]
rules:
  - id: large-amount
    when: amount >= 900
    score: 0.95
  - { id: busy, when: count_10m > 3 && count_7d < 9 && country != null && country in risky, score: 0.7 }
thresholds: { review: 0.6, decline: 0.9 }
`;

function faultsOf(text: string): string {
  const result = compileRuleset(text, { file: "r.yaml" });
  return result.ok ? "" : formatFaults(result.faults);
}

function withRules(...rules: string[]): string {
  return GOOD.replace(/ {2}- id: large-amount[\s\S]*score: 0.95\n/, `${rules.map((rule) => `  - ${rule}\n`).join("")}`);
}

describe("a good ruleset", () => {
  test("becomes a plan", () => {
    const result = compileRuleset(GOOD, { file: "r.yaml" });
    expect(result).toMatchObject({
      ok: true,
      plan: {
        name: "card-payments",
        version: 3,
        stateful: true,
        latenessMs: 3_600_000,
        horizonMs: 7 * 86_400_000 + 3_600_000,
        otherwise: "review",
        features: [
          { name: "count_10m", by: "source", aggregate: "count", windowMs: 600_000 },
          { name: "count_7d", by: "source", aggregate: "count", windowMs: 604_800_000 },
        ],
        entities: [{ field: "source", at: 0 }],
      },
    });
  });

  test("is named by its content: comments and layout do not change it, a limit does", () => {
    const label = (text: string) => {
      const result = compileRuleset(text, { file: "r.yaml" });
      return result.ok ? result.plan.label : "";
    };
    expect(label(GOOD)).toMatch(/^card-payments@3#[0-9a-f]{8}$/);
    expect(label(`# a comment\n${GOOD.replace("[EUR]", "\n  - EUR")}`)).toBe(label(GOOD));
    expect(label(GOOD.replace("900", "901"))).not.toBe(label(GOOD));
  });

  test("keeps its state's identity when a shorter window changes, and not when lateness changes", () => {
    const identity = (text: string) => {
      const result = compileRuleset(text, { file: "r.yaml" });
      return result.ok ? result.plan.entities.map(({ layout }) => layoutIdentity(layout)).join() : "";
    };
    expect(identity(GOOD.replace("over: 10m", "over: 20m"))).toBe(identity(GOOD));
    expect(identity(`${GOOD}lateness: 2h\n`)).not.toBe(identity(GOOD));
  });

  test("without features is stateless", () => {
    const result = compileRuleset(GOOD.replace(/features:[\s\S]*lists:/, "lists:").replace(/count_10m.*9 && /, ""), {
      file: "r.yaml",
    });
    expect(result).toMatchObject({ ok: true, plan: { stateful: false, horizonMs: 0, entities: [], features: [] } });
  });

  test.each([
    ["threshold.yaml", 0],
    ["starter.yaml", 1],
    ["card-payments.yaml", 2],
  ])("%s compiles, to %d stages with state", (file, stages) => {
    const text = readFileSync(new URL(`../../../rulesets/${file}`, import.meta.url), "utf8");
    const result = compileRuleset(text, { file });
    expect(result.ok ? result.plan.entities.length : formatFaults(result.faults)).toBe(stages);
  });
});

describe("faults say where and what would be right", () => {
  test.each<[string, string, string]>([
    [
      "a key that is not known",
      GOOD.replace("version: 3", "version: 3\nverzion: 4"),
      "3:1: verzion is not known here; known here: name,",
    ],
    ["a missing part", GOOD.replace(/thresholds.*\n/, ""), "1:1: the document lacks thresholds"],
    ["a wrong type", GOOD.replace("version: 3", "version: three"), "2:10: version must be integer"],
    ["a score above 1", GOOD.replace("0.95", "1.5"), "12:12: rules[0].score must be <= 1"],
    [
      "a duration",
      GOOD.replace("over: 10m", "over: 10"),
      "5:47: features.count_10m.over must be a duration such as 10m, 1h or 7d",
    ],
    ["a window beyond the bound", GOOD.replace("over: 10m", "over: 91d"), "5:47: must be at most 90d, got 91d"],
    [
      "another kind of feature",
      GOOD.replace("by: source", "by: sauce"),
      "5:20: features.count_10m.by must be source, target, currency, channel, country, category, device or a list",
    ],
    [
      "a feature named like a field",
      GOOD.replace("count_10m:", "amount:"),
      "5:3: amount is taken: a transaction already has it",
    ],
    [
      "a feature named like a word of the language",
      GOOD.replace("count_10m:", "in:"),
      "5:3: in is a word of the rule language",
    ],
    [
      "a list named like a feature",
      GOOD.replace("risky:", "count_7d:"),
      "8:3: count_7d is taken: this ruleset already has it",
    ],
    [
      "thresholds the wrong way round",
      GOOD.replace("review: 0.6", "review: 0.95"),
      "14:23: review must be at most decline (0.9), got 0.95",
    ],
    [
      "otherwise without currencies",
      GOOD.replace("currencies: [EUR]", "otherwise: decline"),
      "3:1: otherwise says what becomes of unlisted",
    ],
    ["a key twice", GOOD.replace("version: 3", "version: 3\nversion: 4"), "3:1: this key stands here twice"],
    ["broken YAML", GOOD.replace("[EUR]", "[EUR"), "4:"],
    ["a second document", `${GOOD}---\nname: b\n`, "15:1: "],
    [
      "no rules",
      GOOD.replace(/rules:[\s\S]*thresholds/, "rules: []\nthresholds"),
      "9:8: rules must NOT have fewer than 1 items",
    ],
    [
      "an id twice",
      withRules("{ id: a, when: amount > 1, score: 1 }", "{ id: a, when: amount > 2, score: 1 }"),
      "11:11: a is taken: rules[0] has it; ids are unique",
    ],
    [
      "an id of ours",
      withRules("{ id: currency_not_listed, when: amount > 1, score: 1 }"),
      "10:11: currency_not_listed is a name of the engine's own",
    ],
    [
      "inside a plain expression",
      withRules("{ id: a, when: amount > 1 && amonut < 2, score: 1 }"),
      "10:34: amonut is not known; did you mean amount?",
    ],
    [
      "inside a quoted expression",
      withRules(`{ id: a, when: "amount > 1 && amonut < 2", score: 1 }`),
      "10:35: amonut is not known",
    ],
    [
      "inside a folded expression",
      withRules("id: a\n    score: 1\n    when: >-\n      amount > 1 &&\n      amonut < 2"),
      "12:11: amonut is not known",
    ],
    [
      "an expression that is not text",
      withRules("{ id: a, when: true, score: 1 }"),
      "10:20: rules[0].when must be string",
    ],
    [
      "an expression too long",
      withRules(`{ id: a, when: "${"true && ".repeat(300)}true", score: 1 }`),
      "10:20: rules[0].when must NOT have more than 2000 characters",
    ],
    [
      "an example that fails",
      withRules("{ id: a, when: amount > 1, score: 1, examples: [{ given: { amount: 1 }, expect: hit }] }"),
      "10:85: this example is a miss, not a hit",
    ],
    [
      "an example of an unknown name",
      withRules("{ id: a, when: amount > 1, score: 1, examples: [{ given: { amnt: 1 }, expect: hit }] }"),
      "10:64: amnt is not known; did you mean amount?",
    ],
    [
      "an example of the wrong type",
      withRules("{ id: a, when: amount > 1, score: 1, examples: [{ given: { amount: x }, expect: hit }] }"),
      "10:72: amount must be a number",
    ],
  ])("%s", (_what, text, expected) => {
    expect(faultsOf(text)).toContain(`r.yaml:${expected}`);
  });

  test("of a text that is no YAML do not repeat the text", () => {
    const lines = faultsOf(`key: "value"\n${"some prose: and more of it\n".repeat(1000)}`).split("\n");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(200);
  });

  const feature = (written: string) => GOOD.replace(/count_10m: .*/, `count_10m: { ${written} }`);
  test.each<[string, string, string]>([
    ["no aggregate", "by: source, over: 1h", "5:14: features.count_10m needs exactly one of count, sum, mean, "],
    ["two aggregates", "by: source, count: true, sum: amount, over: 1h", "it has count and sum"],
    ["another field to add up", "by: source, sum: source, over: 1h", '5:33: features.count_10m.sum must be "amount"'],
    ["a pair of three", "by: [source, target, device], count: true, over: 1h", "must NOT have more than 2 items"],
    ["a pair of one", "by: [source, source], count: true, over: 1h", "5:16: source stands twice; a pair is of two"],
    [
      "an unknown field of a pair",
      "by: [source, targe], count: true, over: 1h",
      "5:29: features.count_10m.by[1] must be one of",
    ],
    [
      "a field that all of a window share",
      "by: [source, target], distinct: target, over: 1h",
      "5:38: all of a window share target",
    ],
    [
      "labels by a field they do not name",
      "by: device, fraud_count: true, over: 1h",
      "5:16: labels name the source and the target",
    ],
    [
      "otherwise of a window that is never empty",
      "by: source, mean: amount, over: 1h, otherwise: 0",
      "5:52: the window is never empty",
    ],
    ["otherwise of a count", "by: source, count: true, over: 1h, otherwise: 0", "5:51: count of an empty window is 0"],
    [
      "before where there is a delay",
      "by: source, count: true, over: 1h, delay: 1h, before: true",
      "5:62: a delay leaves the transaction itself out",
    ],
    [
      "before where it says nothing",
      "by: source, since_last: true, over: 1h, before: true",
      "5:56: since_last never counts the transaction itself",
    ],
    ["a delay beyond the bound", "by: source, count: true, over: 1h, delay: 91d", "5:58: must be at most 90d, got 91d"],
  ])("a feature with %s", (_what, written, expected) => {
    expect(faultsOf(feature(written))).toContain(expected);
  });

  test.each<[string, string, string]>([
    [
      "a score that changes no outcome",
      "{ id: a, when: amount > 1, score: 0.5 }",
      "10:39: a score below review (0.6) changes no outcome",
    ],
    [
      "a condition that reads nothing",
      "{ id: a, when: 'true', score: 1 }",
      "10:20: this reads nothing of the transaction",
    ],
    [
      "a condition that never holds",
      "{ id: a, when: amount > 5 && amount < 3, score: 1 }",
      "10:34: this is never true: amount is above 5 here",
    ],
    [
      "the condition of another",
      "{ id: a, when: (amount)>1, score: 1 }\n  - { id: b, when: amount > 1.0, score: 0.7 }",
      "11:20: this is the condition of rules[0] too",
    ],
  ])("a rule with %s can never matter, unless it only watches", (_what, rule, expected) => {
    expect(faultsOf(withRules(rule))).toContain(`r.yaml:${expected}`);
    expect(faultsOf(withRules(rule.replaceAll("score", "monitor: true, score")))).toBe("");
  });

  describe("a rule never matters where another hits as well and scores as much", () => {
    const first = (when: string, score: number) => `{ id: a, when: '${when}', score: ${score} }`;
    const second = (when: string, score: number) => `{ id: b, when: '${when}', score: ${score} }`;

    test.each<[string, string, number, string, number, number | null]>([
      ["a narrower bound", "amount >= 900", 0.95, "amount >= 1000", 0.7, 1],
      ["a narrower bound that comes first", "amount > 1000", 0.7, "amount >= 900", 0.7, 0],
      ["a bound and more", "amount >= 900", 0.95, 'amount >= 900.5 && currency == "EUR"', 0.95, 1],
      ["one of two alternatives", 'amount > 900 || currency == "EUR"', 0.8, "amount > 950", 0.7, 1],
      ["a field that is there", "country != null && amount > 5", 0.8, "country != null && amount > 6", 0.8, 1],
      ["the same in other words, of which the later goes", "amount > 900", 0.8, "!(amount <= 900)", 0.8, 1],
      [
        "a higher score, which is told and sorts what waits for review",
        "amount >= 900",
        0.7,
        "amount >= 1000",
        0.8,
        null,
      ],
      ["a wider bound", "amount >= 900", 0.95, "amount >= 850", 0.7, null],
      ["another subject", "amount >= 900", 0.95, "count_10m > 9", 0.7, null],
      [
        "a condition of the other one's that may not hold",
        "amount >= 900 && count_10m > 9",
        0.95,
        "amount >= 1000",
        0.7,
        null,
      ],
    ])("%s", (_what, when, score, other, otherScore, never) => {
      const faults = faultsOf(withRules(first(when, score), second(other, otherScore)));
      const [by, id] = never === 0 ? [1, "b"] : [0, "a"];
      const message = `whenever this hits, rules[${by}] (${id}) hits too and scores as much, so this rule never matters`;
      expect(faults.replaceAll(/; score it.*/g, "")).toBe(never === null ? "" : `r.yaml:${10 + never}:20: ${message}`);
      const watched = withRules(first(when, score), second(other, otherScore).replace("score", "monitor: true, score"));
      expect(faultsOf(watched)).toBe("");
    });
  });

  test("features and lists that nothing uses", () => {
    const unused = GOOD.replace(/ {2}- \{ id: busy.*\n/, "");
    expect(faultsOf(unused).split("\n")).toEqual([
      "r.yaml:5:3: nothing uses count_10m; use it or delete it",
      "r.yaml:6:3: nothing uses count_7d; use it or delete it",
      "r.yaml:8:3: nothing uses risky; use it or delete it",
    ]);
  });

  test("all of them at once, in the order of the document", () => {
    const text = GOOD.replace("version: 3", "version: x")
      .replace("over: 10m", "over: 10x")
      .replace("amount >= 900", "amonut >= 900 && country == 'DE'")
      .replace("0.95", "2")
      .replace("review: 0.6", "revue: 0.6");
    expect(
      faultsOf(text)
        .split("\n")
        .map((fault) => fault.split(":")[1]),
    ).toEqual(["2", "5", "11", "12", "14", "14"]);
  });
});

describe("bounds", () => {
  test.each<[string, string, string]>([
    [
      "the size of the document",
      `${GOOD}#${"x".repeat(LIMITS.documentBytes)}`,
      `at most ${LIMITS.documentBytes} bytes`,
    ],
    [
      "the number of rules",
      withRules(...Array.from({ length: LIMITS.rules + 1 }, (_, n) => `{ id: r${n}, when: "true", score: 1 }`)),
      "rules must NOT have more than 500 items",
    ],
    ["the number of words and signs", `${GOOD}lists: [${"1,".repeat(15_000)}]`, "at most 30000 words and signs"],
    [
      "aliases that multiply",
      `a: &a [${"x,".repeat(10)}]\nb: &b [${"*a,".repeat(10)}]\nc: &c [${"*b,".repeat(10)}]\nd: &d [${"*c,".repeat(10)}]\ne: [*d, *d]`,
      "at most 20000 parts, aliases followed; this comes to 22223",
    ],
    ["the number of aliases", `a: &a 1\nb: [${"*a,".repeat(101)}]`, "at most 100 aliases"],
    ["an alias of itself", "a: &a [*a]\n", "*a stands for nothing that ends before it"],
    ["an alias of nothing", "a: *a\n", "*a stands for nothing that ends before it"],
    ["the length of a key", `${"k".repeat(257)}: 1\n`, "a key has at most 256 characters"],
    ["lists within lists", `a: ${"[".repeat(51)}`, "1:54: lists and maps lie at most 50 deep in each other"],
    ["lists within lists without brackets", "- ".repeat(51), "1:101: lists and maps lie at most 50 deep in each other"],
    ["brackets that close nothing", "a: [1]\n".replace("]", "]]"), "1:7: ] closes nothing that is open here"],
    [
      "the number of histories",
      withRules(
        ...Array.from({ length: 6 }, (_, n) => {
          const examples = Array.from({ length: n < 5 ? 50 : 1 }, () => "{ history: [{}], expect: miss }").join(", ");
          return `{ id: r${n}, when: amount > ${n + 1}, score: 1, examples: [${examples}] }`;
        }),
      ),
      "at most 250 examples with a history, so none was tried",
    ],
    [
      "the number of faults after which no more are looked for",
      `${GOOD}x: 1\n`
        .replace("risky: [NG, KP]", `risky: [${"1,".repeat(1_500)}]`)
        .replace("amount >= 900", "amnt >= 900"),
      "and 900 more faults from here on",
    ],
    ["names of the host", `${GOOD}__proto__: { rules: [] }\n`, "__proto__ is not known here"],
    ["nothing at all", "", "the document must be object"],
    ["keys that are no texts", `${GOOD}? [a, b]\n: 1\n`, "With stringKeys, all keys must be strings"],
    [
      "the number of faults that are told",
      `${GOOD}x: 1\n`.replace("risky: [NG, KP]", `risky: [${"1,".repeat(500)}]`),
      "and 401 more faults from here on",
    ],
    ["nesting", "[".repeat(20_000), ""],
  ])("%s", (_what, text, expected) => {
    const faults = faultsOf(text);
    expect(faults).not.toBe("");
    expect(faults).toContain(expected);
  });
});
