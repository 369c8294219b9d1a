/** npm run weir -- reasons: the newest decisions of the fraud topic, each with its reasons as sentences. */
import { KafkaLog } from "@weir/kafka";
import { ConfigurationError, kafkaSettings, readSettings, topicSettings } from "@weir/service";
import { TopicMissing } from "@weir/stream";
import { integer, optionLines, parseArguments, refuse, text } from "../../cli/arguments.ts";
import { decisionLines, newestDecisions } from "./newest.ts";

const COMMAND = "npm run weir -- reasons";
const SESSION_TIMEOUT_MS = 10_000;

const options = {
  limit: integer({ about: "decisions at most, the newest", min: 1, max: 1_000, fallback: 10 }),
  rule: text({ about: "only those that this rule is a reason for", placeholder: "ID", fallback: null }),
};

export async function run(args: readonly string[]): Promise<number> {
  const { values, words, help, faults } = parseArguments(options, args, process.env);
  if (help) return printHelp();
  const wrong = [...faults, ...words.map((word) => `${JSON.stringify(word)} means nothing here`)];
  if (wrong.length > 0) return refuse(COMMAND, wrong);
  let log: KafkaLog | null = null;
  try {
    const { kafka, topics } = readSettings({ kafka: kafkaSettings("weir-reasons"), topics: topicSettings });
    log = new KafkaLog({ connection: kafka, sessionTimeoutMs: SESSION_TIMEOUT_MS, log: () => {} });
    const decisions = await newestDecisions(log, { topic: topics.fraud, ...values });
    for (const decided of decisions) console.log(decisionLines(decided).join("\n"));
    if (decisions.length === 0) console.error(`nothing of that in ${topics.fraud}`);
    return 0;
  } catch (error) {
    if (error instanceof ConfigurationError) return refuse(COMMAND, error.faults);
    if (error instanceof TopicMissing) return refuse(COMMAND, [error.message]);
    console.error(`${COMMAND}: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  } finally {
    await log?.close();
  }
}

function printHelp(): 0 {
  const lines = [
    `${COMMAND} [options]   the newest decisions of the fraud topic, with their reasons as sentences`,
    "",
    ...optionLines(options),
    "",
    "Where Kafka is comes from the environment: KAFKA_BROKER_URL and its like, FRAUD_TOPIC.",
  ];
  console.log(lines.join("\n"));
  return 0;
}
