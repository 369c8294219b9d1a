/** From a scenario document's text to a scenario, or to every fault that stands in its way. */
import { durationMs, inDocumentOrder, type RulesetFault, readDocument, type SourceDocument } from "@weir/engine";
import type { Span } from "./random.ts";
import { SCENARIO, type ScenarioDocument } from "./scenario-document.ts";

/** Shares are 0 to 1, amounts minor units, times ms. */
export type Scenario = {
  readonly name: string;
  readonly customers: {
    readonly paymentsPerDay: Span;
    readonly meanMinor: Span;
    readonly amounts: "lognormal" | "normal";
    readonly spread: number;
    readonly leastMinor: number;
    readonly mostMinor: number;
    readonly reach: number;
    readonly regular: number;
    readonly elsewhere: number;
    readonly online: number;
    readonly large: { readonly share: number; readonly amountMinor: Span } | null;
    readonly abroad: number;
  };
  readonly merchants: { readonly perCustomer: number; readonly online: number };
  readonly attacks: NonNullable<ScenarioDocument["attacks"]>;
  readonly drift: {
    readonly afterMs: number;
    readonly overMs: number;
    readonly amounts: number;
    readonly online: number;
    readonly elsewhere: number;
  } | null;
  /** Null: nothing is ever reported. */
  readonly labels: LabelPlan | null;
  readonly noise: {
    readonly duplicates: Held;
    readonly disorder: Held;
    readonly late: Held;
    readonly garbage: number;
  };
};

export type LabelPlan = { readonly share: number; readonly delayMs: Span };

export type Held = { readonly share: number; readonly byMs: number };

export type ScenarioResult =
  | { readonly ok: true; readonly scenario: Scenario }
  | { readonly ok: false; readonly faults: readonly RulesetFault[] };

/** The attacks that add payments of their own, rather than turning those of customers into fraud. */
export const ADDING = ["card_testing", "account_takeover", "mules", "structuring", "impossible_travel"] as const;

/** More than this is no stream with attacks in it any more. */
const MOST_ADDED = 0.3;
const LONGEST_MS = 90 * 86_400_000;

/** Pure and total: never throws, whatever the text. `file` only names the document in faults. */
export function compileScenario(text: string, { file }: { readonly file: string }): ScenarioResult {
  const { document, faults: shapeFaults } = readDocument(text, file, SCENARIO);
  if (document === null) return { ok: false, faults: shapeFaults };
  const faults = [...shapeFaults, ...spanFaults(document), ...customerFaults(document), ...otherFaults(document)];
  return faults.length > 0
    ? { ok: false, faults: inDocumentOrder(faults) }
    : { ok: true, scenario: scenarioOf(document.data) };
}

type Document = SourceDocument<ScenarioDocument>;

/** Each `{ from, to }`, wherever it stands, goes upwards. */
function spanFaults(document: Document): RulesetFault[] {
  const faults: RulesetFault[] = [];
  const visit = (value: unknown, path: readonly string[]): void => {
    if (value === null || typeof value !== "object" || Array.isArray(value) || !document.sound(path)) return;
    const { from, to } = value as Record<string, unknown>;
    if (from !== undefined && to !== undefined && quantity(from) > quantity(to))
      faults.push(document.faultAt(path, `from must be at most to (${to}), got ${from}`));
    for (const [name, part] of Object.entries(value)) visit(part, [...path, name]);
  };
  for (const part of ["customers", "attacks", "labels"]) visit(document.at([part]), [part]);
  return faults;
}

function quantity(value: unknown): number {
  return typeof value === "string" ? durationMs(value) : Number(value);
}

