/**
 * Decimal numbers from their source text, without a binary fraction in between: 0.1 + 0.2 never happens to money.
 */
import { DOT, isDigit, LOWER_E, MINUS, UPPER_E } from "./json.ts";

export const NEGATIVE = -1;
/** Not an integer at the asked scale. */
export const TOO_FINE = -2;
export const TOO_LARGE = -3;

/** More digits than this are no longer exact as a number, so `max` must stay below 10^15. */
const EXACT_DIGITS = 15;
/** Far beyond any count of digits that fits in a buffer; keeps the exponent of `1e999...` exact. */
const EXPONENT_CAP = 1e12;

/** The digits of a JSON number that count: `mantissa` * 10^`power`; both are 0 for zero. */
type Decimal = { negative: boolean; mantissa: number; digits: number; power: number };

const scratch: Decimal = { negative: false, mantissa: 0, digits: 0, power: 0 };

/**
 * The JSON number in `bytes[from, to)` times 10^scale, if that is an integer in [0, max]; else NEGATIVE,
 * TOO_FINE or TOO_LARGE. Minus zero is zero. Cost is linear in the text, whatever its exponent.
 */
export function scaledInteger(bytes: Buffer, from: number, to: number, scale: number, max: number): number {
  const plain = to - from <= EXACT_DIGITS ? plainInteger(bytes, from, to) : -1;
  if (plain >= 0) {
    const value = scale === 0 ? plain : plain * 10 ** scale;
    return value <= max ? value : TOO_LARGE;
  }
  const decimal = read(bytes, from, to);
  if (decimal.digits === 0) return 0;
  if (decimal.negative) return NEGATIVE;
  const zeros = decimal.power + scale;
  if (zeros < 0) return TOO_FINE;
  if (decimal.digits + zeros > EXACT_DIGITS) return TOO_LARGE;
  const value = zeros === 0 ? decimal.mantissa : decimal.mantissa * 10 ** zeros;
  return value <= max ? value : TOO_LARGE;
}

/** The short way for digits alone; -1 for anything else. */
function plainInteger(bytes: Buffer, from: number, to: number): number {
  let value = 0;
  for (let i = from; i < to; i++) {
    const byte = bytes[i] ?? 0;
    if (!isDigit(byte)) return -1;
    value = value * 10 + byte - 0x30;
  }
  return value;
}

/** Decimals that the number needs: 0 for 1, 1.0 and 1e2; 1 for 0.5 and 0.50. */
export function decimals(bytes: Buffer, from: number, to: number): number {
  const { digits, power } = read(bytes, from, to);
  return digits === 0 ? 0 : Math.max(0, -power);
}

function read(bytes: Buffer, from: number, to: number): Decimal {
  const negative = bytes[from] === MINUS;
  let i = negative ? from + 1 : from;
  let mantissa = 0;
  let digits = 0;
  // Zeros behind the last other digit so far: part of the mantissa only if another digit follows.
  let zeros = 0;
  let fraction = 0;
  let afterDot = false;
  for (; i < to; i++) {
    const byte = bytes[i] ?? 0;
    if (byte === DOT) {
      afterDot = true;
      continue;
    }
    if (!isDigit(byte)) break;
    if (afterDot) fraction++;
    const digit = byte - 0x30;
    if (digit === 0) {
      if (digits > 0) zeros++;
      continue;
    }
    digits += zeros + 1;
    if (digits <= EXACT_DIGITS) {
      for (; zeros > 0; zeros--) mantissa *= 10;
      mantissa = mantissa * 10 + digit;
    }
    zeros = 0;
  }
  const exponent = i < to && (bytes[i] === LOWER_E || bytes[i] === UPPER_E) ? readExponent(bytes, i + 1, to) : 0;
  scratch.negative = negative;
  scratch.mantissa = mantissa;
  scratch.digits = digits;
  scratch.power = digits === 0 ? 0 : exponent - fraction + zeros;
  return scratch;
}

function readExponent(bytes: Buffer, from: number, to: number): number {
  let exponent = 0;
  for (let i = from; i < to; i++) {
    const byte = bytes[i] ?? 0;
    if (isDigit(byte)) exponent = Math.min(exponent * 10 + byte - 0x30, EXPONENT_CAP);
  }
  return bytes[from] === MINUS ? -exponent : exponent;
}
