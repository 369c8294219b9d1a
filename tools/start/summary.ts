/** What `--for` prints in the end. Pure. */

import { count } from "../cli/format.ts";
import type { Numbers } from "./numbers.ts";
import { isExact, type TallyResult } from "./tally.ts";
import { ms } from "./view.ts";

/** `source`: where the result comes from; `numbers`: of the whole run, as the services counted them. */
export function summaryLines(source: string, result: TallyResult, numbers: Numbers | null): string[] {
  const row = (name: string, value: string): string => `  ${name.padEnd(34)} ${value.padStart(14)}`;
  const lines = [
    "",
    `${source}:`,
    row("transactions of this run", count(result.inputs)),
    row("with exactly one output", count(result.once)),
    row("missing", count(result.missing)),
    row("doubled", count(result.doubled)),
  ];
  if (result.foreign > 0) lines.push(row("outputs of no transaction", count(result.foreign)));
  if (result.anonymous > 0) lines.push(row("outputs by others, not counted", count(result.anonymous)));
  if (numbers !== null) {
    const earlier = numbers.decided - result.inputs;
    lines.push("", "As the services counted:");
    if (numbers.givenUp > 0) lines.push(row("not sent, the rate was too high", count(numbers.givenUp)));
    if (earlier > 0) lines.push(row("left by earlier runs, decided now", count(earlier)));
    for (const [outcome, times] of numbers.outcomes) lines.push(row(outcome, count(times)));
    lines.push(row("rejected", count([...numbers.rejected.values()].reduce((a, b) => a + b, 0))));
    for (const [reason, times] of numbers.rejected) lines.push(row(`  ${reason}`, count(times)));
    for (const [result, times] of numbers.labels) if (times > 0) lines.push(row(`labels ${result}`, count(times)));
    if (numbers.p50Ms !== null && numbers.p99Ms !== null) {
      lines.push(row("latency p50", ms(numbers.p50Ms)), row("latency p99", ms(numbers.p99Ms)));
    }
  }
  lines.push("", ...result.examples.map((example) => `  ${example}`), verdict(result));
  return lines;
}

function verdict(result: TallyResult): string {
  if (result.inputs === 0) return "NOT CHECKED: no transaction was sent in this run.";
  if (isExact(result)) return "Exactly once: every transaction of this run has one output, no more and no less.";
  return "NOT exactly once: see above.";
}
