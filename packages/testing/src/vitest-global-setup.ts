import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { chosenVersion } from "./java-kafka/jars.ts";
import { sweep } from "./java-kafka/owner-file.ts";
import { testBrokersFolder } from "./paths.ts";
import { alive } from "./processes.ts";
import { startKafka } from "./start-kafka.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** host:port of the real broker that `*.kafka.test.ts` share: `inject("kafkaBrokers")`. Use topics of your own. */
    kafkaBrokers: string;
  }
}

/**
 * One real broker for all `*.kafka.test.ts` of a run; none is started when no such test is to run. KAFKA_TEST_VERSION
 * chooses its version.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const log = (line: string): void => console.log(`kafka: ${line}`);
  await mkdir(testBrokersFolder, { recursive: true });
  await removeLeftovers(testBrokersFolder, log);
  const version = chosenVersion(process.env.KAFKA_TEST_VERSION);
  const dataDir = join(testBrokersFolder, `${process.pid}-shared`);
  const kafka = await startKafka({ dataDir, version, log });
  log(`${kafka.brokers} (${kafka.by}: ${kafka.why})`);
  project.provide("kafkaBrokers", kafka.brokers);
  return async () => {
    await kafka.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
}

/** Folders of earlier runs that were killed. Named for the process that made them; while that one lives it is left alone. */
async function removeLeftovers(folder: string, log: (line: string) => void): Promise<void> {
  for (const name of await readdir(folder)) {
    if (alive(Number.parseInt(name, 10))) continue;
    const dataDir = join(folder, name);
    await sweep(dataDir, log);
    await rm(dataDir, { recursive: true, force: true });
  }
}
