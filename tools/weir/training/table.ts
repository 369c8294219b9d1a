/** Inputs of a model with their truth, in the order of time: what a model is trained on. */
export type Table = {
  readonly names: readonly string[];
  /** Row by row; NaN = missing. */
  readonly rows: Float32Array;
  /** 1 or 0. */
  readonly frauds: Uint8Array;
  /** Event times, rising but for what came out of order. */
  readonly timesMs: Float64Array;
};

export function rowAt({ names, rows }: Table, index: number): Float32Array {
  return rows.subarray(index * names.length, (index + 1) * names.length);
}

export function fraudsIn({ frauds }: Table, from: number, to: number): number {
  return frauds.subarray(from, to).reduce((sum, fraud) => sum + fraud, 0);
}

/** The last `spanMs` of its time. */
export function tail(table: Table, spanMs: number): Table {
  const { names, rows, frauds, timesMs } = table;
  const fromMs = (timesMs.at(-1) ?? 0) - spanMs;
  const from = Math.max(
    0,
    timesMs.findIndex((timeMs) => timeMs > fromMs),
  );
  return {
    names,
    rows: rows.subarray(from * names.length),
    frauds: frauds.subarray(from),
    timesMs: timesMs.subarray(from),
  };
}

const BLOCK = 4_096;

type Block = { readonly rows: Float32Array; readonly frauds: Uint8Array; readonly timesMs: Float64Array };

/** Grows at its end as transactions pass, and forgets its front. */
export class GrowingTable {
  readonly names: readonly string[];
  readonly #blocks: Block[] = [];
  #inLast = BLOCK;

  constructor(names: readonly string[]) {
    this.names = names;
  }

  /** Where to write the row's inputs; the next add() may give another buffer. */
  add(timeMs: number, fraud: boolean): Float32Array {
    const width = this.names.length;
    if (this.#inLast === BLOCK) {
      const rows = new Float32Array(BLOCK * width);
      this.#blocks.push({ rows, frauds: new Uint8Array(BLOCK), timesMs: new Float64Array(BLOCK) });
      this.#inLast = 0;
    }
    const block = this.#blocks.at(-1) as Block;
    const at = this.#inLast++;
    block.frauds[at] = fraud ? 1 : 0;
    block.timesMs[at] = timeMs;
    return block.rows.subarray(at * width, (at + 1) * width);
  }

  /** Blocks that lie wholly before it may go. */
  forgetBefore(timeMs: number): void {
    while (this.#blocks.length > 1 && Math.max(...(this.#blocks[0] as Block).timesMs) < timeMs) this.#blocks.shift();
  }

  /** A copy of the rows with fromMs < event time <= toMs. */
  between(fromMs: number, toMs: number): Table {
    const { names } = this;
    const width = names.length;
    const places = this.#blocks.flatMap((block, index) => {
      const held = index === this.#blocks.length - 1 ? this.#inLast : BLOCK;
      const own: [Block, number][] = [];
      for (let at = 0; at < held; at += 1) {
        const timeMs = block.timesMs[at] as number;
        if (timeMs > fromMs && timeMs <= toMs) own.push([block, at]);
      }
      return own;
    });
    const table = {
      names,
      rows: new Float32Array(places.length * width),
      frauds: new Uint8Array(places.length),
      timesMs: new Float64Array(places.length),
    };
    for (const [index, [block, at]] of places.entries()) {
      table.rows.set(block.rows.subarray(at * width, (at + 1) * width), index * width);
      table.frauds[index] = block.frauds[at] as number;
      table.timesMs[index] = block.timesMs[at] as number;
    }
    return table;
  }
}
