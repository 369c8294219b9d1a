/**
 * What comes before a broker that was killed is started again.
 *
 * Its old self is still registered as alive. Kafka (seen in 4.3.1 and 4.4.0) therefore makes it a leader at once and sets about the
 * commits that were under way; when the registration expires seconds later, it drops their markers, since it takes
 * partitions without a leader for deleted ones. Those transactions stay open for ever, and nobody who reads committed
 * records sees what is written after them. So the controller runs alone first, until it has let the old self go.
 */
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "../ports.ts";
import { signal, until } from "../processes.ts";
import type { Launched } from "./launch.ts";
import { controllerProperties } from "./properties.ts";

/** Longer than a registration lasts; a broker that was killed before it was let in has nothing that could expire. */
const DEADLINE_MS = 10_000;
/** For a controller to come up, on a machine that is busy. */
const START_DEADLINE_MS = 60_000;

/** Whether the broker of this data folder ended without a shutdown. */
export function endedByForce(dataDir: string): boolean {
  return existsSync(join(dataDir, "__cluster_metadata-0")) && !existsSync(join(dataDir, ".kafka_cleanshutdown"));
}

/** `launchKafka` starts Kafka with a properties file, its output added to `logFile`. */
export async function expireOldSelf(
  folder: string,
  dataDir: string,
  logFile: string,
  launchKafka: (properties: string) => Promise<Launched>,
): Promise<void> {
  const properties = join(folder, "controller.properties");
  await writeFile(properties, controllerProperties(dataDir, await freePort()));
  const before = await lengthOf(logFile);
  const controller = await launchKafka(properties);
  const said = async (what: string): Promise<boolean> =>
    controller.ended() !== null || (await readFile(logFile, "utf8")).includes(what, before);
  await until(() => said("Becoming the active controller"), START_DEADLINE_MS);
  await until(() => said("Fencing broker 1"), DEADLINE_MS);
  signal(controller.pid, "SIGTERM");
  const force = setTimeout(() => signal(controller.pid, "SIGKILL"), DEADLINE_MS);
  await controller.exit;
  clearTimeout(force);
}

async function lengthOf(file: string): Promise<number> {
  return existsSync(file) ? (await readFile(file, "utf8")).length : 0;
}
