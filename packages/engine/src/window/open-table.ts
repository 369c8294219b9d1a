/** Numbers > 0 found by a hash of theirs: open addressing with linear probing in a table that never gets full. */

/** `table` is a power of two long, 0 is a free place. */
export function place(table: Uint32Array, entry: number, hash: number): void {
  const mask = table.length - 1;
  let at = hash & mask;
  while (table[at] !== 0) at = (at + 1) & mask;
  table[at] = entry;
}

/** Moves up what stood behind it, so that no place is left marked. The entry must be there. */
export function removeFrom(table: Uint32Array, entry: number, hash: number, hashOf: (entry: number) => number): void {
  const mask = table.length - 1;
  let hole = hash & mask;
  while (table[hole] !== entry) hole = (hole + 1) & mask;
  for (let at = (hole + 1) & mask; table[at] !== 0; at = (at + 1) & mask) {
    const other = table[at] as number;
    if (((at - hashOf(other)) & mask) < ((at - hole) & mask)) continue;
    table[hole] = other;
    hole = at;
  }
  table[hole] = 0;
}
