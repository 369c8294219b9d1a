import { existsSync } from "node:fs";
import { copyFile, mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { LocalKafkaError, NoLocalKafka } from "../local-kafka-error.ts";
import { weirFolder } from "../paths.ts";
import { alive, run, until } from "../processes.ts";
import { findMaven } from "./toolchain.ts";

/** Equal to the one in pom.xml; a test holds them together. */
export const KAFKA_VERSION = "4.3.1";
/** The newest of the oldest release that Weir takes. */
export const OLDEST_KAFKA_VERSION = "3.9.2";

export const KAFKA_VERSIONS = [KAFKA_VERSION, OLDEST_KAFKA_VERSION] as const;
export type KafkaVersion = (typeof KAFKA_VERSIONS)[number];

/** Throws a LocalKafkaError when there is no such version here. Undefined: the newest. */
export function chosenVersion(text: string | undefined): KafkaVersion {
  const found = KAFKA_VERSIONS.find((version) => version === (text ?? KAFKA_VERSION));
  if (found !== undefined) return found;
  throw new LocalKafkaError(`KAFKA_TEST_VERSION must be one of ${KAFKA_VERSIONS.join(", ")}, got ${text}`);
}

export const pomFile = join(import.meta.dirname, "pom.xml");

const FETCH_DEADLINE_MS = 10 * 60_000;

/**
 * The folder with Kafka's jars, fetched by Maven the first time. A folder that exists is complete (it appears by one
 * rename) and belongs to this pom.xml (a copy lies inside). Two processes at once: the second waits for the first.
 */
export async function kafkaJars(log: (line: string) => void, version: KafkaVersion = KAFKA_VERSION): Promise<string> {
  const folder = join(weirFolder, "kafka", version);
  const lib = join(folder, "lib");
  if (await isComplete(lib)) return lib;
  await mkdir(folder, { recursive: true });
  const lock = join(folder, "fetch.lock");
  await acquire(lock, log);
  try {
    if (await isComplete(lib)) return lib;
    await fetchJars(version, folder, lib, log);
    return lib;
  } finally {
    await rm(lock, { force: true });
  }
}

async function isComplete(lib: string): Promise<boolean> {
  const kept = join(lib, "pom.xml");
  return existsSync(kept) && (await readFile(kept, "utf8")) === (await readFile(pomFile, "utf8"));
}

async function fetchJars(
  version: KafkaVersion,
  folder: string,
  lib: string,
  log: (line: string) => void,
): Promise<void> {
  const maven = await findMaven();
  const started = performance.now();
  log(`fetching Apache Kafka ${version} with Maven (some 60 MB, once; kept in ${folder})`);
  const fresh = join(folder, `lib.${process.pid}`);
  for (const name of await readdir(folder)) {
    if (name.startsWith("lib.")) await rm(join(folder, name), { recursive: true, force: true });
  }
  try {
    const result = await run(
      maven,
      [
        ...["-B", "-ntp", "-e", "-f", pomFile, "dependency:copy-dependencies", `-DoutputDirectory=${fresh}`],
        ...choiceOf(version),
      ],
      { timeoutMs: FETCH_DEADLINE_MS },
    );
    if (result.timedOut) {
      throw new NoLocalKafka(
        `Maven did not fetch Kafka's jars within ${FETCH_DEADLINE_MS / 60_000} minutes; look at the network and try again`,
      );
    }
    if (result.code !== 0) throw new NoLocalKafka(mavenFailure(result.stdout + result.stderr));
    await copyFile(pomFile, join(fresh, "pom.xml"));
    await rm(lib, { recursive: true, force: true });
    await rename(fresh, lib);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  const jars = (await readdir(lib)).filter((name) => name.endsWith(".jar")).length;
  log(`fetched ${jars} jars in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

/** pom.xml is for the newest; Kafka 3 brings another logger along, which must be the only one. */
function choiceOf(version: KafkaVersion): string[] {
  if (version === KAFKA_VERSION) return [];
  return [`-Dkafka.version=${version}`, "-DexcludeGroupIds=org.apache.logging.log4j"];
}

/** Maven's own first errors, and what usually mends them. */
export function mavenFailure(output: string): string {
  const errors = output
    .split("\n")
    .filter((line) => line.startsWith("[ERROR]") && !/^\[ERROR\]\s*$|re-run Maven|Help 1|^\[ERROR\] -> /.test(line))
    .slice(0, 2)
    .map((line) => line.replace("[ERROR]", "").trim());
  const said = errors.length === 0 ? output.trim().split("\n").slice(-3).join(" ") : errors.join(" ");
  return (
    `Maven could not fetch Kafka's jars; is its repository reachable from here ` +
    `(a proxy or a mirror goes into ~/.m2/settings.xml)? Maven said: ${said}`
  );
}

/** A lock file with the holder's process id; that of a dead process is taken over. */
async function acquire(lock: string, log: (line: string) => void): Promise<void> {
  let said = false;
  const won = await until(
    async () => {
      if (await create(lock)) return true;
      const holder = Number(await readFile(lock, "utf8").catch(() => "0"));
      if (holder > 0 && !alive(holder)) {
        await rm(lock, { force: true });
        return false;
      }
      if (!said) log("another process is fetching Kafka's jars; waiting for it");
      said = true;
      return false;
    },
    FETCH_DEADLINE_MS,
    200,
  );
  if (!won)
    throw new LocalKafkaError(`${lock} is held by another process; end it, or delete the file if there is none`);
}

async function create(lock: string): Promise<boolean> {
  try {
    const file = await open(lock, "wx");
    await file.writeFile(String(process.pid));
    await file.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}
