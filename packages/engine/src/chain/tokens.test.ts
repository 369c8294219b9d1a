/** A chain whose ids are tokens: nothing that it writes has an id, and all else is as without. */
import { type NewRecord, REJECTED_HEADERS, RejectedReference, readRejectedHeaders } from "@weir/schema";
import { Value } from "typebox/value";
import { describe, expect, test } from "vitest";
import { Tokens } from "../tokens.ts";
import { Flow, NOW_MS, TOPICS } from "./chain.fixture.ts";

const SECRET = "a secret of thirty-two bytes, so long";
const tokens = new Tokens(SECRET);
const CARD = "4111111111111111";
const SHOP = "5500005555555559";
const PHONE = "356938035643809";
const thresholds = "thresholds: { review: 0.6, decline: 0.9 }";
const RULESET = `
name: r
version: 1
lists: { watched: ["${CARD}"] }
features:
  sent: { by: source, count: true, over: 1h }
  got: { by: target, count: true, over: 1h }
  known: { by: [source, target], count: true, over: 1h, before: true }
  on: { by: device, count: true, over: 1h }
  frauds: { by: target, fraud_count: true, over: 1h }
rules:
  - { id: busy, when: sent > 1 && got > 1 && on > 1 && known > 0, score: 0.7 }
  - { id: risky, when: frauds > 0, score: 0.95 }
  - { id: listed, when: source in watched, score: 0.6, monitor: true }
${thresholds}
`;
const STATELESS = `
name: s
version: 1
rules: [{ id: large, when: amount > 5, score: 0.7 }]
${thresholds}
`;

const PAYMENT = { source: CARD, target: SHOP, device: PHONE };

function run(options: { readonly tokens?: Tokens }): Flow {
  const flow = new Flow(RULESET, { explain: "full", ...options }, 2);
  flow.send({ ...PAYMENT, id: "1" }, { key: Buffer.from(CARD) });
  flow.send({ ...PAYMENT, id: "2" }, { key: Buffer.from(CARD) }, 1);
  flow.send({ ...PAYMENT, id: "2" }, { key: Buffer.from(CARD) });
  flow.send({ ...PAYMENT, id: "2", amount: 11 });
  flow.label({ transaction: "1", source: CARD, target: SHOP }, { key: Buffer.from(SHOP) });
  flow.send({ source: "other", target: SHOP, id: "3" });
  flow.send({ ...PAYMENT, amount: CARD }, { key: Buffer.from(CARD), headers: [["card", Buffer.from(CARD)]] });
  flow.send(`{"source":${CARD}}`);
  flow.send(CARD);
  flow.send({ ...PAYMENT, timestamp: NOW_MS + 3_600_000 });
  flow.send({ ...PAYMENT, pad: "x".repeat(70_000) }, { key: Buffer.from(CARD) });
  flow.label({ transaction: "1", source: CARD, target: Number(SHOP) });
  return flow;
}

const flow = run({ tokens });
const written = [...flow.logs.keys()]
  .filter((topic) => topic !== TOPICS.transactions && topic !== TOPICS.labels)
  .flatMap((topic) => flow.log(topic));

const textOf = ({ key, value, headers }: Pick<NewRecord, "key" | "value" | "headers">): string =>
  [key, value, ...headers.flat()].map((part) => part?.toString("latin1")).join(" ");

