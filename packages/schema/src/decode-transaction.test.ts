import fc from "fast-check";
import { Value } from "typebox/value";
import { describe, expect, test } from "vitest";
import { decodeTransaction } from "./decode-transaction.ts";
import { aMessage } from "./transaction.fixture.ts";
import { Transaction } from "./transaction.ts";

function decoded(value: Buffer) {
  const result = decodeTransaction(value);
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return result;
}

function faultsOf(value: Buffer | null) {
  const result = decodeTransaction(value);
  if (result.ok) throw new Error("decoded");
  return result.faults;
}

/** `field: got` of each fault. */
const briefly = (value: Buffer | null) => faultsOf(value).map(({ field, got }) => `${field}: ${got}`);
const text = (value: string) => Buffer.from(value);

describe("a good message", () => {
  test("the tutorial's four fields decode, and all else is null", () => {
    const value = text('{"source": "ABCDEFGHIJKL", "target": "MNOPQRSTUVWX", "amount": 899.99, "currency": "EUR"}');
    expect(decoded(value)).toEqual({
      ok: true,
      text: value.toString(),
      closeAt: value.length - 1,
      closeAtByte: value.length - 1,
      transaction: {
        id: null,
        source: "ABCDEFGHIJKL",
        target: "MNOPQRSTUVWX",
        currency: "EUR",
        amountMinor: 89_999,
        exponent: 2,
        timestampMs: null,
        channel: null,
        country: null,
        category: null,
        device: null,
        location: null,
      },
    });
  });

  test("every optional member decodes", () => {
    const members = {
      id: "t-1",
      timestamp: "2024-03-01T12:00:00.5+01:00",
      channel: "web",
      country: "DE",
      category: "",
      device: "d",
      location: { latitude: -90, longitude: 180, accuracy: 3 },
    };
    const location = { latitude: -90, longitude: 180 };
    const timestampMs = Date.parse("2024-03-01T11:00:00.500Z");
    const { timestamp: _, ...same } = members;
    expect(decoded(aMessage(members)).transaction).toMatchObject({ ...same, location, timestampMs });
  });

  test("null says the same as leaving an optional member out", () => {
    const nulls = { id: null, timestamp: null, channel: null, country: null, category: null, device: null };
    expect(decoded(aMessage({ ...nulls, location: null })).transaction).toEqual(decoded(aMessage()).transaction);
  });

  test("names and strings may be written with escapes", () => {
    const value = text(
      '{"s\\u006furce":"\\u0061\\n","target":"\\ud83d\\ude00","am\\u006funt":1,"currency":"\\u0045UR"}',
    );
    expect(decoded(value).transaction).toMatchObject({
      source: "a\n",
      target: "😀",
      amountMinor: 100,
      currency: "EUR",
    });
  });

  test("the order of members does not matter, nor does the order of the message before", () => {
    const members = [
      ['"source"', '"a"'],
      ['"target"', '"b"'],
      ['"amount"', "1"],
      ['"currency"', '"EUR"'],
      ['"id"', '"c"'],
    ];
    const expected = { source: "a", target: "b", amountMinor: 100, currency: "EUR", id: "c" };
    fc.assert(
      fc.property(fc.shuffledSubarray(members, { minLength: members.length }), (order) => {
        const value = text(`{${order.map((member) => member.join(":")).join(",")}}`);
        expect(decoded(value).transaction).toMatchObject(expected);
      }),
    );
  });

  test("a member named __proto__ passes through and changes no object", () => {
    const value = aMessage({}).toString().replace("{", '{"__proto__":{"id":"x","polluted":true},');
    expect(decoded(text(value)).transaction).toEqual(decoded(aMessage()).transaction);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test.each(["constructor", "toString", "hasOwnProperty", ""])("an unknown member named %j passes through", (name) => {
    expect(decoded(aMessage({ [name]: 1 })).transaction).toEqual(decoded(aMessage()).transaction);
  });

  test("a longer id is a copy of its part of the message, whatever else is in it", () => {
    const id = "7f1c2f7e-3b0a-4f4e-9a55-0d6b1f2f9c11";
    expect(decoded(aMessage({ id, source: "é".repeat(40) })).transaction).toMatchObject({ id, source: "é".repeat(40) });
    expect(decoded(aMessage({ id, source: "e".repeat(5000) })).transaction).toMatchObject({ id });
  });

  test("unknown members change nothing of what is decoded", () => {
    const plain = decoded(aMessage({ id: "1" })).transaction;
    const known = [...Object.keys(Transaction.properties), "decision"];
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue({ maxDepth: 5 })), (unknown) => {
        for (const name of known) delete unknown[name];
        expect(decoded(aMessage({ ...unknown, id: "1" })).transaction).toEqual(plain);
      }),
    );
  });

  test("a decision written at closeAt is one more member of the same object, in text and in bytes", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme", minLength: 1 }),
        fc.constantFrom("", " ", "\r\n\t"),
        (source, space) => {
          const value = Buffer.concat([aMessage({ source, braces: "}}" }), text(space)]);
          const { text: whole, closeAt, closeAtByte } = decoded(value);
          const expected = { ...JSON.parse(value.toString()), decision: { score: 1 } };
          const member = ',"decision":{"score":1}';
          expect(JSON.parse(whole.slice(0, closeAt) + member + whole.slice(closeAt))).toEqual(expected);
          const bytes = [value.subarray(0, closeAtByte), text(member), value.subarray(closeAtByte)];
          expect(JSON.parse(Buffer.concat(bytes).toString())).toEqual(expected);
        },
      ),
    );
  });
});

