import { expect, test } from "vitest";
import { kafkaLog } from "./kafka-log.ts";
import { createLogger } from "./logger.ts";

function prepare() {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const clock = { nowMs: 0 };
  const log = kafkaLog(createLogger({ level: "debug", service: "s", instance: "i", destination }), () => clock.nowMs);
  const written = () => lines.map((line) => JSON.parse(line)).map(({ level, msg }) => `${level} ${msg}`);
  return { clock, log, written };
}

test("a text that repeats is written at its level once in 30 s, and at debug in between", () => {
  const { clock, log, written } = prepare();
  for (const ms of [0, 400, 29_999, 30_000, 30_400]) {
    clock.nowMs = ms;
    log("warn", "connection refused", { broker: "a:1" });
  }
  const [warn, debug] = ["warn connection refused", "debug connection refused"];
  expect(written()).toEqual([warn, debug, debug, warn, debug]);
});

test("different texts do not hold each other back, however many there are", () => {
  const { log, written } = prepare();
  for (let number = 0; number < 500; number++) log("error", `text ${number}`, {});
  expect(written().filter((line) => line.startsWith("error"))).toHaveLength(500);
});
