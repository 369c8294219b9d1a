import {
  DecidedTransaction,
  decodeTransaction,
  type LogRecord,
  murmur2,
  REJECTED_HEADERS,
  REPLAY_HEADER,
} from "@weir/schema";
import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import { compileRuleset } from "../compile.ts";
import { formatFaults } from "../fault.ts";
import { createChain } from "./chain.ts";
import type { ChainOptions } from "./chain-stage.ts";

const THRESHOLD = `
name: t
version: 1
rules:
  - { id: large-amount, when: amount >= 900, score: 0.95 }
  - { id: odd, when: 'country != null && country == "D\\"E" && amount > 5', score: 0.6 }
thresholds: { review: 0.6, decline: 0.9 }
`;
const COUNTING = `
name: c
version: 2
features: { count_1h: { by: source, count: true, over: 1h }, count_1m: { by: source, count: true, over: 1m } }
rules:
  - { id: busy, when: count_1h > 2 && amount > 5, score: 0.7 }
  - { id: watched, when: count_1m > 100, score: 0, monitor: true }
thresholds: { review: 0.6, decline: 0.9 }
`;
const NOW_MS = 1_700_000_000_000;
const TOPICS = {
  transactions: "queueing.transactions",
  labels: "queueing.labels",
  legit: "legit",
  fraud: "fraud",
  rejected: "rejected",
};

type Options = Partial<ChainOptions> & { readonly inputPartitions?: number };

function stageOf(ruleset: string, { inputPartitions = 1, ...options }: Options = {}) {
  const result = compileRuleset(ruleset, { file: "r.yaml" });
  if (!result.ok) throw new Error(formatFaults(result.faults));
  const chain = createChain({
    plan: result.plan,
    inputKeyed: true,
    appId: "weir",
    topics: TOPICS,
    partitions: new Map([[TOPICS.transactions, inputPartitions]]),
    explain: "none",
    maxRecordBytes: 65_536,
    maxFutureMs: 300_000,
    ...options,
  });
  return only(chain);
}

function aRecord(value: object | string, record: Partial<LogRecord> = {}): LogRecord {
  const transaction = { source: "alice", target: "bob", amount: 10, currency: "EUR" };
  const text = typeof value === "string" ? value : JSON.stringify({ ...transaction, ...value });
  return { offset: 7, timestampMs: NOW_MS, key: null, value: Buffer.from(text), headers: [], ...record };
}

/** Names of our headers on what is no duplicate. */
const OF_SOME: readonly string[] = [REJECTED_HEADERS.duplicateOf, REJECTED_HEADERS.reference];
const OURS = Object.values(REJECTED_HEADERS).filter((name) => !OF_SOME.includes(name));

function only<T>(items: readonly T[]): T {
  expect(items).toHaveLength(1);
  return items[0] as T;
}

function stepOnce(ruleset: string, record: LogRecord, options: Options = {}, partition = 0) {
  const stage = stageOf(ruleset, options);
  const step = stage.step(stage.createState(), record, partition);
  return { ...step, output: only(step.outputs) };
}

const header = (headers: LogRecord["headers"], name: string) =>
  headers.findLast(([known]) => known === name)?.[1]?.toString();

