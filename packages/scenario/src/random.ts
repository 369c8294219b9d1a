/** `from` is at most `to`. */
export type Span = { readonly from: number; readonly to: number };

/**
 * A small seeded generator of numbers: sfc32 of Chris Doty-Humphrey's PractRand 0.94 (public domain), 128 bits of state.
 * The same two words of seed give the same sequence on every machine. Not for secrets.
 */
export class Random {
  #a: number;
  #b: number;
  #c = 0;
  #counter = 1;

  /** Both words count as unsigned 32-bit integers. */
  constructor(seed: number, stream: number) {
    this.#a = seed | 0;
    this.#b = stream | 0;
    for (let round = 0; round < 15; round++) this.uint32();
  }

  /** 0 to 2^32 - 1. */
  uint32(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** In [0, 1), 32 bits fine. */
  unit(): number {
    return this.uint32() / 2 ** 32;
  }

  /** In [from, to). */
  between({ from, to }: Span): number {
    return from + this.unit() * (to - from);
  }

  /** A whole number in [from, to], each as likely. */
  whole({ from, to }: Span): number {
    return from + this.below(to - from + 1);
  }

  /** Of mean 0 and deviation 1, by the method of Box and Muller (1958); its second value is not used. */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.unit())) * Math.cos(2 * Math.PI * this.unit());
  }

  /** How many of many rare things happen where `mean` do on average: Poisson, counted off by exponential gaps. */
  poisson(mean: number): number {
    let count = -1;
    let passed = 0;
    while (passed <= mean) {
      passed -= Math.log(1 - this.unit());
      count += 1;
    }
    return count;
  }

  /** A whole number in [0, below); its bias is at most below / 2^32. */
  below(below: number): number {
    return Math.floor(this.unit() * below);
  }
}

const LETTERS = "abcdefghijklmnopqrstuvwxyz";

/** `length` small letters. */
export function letters(random: Random, length: number): string {
  let text = "";
  for (let index = 0; index < length; index++) text += LETTERS[random.below(LETTERS.length)];
  return text;
}
