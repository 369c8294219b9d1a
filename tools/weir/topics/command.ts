/** npm run weir -- topics apply|verify */
import { allowPartialHistory, rulesetSettings } from "@weir/detector";
import { appId, ConfigurationError, kafkaSettings, processSource, readSettings, topicSettings } from "@weir/service";
import { durationMs, integer, optionLines, parseArguments, refuse, text } from "../../cli/arguments.ts";
import { topicsCommand } from "./apply.ts";
import { DEFAULT_PARTITIONS } from "./topics.ts";

const COMMAND = "npm run weir -- topics";

const options = {
  ruleset: text({
    about: "the rules whose stages need the topics; without it RULESET",
    placeholder: "FILE",
    fallback: null,
  }),
  partitions: integer({
    about: `partitions of topics to be made; without it the input's, or ${DEFAULT_PARTITIONS} if there is none yet`,
    min: 1,
    max: 10_000,
    fallback: null,
  }),
  wait: durationMs({ about: "how long to wait for a broker that does not answer yet (default 10s)", minMs: 0 }),
};

const settings = {
  kafka: kafkaSettings("weir-topics"),
  topics: topicSettings,
  appId,
  ruleset: rulesetSettings,
  allowPartialHistory,
};

export async function run(args: readonly string[]): Promise<number> {
  const { values, words, help, faults } = parseArguments(options, args, process.env);
  if (help) return printHelp();
  if (faults.length > 0) return refuse(COMMAND, faults);
  const [action, ...rest] = words;
  if ((action !== "apply" && action !== "verify") || rest.length > 0) {
    const given = words.length === 0 ? "nothing" : words.join(" ");
    return refuse(COMMAND, [`apply or verify is needed, got ${given}`]);
  }
  try {
    const env = { ...process.env, ...(values.ruleset !== null && { RULESET: values.ruleset }) };
    const { kafka, topics, ruleset, ...rest } = readSettings(settings, { ...processSource, env });
    const { plan, inputKeyed } = ruleset;
    const request = { ...rest, names: topics, plan, inputKeyed, partitions: values.partitions };
    return await topicsCommand(action, kafka, request, values.wait ?? 10_000);
  } catch (error) {
    if (error instanceof ConfigurationError) return refuse(COMMAND, error.faults);
    console.error(`${COMMAND}: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}

function printHelp(): 0 {
  const lines = [
    `${COMMAND} apply [options]    makes the topics that are missing; those that exist stay as they are`,
    `${COMMAND} verify [options]   says what is missing or wrong, and exits 78 if anything is`,
    "",
    ...optionLines(options),
    "",
    "Where Kafka is, what decides and how the topics are called come from the environment, as for the detector:",
    "",
    ...variableLines(),
    "",
    "Exit codes: 0 all is well; 1 no broker answers; 78 something must be changed.",
  ];
  console.log(lines.join("\n"));
  return 0;
}

function variableLines(): string[] {
  const rows = Object.values(settings).flatMap((entry) => entry.rows);
  const width = Math.max(...rows.map((row) => row.name.length));
  return rows.map((row) => {
    const fallback = row.required ? "required" : `default ${row.fallback ?? "not set"}`;
    return `  ${row.name.padEnd(width)}  ${row.about} (${row.accepts}; ${fallback})`;
  });
}
