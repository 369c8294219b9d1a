import {
  ENVELOPE_HEADER,
  EnvelopeReader,
  encodeLabelEnvelope,
  encodeTransactionEnvelope,
  envelopeOf,
  type Header,
  type NewRecord,
  partitionFor,
  REJECTED_HEADERS,
  type TransactionEnvelope,
} from "@weir/schema";
import { describe, expect, test } from "vitest";
import { Flow, NOW_MS, planOf, TOPICS, type Written } from "./chain.fixture.ts";
import { featureIds } from "./feature-id.ts";

const thresholds = "thresholds: { review: 0.6, decline: 0.9 }";
const TWO = `
name: two
version: 1
features:
  sent: { by: source, count: true, over: 1h }
  before: { by: source, count: true, over: 1h, before: true }
  got: { by: target, count: true, over: 1h }
  frauds: { by: target, fraud_count: true, over: 1h }
rules:
  - { id: busy, when: sent > 2 && got > 2 && amount > 5, score: 0.7 }
  - { id: risky, when: frauds > 0, score: 0.95 }
  - { id: watched, when: before > 100, score: 0, monitor: true }
${thresholds}
`;
const THREE = TWO.replace(
  "rules:",
  "  on: { by: device, count: true, over: 1h }\nrules:\n  - { id: shared, when: on > 1, score: 0.6 }",
);
const SOURCE_FRAUDS = `
name: s
version: 1
features: { frauds: { by: source, fraud_count: true, over: 1h } }
rules: [{ id: risky, when: frauds > 0, score: 0.95 }]
${thresholds}
`;

const header = (headers: readonly Header[], name: string): string | undefined =>
  headers.findLast(([known]) => known === name)?.[1]?.toString();

function envelopeIn({ headers }: Written): EnvelopeReader {
  const reader = new EnvelopeReader();
  expect(reader.open(envelopeOf(headers))).toBeNull();
  return reader;
}

describe("the gate", () => {
  test("keys a transaction by its source and sends it on as it is, with where it came from", () => {
    const flow = new Flow(TWO);
    const headers: Header[] = [
      ["traceparent", Buffer.from("00-1")],
      [ENVELOPE_HEADER, Buffer.from("mine")],
    ];
    const sent = flow.send({ timestamp: NOW_MS - 5 }, { key: Buffer.from("any"), headers });
    const passed = flow.only("weir.by-source");
    expect([passed.key?.toString(), passed.value, passed.timestampMs]).toEqual(["alice", sent.value, NOW_MS]);
    expect(passed.headers.slice(0, -1)).toEqual(headers);
    const { partition, offset, key, timeMs, order, features, isLabel } = envelopeIn(passed);
    expect({ partition, offset, key, timeMs, order, features, isLabel }).toEqual({
      partition: 0,
      offset: 0,
      key: Buffer.from("any"),
      timeMs: NOW_MS - 5,
      order: null,
      features: 0,
      isLabel: false,
    });
  });

  test("rejects what can not be decided", () => {
    const flow = new Flow(TWO);
    flow.send("{", { key: Buffer.from("k") });
    const { headers, key, value } = flow.only(TOPICS.rejected);
    expect([header(headers, REJECTED_HEADERS.reason), header(headers, REJECTED_HEADERS.origin)]).toEqual([
      "malformed",
      "queueing.transactions/0/0",
    ]);
    expect([key?.toString(), value?.toString()]).toEqual(["k", "{"]);
    expect(flow.log("weir.by-source")).toEqual([]);
  });
});

