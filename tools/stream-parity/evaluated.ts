/** What `weir evaluate` says of each row, with the ruleset's own model. */
import type { ColumnMap, Dataset } from "@weir/dataset";
import type { Plan } from "@weir/engine";
import type { Screen } from "../cli/screen.ts";
import { Progress } from "../weir/decide/progress.ts";
import { Replay } from "../weir/decide/replay.ts";
import { evaluate } from "../weir/evaluate/run.ts";
import type { Span } from "./span.ts";

export type Given = {
  readonly plan: Plan;
  readonly columns: ColumnMap;
  readonly dataset: Dataset;
  readonly span: Span;
  readonly labelDelayMs: number;
  readonly screen: Screen;
};

export type ScoredRow = { readonly score: number; readonly fraud: 0 | 1 };

/** By the transaction's id, in the order of the file. Closes the data set. */
export async function evaluated({
  plan,
  columns,
  dataset,
  span,
  labelDelayMs,
  screen,
}: Given): Promise<Map<string, ScoredRow>> {
  const ids: string[] = [];
  const progress = new Progress(screen, performance.now());
  // The input topic refuses payments of 0.00.
  const replay = new Replay({ plan, explain: "none", labelDelayMs, leastAmountMinor: 1 });
  const protocol = {
    ...{ labelDelayMs, trainWindowMs: null, retrainMs: null, leaveOutKnown: false, alertsPerDay: 100 },
    ...{ fromMs: span.fromMs, toMs: span.toMs },
  };
  try {
    const { scored, unlabelled } = await evaluate(plan, columns, dataset, replay, protocol, {
      signal: new AbortController().signal,
      progress: (rows) =>
        progress.tell({ rows, bytesRead: dataset.bytesRead(), sizeBytes: dataset.sizeBytes }, performance.now()),
      say: (line) => screen.say(line),
      trained: () => {},
      score: (id) => void ids.push(id),
      flush: async () => {},
    });
    if (unlabelled > 0) throw new Error(`${unlabelled} rows do not say whether they were fraud`);
    const rows = ids.map((id, row) => {
      return [id, { score: scored.scores[row] as number, fraud: scored.frauds[row] as 0 | 1 }] as const;
    });
    return new Map(rows);
  } finally {
    progress.end();
    dataset.close();
  }
}
