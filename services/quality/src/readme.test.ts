import { readFileSync } from "node:fs";
import { settingsMarkdown } from "@weir/service";
import { expect, test } from "vitest";
import { settings } from "./settings.ts";

test("the README's table of variables is the one that the service reads", () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const [, table] = /<!-- settings -->\n([\s\S]*?)\n<!-- \/settings -->/.exec(readme) ?? [];
  expect(table).toBe(settingsMarkdown(settings));
});
