/** A set of up to 400 numbers below 2^32 that is emptied at no cost, so that one question after the other can use it. */
const BITS = 9;
const PLACES = 1 << BITS;

export class SmallSet {
  readonly #entries = new Uint32Array(PLACES);
  readonly #turns = new Uint32Array(PLACES);
  #turn = 1;

  clear(): void {
    this.#turn += 1;
    if (this.#turn < 2 ** 32) return;
    this.#turns.fill(0);
    this.#turn = 1;
  }

  /** Whether it was not there yet. */
  add(entry: number): boolean {
    for (let at = Math.imul(entry, 0x9e37_79b1) >>> (32 - BITS); ; at = (at + 1) & (PLACES - 1)) {
      if (this.#turns[at] !== this.#turn) {
        this.#turns[at] = this.#turn;
        this.#entries[at] = entry;
        return true;
      }
      if (this.#entries[at] === entry) return false;
    }
  }
}
