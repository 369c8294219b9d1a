/**
 * What the detector answers over HTTP, as schemas. The types of its code are compared with them at the end of this file: when
 * one changes and the other does not, the type checker says so.
 */
import type { EntityAnswer } from "@weir/detector";
import type { exportedLetter, listed } from "@weir/rejected";
import { Decision, Fault } from "@weir/schema";
import { type Static, Type } from "typebox";

const orNull = <S extends Parameters<typeof Type.Union>[0][number]>(schema: S) => Type.Union([schema, Type.Null()]);
const TimeMs = Type.Number({ description: "ms since 1970" });

const Window = {
  name: Type.String(),
  aggregate: Type.String(),
  afterMs: TimeMs,
  untilMs: TimeMs,
  approximate: Type.Boolean(),
};

const FeatureAnswer = Type.Union([
  Type.Object({ ...Window, value: orNull(Type.Number()) }),
  Type.Object({ ...Window, byCurrency: Type.Record(Type.String(), orNull(Type.Number())) }),
  Type.Object({ ...Window, needs: Type.String() }),
]);

export const Entity = Type.Object({
  field: Type.String(),
  key: Type.String(),
  ruleset: Type.String(),
  topic: Type.String(),
  partition: Type.Integer(),
  group: Type.String(),
  applied: Type.Integer({ description: "Offset that the windows are as of" }),
  committed: Type.Integer(),
  streamTimeMs: orNull(TimeMs),
  historySinceMs: orNull(TimeMs),
  liveEvents: Type.Integer(),
  oldestMs: orNull(TimeMs),
  newestMs: orNull(TimeMs),
  currenciesLeftOut: Type.Integer(),
  features: Type.Array(FeatureAnswer),
  outOf: Type.Integer({ description: "How many decisions were looked through" }),
  decisions: Type.Array(Decision, { description: "The last to be decided first" }),
});

const At = Type.Object({ partition: Type.Integer(), offset: Type.Integer() });

export const RejectedList = Type.Object({
  rejected: Type.Array(
    Type.Object({
      origin: Type.String(),
      reason: Type.String(),
      replayOf: orNull(Type.String()),
      firstFault: orNull(Fault),
      bytes: Type.Integer(),
      at: At,
      timestamp: orNull(Type.String()),
    }),
  ),
  totals: Type.Record(Type.String(), Type.Number()),
  others: Type.Integer({ description: "Records that Weir did not write" }),
});

export const RejectedLetter = Type.Object({
  origin: Type.String(),
  reason: Type.String(),
  faults: Type.Array(Fault),
  engine: Type.String(),
  duplicateOf: Type.Optional(Type.String()),
  replayOf: Type.Optional(Type.String()),
  at: At,
  timestamp: orNull(Type.String()),
  key: Type.Unknown({ description: "Masked" }),
  headers: Type.Unknown({ description: "Pairs of name and value; values are masked" }),
  payload: Type.Unknown({ description: "Masked; of what was too large the reference" }),
});

export const Replay = Type.Object({
  origin: Type.String(),
  result: Type.String(),
  atMs: TimeMs,
  to: Type.Unknown({ description: "Where it was sent" }),
});

export const Refusal = Type.Object({ error: Type.String() });

export const Health = Type.Object({ status: Type.String(), reasons: Type.Optional(Type.Array(Type.Unknown())) });

type Deep<T> = T extends object ? { readonly [K in keyof T]: Deep<T[K]> } : T;
type Fits<A extends Deep<B>, B> = A;
type Letter = ReturnType<typeof exportedLetter>;
export type Compared = [
  Fits<EntityAnswer, Static<typeof Entity>>,
  Fits<keyof Static<typeof Entity>, keyof EntityAnswer>,
  Fits<ReturnType<typeof listed>, Static<typeof RejectedList>>,
  Fits<keyof Static<typeof RejectedList>["rejected"][number], keyof ReturnType<typeof listed>["rejected"][number]>,
  Fits<Letter, Static<typeof RejectedLetter>>,
  Fits<keyof Static<typeof RejectedLetter>, keyof Letter>,
];
