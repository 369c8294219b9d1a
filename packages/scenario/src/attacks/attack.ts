/** What an attack is: a plan of payments that begins at some time, made with chance from outside. */
import { durationMs } from "@weir/engine";
import type { Payment } from "../payment.ts";
import type { Population } from "../population.ts";
import type { Random, Span } from "../random.ts";

export type AttackWorld = {
  readonly population: Population;
  /** Of the attacks alone, so that genuine payments are the same with and without them. */
  readonly random: Random;
};

export type Attack = {
  /** As the scenario document calls it. */
  readonly name: string;
  /** Payments of one episode, on average. */
  readonly payments: number;
  /** One episode: its payments, none of them before `timeMs`, in any order. */
  readonly plan: (world: AttackWorld, timeMs: number, episode: number) => Payment[];
};

/** ms of a duration that may be left out. */
export function within(text: string | undefined, otherwise: string): number {
  return durationMs(text ?? otherwise);
}

export function middle({ from, to }: Span): number {
  return (from + to) / 2;
}
