import { expect, test } from "vitest";
import { bearerCheck } from "./bearer.ts";

const TOKEN = "0123456789abcdef";

test.each([
  [`Bearer ${TOKEN}`, true],
  [`bearer  ${TOKEN}`, true],
  [`Bearer ${TOKEN}0`, false],
  ["Bearer ", false],
  ["Bearer", false],
  [TOKEN, false],
  [`Basic ${TOKEN}`, false],
  [`Bearer ${TOKEN} ${TOKEN}`, false],
  ["", false],
  [null, false],
])("%j is let in: %s", (authorization, isAllowed) => {
  expect(bearerCheck(TOKEN)(authorization)).toBe(isAllowed);
});

test("what is no token is not let in even by the digest of nothing", () => {
  expect(bearerCheck("")(null)).toBe(false);
});
