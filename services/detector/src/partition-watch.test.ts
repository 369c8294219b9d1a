import { ConfigurationError } from "@weir/service";
import { expect, test } from "vitest";
import { watchPartitions } from "./partition-watch.ts";

/** Each look is answered with the next of `answers`, null: not at all; after them the service is told to stop. */
function watch(...answers: (number | null)[]): Promise<void> {
  const stop = new AbortController();
  const log = {
    partitions: async () => {
      const answer = answers.shift();
      if (answers.length === 0) stop.abort();
      if (typeof answer !== "number") throw new Error("no broker");
      return answer;
    },
  };
  const clock = { sleep: async () => {} };
  return watchPartitions(["in"], { log, clock, counts: new Map([["in", 4]]), stopping: stop.signal });
}

test("partitions that were added end the detector, as a fault of the configuration", async () => {
  const error = await watch(4, 4, 6).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ConfigurationError);
  expect((error as Error).message).toContain("in has 6 partitions, and had 4 when this detector started");
});

test("a broker that does not answer is asked again, and a stop ends the watch", async () => {
  expect(await watch(4, null, 4)).toBeUndefined();
});
