/** Cuts a stream of Kafka's protocol into its messages: a length in 4 bytes, then as many bytes. */

const LENGTH_BYTES = 4;

export class Frames {
  #held: Buffer = Buffer.alloc(0);

  /** The messages that `bytes` complete, each with its length in front. */
  push(bytes: Buffer): Buffer[] {
    let held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    const complete: Buffer[] = [];
    while (held.length >= LENGTH_BYTES) {
      const end = LENGTH_BYTES + held.readUInt32BE(0);
      if (held.length < end) break;
      complete.push(held.subarray(0, end));
      held = held.subarray(end);
    }
    this.#held = held;
    return complete;
  }
}

/** Kind and number of a request. */
export function requestOf(frame: Buffer): { readonly apiKey: number; readonly correlationId: number } {
  return { apiKey: frame.readInt16BE(LENGTH_BYTES), correlationId: frame.readInt32BE(LENGTH_BYTES + 4) };
}

/** The number of the request that is answered. */
export function answeredBy(frame: Buffer): number {
  return frame.readInt32BE(LENGTH_BYTES);
}
