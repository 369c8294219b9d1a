/** A rule's examples, tried when it is compiled: a rule that does not do what its author says is a fault. */
import { type DecodedTransaction, decodeTransaction } from "@weir/schema";
import type { Path, SourceDocument } from "./document.ts";
import { EntityStates } from "./entity-states.ts";
import type { Expression } from "./expression.ts";
import { FIELDS, factsOf, type MessageField, timeAt } from "./facts.ts";
import type { RulesetFault } from "./fault.ts";
import type { Feature } from "./feature.ts";
import { boundedDuration } from "./features.ts";
import type { Names } from "./names.ts";
import type { PlannedEntity } from "./plan.ts";
import { describeRange, holding, point } from "./range.ts";
import { type ExampleDocument, LIMITS, type PastDocument } from "./ruleset-schema.ts";
import type { Observation } from "./window/observation.ts";

export type ExampleWorld = {
  readonly entities: readonly PlannedEntity[];
  readonly features: readonly Feature[];
  readonly names: Names;
  /** States that saw nothing yet. */
  readonly nothing: EntityStates;
};

/** When the transaction of an example happens; any time would do. */
const NOW_MS = 1_600_000_000_000;

/** Whether the examples of these rules are few enough to be tried. */
export function historiesFit(document: SourceDocument, rules: Iterable<number>, faults: RulesetFault[]): boolean {
  let histories = 0;
  for (const rule of rules) {
    const path = ["rules", rule, "examples"];
    if (!document.sound(path)) continue;
    for (const [index, { history }] of (document.at(path) as ExampleDocument[]).entries()) {
      if (history !== undefined) histories += 1;
      if (histories <= LIMITS.histories) continue;
      const message = `a ruleset has at most ${LIMITS.histories} examples with a history, so none was tried`;
      faults.push(document.faultAt([...path, index], message));
      return false;
    }
  }
  return true;
}

/** Of all examples at `path`. */
export function exampleFaults(
  document: SourceDocument,
  path: Path,
  test: Expression["test"],
  world: ExampleWorld,
): RulesetFault[] {
  if (!document.sound(path)) return [];
  const faults: RulesetFault[] = [];
  for (const [index, example] of (document.at(path) as ExampleDocument[]).entries()) {
    const place = [...path, index];
    const hit = example.given === undefined ? tryHistory(place, example) : tryGiven(place, example);
    if (hit === null || hit === (example.expect === "hit")) continue;
    const [got, wanted] = hit ? ["hit", "miss"] : ["miss", "hit"];
    faults.push(document.faultAt([...place, "expect"], `this example is a ${got}, not a ${wanted}`));
  }
  return faults;

  /** Whether the rule hits; null after a fault. */
  function tryGiven(place: Path, { given = {} }: ExampleDocument): boolean | null {
    const wrong = givenFaults(document, [...place, "given"], given, world);
    faults.push(...wrong);
    if (wrong.length > 0) return null;
    const { hour, weekday, ...rest } = given;
    const fields = Object.fromEntries(Object.entries(rest).filter(([name]) => Object.hasOwn(FIELDS, name)));
    const timeMs = timeAt(NOW_MS, { hour, weekday } as { hour?: number; weekday?: number });
    const transaction = transactionFrom(document, [...place, "given"], fields, world.names, faults);
    if (transaction === null) return null;
    const features = new Float64Array(world.features.length);
    // What is not given is as in a first transaction.
    world.nothing.ask(observationOf(transaction, timeMs, 0), features);
    for (const [index, { name }] of world.features.entries())
      if (Object.hasOwn(given, name)) features[index] = (given[name] as number | null) ?? Number.NaN;
    return test(factsOf(transaction, features, timeMs));
  }

  function tryHistory(place: Path, { history = [] }: ExampleDocument): boolean | null {
    const before = faults.length;
    const log = logOf(document, [...place, "history"], history, world.names, faults);
    const asked = log.pop();
    if (faults.length > before || asked?.kind !== "transaction") return null;
    const states = new EntityStates(world.entities);
    for (const [offset, event] of log.entries())
      if (event.kind === "transaction") {
        if (states.duplicateOf(event) === null) states.apply(event, offset);
      } else states.applyLabel(event.label, event.origin, offset);
    if (states.duplicateOf(asked) !== null) {
      const last = [...place, "history", history.length - 1];
      faults.push(document.faultAt(last, "its source has sent this id before, so it would be rejected as a duplicate"));
      return null;
    }
    const features = new Float64Array(world.features.length);
    states.ask(asked, features);
    return test(factsOf(asked.transaction, features, asked.timeMs));
  }
}

