import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { KAFKA_VERSION, mavenFailure, pomFile } from "./jars.ts";
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
