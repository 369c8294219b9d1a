/** What is to come, handed out in the order of its time; ties in the order in which they were put down. */
export class Agenda<T> {
  /** A binary heap: no entry comes before its parent. */
  readonly #heap: { readonly timeMs: number; readonly place: number; readonly what: T }[] = [];
  #added = 0;

  get size(): number {
    return this.#heap.length;
  }

  add(timeMs: number, what: T): void {
    const heap = this.#heap;
    const entry = { timeMs, place: this.#added++, what };
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(entry, heap[parent] as typeof entry)) break;
      heap[at] = heap[parent] as typeof entry;
      at = parent;
    }
    heap[at] = entry;
  }

  /** The next that is due at `nowMs`, ties included; null if none is. */
  takeDue(nowMs: number): T | null {
    const heap = this.#heap;
    const first = heap[0];
    if (first === undefined || first.timeMs > nowMs) return null;
    const last = heap.pop() as typeof first;
    if (heap.length > 0) this.#sink(last);
    return first.what;
  }

  /** Puts `entry` where the first one was. */
  #sink(entry: Entry & { readonly what: T }): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      const [left, right] = [heap[child] as typeof entry, heap[child + 1]];
      if (right !== undefined && isBefore(right, left)) child += 1;
      const least = heap[child] as typeof entry;
      if (!isBefore(least, entry)) break;
      heap[at] = least;
      at = child;
    }
    heap[at] = entry;
  }
}

type Entry = { readonly timeMs: number; readonly place: number };

function isBefore(a: Entry, b: Entry): boolean {
  return a.timeMs < b.timeMs || (a.timeMs === b.timeMs && a.place < b.place);
}
