export { MAX_AMOUNT_MINOR, minorExponent } from "./currency.ts";
export { DecidedTransaction, Decision, Outcome, Reason } from "./decision.ts";
export { decodeLabel, type LabelResult } from "./decode-label.ts";
export { decodeTransaction, type TransactionResult } from "./decode-transaction.ts";
export {
  ENVELOPE_HEADER,
  EnvelopeReader,
  type Evidence,
  encodeLabelEnvelope,
  encodeTransactionEnvelope,
  envelopeOf,
  type TransactionEnvelope,
} from "./envelope.ts";
export { Fault, WHOLE } from "./fault.ts";
export { type DecodedLabel, Label } from "./label.ts";
export { murmur2, partitionFor } from "./murmur2.ts";
export type { Header, LogRecord, NewRecord } from "./record.ts";
export {
  REASON_CODES,
  REJECTED_HEADER_PREFIX,
  REJECTED_HEADERS,
  REPLAY_HEADER,
  type ReasonCode,
  Rejected,
  type RejectedNote,
  RejectedReference,
  readRejectedHeaders,
  rejectedHeaders,
} from "./rejected.ts";
export { ID_MEMBERS, type MessageKind, replaceIds } from "./replace-ids.ts";
export { MAX_TIMESTAMP_MS, parseTimestamp } from "./timestamp.ts";
export {
  DECISION_ID,
  decisionId,
  entityTopic,
  parseDecisionId,
  rejectedLedgerTopic,
  stateTopic,
  TOPICS,
} from "./topics.ts";
export {
  formatTraceparent,
  parseTraceparent,
  sampledContext,
  TRACEPARENT_HEADER,
  type TraceContext,
} from "./trace-context.ts";
export { type DecodedTransaction, Location, Transaction } from "./transaction.ts";
