/** Why a transaction was decided as it was: the rules that hit, what they saw, and whence. Written as packages/schema's Reasons. */
import type { Reason } from "@weir/schema";
import type { Verdict } from "./decide.ts";
import type { Facts } from "./facts.ts";
import type { Aggregate, Feature } from "./feature.ts";
import { createModelScore, type Moved } from "./model-score.ts";
import { CURRENCY_NOT_LISTED, MODEL, type Plan, type PlannedRule } from "./plan.ts";
import type { Origin } from "./window/observation.ts";

/** At most so many earlier transactions are named by one reason. */
export const MAX_EVIDENCE = 20;

/** Origins of the earlier transactions that the feature at this place of the vector is about, newest first. */
export type Contributors = (feature: number, limit: number) => readonly Origin[];

/** JSON of the reasons, a list. */
export type ReasonsText = (facts: Facts, verdict: Verdict, contributors: Contributors) => string;

/** So many inputs of the model are told, those that moved its score most. */
const MAX_MOVED = 5;

/** Aggregates that are 0 when no transaction counted. */
const NOTHING_AT_0: readonly Aggregate[] = ["count", "sum", "distinct", "seen", "fraudCount", "fraudRatio"];

/**
 * Whether a value tells that nobody contributed: a feature that is missing, or one that counts nothing. To find that out
 * from the events can take a look at all of the window.
 */
export function restsOnNothing({ aggregate }: Feature, value: number): boolean {
  return Number.isNaN(value) || (value === 0 && NOTHING_AT_0.includes(aggregate));
}

/**
 * In the order of the rules; an unlisted currency comes first, and last the model, if its score alone is enough to stop
 * the transaction. `topic`: of the input, for decision ids. What does not depend on the transaction is turned to text
 * here, once.
 */
export function createReasonsText({ rules, features, model, thresholds }: Plan, topic: string): ReasonsText {
  const modelScore = createModelScore(model);
  const ruleTexts = rules.map(createRuleText);
  const id = `${JSON.stringify(topic).slice(0, -1)}/`;
  return (facts, { hits, listed, model: byModel }, contributors) => {
    const stops = byModel !== null && byModel >= thresholds.review;
    if (hits.length === 0 && listed && !stops) return "[]";
    /** By feature: rules that hit together are often about the same. */
    const known: (readonly Origin[] | undefined)[] = [];
    const origins = (feature: number): readonly Origin[] => {
      known[feature] ??= restsOnNothing(features[feature] as Feature, facts.features[feature] as number)
        ? []
        : contributors(feature, MAX_EVIDENCE);
      return known[feature];
    };
    const reasons = hits.map((hit) => {
      const evidence = evidenceOf((rules[hit] as PlannedRule).features.map(origins));
      return (ruleTexts[hit] as RuleText)(facts, evidenceText(id, evidence));
    });
    if (!listed) reasons.unshift(JSON.stringify(currencyReason(facts.currency)));
    if (stops)
      reasons.push(JSON.stringify(modelReason(byModel, thresholds.review, modelScore?.moved(facts, MAX_MOVED) ?? [])));
    return `[${reasons.join(",")}]`;
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

type RuleText = (facts: Facts, evidence: string) => string;

function createRuleText({ id, score, when, monitor, reads }: PlannedRule): RuleText {
  const head = `{"rule":${JSON.stringify(id)},"score":${score},"when":${JSON.stringify(when)},"observed":{`;
  const names = reads.map(({ name }, index) => `${index > 0 ? "," : ""}${JSON.stringify(name)}:`);
  const tail = monitor ? '},"monitor":true' : "}";
  return (facts, evidence) => {
    let observed = "";
    for (let index = 0; index < reads.length; index += 1)
      observed += `${names[index]}${valueText((reads[index] as PlannedRule["reads"][number]).read(facts))}`;
    return `${head}${observed}${tail}${evidence}}`;
  };
}

function valueText(value: number | string | null): string {
  return typeof value === "number" ? numberText(value) : JSON.stringify(value);
}

/** A missing feature is NaN, and an overflow infinite: JSON has no words for them. */
export function numberText(value: number): string {
  return Number.isFinite(value) ? String(value) : "null";
}

function evidenceText(id: string, evidence: readonly Origin[]): string {
  if (evidence.length === 0) return "";
  let text = "";
  for (const { partition, offset } of evidence) text += `${text === "" ? "" : ","}${id}${partition}/${offset}"`;
  return `,"evidence":[${text}]`;
}

/** Each once, the newest of every feature first, so that none crowds out another. */
function evidenceOf(found: readonly (readonly Origin[])[]): readonly Origin[] {
  if (found.length === 1) return found[0] as readonly Origin[];
  const evidence: Origin[] = [];
  for (let rank = 0; rank < MAX_EVIDENCE; rank += 1)
    for (const origins of found) {
      const origin = origins[rank];
      if (origin === undefined || isAmong(evidence, origin)) continue;
      evidence.push(origin);
      if (evidence.length === MAX_EVIDENCE) return evidence;
    }
  return evidence;
}

/** Looks from the end: where windows lie in each other, what one has at a rank the other has had there too. */
function isAmong(origins: readonly Origin[], { partition, offset }: Origin): boolean {
  for (let index = origins.length - 1; index >= 0; index -= 1) {
    const other = origins[index] as Origin;
    if (other.offset === offset && other.partition === partition) return true;
  }
  return false;
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
