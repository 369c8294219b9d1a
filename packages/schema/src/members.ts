import { isAscii } from "node:buffer";
import { type Currency, currencyOf } from "./currency.ts";
import { decimals, NEGATIVE, scaledInteger, TOO_FINE, TOO_LARGE } from "./decimal.ts";
import { type Fault, WHOLE } from "./fault.ts";
import { BACKSLASH, CLOSE_BRACE, COMMA, OPEN_BRACE, QUOTE, skipColon, skipName, skipSpace, skipValue } from "./json.ts";
import { checkEncoding, FALSE, grammarFault, isNumberAt, kindAt, NULL, TRUE } from "./kind.ts";
import { MAX_TIMESTAMP_MS, parseTimestamp } from "./timestamp.ts";

/** From this length on, a string cut out of another is only a view of it, and keeps all of it alive. */
const CUT_IS_VIEW = 13;

const BUCKETS = 256;

/**
 * The members of one JSON object that we know by name, read straight from its bytes: no object is built, so
 * no hostile name (`__proto__`) ever becomes a key, and numbers are read from their source text.
 *
 * An instance is a reader to be used again and again: open() (or openAt() for an object inside) forgets what
 * came before. Readers of a field push every fault they find and return something harmless.
 */
export class Members {
  readonly #names: readonly string[];
  /** The names in quotes, as bytes. */
  readonly #quoted: readonly Buffer[];
  /** First slot by bucket of its name, and the slot after it in the same bucket; -1 ends. */
  readonly #first = new Int8Array(BUCKETS).fill(-1);
  readonly #other: Int8Array;
  /** The slot that came after each slot last time, by slot + 1: producers keep an order, so it is looked for first. */
  readonly #next: Int8Array;
  /** Where a slot's value is; from = 0 says absent, since no member's value starts there. */
  readonly #from: Int32Array;
  readonly #to: Int32Array;
  readonly #prefix: string;

  #bytes: Buffer = Buffer.alloc(0);
  #text = "";
  #ascii: boolean;
  #closeAtByte = 0;
  #repeated = 0;
  #unknownRepeated: boolean;
  #unknown: Set<string> | null = null;

