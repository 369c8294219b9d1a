/** The chain on the real runtime, against its own sequential reference and against the evaluator. */
import type { Plan } from "@weir/engine";
import { EnvelopeReader, envelopeOf, type LogRecord } from "@weir/schema";
import { describe, expect, test } from "vitest";
import { simulate } from "../sim/simulation.ts";
import { CHAIN_TOPICS, ChainRun, tryChain } from "./chain-run.ts";
import { chainSubject } from "./chain-subject.ts";
import { evaluatedDecisions, writtenDecisions } from "./evaluated.ts";
import { paymentsOf } from "./payments.ts";
import { planOf, SOURCE_AND_TARGET, WITH_DEVICE, WITHOUT_LABELS } from "./rulesets.fixture.ts";

type Options = {
  readonly plan: Plan;
  readonly partitions: number;
  readonly inputKeyed?: boolean;
  readonly secret?: string;
  readonly count: number;
  readonly seed: number;
};

function runOf({ plan, partitions, inputKeyed = false, secret, count, seed }: Options): Promise<ChainRun> {
  const inputs = [...paymentsOf({ seed, count, partitions, topics: CHAIN_TOPICS, keyed: inputKeyed })];
  return tryChain({ plan, partitions, inputKeyed, secret }, inputs);
}

/** Decisions, and rejections of transactions. */
function outputsOf(run: ChainRun): { readonly decisions: LogRecord[]; readonly rejected: LogRecord[] } {
  const originOf = ({ headers }: LogRecord): string =>
    String(headers.findLast(([name]) => name === "weir-origin")?.[1] ?? "");
  return {
    decisions: run.records(CHAIN_TOPICS.legit, CHAIN_TOPICS.fraud),
    rejected: run
      .records(CHAIN_TOPICS.rejected)
      .filter((record) => originOf(record).startsWith(CHAIN_TOPICS.transactions)),
  };
}

describe.each([
  { name: "source and target", ruleset: SOURCE_AND_TARGET, seed: 1 },
  { name: "source, device and target", ruleset: WITH_DEVICE, seed: 2 },
])("a chain of $name", ({ ruleset, seed }) => {
  const plan = planOf(ruleset);

  test.each([1, 4])(
    "of %i partitions gives what each stage's log read in order gives, byte for byte",
    async (partitions) => {
      const run = await runOf({ plan, partitions, count: 2_000, seed });
      expect(run.differences()).toEqual([]);
      // None of it for want of trying.
      expect(run.restores).toBeGreaterThan(2 * partitions);
      const outcomes = [...run.labels.keys()].map((label) => label.split(" ")[1]);
      expect(outcomes).toEqual(
        expect.arrayContaining([
          ...["approve", "review", "decline", "passed", "label:matched", "label:unmatched"],
          ...["rejected:malformed", "rejected:duplicate", "rejected:duplicate_conflict"],
        ]),
      );
      const { decisions, rejected } = outputsOf(run);
      expect(decisions.length + rejected.length).toBe(2_000);
      const texts = decisions.map(({ value }) => String(value));
      for (const said of ['"late":true', '"evidence":[', '"rule":"watched"'])
        expect(texts.filter((text) => text.includes(said)).length, said).toBeGreaterThan(5);
    },
  );
});

describe("a chain whose source's stage reads the input", () => {
  const plan = planOf(WITHOUT_LABELS);

  test.each([1, 4])(
    "of %i partitions gives what each stage's log read in order gives, byte for byte",
    async (partitions) => {
      const run = await runOf({ plan, partitions, inputKeyed: true, count: 2_000, seed: 8 });
      expect(run.differences()).toEqual([]);
      expect(run.verdict().recounted).toBeGreaterThan(1_500);
      expect(run.restores).toBeGreaterThan(2 * partitions);
      expect([...run.labels.keys()]).toEqual(
        expect.arrayContaining([
          ...["source passed", "target passed", "device approve", "device review", "device decline"],
          ...["malformed", "duplicate", "duplicate_conflict"].map((reason) => `source rejected:${reason}`),
        ]),
      );
      expect(run.labels.get("source rejected:misrouted") ?? 0).toBeGreaterThanOrEqual(partitions === 1 ? 0 : 20);
      const { decisions, rejected } = outputsOf(run);
      expect(decisions.length + rejected.length).toBe(2_000);
    },
  );

  test("decides as it does behind a gate, but for the place that is the order", async () => {
    const [keyed, gated] = await Promise.all(
      [true, false].map((inputKeyed) => {
        const inputs = [...paymentsOf({ seed: 9, count: 1_000, partitions: 1, topics: CHAIN_TOPICS, keyed: true })];
        return tryChain({ plan, partitions: 1, inputKeyed }, inputs);
      }),
    );
    const said = (run: ChainRun | undefined): string[] =>
      [...writtenDecisions(outputsOf(run as ChainRun).decisions).values()]
        .map((text) => text.replace(/"order":\d+,/, ""))
        .sort();
    expect(said(keyed).length).toBeGreaterThan(800);
    expect(said(keyed)).toEqual(said(gated));
  });
});

