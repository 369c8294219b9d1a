import { globSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { SCHEMAS, schemaText } from "./command.ts";

const root = join(import.meta.dirname, "..", "..", "..");
const names = ["ruleset", "scenario", "columns"] as const;

describe.each(names)("%s", (name) => {
  const { copy } = SCHEMAS[name];

  test(`${copy} is the schema that documents are read by`, () => {
    const committed: unknown = JSON.parse(readFileSync(join(root, copy), "utf8"));
    // If not: npm run -s weir -- schema NAME > COPY && npm run format
    expect(committed).toEqual(JSON.parse(schemaText(name)));
  });

  test("every member that an editor can offer says what it is", () => {
    const bare: string[] = [];
    const visit = (schema: unknown, place: string): void => {
      if (schema === null || typeof schema !== "object") return;
      type Members = Readonly<Record<string, object>>;
      const { properties, patternProperties, items } = schema as Record<string, Members | undefined>;
      for (const [member, content] of Object.entries({ ...properties, ...patternProperties } as Members)) {
        if (!("description" in content)) bare.push(`${place}.${member}`);
        visit(content, `${place}.${member}`);
      }
      visit(items, `${place}[]`);
    };
    visit(JSON.parse(schemaText(name)), "");
    expect(bare).toEqual([]);
  });

  test.each(globSync(`${dirname(copy)}/*.yaml`, { cwd: root }))("%s tells editors its schema", (file) => {
    const [first] = readFileSync(join(root, file), "utf8").split("\n");
    expect(first).toBe(`# yaml-language-server: $schema=./${basename(copy)}`);
  });
});
