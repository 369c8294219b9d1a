import { describe, expect, test } from "vitest";
import { brokerList, type Entry, file, flag, group, integer, oneOf, secret, secretFile, text } from "./setting.ts";
import { ConfigurationError, readSettings, type SettingsTable, suspiciousNames } from "./settings.ts";

function files(contents: Readonly<Record<string, string>>) {
  return (path: string) => {
    const content = contents[path];
    if (content === undefined) throw Object.assign(new Error("no such file"), { code: "ENOENT" });
    return content;
  };
}

function source(env: Readonly<Record<string, string>>, contents: Readonly<Record<string, string>> = {}) {
  return { env, readFile: files(contents) };
}

function faultsOf(table: SettingsTable, env: Readonly<Record<string, string>>): readonly string[] {
  try {
    readSettings(table, source(env));
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults;
    throw error;
  }
  return [];
}

const table = {
  brokers: brokerList({ name: "KAFKA_BROKER_URL", about: "" }),
  port: integer({ name: "PORT", about: "", min: 0, max: 65_535, default: 8080 }),
  keyed: flag({ name: "INPUT_KEYED", about: "", default: false }),
  explain: oneOf({ name: "EXPLAIN", about: "", words: ["none", "full"], default: "none" }),
  count: integer({ name: "COUNT", about: "", min: 1, max: 10, default: null }),
};

describe("reading the settings", () => {
  test("gives typed values, and defaults for what is not set", () => {
    const settings = readSettings(table, source({ KAFKA_BROKER_URL: "a:9092, b:9093", INPUT_KEYED: "true" }));
    const typed: { readonly port: number; readonly count: number | null; readonly explain: "none" | "full" } = settings;
    expect(typed).toEqual({ brokers: ["a:9092", "b:9093"], port: 8080, keyed: true, explain: "none", count: null });
  });

  test("lists every fault at once, each with what would be right", () => {
    const env = { PORT: "abc", INPUT_KEYED: "yes", EXPLAIN: "all", COUNT: "11" };
    expect(faultsOf(table, env)).toEqual([
      "KAFKA_BROKER_URL is missing: set it to host:port[,host:port]",
      'PORT must be 0..65535, got "abc"',
      'INPUT_KEYED must be true or false, got "yes"',
      'EXPLAIN must be none or full, got "all"',
      'COUNT must be 1..10, got "11"',
    ]);
  });

  test.each(["", "  "])("takes the empty text %j as not set", (port) => {
    expect(readSettings(table, source({ KAFKA_BROKER_URL: "a:1", PORT: port })).port).toBe(8080);
  });

  test.each(["-1", "65536", "80.5", "0x50", "1e3", "99999999999999999999", "80 81"])("refuses the port %j", (port) => {
    expect(faultsOf(table, { KAFKA_BROKER_URL: "a:1", PORT: port })).toEqual([`PORT must be 0..65535, got "${port}"`]);
  });

  test.each(["localhost", "a:0", "a:65536", "http://a:9092", "a:9092,", "a b:9092", ":9092"])(
    "refuses the broker list %j",
    (brokers) => {
      expect(faultsOf(table, { KAFKA_BROKER_URL: brokers })).toEqual([
        `KAFKA_BROKER_URL must be host:port[,host:port], got "${brokers}"`,
      ]);
    },
  );

  test("echoes no password that a user put into the broker list", () => {
    expect(faultsOf(table, { KAFKA_BROKER_URL: "kafka://me:hunter2@a:9092" }).join()).not.toContain("hunter2");
  });

  test("quotes a long or many-lined wrong value short and on one line", () => {
    const [fault = ""] = faultsOf(table, { KAFKA_BROKER_URL: "a:1", PORT: `x\n${"y".repeat(5000)}` });
    expect(fault.length).toBeLessThan(120);
    expect(fault).not.toContain("\n");
  });

  test("refuses text that does not match its pattern, in words", () => {
    const id = text({ name: "APP_ID", about: "", pattern: /^[a-z]+$/, accepts: "small letters" });
    expect(faultsOf({ id }, { APP_ID: "No" })).toEqual(['APP_ID must be small letters, got "No"']);
  });
});

describe("a file setting", () => {
  const ruleset = { ruleset: file({ name: "RULESET", about: "", default: "rules.yaml" }) };

  test("reads the file it names, also the one of its default", () => {
    const contents = { "rules.yaml": "default", "other.yaml": "other" };
    expect(readSettings(ruleset, source({}, contents)).ruleset).toEqual({ path: "rules.yaml", text: "default" });
    expect(readSettings(ruleset, source({ RULESET: "other.yaml" }, contents)).ruleset.text).toBe("other");
  });

  test("says why a file cannot be read", () => {
    expect(faultsOf(ruleset, { RULESET: "gone.yaml" })).toEqual([
      'RULESET must be the path of a readable file, got "gone.yaml" (there is no such file)',
    ]);
  });
});

describe("a secret", () => {
  test("keeps its blanks, and loses one line end when it comes from a file", () => {
    const secrets = {
      direct: secret({ name: "SECRET", about: "" }),
      filed: secretFile({ name: "SECRET_FILE", about: "" }),
    };
    const read = readSettings(secrets, source({ SECRET: " a b ", SECRET_FILE: "s" }, { s: " from file \n\n" }));
    expect(read).toEqual({ direct: " a b ", filed: " from file \n" });
  });

  test("must not be an empty file", () => {
    const filed = secretFile({ name: "SECRET_FILE", about: "" });
    expect(() => readSettings({ filed }, source({ SECRET_FILE: "s" }, { s: "\n" }))).toThrow("names an empty file");
  });
});

describe("a group", () => {
  const pair: Entry<number> = group(
    {
      low: integer({ name: "LOW", about: "", min: 0, max: 9 }),
      high: integer({ name: "HIGH", about: "", min: 0, max: 9 }),
    },
    {
      check: (given) => (given("LOW") === given("HIGH") ? ["LOW and HIGH must differ"] : []),
      combine: ({ low, high }) => high - low,
    },
  );

  test("combines its members into one value", () => {
    expect(readSettings({ pair }, source({ LOW: "2", HIGH: "7" })).pair).toBe(5);
  });

  test("reports the faults between its members beside the faults of its members", () => {
    expect(faultsOf({ pair }, { LOW: "99", HIGH: "99" })).toEqual([
      'LOW must be 0..9, got "99"',
      'HIGH must be 0..9, got "99"',
      "LOW and HIGH must differ",
    ]);
  });
});

describe("a variable that looks like a mistyped one", () => {
  test.each(["KAFKA_BROKER_URLS", "KAFKA_BROKERURL", "kafka_broker_url", "INPUT_KEYD"])(
    "%s is warned about",
    (name) => {
      expect(suspiciousNames(table, { [name]: "x" })).toHaveLength(1);
    },
  );

  test.each(["KAFKA_BROKER_URL", "POST", "PATH", "KAFKA_HEAP_OPTS", "HOME"])("%s is not", (name) => {
    expect(suspiciousNames(table, { [name]: "x" })).toEqual([]);
  });
});
