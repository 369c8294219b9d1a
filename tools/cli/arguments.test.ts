import { expect, test } from "vitest";
import { choice, durationMs, flag, integer, optionLines, parseArguments, text } from "./arguments.ts";

const table = {
  rate: integer({ about: "How many", min: 1, max: 100, fallback: 10 }),
  for: durationMs({ about: "How long", minMs: 1000 }),
  ruleset: text({ about: "Which", placeholder: "FILE", fallback: "a.yaml" }),
  explain: choice({ about: "How much", words: ["none", "full"], fallback: "none" }),
  fresh: flag("Anew"),
};

test("options not given have their defaults", () => {
  const { values, words, help, faults } = parseArguments(table, []);
  expect(values).toEqual({ rate: 10, for: null, ruleset: "a.yaml", explain: "none", fresh: false });
  expect({ words, help, faults }).toEqual({ words: [], help: false, faults: [] });
});

test("values come after a space or an equals sign, words and switches between them", () => {
  const { values, words, faults } = parseArguments(table, ["topics", "--rate", "20", "--for=2m", "--fresh", "apply"]);
  expect(values).toEqual({ rate: 20, for: 120_000, ruleset: "a.yaml", explain: "none", fresh: true });
  expect(words).toEqual(["topics", "apply"]);
  expect(faults).toEqual([]);
});

test.each([
  [["--rate", "0"], '--rate must be a whole number from 1 to 100, got "0"'],
  [["--rate", "1e3"], '--rate must be a whole number from 1 to 100, got "1e3"'],
  [["--rate=-1"], '--rate must be a whole number from 1 to 100, got "-1"'],
  [["--rate"], "--rate needs a value: --rate N"],
  [["--rate", "--fresh"], "--rate needs a value: --rate N"],
  [["--for", "30"], '--for must be a time of at least 1000 ms such as 30s, 5m or 1h, got "30"'],
  [["--for", "10ms"], '--for must be a time of at least 1000 ms such as 30s, 5m or 1h, got "10ms"'],
  [["--explain", "all"], '--explain must be none or full, got "all"'],
  [["--ruleset="], "--ruleset must not be empty"],
  [["--fresh=yes"], "--fresh takes no value"],
  [["--fresh", "--fresh"], "--fresh is given twice"],
  [["--rates", "1"], "--rates is not an option here: known are --rate, --for, --ruleset, --explain, --fresh, --help"],
  [["-x"], "-x is not an option here: known are --rate, --for, --ruleset, --explain, --fresh, --help"],
  [
    ["--constructor"],
    "--constructor is not an option here: known are --rate, --for, --ruleset, --explain, --fresh, --help",
  ],
])("%j is refused: %s", (args, fault) => {
  expect(parseArguments(table, args).faults).toEqual([fault]);
});

test("every fault is told in one go", () => {
  expect(parseArguments(table, ["--rate", "x", "--for", "y"]).faults).toHaveLength(2);
});

test("an option that npm kept for itself is told, with the dashes that were missing", () => {
  const environment = { npm_config_rate: "20", npm_lifecycle_event: "kafka" };
  expect(parseArguments(table, [], environment).faults).toEqual([
    "npm took --rate for itself: put -- before the options, as in npm run kafka -- --rate ...",
  ]);
});

test("help has a line for each option, with its default", () => {
  expect(optionLines(table)).toEqual([
    "  --rate N             How many (default 10)",
    "  --for TIME           How long",
    "  --ruleset FILE       Which (default a.yaml)",
    "  --explain none|full  How much (default none)",
    "  --fresh              Anew",
    "  --help               this text",
  ]);
});
