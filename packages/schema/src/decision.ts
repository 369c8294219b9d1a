import { type Static, Type } from "typebox";
import { Transaction } from "./transaction.ts";

/** approve goes to the legit topic, the others to the fraud topic. */
export const Outcome = Type.Union([Type.Literal("approve"), Type.Literal("review"), Type.Literal("decline")]);
export type Outcome = Static<typeof Outcome>;

/** Why: one rule that hit, with what it saw. sentenceOf(reason) of the engine says it in words. */
export const Reason = Type.Object({
  rule: Type.String(),
  score: Type.Number({ minimum: 0, maximum: 1 }),
  /** The rule's condition as written. */
  when: Type.String(),
  /** What the condition read: fields and features; null = missing. */
  observed: Type.Record(Type.String(), Type.Union([Type.Number(), Type.String(), Type.Null()])),
  /** The rule is only watched: neither score nor outcome are moved by it. */
  monitor: Type.Optional(Type.Literal(true)),
  /** Decision ids of earlier transactions that the features read are about, the newest first of each. */
  evidence: Type.Optional(Type.Array(Type.String(), { minItems: 1, maxItems: 20 })),
  /** Of the model: by how much these inputs moved its log odds, those that moved it most first; above 0 speaks for fraud. */
  moved: Type.Optional(Type.Record(Type.String(), Type.Number())),
  /** All of it as a sentence, when EXPLAIN=full. */
  text: Type.Optional(Type.String()),
});
export type Reason = Readonly<Static<typeof Reason>>;

export const Decision = Type.Object({
  /** `<input topic>/<partition>/<offset>`. */
  id: Type.String({ pattern: "^[^/]+/\\d+/\\d+$" }),
  outcome: Outcome,
  score: Type.Number({ minimum: 0, maximum: 1 }),
  /** The model's own score, where the ruleset has one. */
  model: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
  /** ms since the epoch: the transaction's timestamp, else its record's. */
  eventTime: Type.Integer({ minimum: 0 }),
  /** Place in the log by source, which rises per source: `weir.by-source` behind a gate, else the input itself. */
  order: Type.Integer({ minimum: 0 }),
  /** `name@version#hash`. */
  ruleset: Type.String({ pattern: "^[^@#]+@[^@#]+#[0-9a-f]+$" }),
  reasons: Type.Array(Reason),
  /** Older than the windows reach: decided, but not counted for what follows. */
  late: Type.Optional(Type.Literal(true)),
  /** Some window had more transactions than are kept of one key: its features are about the newest of them. */
  approximate: Type.Optional(Type.Literal(true)),
  /**
   * Windows that reach back before this, ms since the epoch, may lack transactions: the log no longer held them when the
   * state was rebuilt from it (ALLOW_PARTIAL_HISTORY=true), they were there before Weir, or another ruleset decided them.
   */
  historySince: Type.Optional(Type.Integer({ minimum: 0 })),
  /** Features that nobody computed, so that they counted as missing: the ruleset changed while this was under way. */
  incomplete: Type.Optional(Type.Array(Type.String(), { minItems: 1 })),
  /** Every feature's value, when EXPLAIN=full; null = missing. */
  features: Type.Optional(Type.Record(Type.String(), Type.Union([Type.Number(), Type.Null()]))),
});
export type Decision = Readonly<Static<typeof Decision>>;

/** A record of the legit or fraud topic: the text of the input with one more member. */
export const DecidedTransaction = Type.Object({ ...Transaction.properties, decision: Decision });
export type DecidedTransaction = Readonly<Static<typeof DecidedTransaction>>;