describe("a chain whose ids are tokens", () => {
  const plan = planOf(WITH_DEVICE);
  const secret = "a secret of thirty-two bytes, so long";

  test.each([1, 4])(
    "of %i partitions gives what each stage's log read in order gives, byte for byte, by whoever has the key",
    async (partitions) => {
      const run = await runOf({ plan, partitions, secret, count: 2_000, seed: 2 });
      expect(run.differences()).toEqual([]);
      expect(run.verdict().recounted).toBeGreaterThan(1_500);
      expect(run.restores).toBeGreaterThan(2 * partitions);
    },
  );

  test("decides as it does without, but for the ids", async () => {
    const [plain, tokenised] = await Promise.all(
      [undefined, secret].map((key) =>
        runOf({ plan, partitions: 1, count: 1_000, seed: 9, ...(key && { secret: key }) }),
      ),
    );
    const said = (run: ChainRun | undefined): Map<string, string> =>
      writtenDecisions(outputsOf(run as ChainRun).decisions);
    expect(said(plain).size).toBeGreaterThan(800);
    expect(said(tokenised)).toEqual(said(plain));
  });
});

describe("a label", () => {
  const plan = planOf(WITH_DEVICE);
  const partitions = 3;

  /** Labels that are ahead of their transactions in the log by source, and how many are not. */
  function order(run: ChainRun): { ahead: string[]; behind: number } {
    const found = { ahead: [] as string[], behind: 0 };
    for (let partition = 0; partition < partitions; partition++) {
      const log = run.broker.partition({ topic: "weir.by-source", partition });
      const names = new Set<string>();
      const labels: string[] = [];
      for (const { headers, value } of log.slice(0, log.end, Number.POSITIVE_INFINITY).records) {
        const envelope = new EnvelopeReader();
        envelope.open(envelopeOf(headers));
        const { id, transaction } = JSON.parse(String(value)) as { id?: string; transaction?: string };
        if (!envelope.isLabel) names.add(id ?? `${CHAIN_TOPICS.transactions}/${envelope.partition}/${envelope.offset}`);
        else if (names.has(transaction as string)) found.behind += 1;
        else labels.push(transaction as string);
      }
      found.ahead.push(...labels.filter((name) => names.has(name)));
    }
    return found;
  }

  test("comes behind its transaction, however far the gate is behind", async () => {
    const run = new ChainRun({ plan, partitions });
    run.produce(paymentsOf({ seed: 5, count: 1_000, partitions, topics: CHAIN_TOPICS }));
    const first = run.start();
    await run.until(300);
    run.produce(paymentsOf({ seed: 6, count: 1_000, partitions, topics: CHAIN_TOPICS }));
    run.kill(first);
    const last = run.start();
    await run.drain();
    await run.stop(last);
    const { ahead, behind } = order(run);
    expect(ahead).toEqual([]);
    expect(behind).toBeGreaterThan(200);
    expect(run.differences()).toEqual([]);
  });
});

describe("a chain of one partition", () => {
  test("decides as the evaluator does in one process", async () => {
    const plan = planOf(SOURCE_AND_TARGET);
    const run = await runOf({ plan, partitions: 1, count: 2_000, seed: 3 });
    const wanted = evaluatedDecisions(plan, CHAIN_TOPICS.transactions, run.records("weir.by-source"));
    const written = writtenDecisions(run.records(CHAIN_TOPICS.legit, CHAIN_TOPICS.fraud));
    expect(written.size).toBeGreaterThan(1_500);
    expect(new Set(written.keys())).toEqual(new Set(wanted.keys()));
    for (const [id, text] of written) expect(text, id).toBe(wanted.get(id));
  });
});

describe("the reference", () => {
  const plan = planOf(SOURCE_AND_TARGET);
  type Entries = ReturnType<ChainRun["broker"]["partition"]>["entries"];

  test.each<[string, (entries: Entries, at: number) => void]>([
    ["lost", (entries, at) => entries.splice(at, 1)],
    ["doubled", (entries, at) => entries.splice(at, 0, ...entries.slice(at, at + 1))],
    ["out of order", (entries, at) => entries.splice(at, 2, ...entries.slice(at, at + 2).reverse())],
    [
      "changed",
      (entries, at) => {
        const entry = entries[at] as Entries[number];
        entries[at] = { ...entry, record: { ...entry.record, timestampMs: 0 } };
      },
    ],
  ])("sees a record that is %s, wherever it is", async (_, tamper) => {
    for (const topic of ["weir.by-source", "weir.by-target", CHAIN_TOPICS.legit]) {
      const run = await runOf({ plan, partitions: 1, count: 100, seed: 4 });
      const { entries } = run.broker.partition({ topic, partition: 0 });
      const at = entries.findIndex(({ control }, index) => !control && entries[index + 1]?.control === false);
      tamper(entries, at);
      expect(run.differences(), topic).not.toEqual([]);
    }
  });
});

describe("a chain under faults", () => {
  test.each([
    { partitions: 1, ruleset: WITH_DEVICE, inputKeyed: false },
    { partitions: 3, ruleset: WITH_DEVICE, inputKeyed: false },
    { partitions: 3, ruleset: WITHOUT_LABELS, inputKeyed: true },
  ])(
    "of $partitions partitions, input keyed: $inputKeyed, loses, doubles and misorders nothing in 20 runs",
    { timeout: 300_000 },
    async ({ partitions, ruleset, inputKeyed }) => {
      for (let seed = 1; seed <= 20; seed += 1) {
        const report = await simulate(chainSubject({ plan: planOf(ruleset), partitions, inputKeyed }), {
          seed,
          steps: 400,
          only: null,
        });
        expect(report.violations, `seed ${seed}`).toEqual([]);
      }
    },
  );
});
