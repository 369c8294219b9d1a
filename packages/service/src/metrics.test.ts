import { expect, test } from "vitest";
import { Metrics } from "./metrics.ts";

function metrics() {
  return new Metrics({ service: "test", version: "1", node: "v24" });
}

test("every combination of label values is exported at 0 before the first event", async () => {
  const m = metrics();
  const labels = { outcome: ["approve", "decline"], kind: ["a", "b"] };
  m.counter({ name: "weir_c_total", help: "h", labels });
  m.gauge({ name: "weir_g", help: "h", labels });
  m.histogram({ name: "weir_h_seconds", help: "h", labels, buckets: [1, 2] });
  const text = await m.registry.metrics();
  for (const outcome of labels.outcome) {
    for (const kind of labels.kind) {
      const set = `outcome="${outcome}",kind="${kind}"`;
      expect(text).toContain(`weir_c_total{${set}} 0`);
      expect(text).toContain(`weir_g{${set}} 0`);
      expect(text).toContain(`weir_h_seconds_count{${set}} 0`);
    }
  }
});

test("a metric without labels is exported at 0 as well", async () => {
  const m = metrics();
  m.counter({ name: "weir_c_total", help: "h" });
  m.histogram({ name: "weir_h_seconds", help: "h" });
  const text = await m.registry.metrics();
  expect(text).toMatch(/^weir_c_total 0$/m);
  expect(text).toMatch(/^weir_h_seconds_count 0$/m);
});

test("the build and the process are described", async () => {
  const text = await metrics().registry.metrics();
  expect(text).toContain('weir_build_info{version="1",node="v24",service="test"} 1');
  expect(text).toContain("process_cpu_seconds_total");
  expect(text).toContain("nodejs_eventloop_lag_seconds");
});
