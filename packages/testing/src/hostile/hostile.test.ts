/** Whatever comes in, something sensible comes out: a plan or faults, a decision or a reason. */
import { readFileSync } from "node:fs";
import {
  type ChainStage,
  compileRuleset,
  createChain,
  Evaluator,
  formatFaults,
  type Plan,
  parseDecisionLabel,
} from "@weir/engine";
import { decodeTransaction, type LogRecord, REASON_CODES, REJECTED_HEADERS } from "@weir/schema";
import { describe, expect, test } from "vitest";
import { hostileRulesets } from "./rulesets.ts";
import { hostileTransactions } from "./transactions.ts";

/** 1,000 rulesets, a hundred a seed. */
const RULESETS = 100;
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
const TRANSACTIONS = 20_000;
const SEED = 4;

const rulesets = new URL("../../../../rulesets/", import.meta.url);
const good = ["threshold.yaml", "starter.yaml", "card-payments.yaml"].map((file) =>
  readFileSync(new URL(file, rulesets), "utf8"),
);

const MESSAGE = { source: "a", target: "b", amount: 950, currency: "EUR", country: "NG", id: "t" };

function decideOnce(plan: Plan): void {
  const decoded = decodeTransaction(Buffer.from(JSON.stringify(MESSAGE)));
  if (!decoded.ok) throw new Error("the message is good");
  const evaluator = new Evaluator(plan, { topic: "in", explain: "full" });
  const evaluation = evaluator.transaction(decoded.transaction, 1_700_000_000_000, { partition: 0, offset: 0 }, 0);
  if (evaluation.kind !== "decided") throw new Error("there is no earlier one");
  expect(["approve", "review", "decline"]).toContain(JSON.parse(evaluation.text).outcome);
}

const ownNames = (): string[] =>
  [Object.prototype, Array.prototype, Function.prototype, globalThis].flatMap((object) =>
    Object.getOwnPropertyNames(object),
  );

test.each(SEEDS)("hostile rulesets of seed %d: each decides, or is refused with a place and a message", (seed) => {
  const before = ownNames();
  let accepted = 0;
  for (const text of hostileRulesets(seed, RULESETS, good)) {
    const result = compileRuleset(text, { file: "r.yaml" });
    if (result.ok) {
      accepted += 1;
      decideOnce(result.plan);
      continue;
    }
    expect(result.faults.length).toBeGreaterThan(0);
    for (const { line, column, message } of result.faults) {
      expect(Math.min(line, column)).toBeGreaterThanOrEqual(1);
      expect(message).not.toBe("");
    }
  }
  // If nearly all were refused at the door, they would prove little of what lies behind it.
  expect(accepted).toBeGreaterThan(RULESETS / 50);
  expect(ownNames()).toEqual(before);
});

const HOST = [
  "constructor",
  "__proto__",
  "prototype",
  "toString",
  "globalThis",
  "process",
  "require",
  "Function",
  "eval",
];

describe.each(HOST)("%s reaches nothing of the host", (name) => {
  const ruleset = (when: string, extra = ""): string =>
    `name: r\nversion: 1\n${extra}thresholds: { review: 0.5, decline: 0.9 }\nrules:\n  - id: a\n    when: ${JSON.stringify(when)}\n    score: 1\n`;
  const faultsOf = (text: string): string => {
    const result = compileRuleset(text, { file: "r" });
    return result.ok ? "" : formatFaults(result.faults);
  };

  test.each([
    `${name} == 'a'`,
    `currency.${name} == 'a'`,
    `currency['${name}'] == 'a'`,
    `${name}('a') == 'a'`,
    `currency.${name}('a') == 'a'`,
    `amount in ${name}`,
    `amount in [${name}]`,
  ])("in an expression such as %s", (when) => {
    expect(faultsOf(ruleset(when))).not.toBe("");
  });

  test("as a member, a field, an aggregate or a given name", () => {
    const good = ruleset("amount > 1");
    expect(faultsOf(good)).toBe("");
    expect(faultsOf(`${good}${name}: { a: 1 }\n`)).toContain(`${name} is not known here`);
    expect(faultsOf(`${good}    ${name}: 1\n`)).toContain(`${name} is not known here`);
    expect(faultsOf(`${good}    examples: [{ given: { ${name}: 1 }, expect: miss }]\n`)).toContain(
      `${name} is not known`,
    );
    const feature = (written: string) => faultsOf(ruleset("n > 1", `features: { n: { ${written} } }\n`));
    expect(feature(`by: ${name}, count: true, over: 1h`)).toContain("features.n.by must be");
    expect(feature(`by: source, distinct: ${name}, over: 1h`)).toContain("features.n.distinct must be");
    expect(feature(`by: source, ${name}: true, over: 1h`)).toContain(`${name} is not known here`);
  });

  test("as the name of a feature or a list is a plain name, or none", () => {
    const feature = compileRuleset(
      ruleset(`${name} > 0.5 && ${name} < 5`, `features: { ${name}: { by: target, sum: amount, over: 1h } }\n`),
      { file: "r" },
    );
    if (feature.ok) decideOnce(feature.plan);
    else expect(formatFaults(feature.faults)).toMatch(/is not known here|is a word of the rule language/);
    const list = compileRuleset(ruleset(`currency in ${name}`, `lists: { ${name}: [EUR] }\n`), { file: "r" });
    if (list.ok) decideOnce(list.plan);
    else expect(formatFaults(list.faults)).toMatch(/is not known here|is a word of the rule language/);
  });
});