  /** `prefix` goes before names in faults. At most 31 names. */
  constructor(names: readonly string[], prefix = "") {
    this.#names = names;
    this.#prefix = prefix;
    this.#from = new Int32Array(names.length);
    this.#to = new Int32Array(names.length);
    this.#ascii = true;
    this.#unknownRepeated = false;
    this.#quoted = names.map((name) => Buffer.from(`"${name}"`));
    this.#other = new Int8Array(names.length);
    this.#next = new Int8Array(names.length + 1);
    this.#quoted.forEach((quoted, slot) => {
      const bucket = bucketOf(quoted, 0, quoted.length);
      this.#other[slot] = this.#first[bucket] ?? -1;
      this.#first[bucket] = slot;
    });
  }

  slot(name: string): number {
    const slot = this.#names.indexOf(name);
    if (slot < 0) throw new RangeError(`no member is named ${name}`);
    return slot;
  }

  /** The message as text. */
  get text(): string {
    return this.#text;
  }

  /** Index in the bytes of the object's last brace. */
  get closeAtByte(): number {
    return this.#closeAtByte;
  }

  /** The same place in the text. */
  get closeAt(): number {
    return this.#ascii ? this.#closeAtByte : this.#text.lastIndexOf("}");
  }

  /** Takes a message. False, with the fault, if it is not one JSON object in UTF-8 within the depth. */
  open(bytes: Buffer, faults: Fault[]): boolean {
    const ascii = isAscii(bytes);
    if (!ascii && !checkEncoding(bytes, faults)) return false;
    const at = skipSpace(bytes, 0);
    if (bytes[at] !== OPEN_BRACE) {
      faults.push({
        field: WHOLE,
        expected: "a JSON object",
        got: at === bytes.length ? "nothing" : kindAt(bytes, at),
      });
      return false;
    }
    this.#reset(bytes, ascii, ascii ? bytes.toString("latin1") : bytes.toString("utf8"));
    const to = this.#scan(bytes, at);
    const end = to < 0 ? to : skipSpace(bytes, to);
    if (end !== bytes.length) {
      faults.push(grammarFault(end < 0 ? end : ~end, bytes.length));
      return false;
    }
    this.#closeAtByte = to - 1;
    this.#reportRepeated(faults);
    return true;
  }

  /** Takes the object that is the value of `slot` in `outer`. */
  openAt(outer: Members, slot: number, faults: Fault[]): void {
    this.#reset(outer.#bytes, outer.#ascii, outer.#text);
    this.#scan(outer.#bytes, outer.#from[slot] ?? 0);
    this.#reportRepeated(faults);
  }

  /** Neither left out nor null. */
  has(slot: number): boolean {
    const from = this.#from[slot] ?? 0;
    return from !== 0 && this.#bytes[from] !== NULL;
  }

  /** Whether the member is there at all, null included. */
  present(slot: number): boolean {
    return this.#from[slot] !== 0;
  }

  /** Index in the bytes where the value begins, and the one behind it; of a string with its quotes. 0: it is not there. */
  from(slot: number): number {
    return this.#from[slot] ?? 0;
  }

  to(slot: number): number {
    return this.#to[slot] ?? 0;
  }

  isObject(slot: number): boolean {
    return this.present(slot) && this.#bytes[this.#from[slot] ?? 0] === OPEN_BRACE;
  }

  /** "" on a fault. */
  string(slot: number, expected: string, mayBeEmpty: boolean, faults: Fault[]): string {
    const from = this.#from[slot] ?? 0;
    if (from !== 0 && this.#bytes[from] === QUOTE) {
      const text = this.#unquote(from, this.#to[slot] ?? 0);
      if (text === null) {
        this.fault(slot, expected, "string with a lone surrogate", faults);
        return "";
      }
      if (text !== "" || mayBeEmpty) return text;
    }
    this.fault(slot, expected, this.got(slot), faults);
    return "";
  }

  /** null on a fault. */
  currency(slot: number, faults: Fault[]): Currency | null {
    const from = this.#from[slot] ?? 0;
    const bytes = this.#bytes;
    if (from !== 0 && bytes[from] === QUOTE && this.#to[slot] === from + 5) {
      const currency = currencyOf(bytes[from + 1] ?? 0, bytes[from + 2] ?? 0, bytes[from + 3] ?? 0);
      if (currency !== null) return currency;
    }
    return this.#unusualCurrency(slot, faults);
  }

  /** null if absent or null. */
  optionalString(slot: number, expected: string, mayBeEmpty: boolean, faults: Fault[]): string | null {
    return this.has(slot) ? this.string(slot, expected, mayBeEmpty, faults) : null;
  }

  /** The number times 10^scale as an integer in [0, max]; NEGATIVE, TOO_FINE, TOO_LARGE, or NaN if it is not a number. */
  scaledInteger(slot: number, scale: number, max: number): number {
    const from = this.#from[slot] ?? 0;
    return from !== 0 && isNumberAt(this.#bytes, from)
      ? scaledInteger(this.#bytes, from, this.#to[slot] ?? 0, scale, max)
      : Number.NaN;
  }

  /** A number in [-bound, bound]; 0 on a fault. */
  degrees(slot: number, bound: number, faults: Fault[]): number {
    const from = this.#from[slot] ?? 0;
    const isNumber = from !== 0 && isNumberAt(this.#bytes, from);
    const value = isNumber ? Number(this.#cut(from, this.#to[slot] ?? 0)) : Number.NaN;
    if (Math.abs(value) <= bound) return value;
    const got = isNumber ? "number out of range" : this.got(slot);
    this.fault(slot, `number from -${bound} to ${bound}`, got, faults);
    return 0;
  }

  /** false on a fault. */
  boolean(slot: number, faults: Fault[]): boolean {
    const first = this.#bytes[this.#from[slot] ?? 0];
    if (this.present(slot) && (first === TRUE || first === FALSE)) return first === TRUE;
    this.fault(slot, "true or false", this.got(slot), faults);
    return false;
  }

  /** Epoch ms; 0 on a fault. */
  timestamp(slot: number, faults: Fault[]): number {
    const from = this.#from[slot] ?? 0;
    const isText = from !== 0 && this.#bytes[from] === QUOTE;
    if (isText) {
      const ms = parseTimestamp(this.#unquote(from, this.#to[slot] ?? 0) ?? "");
      if (!Number.isNaN(ms)) return ms;
    } else {
      const ms = this.scaledInteger(slot, 0, MAX_TIMESTAMP_MS);
      if (ms >= 0) return ms;
      if (!Number.isNaN(ms)) {
        this.numberFault(slot, "integer of epoch ms from 1970 to 9999", ms, faults);
        return 0;
      }
    }
    this.fault(slot, "epoch ms, or RFC 3339 time with zone, from 1970 to 9999", this.got(slot), faults);
    return 0;
  }

  /** A fault for what scaledInteger() returned. */
  numberFault(slot: number, expected: string, code: number, faults: Fault[]): void {
    this.fault(slot, expected, this.#gotNumber(slot, code), faults);
  }

  fault(slot: number, expected: string, got: string, faults: Fault[]): void {
    faults.push({ field: this.#prefix + this.#names[slot], expected, got });
  }

  /** Written with escapes, or a fault. */
  #unusualCurrency(slot: number, faults: Fault[]): Currency | null {
    const from = this.#from[slot] ?? 0;
    const isText = from !== 0 && this.#bytes[from] === QUOTE;
    const text = isText ? (this.#unquote(from, this.#to[slot] ?? 0) ?? "") : "";
    const currency = text.length === 3 ? currencyOf(text.charCodeAt(0), text.charCodeAt(1), text.charCodeAt(2)) : null;
    if (currency !== null) return currency;
    this.fault(slot, "three capital letters", text.length === 3 ? "other characters" : this.got(slot), faults);
    return null;
  }

  #gotNumber(slot: number, code: number): string {
    if (code === 0) return "zero";
    if (code === NEGATIVE) return "negative number";
    if (code === TOO_LARGE) return "larger number";
    if (code !== TOO_FINE) return this.got(slot);
    const count = decimals(this.#bytes, this.#from[slot] ?? 0, this.#to[slot] ?? 0);
    return `number with ${count} decimal${count === 1 ? "" : "s"}`;
  }

  /** What kind of thing came. */
  got(slot: number): string {
    const from = this.#from[slot] ?? 0;
    if (from === 0) return "nothing";
    if (this.#bytes[from] !== QUOTE) return kindAt(this.#bytes, from);
    const text = this.#unquote(from, this.#to[slot] ?? 0) ?? "";
    if (text === "") return "empty string";
    return `string of ${text.length} character${text.length === 1 ? "" : "s"}`;
  }

  #reset(bytes: Buffer, ascii: boolean, text: string): void {
    this.#bytes = bytes;
    this.#ascii = ascii;
    this.#text = text;
    for (let slot = 0; slot < this.#from.length; slot++) this.#from[slot] = 0;
    this.#repeated = 0;
    this.#unknownRepeated = false;
    this.#unknown = null;
  }

  /** Walks the object whose brace is at `at` and notes where our values are. Returns as the functions of json.ts do. */
  #scan(bytes: Buffer, at: number): number {
    let i = skipSpace(bytes, at + 1);
    if (bytes[i] === CLOSE_BRACE) return i + 1;
    let before = 0;
    for (;;) {
      let slot = this.#next[before] ?? 0;
      let nameTo = endOf(this.#quoted[slot], bytes, i);
      if (nameTo < 0) {
        nameTo = skipName(bytes, i);
        if (nameTo < 0) return nameTo;
        slot = this.#find(bytes, i, nameTo);
        if (slot >= 0) this.#next[before] = slot;
      }
      const from = skipColon(bytes, nameTo);
      if (from < 0) return from;
      const to = skipValue(bytes, from, 1);
      if (to < 0) return to;
      if (slot >= 0) {
        if (this.#from[slot] !== 0) this.#repeated |= 1 << slot;
        this.#from[slot] = from;
        this.#to[slot] = to;
        before = slot + 1;
      }
      i = skipSpace(bytes, to);
      if (bytes[i] === CLOSE_BRACE) return i + 1;
      if (bytes[i] !== COMMA) return ~i;
      i = skipSpace(bytes, i + 1);
    }
  }

  /** The slot of a name in quotes; -1 for one that is not ours, of which it only takes note. */
  #find(bytes: Buffer, from: number, to: number): number {
    let slot = this.#first[bucketOf(bytes, from, to)] ?? -1;
    for (; slot >= 0; slot = this.#other[slot] ?? -1) {
      if (endOf(this.#quoted[slot], bytes, from) === to) return slot;
    }
    const escaped = this.#hasEscape(from, to);
    const name = escaped ? JSON.parse(this.#cut(from, to)) : this.#cut(from + 1, to - 1);
    const hidden = escaped ? this.#names.indexOf(name) : -1;
    if (hidden >= 0) return hidden;
    this.#unknown ??= new Set();
    if (this.#unknown.has(name)) this.#unknownRepeated = true;
    this.#unknown.add(name);
    return -1;
  }

  /** A string's content; null if it holds a lone surrogate, which only an escape can bring in. */
  #unquote(from: number, to: number): string | null {
    if (this.#hasEscape(from, to)) {
      const text: string = JSON.parse(this.#cut(from, to));
      return text.isWellFormed() ? text : null;
    }
    const long = to - from - 2 >= CUT_IS_VIEW;
    return long && this.#ascii ? this.#bytes.toString("latin1", from + 1, to - 1) : this.#cut(from + 1, to - 1);
  }

  #hasEscape(from: number, to: number): boolean {
    for (let i = from; i < to; i++) if (this.#bytes[i] === BACKSLASH) return true;
    return false;
  }

  /** A part of the message; of an ASCII one perhaps as a view of its text. */
  #cut(from: number, to: number): string {
    return this.#ascii ? this.#text.slice(from, to) : this.#bytes.toString("utf8", from, to);
  }

  #reportRepeated(faults: Fault[]): void {
    for (let slot = 0, rest = this.#repeated; rest !== 0; slot++, rest >>>= 1) {
      if (rest & 1) this.fault(slot, "one member of this name", "several", faults);
    }
    // A name that is not ours is payload.
    if (this.#unknownRepeated) {
      const field = this.#prefix === "" ? WHOLE : this.#prefix.slice(0, -1);
      faults.push({ field, expected: "each name once", got: "an unknown name several times" });
    }
  }
}

/** Of a name in quotes, by the letters that differ most among ours. */
function bucketOf(bytes: Buffer, from: number, to: number): number {
  return ((bytes[from + 2] ?? 0) * 31 + (bytes[to - 2] ?? 0) * 7 + to - from) & (BUCKETS - 1);
}

/** Behind the name in quotes if it is at `at`, else -1. */
function endOf(quoted: Buffer | undefined, bytes: Buffer, at: number): number {
  if (quoted === undefined) return -1;
  for (let i = 0; i < quoted.length; i++) if ((bytes[at + i] ?? 0) !== (quoted[i] ?? 0)) return -1;
  return at + quoted.length;
}
