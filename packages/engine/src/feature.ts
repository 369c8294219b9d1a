/** What a rule can know about the past: one question to the window state of one entity. */
import type { DecodedTransaction } from "@weir/schema";

/** The text fields of a transaction that can key a state or be told apart in a window. */
export type EntityField = Exclude<
  {
    [Name in keyof DecodedTransaction]: DecodedTransaction[Name] extends string | null ? Name : never;
  }[keyof DecodedTransaction],
  "id"
>;

/**
 * - count: how many transactions the window holds; fraudCount: how many of them a label calls fraud;
 *   fraudRatio: their share (frauds / count; a transaction without a label is not a fraud).
 * - sum, mean, stddev (of the population), min, max: of the amounts in the transaction's own currency, major units.
 * - ratioToMean: the transaction's amount / that mean.
 * - distinct: how many values of `field`; a transaction that lacks it counts for none.
 * - seen: 1 if the window holds one with the transaction's own value of `field`, else 0. Never counts itself.
 * - sinceLast: ms since the newest of the window; ties in time count as 0. Never counts itself.
 */
export type Aggregate =
  | "count"
  | "sum"
  | "mean"
  | "stddev"
  | "min"
  | "max"
  | "ratioToMean"
  | "distinct"
  | "seen"
  | "sinceLast"
  | "fraudCount"
  | "fraudRatio";

/**
 * A transaction at offset o with event time t is asked about itself and the transactions before o in its log
 * with event time in (t - delayMs - windowMs, t - delayMs]. A delay above 0, or `before`, leaves itself out.
 */
export type Feature = {
  readonly name: string;
  /** The entity whose state answers: the key that the log of its stage is partitioned by. */
  readonly by: EntityField;
  /** Of these only the ones whose fields here equal the transaction's own: `by: [source, target]`. */
  readonly and: readonly EntityField[];
  readonly aggregate: Aggregate;
  /** For distinct and seen. */
  readonly field: EntityField | null;
  readonly windowMs: number;
  readonly delayMs: number;
  readonly before: boolean;
  /**
   * What an empty window gives for mean, stddev, min, max, ratioToMean, sinceLast and fraudRatio. NaN: the
   * feature is missing then, and a rule has to ask first.
   */
  readonly otherwise: number;
};
