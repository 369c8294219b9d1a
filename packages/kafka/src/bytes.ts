/** Numbers of the Kafka protocol in a Buffer: big-endian integers, zigzag varints, CRC-32C. */
import native from "@node-rs/crc32";

/** A signed 64-bit integer as a number: exact up to 2^53, which no offset, timestamp or producer id passes. */
export const readInt64 = (bytes: Buffer, at: number): number =>
  bytes.readInt32BE(at) * 4294967296 + bytes.readUInt32BE(at + 4);

export const writeInt64 = (bytes: Buffer, value: number, at: number): void => {
  bytes.writeInt32BE(Math.floor(value / 4294967296), at);
  bytes.writeUInt32BE(value - Math.floor(value / 4294967296) * 4294967296, at + 4);
};

/** CRC-32C of `bytes[start, end)`, unsigned; `before`: that of what comes before them. */
export const crc32c = (bytes: Buffer, start: number, end: number, before = 0): number =>
  native.crc32c(bytes.subarray(start, end), before);
