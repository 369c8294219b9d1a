import fc from "fast-check";
import { expect, test } from "vitest";
import { skipValue } from "./json.ts";

/** Whether the whole text is one JSON value. */
function accepts(text: string): boolean {
  const bytes = Buffer.from(text);
  return skipValue(bytes, 0, 0) === bytes.length;
}

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

test("it accepts whatever JSON.stringify writes, compact or indented", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 8 }), fc.constantFrom(0, 2, "\t"), (value, indent) => {
      expect(accepts(JSON.stringify(value, null, indent))).toBe(true);
    }),
  );
});

test("it accepts exactly what JSON.parse accepts, for texts close to JSON", () => {
  const pieces = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"a"',
    '"',
    "\\",
    "\\u12aF",
    "\\u12",
    "\\x",
    "0",
    "12",
    "-",
    ".",
    "e",
    "E+",
    "true",
  ];
  const piece = fc.constantFrom(
    ...pieces,
    "false",
    "null",
    "nul",
    " ",
    "\n",
    "\u00a0",
    "\u0000",
    "\u007f",
    "é",
    "😀",
    "+1",
    "Infinity",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 6 }), (parts) => {
      const text = parts.join("");
      // White space around the value is the caller's business.
      fc.pre(text === text.trim());
      expect(accepts(text)).toBe(parses(text));
    }),
    { numRuns: 20_000 },
  );
});

test("it agrees with JSON.parse on JSON with one character changed", () => {
  fc.assert(
    fc.property(
      fc.json({ maxDepth: 3 }),
      fc.nat(),
      fc.constantFrom("", '"', "}", "]", ",", "0", ".", "\\", "e"),
      (json, at, other) => {
        const i = at % json.length;
        const text = json.slice(0, i) + other + json.slice(i + 1);
        fc.pre(text === text.trim());
        expect(accepts(text)).toBe(parses(text));
      },
    ),
    { numRuns: 5000 },
  );
});
