import { createLogger, Metrics } from "@weir/service";
import { expect, test } from "vitest";
import { detectorMetrics } from "./metrics.ts";
import { observe } from "./observe.ts";

function observed() {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const log = createLogger({ level: "info", service: "test", instance: "1", destination });
  const registry = new Metrics({ service: "test", version: "1", node: "v24" });
  const unready: string[] = [];
  const readiness = { notReady: (reason: string) => void unready.push(reason) };
  const stage = { stage: "gate", ofTransactions: true, isLast: true, readiness };
  const made = detectorMetrics(registry, { stage: ["gate"], rule: ["burst", "probe"] });
  const events = observe(stage, made, log, () => 0);
  return { events, lines, unready, exported: () => registry.registry.metrics() };
}

test("a partition that begins again and again is counted each time and logged ever more rarely", async () => {
  const { events, lines, exported } = observed();
  for (let attempt = 1; attempt <= 100; attempt++) events.retrying({ partition: 3, attempt, error: new Error("gone") });
  expect(lines.map((line) => JSON.parse(line).attempt)).toEqual([1, 2, 4, 8, 16, 32, 64]);
  expect(await exported()).toContain('weir_partition_retries_total{stage="gate"} 100');
});

test("an engine that threw is counted, and logged by kind and place: its words may quote a payload", async () => {
  const { events, lines, exported } = observed();
  const error = new TypeError('no number in "alice\n    at home"');
  events.stepFailed({ partition: 3, offset: 41, error });
  events.stepFailed({ partition: 3, offset: 42, error: "alice" });
  const [line = "{}", other = "{}"] = lines;
  expect(JSON.parse(line)).toMatchObject({ level: "error", partition: 3, offset: 41, error: "TypeError" });
  expect(JSON.parse(line).frames[0]).toContain("observe.test.ts");
  expect(JSON.parse(other)).toMatchObject({ error: "string", frames: [] });
  expect(lines.join("")).not.toMatch(/alice|home/);
  expect(await exported()).toContain("weir_step_failures_total 2");
});

test("a decision is counted by its outcome, by each of its marks and for each rule that hit", async () => {
  const { events, exported } = observed();
  const labels = new Map([
    ["approve", 5],
    ["approve+late", 2],
    ["review+late+currency", 1],
    ["approve!probe", 3],
    ["decline+late!burst!probe", 2],
  ]);
  const batch = {
    partition: 0,
    from: 0,
    next: 13,
    endOffset: 13,
    records: 13,
    labels,
    outputs: [],
    snapshotRecords: 0,
  };
  events.batchCommitted({ ...batch, timestampsMs: new Float64Array(), computeMs: 1, ms: 2, traced: [] });
  const text = await exported();
  for (const line of ['decisions_total{outcome="approve"} 10', 'decisions_total{outcome="review"} 1'])
    expect(text).toContain(`weir_${line}`);
  for (const line of ['{mark="late"} 5', '{mark="currency"} 1', '{mark="history"} 0'])
    expect(text).toContain(`weir_marked_decisions_total${line}`);
  for (const line of ['{rule="probe",outcome="approve"} 3', '{rule="burst",outcome="decline"} 2'])
    expect(text).toContain(`weir_rule_hits_total${line}`);
  expect(text).toContain('weir_rule_hits_total{rule="burst",outcome="approve"} 0');
  expect(text).toContain("weir_transactions_total 13");
});

test("a stage that gains partitions is not ready at once, one that loses some goes on", () => {
  const { events, unready } = observed();
  events.assigned({ partitions: [0], gained: 0, lost: 1 });
  expect(unready).toEqual([]);
  events.assigned({ partitions: [0, 1], gained: 1, lost: 0 });
  expect(unready).toEqual(["1 partitions were gained"]);
});
