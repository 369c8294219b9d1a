/** What the one-process evaluator decides on the log by source, which it reads as a single log of all there is. */
import { Evaluator, type Plan } from "@weir/engine";
import { decodeLabel, decodeTransaction, EnvelopeReader, envelopeOf, type LogRecord } from "@weir/schema";

/** The text of each decision, by its id. Its `order` is the place in the log, as a chain writes it. */
export function evaluatedDecisions(plan: Plan, topic: string, log: readonly LogRecord[]): Map<string, string> {
  const evaluator = new Evaluator(plan, { topic, explain: "full" });
  const envelope = new EnvelopeReader();
  const decisions = new Map<string, string>();
  for (const { headers, value, offset } of log) {
    const fault = envelope.open(envelopeOf(headers));
    if (fault !== null) throw new Error(`${offset}: ${fault}`);
    if (envelope.isLabel) {
      const decoded = decodeLabel(value);
      if (!decoded.ok) throw new Error(`${offset}: ${JSON.stringify(decoded.faults)}`);
      evaluator.label(decoded.label, offset);
      continue;
    }
    const decoded = decodeTransaction(value);
    if (!decoded.ok) throw new Error(`${offset}: ${JSON.stringify(decoded.faults)}`);
    const origin = { partition: envelope.partition, offset: envelope.offset };
    const evaluation = evaluator.transaction(decoded.transaction, envelope.timeMs, origin, offset);
    if (evaluation.kind === "duplicate") continue;
    const text = evaluation.text.replace(`"order":${origin.offset},`, `"order":${offset},`);
    decisions.set(`${topic}/${origin.partition}/${origin.offset}`, text);
  }
  return decisions;
}

/** The text of each decision in the outputs, by its id. */
export function writtenDecisions(outputs: readonly LogRecord[]): Map<string, string> {
  return new Map(
    outputs.map(({ value }) => {
      const text = String(value);
      const decision = text.slice(text.indexOf(',"decision":') + ',"decision":'.length, text.lastIndexOf("}"));
      return [JSON.parse(decision).id, decision];
    }),
  );
}
