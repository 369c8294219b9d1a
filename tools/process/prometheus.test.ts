import fc from "fast-check";
import { expect, test } from "vitest";
import { byLabel, histogramOf, parsePrometheus, quantile, since, sumOf } from "./prometheus.ts";

const page = `# HELP weir_decisions_total Decisions by outcome
# TYPE weir_decisions_total counter
weir_decisions_total{service="detector",outcome="approve"} 90
weir_decisions_total{service="detector",outcome="decline"} 10 1700000000000
weir_lag_seconds 0.25
strange{text="a \\"quoted\\" , } \\\\ \\n line"} +Inf
this is no sample
latency_bucket{le="0.01"} 50
latency_bucket{le="0.1"} 90
latency_bucket{le="+Inf"} 100
latency_sum 1.5
latency_count 100
`;

test("samples, labels, timestamps and escapes are read, and what is no sample is passed over", () => {
  const samples = parsePrometheus(page);
  expect(samples).toHaveLength(9);
  expect(samples[3]).toEqual({
    name: "strange",
    labels: { text: 'a "quoted" , } \\ \n line' },
    value: Number.POSITIVE_INFINITY,
  });
  expect(sumOf(samples, "weir_decisions_total")).toBe(100);
  expect(sumOf(samples, "weir_decisions_total", ({ outcome }) => outcome === "decline")).toBe(10);
  expect([...byLabel(samples, "weir_decisions_total", "outcome")]).toEqual([
    ["approve", 90],
    ["decline", 10],
  ]);
});

test("a quantile is interpolated within its bucket, as Prometheus does it", () => {
  const histogram = histogramOf(parsePrometheus(page), "latency");
  expect(quantile(0.25, histogram)).toBeCloseTo(0.005);
  expect(quantile(0.5, histogram)).toBeCloseTo(0.01);
  expect(quantile(0.7, histogram)).toBeCloseTo(0.055);
});

test("a quantile in the unbounded bucket is that bucket's lower bound, and one of nothing is null", () => {
  const histogram = histogramOf(parsePrometheus(page), "latency");
  expect(quantile(0.99, histogram)).toBe(0.1);
  expect(quantile(0.5, new Map())).toBeNull();
  expect(quantile(0.5, since(histogram, histogram))).toBeNull();
});

test("the buckets of several processes are added up", () => {
  const twice = [...parsePrometheus(page), ...parsePrometheus(page)];
  expect([...histogramOf(twice, "latency").values()]).toEqual([100, 180, 200]);
});

test("a quantile never falls as q rises, and lies in the bucket that holds its rank", () => {
  const bounds = [0.001, 0.01, 0.1, 1, Number.POSITIVE_INFINITY];
  fc.assert(
    fc.property(
      fc.array(fc.nat(1000), { minLength: 5, maxLength: 5 }).filter((counts) => counts.some((count) => count > 0)),
      fc.double({ min: 0.01, max: 0.99, noNaN: true }),
      fc.double({ min: 0.01, max: 0.99, noNaN: true }),
      (counts, a, b) => {
        let running = 0;
        const histogram = new Map(
          bounds.map((bound, index) => {
            running += counts[index] ?? 0;
            return [bound, running];
          }),
        );
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        const value = quantile(low, histogram) ?? Number.NaN;
        expect(value).toBeLessThanOrEqual(quantile(high, histogram) ?? Number.NaN);
        const holder = [...histogram].find(([, count]) => count >= low * running && count > 0);
        expect(value).toBeLessThanOrEqual(holder?.[0] ?? Number.NaN);
      },
    ),
  );
});