describe("a decided record", () => {
  test.each([
    [899.99, "legit", "approve"],
    [900, "fraud", "decline!large-amount"],
    [1000, "fraud", "decline!large-amount"],
  ])("an amount of %d goes to %s", (amount, topic, label) => {
    const { output, label: said } = stepOnce(THRESHOLD, aRecord({ amount }));
    expect([output.topic, said]).toEqual([topic, label]);
  });

  test("is the original text, byte for byte, with the decision before its last brace", () => {
    const text = ' { "amount" : 950.10,"source":"Zoë💶","target":"b","currency":"EUR","x":[1,{"a":"}"}] }\n ';
    const { output } = stepOnce(THRESHOLD, aRecord(text));
    const written = output.value?.toString() ?? "";
    const at = written.indexOf(',"decision"');
    expect(written.slice(0, at) + written.slice(written.lastIndexOf("}"))).toBe(text);
    expect(JSON.parse(written).decision).toEqual({
      id: "queueing.transactions/0/7",
      outcome: "decline",
      score: 0.95,
      eventTime: NOW_MS,
      order: 7,
      ruleset: expect.stringMatching(/^t@1#[0-9a-f]{8}$/),
      reasons: [{ rule: "large-amount", score: 0.95, when: "amount >= 900", observed: { amount: 950.1 } }],
    });
    expect(output.key?.toString()).toBe("Zoë💶");
  });

  test.each(["", " ".repeat(17), "\n".repeat(300)])("stays whole when reasons are not ASCII and %j follows", (tail) => {
    const ruleset = THRESHOLD.replace('D\\"E', "é💶");
    const record = aRecord(`{"source":"a","target":"b","amount":6,"currency":"EUR","country":"é💶"}${tail}`);
    const text = stepOnce(ruleset, record).output.value?.toString() ?? "";
    expect(JSON.parse(text)).toMatchObject({
      country: "é💶",
      decision: { reasons: [{ observed: { country: "é💶" } }] },
    });
    expect(text.slice(text.lastIndexOf("}") + 1)).toBe(tail);
  });

  test("satisfies the published schema, whatever text the rule and the fields hold", () => {
    const validate = new Ajv({ allowUnionTypes: true }).compile(DecidedTransaction);
    const { output } = stepOnce(THRESHOLD, aRecord({ amount: 901, country: 'D"E' }), { explain: "full" });
    const decided = JSON.parse(output.value?.toString() ?? "");
    expect(validate(decided), JSON.stringify(validate.errors)).toBe(true);
    expect(decided.decision.reasons.map((reason: { rule: string }) => reason.rule)).toEqual(["large-amount", "odd"]);
    expect(decided.decision.reasons[1].observed).toEqual({ country: 'D"E', amount: 901 });
  });

  test("keeps its headers and takes its timestamp from the record", () => {
    const headers = [["traceparent", Buffer.from("00-1")]] as const;
    const { output } = stepOnce(THRESHOLD, aRecord({ timestamp: NOW_MS - 5 }, { headers }));
    expect(output.headers).toEqual(headers);
    expect(output.timestampMs).toBe(NOW_MS);
  });

  test("is refused by the decoder when it comes round again", () => {
    const { output } = stepOnce(THRESHOLD, aRecord({}));
    expect(decodeTransaction(output.value).ok).toBe(false);
  });

  test.each([
    ["review", "review", "fraud"],
    ["approve", "approve", "legit"],
    ["decline", "decline", "fraud"],
  ])("of a currency that is not listed has at least the outcome otherwise: %s", (otherwise, outcome, topic) => {
    const ruleset = `${THRESHOLD}currencies: [EUR]\notherwise: ${otherwise}\n`;
    const { output, label } = stepOnce(ruleset, aRecord({ currency: "USD" }));
    expect([label, output.topic]).toEqual([`${outcome}+currency`, topic]);
    const { decision } = JSON.parse(output.value?.toString() ?? "");
    expect(decision).toMatchObject({
      score: 0,
      reasons: [{ rule: "currency_not_listed", observed: { currency: "USD" } }],
    });
    expect(stepOnce(ruleset, aRecord({ currency: "USD", amount: 950 })).label).toBe("decline+currency!large-amount");
    expect(stepOnce(ruleset, aRecord({})).label).toBe("approve");
  });

  test("amounts are in major units of their own currency", () => {
    expect(stepOnce(THRESHOLD, aRecord({ amount: 900, currency: "JPY" })).label).toBe("decline!large-amount");
    expect(stepOnce(THRESHOLD, aRecord({ amount: 899.999, currency: "KWD" })).label).toBe("approve");
  });
});

describe("counts", () => {
  const run = (
    records: readonly [offset: number, ms: number, source?: string][],
    explain: "none" | "full" = "full",
    ruleset = COUNTING,
  ) => {
    const stage = stageOf(ruleset, { explain });
    const state = stage.createState();
    return records.map(([offset, ms, source = "alice"]) => {
      const step = stage.step(
        state,
        aRecord({ source, timestamp: NOW_MS + ms }, { offset, timestampMs: NOW_MS + ms }),
        0,
      );
      if (step.event !== null) state.apply(step.event, offset);
      return JSON.parse(only(step.outputs).value?.toString() ?? "").decision;
    });
  };

  test("a transaction counts itself and those before it in the log, up to its own time", () => {
    const decisions = run([
      [0, 0],
      [1, 0],
      [2, 59_999],
      [3, 60_000],
      [4, 30_000],
      [5, 60_000, "carol"],
    ]);
    expect(decisions.map(({ features }) => [features.count_1h, features.count_1m])).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
      [4, 2],
      [3, 3],
      [1, 1],
    ]);
    expect(decisions.map(({ outcome }) => outcome)).toEqual([
      "approve",
      "approve",
      "review",
      "review",
      "review",
      "approve",
    ]);
    expect(decisions[2].reasons[0].observed).toEqual({ count_1h: 3, amount: 10 });
  });

  test("one later than stream time allows is decided, flagged and not stored", () => {
    const hour = 3_600_000;
    const decisions = run([
      [0, 2 * hour],
      [1, hour],
      [2, hour - 1],
      [3, hour],
    ]);
    expect(decisions.map(({ late }) => late)).toEqual([undefined, undefined, true, undefined]);
    expect(decisions.map(({ features }) => features.count_1h)).toEqual([1, 1, 1, 2]);
  });

  test("features are shown only when asked for", () => {
    expect(run([[0, 0]], "none")[0]).not.toHaveProperty("features");
  });

  test("a step changes nothing until its event is applied", () => {
    const stage = stageOf(COUNTING);
    const state = stage.createState();
    const first = stage.step(state, aRecord({}), 0);
    expect(stage.step(state, aRecord({}), 0)).toEqual(first);
    expect([state.keys, state.streamTimeMs, state.replayFrom]).toEqual([0, -1, null]);
  });

  test("a ruleset of every aggregate by source, and by source and another field, decides in the one stage", () => {
    const ruleset = `
name: m
version: 1
features:
  spent: { by: source, sum: amount, over: 1h }
  pair: { by: [source, target], count: true, over: 1h }
  known: { by: source, seen: target, over: 1h }
  usual: { by: source, mean: amount, over: 1h, before: true }
rules: [{ id: a, when: usual != null && spent > 15 && pair > 1 && known == 1, score: 0.7 }]
thresholds: { review: 0.6, decline: 0.9 }
`;
    const decisions = run(
      [
        [0, 0],
        [1, 1, "bob"],
        [2, 2],
      ],
      "full",
      ruleset,
    );
    expect(decisions[2]).toMatchObject({
      outcome: "review",
      features: { spent: 20, pair: 2, known: 1, usual: 10 },
      reasons: [{ rule: "a", evidence: ["queueing.transactions/0/0"] }],
    });
    expect(decisions[1].features).toEqual({ spent: 10, pair: 1, known: 0, usual: null });
  });
});

