import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { rulesetSchemaText } from "./command.ts";

const rulesets = new URL("../../../rulesets/", import.meta.url);

test("rulesets/ruleset.schema.json is the schema that rulesets are read by", () => {
  const committed: unknown = JSON.parse(readFileSync(new URL("ruleset.schema.json", rulesets), "utf8"));
  // If not: npm run -s weir -- schema > rulesets/ruleset.schema.json && npm run format
  expect(committed).toEqual(JSON.parse(rulesetSchemaText()));
});

test("every member that an editor can offer says what it is", () => {
  const bare: string[] = [];
  const visit = (schema: unknown, place: string): void => {
    if (schema === null || typeof schema !== "object") return;
    type Members = Readonly<Record<string, object>>;
    const { properties, patternProperties, items } = schema as Record<string, Members | undefined>;
    for (const [name, member] of Object.entries({ ...properties, ...patternProperties } as Members)) {
      if (!("description" in member)) bare.push(`${place}.${name}`);
      visit(member, `${place}.${name}`);
    }
    visit(items, `${place}[]`);
  };
  visit(JSON.parse(rulesetSchemaText()), "");
  expect(bare).toEqual([]);
});

test.each(readdirSync(rulesets).filter((name) => name.endsWith(".yaml")))("%s tells editors its schema", (name) => {
  const [first] = readFileSync(new URL(name, rulesets), "utf8").split("\n");
  expect(first).toBe("# yaml-language-server: $schema=./ruleset.schema.json");
});
