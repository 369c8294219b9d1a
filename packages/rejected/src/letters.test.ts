import { createHash } from "node:crypto";
import { REPLAY_HEADER, readRejectedHeaders, TOPICS } from "@weir/schema";
import { MemoryLog } from "@weir/stream";
import { describe, expect, test } from "vitest";
import { exportedLetter } from "./exported.ts";
import { type LetterFilter, matches } from "./filter.ts";
import { FixedFault, readFixed } from "./fixed.ts";
import { letterOf } from "./letter.ts";
import { aBroker, aLetter, aLogRecord, aPayment, aRejectedRecord, PARTITIONS } from "./letters.fixture.ts";
import { Listing } from "./listing.ts";
import { maskedPayload, printable } from "./mask.ts";
import { originalOf } from "./original.ts";
import { type ScanRange, scanLetters } from "./scan.ts";

const EVERYTHING: ScanRange = { partition: null, from: null, to: null, last: null };

describe("a letter", () => {
  test("has what Weir said of it, and the producer's own headers alone", () => {
    const traced = [
      ["traceparent", Buffer.from("00-1")],
      [REPLAY_HEADER, Buffer.from("t/0/1")],
    ] as const;
    const letter = letterOf(aLogRecord({ inOffset: 4, reason: "malformed", headers: traced }, 9), 2);
    expect(letter).toMatchObject({
      reason: "malformed",
      origin: `${TOPICS.transactions}/0/4`,
      partition: 2,
      offset: 9,
      replayOf: "t/0/1",
      headers: [traced[0]],
    });
  });

  test.each([
    ["no headers", []],
    [
      "a reason that is none",
      [
        ["weir-reason", Buffer.from("\u001b[2J")],
        ["weir-origin", Buffer.from("t/0/1")],
      ],
    ],
    [
      "an origin that is none",
      [
        ["weir-reason", Buffer.from("internal")],
        ["weir-origin", Buffer.from("t/0")],
      ],
    ],
    [
      "null for a reason",
      [
        ["weir-reason", null],
        ["weir-origin", Buffer.from("t/0/1")],
      ],
    ],
  ] as const)("with %s is none of Weir's", (_, headers) => {
    expect(readRejectedHeaders(headers)).toBeNull();
  });

  test("of a reason that this version does not know is one all the same, and faults that are none are left out", () => {
    const faults = Buffer.from('[{"field":"a","expected":"b","got":"c"}, 3, {"field":1}]');
    const headers = [
      ["weir-reason", Buffer.from("tomorrow")],
      ["weir-origin", Buffer.from("t/0/1")],
      ["weir-faults", faults],
    ] as const;
    expect(readRejectedHeaders(headers)).toMatchObject({ reason: "tomorrow", faults: [{ field: "a" }] });
  });
});

describe("masked", () => {
  test.each([
    [null, { bytes: 0, is: "nothing" }],
    [Buffer.from([0xff]), { bytes: 1, is: "bytes that are no UTF-8" }],
    [Buffer.from("secret"), { bytes: 6, is: "text that is no JSON" }],
    [Buffer.from('"secret"'), { bytes: 8, is: "JSON", kind: "string of 6 characters" }],
    [Buffer.from("[1]"), { bytes: 3, is: "JSON", kind: "array of 1" }],
  ])("%s is told as %j", (value, told) => {
    expect(maskedPayload(value)).toEqual(told);
  });

  test("members of ours have their names, others not, and no value is told", () => {
    const payload = Buffer.from('{"amount":123.45,"source":"ann","4111 1111":true,"__proto__":{"a":1},"target":null}');
    const masked = maskedPayload(payload);
    expect(masked.members).toEqual([
      { name: "amount", kind: "number" },
      { name: "source", kind: "string of 3 characters" },
      { name: null, kind: "boolean" },
      { name: null, kind: "object of 1 members" },
      { name: "target", kind: "null" },
    ]);
    expect(JSON.stringify(masked)).not.toMatch(/123|ann|4111/);
  });

  test("an export without its payload holds nothing that the producer wrote but names of headers", () => {
    const letter = aLetter({
      key: Buffer.from("secret-key"),
      value: Buffer.from(aPayment({ source: "secret-source" })),
      headers: [["traceparent", Buffer.from("secret-trace")]],
    });
    expect(JSON.stringify(exportedLetter(letter, { payload: false }))).not.toContain("secret");
    const all = JSON.stringify(exportedLetter(letter, { payload: true }));
    for (const one of ["secret-key", "secret-source", "secret-trace"]) expect(all).toContain(one);
  });

  test("a reference is told: it is Weir's own", () => {
    const reference = '{"sha256":"00","size":70000,"origin":"t/0/1"}';
    const letter = aLetter({ isReference: true, value: Buffer.from(reference) });
    expect(exportedLetter(letter, { payload: false }).payload).toBe(reference);
  });

  test("what goes to a terminal is one line without control characters", () => {
    expect(printable("a\u001b[2J\nb\u202e")).toBe("a\ufffd[2J\ufffdb\ufffd");
    expect(printable("x".repeat(600))).toHaveLength(503);
  });
});

