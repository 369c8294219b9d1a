import { formatFaults } from "@weir/engine";
import { expect, test } from "vitest";
import { columnsRead, compileColumns } from "./columns.ts";

const whole = `name: payments
transaction:
  id: number
  source: card
  target: shop
  amount: amount
  timestamp: { column: at, unit: s, since: 2018-04-01T00:00:00Z }
  location: { latitude: lat, longitude: long }
constants: { currency: EUR }
label: { column: fraud, delay: 7d }
never: [scenario]
`;

const faultsOf = (text: string): string => {
  const result = compileColumns(text, { file: "c.yaml" });
  return result.ok ? "" : formatFaults(result.faults);
};

test("a column document says where each member of a transaction comes from", () => {
  const result = compileColumns(whole, { file: "c.yaml" });
  expect(result.ok && result.columns).toMatchObject({
    name: "payments",
    amount: "amount",
    timestamp: { column: "at", unitMs: 1000, sinceMs: 1_522_540_800_000 },
    label: { column: "fraud", fraud: "1", genuine: "0", delayMs: 7 * 86_400_000 },
  });
  expect(result.ok && columnsRead(result.columns)).toEqual([
    "card",
    "shop",
    "number",
    "amount",
    "at",
    "lat",
    "long",
    "fraud",
    "scenario",
  ]);
});

test.each([
  ["id: number", "id: fraud", "3:7: fraud tells whether it is fraud: a transaction must not carry it"],
  ["id: number", "category: scenario", "3:13: scenario tells whether it is fraud: a transaction must not carry it"],
  ["latitude: lat", "latitude: scenario", "8:25: scenario tells whether it is fraud: a transaction must not carry it"],
  [
    "source: card",
    "color: card",
    "4:3: color is not known here; known here: source, target, amount, currency, id, timestamp, channel, country, category, device, location\nc.yaml:3:3: transaction lacks source; give its column, or a constant",
  ],
  ["currency: EUR", "currency: eur", "9:24: constants.currency must be three capitals, such as EUR"],
  ["currency: EUR", "currency: EUR, target: shop", "9:29: target is a column already; leave one of them out"],
  ["constants: { currency: EUR }", "", "3:3: transaction lacks currency; give its column, or a constant"],
  ["unit: s,", "unit: h,", "7:34: transaction.timestamp.unit must be one of s, ms, rfc3339"],
  ["unit: s,", "unit: rfc3339,", "7:43: since is for a number of s or ms; rfc3339 needs none"],
  [
    "since: 2018-04-01T00:00:00Z",
    "since: 2018-04-01",
    '7:44: since must be RFC 3339 such as 2018-04-01T00:00:00Z, got "2018-04-01"',
  ],
  ["delay: 7d", "delay: 91d", "10:32: delay must be at most 90d, got 91d"],
  ["delay: 7d", "delay: week", "10:32: label.delay must be a duration such as 10m, 1h or 7d"],
  ["delay: 7d", 'delay: 7d, fraud: "0"', '10:8: fraud and genuine must differ, both are "0"'],
  ["never: [scenario]", "never: scenario", "11:8: never must be array"],
])("with %j made %j, the fault is %s", (from, to, fault) => {
  expect(whole).toContain(from);
  const lines = faultsOf(whole.replace(from, to)).split("\n").sort();
  expect(lines).toEqual(`c.yaml:${fault}`.split("\n").sort());
});

test("every fault is told at once, in the order of the document", () => {
  const text = whole.replace("number", "fraud").replace("EUR", "euro").replace("7d", "91d");
  expect(
    faultsOf(text)
      .split("\n")
      .map((line) => line.split(":")[1]),
  ).toEqual(["3", "9", "10"]);
});

test.each(["", "- a", "name: [", "a: &a [*a]", "name: x\nname: y"])(
  "%j is refused with a fault, not a crash",
  (text) => {
    expect(faultsOf(text)).toMatch(/^c\.yaml:\d+:\d+: /);
  },
);
