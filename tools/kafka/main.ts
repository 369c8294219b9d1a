/** npm run kafka: a local broker alone, in the foreground, until Ctrl-C. */
import { relative } from "node:path";
import { keptBrokerFolder, startJavaKafka } from "@weir/testing";
import { flag, integer, type OptionValues } from "../cli/arguments.ts";
import { runCommand } from "../cli/command.ts";
import { aborted, Interrupt } from "../cli/interrupt.ts";

const options = {
  port: integer({ about: "port for clients; without it any free one", min: 1, max: 65_535, fallback: null }),
  fresh: flag("begin without the topics and records of earlier runs"),
};

process.exitCode = await runCommand(
  {
    name: "npm run kafka",
    about: [
      "Runs Apache Kafka as a Java process on this machine until Ctrl-C (Java 17 or newer; Maven the first time).",
      "Its data are kept, and npm start uses the same ones.",
    ],
    options,
  },
  main,
);

async function main({ port, fresh }: OptionValues<typeof options>): Promise<number> {
  using interrupt = new Interrupt(() => process.exit(1));
  const starting = startJavaKafka({
    dataDir: keptBrokerFolder,
    fresh,
    ...(port === null ? {} : { port }),
    log: (line) => console.log(line),
  });
  const broker = await Promise.race([starting, aborted(interrupt.signal)]);
  // A broker that is half up ends with this process.
  if (broker === undefined) process.exit(130);
  console.log(instructions(broker.brokers, relative(process.cwd(), broker.logFile)));
  const how = await Promise.race([broker.died, aborted(interrupt.signal)]);
  if (how !== undefined) {
    console.error(`the broker ended by itself (${how}); its log: ${broker.logFile}`);
    return 1;
  }
  console.log("stopping");
  await broker.stop();
  console.log("stopped; the data are kept");
  return 0;
}

function instructions(brokers: string, logFile: string): string {
  return `
Kafka is ready at ${brokers} (log: ${logFile}). In other terminals:

  export KAFKA_BROKER_URL=${brokers}
  npm run weir -- topics apply
  npm run generator
  INPUT_KEYED=true RULESET=rulesets/starter.yaml npm run detector

or all of it at once: KAFKA_BROKER_URL=${brokers} npm start

Ctrl-C stops it.
`;
}
