import { expect, test } from "vitest";
import { Unrecoverable } from "./port.ts";
import { ThrowGuard } from "./throw-guard.ts";

test("a few poisonous records pass", () => {
  const guard = new ThrowGuard(0.01, 20);
  for (let batch = 0; batch < 20; batch++) guard.check(batch, 5, 1);
});

test("many throws among very many records pass", () => {
  new ThrowGuard(0.01, 20).check(0, 10_000, 99);
});

test("more throws than the share and the least number stop the stage before the batch is committed", () => {
  const guard = new ThrowGuard(0.01, 20);
  guard.check(0, 1000, 10);
  expect(() => guard.check(1000, 1000, 11)).toThrow(Unrecoverable);
});

test("throws are forgotten after a minute", () => {
  const guard = new ThrowGuard(0.01, 20);
  guard.check(0, 100, 20);
  guard.check(60_000, 100, 20);
});

test("a share outside (0, 1] cannot be built", () => {
  expect(() => new ThrowGuard(0, 1)).toThrow("share must be in (0, 1], got 0");
});
