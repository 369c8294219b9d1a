import { expect, test } from "vitest";
import { readText } from "../deploy-check/repository.ts";
import { wantedTopics } from "../weir/topics/topics.ts";
import { grantsOf, grantsTable, PRINCIPALS, QUOTAS, quotasTable } from "./grants.ts";
import { readTopics } from "./topics.ts";

const topics = readTopics({ RULESET: "rulesets/card-payments.yaml" });
const grants = grantsOf(topics);
const ofUser = (user: string) => grants.filter((grant) => grant.user === user);

test("every topic of the chain can be read or written by the detector, and made by whoever makes topics", () => {
  const covered = (user: string, name: string): boolean =>
    ofUser(user).some(
      (grant) => grant.resource === "topic" && (grant.prefixed ? name.startsWith(grant.name) : name === grant.name),
    );
  for (const { name } of wantedTopics(topics, 1))
    for (const user of [PRINCIPALS.detector, PRINCIPALS.topics])
      expect(covered(user, name), `${user} ${name}`).toBe(true);
});

test("only whoever makes topics may make them, and nothing is granted of a name that is not Weir's", () => {
  const makers = grants.filter(({ operations }) => operations.includes("create")).map(({ user }) => user);
  expect(new Set(makers)).toEqual(new Set([PRINCIPALS.topics]));
  for (const { name, prefixed } of grants) if (prefixed) expect(name).toMatch(/^(weir|downstream)[.-]$/);
});

test("the generator reads nothing, the detector writes nothing that it decides on, quality and downstream write nothing", () => {
  const may = (user: string, operation: "read" | "write"): string[] =>
    ofUser(user).flatMap(({ name, operations }) => (operations.includes(operation) ? [name] : []));
  expect(may(PRINCIPALS.generator, "read")).toEqual([]);
  for (const user of [PRINCIPALS.quality, PRINCIPALS.downstream]) expect(may(user, "write"), user).toEqual([]);
  const { transactions, labels } = topics.names;
  expect(may(PRINCIPALS.detector, "write")).not.toEqual(expect.arrayContaining([transactions]));
  expect(may(PRINCIPALS.detector, "write")).not.toEqual(expect.arrayContaining([labels]));
});

test("nobody may take as much of a broker as there is", () => {
  expect(Object.keys(QUOTAS).toSorted()).toEqual(Object.values(PRINCIPALS).toSorted());
});

test("the document has the permissions and quotas that the code grants", () => {
  expect(readText("docs/security.md")).toContain(quotasTable(QUOTAS));
  expect(readText("docs/security.md")).toContain(grantsTable(grants));
});