describe("a transaction through the chain", () => {
  test("comes out as a single stage would write it: own text and headers, keyed by source", () => {
    const flow = new Flow(TWO);
    const headers: Header[] = [
      ["a", null],
      [ENVELOPE_HEADER, Buffer.from("mine")],
    ];
    const sent = flow.send(' {"source":"Zoë💶","target":"b","amount":9.10,"currency":"EUR"} ', { headers }, 0);
    const { key, value, headers: kept, timestampMs } = flow.only(TOPICS.legit);
    expect([key?.toString(), kept, timestampMs]).toEqual(["Zoë💶", headers, NOW_MS]);
    const text = String(value);
    expect(text.slice(0, text.indexOf(',"decision"')) + text.slice(text.lastIndexOf("}"))).toBe(String(sent.value));
  });

  test("has in its decision the place in the log by source as its order", () => {
    const flow = new Flow(TWO, {}, 2);
    for (let index = 0; index < 6; index += 1) flow.send({ amount: index + 1 }, {}, index % 2);
    expect(flow.decisions().map(({ id, order }) => [id, order])).toEqual(
      [0, 1, 2, 3, 4, 5].map((index) => [`queueing.transactions/${index % 2}/${index >> 1}`, index]),
    );
  });

  test("brings evidence of every stage when a rule hits", () => {
    const flow = new Flow(TWO);
    flow.send({ source: "carol" });
    for (let index = 0; index < 3; index += 1) flow.send({});
    expect(flow.decisions().at(-1)).toMatchObject({
      outcome: "review",
      reasons: [
        {
          rule: "busy",
          observed: { sent: 3, got: 4, amount: 10 },
          evidence: [2, 1, 0].map((offset) => `queueing.transactions/0/${offset}`),
        },
      ],
    });
  });

  test("carries evidence only for rules that can still hit", () => {
    const flow = new Flow(TWO);
    for (const amount of [10, 10, 10, 5]) flow.send({ amount });
    const evidence = flow.log("weir.by-target").map((record) =>
      envelopeIn(record)
        .evidence(0)
        .map(({ offset }) => offset),
    );
    expect(evidence).toEqual([[], [], [1, 0], []]);
  });

  test("passes the stage of a device that it lacks, alone there", () => {
    const flow = new Flow(THREE, { explain: "full" });
    for (const device of [undefined, "d", undefined, "d", null]) flow.send({ device });
    expect(flow.decisions().map(({ features }) => (features as { on: number }).on)).toEqual([1, 1, 1, 2, 1]);
    expect(flow.log("weir.by-device").map(({ key }) => String(key))).toEqual(["alice", "d", "alice", "d", "alice"]);
  });

  test("of an id that its source has sent before is rejected with what the input was, and goes no further", () => {
    const flow = new Flow(TWO);
    flow.send({ id: "1" }, { key: Buffer.from("k") });
    const headers: Header[] = [["a", Buffer.from("b")]];
    const again = flow.send({ id: "1" }, { key: Buffer.from("k"), headers });
    const { key, value, headers: said } = flow.only(TOPICS.rejected);
    expect([key?.toString(), value]).toEqual(["k", again.value]);
    expect(said.slice(0, 1)).toEqual(headers);
    expect(
      [REJECTED_HEADERS.reason, REJECTED_HEADERS.origin, REJECTED_HEADERS.duplicateOf].map((name) =>
        header(said, name),
      ),
    ).toEqual(["duplicate", "queueing.transactions/0/1", "queueing.transactions/0/0"]);
    expect(flow.log("weir.by-target")).toHaveLength(1);
  });

  test("that is a duplicate moves the time of the source's stage on all the same", () => {
    const flow = new Flow(TWO);
    flow.send({ id: "1", timestamp: NOW_MS - 5_000_000 });
    flow.send({ id: "1", timestamp: NOW_MS });
    flow.send({ timestamp: NOW_MS - 5_000_000 });
    expect(flow.labels.at(4)).toBe("source rejected:duplicate_conflict");
    expect(flow.decisions().map(({ late }) => late)).toEqual([undefined, true]);
  });

  test("is approximate if it was approximate anywhere", () => {
    const plan = planOf(TWO);
    const entities = plan.entities.map((entity) =>
      entity.field === "source" ? { ...entity, layout: { ...entity.layout, maxLiveEvents: 2 } } : entity,
    );
    const flow = new Flow(TWO, { plan: { ...plan, entities } });
    for (let index = 0; index < 4; index += 1) flow.send({});
    expect(flow.decisions().at(-1)).toMatchObject({ approximate: true });
  });

  test("is late if it was late anywhere", () => {
    const flow = new Flow(TWO, {}, 16);
    flow.send({ timestamp: NOW_MS });
    flow.send({ target: "nobody so far", timestamp: NOW_MS - 7_200_000 });
    expect(flow.decisions().map(({ late }) => late)).toEqual([undefined, true]);
  });
});

