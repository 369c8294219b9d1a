/** Of a run that is right nothing differs, and whatever is done to its topics is found. */
import { createChain } from "@weir/engine";
import { type MemoryBroker, MemoryLog } from "@weir/stream";
import { CHAIN_TOPICS, paymentsOf, tryChain } from "@weir/testing";
import { expect, test } from "vitest";
import { readRuleset } from "../weir/inputs.ts";
import { differencesOf } from "./reference.ts";

const PARTITIONS = 2;

async function given() {
  const faults: string[] = [];
  const plan = await readRuleset("rulesets/handbook-features.yaml", faults);
  if (plan === null) throw new Error(faults.join("\n"));
  const inputs = [...paymentsOf({ seed: 5, count: 200, partitions: PARTITIONS, topics: CHAIN_TOPICS })];
  const { broker } = await tryChain({ plan, partitions: PARTITIONS }, inputs);
  const inner = plan.entities.map(({ field }) => [`weir.by-${field}`, PARTITIONS] as const);
  const stages = createChain({
    ...{ plan, inputKeyed: false, appId: "weir", topics: CHAIN_TOPICS, explain: "full" },
    ...{ maxRecordBytes: 65_536, maxFutureMs: 300_000 },
    partitions: new Map([[CHAIN_TOPICS.transactions, PARTITIONS], ...inner]),
  });
  return { broker, differences: () => differencesOf(new MemoryLog(broker), stages, PARTITIONS) };
}

type Entries = ReturnType<MemoryBroker["partition"]>["entries"];

test("a run that is right differs in nothing, and one whose topics were touched does", async () => {
  const { broker, differences } = await given();
  const right = await differences();
  expect(right.found).toEqual([]);
  expect(right.records).toBeGreaterThan(500);
  const tampered: ((entries: Entries, at: number) => void)[] = [
    (entries, at) => entries.splice(at, 1),
    (entries, at) => entries.splice(at, 0, ...entries.slice(at, at + 1)),
    (entries, at) => {
      const entry = entries[at] as Entries[number];
      entries[at] = { ...entry, record: { ...entry.record, timestampMs: 1 } };
    },
  ];
  for (const topic of ["weir.by-source", "weir.by-target", CHAIN_TOPICS.legit])
    for (const tamper of tampered) {
      const { entries } = broker.partition({ topic, partition: 0 });
      const before = [...entries];
      tamper(
        entries,
        entries.findIndex(({ control }) => !control),
      );
      expect((await differences()).found, topic).not.toEqual([]);
      entries.splice(0, entries.length, ...before);
    }
  expect((await differences()).found).toEqual([]);
});
