/**
 * A forest as generated code: each tree one nested choice, which the runtime compiles to compares and jumps. Several times
 * as fast as the walk (`npm run bench:engine -- model`), which is its oracle and what is left where code may not be generated.
 *
 * The text is made of checked numbers and nothing else, so nothing that a file says can become code.
 */
import { type Forest, walk } from "./forest.ts";

export type Margin = (row: Float32Array) => number;

/** Functions that are too long are optimised late or never; these are 40 trees of depth 3. */
const NODES_PER_FUNCTION = 600;
/** Above it compiling would take longer than most processes live. */
const MAX_NODES = 200_000;

/** The same numbers as walk(), to the bit. */
export function marginOf(forest: Forest): Margin {
  if (forest.feature.length > MAX_NODES) return (row) => walk(forest, row);
  try {
    return generate(forest);
  } catch {
    // A process that forbids code from texts: node --disallow-code-generation-from-strings.
    return (row) => walk(forest, row);
  }
}

type Part = (row: Float32Array, margin: number) => number;

function generate(forest: Forest): Margin {
  const base = Math.fround(forest.baseMargin);
  const parts = partsOf(forest).map(
    (trees) => new Function("x", "m", `"use strict";const r=Math.fround;${trees.join("")}return m;`) as Part,
  );
  return (row) => {
    let margin = base;
    for (let index = 0; index < parts.length; index += 1) margin = (parts[index] as Part)(row, margin);
    return margin;
  };
}

function partsOf(forest: Forest): string[][] {
  const parts: string[][] = [];
  let room = 0;
  for (const [tree, root] of forest.roots.entries()) {
    const nodes = (forest.roots[tree + 1] ?? forest.feature.length) - root;
    if (nodes > room) {
      parts.push([]);
      room = NODES_PER_FUNCTION;
    }
    parts.at(-1)?.push(`m=r(m+${choice(forest, root)});`);
    room -= nodes;
  }
  return parts;
}

function choice(forest: Forest, node: number): string {
  const at = forest.feature[node] as number;
  const value = number(forest.threshold[node] as number);
  if (at < 0) return value;
  // NaN is neither below nor at least anything: written so that it goes where it should without a test of its own.
  const goesLeft = forest.defaultLeft[node] === 1 ? `!(x[${at}]>=${value})` : `x[${at}]<${value}`;
  return `(${goesLeft}?${choice(forest, forest.left[node] as number)}:${choice(forest, forest.right[node] as number)})`;
}

function number(value: number): string {
  return value < 0 || Object.is(value, -0) ? `(${value === 0 ? "-0" : value})` : String(value);
}
