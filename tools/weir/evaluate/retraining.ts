/**
 * The models of an evaluation: when each is due, and what it may know. A model that serves from T on is trained on the
 * transactions of the training window that ends where the labels that are known at T end, and on nothing later.
 */
import { type Plan, trainedModel, withModel } from "@weir/engine";
import { fitModel, povertyOf, splitAt } from "../training/fit.ts";
import { GrowingTable } from "../training/table.ts";
import { LATER_SHARE, type Protocol } from "./protocol.ts";
import { orderOf, rankingOf } from "./ranking.ts";

export type Training = {
  /** It serves from here on. */
  readonly atMs: number;
  /** Event times in (fromMs, toMs]. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly rows: number;
  readonly frauds: number;
} & (
  | {
      readonly label: string /** On the later part, by a model of the earlier one. */;
      readonly laterAp: number;
      readonly seconds: number;
    }
  | { /** Nothing was trained: what scored before goes on. */ readonly poverty: string }
);

type Due = Protocol & { readonly trainWindowMs: number; readonly fromMs: number };

export class Retraining {
  readonly trainings: Training[] = [];
  readonly #protocol: Due;
  readonly #table: GrowingTable;
  #plan: Plan;
  #nextMs: number;

  readonly #fit: typeof fitModel;

  constructor(plan: Plan, protocol: Due, fit: typeof fitModel = fitModel) {
    if (plan.model === null) throw new Error(`${plan.label} names no model to train`);
    this.#fit = fit;
    this.#protocol = protocol;
    this.#plan = plan;
    this.#table = new GrowingTable(plan.model.inputs.map(({ name }) => name));
    this.#nextMs = protocol.fromMs;
  }

  /** Whether a model has to be trained before a transaction of this time is scored. */
  isDue(timeMs: number): boolean {
    return timeMs >= this.#nextMs;
  }

  /**
   * Where to write what a decided transaction was asked with; null if it is too old for the model that is due next. Nobody
   * reads its truth before it is known.
   */
  add(timeMs: number, fraud: boolean): Float32Array | null {
    const { labelDelayMs, trainWindowMs } = this.#protocol;
    return timeMs > this.#nextMs - labelDelayMs - trainWindowMs ? this.#table.add(timeMs, fraud) : null;
  }

  /** The plan with the model that is due; null: there is too little to learn from. */
  async train(say: (line: string) => void): Promise<Plan | null> {
    const { labelDelayMs, trainWindowMs, retrainMs } = this.#protocol;
    const atMs = this.#nextMs;
    this.#nextMs = retrainMs === null ? Number.POSITIVE_INFINITY : atMs + retrainMs;
    const [fromMs, toMs] = [atMs - labelDelayMs - trainWindowMs, atMs - labelDelayMs];
    // A label of exactly atMs is known at atMs; of the window's other end one is enough.
    const table = this.#table.between(fromMs, toMs);
    this.#table.forgetBefore(this.#nextMs - labelDelayMs - trainWindowMs);
    const rows = table.frauds.length;
    const frauds = table.frauds.reduce((sum, fraud) => sum + fraud, 0);
    const known = { atMs, fromMs, toMs, rows, frauds };
    const split = splitAt(table, LATER_SHARE);
    const poverty = povertyOf(table, split);
    if (poverty !== null) {
      this.trainings.push({ ...known, poverty });
      return null;
    }
    const startedMs = performance.now();
    const { text, later } = await this.#fit(table, split, say);
    const trained = trainedModel(text, this.#plan.model?.inputs ?? []);
    if (!trained.ok) throw new Error(trained.faults.join("; "));
    this.#plan = withModel(this.#plan, trained.trained);
    const { ap } = rankingOf(later, table.frauds.subarray(split), orderOf(later));
    const seconds = (performance.now() - startedMs) / 1000;
    this.trainings.push({ ...known, label: this.#plan.label, laterAp: ap, seconds });
    return this.#plan;
  }
}
