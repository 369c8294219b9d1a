/** Without any Kafka: both services in one process over a log in memory. */

/** Runs until stopped and resolves with the exit code. `reason`: why there is no Kafka, for people. */
export async function startInMemory(reason: string): Promise<number> {
  console.error(
    [
      `npm start: ${reason}`,
      "",
      "Weir can run without any Kafka only in memory, and this version does not have that yet. Install one of",
      "  - Docker, with its engine running",
      "  - Java 17 or newer and Maven (Debian and Ubuntu: apt install openjdk-17-jre-headless maven; macOS: brew install maven)",
      "or set KAFKA_BROKER_URL=host:port to a Kafka that runs.",
    ].join("\n"),
  );
  return 1;
}
