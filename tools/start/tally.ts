/**
 * Every input record of a range of offsets has exactly one output record: the check, without any I/O. Inputs and outputs
 * may come in any order; a decision of an input outside the range is another run's.
 */

/** Start inclusive, end exclusive; an end of Infinity is that of a log that is still followed. */
export type OffsetRange = { readonly start: number; readonly end: number };

export type TallyResult = {
  readonly inputs: number;
  /** Inputs with exactly one output. */
  readonly once: number;
  readonly missing: number;
  readonly doubled: number;
  /** Outputs that name an offset of the range at which there is no input. */
  readonly foreign: number;
  /** Outputs without a decision id: not written by Weir. */
  readonly anonymous: number;
  /** Decision ids of the first missing and doubled ones. */
  readonly examples: readonly string[];
};

const EXAMPLES = 5;

export class Tally {
  readonly #topic: string;
  readonly #partitions: readonly PartitionTally[];
  #anonymous = 0;

  /** `ranges` of the input topic by partition. */
  constructor(topic: string, ranges: readonly OffsetRange[]) {
    this.#topic = topic;
    this.#partitions = ranges.map((range) => new PartitionTally(range));
  }

  input(partition: number, offset: number): void {
    this.#partitions[partition]?.input(offset);
  }

  /** An output record by its decision id, null if it has none. */
  output(id: string | null): void {
    const origin = id === null ? null : parseDecisionId(id);
    if (origin === null) this.#anonymous++;
    else if (origin.topic === this.#topic) this.#partitions[origin.partition]?.output(origin.offset);
  }

  /** Forgets the single inputs that have their output, as far as they have no gap: what is followed for ever stays small. */
  settle(): void {
    for (const partition of this.#partitions) partition.settle();
  }

  result(): TallyResult {
    const sums = { inputs: 0, once: 0, missing: 0, doubled: 0, foreign: 0 };
    const examples: string[] = [];
    for (const [partition, tally] of this.#partitions.entries()) {
      const { wrong, ...counts } = tally.result(EXAMPLES - examples.length);
      for (const key of Object.keys(sums) as (keyof typeof sums)[]) sums[key] += counts[key];
      examples.push(...wrong.map(({ offset, what }) => `${this.#topic}/${partition}/${offset} ${what}`));
    }
    return { ...sums, anonymous: this.#anonymous, examples };
  }
}

/** Of the byte that an offset has: bits 0 and 1 the outputs seen (2 = more than one), bit 2 that there is an input. */
const OUTPUTS = 3;
const MANY = 2;
const INPUT = 4;

const FIRST_LENGTH = 1024;

class PartitionTally {
  readonly #range: OffsetRange;
  #seen: Uint8Array;
  /** Offset of the first byte. Every offset of the range before it has an input with one output, or is in #again. */
  #base: number;
  /** Bytes in use. */
  #length = 0;
  readonly #again = new Set<number>();

  constructor(range: OffsetRange) {
    this.#range = range;
    this.#base = range.start;
    const length = range.end - range.start;
    this.#seen = new Uint8Array(Number.isFinite(length) ? Math.max(0, length) : FIRST_LENGTH);
  }

  input(offset: number): void {
    const index = this.#indexOf(offset);
    if (index !== null) this.#seen[index] = (this.#seen[index] as number) | INPUT;
  }

  output(offset: number): void {
    if (offset >= this.#range.start && offset < this.#base) this.#again.add(offset);
    const index = this.#indexOf(offset);
    if (index === null) return;
    const before = this.#seen[index] as number;
    if ((before & OUTPUTS) < MANY) this.#seen[index] = before + 1;
  }

  settle(): void {
    let settled = 0;
    while (settled < this.#length && this.#seen[settled] === (INPUT | 1)) settled++;
    this.#seen.copyWithin(0, settled, this.#length);
    this.#seen.fill(0, this.#length - settled, this.#length);
    this.#length -= settled;
    this.#base += settled;
  }

  result(examples: number) {
    const settled = this.#base - this.#range.start;
    const counts = {
      inputs: settled,
      once: settled - this.#again.size,
      missing: 0,
      doubled: this.#again.size,
      foreign: 0,
    };
    const wrong: { readonly offset: number; readonly what: string }[] = [];
    const tell = (offset: number, what: string): void => void (wrong.length < examples && wrong.push({ offset, what }));
    for (const offset of this.#again) tell(offset, "has more than one output");
    for (let index = 0; index < this.#length; index++) {
      const cell = this.#seen[index] as number;
      const outputs = cell & OUTPUTS;
      if ((cell & INPUT) === 0) {
        counts.foreign += outputs;
        continue;
      }
      counts.inputs++;
      if (outputs === 1) counts.once++;
      else if (outputs === 0) counts.missing++;
      else counts.doubled++;
      if (outputs !== 1) tell(this.#base + index, outputs === 0 ? "has no output" : "has more than one output");
    }
    return { ...counts, wrong };
  }

  /** Null outside of what is kept of the range. */
  #indexOf(offset: number): number | null {
    if (offset < this.#base || offset >= this.#range.end) return null;
    const index = offset - this.#base;
    if (index >= this.#seen.length) {
      const grown = new Uint8Array(Math.max(index + 1, this.#seen.length * 2));
      grown.set(this.#seen);
      this.#seen = grown;
    }
    this.#length = Math.max(this.#length, index + 1);
    return index;
  }
}

/** Whether all is as it must be. */
export function isExact({ missing, doubled, foreign }: TallyResult): boolean {
  return missing === 0 && doubled === 0 && foreign === 0;
}

/** The parts of `<topic>/<partition>/<offset>`; null for anything else. */
export function parseDecisionId(
  id: string,
): { readonly topic: string; readonly partition: number; readonly offset: number } | null {
  const match = /^([^/]+)\/(\d{1,9})\/(\d{1,15})$/.exec(id);
  return match === null ? null : { topic: match[1] ?? "", partition: Number(match[2]), offset: Number(match[3]) };
}
