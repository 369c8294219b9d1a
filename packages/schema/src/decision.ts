import { type Static, Type } from "typebox";
import { Transaction } from "./transaction.ts";

/** approve goes to the legit topic, the others to the fraud topic. */
export const Outcome = Type.Union([Type.Literal("approve"), Type.Literal("review"), Type.Literal("decline")]);
export type Outcome = Static<typeof Outcome>;

/** Why: one rule that hit, with what it saw. */
export const Reason = Type.Object({
  rule: Type.String(),
  score: Type.Number({ minimum: 0, maximum: 1 }),
  /** The rule's condition as written. */
  when: Type.String(),
  observed: Type.Record(Type.String(), Type.Union([Type.Number(), Type.String(), Type.Boolean(), Type.Null()])),
});
export type Reason = Readonly<Static<typeof Reason>>;

export const Decision = Type.Object({
  /** `<input topic>/<partition>/<offset>`. */
  id: Type.String({ pattern: "^[^/]+/\\d+/\\d+$" }),
  outcome: Outcome,
  score: Type.Number({ minimum: 0, maximum: 1 }),
  /** ms since the epoch: the transaction's timestamp, else its record's. */
  eventTime: Type.Integer({ minimum: 0 }),
  /** Place in the source log; rises per source. */
  order: Type.Integer({ minimum: 0 }),
  /** `name@version#hash`. */
  ruleset: Type.String({ pattern: "^[^@#]+@[^@#]+#[0-9a-f]+$" }),
  reasons: Type.Array(Reason),
  /** Older than the windows reach: decided, but not counted for what follows. */
  late: Type.Optional(Type.Literal(true)),
  /** Every feature's value, when EXPLAIN=full. */
  features: Type.Optional(Type.Record(Type.String(), Type.Number())),
});
export type Decision = Readonly<Static<typeof Decision>>;

/** A record of the legit or fraud topic: the text of the input with one more member. */
export const DecidedTransaction = Type.Object({ ...Transaction.properties, decision: Decision });
export type DecidedTransaction = Readonly<Static<typeof DecidedTransaction>>;
