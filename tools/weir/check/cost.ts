/** What one decision costs on this machine: a short run over made-up transactions. */
import { Evaluator, type Plan } from "@weir/engine";
import type { DecodedTransaction } from "@weir/schema";

export type Cost = { readonly decisions: number; readonly microseconds: number };

const DECISIONS = 20_000;
const WARM_UP = 5_000;
const START_MS = 1_700_000_000_000;

/** Processor time, so that other work on the machine does not blur it. At most about `budgetMs`. */
export function measureCost(plan: Plan, budgetMs: number): Cost {
  const evaluator = new Evaluator(plan, { topic: "t", explain: "none" });
  const began = performance.now();
  const decide = (offset: number): void => {
    const timeMs = START_MS + offset * 1_000;
    evaluator.transaction(madeUp(offset), timeMs, { partition: 0, offset }, offset);
  };
  let offset = 0;
  while (offset < WARM_UP && performance.now() - began < budgetMs / 4) decide(offset++);
  const since = process.cpuUsage();
  const first = offset;
  while (offset < first + DECISIONS && performance.now() - began < budgetMs) decide(offset++);
  const decisions = offset - first;
  return { decisions, microseconds: process.cpuUsage(since).user / Math.max(1, decisions) };
}

/** 2,000 customers, 500 counterparties, amounts from 1 to 1,000. */
function madeUp(n: number): DecodedTransaction {
  const chance = Math.imul(n, 2_654_435_761) >>> 0;
  return {
    id: `t${n}`,
    source: `customer${chance % 2_000}`,
    target: `counterparty${(chance >>> 11) % 500}`,
    currency: "EUR",
    amountMinor: 100 + ((chance >>> 5) % 99_900),
    exponent: 2,
    timestampMs: null,
    channel: "online",
    country: "DE",
    category: null,
    device: `device${chance % 3_000}`,
    location: null,
  };
}
