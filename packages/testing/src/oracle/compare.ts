/** What stands in the topics against what has to stand there, record by record. */
import type { Evidence } from "./evidence.ts";
import { textOf, type Written } from "./reference.ts";
import { subjectOf } from "./subject.ts";

export type Differences = {
  readonly lost: string[];
  readonly doubled: string[];
  readonly disordered: string[];
  readonly wrong: string[];
  readonly unexplained: string[];
};

/**
 * `topics`: every one that stages write to, even if nothing has to stand there. A subject has one record in each of
 * `logs`, the topics between stages, and one in all others together.
 */
export function compare(
  evidence: Evidence,
  topics: readonly string[],
  logs: ReadonlySet<string>,
  wanted: readonly Written[],
): Differences {
  const found: Differences = { lost: [], doubled: [], disordered: [], wrong: [], unexplained: [] };
  const rightTexts = new Set<string>();
  const rightSubjects = new Set<string>();
  const missing = new Map<string, Written[]>();
  const left: { readonly place: string; readonly text: string; readonly about: string | null }[] = [];
  const about = (topic: string, subject: string | null): string | null =>
    subject === null ? null : `${logs.has(topic) ? topic : ""} ${subject}`;

  const byPlace = Map.groupBy(wanted, ({ topic, partition }) => `${topic}/${partition}`);
  for (const topic of topics)
    for (let partition = 0; partition < evidence.partitions(topic); partition += 1) {
      const place = `${topic}/${partition}`;
      const records = evidence.records(topic, partition).map((record) => ({
        text: textOf(record),
        about: about(topic, subjectOf(record)),
      }));
      const indices = new Map<string, number[]>();
      for (const [index, { text }] of records.entries()) {
        const list = indices.get(text);
        if (list === undefined) indices.set(text, [index]);
        else list.push(index);
      }
      const last = new Map<string, number>();
      for (const one of byPlace.get(place) ?? []) {
        const index = indices.get(one.text)?.shift();
        const name = about(topic, one.subject);
        if (index === undefined) {
          const list = missing.get(name ?? "");
          if (list === undefined) missing.set(name ?? "", [one]);
          else list.push(one);
          continue;
        }
        rightTexts.add(one.text);
        if (name !== null) rightSubjects.add(name);
        if (index < (last.get(one.from) ?? -1)) found.disordered.push(`${one.text} of ${one.from} in ${place}`);
        else last.set(one.from, index);
      }
      for (const list of indices.values())
        for (const index of list) {
          const record = records[index];
          if (record !== undefined) left.push({ place, ...record });
        }
    }

  for (const { place, text, about } of left) {
    const instead = about === null ? undefined : missing.get(about)?.shift();
    if (instead !== undefined)
      found.wrong.push(`${place} has ${text}, ${instead.topic}/${instead.partition} should have ${instead.text}`);
    else if (rightTexts.has(text) || (about !== null && rightSubjects.has(about)))
      found.doubled.push(`${text} in ${place}`);
    else found.unexplained.push(`${text} in ${place}`);
  }
  for (const list of missing.values())
    for (const { topic, partition, text } of list) found.lost.push(`${topic}/${partition} lacks ${text}`);
  return found;
}
