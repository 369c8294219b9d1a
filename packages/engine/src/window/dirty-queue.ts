/** Chunks with changes that no snapshot holds, in the order in which they became so; 24 bytes each. */
const PAGE = 512;

class Page {
  readonly chunks = new Uint32Array(2 * PAGE);
  readonly points = new Float64Array(2 * PAGE);
}

export class DirtyQueue {
  readonly #pages: Page[] = [];
  #first = 0;
  #next = 0;

  get empty(): boolean {
    return this.#first === this.#next;
  }

  /** `offset`: of the change; `streamTimeMs`: just before it. */
  push(key: number, ordinal: number, offset: number, streamTimeMs: number): void {
    if (this.#next === this.#pages.length * PAGE) this.#pages.push(new Page());
    const page = this.#pages[Math.floor(this.#next / PAGE)] as Page;
    const at = 2 * (this.#next % PAGE);
    page.chunks[at] = key;
    page.chunks[at + 1] = ordinal;
    page.points[at] = offset;
    page.points[at + 1] = streamTimeMs;
    this.#next += 1;
  }

  /** Of the longest-waiting; there must be one. */
  get key(): number {
    return this.#page.chunks[2 * this.#first] as number;
  }

  get ordinal(): number {
    return this.#page.chunks[2 * this.#first + 1] as number;
  }

  get offset(): number {
    return this.#page.points[2 * this.#first] as number;
  }

  get streamTimeMs(): number {
    return this.#page.points[2 * this.#first + 1] as number;
  }

  shift(): void {
    this.#first += 1;
    if (this.#first < PAGE) return;
    const page = this.#pages.shift() as Page;
    this.#first = 0;
    this.#next -= PAGE;
    if (this.#pages.length === 0) this.#pages.push(page);
  }

  get #page(): Page {
    return this.#pages[0] as Page;
  }
}
