import { expect, test } from "vitest";
import { flag, integer, secret } from "./setting.ts";
import { helpText, settingsMarkdown } from "./settings-help.ts";

const table = {
  rate: integer({ name: "RATE", about: "Transactions a second", min: 1, max: 9, default: 5 }),
  plain: flag({ name: "PLAIN", about: "Bare | messages" }),
  password: secret({ name: "PASSWORD", about: "Of the user", default: null }),
};

test("--help shows each variable with its default, its meaning and what it accepts", () => {
  const text = helpText({ name: "demo", about: "shows." }, table);
  expect(text).toContain("Usage: npm run demo");
  expect(text).toContain("  RATE      5         Transactions a second (1..9)\n");
  expect(text).toContain("  PLAIN     required  Bare | messages (true or false)\n");
  expect(text).toContain("  PASSWORD  not set   Of the user\n");
});

test("the Markdown table has a line per variable, aligned, with pipes escaped", () => {
  expect(settingsMarkdown(table).split("\n")).toEqual([
    "| variable   | default  | meaning                          |",
    "| ---------- | -------- | -------------------------------- |",
    "| `RATE`     | `5`      | Transactions a second (1..9)     |",
    "| `PLAIN`    | required | Bare \\| messages (true or false) |",
    "| `PASSWORD` | not set  | Of the user                      |",
  ]);
});
