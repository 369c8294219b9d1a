/** Numbers of the Kafka protocol in a Buffer: big-endian integers, zigzag varints, CRC-32C. */

/** A signed 64-bit integer as a number: exact up to 2^53, which no offset, timestamp or producer id passes. */
export const readInt64 = (bytes: Buffer, at: number): number =>
  bytes.readInt32BE(at) * 4294967296 + bytes.readUInt32BE(at + 4);

export const writeInt64 = (bytes: Buffer, value: number, at: number): void => {
  bytes.writeInt32BE(Math.floor(value / 4294967296), at);
  bytes.writeUInt32BE(value - Math.floor(value / 4294967296) * 4294967296, at + 4);
};

/** Slicing-by-8 tables of the reflected Castagnoli polynomial 0x82f63b78 (RFC 3720, appendix B.4). */
const [t0, t1, t2, t3, t4, t5, t6, t7] = (() => {
  const first = new Int32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    first[byte] = crc;
  }
  const next = (table: Int32Array) => table.map((crc) => (crc >>> 8) ^ (first[crc & 255] as number));
  const second = next(first);
  const third = next(second);
  const fourth = next(third);
  const fifth = next(fourth);
  const sixth = next(fifth);
  const seventh = next(sixth);
  return [first, second, third, fourth, fifth, sixth, seventh, next(seventh)] as const;
})();

/** CRC-32C of `bytes[start, end)`, unsigned. */
export const crc32c = (bytes: Buffer, start: number, end: number): number => {
  let crc = -1;
  let at = start;
  for (const last = end - 8; at <= last; at += 8) {
    crc ^=
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24);
    crc =
      (t7[crc & 255] as number) ^
      (t6[(crc >>> 8) & 255] as number) ^
      (t5[(crc >>> 16) & 255] as number) ^
      (t4[crc >>> 24] as number) ^
      (t3[bytes[at + 4] as number] as number) ^
      (t2[bytes[at + 5] as number] as number) ^
      (t1[bytes[at + 6] as number] as number) ^
      (t0[bytes[at + 7] as number] as number);
  }
  for (; at < end; at++) crc = (crc >>> 8) ^ (t0[(crc ^ (bytes[at] as number)) & 255] as number);
  return (crc ^ -1) >>> 0;
};
