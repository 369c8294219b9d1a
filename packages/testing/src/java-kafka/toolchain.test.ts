import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { chosenVersion, KAFKA_VERSION, mavenFailure, OLDEST_KAFKA_VERSION, pomFile } from "./jars.ts";
import { findJava, javaMajor } from "./toolchain.ts";

test.each([
  ['openjdk version "17.0.15" 2025-04-15', 17],
  ['openjdk version "25-ea" 2025-09-16', 25],
  ['java version "1.8.0_452"', 8],
  ["Error: could not find libjava.so", null],
])("the major version of %j is %j", (output, major) => {
  expect(javaMajor(output)).toBe(major);
});

test("a JAVA_HOME without a java is named, with what to install", async () => {
  await expect(findJava({ JAVA_HOME: "/nowhere" })).rejects.toThrow(/JAVA_HOME \(\/nowhere\); install a Java 17/);
});

test("the version in the code is the one in pom.xml", async () => {
  expect(await readFile(pomFile, "utf8")).toContain(`<kafka.version>${KAFKA_VERSION}</kafka.version>`);
});

test("a version of Kafka that is not known here is refused by the names of those that are", () => {
  expect(chosenVersion(undefined)).toBe(KAFKA_VERSION);
  expect(chosenVersion(OLDEST_KAFKA_VERSION)).toBe(OLDEST_KAFKA_VERSION);
  expect(() => chosenVersion("3.8.0")).toThrow(`must be one of ${KAFKA_VERSION}, ${OLDEST_KAFKA_VERSION}, got 3.8.0`);
});

test("a failure of Maven shows its first errors and the usual mend", () => {
  const output = [
    "[INFO] Scanning",
    "[ERROR] Failed to execute goal: Could not transfer artifact: Connection refused",
    "[ERROR] ",
    "[ERROR] To see the full stack trace of the errors, re-run Maven with the -e switch.",
  ].join("\n");
  const message = mavenFailure(output);
  expect(message).toContain("Connection refused");
  expect(message).toContain("~/.m2/settings.xml");
  expect(message).not.toContain("re-run");
});
