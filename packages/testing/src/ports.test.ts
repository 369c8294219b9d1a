import { expect, test } from "vitest";
import { freePort } from "./ports.ts";

test("a free port is another one each time, also where many ask at once", async () => {
  const ports: number[] = [];
  for (let round = 0; round < 20; round += 1)
    ports.push(...(await Promise.all(Array.from({ length: 20 }, () => freePort()))));
  expect(new Set(ports).size).toBe(ports.length);
});