describe("the source's stage of an input that is keyed by source", () => {
  const UNLABELLED = TWO.replace(/.*(frauds|risky).*\n/g, "");
  const payments = [{ id: "1" }, {}, { id: "1" }, { source: "carol", amount: 5 }, { id: "2", timestamp: NOW_MS - 8e6 }];

  test("sends on and rejects, byte for byte, what it does behind a gate", () => {
    const [keyed, gated] = [true, false].map((inputKeyed) => {
      const flow = new Flow(UNLABELLED, { inputKeyed });
      for (const payment of payments) flow.send(payment, { key: Buffer.from("k"), headers: [["a", null]] });
      return flow;
    }) as [Flow, Flow];
    expect(keyed.stages.map(({ name }) => name)).toEqual(["source", "target"]);
    for (const topic of ["weir.by-target", TOPICS.legit, TOPICS.fraud, TOPICS.rejected])
      expect(keyed.log(topic), topic).toEqual(gated.log(topic));
    expect(keyed.log("weir.by-target")).toHaveLength(4);
    expect(keyed.log("weir.by-source")).toEqual([]);
  });

  test("rejects what can not be decided, and takes the place in the input as the order", () => {
    const flow = new Flow(UNLABELLED, { inputKeyed: true });
    flow.send("{");
    flow.send({});
    expect(flow.labels).toEqual(["source rejected:malformed", "source passed", "target approve"]);
    expect(flow.decisions().map(({ id, order }) => [id, order])).toEqual([["queueing.transactions/0/1", 1]]);
  });

  test("finds a record that lies in another partition than its source's, and counts it nowhere", () => {
    const flow = new Flow(UNLABELLED, { inputKeyed: true, explain: "full" }, 4);
    for (const partition of [0, 1, 2, 3]) flow.send({}, { key: Buffer.from("carol") }, partition);
    const right = partitionFor("alice", 4);
    const rejected = flow
      .log(TOPICS.rejected)
      .map(({ key, headers }) => [
        String(key),
        header(headers, REJECTED_HEADERS.reason),
        header(headers, REJECTED_HEADERS.origin),
      ]);
    expect(rejected.sort()).toEqual(
      [0, 1, 2, 3]
        .filter((partition) => partition !== right)
        .map((partition) => ["carol", "misrouted", `queueing.transactions/${partition}/0`]),
    );
    expect(flow.decisions()).toMatchObject([
      { id: `queueing.transactions/${right}/0`, features: { sent: 1, before: 0, got: 1 } },
    ]);
  });
});

describe("labels", () => {
  test("reach the state of the target by way of the source's log", () => {
    const flow = new Flow(TWO);
    flow.send({ id: "1" });
    flow.label({ transaction: "1" });
    flow.send({ id: "2" });
    expect(flow.labels).toEqual([
      ...["gate passed", "source passed", "target approve"],
      ...["labels passed", "source passed", "target label:matched"],
      ...["gate passed", "source passed", "target decline!risky"],
    ]);
    expect(flow.decisions().at(-1)).toMatchObject({ reasons: [{ rule: "risky", observed: { frauds: 1 } }] });
  });

  test("of a decision id mean a transaction without an id", () => {
    const flow = new Flow(SOURCE_FRAUDS);
    flow.send({});
    flow.label({ transaction: "queueing.transactions/0/0" });
    flow.send({});
    expect(flow.labels.slice(2)).toEqual([
      "labels passed",
      "source label:matched",
      "gate passed",
      "source decline!risky",
    ]);
  });

  test("that find no transaction are counted", () => {
    const flow = new Flow(SOURCE_FRAUDS);
    flow.label({ transaction: "1" });
    expect(flow.labels).toEqual(["labels passed", "source label:unmatched"]);
  });

  test("go no further than the stage by target", () => {
    const flow = new Flow(THREE);
    flow.send({ id: "1", device: "d" });
    flow.label({ transaction: "1" });
    expect(flow.labels.slice(-3)).toEqual(["labels passed", "source passed", "target label:matched"]);
  });

  test.each<[string, Partial<NewRecord>, string]>([
    ["malformed", { value: Buffer.from('{"transaction":1}') }, "malformed"],
    ["too large", { headers: [["a", Buffer.alloc(70_000)]] }, "too_large"],
  ])("that are %s are rejected in their own name", (_, record, reason) => {
    const flow = new Flow(TWO);
    flow.label({ transaction: "1" }, record);
    const { headers } = flow.only(TOPICS.rejected);
    expect([header(headers, REJECTED_HEADERS.reason), header(headers, REJECTED_HEADERS.origin)]).toEqual([
      reason,
      "queueing.labels/0/0",
    ]);
  });
});