describe("the whole message", () => {
  test.each([
    ["a tombstone", null, "null (a tombstone)"],
    ["nothing", text(""), "nothing"],
    ["white space", text(" \n"), "nothing"],
    ["an array", text("[]"), "array"],
    ["a string", text('"{}"'), "string"],
    ["a number", text("-1"), "number"],
    ["null", text("null"), "null"],
    ["NaN", text("NaN"), "no JSON"],
    ["prose", text("hello"), "no JSON"],
    ["two objects", text("{} {}"), "a fault at byte 3"],
    ["a trailing comma", text('{"a":1,}'), "a fault at byte 7"],
    ["NaN as a value", text('{"amount":NaN}'), "a fault at byte 10"],
    ["a leading zero", text('{"amount":01}'), "a fault at byte 11"],
    ["an end in the middle", text('{"source":"a'), "text that ends early"],
    ["a raw line break in a string", text('{"source":"\n"}'), "a fault at byte 11"],
    ["a byte order mark", text("\ufeff{}"), "byte order mark"],
    ["UTF-16", Buffer.from('{"a":1}', "utf16le"), "a fault at byte 1"],
    ["a byte that UTF-8 has not", Buffer.concat([text('{"a":"'), Buffer.from([0xff]), text('"}')]), "other bytes"],
    ["an overlong form", Buffer.concat([text('{"a":"'), Buffer.from([0xc0, 0xaf]), text('"}')]), "other bytes"],
    [
      "a surrogate in UTF-8",
      Buffer.concat([text('{"a":"'), Buffer.from([0xed, 0xa0, 0x80]), text('"}')]),
      "other bytes",
    ],
    ["33 levels", text(`{"a":${"[".repeat(32)}${"]".repeat(32)}}`), "more"],
    ["10,000 levels of arrays", text(`{"a":${"[".repeat(10_000)}`), "more"],
    ["10,000 levels of objects", text('{"a":'.repeat(10_000)), "more"],
    ["5 MB of brackets", Buffer.alloc(5_000_000, "["), "array"],
    ["5 MB that never end", Buffer.concat([text('{"a":"'), Buffer.alloc(5_000_000, "a")]), "text that ends early"],
  ])("%s is one fault of the whole", (_, value, got) => {
    expect(briefly(value)).toEqual([`$: ${got}`]);
  });

  test("32 levels are taken", () => {
    const value = aMessage()
      .toString()
      .replace("{", `{"a":${"[".repeat(31)}${"]".repeat(31)},`);
    expect(decodeTransaction(text(value)).ok).toBe(true);
  });

  test("5 MB of unknown text pass", () => {
    expect(decoded(aMessage({ note: "n".repeat(5_000_000) })).transaction.amountMinor).toBe(1250);
  });

  test("no bytes make it throw", () => {
    const piece = fc.constantFrom(
      '{"amount":',
      '"source"',
      ":",
      ",",
      "}",
      "{",
      "[",
      "]",
      '"',
      "\\u00",
      "1e400",
      "-",
      "null",
      " ",
    );
    const nearly = fc.array(piece, { maxLength: 40 }).map((pieces) => text(pieces.join("")));
    const random = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(fc.oneof(nearly, random), (value) => {
        const result = decodeTransaction(value);
        expect(result.ok || result.faults.length > 0).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test("a flood of garbage leaves the next message alone", () => {
    for (const value of ['{"source":"x","id":"old","unknown":1,', '{"a":1,"a":2}', "["]) decodeTransaction(text(value));
    expect(decoded(aMessage({ a: 1 })).transaction.id).toBeNull();
  });
});

describe("members", () => {
  test("every fault of a message is told at once, and none of its payload", () => {
    const value = text(
      '{"source":"","amount":"secret","currency":"secret","id":7,"timestamp":"secret","channel":true,"location":{"latitude":91},"decision":null}',
    );
    expect(briefly(value)).toEqual([
      "source: empty string",
      "target: nothing",
      "currency: string of 6 characters",
      "id: number",
      "amount: string of 6 characters",
      "timestamp: string of 6 characters",
      "channel: boolean",
      "location.latitude: number out of range",
      "location.longitude: nothing",
      "decision: a decision",
    ]);
    expect(JSON.stringify(faultsOf(value))).not.toContain("secret");
  });

  test.each([
    ["plainly", '"amount":1,"amount":1'],
    ["by an escape", '"amount":1,"am\\u006funt":1'],
    ["by two escapes", '"\\u0061mount":1,"amoun\\u0074":1'],
    ["with null", '"amount":1,"amount":null'],
  ])("a name that comes twice %s is a fault", (_, members) => {
    expect(briefly(text(`{"source":"a","target":"b","currency":"EUR",${members}}`))).toContain("amount: several");
  });

  test.each([
    ["plainly", '"card":1,"card":2'],
    ["by an escape", '"card":1,"c\\u0061rd":2'],
    ["beyond ASCII", '"é":1,"\\u00e9":2'],
    ["as __proto__", '"__proto__":1,"__proto__":1'],
  ])("an unknown name that comes twice %s is a fault that does not repeat it", (_, members) => {
    const value = aMessage().toString().replace("{", `{${members},`);
    expect(briefly(text(value))).toEqual(["$: an unknown name several times"]);
  });

  test("names may repeat inside unknown members, not inside location", () => {
    expect(decodeTransaction(text(aMessage().toString().replace("{", '{"x":{"a":1,"a":1},'))).ok).toBe(true);
    const location = '{"location":{"latitude":1,"latitude":2,"longitude":1,"x":1,"x":1},';
    expect(briefly(text(aMessage().toString().replace("{", location)))).toEqual([
      "location.latitude: several",
      "location: an unknown name several times",
    ]);
  });

  test.each(["1", '{"outcome":"approve"}', "null"])("a decision of its own is a fault: %s", (own) => {
    expect(briefly(text(aMessage().toString().replace("{", `{"d\\u0065cision":${own},`)))).toEqual([
      "decision: a decision",
    ]);
  });

  test.each([
    ["source", "\\ud800"],
    ["target", "\\udc00x"],
    ["id", "a\\ud83d"],
    ["channel", "\\ude00\\ud83d"],
  ])("a lone surrogate in %s is a fault", (name, value) => {
    const json = JSON.stringify({ source: "a", target: "b", currency: "EUR", amount: 1, [name]: "HERE" });
    expect(briefly(text(json.replace("HERE", value)))).toEqual([`${name}: string with a lone surrogate`]);
  });

  test.each([
    ["eur", "other characters"],
    ["EURO", "string of 4 characters"],
    ["E1R", "other characters"],
    ["ÉUR", "other characters"],
    ["", "empty string"],
    [null, "null"],
    [978, "number"],
  ])("currency %j is a fault", (currency, got) => {
    expect(briefly(aMessage({ currency }))).toEqual([`currency: ${got}`]);
  });

  test.each([
    [1, "number"],
    ["52,13", "string of 5 characters"],
    [[52, 13], "array"],
  ])("location %j is a fault", (location, got) => {
    expect(briefly(aMessage({ location }))).toEqual([`location: ${got}`]);
  });

  test.each(["90.000001", "-91", "1e400", "-1e400"])("latitude %s is out of range", (latitude) => {
    const location = `{"location":{"latitude":${latitude},"longitude":1e-400},`;
    expect(briefly(text(aMessage().toString().replace("{", location)))).toEqual([
      "location.latitude: number out of range",
    ]);
  });

  test("what decodes fits the schema, and what does not fit the schema does not decode", () => {
    const maybe = (good: fc.Arbitrary<unknown>) =>
      fc.oneof({ weight: 12, arbitrary: good }, fc.jsonValue({ maxDepth: 1 }));
    const coordinates = fc.record({
      latitude: maybe(fc.integer({ min: -95, max: 95 })),
      longitude: maybe(fc.constant(1)),
    });
    const message = fc.record(
      {
        source: maybe(fc.string({ minLength: 1 })),
        target: maybe(fc.string({ minLength: 1 })),
        amount: maybe(fc.integer({ min: 1, max: 1_000_000 })),
        currency: maybe(fc.constantFrom("EUR", "JPY")),
        id: maybe(fc.string({ minLength: 1 })),
        timestamp: maybe(fc.constantFrom(0, 1_700_000_000_000, "2024-03-01T12:00:00Z")),
        channel: maybe(fc.string()),
        location: maybe(coordinates),
      },
      { requiredKeys: [] },
    );
    let good = 0;
    fc.assert(
      fc.property(message, (value) => {
        const { ok } = decodeTransaction(text(JSON.stringify(value)));
        if (ok) good++;
        expect(ok).toBe(Value.Check(Transaction, value) && fitsCurrency(value));
      }),
      { numRuns: 3000 },
    );
    expect(good).toBeGreaterThan(20);
  });
});

/** What the schema cannot say of a random amount. */
function fitsCurrency(value: { amount?: unknown; currency?: unknown }): boolean {
  const minor = Number(value.amount) * (value.currency === "JPY" ? 1 : 100);
  return Number.isInteger(minor) && minor <= 1e12;
}
