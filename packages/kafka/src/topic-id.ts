/**
 * The id that a broker gives a topic when it is made: Metadata request (version 12), which kafkajs does not know yet, for
 * one topic. Format: https://kafka.apache.org/protocol#The_Messages_Metadata
 */
import { type Broker, METADATA_WITH_IDS, sendOrDrop } from "./kafkajs.ts";

const UNKNOWN_TOPIC = 3;
const ID_BYTES = 16;
const NO_ID = Buffer.alloc(ID_BYTES);

/** As Kafka's own tools write it; null: there is no such topic. Throws when the broker does not answer, or with an error. */
export const readTopicId = async (broker: Broker, topic: string): Promise<string | null> => {
  const body = encodeRequest(topic);
  // kafkajs wants an object for an answer.
  const { id } = await sendOrDrop(broker, {
    request: { ...METADATA_WITH_IDS, encode: async () => ({ buffer: body }) },
    response: { decode: async (payload) => ({ id: decodeTopicId(payload) }), parse: async (decoded) => decoded },
    logResponseError: false,
  });
  return id;
};

const encodeRequest = (topic: string): Buffer => {
  const name = Buffer.from(topic);
  return Buffer.concat([
    // Tagged fields of the header, none, which kafkajs's header of an older version lacks; then one topic.
    Buffer.from([0, 2]),
    NO_ID,
    uvarint(name.length + 1),
    name,
    // No tagged fields; no topic is created, no operations are asked for; no tagged fields.
    Buffer.from([0, 0, 0, 0]),
  ]);
};

/** `payload`: the response after its correlation id. Throws a RangeError on bytes that end too early. */
const decodeTopicId = (payload: Buffer): string | null => {
  const reader = new FlexibleReader(payload);
  reader.skipTags();
  reader.skip(4); // throttle time
  for (let brokers = reader.uvarint() - 1; brokers > 0; brokers -= 1) {
    reader.skip(4);
    reader.skipText(); // host
    reader.skip(4);
    reader.skipText(); // rack
    reader.skipTags();
  }
  reader.skipText(); // cluster id
  reader.skip(4); // controller
  if (reader.uvarint() !== 2) throw new Error("metadata answered for other than one topic");
  const errorCode = reader.int16();
  reader.skipText(); // name
  const id = reader.bytes(ID_BYTES);
  if (errorCode === UNKNOWN_TOPIC) return null;
  if (errorCode !== 0) throw new Error(`metadata answered with error code ${errorCode}`);
  if (id.equals(NO_ID)) throw new Error("the broker gives topics no ids");
  return id.toString("base64url");
};

const uvarint = (value: number): Buffer => {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest >>>= 7) bytes.push((rest & 127) | 128);
  return Buffer.from([...bytes, rest]);
};

/** Reads what the protocol's flexible versions consist of: https://kafka.apache.org/protocol#protocol_types */
class FlexibleReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  bytes(length: number): Buffer {
    const start = this.#at;
    if (start + length > this.#bytes.length)
      throw new RangeError(`${length} bytes at ${start} of ${this.#bytes.length}`);
    this.#at += length;
    return this.#bytes.subarray(start, this.#at);
  }

  skip(length: number): void {
    this.bytes(length);
  }

  int16(): number {
    return this.bytes(2).readInt16BE(0);
  }

  uvarint(): number {
    let value = 0;
    for (let shift = 0; shift <= 28; shift += 7) {
      const byte = this.bytes(1)[0] as number;
      value |= (byte & 127) << shift;
      if (byte < 128) return value >>> 0;
    }
    throw new RangeError("varint of more than 5 bytes");
  }

  /** Compact, null allowed. */
  skipText(): void {
    this.skip(Math.max(this.uvarint() - 1, 0));
  }

  skipTags(): void {
    for (let tags = this.uvarint(); tags > 0; tags -= 1) {
      this.uvarint();
      this.skip(this.uvarint());
    }
  }
}
