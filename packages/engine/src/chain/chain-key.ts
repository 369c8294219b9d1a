/** By what a log between stages is keyed, and whether a record lies where its key belongs. */
import { type DecodedTransaction, partitionFor } from "@weir/schema";
import type { EntityField } from "../feature.ts";
import type { Rejection } from "../reject.ts";

/** A transaction that lacks the field has to lie somewhere: with its source. */
export function keyOf(transaction: DecodedTransaction, field: EntityField): string {
  return transaction[field] ?? transaction.source;
}

/** null if it lies right. `field`: for the message. */
export function routingFault(key: string, field: string, partition: number, partitions: number): Rejection | null {
  const right = partitionFor(key, partitions);
  if (right === partition) return null;
  const faults = [{ field, expected: `a record of partition ${right}`, got: `partition ${partition}` }];
  return { reason: "misrouted", faults };
}
