import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { createLogger } from "./logger.ts";

test("a line is JSON with time, level as a word, service and instance", () => {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const log = createLogger({ level: "info", service: "detector", instance: "host-7", destination });
  log.debug("below the level");
  log.warn({ partition: 3 }, "restored");
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? "")).toEqual({
    level: "warn",
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    service: "detector",
    instance: "host-7",
    partition: 3,
    msg: "restored",
  });
});

test("on a terminal a line is text, with its fields", () => {
  const destination = new PassThrough();
  const log = createLogger({ level: "info", service: "detector", instance: "host-7", destination, pretty: true });
  log.info({ partition: 3 }, "restored");
  const text = String(destination.read());
  expect(text).toContain("detector: restored");
  expect(text).toContain(`{"partition":3}`);
  expect(text).not.toContain("host-7");
});
