import { describe, expect, test } from "vitest";
import { replaceIds } from "./replace-ids.ts";

const marked = (text: string, kind: "transaction" | "label" = "transaction"): string | null =>
  replaceIds(Buffer.from(text), kind, (id) => `<${id}>`)?.toString() ?? null;

describe("a message with other ids", () => {
  test.each([
    ["in any order", '{"target":"b","amount":1.50,"source":"a"}', '{"target":"<b>","amount":1.50,"source":"<a>"}'],
    ["with a device", '{"source":"a","device":"d","target":"b"}', '{"source":"<a>","device":"<d>","target":"<b>"}'],
    ["with its own space", ' { "source" : "a" }\n', ' { "source" : "<a>" }\n'],
    ["with members of others", '{"pan":"a","source":"a","id":"a"}', '{"pan":"a","source":"<a>","id":"a"}'],
    [
      "with characters of many bytes",
      '{"x":"é","source":"Zoë💶","target":"b"}',
      '{"x":"é","source":"<Zoë💶>","target":"<b>"}',
    ],
    [
      "with escapes",
      String.raw`{"sourc\u0065":"\u0061\"","target":"b"}`,
      String.raw`{"sourc\u0065":"<a\">","target":"<b>"}`,
    ],
    ["without one, or with an empty one", '{"source":"","device":null}', '{"source":"","device":null}'],
    ["and its objects are not looked into", '{"a":{"source":"a"}}', '{"a":{"source":"a"}}'],
  ])("is the same but for them, %s", (_, text, wanted) => expect(marked(text)).toBe(wanted));

  test("has no device if it is a label", () => {
    expect(marked('{"source":"a","device":7,"target":"b"}', "label")).toBe(
      '{"source":"<a>","device":7,"target":"<b>"}',
    );
  });

  test.each([
    "",
    "{",
    "[]",
    '{"source":1}',
    '{"source":"a","source":"b"}',
    '{"x":1,"x":2}',
    String.raw`{"source":"\ud800"}`,
  ])("is not made of %s", (text) => expect(marked(text)).toBeNull());

  test("is not made of a tombstone", () => expect(replaceIds(null, "transaction", String)).toBeNull());
});