function customerFaults(document: Document): RulesetFault[] {
  if (!document.sound(["customers"])) return [];
  const faults: RulesetFault[] = [];
  const { payments_per_day: often, least, most, regular, elsewhere } = document.data.customers;
  if (!(often.to > 0))
    faults.push(document.faultAt(["customers", "payments_per_day", "to"], "to must be above 0, or nobody pays"));
  if (least > most)
    faults.push(document.faultAt(["customers", "least"], `least must be at most most (${most}), got ${least}`));
  if (regular === 0 && elsewhere < 1)
    faults.push(
      document.faultAt(["customers", "regular"], `without regular merchants elsewhere must be 1, got ${elsewhere}`),
    );
  return faults;
}

function otherFaults(document: Document): RulesetFault[] {
  const faults: RulesetFault[] = [];
  const { data } = document;
  if (document.sound(["attacks"]) && data.attacks !== undefined) {
    const added = sharesAdded(data.attacks);
    if (added > MOST_ADDED)
      faults.push(document.faultAt(["attacks"], `their shares must be at most ${MOST_ADDED} together, got ${added}`));
  }
  if (document.sound(["labels", "delay"]) && data.labels !== undefined && durationMs(data.labels.delay.to) > LONGEST_MS)
    faults.push(document.faultAt(["labels", "delay", "to"], `must be at most 90d, got ${data.labels.delay.to}`));
  return faults;
}

/** Of all payments: those that the attacks add. */
export function sharesAdded(attacks: Scenario["attacks"]): number {
  return ADDING.reduce((sum, kind) => sum + (attacks[kind]?.share ?? 0), 0);
}

/** The same attacks, as many as make up `share` of all payments together; there must be some with a share above 0. */
export function withShareAdded(scenario: Scenario, share: number): Scenario {
  const factor = share / sharesAdded(scenario.attacks);
  if (!Number.isFinite(factor)) throw new RangeError(`${scenario.name} has no attack that adds payments`);
  const scaled = ADDING.flatMap((kind) => {
    const attack = scenario.attacks[kind];
    return attack === undefined ? [] : [[kind, { ...attack, share: attack.share * factor }] as const];
  });
  return { ...scenario, attacks: { ...scenario.attacks, ...Object.fromEntries(scaled) } };
}

/** Exact for amounts of two decimals. */
export function minorOf(major: number): number {
  return Math.round(major * 100);
}

export function minorSpan({ from, to }: Span): Span {
  return { from: minorOf(from), to: minorOf(to) };
}

function scenarioOf(document: ScenarioDocument): Scenario {
  const { name, customers, merchants, attacks = {}, drift, labels, noise = {} } = document;
  const { large, abroad = 0 } = customers;
  const held = (part: { readonly share: number; readonly by: string } | undefined): Held =>
    part === undefined ? { share: 0, byMs: 0 } : { share: part.share, byMs: durationMs(part.by) };
  return {
    name,
    customers: {
      paymentsPerDay: customers.payments_per_day,
      meanMinor: minorSpan(customers.mean_amount),
      amounts: customers.amounts,
      spread: customers.spread,
      leastMinor: minorOf(customers.least),
      mostMinor: minorOf(customers.most),
      reach: customers.reach,
      regular: customers.regular,
      elsewhere: customers.elsewhere,
      online: customers.online,
      large: large === undefined ? null : { share: large.share, amountMinor: minorSpan(large.amount) },
      abroad,
    },
    merchants: { perCustomer: merchants.per_customer, online: merchants.online },
    attacks,
    drift:
      drift === undefined
        ? null
        : {
            afterMs: durationMs(drift.after),
            overMs: durationMs(drift.over),
            amounts: drift.amounts ?? 1,
            online: drift.online ?? customers.online,
            elsewhere: drift.elsewhere ?? customers.elsewhere,
          },
    labels:
      labels === undefined
        ? null
        : {
            share: labels.share,
            delayMs: { from: durationMs(labels.delay.from), to: durationMs(labels.delay.to) },
          },
    noise: {
      duplicates: held(noise.duplicates),
      disorder: held(noise.disorder),
      late: held(noise.late),
      garbage: noise.garbage ?? 0,
    },
  };
}
