/**
 * Tokens in the place of ids: HMAC-SHA-256 of the id, cut to 128 bits. Equal ids have equal tokens, so all that is asked of
 * them (equality, a key to count by) stays as it is, and without the key nobody comes back from a token to the id.
 *
 * A token is `wt_`, 8 letters that name the key, `_`, 32 letters: without a digit none can be taken for a card's number,
 * and none can hide one. A token is its own token, so labels, rules and what is sent in again may name either.
 */
import { createHmac, hash } from "node:crypto";
import { type Fault, type LogRecord, type MessageKind, replaceIds } from "@weir/schema";

/** Whoever sets one up can guess none that is shorter. */
const LEAST_SECRET_BYTES = 32;

const TOKEN = /^wt_[a-p]{8}_[a-p]{32}$/;
const TOKEN_BYTES = 16;
const NAME_BYTES = 4;

/** Of a transaction or a label. */
type Ids = { readonly source: string; readonly target: string; readonly device?: string | null };

export class Tokens {
  /** Names the key, and tells nothing of it. */
  readonly name: string;
  readonly #keyed: (text: string) => Buffer;
  readonly #prefix: string;
  readonly #of = (id: string): string => this.of(id);

  /** Throws RangeError when the secret is too short. */
  constructor(secret: string) {
    const bytes = Buffer.byteLength(secret);
    if (bytes < LEAST_SECRET_BYTES)
      throw new RangeError(`a secret must have at least ${LEAST_SECRET_BYTES} bytes, got ${bytes}`);
    // Apart from each other, so that no id's token is ever the key's name.
    this.#keyed = keyedHash(hmac(secret, "weir: key of ids"));
    this.name = lettersOf(hmac(secret, "weir: name of the key"), NAME_BYTES);
    this.#prefix = `wt_${this.name}_`;
  }

  /** Its token; of a token, whatever its key, and of an empty text itself. */
  of(id: string): string {
    return id === "" || isToken(id) ? id : this.#prefix + lettersOf(this.#keyed(id), TOKEN_BYTES);
  }

  /** The message with tokens for ids. What can never be decoded stays as it is: see replaceIds(). */
  value(value: Buffer | null, kind: MessageKind): Buffer | null {
    return replaceIds(value, kind, this.#of) ?? value;
  }

  /** The same, without its key, which mostly is an id. */
  record(record: LogRecord, kind: MessageKind): LogRecord {
    return { ...record, key: null, value: this.value(record.value, kind) };
  }

  /** The first id that is no token of this key; null: all are. */
  fault({ source, target, device = null }: Ids): Fault | null {
    if (!this.#isOwn(source)) return faultOf("source", source);
    if (!this.#isOwn(target)) return faultOf("target", target);
    return device === null || device === "" || this.#isOwn(device) ? null : faultOf("device", device);
  }

  #isOwn(id: string): boolean {
    return id.startsWith(this.#prefix) && isToken(id);
  }
}

/** Null, where there is no secret: ids stay as they came. */
export function tokensBy(secret: string | null): Tokens | undefined {
  return secret === null ? undefined : new Tokens(secret);
}

export function isToken(text: string): boolean {
  return text.startsWith("wt_") && TOKEN.test(text);
}

function faultOf(field: string, id: string): Fault {
  return { field, expected: "a token of this key", got: isToken(id) ? "a token of another key" : "no token" };
}

function hmac(key: string, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

const BLOCK_BYTES = 64;

/** HMAC-SHA-256, as RFC 2104 has it: two hashes at once each cost a tenth of what createHmac() does. `key`: 64 bytes at most. */
function keyedHash(key: Buffer): (text: string) => Buffer {
  const padded = (pad: number): Buffer => Buffer.alloc(BLOCK_BYTES).map((_, at) => (key[at] ?? 0) ^ pad) as Buffer;
  const [inner, outer] = [padded(0x36), padded(0x5c)];
  return (text) => {
    const first = hash("sha256", Buffer.concat([inner, Buffer.from(text)]), "buffer");
    return hash("sha256", Buffer.concat([outer, first]), "buffer");
  };
}

const LETTERS = "abcdefghijklmnop";

/** Of the first `count` bytes, two for each. */
function lettersOf(bytes: Buffer, count: number): string {
  let letters = "";
  for (let index = 0; index < count; index += 1) {
    const byte = bytes[index] as number;
    letters += LETTERS.charAt(byte >> 4) + LETTERS.charAt(byte & 15);
  }
  return letters;
}