describe("a chain whose ids are tokens", () => {
  test("writes no id anywhere, whatever comes of a record", () => {
    expect(written.length).toBeGreaterThan(20);
    for (const id of [CARD, SHOP, PHONE])
      expect(
        written.filter((record) => textOf(record).includes(id)),
        id,
      ).toEqual([]);
    // They would be found.
    expect(run({}).log("weir.by-source").map(textOf).join()).toContain(CARD);
  });

  test("does all that it does without", () => {
    expect(flow.labels).toEqual(run({}).labels);
    expect(flow.labels).toEqual(
      expect.arrayContaining(["device decline!risky", "device review!busy!listed", "source rejected:duplicate"]),
    );
  });

  test("decides as it does without, on tokens", () => {
    const decided = (one: Flow) =>
      one
        .decisions()
        .toSorted((a, b) => String(a.id).localeCompare(String(b.id)))
        .map(({ id, reasons, features, outcome, score }) => ({ id, reasons, features, outcome, score }));
    expect(JSON.stringify(decided(flow))).toBe(
      JSON.stringify(decided(run({})))
        .replaceAll(CARD, tokens.of(CARD))
        .replaceAll(SHOP, tokens.of(SHOP)),
    );
  });

  test("keys its logs and outputs by tokens", () => {
    for (const { value, key } of flow.log(TOPICS.fraud)) expect(key?.toString()).toBe(JSON.parse(String(value)).source);
    const keysOf = (topic: string) => new Set(flow.log(topic).map(({ key }) => key?.toString()));
    expect(keysOf("weir.by-source")).toEqual(new Set([tokens.of(CARD), tokens.of("other")]));
    expect(keysOf("weir.by-device")).toEqual(new Set([tokens.of(PHONE), tokens.of("other")]));
  });

  test("takes tokens for what they stand for, in payments and labels", () => {
    const again = new Flow(RULESET, { tokens });
    again.send({ ...PAYMENT, id: "1" });
    again.send({ source: tokens.of(CARD), target: tokens.of(SHOP), device: tokens.of(PHONE), id: "2" });
    again.label({ transaction: "2", source: tokens.of(CARD), target: SHOP });
    again.send({ ...PAYMENT, id: "3" });
    expect(again.labels).toEqual(
      expect.arrayContaining(["device review!busy!listed", "device decline!busy!risky!listed"]),
    );
  });

  test("keeps of what it cannot decide a reference without key, headers and hash; of a duplicate the tokens", () => {
    const letters = flow.log(TOPICS.rejected).map(({ key, value, headers }) => {
      const ours = headers.every(([name]) => name.startsWith("weir-"));
      return { note: readRejectedHeaders(headers), key, json: JSON.parse(String(value)), ours };
    });
    const reasons = new Set(letters.map(({ note }) => note?.reason));
    expect(reasons).toEqual(new Set(["duplicate", "duplicate_conflict", "malformed", "from_the_future", "too_large"]));
    for (const { note, key, json, ours } of letters) {
      if (note?.duplicateOf !== undefined) {
        expect([note.isReference, json.source]).toEqual([false, tokens.of(CARD)]);
        continue;
      }
      expect(note?.isReference).toBe(true);
      expect([key, ours, Object.keys(json)]).toEqual([null, true, ["size", "timestampMs", "origin"]]);
      expect(json.origin).toBe(note?.origin);
      expect(Value.Check(RejectedReference, json)).toBe(true);
    }
  });

  test("takes no token of another key, and no id that got past the first stage", () => {
    const other = new Flow(RULESET, { tokens: new Tokens(`${SECRET}!`) });
    const mixed = new Flow(RULESET, { tokens });
    mixed.send({ source: new Tokens(`${SECRET}!`).of("a") });
    expect(mixed.labels).toEqual(["gate rejected:malformed"]);
    for (const wrong of [other, new Flow(RULESET)]) {
      wrong.send({ ...PAYMENT });
      const reader = new Flow(RULESET, { tokens });
      reader.pass(reader.append(wrong.only("weir.by-source")));
      expect(reader.labels).toEqual(["source rejected:foreign"]);
      const { headers, value } = reader.only(TOPICS.rejected);
      expect(Object.keys(JSON.parse(String(value)))).toEqual(["size", "timestampMs", "origin"]);
      // So that it can be sent in again.
      expect(headers.find(([name]) => name === REJECTED_HEADERS.origin)?.[1]?.toString()).toBe(
        "queueing.transactions/0/0",
      );
    }
  });

  test("may be one stage alone", () => {
    const alone = new Flow(STATELESS, { tokens });
    alone.send({ ...PAYMENT, pan: "kept as it is" }, { key: Buffer.from(CARD) });
    const { key, value } = alone.only(TOPICS.fraud);
    expect(key?.toString()).toBe(tokens.of(CARD));
    expect(JSON.parse(String(value))).toMatchObject({
      source: tokens.of(CARD),
      target: tokens.of(SHOP),
      pan: "kept as it is",
    });
  });

  test("reads no input that is keyed by ids", () => {
    expect(() => new Flow(STATELESS, { tokens, inputKeyed: true })).toThrow("an input is not keyed by tokens");
  });

  test("names its key in every stage's marker", () => {
    expect(new Set(flow.stages.map(({ ids }) => ids))).toEqual(new Set([tokens.name]));
    expect(new Set(run({}).stages.map(({ ids }) => ids))).toEqual(new Set([undefined]));
  });
});
