import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileExpression } from "./expression.ts";
import type { Facts } from "./facts.ts";
import { Names } from "./names.ts";

const names = new Names();
const aFeature = { by: "source", and: [], field: null, windowMs: 3_600_000, delayMs: 0 } as const;
names.declareFeature({ ...aFeature, name: "count_1h", aggregate: "count", before: false, otherwise: Number.NaN }, 0);
names.declareFeature({ ...aFeature, name: "mean_1h", aggregate: "mean", before: true, otherwise: Number.NaN }, 1);
names.declareFeature({ ...aFeature, name: "max_1h", aggregate: "max", before: true, otherwise: 0 }, 2);
names.declareList("risky", ["NG", "KP"]);

/** Of one count, a mean and a maximum. */
function features(count: number, mean = Number.NaN, max = 0): Float64Array {
  return Float64Array.of(count, mean, max);
}

function facts(given: Partial<Facts> = {}): Facts {
  return {
    amount: 100,
    currency: "EUR",
    source: "alice",
    target: "bob",
    id: null,
    channel: null,
    country: null,
    category: null,
    device: null,
    // A Saturday, 22:13 in UTC.
    timeMs: 1_700_345_600_000,
    features: features(1),
    ...given,
  };
}

function run(text: string, given: Partial<Facts> = {}): boolean {
  const compiled = compileExpression(text, names, { constants: false });
  if (!compiled.ok) throw new Error(compiled.faults.map(({ at, message }) => `${at}: ${message}`).join("; "));
  return compiled.expression.test(facts(given));
}

function faultsOf(text: string, constants = true): string[] {
  const compiled = compileExpression(text, names, { constants });
  return compiled.ok ? [] : compiled.faults.map(({ at, message }) => `${at}: ${message}`);
}

describe("what an expression says", () => {
  test.each<[string, Partial<Facts>, boolean]>([
    ["amount >= 900", { amount: 900 }, true],
    ["amount >= 900", { amount: 899.99 }, false],
    ["900 <= amount", { amount: 900 }, true],
    ["amount > 0x64", { amount: 101 }, true],
    ["amount == 1e2", {}, true],
    ["amount != 100.0", {}, false],
    ["amount * 2 - 50 / 4 + 1 == 188.5", {}, true],
    ["-amount < -99", {}, true],
    ["amount / -4 == -25", {}, true],
    ["count_1h > 20 && amount >= 300", { amount: 300, features: features(21) }, true],
    ["count_1h > 20 && amount >= 300", { amount: 300, features: features(20) }, false],
    ["amount < 5 || count_1h > 3", { features: features(4) }, true],
    ["!(amount < 5)", {}, true],
    ["hour == 22 && weekday == 6", {}, true],
    ["hour == 0 && weekday == 4", { timeMs: 0 }, true],
    ["hour == 23 && weekday == 1", { timeMs: 5 * 86_400_000 - 1 }, true],
    ["true", {}, true],
    ["currency == 'EUR'", {}, true],
    ["source == target", {}, false],
    ["currency in ['EUR', 'USD']", {}, true],
    ["currency in []", {}, false],
    ["amount in [1, 100, -3]", {}, true],
    ["country == null", {}, true],
    ["null != country", {}, false],
    ["country != null && country in risky", {}, false],
    ["country != null && country in risky", { country: "NG" }, true],
    ["country == null || country == 'DE'", { country: "DE" }, true],
    ["!(country == null) && country == 'DE'", { country: "DE" }, true],
    ["!(country == null || channel == null) && country == channel", { country: "a", channel: "a" }, true],
    ["country != null ? country == 'DE' : amount > 50", {}, true],
    ["(currency == 'EUR' ? 50 : 5000) < amount", {}, true],
    ["(amount > 1 ? 'a' : 'b') == 'a'", {}, true],
    ["(amount > 1 ? amount > 2 : amount > 3) == true", {}, true],
    ["mean_1h == null", {}, true],
    ["mean_1h != null && amount > 2 * mean_1h", {}, false],
    ["mean_1h != null && amount > 2 * mean_1h", { features: features(2, 40, 40) }, true],
    ["mean_1h == null ? max_1h == 0 : mean_1h < 50", { features: features(2, 40, 40) }, true],
    ["amount > 1 // what follows is a comment", {}, true],
  ])("%s of %o is %s", (text, given, expected) => {
    expect(run(text, given)).toBe(expected);
  });

  test("it names what it reads, each once, in order of appearance, lists apart", () => {
    const compiled = compileExpression(
      "amount > 1 && country != null && country in risky || amount < count_1h",
      names,
      {
        constants: true,
      },
    );
    expect(compiled).toMatchObject({
      ok: true,
      expression: { reads: ["amount", "country", "count_1h"], lists: ["risky"], nodes: 15 },
    });
  });
});

