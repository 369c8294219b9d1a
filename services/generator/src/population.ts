/**
 * Customers that pay again and again, some far more often than others: customer number i (from 0) is drawn
 * with a probability in proportion to 1 / (i + 1), Zipf's law with exponent 1.
 */
import { letters, type Random, Random as SeededRandom } from "./random.ts";

export class Population {
  /** Customer ids, the busiest first. Two equal ids have a chance of n^2 / 2e17: 1e-8 among 50,000. */
  readonly ids: readonly string[];
  /** Running sums of the weights 1, 1/2, 1/3, ... */
  readonly #cumulative: Float64Array;

  /** Customer i has the same id for the same seed, however many customers there are. Throws RangeError below 2. */
  constructor(seed: number, customers: number) {
    if (!(customers >= 2)) throw new RangeError(`customers must be >= 2, got ${customers}`);
    this.ids = Array.from({ length: customers }, (_, index) => letters(new SeededRandom(seed, index), 12));
    this.#cumulative = new Float64Array(customers);
    let sum = 0;
    for (let index = 0; index < customers; index++) {
      sum += 1 / (index + 1);
      this.#cumulative[index] = sum;
    }
  }

  get size(): number {
    return this.ids.length;
  }

  /** The number of a customer, by inversion of the distribution: the first whose running sum exceeds the draw. */
  draw(random: Random): number {
    const cumulative = this.#cumulative;
    const wanted = random.unit() * (cumulative[cumulative.length - 1] ?? 0);
    let low = 0;
    let high = cumulative.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((cumulative[middle] ?? 0) > wanted) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /**
   * Somebody else to pay to. Drawn from the other end of the same population, so that
   * the busiest payer is not the busiest payee as well.
   */
  drawOther(random: Random, source: number): number {
    const target = this.size - 1 - this.draw(random);
    return target === source ? (target + 1) % this.size : target;
  }
}
