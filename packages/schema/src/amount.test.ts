import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { currencyOf, MAX_AMOUNT_MINOR, minorExponent } from "./currency.ts";
import { decodeTransaction } from "./decode-transaction.ts";
import { aMessage } from "./transaction.fixture.ts";

/** Minor units, or what came instead. */
function amount(text: string, currency = "EUR"): number | string {
  const result = decodeTransaction(aMessage({ currency }, text));
  if (result.ok) return result.transaction.amountMinor;
  expect(result.faults).toHaveLength(1);
  return result.faults[0]?.got ?? "";
}

test.each([
  ["1", "EUR", 100],
  ["899.99", "EUR", 89_999],
  ["899.990", "EUR", 89_999],
  ["0.01", "EUR", 1],
  ["1.0005e1", "EUR", "number with 3 decimals"],
  ["1.005e2", "EUR", 10_050],
  ["1e2", "EUR", 10_000],
  ["1E+2", "EUR", 10_000],
  ["100e-2", "EUR", 100],
  ["12345e-3", "EUR", "number with 3 decimals"],
  ["0.001", "EUR", "number with 3 decimals"],
  ["1.1", "JPY", "number with 1 decimal"],
  ["1.0", "JPY", 1],
  ["0.001", "KWD", 1],
  ["0.0001", "CLF", 1],
  ["0.0001", "KWD", "number with 4 decimals"],
  ["0", "EUR", "zero"],
  ["-0", "EUR", "zero"],
  ["-0.0e9", "EUR", "zero"],
  ["0e999999999999", "EUR", "zero"],
  ["-1", "EUR", "negative number"],
  ["-1e400", "EUR", "negative number"],
  ["10000000000", "EUR", 1e12],
  ["10000000000.01", "EUR", "larger number"],
  ["1000000000000", "JPY", 1e12],
  ["1000000000001", "JPY", "larger number"],
  ["1e400", "EUR", "larger number"],
  ["1e-400", "EUR", "number with 400 decimals"],
  ["1e99999999999999999999999", "EUR", "larger number"],
  ["1e-99999999999999999999999", "EUR", "number with 1000000000000 decimals"],
  ["9007199254740993", "JPY", "larger number"],
  ["8.999999999999999999", "EUR", "number with 18 decimals"],
  ['"1"', "EUR", "string of 1 character"],
  ["null", "EUR", "null"],
  ["true", "EUR", "boolean"],
  ["[1]", "EUR", "array"],
  ["{}", "EUR", "object"],
])("amount %s in %s is %j", (text, currency, expected) => {
  expect(amount(text, currency)).toBe(expected);
});

test("numbers of a thousand digits are read by their value", () => {
  expect(amount("1".repeat(1000))).toBe("larger number");
  expect(amount(`${"1".repeat(1000)}e-998`)).toBe("number with 998 decimals");
  expect(amount(`1${"0".repeat(1000)}e-1000`)).toBe(100);
  expect(amount(`0.${"0".repeat(1000)}1e1001`)).toBe(100);
  expect(amount(`1.5${"0".repeat(1000)}`)).toBe(150);
});

describe("any amount of minor units", () => {
  const minor = fc.integer({ min: 1, max: MAX_AMOUNT_MINOR });
  const currency = fc.constantFrom("EUR", "JPY", "KWD", "CLF");

  /** `minor` in major units, with `scale` decimals. */
  function major(minor: number, scale: number): string {
    const digits = String(minor).padStart(scale + 1, "0");
    const cut = digits.length - scale;
    return scale === 0 ? digits : `${digits.slice(0, cut)}.${digits.slice(cut)}`;
  }

  test("decodes from its text to itself", () => {
    fc.assert(
      fc.property(minor, currency, (n, code) => {
        expect(amount(major(n, minorExponent(code)), code)).toBe(n);
      }),
    );
  });

  test("decodes from any scientific form to itself", () => {
    fc.assert(
      fc.property(minor, currency, fc.integer({ min: 0, max: 30 }), fc.nat(5), (n, code, scale, zeros) => {
        const shift = scale - minorExponent(code);
        const padded = scale === 0 ? major(n, 0) : major(n, scale) + "0".repeat(zeros);
        expect(amount(`${padded}e${shift}`, code)).toBe(n);
      }),
    );
  });

  test("is a fault with one more decimal that is not zero", () => {
    fc.assert(
      fc.property(minor, currency, fc.integer({ min: 1, max: 9 }), (n, code, digit) => {
        const exponent = minorExponent(code);
        expect(amount(major(n * 10 + digit, exponent + 1), code)).toMatch(/^number with \d decimals?$/);
      }),
    );
  });
});

test("without a currency only the sign of an amount is judged", () => {
  const faults = (text: string) => {
    const result = decodeTransaction(aMessage({ currency: undefined }, text));
    return result.ok ? [] : result.faults.map(({ field }) => field);
  };
  expect(faults("0.00001")).toEqual(["currency"]);
  expect(faults("1e400")).toEqual(["currency"]);
  expect(faults("-1")).toEqual(["currency", "amount"]);
});

test("a currency has the exponent of ISO 4217, and 2 if the list does not name it", () => {
  const codes = ["JPY", "KRW", "EUR", "USD", "KWD", "BHD", "CLF", "UYW", "UYI", "XAU", "ZZZ"];
  expect(codes.map(minorExponent)).toEqual([0, 0, 2, 2, 3, 3, 4, 4, 0, 2, 2]);
});

test("a currency is three letters from A to Z, each code its own", () => {
  const unit = fc.integer({ min: 0, max: 0x2ff });
  fc.assert(
    fc.property(
      fc.oneof(
        fc.tuple(unit, unit, unit),
        fc.stringMatching(/^[A-Z]{3}$/).map((code) => [...Buffer.from(code)]),
      ),
      (units) => {
        const code = String.fromCharCode(...units);
        const [a = 0, b = 0, c = 0] = units;
        const expected = /^[A-Z]{3}$/.test(code) ? { code, exponent: minorExponent(code) } : null;
        expect(currencyOf(a, b, c)).toEqual(expected);
      },
    ),
  );
});