describe("a record that no stage of ours has written", () => {
  const value = Buffer.from('{"source":"alice","target":"bob","amount":10,"currency":"EUR"}');
  const envelope = (parts: Partial<TransactionEnvelope> = {}): Buffer =>
    encodeTransactionEnvelope({
      origin: { partition: 0, offset: 7 },
      key: Buffer.from("original"),
      timeMs: NOW_MS,
      order: 1,
      late: false,
      approximate: false,
      historySinceMs: 0,
      ruleset: Buffer.alloc(8),
      ids: new Uint32Array(),
      values: new Float64Array(),
      evidence: [],
      ...parts,
    });
  const reject = (topic: string, headers: readonly Header[], partition?: number, ruleset = TWO, text = value) => {
    const flow = new Flow(ruleset, {}, 4);
    const key = Buffer.from(topic.endsWith("target") ? "bob" : "alice");
    flow.pass(flow.append({ topic, key, value: text, headers, timestampMs: NOW_MS }, partition));
    const { headers: said, ...record } = flow.only(TOPICS.rejected);
    return {
      ...record,
      said: [REJECTED_HEADERS.reason, REJECTED_HEADERS.origin].map((name) => header(said, name)),
      flow,
    };
  };
  const place = { source: "weir.by-source/1/0", target: "weir.by-target/2/0" };

  test.each<[string, readonly Header[]]>([
    ["no headers", []],
    [
      "another last header",
      [
        [ENVELOPE_HEADER, envelope()],
        ["a", null],
      ],
    ],
    ["an empty envelope", [[ENVELOPE_HEADER, null]]],
    ["an envelope of noise", [[ENVELOPE_HEADER, Buffer.from("noise")]]],
    ["an envelope that ends early", [[ENVELOPE_HEADER, envelope().subarray(0, 30)]]],
  ])("with %s is rejected as foreign, in its own name", (_, headers) => {
    const { said, key } = reject("weir.by-source", headers);
    expect(said).toEqual(["foreign", place.source]);
    expect(key?.toString()).toBe("alice");
  });

  test("that lies in a wrong partition is rejected as misrouted, in its own name", () => {
    expect(reject("weir.by-source", [[ENVELOPE_HEADER, envelope()]], 3).said).toEqual([
      "misrouted",
      "weir.by-source/3/0",
    ]);
    expect(reject("weir.by-target", [[ENVELOPE_HEADER, envelope()]], 3).said).toEqual([
      "misrouted",
      "weir.by-target/3/0",
    ]);
    const label = encodeLabelEnvelope({ partition: 0, offset: 0 }, null);
    const text = Buffer.from(
      `{"transaction":"1","source":"alice","target":"bob","timestamp":1,"fraud":true,"labelledAt":1}`,
    );
    expect(reject("weir.by-source", [[ENVELOPE_HEADER, label]], 3, TWO, text).said[0]).toBe("misrouted");
  });

  test("is foreign behind the source's stage when it has no order, and a label by device always", () => {
    expect(reject("weir.by-target", [[ENVELOPE_HEADER, envelope({ order: null })]]).said).toEqual([
      "foreign",
      place.target,
    ]);
    const label = encodeLabelEnvelope({ partition: 0, offset: 0 }, null);
    expect(reject("weir.by-device", [[ENVELOPE_HEADER, label]], 0, THREE).said[0]).toBe("foreign");
  });

  test("but can be read and is no transaction is rejected as the input it claims to be", () => {
    const { said, key } = reject("weir.by-source", [[ENVELOPE_HEADER, envelope()]], 0, TWO, Buffer.from("{"));
    expect(said).toEqual(["malformed", "queueing.transactions/0/7"]);
    expect(key?.toString()).toBe("original");
  });

  test("never makes a stage throw, whatever its bytes", () => {
    const flow = new Flow(TWO);
    const values = [value, null, Buffer.from("{}"), Buffer.alloc(0), Buffer.from([0xff, 0xfe])];
    const envelopes = [null, envelope(), encodeLabelEnvelope({ partition: 1, offset: 1 }, null), Buffer.from([1])];
    for (const topic of ["weir.by-source", "weir.by-target"])
      for (const text of values)
        for (const bytes of envelopes)
          flow.pass(
            flow.append({ topic, key: null, value: text, headers: [[ENVELOPE_HEADER, bytes]], timestampMs: -1 }),
          );
    const count = 2 * values.length * envelopes.length;
    // One of each pair of topics is sound, and the source's goes on to the target.
    expect(flow.labels).toHaveLength(count + 1);
    expect(flow.log(TOPICS.legit)).toHaveLength(2);
    expect(flow.log(TOPICS.rejected)).toHaveLength(count - 2);
  });
});

