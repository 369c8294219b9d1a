import { join, resolve } from "node:path";

/** The checkout this package lives in. */
export const repositoryRoot = resolve(import.meta.dirname, "../../..");

/** Everything that running the project locally leaves behind: jars, data, logs. Safe to delete when nothing runs. */
export const weirFolder = join(repositoryRoot, ".weir");

/** Of brokers that tests start: a folder each, its name begins with the id of the process that it ends with. */
export const testBrokersFolder = join(weirFolder, "kafka-test");

/** Data of the local broker, kept from run to run. */
export const keptBrokerFolder = join(weirFolder, "kafka-data");
