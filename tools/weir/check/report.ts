/** What a ruleset compiled to: the chain, the windows, what they need and what they cost. */
import {
  aggregateKey,
  bytesPerKey,
  chainOf,
  type Feature,
  formatDuration,
  type Plan,
  type PlannedEntity,
  type PlannedModel,
  readsAmounts,
} from "@weir/engine";
import { UNCALIBRATED } from "@weir/model";
import type { Cost } from "./cost.ts";

/** The key that estimates are for: an ordinary customer. */
const EVENTS_PER_KEY = 20;

export type Report = ReturnType<typeof reportOf>;

export function reportOf(plan: Plan, cost: Cost) {
  const { entities, rules, features } = plan;
  return {
    ruleset: plan.label,
    rules: rules.length,
    monitors: rules.filter(({ monitor }) => monitor).length,
    examples: rules.reduce((sum, { examples }) => sum + examples, 0),
    /** Names of the detector's stages, for any input and for one keyed by source. */
    chain: chainNames(plan, false),
    chainOfKeyed: chainNames(plan, true),
    /** Those of them that keep a past. */
    stages: entities.map((entity) => stageOf(entity)),
    windows: features.map((feature) => ({ name: feature.name, by: byOf(feature), is: windowText(feature) })),
    model: plan.model === null ? null : modelOf(plan.model),
    /** How far back the log must reach for a start from nothing; 0 without features. */
    retentionMs: plan.horizonMs,
    cost: {
      features: features.length,
      expressionNodes: [...rules, ...(plan.model?.inputs ?? [])].reduce((sum, { nodes }) => sum + nodes, 0),
      ...cost,
    },
    notes: rules.filter(({ examples }) => examples === 0).map(({ id }) => `rule ${id} has no examples`),
  };
}

function chainNames(plan: Plan, inputKeyed: boolean): string[] {
  return chainOf(plan, { inputKeyed }).map(({ name }) => name);
}

function stageOf({ field, layout, features }: PlannedEntity) {
  const { columns, amounts, ids, labels, horizonMs } = layout;
  return {
    by: field,
    features: features.length,
    keeps: ["time", ...columns, ...(amounts ? ["amount"] : []), ...(ids ? ["id"] : []), ...(labels ? ["label"] : [])],
    horizonMs,
    eventsPerKey: EVENTS_PER_KEY,
    bytesPerKey: bytesPerKey(layout, EVENTS_PER_KEY),
  };
}

function modelOf({ file, inputs, trained }: PlannedModel) {
  return {
    file,
    sha256: trained?.sha256 ?? null,
    trees: trained?.trees ?? 0,
    calibrated: trained !== null && trained.calibration !== UNCALIBRATED,
    inputs: inputs.map(({ name, text }) => ({ name, is: text })),
  };
}

/** Names alone, but for inputs that are computed. */
function modelLines({ file, sha256, trees, calibrated, inputs }: NonNullable<Report["model"]>): string[] {
  const told = inputs.map(({ name, is }) => (name === is ? name : `${name} = ${is}`));
  const trained = sha256 === null ? "still to be trained" : `${trees} trees, sha256 ${sha256.slice(0, 8)}`;
  return [
    `model      ${file}: ${trained}${calibrated ? ", calibrated" : ""}; ${inputs.length} inputs:`,
    ...told.map((input) => `           ${input}`),
  ];
}

function byOf({ by, and }: Feature): string {
  return [by, ...and].join("+");
}

/** `sum of amount in (t-24h, t]`; round brackets leave the end out, square ones keep it in. */
function windowText(feature: Feature): string {
  const { field, windowMs, delayMs, before, otherwise } = feature;
  const at = (ms: number): string => (ms === 0 ? "t" : `t-${formatDuration(ms).replaceAll(" ", "")}`);
  const of = field !== null ? ` of ${field}` : readsAmounts(feature) ? " of amount" : "";
  const itself = before ? " before it" : "";
  const empty = Number.isNaN(otherwise) ? "" : `, ${otherwise} when empty`;
  return `${aggregateKey(feature)}${of} in (${at(delayMs + windowMs)}, ${at(delayMs)}]${itself}${empty}`;
}

export function reportLines(report: Report): string[] {
  const { stages, windows, cost } = report;
  const lines = [
    `${report.ruleset}: no faults; ${report.rules} rules (${report.monitors} only watched), ${report.examples} examples as expected`,
    "",
  ];
  const keyed = report.chainOfKeyed.join(" > ");
  const any = report.chain.join(" > ");
  lines.push(`chain      ${any}${keyed === any ? "" : `; of an input keyed by source ${keyed}`}`);
  for (const [index, { by, features, keeps, horizonMs, bytesPerKey }] of stages.entries())
    lines.push(
      `${index === 0 ? "state" : "     "}      by ${by}: ${features} features; keeps ${keeps.join(", ")} for ${formatDuration(horizonMs)}`,
      `           about ${bytesPerKey} bytes for a key of ${EVENTS_PER_KEY} transactions (estimated)`,
    );
  const width = Math.max(0, ...windows.map(({ name }) => name.length));
  const byWidth = Math.max(0, ...windows.map(({ by }) => by.length));
  for (const [index, { name, by, is }] of windows.entries())
    lines.push(`${index === 0 ? "windows" : "       "}    ${name.padEnd(width)}  ${by.padEnd(byWidth)}  ${is}`);
  if (report.model !== null) lines.push(...modelLines(report.model));
  if (report.retentionMs > 0)
    lines.push(
      `retention  the logs that states are rebuilt from must be kept for ${formatDuration(report.retentionMs)} at least`,
    );
  lines.push(
    `cost       ${cost.features} features, ${cost.expressionNodes} operations in rules and inputs; ` +
      `${cost.microseconds.toFixed(1)} us a decision here, over ${cost.decisions} made-up transactions`,
  );
  for (const note of report.notes) lines.push(`note       ${note}`);
  return lines;
}
