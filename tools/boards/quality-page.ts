/** What the service quality answers at /metrics before its first decision: it reads Kafka, and a run in memory has none. */
import { qualityMetrics } from "@weir/quality";
import { Metrics } from "@weir/service";

export function qualityPage(): Promise<string> {
  const metrics = new Metrics({ service: "quality", version: "0", node: process.version });
  qualityMetrics(metrics, { rule: ["a-rule"], currency: ["EUR"] });
  return metrics.registry.metrics();
}
