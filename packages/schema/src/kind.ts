import { isUtf8 } from "node:buffer";
import { type Fault, WHOLE } from "./fault.ts";
import { MAX_DEPTH, OPEN_BRACE, OPEN_BRACKET, QUOTE, TOO_DEEP } from "./json.ts";

/** First bytes of the words of JSON. */
export const TRUE = 0x74;
export const FALSE = 0x66;
export const NULL = 0x6e;

export function isNumberAt(bytes: Buffer, at: number): boolean {
  const byte = bytes[at] ?? 0;
  return byte === 0x2d || (byte >= 0x30 && byte <= 0x39);
}

/** What kind of value starts here: all that a fault tells of it. */
export function kindAt(bytes: Buffer, at: number): string {
  switch (bytes[at]) {
    case QUOTE:
      return "string";
    case OPEN_BRACE:
      return "object";
    case OPEN_BRACKET:
      return "array";
    case TRUE:
    case FALSE:
      return "boolean";
    case NULL:
      return "null";
    default:
      return isNumberAt(bytes, at) ? "number" : "no JSON";
  }
}

/** Of a message that is not ASCII: false, with the fault, unless it is UTF-8 without a byte order mark. */
export function checkEncoding(bytes: Buffer, faults: Fault[]): boolean {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
    faults.push({ field: WHOLE, expected: "UTF-8 without a byte order mark", got: "byte order mark" });
    return false;
  }
  if (isUtf8(bytes)) return true;
  faults.push({ field: WHOLE, expected: "UTF-8", got: "other bytes" });
  return false;
}

/** For a negative result of the functions of json.ts, in a message of `length` bytes. */
export function grammarFault(code: number, length: number): Fault {
  if (code === TOO_DEEP) return { field: WHOLE, expected: `at most ${MAX_DEPTH} levels of nesting`, got: "more" };
  const at = ~code;
  return {
    field: WHOLE,
    expected: "a JSON object",
    got: at >= length ? "text that ends early" : `a fault at byte ${at}`,
  };
}
