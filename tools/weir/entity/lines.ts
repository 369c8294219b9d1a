/** A detector's answer about an entity, for people. */
import type { EntityAnswer } from "@weir/detector";
import { formatDuration, sentenceOf } from "@weir/engine";
import { printable } from "../../cli/printable.ts";

type Feature = EntityAnswer["features"][number];

/** The windows, one line each; then the decisions, the newest first. */
export function entityLines(answer: EntityAnswer): string[] {
  const { field, key, ruleset, topic, partition, applied, committed, streamTimeMs, features, decisions } = answer;
  const { liveEvents, oldestMs, newestMs, currenciesLeftOut, outOf, historySinceMs } = answer;
  const rows = features.map((feature) => [feature.name, answerOf(feature), windowOf(feature, streamTimeMs)] as const);
  const [names, values] = [0, 1].map((column) => Math.max(0, ...rows.map((row) => (row[column] as string).length)));
  return [
    `${field} ${key}, by ${ruleset}`,
    `as of ${streamTimeMs === null ? "no event yet" : instant(streamTimeMs)} in ${topic}/${partition}: applied to offset ${applied}, committed to ${committed}`,
    `${liveEvents} transactions kept${oldestMs === null || newestMs === null ? "" : `, from ${instant(oldestMs)} to ${instant(newestMs)}`}`,
    ...rows.map(([name, value, window]) => `  ${name.padEnd(names ?? 0)}  ${value.padEnd(values ?? 0)}  ${window}`),
    ...(historySinceMs !== null && features.some(({ afterMs }) => afterMs < historySinceMs)
      ? [`  (what was before ${instant(historySinceMs)} may not be known)`]
      : []),
    ...(currenciesLeftOut > 0 ? [`  (${currenciesLeftOut} more currencies)`] : []),
    `${decisions.length} decisions, of the last ${outOf} of this detector`,
    ...decisions.flatMap(({ outcome, score, id, eventTime, reasons }) => [
      `  ${outcome} ${score}  ${instant(eventTime)}  ${id}`,
      ...reasons.map((reason) => `    ${sentenceOf(reason)}`),
    ]),
  ].map(printable);
}

function answerOf(feature: Feature): string {
  if ("needs" in feature) return `needs ${feature.needs}`;
  if ("value" in feature) return feature.value === null ? "missing" : said(feature.value);
  const amounts = Object.entries(feature.byCurrency).map(
    ([currency, value]) => `${value === null ? "missing" : said(value)} ${currency}`,
  );
  return amounts.length === 0 ? "nothing" : amounts.join(", ");
}

function windowOf({ aggregate, afterMs, untilMs, approximate }: Feature, streamTimeMs: number | null): string {
  const delayMs = (streamTimeMs ?? untilMs) - untilMs;
  const delay = delayMs > 0 ? `, ${formatDuration(delayMs)} ago` : "";
  return `${aggregate} over ${formatDuration(untilMs - afterMs)}${delay}${approximate ? " (approximate)" : ""}`;
}

function said(value: number): string {
  return String(Number(value.toPrecision(12)));
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}
