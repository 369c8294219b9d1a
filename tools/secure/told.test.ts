import { expect, test } from "vitest";
import { scanTold } from "./told.ts";

const PASSWORD = "0123456789abcdef0123456789abcdef0123456789abcdef";
const secrets = new Map([
  ["password of weir-detector", PASSWORD],
  ["token of operators", "aD9x-the-token-of-operators"],
]);

test("a password is found where it is told, plainly or in base64, and is not told again", () => {
  const told = [
    { what: "log", text: `{"msg":"logging in","sasl":{"password":"${PASSWORD}"}}` },
    { what: "answer", text: Buffer.from(PASSWORD).toString("base64") },
    { what: "metrics", text: "weir_lag_seconds 0" },
  ];
  const { hits, missed } = scanTold(told, secrets);
  expect(hits).toEqual(["log: password of weir-detector", "answer: password of weir-detector"]);
  expect(missed).toEqual([]);
});

test("a run that tells nothing has no hit, and would have had", () => {
  expect(scanTold([{ what: "log", text: "ready" }], secrets)).toEqual({ bytes: 5, hits: [], missed: [] });
});
