/**
 * A text as words of 32 bits, to be hashed, compared and stored a word at a time: one byte for each UTF-16 unit, or two
 * where some unit needs them; the last word is filled up with 0.
 */
import { hashWords } from "./hash.ts";

const ASCII = 0x7f;
const ONE_BYTE = 0xff;

export class TextWords {
  words = new Uint32Array(64);
  /** How many words the text has. */
  count = 0;
  /** Twice its units, and 1 more where they take two bytes: with the words it tells every text from every other. */
  sized = 0;
  hash = 0;
  #bytes = new Uint8Array(this.words.buffer);

  set(text: string): this {
    const { length } = text;
    this.#begin(length);
    const bytes = this.#bytes;
    let all = 0;
    for (let index = 0; index < length; index += 1) {
      const unit = text.charCodeAt(index);
      bytes[index] = unit;
      all |= unit;
    }
    return all > ONE_BYTE ? this.#setWide(text) : this.#end();
  }

  /** The text of `bytes[from, to)`, of which it mostly makes no string. */
  setUtf8(bytes: Buffer, from: number, to: number): this {
    this.#begin(to - from);
    for (let at = from; at < to; at += 1) {
      const byte = bytes[at] as number;
      if (byte > ASCII) return this.set(bytes.toString("utf8", from, to));
      this.#bytes[at - from] = byte;
    }
    return this.#end();
  }

  #setWide(text: string): this {
    const units = new Uint16Array(this.words.buffer);
    this.#begin(text.length, 1);
    for (let index = 0; index < text.length; index += 1) units[index] = text.charCodeAt(index);
    return this.#end();
  }

  /** `wide`: 1 if a unit takes two bytes. There is always room for units of two. */
  #begin(units: number, wide = 0): void {
    if (units > this.words.length * 2) {
      this.words = new Uint32Array(units);
      this.#bytes = new Uint8Array(this.words.buffer);
    }
    this.sized = units * 2 + wide;
    this.count = ((units << wide) + 3) >>> 2;
    if (this.count > 0) this.words[this.count - 1] = 0;
  }

  #end(): this {
    this.hash = hashWords(this.words, this.count, this.sized);
    return this;
  }
}
