/**
 * The grammar of JSON (RFC 8259), walked over the bytes without building anything. It accepts exactly what
 * JSON.parse accepts, up to MAX_DEPTH, and differs from it in what it costs: nothing is thrown, nothing is
 * allocated, and work stops at the first fault.
 *
 * Every function takes the index where its token starts and returns the index behind it; a negative result
 * is a fault: TOO_DEEP, or ~index of the byte that does not fit. Bytes are taken as UTF-8 but not checked.
 */

/** Deepest nesting of a message; its own object is level 1. It also bounds the recursion here. */
export const MAX_DEPTH = 32;
export const TOO_DEEP = -2_147_483_648;

export const QUOTE = 0x22;
export const BACKSLASH = 0x5c;
export const OPEN_BRACE = 0x7b;
export const OPEN_BRACKET = 0x5b;
export const MINUS = 0x2d;
export const DOT = 0x2e;
export const ZERO = 0x30;
export const LOWER_E = 0x65;
export const UPPER_E = 0x45;
export const CLOSE_BRACE = 0x7d;
const CLOSE_BRACKET = 0x5d;
const PLUS = 0x2b;
export const COMMA = 0x2c;
const COLON = 0x3a;
const NINE = 0x39;
const LOWER_U = 0x75;

export function skipSpace(bytes: Buffer, at: number): number {
  let i = at;
  while (isSpace(bytes[i] ?? 0)) i++;
  return i;
}

/** `depth` is the level of the object or array that holds the value. */
export function skipValue(bytes: Buffer, at: number, depth: number): number {
  switch (bytes[at]) {
    case QUOTE:
      return skipString(bytes, at);
    case OPEN_BRACE:
      return depth < MAX_DEPTH ? skipObject(bytes, at, depth + 1) : TOO_DEEP;
    case OPEN_BRACKET:
      return depth < MAX_DEPTH ? skipArray(bytes, at, depth + 1) : TOO_DEEP;
    case 0x74:
      return skipWord(bytes, at, "true");
    case 0x66:
      return skipWord(bytes, at, "false");
    case 0x6e:
      return skipWord(bytes, at, "null");
    default:
      return skipNumber(bytes, at);
  }
}

/** `at` is its opening brace, `depth` its own level. */
function skipObject(bytes: Buffer, at: number, depth: number): number {
  let i = skipSpace(bytes, at + 1);
  if (bytes[i] === CLOSE_BRACE) return i + 1;
  for (;;) {
    i = skipName(bytes, i);
    if (i < 0) return i;
    i = skipColon(bytes, i);
    if (i < 0) return i;
    i = skipValue(bytes, i, depth);
    if (i < 0) return i;
    i = skipSpace(bytes, i);
    if (bytes[i] === CLOSE_BRACE) return i + 1;
    if (bytes[i] !== COMMA) return ~i;
    i = skipSpace(bytes, i + 1);
  }
}

export function skipName(bytes: Buffer, at: number): number {
  return bytes[at] === QUOTE ? skipString(bytes, at) : ~at;
}

/** From behind a name to the value. */
export function skipColon(bytes: Buffer, at: number): number {
  const i = skipSpace(bytes, at);
  return bytes[i] === COLON ? skipSpace(bytes, i + 1) : ~i;
}

function skipArray(bytes: Buffer, at: number, depth: number): number {
  let i = skipSpace(bytes, at + 1);
  if (bytes[i] === CLOSE_BRACKET) return i + 1;
  for (;;) {
    const to = skipValue(bytes, i, depth);
    if (to < 0) return to;
    i = skipSpace(bytes, to);
    if (bytes[i] === CLOSE_BRACKET) return i + 1;
    if (bytes[i] !== COMMA) return ~i;
    i = skipSpace(bytes, i + 1);
  }
}

function skipString(bytes: Buffer, at: number): number {
  let i = at + 1;
  for (;;) {
    // Past the end reads as a control character, which no string may hold.
    const byte = bytes[i] ?? 0;
    if (byte === QUOTE) return i + 1;
    if (byte < 0x20) return ~i;
    if (byte === BACKSLASH) {
      i = skipEscape(bytes, i);
      if (i < 0) return i;
    } else {
      i++;
    }
  }
}

function skipEscape(bytes: Buffer, at: number): number {
  const byte = bytes[at + 1] ?? 0;
  if (byte === LOWER_U) {
    for (let i = at + 2; i < at + 6; i++) if (!isHex(bytes[i] ?? 0)) return ~i;
    return at + 6;
  }
  return '"\\/bfnrt'.includes(String.fromCharCode(byte)) ? at + 2 : ~(at + 1);
}

function skipNumber(bytes: Buffer, at: number): number {
  let i = bytes[at] === MINUS ? at + 1 : at;
  i = bytes[i] === ZERO ? i + 1 : skipDigits(bytes, i);
  if (i < 0) return i;
  if (bytes[i] === DOT) {
    i = skipDigits(bytes, i + 1);
    if (i < 0) return i;
  }
  if (bytes[i] === LOWER_E || bytes[i] === UPPER_E) {
    const signed = bytes[i + 1] === MINUS || bytes[i + 1] === PLUS;
    i = skipDigits(bytes, signed ? i + 2 : i + 1);
  }
  return i;
}

/** At least one. */
function skipDigits(bytes: Buffer, at: number): number {
  let i = at;
  while (isDigit(bytes[i] ?? 0)) i++;
  return i === at ? ~i : i;
}

function skipWord(bytes: Buffer, at: number, word: string): number {
  for (let i = 1; i < word.length; i++) if (bytes[at + i] !== word.charCodeAt(i)) return ~(at + i);
  return at + word.length;
}

function isSpace(byte: number): boolean {
  // One comparison tells it of nearly every byte.
  return byte <= 0x20 && (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09);
}

export function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE;
}

function isHex(byte: number): boolean {
  return isDigit(byte) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66);
}
