import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import type { Header } from "./record.ts";
import { formatTraceparent, parseTraceparent, sampledContext } from "./trace-context.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";
const WHOLE = `00-${TRACE}-${SPAN}-01`;

const parsed = (text: string) => parseTraceparent(Buffer.from(text));

describe("a traceparent", () => {
  it.each([
    ["sampled", WHOLE, true],
    ["not sampled", `00-${TRACE}-${SPAN}-00`, false],
    ["sampled, and random as level 2 says", `00-${TRACE}-${SPAN}-03`, true],
    ["with flags that nobody knows yet", `00-${TRACE}-${SPAN}-fe`, false],
    ["of a later version", `01-${TRACE}-${SPAN}-01`, true],
    ["of a later version that says more", `cc-${TRACE}-${SPAN}-01-what-the-future-will-be-like`, true],
    ["of a later version with a dash at its end", `cc-${TRACE}-${SPAN}-01-`, true],
  ])("%s is read", (_, text, sampled) => {
    expect(parsed(text)).toEqual({ traceId: TRACE, spanId: SPAN, sampled });
  });

  it.each([
    ["empty", ""],
    ["a byte short", WHOLE.slice(0, -1)],
    ["longer than version 0 is", `${WHOLE}-more`],
    ["of version 0 with a dash at its end", `${WHOLE}-`],
    ["of a later version that goes on without a dash", `cc-${TRACE}-${SPAN}-01.more`],
    ["of version ff, which is none", `ff-${TRACE}-${SPAN}-01`],
    ["of a trace of zeros", `00-${"0".repeat(32)}-${SPAN}-01`],
    ["of a span of zeros", `00-${TRACE}-${"0".repeat(16)}-01`],
    ["in upper case", WHOLE.toUpperCase()],
    ["with a letter that is no digit", `00-${TRACE.replace("4", "g")}-${SPAN}-01`],
    ["with a letter in its flags", `00-${TRACE}-${SPAN}-0x`],
    ["with a dash too early", `00-${TRACE.slice(1)}-0${SPAN}-01`],
    ["with spaces around", ` ${WHOLE} `],
    ["with a line end", `${WHOLE}\n`],
    ["with a zero byte in it", `00-${TRACE}\0${SPAN}-01`],
    ["with digits that are not ASCII", `00-${TRACE.slice(2)}٣-${SPAN}-01`],
    ["repeated", `${WHOLE},${WHOLE}`],
    ["a megabyte of zeros", "0".repeat(1 << 20)],
  ])("%s is none", (_, text) => {
    expect(parsed(text)).toBeNull();
  });

  test("whatever the bytes, they give a context that is written as those bytes, or nothing", () => {
    const digits = fc.stringMatching(/^[0-9a-f-]{50,60}$/);
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      digits.map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(bytes, (some) => {
        const context = parseTraceparent(Buffer.from(some));
        if (context === null) return;
        expect(Buffer.from(some).toString("latin1", 3, 52)).toBe(`${context.traceId}-${context.spanId}`);
        expect(parseTraceparent(formatTraceparent(context))).toEqual(context);
      }),
    );
  });

  test("what is written is read as it was", () => {
    const hex = (length: number) =>
      fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`)).filter((text) => !/^0*$/.test(text));
    fc.assert(
      fc.property(hex(32), hex(16), fc.boolean(), (traceId, spanId, sampled) => {
        const context = { traceId, spanId, sampled };
        expect(parseTraceparent(formatTraceparent(context))).toEqual(context);
      }),
    );
    expect(String(formatTraceparent({ traceId: TRACE, spanId: SPAN, sampled: true }))).toBe(WHOLE);
  });
});

describe("of a record's headers", () => {
  const header = (text: string, name = "traceparent"): Header => [name, Buffer.from(text)];
  const context = { traceId: TRACE, spanId: SPAN, sampled: true };

  it.each<[string, readonly Header[], object | null]>([
    ["none are there", [], null],
    ["the only one is taken", [header(WHOLE)], context],
    ["it is found among others", [header("x", "a"), header(WHOLE), header("y", "weir-envelope")], context],
    ["the last one is taken", [header(`00-${"1".repeat(32)}-${SPAN}-01`), header(WHOLE)], context],
    ["nothing is taken if the last one is none", [header(WHOLE), header("00-1")], null],
    ["nothing is taken if the last one is null", [header(WHOLE), ["traceparent", null]], null],
    ["nothing is taken if it is not sampled", [header(WHOLE), header(`00-${TRACE}-${SPAN}-00`)], null],
    ["another name is not it", [header(WHOLE, "Traceparent"), header(WHOLE, "tracestate")], null],
  ])("%s", (_, headers, expected) => {
    expect(sampledContext(headers)).toEqual(expected);
  });
});
