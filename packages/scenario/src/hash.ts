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

const A = 97;

/** 12 small letters. Two of n numbers share them with a chance of n^2 / 2e17: 5e-4 among ten million. */
export function hashLetters(seed: number, property: number, number: number, more = 0): string {
  let a = hash(seed, property, number, more);
  let b = hash(seed ^ 0x5bd1e995, property, number, more);
  const letters: number[] = [];
  for (let place = 0; place < 6; place += 1) {
    letters.push(A + (a % 26), A + (b % 26));
    a = Math.floor(a / 26);
    b = Math.floor(b / 26);
  }
  return String.fromCharCode(...letters);
}
