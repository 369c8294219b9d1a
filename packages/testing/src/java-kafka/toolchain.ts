import { join } from "node:path";
import { NoLocalKafka } from "../local-kafka-error.ts";
import { run } from "../processes.ts";

/** The broker needs at least this Java. */
const OLDEST_JAVA = 17;

/** The `java` to use: that of JAVA_HOME, else the first on the PATH. Throws a NoLocalKafka when it is missing or too old. */
export async function findJava(environment: NodeJS.ProcessEnv = process.env): Promise<string> {
  const home = environment.JAVA_HOME;
  const java = home ? join(home, "bin", "java") : "java";
  const where = home ? `JAVA_HOME (${home})` : "the PATH";
  const { missing, code, stderr, stdout } = await run(java, ["-version"], { timeoutMs: 20_000 });
  if (missing || code !== 0) {
    throw new NoLocalKafka(
      `no Java found through ${where}; install a Java ${OLDEST_JAVA} or newer (Debian and Ubuntu: apt install openjdk-17-jre-headless; macOS: brew install openjdk)`,
    );
  }
  const version = javaMajor(`${stderr}\n${stdout}`);
  if (version === null || version < OLDEST_JAVA) {
    throw new NoLocalKafka(
      `Java ${version ?? "of unknown version"} found through ${where} is too old for Kafka; install Java ${OLDEST_JAVA} or newer and point JAVA_HOME at it`,
    );
  }
  return java;
}

/** The major version in the output of `java -version`: 17 for "17.0.15", 8 for "1.8.0_452", 25 for "25-ea"; null when there is none. */
export function javaMajor(output: string): number | null {
  const match = /version "(?:1\.)?(\d+)/.exec(output);
  return match === null ? null : Number(match[1]);
}

/** The `mvn` on the PATH. Throws a NoLocalKafka when there is none that runs. */
export async function findMaven(): Promise<string> {
  const { missing, code, stderr } = await run("mvn", ["-v"], { timeoutMs: 30_000 });
  if (missing) {
    throw new NoLocalKafka(
      "no Maven (mvn) on the PATH, which fetches Kafka's jars once; install it (Debian and Ubuntu: apt install maven; macOS: brew install maven)",
    );
  }
  if (code !== 0) throw new NoLocalKafka(`Maven does not run: mvn -v ended with ${code}: ${stderr.trim()}`);
  return "mvn";
}
