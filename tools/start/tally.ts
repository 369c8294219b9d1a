/**
 * Every input record of a range of offsets has exactly one output record: the check, without any I/O. Inputs are
 * marked first, then outputs are counted against them; a decision of an input outside the range is another run's.
 */

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
const MANY = 2;
const INPUT = 4;

export class Tally {
  readonly #topic: string;
  readonly #ranges: readonly OffsetRange[];
  /** Per offset of the range: bits 0-1 the outputs seen (2 = more than one), bit 2 that there is an input. */
  readonly #seen: readonly Uint8Array[];
  #foreign = 0;
  #anonymous = 0;

  /** `ranges` of the input topic by partition: start inclusive, end exclusive. */
  constructor(topic: string, ranges: readonly OffsetRange[]) {
    this.#topic = topic;
    this.#ranges = ranges;
    this.#seen = ranges.map(({ start, end }) => new Uint8Array(Math.max(0, end - start)));
  }

  input(partition: number, offset: number): void {
    const cell = this.#cell(partition, offset);
    if (cell !== null) cell.seen[cell.at] = (cell.seen[cell.at] ?? 0) | INPUT;
  }

  /** An output record by its decision id, null if it has none. After all inputs. */
  output(id: string | null): void {
    const origin = id === null ? null : parseDecisionId(id);
    if (origin === null) {
      this.#anonymous++;
      return;
    }
    if (origin.topic !== this.#topic) return;
    const cell = this.#cell(origin.partition, origin.offset);
    if (cell === null) return;
    const before = cell.seen[cell.at] ?? 0;
    if ((before & INPUT) === 0) this.#foreign++;
    else if ((before & 3) < MANY) cell.seen[cell.at] = before + 1;
  }

  result(): TallyResult {
    let inputs = 0;
    let missing = 0;
    let doubled = 0;
    const examples: string[] = [];
    this.#seen.forEach((seen, partition) => {
      const start = this.#ranges[partition]?.start ?? 0;
      seen.forEach((cell, index) => {
        if ((cell & INPUT) === 0) return;
        inputs++;
        const outputs = cell & 3;
        if (outputs === 1) return;
        if (outputs === 0) missing++;
        else doubled++;
        if (examples.length < EXAMPLES) {
          examples.push(
            `${this.#topic}/${partition}/${start + index} ${outputs === 0 ? "has no output" : "has more than one output"}`,
          );
        }
      });
    });
    const once = inputs - missing - doubled;
    return { inputs, once, missing, doubled, foreign: this.#foreign, anonymous: this.#anonymous, examples };
  }

  #cell(partition: number, offset: number): { readonly seen: Uint8Array; readonly at: number } | null {
    const range = this.#ranges[partition];
    const seen = this.#seen[partition];
    if (range === undefined || seen === undefined || offset < range.start || offset >= range.end) return null;
    return { seen, at: offset - range.start };
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