describe("a step that throws", () => {
  test.each(["weir.by-source", "weir.by-target"])("in %s is rejected in the name of the input", (topic) => {
    const flow = new Flow(TWO);
    flow.send({}, { key: Buffer.from("k"), headers: [["a", null]] });
    const stage = flow.stages.find(({ input }) => input === topic);
    const record = flow.only(topic);
    const { outputs, label, event } = stage?.reject(record, 0, new RangeError("secret")) ?? {};
    expect([label, event]).toEqual(["rejected:internal", null]);
    expect(outputs?.[0]).toMatchObject({ topic: TOPICS.rejected, key: Buffer.from("k"), value: record.value });
    expect(header(outputs?.[0]?.headers ?? [], REJECTED_HEADERS.origin)).toBe("queueing.transactions/0/0");
    const foreign = stage?.reject({ ...record, headers: [] }, 0, new RangeError("secret"));
    expect(header(foreign?.outputs[0]?.headers ?? [], REJECTED_HEADERS.origin)).toBe(`${topic}/0/0`);
  });
});

describe("a change of ruleset with transactions under way", () => {
  /** Stops before the last stage of the old ruleset, and goes on there under the new one. */
  const change = (older: string, newer: string) => {
    const before = new Flow(older);
    for (let index = 0; index < 4; index += 1) before.send({ amount: 10 });
    const after = new Flow(newer, { explain: "full" });
    for (const record of before.log("weir.by-target")) after.pass(after.append(record));
    return after.decisions();
  };

  test("decides with what is known, and says which features nobody computed", () => {
    const newer = TWO.replace("sent: {", "new: { by: source, count: true, over: 2h }\n  sent: {").replace(
      "sent > 2",
      "sent > 2 && new > 1",
    );
    const [decision] = change(TWO, newer).slice(-1);
    expect(decision).toMatchObject({ incomplete: ["new"], features: { new: null, before: 3, sent: 4 } });
    expect(decision).toMatchObject({ outcome: "approve", reasons: [] });
  });

  test("is no loss where the features are the same, in whatever order", () => {
    const newer = TWO.replace("version: 1", "version: 2")
      .replace(/ {2}sent.*\n/, "")
      .replace("got:", "sent: { by: source, count: true, over: 1h }\n  got:");
    const [decision] = change(TWO, newer).slice(-1);
    expect(decision).not.toHaveProperty("incomplete");
    expect(decision).toMatchObject({ outcome: "review", features: { before: 3, sent: 4 } });
    expect(decision).toMatchObject({
      reasons: [{ evidence: [2, 1, 0].map((offset) => `queueing.transactions/0/${offset}`) }],
    });
  });

  test("tells what is missing through a stage in between", () => {
    const before = new Flow(TWO);
    before.send({ device: "d" });
    const [record] = before.log("weir.by-target");
    const newer = THREE.replace("sent: {", "new: { by: source, count: true, over: 2h }\n  sent: {").replace(
      "sent > 2",
      "sent > 2 && new > 1",
    );
    const after = new Flow(newer, { explain: "full" });
    after.pass(after.append(record as Written));
    expect(after.decisions()).toMatchObject([{ incomplete: ["new"], features: { new: null, sent: 1, on: 1, got: 1 } }]);
  });
});

describe("the id of a feature", () => {
  test("is what stands in the logs, for ever", () => {
    expect([...featureIds(planOf(TWO).features)]).toMatchInlineSnapshot(`
      [
        2739669683,
        2866088670,
        205198114,
        1957323190,
      ]
    `);
  });

  test("is another one for another definition", () => {
    const ids = ["over: 1h", "over: 2h", "over: 1h, before: true", "over: 1h, delay: 1m"].map(
      (rest) => featureIds(planOf(TWO.replace("count: true, over: 1h }", `count: true, ${rest} }`)).features)[0],
    );
    expect(new Set(ids).size).toBe(4);
  });
});
