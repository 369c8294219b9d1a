/** The files under k8s/ that say what others say already: made from those, so that there is one source of each. */
import { compileRuleset } from "@weir/engine";
import { TOPICS } from "@weir/schema";
import { parse, stringify } from "yaml";
import { wantedTopics } from "../weir/topics/topics.ts";
import { type Document, filesBelow, readText } from "./repository.ts";

/** As many detectors as this can share the work; state belongs to a partition, so it cannot be changed later. */
export const PARTITIONS = 12;

const RULESET = "rulesets/card-payments.yaml";
const HOW = "node tools/deploy-check/write.ts";

/** Path below the top of the repository -> text. */
export function madeFiles(): Map<string, string> {
  return new Map([
    ["k8s/detector/ruleset.yaml", readText(RULESET)],
    [
      "k8s/monitoring/prometheus-rule.yaml",
      document(`Made by ${HOW} from observability/prometheus/rules.`, [prometheusRule()]),
    ],
    ["k8s/strimzi/topics.yaml", document(`Made by ${HOW} from what ${RULESET} needs.`, kafkaTopics())],
  ]);
}

function document(head: string, objects: readonly Document[]): string {
  const texts = objects.map((object) => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false }));
  return `# ${head}\n${texts.join("---\n")}`;
}

function prometheusRule(): Document {
  const files = filesBelow("observability/prometheus/rules", ".yml");
  return {
    apiVersion: "monitoring.coreos.com/v1",
    kind: "PrometheusRule",
    metadata: { name: "weir" },
    spec: { groups: files.flatMap((file) => parse(readText(file)).groups) },
  };
}

/** Three copies of each record, two of them before a write counts: one broker may fail, and another be restarted. */
function kafkaTopics(): Document[] {
  const compiled = compileRuleset(readText(RULESET), { file: RULESET });
  if (!compiled.ok) throw new Error(`${RULESET} does not compile`);
  const topics = wantedTopics({ names: TOPICS, appId: "weir", plan: compiled.plan, inputKeyed: true }, PARTITIONS);
  return topics.map(({ name, partitions, config }) => ({
    apiVersion: "kafka.strimzi.io/v1",
    kind: "KafkaTopic",
    metadata: { name, labels: { "strimzi.io/cluster": "weir" } },
    spec: { partitions, replicas: 3, config: { ...config, "min.insync.replicas": "2" } },
  }));
}