describe("an exported line", () => {
  test.each([
    ["text", Buffer.from(aPayment({ source: "Zoë" })), Buffer.from("k")],
    ["bytes", Buffer.from([0xff, 0x00, 0xfe]), Buffer.from([0xff])],
    ["a byte order mark", Buffer.from("\ufeff{}"), null],
  ])("of %s comes back as the same bytes", (_, value, key) => {
    const line = JSON.stringify(exportedLetter(aLetter({ value, key }), { payload: true }));
    expect(readFixed(line)).toEqual({ origin: aLetter().origin, payload: value, key });
  });

  test.each([
    ["", "it is no JSON"],
    ["[]", "origin must be a decision id"],
    ['{"origin":"t/0/x","payload":"a"}', "origin must be a decision id"],
    ['{"origin":"t/0/1"}', "payload is missing"],
    ['{"origin":"t/0/1","payload":null}', "payload is missing"],
    ['{"origin":"t/0/1","payload":1}', "payload must be a text"],
    ['{"origin":"t/0/1","payload":{"base64":"*"}}', "payload must be a text"],
    [JSON.stringify(exportedLetter(aLetter(), { payload: false })), "payload is masked"],
  ])("%s is refused as fixed", (line, why) => {
    expect(() => readFixed(line)).toThrow(FixedFault);
    expect(() => readFixed(line)).toThrow(why);
  });

  test("a masked key is the letter's own", () => {
    expect(readFixed('{"origin":"t/0/1","payload":"a","key":{"masked":"1 bytes"}}').key).toBeUndefined();
  });
});

test.each([
  [{}, true],
  [{ reasons: new Set(["internal"]) }, true],
  [{ reasons: new Set(["malformed"]) }, false],
  [{ sinceMs: 1_000 }, true],
  [{ sinceMs: 1_001 }, false],
  [{ untilMs: 1_001 }, true],
  [{ untilMs: 1_000 }, false],
  [{ origins: new Set(["queueing.transactions/0/0"]) }, true],
  [{ origins: new Set(["queueing.transactions/0/1"]) }, false],
] as const)("a letter of 1 s and reason internal is in %o: %s", (filter, wanted) => {
  const whole: LetterFilter = { reasons: null, sinceMs: null, untilMs: null, origins: null, ...filter };
  expect(matches(whole, aLetter())).toBe(wanted);
});

test("a letter without a timestamp is in no range of time", () => {
  const filter = { reasons: null, sinceMs: 0, untilMs: null, origins: null };
  expect(matches(filter, aLetter({ timestampMs: -1 }))).toBe(false);
  expect(matches({ ...filter, sinceMs: null }, aLetter({ timestampMs: -1 }))).toBe(true);
});

