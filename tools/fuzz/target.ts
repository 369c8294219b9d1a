/** Something that takes bytes from outside, and must take any. */
import type { Chance } from "@weir/testing";

export type Target = {
  readonly name: string;
  /** How many of a thousand inputs are for it: the more it costs, the fewer. */
  readonly share: number;
  /** One input: right in all but a few places, so that it comes far. */
  readonly draw: (chance: Chance) => Buffer;
  /**
   * What became of it, in one of a few words. Throws when it is not what is promised, whatever the bytes: a crash, an answer
   * that contradicts itself, an effect on what comes after.
   */
  readonly take: (input: Buffer) => string | Promise<string>;
  readonly close?: () => Promise<void>;
};

/** Throws an Error that says `what`. */
export function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}
