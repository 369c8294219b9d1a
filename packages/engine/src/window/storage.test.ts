import fc from "fast-check";
import { expect, test } from "vitest";
import { currencyCode, currencyOf } from "./currency-code.ts";
import { Hash } from "./hash.ts";
import { Newest } from "./newest.ts";
import { SmallSet } from "./small-set.ts";
import { Tally } from "./tally.ts";
import { Texts, UNKNOWN_TEXT } from "./texts.ts";

const texts = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  // On both sides of what a record, and a record and a cell, have room for; of one byte a unit and of two.
  fc.constantFrom(
    "",
    "a",
    "é",
    "漢",
    ..."x漢".split("").flatMap((unit) => [8, 9, 14, 15, 16, 17, 28, 29].map((n) => unit.repeat(n))),
  ),
);

test("equal texts have one number while they are held, as strings or in UTF-8, and come back as they were", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(texts, fc.boolean()), { maxLength: 300 }), (steps) => {
      const held = new Texts();
      const wanted = new Map<string, { number: number; times: number }>();
      for (const [text, isHold] of steps) {
        const known = wanted.get(text);
        const utf8 = Buffer.from(`<${text}>`);
        const place = [utf8, 1, utf8.length - 1] as const;
        expect(held.find(text)).toBe(known?.number ?? UNKNOWN_TEXT);
        expect(held.findUtf8(...place)).toBe(known?.number ?? UNKNOWN_TEXT);
        if (isHold) {
          const number = text.length % 2 === 0 ? held.hold(text) : held.holdUtf8(...place);
          expect(number).toBe(known?.number ?? number);
          wanted.set(text, { number, times: (known?.times ?? 0) + 1 });
        } else if (known !== undefined) {
          held.release(known.number);
          if (known.times === 1) wanted.delete(text);
          else wanted.set(text, { ...known, times: known.times - 1 });
        }
      }
      expect(held.count).toBe(wanted.size);
      expect(new Set([...wanted.values()].map(({ number }) => number)).size).toBe(wanted.size);
      for (const [text, { number }] of wanted) {
        expect(held.text(number)).toBe(text);
        const length = held.utf8Length(number);
        expect(Buffer.from(held.told.subarray(0, length))).toEqual(Buffer.from(text));
      }
    }),
  );
});

test("100,000 texts, half of them forgotten, are all told apart", () => {
  const held = new Texts();
  const numbers = Array.from({ length: 100_000 }, (_, index) => held.hold(`customer${index}`));
  for (let index = 0; index < numbers.length; index += 2) held.release(numbers[index] as number);
  expect(held.count).toBe(50_000);
  for (let index = 0; index < numbers.length; index += 1)
    if (held.find(`customer${index}`) !== (index % 2 === 0 ? UNKNOWN_TEXT : numbers[index])) expect(index).toBe(-1);
});

test("null is a text of its own, with number 0", () => {
  const held = new Texts();
  expect([held.hold(null), held.find(null), held.text(0)]).toEqual([0, 0, null]);
  expect(held.hold("")).not.toBe(0);
});

test("sums and sums of squares of the greatest amounts are exact: 200,000 of them equal BigInt's", () => {
  const tally = new Tally();
  let [sum, squares] = [0n, 0n];
  for (let index = 0; index < 200_000; index += 1) {
    const minor = index % 3 === 0 ? 1 + index : 1_000_000_000_000 - index;
    tally.count += 1;
    tally.addAmount(minor);
    tally.addSquare(minor);
    sum += BigInt(minor);
    squares += BigInt(minor) ** 2n;
  }
  expect(sum).toBeGreaterThan(2n ** 53n);
  expect(tally.sum).toBe(Number(sum));
  expect(tally.scatter).toBe(Number(200_000n * squares - sum * sum));
});

test("the scatter of few small amounts needs no BigInt and is the same", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 2 ** 27 }), { minLength: 1, maxLength: 30 }), (amounts) => {
      const tally = new Tally();
      for (const minor of amounts) {
        tally.count += 1;
        tally.addAmount(minor);
        tally.addSquare(minor);
      }
      const big = amounts.map(BigInt);
      const sum = big.reduce((a, b) => a + b);
      const squares = big.reduce((a, b) => a + b * b, 0n);
      expect(tally.scatter).toBe(Number(BigInt(amounts.length) * squares - sum * sum));
    }),
  );
});

test("a small set knows what it has, and nothing of the question before", () => {
  const set = new SmallSet();
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 2 ** 32 - 1 }), { maxLength: 500 }), (numbers) => {
      set.clear();
      const wanted = new Set<number>();
      for (const number of numbers) {
        expect(set.add(number)).toBe(!wanted.has(number));
        wanted.add(number);
      }
    }),
  );
});

test("the newest come first, of one instant the first offered", () => {
  const newest = new Newest(3);
  for (const [event, timeMs] of [
    [1, 5],
    [2, 7],
    [3, 5],
    [4, 6],
    [5, 7],
    [6, 5],
  ] as const)
    newest.offer(event, timeMs);
  expect(newest.events).toEqual([2, 5, 4]);
});

test("every currency has a code of its own, and what is no currency has none", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[A-Z]{3}$/), (currency) => {
      expect(currencyOf(currencyCode(currency))).toBe(currency);
    }),
  );
  expect(() => currencyCode("eur")).toThrow(RangeError);
  expect(() => currencyCode("EU")).toThrow(RangeError);
});

test("300,000 texts and numbers that are nearly alike have as many hashes", () => {
  const hash = new Hash();
  const seen = new Set<bigint>();
  const note = ({ low, high }: Hash): unknown => seen.add((BigInt(high) << 32n) | BigInt(low));
  for (let index = 0; index < 100_000; index += 1) {
    note(hash.start(1).text(`t${index}`).finish());
    note(hash.start(1).text(`${index}`.padStart(12, "0")).finish());
    note(
      hash
        .start(2)
        .integer(index)
        .integer(2 ** 40 + index)
        .finish(),
    );
  }
  expect(seen.size).toBe(300_000);
});
