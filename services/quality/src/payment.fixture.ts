import type { DecodedLabel } from "@weir/schema";
import { keyOf, type Payment } from "./payment.ts";

export const T0 = 1_700_000_000_000;

/** Of source `s`, at `atMs` after T0. */
export function aPayment({
  id = "p",
  atMs = 0,
  ...rest
}: Partial<Payment> & { id?: string; atMs?: number } = {}): Payment {
  return {
    key: keyOf("s", id),
    source: "s",
    timeMs: T0 + atMs,
    outcome: "approve",
    ruleset: "r@1#0",
    score: 0,
    currency: "EUR",
    amountMinor: 100,
    rules: [],
    ...rest,
  };
}

/** Of the payment of that id and time, known `afterMs` later. */
export function aLabel({ id = "p", atMs = 0, afterMs = 0, fraud = true } = {}): DecodedLabel {
  const timestampMs = T0 + atMs;
  return { transaction: id, source: "s", target: "t", timestampMs, fraud, labelledAtMs: timestampMs + afterMs };
}