describe("a second transaction of one source's id", () => {
  const run = (...given: readonly object[]) => {
    const stage = stageOf(COUNTING, { explain: "full" });
    const state = stage.createState();
    return given.map((value, offset) => {
      const { outputs, label, event } = stage.step(state, aRecord(value, { offset }), 0);
      if (event !== null) state.apply(event, offset);
      return { output: only(outputs), label };
    });
  };

  test("is rejected with the first one's decision id, and not counted", () => {
    const [, again, next] = run({ id: "a" }, { id: "a" }, { id: "b" });
    expect([again?.label, again?.output.topic]).toEqual(["rejected:duplicate", "rejected"]);
    expect(header(again?.output.headers ?? [], REJECTED_HEADERS.duplicateOf)).toBe("queueing.transactions/0/0");
    expect(JSON.parse(next?.output.value?.toString() ?? "").decision.features.count_1h).toBe(2);
  });

  test("is a conflict when it says something else", () => {
    expect(run({ id: "a" }, { id: "a", amount: 11 })[1]?.label).toBe("rejected:duplicate_conflict");
  });

  test("is another one when the source is another, or the id is not there", () => {
    const labels = run({ id: "a" }, { id: "a", source: "bob" }, {}, { source: "bob" }).map(({ label }) => label);
    expect(labels).toEqual(["approve", "approve", "approve", "approve"]);
  });

  test("is decided by a ruleset without features, which knows no past", () => {
    const stage = stageOf(THRESHOLD);
    const state = stage.createState();
    for (let offset = 0; offset < 2; offset += 1) {
      const { label, event } = stage.step(state, aRecord({ id: "a" }, { offset }), 0);
      if (event !== null) state.apply(event, offset);
      expect(label).toBe("approve");
    }
  });
});

