/** Labels that are not known yet, handed out in the order in which they become known; ties in the order of arrival. */
export class PendingLabels<Label extends { readonly labelledAtMs: number }> {
  /** A binary heap: no entry comes before its parent. */
  readonly #heap: { readonly label: Label; readonly place: number }[] = [];
  #added = 0;

  get size(): number {
    return this.#heap.length;
  }

  add(label: Label): void {
    const entry = { label, place: this.#added++ };
    let at = this.#heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#before(at, parent)) break;
      this.#swap(at, parent);
      at = parent;
    }
  }

  /** The next one that is known at `timeMs`: labelledAt <= timeMs. Null: none is. */
  takeKnown(timeMs: number): Label | null {
    const first = this.#heap[0];
    if (first === undefined || first.label.labelledAtMs > timeMs) return null;
    const last = this.#heap.pop();
    if (this.#heap.length > 0 && last !== undefined) {
      this.#heap[0] = last;
      this.#sink();
    }
    return first.label;
  }

  #sink(): void {
    for (let at = 0; ; ) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2])
        if (child < this.#heap.length && this.#before(child, least)) least = child;
      if (least === at) return;
      this.#swap(at, least);
      at = least;
    }
  }

  #before(a: number, b: number): boolean {
    const [left, right] = [this.#at(a), this.#at(b)];
    const difference = left.label.labelledAtMs - right.label.labelledAtMs;
    return difference < 0 || (difference === 0 && left.place < right.place);
  }

  #swap(a: number, b: number): void {
    const [left, right] = [this.#at(a), this.#at(b)];
    this.#heap[a] = right;
    this.#heap[b] = left;
  }

  #at(index: number) {
    const entry = this.#heap[index];
    if (entry === undefined) throw new RangeError(`heap has ${this.#heap.length} entries, asked for ${index}`);
    return entry;
  }
}
