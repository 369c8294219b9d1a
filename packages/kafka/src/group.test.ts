import { createRequire } from "node:module";
import { describe, expect, test } from "vitest";
import { isTransient } from "./group.ts";

const require = createRequire(import.meta.url);
type Retry = (fn: () => Promise<never>) => Promise<never>;
const createRetry = require("kafkajs/src/retry") as (options: object) => Retry;
const errors = require("kafkajs/src/errors") as Readonly<Record<string, new (message: string) => Error>>;

/** As kafkajs hands it on when it has given up. */
async function givenUpOn(name: string): Promise<Error> {
  const retry = createRetry({ retries: 1, initialRetryTime: 1, maxRetryTime: 1 });
  const kind = errors[name];
  if (kind === undefined) throw new Error(`kafkajs has no ${name}`);
  return retry(async () => {
    throw new kind("what happened");
  }).catch((error: Error) => error);
}

describe("what kafkajs has given up on", () => {
  test.each(["KafkaJSGroupCoordinatorNotFound", "KafkaJSConnectionError", "KafkaJSNoBrokerAvailableError"])(
    "%s is no reason to give up here",
    async (name) => {
      expect(isTransient(await givenUpOn(name))).toBe(true);
    },
  );

  test.each(["KafkaJSNotImplemented", "KafkaJSSASLAuthenticationError", "KafkaJSServerDoesNotSupportApiKey"])(
    "%s is one",
    async (name) => {
      expect(isTransient(await givenUpOn(name))).toBe(false);
    },
  );
});
