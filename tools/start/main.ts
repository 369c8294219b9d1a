/** npm start: all of Weir on this machine. See --help. */
import { rulesetSettings } from "@weir/detector";
import { appId, ConfigurationError, processSource, readSettings, topicSettings } from "@weir/service";
import { NoLocalKafka } from "@weir/testing";
import { type OptionValues, parseArguments, refuse } from "../cli/arguments.ts";
import { aborted, Interrupt } from "../cli/interrupt.ts";
import { Screen } from "../cli/screen.ts";
import type { TopicsOf } from "../weir/topics/topics.ts";
import type { Ground } from "./ground.ts";
import { givenKafka, isGiven, ownKafka } from "./kafka-ground.ts";
import { MemoryGround } from "./memory/ground.ts";
import { helpText, options } from "./options.ts";
import { Session } from "./session.ts";

const COMMAND = "npm start";
const ONE_PROCESS = "in memory there is one process, with one detector in it";
const startedMs = performance.now();

let session: Session | null = null;
let ground: Ground | null = null;
using interrupt = new Interrupt(() => {
  session?.kill();
  ground?.kill();
  console.error("\nstopped by force");
  process.exit(130);
});

// Not only the code: a client that still waits for an answer from Kafka would keep the process for that long.
process.exit(await main());

async function main(): Promise<number> {
  const { values, words, help, faults } = parseArguments(options, process.argv.slice(2), process.env);
  if (help) {
    console.log(helpText());
    return 0;
  }
  const strays = words.length > 0 ? [`${JSON.stringify(words.join(" "))} means nothing here`] : [];
  const wrong = [...faults, ...strays, ...contradictions(values)];
  if (wrong.length > 0) return refuse(COMMAND, wrong);
  try {
    // Our generator keys by source; a ruleset that does not compile is told before anything is started.
    const env = { INPUT_KEYED: "true", ...process.env, RULESET: values.ruleset };
    const table = { names: topicSettings, appId, ruleset: rulesetSettings };
    const { ruleset, ...named } = readSettings(table, { ...processSource, env });
    const settings = { ...named, plan: ruleset.plan, inputKeyed: ruleset.inputKeyed };
    const screen = new Screen(process.stdout, process.env);
    const found = await Promise.race([findGround(values, settings, screen), aborted(interrupt.signal)]);
    // A broker that is half up ends with this process.
    if (found === undefined) process.exit(130);
    ground = found;
    session = new Session({
      ...settings,
      ...values,
      forMs: values.for,
      ground,
      screen,
      stopping: interrupt.signal,
      startedMs,
    });
    try {
      return await session.run();
    } finally {
      await ground.stop();
    }
  } catch (error) {
    if (error instanceof ConfigurationError) return refuse(COMMAND, error.faults);
    console.error(`${COMMAND}: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}

type Values = OptionValues<typeof options>;

/** Options that are right one by one and not together. */
function contradictions({ fresh, detectors, "in-memory": inMemory }: Values): string[] {
  const faults: string[] = [];
  if (inMemory && detectors > 1) faults.push(`--detectors ${detectors} needs Kafka: ${ONE_PROCESS}`);
  if (fresh && !inMemory && isGiven(process.env)) {
    faults.push("--fresh would have to delete topics at KAFKA_BROKER_URL, which Weir does not do; leave it out");
  }
  return faults;
}

/** Throws a ConfigurationError when the options ask for what can be had on Kafka alone, and there is none. */
async function findGround(values: Values, settings: TopicsOf, screen: Screen): Promise<Ground> {
  const kafka = (line: string): void => screen.say(`Kafka: ${line}`);
  if (values["in-memory"]) {
    kafka(`none, because --in-memory was given. This is one process, not Kafka, and nothing is kept.`);
    return new MemoryGround(settings);
  }
  try {
    const found = await (isGiven(process.env) ? givenKafka() : ownKafka(values.fresh, kafka));
    kafka(found.place);
    return found;
  } catch (error) {
    if (!(error instanceof NoLocalKafka)) throw error;
    if (values.detectors > 1)
      throw new ConfigurationError(
        `--detectors ${values.detectors} needs Kafka: ${ONE_PROCESS}, and there is ${error.message}`,
      );
    screen.say(
      [
        `Kafka: ${error.message}`,
        "So this runs in memory: one process, not Kafka, and nothing is kept. Either of the two makes it a real Kafka,",
        "and so does KAFKA_BROKER_URL=host:port of one that runs.",
        "",
      ].join("\n"),
    );
    return new MemoryGround(settings);
  }
}