test("a listing keeps the newest or the oldest few, and counts all of them", () => {
  for (const [order, kept] of [
    ["newest", [99, 98, 97]],
    ["oldest", [0, 1, 2]],
  ] as const) {
    const listing = new Listing(3, order);
    for (let i = 0; i < 100; i++)
      listing.add(aLetter({ timestampMs: (i * 37) % 100, reason: i < 60 ? "internal" : "malformed" }));
    expect(listing.rows().map(({ timestampMs }) => timestampMs)).toEqual(kept);
    expect([...listing.totals]).toEqual([
      ["internal", 60],
      ["malformed", 40],
    ]);
  }
});

describe("a scan", () => {
  const filled = () => {
    const broker = aBroker();
    for (let i = 0; i < 20; i++)
      broker.produce({
        ...aRejectedRecord({ inOffset: i }),
        partition: i % PARTITIONS,
        ...(i === 5 ? { headers: [] } : {}),
      });
    return broker;
  };
  const scanned = async (range: Partial<ScanRange> = {}) => {
    const found: string[] = [];
    let last = { done: 0, of: 0, others: 0 };
    const log = new MemoryLog(filled(), { batchRecords: 4 });
    for await (const { letters, others, done, of } of scanLetters(log, TOPICS.rejected, { ...EVERYTHING, ...range })) {
      found.push(...letters.map(({ partition, offset }) => `${partition}/${offset}`));
      last = { done, of, others: last.others + others };
    }
    return { found, last };
  };

  test("goes through all partitions, tells how far it is, and counts what is not Weir's", async () => {
    const { found, last } = await scanned();
    expect(found).toHaveLength(19);
    expect(last).toEqual({ done: 20, of: 20, others: 1 });
  });
  test("of one partition and some offsets reads no more", async () => {
    expect(await scanned({ partition: 1, from: 2, to: 4 })).toEqual({
      found: ["1/2", "1/3"],
      last: { done: 2, of: 2, others: 0 },
    });
  });
  test("of the last few offsets reads no more", async () => {
    expect((await scanned({ last: 1 })).found).toEqual(["0/6", "1/6", "2/5"]);
  });
  test("of a partition that is not there says so", async () => {
    await expect(scanned({ partition: 3 })).rejects.toThrow("has 3 partitions, so there is no partition 3");
  });
});

describe("the original of a reference", () => {
  const value = Buffer.from(aPayment());
  const reference = (of: Buffer) =>
    Buffer.from(JSON.stringify({ sha256: createHash("sha256").update(of).digest("hex"), size: of.length, origin: "" }));
  const withoutHash = (timestampMs: number) =>
    Buffer.from(JSON.stringify({ size: value.length, timestampMs, origin: "" }));
  const ask = (letter: Partial<Parameters<typeof aLetter>[0] & object>, truncateTo = 0) => {
    const broker = aBroker();
    broker.produce({ topic: TOPICS.transactions, partition: 0, key: Buffer.from("ann"), value, timestampMs: 7 });
    broker.partition({ topic: TOPICS.transactions, partition: 0 }).truncate(truncateTo);
    const about = aLetter({ isReference: true, value: reference(value), ...letter });
    return originalOf(new MemoryLog(broker), about, [TOPICS.transactions]);
  };

  test("is read from the input while that keeps it", async () => {
    const found = { ok: true, record: { value, key: Buffer.from("ann") } };
    expect(await ask({})).toMatchObject(found);
    expect(await ask({ value: withoutHash(7) })).toMatchObject(found);
  });
  test.each([
    ["another record there", { value: reference(Buffer.from("else")) }, 0, "another record there"],
    ["another one of its size", { value: withoutHash(8) }, 0, "another record there"],
    ["a reference that is none", { value: Buffer.from("{") }, 0, "another record there"],
    ["nothing there yet", { origin: `${TOPICS.transactions}/0/5` }, 0, "made anew"],
    ["no such partition", { origin: `${TOPICS.transactions}/8/0` }, 0, "no partition 8"],
    ["another topic", { origin: "weir.by-source/0/0" }, 0, "not an input topic"],
    ["it deleted", {}, 1, "no longer keeps it"],
  ])("with %s is none", async (_, letter, truncateTo, why) => {
    expect(await ask(letter, truncateTo)).toMatchObject({ ok: false, why: expect.stringContaining(why) });
  });
});