describe("a rejected record", () => {
  test("keeps value, key and headers, and says why and where it came from", () => {
    const headers = [["h", null]] as const;
    const key = Buffer.from("k");
    const { output, label, event } = stepOnce(THRESHOLD, aRecord('{"source":"a"}', { headers, key }), {}, 3);
    expect([output.topic, label, event]).toEqual(["rejected", "rejected:malformed", null]);
    expect([output.key, output.value?.toString(), output.headers[0]]).toEqual([key, '{"source":"a"}', ["h", null]]);
    expect(header(output.headers, REJECTED_HEADERS.origin)).toBe("queueing.transactions/3/7");
    expect(JSON.parse(header(output.headers, REJECTED_HEADERS.faults) ?? "")).toHaveLength(3);
    expect(header(output.headers, REJECTED_HEADERS.engine)).toMatch(/^\d/);
  });

  test.each<[string, LogRecord, Options, string]>([
    ["a tombstone", aRecord("", { value: null }), {}, "malformed"],
    ["nothing", aRecord(""), {}, "malformed"],
    ["an event time too far ahead", aRecord({ timestamp: NOW_MS + 300_001 }), {}, "from_the_future"],
    ["no time at all", aRecord({}, { timestampMs: -1 }), {}, "malformed"],
    ["a record too large", aRecord({ pad: "x".repeat(200) }), { maxRecordBytes: 200 }, "too_large"],
  ])("%s", (_what, record, options, reason) => {
    const { output, label } = stepOnce(THRESHOLD, record, options);
    expect([output.topic, label]).toEqual(["rejected", `rejected:${reason}`]);
    expect(header(output.headers, REJECTED_HEADERS.reason)).toBe(reason);
  });

  test.each<[string, LogRecord, Options, number]>([
    ["an event time just not too far ahead", aRecord({ timestamp: NOW_MS + 300_000 }), {}, 0],
    ["any event time when the record has none", aRecord({ timestamp: NOW_MS }, { timestampMs: -1 }), {}, 0],
    ["any partition, where nothing is counted", aRecord({}), { inputPartitions: 5 }, 9],
  ])("is not: %s", (_what, record, options, partition) => {
    expect(stepOnce(THRESHOLD, record, options, partition).label).toBe("approve");
  });

  test("is one that lies outside its source's partition, where the source's past is counted", () => {
    const right = (murmur2(Buffer.from("alice")) & 0x7fffffff) % 5;
    const labels = [0, 1, 2, 3, 4].map((partition) => {
      return stepOnce(COUNTING, aRecord({}), { inputPartitions: 5 }, partition).label;
    });
    expect(labels).toEqual([0, 1, 2, 3, 4].map((one) => (one === right ? "approve" : "rejected:misrouted")));
  });

  test("goes on saying what it is a replay of", () => {
    const replayOf = [REPLAY_HEADER, Buffer.from("queueing.transactions/0/3")] as const;
    const { output } = stepOnce(THRESHOLD, aRecord("{", { headers: [replayOf] }));
    expect(output.headers[0]).toEqual(replayOf);
  });

  test("has our weir- headers alone, whatever its producer called its own, and all its other headers", () => {
    const theirs = (name: string) => [name, Buffer.from("theirs")] as const;
    const headers = [theirs("weir-reason"), theirs("a"), theirs("weir-origin"), theirs("weir-else"), theirs("a")];
    const { output } = stepOnce(THRESHOLD, aRecord("{", { headers }));
    expect(output.headers.map(([name]) => name)).toEqual(["a", "a", ...OURS]);
    expect(output.headers.find(([name]) => name === REJECTED_HEADERS.reason)?.[1]?.toString()).toBe("malformed");
  });

  test("one too large goes by reference: hash, size and origin, without its headers", () => {
    const value = Buffer.from("x".repeat(5_000));
    const record: LogRecord = { offset: 1, timestampMs: NOW_MS, key: Buffer.from("k"), value, headers: [["h", value]] };
    const { output } = stepOnce(THRESHOLD, record, { maxRecordBytes: 1_000 });
    expect(JSON.parse(output.value?.toString() ?? "")).toEqual({
      sha256: "c59d3c0480cc2d71d8f646e735e92da65450311eec46e81a5db8c7e6e8a92054",
      size: 5_000,
      origin: "queueing.transactions/0/1",
    });
    expect(output.key?.toString()).toBe("k");
    expect(output.headers.map(([name]) => name)).toEqual([...OURS, REJECTED_HEADERS.reference]);
    const largeKey = stepOnce(THRESHOLD, { ...record, key: Buffer.alloc(900), value: null }, { maxRecordBytes: 1_000 });
    expect(largeKey.output.key).toBeNull();
  });

  test("one whose step threw names the error and tells nothing of the message", () => {
    const output = only(stageOf(THRESHOLD).reject(aRecord({}), 0, new TypeError("alice has 10 EUR")).outputs);
    expect(header(output.headers, REJECTED_HEADERS.reason)).toBe("internal");
    expect(JSON.parse(header(output.headers, REJECTED_HEADERS.faults) ?? "")).toEqual([
      { field: "$", expected: "a decision", got: "TypeError" },
    ]);
  });
});

test("the number of partitions is part of a stateful stage's identity, and of no other's", () => {
  expect(stageOf(COUNTING, { inputPartitions: 2 }).identity).not.toBe(stageOf(COUNTING).identity);
  expect(stageOf(THRESHOLD, { inputPartitions: 2 }).identity).toBe(stageOf(THRESHOLD).identity);
});