describe("what an expression may not say, and where that stands", () => {
  test.each<[string, string | RegExp]>([
    ["amonut > 1", "0: amonut is not known; did you mean amount?"],
    ["amount > 1 && constructor == 'a'", /^14: constructor is not known/],
    ["__proto__ == 'a'", "0: Reserved identifier: __proto__"],
    ["amount > 'x'", "0: no such overload: number > text"],
    ["amount >", "8: Unexpected token: EOF"],
    ["amount > 1 &&\n  country == ", /^27: /],
    ["amount # 3", /^7: Unexpected character: #/],
    ["amount", "0: a rule says true or false, this is a number"],
    ["currency", "0: a rule says true or false, this is a text"],
    ["amount / 0 > 2", "9: this divides by 0"],
    ["amount / -0.0 > 2", "9: this divides by 0"],
    ["amount / max_1h > 2", "9: max_1h can be 0; ask first: max_1h != 0 && ..., or max_1h != 0 ? ... : 0"],
    ["max_1h >= 0.5 || amount / max_1h > 2", /^26: max_1h can be 0/],
    ["(max_1h > 0 || count_1h > 1) && amount / max_1h > 2", /^41: max_1h can be 0/],
    ["max_1h > 0 ? amount > 1 : amount / max_1h > 2", "35: this divides by 0"],
    ["amount / (max_1h - 5) > 2", /^10: \(max_1h - 5\) can be 0/],
    ["amount / (amount - count_1h) > 2", /can be 0/],
    ["amount % 2 == 0", /^0: % is not part/],
    ["currency.matches('(a+)+b')", "0: methods are not part of the rule language"],
    ["risky.exists(x, x == 'a')", "0: methods are not part of the rule language"],
    ["size(risky) > 1", /^0: functions are not part/],
    ["has(country)", /write country != null/],
    ["currency.length > 2", /^0: members are not part/],
    ["risky[0] == 'a'", /^0: indexing is not part/],
    ["{'a': 1} == currency", /^0: maps are not part/],
    ["amount > 5u", /^9: write numbers plainly/],
    ["b'a' == currency", /^0: write numbers plainly/],
    ["amount > 9007199254740993", /^9: 9007199254740993 is too large/],
    ["amount > 1e400", /^9: /],
    ["currency + target == 'EURbob'", /^0: a number is needed here, this is a text/],
    ["currency < 'F'", /^0: a number is needed here, this is a text/],
    ["currency in risky.a", /^12: members/],
    ["amount in risky", /^\d+: /],
    ["currency in ['EUR', target]", /^20: this list may hold only a text, written out/],
    ["currency in [1]", /^\d+: /],
    ["currency in target", /^\d+: /],
    ["risky == risky", /^0: risky is a list/],
    ["amount == null", /^0: /],
    ["currency == null", "0: currency is never missing, so this is always false"],
    ["null == null", "0: null can only be compared with what may be missing"],
    ["max_1h == null", "0: max_1h is never missing, so this is always false"],
    ["amount > mean_1h", "9: mean_1h may be missing; ask first: mean_1h != null && ..."],
    ["country == 'DE'", "0: country may be missing; ask first: country != null && ..."],
    ["country != null || country == 'DE'", /^19: country may be missing/],
    ["country == null && country == 'DE'", /^19: country may be missing/],
    ["(country != null || amount > 1) && country == 'DE'", /^35: country may be missing/],
    ["country != null ? amount > 1 : country == 'DE'", /^31: country may be missing/],
    ["country in risky", /^0: country may be missing/],
    ["channel != null && country == channel", /^19: country may be missing/],
  ])("%s", (text, expected) => {
    const faults = faultsOf(text);
    expect(faults).toHaveLength(1);
    if (typeof expected === "string") expect(faults[0]).toBe(expected);
    else expect(faults[0]).toMatch(expected);
  });

  test.each([
    "amount / count_1h > 2",
    "max_1h > 0 && amount / max_1h > 2",
    "max_1h != 0 && amount / max_1h > 2",
    "0 < max_1h && amount / max_1h > 2",
    "max_1h == 0 || amount / max_1h > 2",
    "!(max_1h <= 0 || count_1h < 3) && amount / max_1h > 2",
    "(max_1h > 0 ? amount / max_1h : 0) > 2",
    "max_1h > count_1h && amount / max_1h > 2",
    "max_1h - 5 != 0 && amount / (max_1h - 5) > 2",
    "amount / (max_1h + 1) > 2",
    "mean_1h != null && amount / mean_1h > 2",
    "max_1h in [0] || amount / (max_1h * max_1h + count_1h) > 2",
  ])("%s divides only where it can", (text) => {
    expect(faultsOf(text)).toEqual([]);
  });

  test.each<[string, string]>([
    ["count_1h >= 1", "0: this is always true: count_1h is at least 1 here"],
    ["count_1h < 1", "0: this is never true: count_1h is at least 1 here"],
    ["count_1h == 1.5", "0: this is never true: count_1h is at least 1 here"],
    ["amount > 0", "0: this is always true: amount is at least 0.0001 here"],
    ["amount > 5 && amount < 3", "14: this is never true: amount is above 5 here"],
    ["count_1h > 5 && count_1h > 4", "16: this is always true: count_1h is at least 6 here"],
    ["count_1h > 2 && count_1h < 3", "16: this is never true: count_1h is at least 3 here"],
    ["amount > 5 || amount < 900 && max_1h > 1", "14: this is always true: amount is from 0.0001 to 5 here"],
    ["amount * 2 > amount && 3 > amount * 0 + 5", "23: this is never true: ((amount * 0) + 5) is 5 here"],
    ["1 < 2", "0: this is always true"],
  ])("%s: %s", (text, fault) => {
    expect(faultsOf(text)).toEqual([fault]);
    expect(faultsOf(text, false)).toEqual([]);
  });

  test("every unknown name and refused operation is found at once", () => {
    expect(faultsOf("amonut > 1 && f(3) || x.y").map((fault) => fault.split(":")[0])).toEqual(["0", "14", "22"]);
  });
});

test("no text at all makes the compiler throw, and what compiles runs without throwing", () => {
  const word = fc.constantFrom(
    ..."amount currency country channel count_1h risky null true 900 0.5 'EUR' \"NG\" == != < >= && || ! ( ) [ ] , + - * / ? : in . % { } x has matches constructor".split(
      " ",
    ),
  );
  const text = fc.oneof(
    fc.array(word, { maxLength: 12 }).map((words) => words.join(" ")),
    fc.string({ unit: "binary" }),
  );
  fc.assert(
    fc.property(text, fc.option(fc.string()), (written, country) => {
      const compiled = compileExpression(written, names, { constants: true });
      if (compiled.ok) expect(typeof compiled.expression.test(facts({ country }))).toBe("boolean");
      else for (const { at } of compiled.faults) expect(at).toBeLessThanOrEqual(written.length);
    }),
    { numRuns: 3_000 },
  );
});

test("an expression nested to its greatest length is compiled or refused, not a crash", () => {
  for (const text of [
    "!".repeat(1_999),
    "(".repeat(1_999),
    "-".repeat(1_999),
    "true ? ".repeat(285),
    `true${" && true".repeat(240)}`,
  ])
    expect(() => compileExpression(text, names, { constants: true })).not.toThrow();
});