type Given = Readonly<Record<string, number | string | null>>;

function givenFaults(document: SourceDocument, path: Path, given: Given, { names }: ExampleWorld): RulesetFault[] {
  const faults: RulesetFault[] = [];
  for (const [name, value] of Object.entries(given)) {
    const known = names.get(name);
    if (known === undefined || known.kind === "list") {
      faults.push(document.faultAtKey([...path, name], `${name} is not known; ${names.advise(name)}`));
      continue;
    }
    const right = value === null ? known.optional : (known.kind === "text") === (typeof value === "string");
    if (right) {
      // An amount is for the message's own decoder to judge.
      if (known.kind !== "number" || name === "amount" || value === null) continue;
      if (holding("==", known.range, point(value as number)) !== null) continue;
      const what = `${known.range.whole ? "a whole number " : ""}${describeRange(known.range)}`;
      faults.push(document.faultAt([...path, name], `${name} is ${what}, never ${value}`));
      continue;
    }
    const expected = `a ${known.kind}${known.optional ? " or null" : ""}`;
    faults.push(document.faultAt([...path, name], `${name} must be ${expected}`));
  }
  return faults;
}

type Logged =
  | Observation
  | {
      readonly kind: "told";
      readonly timeMs: number;
      readonly label: Parameters<EntityStates["applyLabel"]>[0];
      readonly origin: Observation["origin"] | null;
    };

/** Transactions and labels in the order of their times, ties in the order of the document; the last is asked. */
function logOf(
  document: SourceDocument,
  path: Path,
  history: readonly PastDocument[],
  names: Names,
  faults: RulesetFault[],
): Logged[] {
  const log: Logged[] = [];
  const timeOf = (place: Path, ago: string | undefined): number =>
    ago === undefined ? NOW_MS : NOW_MS - boundedDuration(document, place, ago, faults, LIMITS.agoMs);
  for (const [index, { ago, labelled, ...fields }] of history.entries()) {
    const place = [...path, index];
    const transaction = transactionFrom(document, place, fields, names, faults);
    const timeMs = timeOf([...place, "ago"], ago);
    if (transaction === null) continue;
    if (index === history.length - 1 && (ago ?? labelled) !== undefined)
      faults.push(document.faultAt(place, "the last transaction is the one that is asked; it has no ago and no label"));
    const observation = observationOf(transaction, timeMs, index);
    log.push(observation);
    if (labelled === undefined) continue;
    const labelledAtMs = timeOf([...place, "labelled", "ago"], labelled.ago);
    if (labelledAtMs < timeMs) {
      const message = "this is before the transaction itself; what it turned out to be is known later";
      faults.push(document.faultAt([...place, "labelled", "ago"], message));
    }
    const { source, target, id } = transaction;
    const { origin } = observation;
    const named = id ?? String(index);
    const label = { transaction: named, source, target, timestampMs: timeMs, fraud: labelled.fraud, labelledAtMs };
    log.push({ kind: "told", timeMs: labelledAtMs, label, origin: id === null ? origin : null });
  }
  return log.sort((a, b) => a.timeMs - b.timeMs);
}

function observationOf(transaction: DecodedTransaction, timeMs: number, offset: number): Observation {
  return { kind: "transaction", transaction, timeMs, origin: { partition: 0, offset } };
}

/** As if the fields had come as a message: what no transaction could be is a fault here too. */
function transactionFrom(
  document: SourceDocument,
  path: Path,
  fields: Readonly<Partial<Record<MessageField, unknown>>>,
  { tokens }: Names,
  faults: RulesetFault[],
): DecodedTransaction | null {
  const currency = document.sound(["currencies"]) ? document.data.currencies?.[0] : undefined;
  const message = { source: "source", target: "target", amount: 1, currency: currency ?? "EUR", ...fields };
  const value = Buffer.from(JSON.stringify(message));
  const decoded = decodeTransaction(tokens === undefined ? value : tokens.value(value, "transaction"));
  if (decoded.ok) return decoded.transaction;
  for (const { field, expected, got } of decoded.faults)
    faults.push(document.faultAt([...path, field], `${field} must be a ${expected}, got ${got}`));
  return null;
}
