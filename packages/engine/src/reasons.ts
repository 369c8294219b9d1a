/** Why a transaction was decided as it was: the rules that hit, what they saw, and whence. */
import { decisionId, type Reason } from "@weir/schema";
import type { Verdict } from "./decide.ts";
import type { Facts } from "./facts.ts";
import type { Aggregate } from "./feature.ts";
import { CURRENCY_NOT_LISTED, type Plan, type PlannedRule } from "./plan.ts";
import type { Origin } from "./window/observation.ts";

/** At most so many earlier transactions are named by one reason. */
export const MAX_EVIDENCE = 20;

/** Origins of the earlier transactions that the feature at this place of the vector is about, newest first. */
export type Contributors = (feature: number, limit: number) => readonly Origin[];

export type CreateReasons = (facts: Facts, verdict: Verdict, contributors: Contributors) => Reason[];

/** Aggregates that are 0 when no transaction counted. */
const NOTHING_AT_0: readonly Aggregate[] = ["count", "sum", "distinct", "seen", "fraudCount", "fraudRatio"];

/** In the order of the rules; an unlisted currency comes first. `topic`: of the input, for decision ids. */
export function createReasons({ rules, features }: Plan, topic: string): CreateReasons {
  const restsOnNothing = features.map(({ aggregate }) => NOTHING_AT_0.includes(aggregate));
  return (facts, { hits, listed }, contributors) => {
    // To find out that nobody contributed can take a look at the whole window, and the value tells it already.
    const some: Contributors = (feature, limit) => {
      const value = facts.features[feature] as number;
      return Number.isNaN(value) || (value === 0 && restsOnNothing[feature]) ? [] : contributors(feature, limit);
    };
    const reasons = hits.map((index) => reasonOf(rules[index] as PlannedRule, facts, some, topic));
    return listed ? reasons : [currencyReason(facts.currency), ...reasons];
  };
}

function currencyReason(currency: string): Reason {
  return { rule: CURRENCY_NOT_LISTED, score: 0, when: "!(currency in currencies)", observed: { currency } };
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
export function sentenceOf({ rule, score, when, observed, monitor, evidence }: Reason): string {
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
