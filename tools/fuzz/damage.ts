/** Bytes with a few of them changed, in the ways that parsers get wrong. */
import type { Chance } from "@weir/testing";

const EXTREMES = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];

export function damaged(chance: Chance, bytes: Buffer): Buffer {
  let out: Buffer = Buffer.from(bytes);
  for (let times = 1 + chance.below(3); times > 0; times -= 1) out = once(chance, out);
  return out;
}

function once(chance: Chance, bytes: Buffer): Buffer {
  const at = chance.below(bytes.length + 1);
  const length = chance.below(20);
  switch (chance.below(6)) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at, at + length), bytes.subarray(at)]);
    case 3: {
      const more = Buffer.from(Array.from({ length }, () => chance.below(256)));
      return Buffer.concat([bytes.subarray(0, at), more, bytes.subarray(at)]);
    }
    case 4: {
      const number = Buffer.alloc(8);
      number.writeUInt32BE(chance.of(...EXTREMES), chance.of(0, 4));
      if (chance.below(2) === 0) number.reverse();
      const width = chance.of(1, 2, 4, 8);
      const out = Buffer.from(bytes);
      number.copy(out, at, 8 - width);
      return out;
    }
    default: {
      const out = Buffer.from(bytes);
      if (at < out.length) out[at] = (out[at] as number) ^ (1 << chance.below(8));
      return out;
    }
  }
}
