import { expect, inject, test } from "vitest";
import { brokerAnswers } from "./broker-answers.ts";
import { freePort } from "./ports.ts";

test("the broker that tests share answers", async () => {
  const [host, port] = inject("kafkaBrokers").split(":");
  expect(await brokerAnswers(host ?? "", Number(port))).toBe(true);
});

test("a port that nobody listens on does not answer", async () => {
  expect(await brokerAnswers("127.0.0.1", await freePort())).toBe(false);
});
