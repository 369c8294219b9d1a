/** npm start: all of Weir on this machine. See --help. */
import { readFile } from "node:fs/promises";
import { compileRuleset, formatFaults } from "@weir/engine";
import { appId, ConfigurationError, readSettings, topicSettings } from "@weir/service";
import { NoLocalKafka } from "@weir/testing";
import { EXIT_CONFIGURATION, parseArguments, refuse } from "../cli/arguments.ts";
import { aborted, Interrupt } from "../cli/interrupt.ts";
import { type ChosenKafka, givenKafka, isGiven, ownKafka } from "./choose-kafka.ts";
import { startInMemory } from "./in-memory.ts";
import { helpText, options } from "./options.ts";
import { Screen } from "./screen.ts";
import { Session } from "./session.ts";

const COMMAND = "npm start";
const startedMs = performance.now();

let session: Session | null = null;
let kafka: ChosenKafka | null = null;
using interrupt = new Interrupt(() => {
  session?.kill();
  kafka?.kill();
  console.error("\nstopped by force");
  process.exit(130);
});

process.exitCode = await main();

async function main(): Promise<number> {
  const { values, words, help, faults } = parseArguments(options, process.argv.slice(2), process.env);
  if (help) {
    console.log(helpText());
    return 0;
  }
  if (faults.length > 0) return refuse(COMMAND, faults);
  if (words.length > 0) return refuse(COMMAND, [`${JSON.stringify(words.join(" "))} means nothing here`]);
  const given = isGiven(process.env);
  if (given && values.fresh) {
    return refuse(COMMAND, [
      "--fresh would have to delete topics at KAFKA_BROKER_URL, which Weir does not do; leave it out",
    ]);
  }
  try {
    const settings = readSettings({ names: topicSettings, appId });
    const rulesetFaults = await faultsOfRuleset(values.ruleset);
    if (rulesetFaults !== null) {
      console.error(rulesetFaults);
      return EXIT_CONFIGURATION;
    }
    const screen = new Screen(process.stdout, process.env);
    const starting = given ? givenKafka() : ownKafka(values.fresh, (line) => screen.say(`Kafka: ${line}`));
    const found = await Promise.race([starting, aborted(interrupt.signal)]);
    // A broker that is half up ends with this process.
    if (found === undefined) process.exit(130);
    kafka = found;
    screen.say(`Kafka: ${kafka.place}, because ${kafka.why}`);
    session = new Session({
      ...settings,
      ...values,
      forMs: values.for,
      ruleset: values.ruleset,
      kafka,
      screen,
      stopping: interrupt.signal,
      startedMs,
    });
    try {
      return await session.run();
    } finally {
      await kafka.stop();
    }
  } catch (error) {
    if (error instanceof ConfigurationError) return refuse(COMMAND, error.faults);
    if (error instanceof NoLocalKafka) return startInMemory(error.message);
    console.error(`${COMMAND}: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}

/** A ruleset that does not compile is told before anything is started. */
async function faultsOfRuleset(path: string): Promise<string | null> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch {
    return `${COMMAND}: --ruleset ${path} cannot be read; rulesets/ has some`;
  }
  const compiled = compileRuleset(text, { file: path });
  return compiled.ok ? null : `${COMMAND}: ${formatFaults(compiled.faults)}`;
}
