/** Why a transaction was decided as it was: the rules that hit, what they saw, and whence. */
import { decisionId, type Reason } from "@weir/schema";
import type { Verdict } from "./decide.ts";
import type { Facts } from "./facts.ts";
import type { Aggregate } from "./feature.ts";
import { createModelScore, type Moved } from "./model-score.ts";
import { CURRENCY_NOT_LISTED, MODEL, type Plan, type PlannedRule } from "./plan.ts";
import type { Origin } from "./window/observation.ts";

/** At most so many earlier transactions are named by one reason. */
export const MAX_EVIDENCE = 20;

/** Origins of the earlier transactions that the feature at this place of the vector is about, newest first. */
export type Contributors = (feature: number, limit: number) => readonly Origin[];

export type CreateReasons = (facts: Facts, verdict: Verdict, contributors: Contributors) => Reason[];

/** So many inputs of the model are told, those that moved its score most. */
const MAX_MOVED = 5;

const NONE: Reason[] = [];

/** Aggregates that are 0 when no transaction counted. */
const NOTHING_AT_0: readonly Aggregate[] = ["count", "sum", "distinct", "seen", "fraudCount", "fraudRatio"];

/**
 * In the order of the rules; an unlisted currency comes first, and last the model, if its score alone is enough to stop
 * the transaction. `topic`: of the input, for decision ids.
 */
export function createReasons({ rules, features, model, thresholds }: Plan, topic: string): CreateReasons {
  const modelScore = createModelScore(model);
  const restsOnNothing = features.map(({ aggregate }) => NOTHING_AT_0.includes(aggregate));
  return (facts, { hits, listed, model: byModel }, contributors) => {
    const stops = byModel !== null && byModel >= thresholds.review;
    if (hits.length === 0 && listed && !stops) return NONE;
    // To find out that nobody contributed can take a look at the whole window, and the value tells it already.
    const some: Contributors = (feature, limit) => {
      const value = facts.features[feature] as number;
      return Number.isNaN(value) || (value === 0 && restsOnNothing[feature]) ? [] : contributors(feature, limit);
    };
    const reasons = hits.map((index) => reasonOf(rules[index] as PlannedRule, facts, some, topic));
    if (!listed) reasons.unshift(currencyReason(facts.currency));
    if (stops) reasons.push(modelReason(byModel, thresholds.review, modelScore?.moved(facts, MAX_MOVED) ?? []));
    return reasons;
  };
}

function currencyReason(currency: string): Reason {
  return { rule: CURRENCY_NOT_LISTED, score: 0, when: "!(currency in currencies)", observed: { currency } };
}

function modelReason(score: number, review: number, moved: readonly Moved[]): Reason {
  return {
    rule: MODEL,
    score,
    when: `${MODEL} >= ${review}`,
    observed: Object.fromEntries(moved.map(({ input, value }) => [input.name, Number.isNaN(value) ? null : value])),
    moved: Object.fromEntries(moved.map(({ input, logOdds }) => [input.name, Math.round(logOdds * 1e4) / 1e4])),
  };
}

function reasonOf(rule: PlannedRule, facts: Facts, contributors: Contributors, topic: string): Reason {
  const { id, score, when, monitor, reads, features } = rule;
  const observed: { [name: string]: number | string | null } = {};
  for (const { name, read } of reads) {
    const value = read(facts);
    // A missing feature is NaN, which JSON has no word for.
    observed[name] = Number.isNaN(value) ? null : value;
  }
  const evidence = features.length === 0 ? [] : evidenceOf(features, contributors, topic);
  return {
    rule: id,
    score,
    when,
    observed,
    ...(monitor ? { monitor: true } : {}),
    ...(evidence.length > 0 ? { evidence } : {}),
  };
}

/** Each once, the newest of every feature first, so that none crowds out another. */
function evidenceOf(features: readonly number[], contributors: Contributors, topic: string): string[] {
  const found = features.map((feature) => contributors(feature, MAX_EVIDENCE));
  const ids = new Set<string>();
  for (let rank = 0; rank < MAX_EVIDENCE; rank += 1)
    for (const origins of found) {
      const origin = origins[rank];
      if (origin === undefined || ids.size === MAX_EVIDENCE) continue;
      ids.add(decisionId(topic, origin.partition, origin.offset));
    }
  return [...ids];
}

/** Of the evidence a sentence names the newest. */
const NAMED = 3;

/** Texts in quotes, which stay as they are, or the names and signs that read better as words. */
const WORDS = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[A-Za-z_]\w*(?:\s*[!=]=\s*null\b)?|&&|\|\||\/\/.*/g;

/**
 * A reason as a person would say it:
 * `busy-and-costly scores 0.7: count_1h (132) > 100 and amount (860.5) >= 850; see queueing.transactions/2/40 and 19 more`
 */
export function sentenceOf(reason: Reason): string {
  return reason.moved === undefined ? ruleSentence(reason) : modelSentence(reason, reason.moved);
}

/** `model scores 0.83: raised by terminal_risk_7d (1) and night (1), lowered by amount (12.5)` */
function modelSentence({ rule, score, observed }: Reason, moved: NonNullable<Reason["moved"]>): string {
  const named = (sign: 1 | -1): string => {
    const names = Object.keys(moved).filter((name) => Math.sign(moved[name] as number) === sign);
    const told = names.map((name) => `${name} (${observed[name] ?? "missing"})`);
    return [told.slice(0, -1).join(", "), ...told.slice(-1)].filter((part) => part !== "").join(" and ");
  };
  const parts = [["raised", named(1)] as const, ["lowered", named(-1)] as const].filter(([, names]) => names !== "");
  return `${rule} scores ${score.toFixed(3)}: ${parts.map(([verb, names]) => `${verb} by ${names}`).join(", ")}`;
}

function ruleSentence({ rule, score, when, observed, monitor, evidence }: Reason): string {
  const condition = when.replace(WORDS, (word) => {
    if (word === "&&") return "and";
    if (word === "||") return "or";
    if (word.startsWith("//")) return "";
    const [, asked, sign] = /^(\w+)\s*([!=])= *null$/.exec(word) ?? [];
    if (asked !== undefined) return `${asked} is ${sign === "!" ? "there" : "missing"}`;
    if (!Object.hasOwn(observed, word)) return word;
    const value = observed[word];
    return `${word} (${value === null ? "missing" : JSON.stringify(value)})`;
  });
  const counts = monitor === true ? "only watches" : `scores ${score}`;
  const [named, more] = [evidence?.slice(0, NAMED) ?? [], (evidence?.length ?? 0) - NAMED];
  const seen = named.length === 0 ? "" : `; see ${named.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
  return `${rule} ${counts}: ${condition.replace(/\s+/g, " ").trim()}${seen}`;
}
