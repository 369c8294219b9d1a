/**
 * Properties that are looked up instead of kept: a number's hash is its property, so a population of any size takes no
 * memory. The mixing function is Chris Wellons' lowbias32 (public domain). Not for secrets.
 */

/** Spreads 32 bits over 32 bits, one to one. */
function mix(bits: number): number {
  let x = bits;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return x ^ (x >>> 16);
}

/** 0 to 2^32 - 1, a function of its arguments alone; each counts modulo 2^32. */
export function hash(seed: number, property: number, number: number, more = 0): number {
  return mix(mix(mix(mix(seed + 0x9e3779b9) ^ property) + number) ^ more) >>> 0;
}

/** The same in [0, 1). */
export function hashUnit(seed: number, property: number, number: number, more = 0): number {
  return hash(seed, property, number, more) / 2 ** 32;
}

const LETTERS = "abcdefghijklmnopqrstuvwxyz";
/** aa, ab, ... zz: a division for two letters. */
const PAIRS: readonly string[] = [...LETTERS].flatMap((first) => [...LETTERS].map((second) => first + second));

/** Six letters of 32 bits. */
function six(bits: number): string {
  const rest = Math.floor(bits / 676);
  return (PAIRS[bits % 676] as string) + PAIRS[rest % 676] + PAIRS[Math.floor(rest / 676) % 676];
}

/** 12 small letters. Two of n numbers share them with a chance of n^2 / 2e17: 5e-4 among ten million. */
export function hashLetters(seed: number, property: number, number: number, more = 0): string {
  return six(hash(seed, property, number, more)) + six(hash(seed ^ 0x5bd1e995, property, number, more));
}
