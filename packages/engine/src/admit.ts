/** Whether a record can be decided at all: its size, its shape, its time. */
import { type DecodedTransaction, decodeTransaction, type LogRecord } from "@weir/schema";
import { type Rejection, recordBytes } from "./reject.ts";
import type { Tokens } from "./tokens.ts";

export type AdmitOptions = {
  /** Key, value and headers together; what is larger is rejected by reference. */
  readonly maxRecordBytes: number;
  /** How far an event time may be ahead of its record's timestamp. */
  readonly maxFutureMs: number;
  /** As decodeTransaction has it: 1 if left out. */
  readonly leastAmountMinor?: 0 | 1;
  /** What ids become; left out, they stay. */
  readonly tokens?: Tokens | undefined;
};

export type Admission =
  | {
      readonly ok: true;
      /** The one that was given, with tokens for ids where they are to be tokens. */
      readonly record: LogRecord;
      readonly transaction: DecodedTransaction;
      /** Event time: the transaction's own, else its record's. */
      readonly timeMs: number;
      /** Place of its last brace in the value. */
      readonly closeAtByte: number;
    }
  | { readonly ok: false; readonly rejection: Rejection };

export function admit(given: LogRecord, options: AdmitOptions): Admission {
  const { maxRecordBytes, maxFutureMs, leastAmountMinor, tokens } = options;
  const tooLarge = sizeFault(given, maxRecordBytes);
  if (tooLarge !== null) return { ok: false, rejection: tooLarge };
  const record = tokens === undefined ? given : tokens.record(given, "transaction");
  const decoded = decodeTransaction(record.value, leastAmountMinor);
  if (!decoded.ok) return { ok: false, rejection: { reason: "malformed", faults: decoded.faults } };
  const { transaction, closeAtByte } = decoded;
  const noToken = tokens?.fault(transaction) ?? null;
  if (noToken !== null) return { ok: false, rejection: { reason: "malformed", faults: [noToken] } };
  const rejection = timeFault(transaction, record.timestampMs, maxFutureMs);
  if (rejection !== null) return { ok: false, rejection };
  return { ok: true, record, transaction, timeMs: transaction.timestampMs ?? record.timestampMs, closeAtByte };
}

/** Why it is too large to be looked at; null if it is not. */
export function sizeFault(record: LogRecord, most: number): Rejection | null {
  const bytes = recordBytes(record);
  if (bytes <= most) return null;
  return {
    reason: "too_large",
    faults: [{ field: "$", expected: `at most ${most} bytes of key, value and headers`, got: `${bytes} bytes` }],
  };
}

function timeFault({ timestampMs }: DecodedTransaction, recordMs: number, maxFutureMs: number): Rejection | null {
  if (timestampMs === null)
    return recordMs >= 0
      ? null
      : {
          reason: "malformed",
          faults: [{ field: "timestamp", expected: "a time, here or of the record", got: "neither" }],
        };
  if (recordMs < 0 || timestampMs <= recordMs + maxFutureMs) return null;
  const expected = `at most ${maxFutureMs} ms after the record's own timestamp`;
  return {
    reason: "from_the_future",
    faults: [{ field: "timestamp", expected, got: `${timestampMs - recordMs} ms after it` }],
  };
}
