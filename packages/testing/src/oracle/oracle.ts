/**
 * The oracle: judges a run from what it left, as an outsider finds it. Three ways that do not lean on each other:
 * the books (inputs against outputs), a recount of windows by brute force, and every stage's log stepped through again
 * from its beginning, whose outputs and state must be those that were committed, byte for byte.
 */
import { accountsOf, type OutsideTopics } from "./accounts.ts";
import { compare } from "./compare.ts";
import { decidedBelow, type Evidence, type Judged } from "./evidence.ts";
import { stateFaults } from "./kept.ts";
import { type Counts, recount } from "./recount.ts";
import { type Reference, referenceOf } from "./reference.ts";

export type Verdict = {
  /** Records of the first topic that is decided on. */
  readonly inputs: number;
  readonly outputs: number;
  readonly rejected: number;
  readonly recounted: number;
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
  readonly disordered: readonly string[];
  readonly wrong: readonly string[];
  readonly unexplained: readonly string[];
  /** Snapshots, markers and committed offsets that do not fit together or to the log. */
  readonly state: readonly string[];
  /** Input that nobody has decided yet: none once all is drained. */
  readonly undecided: readonly string[];
};

/** The names of what can be wrong, in the order in which one wants to know. */
export const FINDINGS = ["lost", "doubled", "disordered", "wrong", "unexplained", "state", "undecided"] as const;

export type Outside = {
  readonly topics: OutsideTopics;
  /** What to recount; null: nothing. */
  readonly counts: Counts | null;
  /** What becomes of an input's text in outputs, the decision apart; left out: it stays. */
  readonly asWritten?: ((text: string) => string) | undefined;
};

/** `stages` in the order of the flow. `outside`: null where the records are not transactions. Throws nothing on bad evidence. */
export function judge(evidence: Evidence, stages: readonly Judged[], outside: Outside | null): Verdict {
  const inputs = new Set(stages.map(({ stage }) => stage.input));
  const written = [...new Set(stages.flatMap(({ stage }) => stage.outputs))];
  const wanted: Reference["written"][number][] = [];
  const state: string[] = [];
  const undecided: string[] = [];
  for (const judged of stages) {
    const { input } = judged.stage;
    for (let partition = 0; partition < evidence.partitions(input); partition += 1) {
      const reference = referenceOf(evidence, judged, partition);
      for (const one of reference.written) wanted.push(one);
      state.push(...stateFaults(evidence, judged, partition, reference));
      if (reference.undecided > 0) undecided.push(`${input}/${partition}: ${reference.undecided} records`);
    }
  }
  const found = compare(evidence, written, inputs, wanted);
  const books = outside === null ? null : booksOf(evidence, stages, outside);
  const counted = outside?.counts ? recount(evidence, outside.topics, outside.counts) : { compared: 0, wrong: [] };
  const [first] = stages;
  return {
    inputs: books?.inputs ?? (first === undefined ? 0 : sizeOf(evidence, first.stage.input)),
    outputs: books?.outputs ?? 0,
    rejected: books?.rejected ?? 0,
    recounted: counted.compared,
    lost: [...(books?.lost ?? []), ...found.lost],
    doubled: [...(books?.doubled ?? []), ...found.doubled],
    disordered: found.disordered,
    wrong: [...(books?.wrong ?? []), ...counted.wrong, ...found.wrong],
    unexplained: [...(books?.unexplained ?? []), ...found.unexplained],
    state,
    undecided,
  };
}

export function isClean(verdict: Verdict): boolean {
  return FINDINGS.every((name) => verdict[name].length === 0);
}

/** One line for each finding. */
export function findingsOf(verdict: Verdict): string[] {
  return FINDINGS.flatMap((name) => verdict[name].map((line) => `${name}: ${line}`));
}

function booksOf(
  evidence: Evidence,
  stages: readonly Judged[],
  { topics, asWritten }: Outside,
): ReturnType<typeof accountsOf> {
  const entry = stages.find(({ stage }) => stage.input === topics.transactions);
  const others = stages.map(({ stage }) => stage.input).filter((topic) => topic !== topics.transactions);
  const below = (partition: number): number => (entry === undefined ? 0 : decidedBelow(evidence, entry, partition));
  return accountsOf(evidence, topics, below, others, asWritten);
}

function sizeOf(evidence: Evidence, topic: string): number {
  let size = 0;
  for (let partition = 0; partition < evidence.partitions(topic); partition += 1)
    size += evidence.records(topic, partition).length;
  return size;
}
