import { createLogger, Metrics } from "@weir/service";
import { expect, test } from "vitest";
import { detectorMetrics } from "./metrics.ts";
import { observe } from "./observe.ts";

test("an engine that threw is counted, and logged by kind and place: its words may quote a payload", async () => {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const log = createLogger({ level: "info", service: "test", instance: "1", destination });
  const registry = new Metrics({ service: "test", version: "1", node: "v24" });
  const events = observe(
    { stage: "gate", ofTransactions: true, isLast: true },
    detectorMetrics(registry, ["gate"]),
    log,
    () => 0,
  );
  const error = new TypeError('no number in "alice\n    at home"');
  events.stepFailed({ partition: 3, offset: 41, error });
  events.stepFailed({ partition: 3, offset: 42, error: "alice" });
  const [line = "{}", other = "{}"] = lines;
  expect(JSON.parse(line)).toMatchObject({ level: "error", partition: 3, offset: 41, error: "TypeError" });
  expect(JSON.parse(line).frames[0]).toContain("observe.test.ts");
  expect(JSON.parse(other)).toMatchObject({ error: "string", frames: [] });
  expect(lines.join("")).not.toMatch(/alice|home/);
  expect(await registry.registry.metrics()).toContain("weir_step_failures_total 2");
});
