/**
 * What a window of events comes to, exactly, whatever the order in which they are added.
 *
 * Bound: amounts of at most MAX_AMOUNT_MINOR = 10^12 < 2^40 and at most 2^20 events. Sums are kept in two limbs of 32
 * bits, sums of squares (below 2^100) in three; each limb of 2^20 events stays below 2^53, so no addition ever rounds.
 */
const LIMB = 2 ** 32;
/** The squares of amounts below this are exact doubles. */
const EASY_AMOUNT = 2 ** 26;

export class Tally {
  count = 0;
  sumLow = 0;
  sumHigh = 0;
  /** Limbs of the sum of squares, lowest first. */
  squares0 = 0;
  squares1 = 0;
  squares2 = 0;
  least = Number.POSITIVE_INFINITY;
  greatest = Number.NEGATIVE_INFINITY;
  frauds = 0;
  latestMs = Number.NEGATIVE_INFINITY;

  clear(): void {
    this.count = 0;
    this.sumLow = 0;
    this.sumHigh = 0;
    this.squares0 = 0;
    this.squares1 = 0;
    this.squares2 = 0;
    this.least = Number.POSITIVE_INFINITY;
    this.greatest = Number.NEGATIVE_INFINITY;
    this.frauds = 0;
    this.latestMs = Number.NEGATIVE_INFINITY;
  }

  addAmount(minor: number): void {
    const high = Math.floor(minor / LIMB);
    this.sumHigh += high;
    this.sumLow += minor - high * LIMB;
    if (minor < this.least) this.least = minor;
    if (minor > this.greatest) this.greatest = minor;
  }

  addSquare(minor: number): void {
    if (minor < EASY_AMOUNT) {
      const square = minor * minor;
      const high = Math.floor(square / LIMB);
      this.squares1 += high;
      this.squares0 += square - high * LIMB;
    } else {
      const square = BigInt(minor) ** 2n;
      this.squares0 += Number(square & 0xffff_ffffn);
      this.squares1 += Number((square >> 32n) & 0xffff_ffffn);
      this.squares2 += Number(square >> 64n);
    }
  }

  /** Rounded once. */
  get sum(): number {
    return this.sumHigh * LIMB + this.sumLow;
  }

  /** count * sum of squares - sum ^ 2, rounded once. */
  get scatter(): number {
    const { count, sumHigh, sumLow, squares0, squares1, squares2 } = this;
    if (sumHigh === 0 && sumLow < EASY_AMOUNT) {
      const product = count * (squares1 * LIMB + squares0);
      if (product <= Number.MAX_SAFE_INTEGER) return product - sumLow * sumLow;
    }
    const sum = (BigInt(sumHigh) << 32n) + BigInt(sumLow);
    const squares = (BigInt(squares2) << 64n) + (BigInt(squares1) << 32n) + BigInt(squares0);
    return Number(BigInt(count) * squares - sum * sum);
  }
}