const TOPICS = { transactions: "in", labels: "labels", legit: "legit", fraud: "fraud", rejected: "rejected" };

const STATEFUL = `
name: h
version: 1
currencies: [EUR, JPY]
features:
  count_1h: { by: source, count: true, over: 1h }
  spent: { by: source, sum: amount, over: 10d }
  usual: { by: source, mean: amount, over: 10d, before: true }
  spread: { by: [source, target], stddev: amount, over: 10d, before: true }
  targets: { by: source, distinct: target, over: 10d }
  known: { by: source, seen: target, over: 10d }
  idle_ms: { by: source, since_last: true, over: 10d }
rules:
  - { id: a, when: count_1h > 2 && spent / count_1h > 500, score: 0.7 }
  - { id: b, when: 'usual != null && usual > 5 ? amount / usual > 3 : targets > 2 && known == 0', score: 0.95 }
  - { id: c, when: 'spread != null && spread > 0 && idle_ms != null && idle_ms / spread > 2', score: 0.6 }
thresholds: { review: 0.6, decline: 0.9 }
`;

test(`${TRANSACTIONS} hostile transactions through the stage: each is decided or rejected with a reason, and valid JSON`, () => {
  const compiled = compileRuleset(STATEFUL, { file: "r" });
  if (!compiled.ok) throw new Error(formatFaults(compiled.faults));
  const [stage] = createChain({
    plan: compiled.plan,
    inputKeyed: true,
    appId: "weir",
    topics: TOPICS,
    partitions: new Map([[TOPICS.transactions, 1]]),
    explain: "full",
    maxRecordBytes: 4_096,
    maxFutureMs: 300_000,
  }) as [ChainStage];
  const state = stage.createState();
  const seen = new Map<string, number>();
  let offset = 0;
  for (const value of hostileTransactions(SEED, TRANSACTIONS)) {
    const record: LogRecord = {
      offset,
      timestampMs: 1_700_000_000_000 + offset * 1_000,
      key: null,
      value,
      headers: [],
    };
    const { outputs, label, event } = stage.step(state, record, 0);
    if (event !== null) state.apply(event, offset);
    offset += 1;
    expect(outputs).toHaveLength(1);
    const [output] = outputs;
    seen.set(label, (seen.get(label) ?? 0) + 1);
    if (output?.topic !== TOPICS.rejected) {
      expect(JSON.parse(output?.value?.toString() ?? "").decision.outcome).toBe(parseDecisionLabel(label).outcome);
      continue;
    }
    const reason = output.headers.findLast(([name]) => name === REJECTED_HEADERS.reason)?.[1]?.toString();
    expect([`rejected:${reason}`, REASON_CODES.some((code) => code === reason)]).toEqual([label, true]);
  }
  const never = [...seen.keys()].filter((label) => label === "rejected:internal");
  expect(never).toEqual([]);
  // All kinds come up, or this would prove little.
  expect([...seen.keys()].map((label) => parseDecisionLabel(label).outcome)).toEqual(
    expect.arrayContaining([
      "approve",
      "review",
      "decline",
      "rejected:malformed",
      "rejected:too_large",
      "rejected:duplicate_conflict",
      "rejected:from_the_future",
    ]),
  );
});
