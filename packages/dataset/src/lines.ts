/** Lines of a file, chunk by chunk in bounded memory; they end in LF or CRLF. */

/** Bytes of one line; more is a fault. */
export const MAX_LINE_BYTES = 1024 * 1024;

export type Line = {
  /** From 1. */
  readonly line: number;
  /** Without its line break; a view of the chunk. Null: longer than MAX_LINE_BYTES. */
  readonly bytes: Buffer | null;
};

const LF = 10;
const CR = 13;
const EMPTY = Buffer.alloc(0);

export class LineSplitter {
  #rest: Buffer = EMPTY;
  #line = 1;
  #skipping = false;

  /** The lines that are complete by now. */
  push(chunk: Buffer): Line[] {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const lines: Line[] = [];
    let at = 0;
    for (let end = bytes.indexOf(LF); end !== -1; end = bytes.indexOf(LF, at)) {
      if (this.#skipping) this.#skipping = false;
      else lines.push({ line: this.#line, bytes: lineOf(bytes, at, end) });
      this.#line += 1;
      at = end + 1;
    }
    this.#rest = bytes.subarray(at);
    if (this.#rest.length > MAX_LINE_BYTES) {
      if (!this.#skipping) lines.push({ line: this.#line, bytes: null });
      this.#skipping = true;
      this.#rest = EMPTY;
    }
    return lines;
  }

  /** What is left when the file ends without a line break. */
  end(): Line[] {
    return this.#rest.length === 0 || this.#skipping ? [] : [{ line: this.#line, bytes: this.#rest }];
  }
}

function lineOf(bytes: Buffer, at: number, end: number): Buffer | null {
  if (end - at > MAX_LINE_BYTES) return null;
  return bytes.subarray(at, bytes[end - 1] === CR ? Math.max(at, end - 1) : end);
}
